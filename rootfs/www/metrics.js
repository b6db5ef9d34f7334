// SPDX-License-Identifier: MIT
// Reads GET /cgi-bin/metrics (Prometheus text 0.0.4), and remembers what the charts show.

const KEPT_MS = 5 * 60 * 1000;

// {name: [{labels, value}]}
export function parse(text) {
	const found = {};
	for (const line of text.split("\n")) {
		const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? +(\S+)/.exec(line);
		if (!match)
			continue; // a comment, or nothing
		const labels = {};
		for (const [, name, value] of (match[2] || "").matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g))
			labels[name] = value.replace(/\\(.)/g, (_, c) => (c === "n" ? "\n" : c));
		(found[match[1]] ||= []).push({labels, value: Number(match[3])});
	}
	return found;
}

// The value of the appliance's, or of one sandbox's, metric without its prefix, all other labels summed
// up; undefined: there is none.
export function value(metrics, name, sandbox) {
	const list = metrics?.[`squash_${sandbox === undefined ? "" : "sandbox_"}${name}`]
		?.filter(({labels}) => labels.sandbox === sandbox);
	return list?.length ? list.reduce((sum, one) => sum + one.value, 0) : undefined;
}

// What was seen of one sandbox, or of all (id undefined): points of {t, cpu, memory}; t in ms, cpu in
// processors in use since the point before, memory in bytes.
const series = new Map();

export const points = (id) => series.get(id)?.points || [];

function note(metrics, t, id) {
	const seconds = value(metrics, "cpu_seconds_total", id);
	const memory = value(metrics, "memory_bytes", id);
	if (seconds === undefined || memory === undefined)
		return;
	const s = series.get(id) || {points: []};
	// One of the same name that was made anew begins at 0.
	const cpu = s.t && seconds >= s.seconds ? (seconds - s.seconds) / ((t - s.t) / 1000) : undefined;
	if (cpu !== undefined)
		s.points.push({t, cpu, memory});
	series.set(id, {...s, t, seconds, points: s.points.filter((point) => point.t > t - KEPT_MS)});
}

export function remember(metrics, t) {
	const ids = (metrics.squash_sandbox_memory_bytes || []).map(({labels}) => labels.sandbox);
	for (const id of [...series.keys()])
		if (id !== undefined && !ids.includes(id))
			series.delete(id);
	for (const id of [undefined, ...ids])
		note(metrics, t, id);
}

export const forget = () => series.clear();
