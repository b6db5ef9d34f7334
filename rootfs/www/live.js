// SPDX-License-Identifier: MIT
// What is always looked at while the page is seen: the sandboxes, and the metrics, each 2 s after the
// last answer, so that requests never pile up; what takes long is asked for a tenth of the time at most.
// A page that is hidden asks nothing.

import {get, request} from "./api.js";
import {$, setClock, setText} from "./dom.js";
import {forget, parse, remember} from "./metrics.js";

const EVERY_MS = 2000;
const REST = 9; // times what the last answer took

export const live = {sandboxes: null, metrics: null, system: null};
const watchers = new Set();
let runs = false; // somebody is signed in
let timer = 0;
let asking = null;
let urgent = false; // something was changed from here: all is asked for

// call(live) now, if there is anything, and whenever it is new. The function returned ends that.
export function watch(call) {
	watchers.add(call);
	if (live.sandboxes)
		call(live);
	return () => watchers.delete(call);
}

// show(the answer of path), which is asked for whenever something is new, one question at a time. What is
// wrong is told here. The function returned ends that.
export function follow(path, show) {
	let asking = false, ended = false, next = 0;
	const end = watch(async () => {
		const begun = performance.now();
		if (asking || (begun < next && !urgent))
			return;
		asking = true;
		const answer = await get(path).catch(() => null);
		asking = false;
		next = performance.now() + REST * (performance.now() - begun);
		if (answer && !ended)
			show(answer);
	});
	return () => {
		ended = true;
		end();
	};
}

function tell(text) {
	$("#trouble").hidden = !text;
	setText($("#trouble"), text);
}

const getMetrics = async () => parse(await (await request("GET", "metrics")).text());

async function poll() {
	const [sandboxes, metrics] = await Promise.allSettled([get("api/sandboxes"), getMetrics()]);
	if (!runs)
		return;
	const failed = sandboxes.reason || metrics.reason;
	if (failed && failed.status !== 401)
		tell(`What is shown may be old: ${failed.message}. Trying again.`);
	else
		tell("");
	if (metrics.value) {
		live.metrics = metrics.value;
		remember(metrics.value, performance.now());
	}
	if (sandboxes.value)
		live.sandboxes = sandboxes.value;
	if (live.sandboxes)
		for (const call of [...watchers])
			if (watchers.has(call)) // one before it may have ended it
				call(live);
}

async function tick() {
	clearTimeout(timer);
	while (asking)
		await asking;
	if (!runs)
		return;
	const begun = performance.now();
	asking = poll();
	await asking;
	asking = null;
	clearTimeout(timer);
	if (runs && !document.hidden)
		timer = setTimeout(tick, Math.max(EVERY_MS, REST * (performance.now() - begun)));
}

// Ask now: something was changed. Resolves when the answer is shown.
export async function refresh() {
	urgent = true;
	await tick();
	urgent = false;
}

export function start() {
	runs = true;
	get("api/system").then((system) => {
		live.system = system;
		setClock(system.time);
	}, () => {});
	tick();
}

export function stop() {
	runs = false;
	clearTimeout(timer);
	Object.assign(live, {sandboxes: null, metrics: null, system: null});
	forget();
	tell("");
}

document.addEventListener("visibilitychange", () => {
	clearTimeout(timer);
	if (runs && !document.hidden)
		tick();
});
