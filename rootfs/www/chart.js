// SPDX-License-Identifier: MIT
// A line over the last five minutes, in SVG, which says in words what it shows.

import {el, set, setText} from "./dom.js";

const NS = "http://www.w3.org/2000/svg";
const WIDTH = 300, HEIGHT = 60, SPAN_MS = 5 * 60 * 1000;

function svg(tag, attributes) {
	const node = document.createElementNS(NS, tag);
	return set(node, attributes);
}

function shape() {
	const node = svg("svg", {viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img"});
	for (const y of [0.25, 0.5, 0.75])
		node.append(svg("path", {class: "grid", d: `M0 ${HEIGHT * y}H${WIDTH}`}));
	node.append(svg("path", {class: "area"}), svg("path", {class: "line"}));
	return node;
}

// points: {t, y}; t in ms, the last of which is at the right edge.
function draw(node, points, max) {
	const [area, line] = [node.querySelector(".area"), node.querySelector(".line")];
	if (points.length < 2) {
		set(area, {d: null});
		set(line, {d: null});
		return;
	}
	const now = points.at(-1).t;
	const x = (t) => (WIDTH * (1 - (now - t) / SPAN_MS)).toFixed(1);
	const y = (v) => (HEIGHT - 1 - (HEIGHT - 2) * Math.min(1, v / max)).toFixed(1);
	const path = points.map((p, i) => `${i ? "L" : "M"}${x(p.t)} ${y(p.y)}`).join("");
	set(line, {d: path});
	set(area, {d: `${path}L${WIDTH} ${HEIGHT}L${x(points[0].t)} ${HEIGHT}Z`});
}

// A figure: update(points, max, of) shows points of 0 to max; format(y) is y with its unit, of what it
// is compared with ("of 2").
export function makeChart(label, kind, format) {
	const now = el("output", {class: "now"}, "–"), of = el("span", {class: "of"});
	const image = shape();
	set(image, {"aria-label": `${label}: no measurements yet`});
	const figure = el("figure", {class: `chart ${kind}`},
		el("figcaption", {}, el("span", {}, label), el("span", {}, now, " ", of)), image);
	const update = (points, max, text) => {
		if (!points.length)
			return;
		const last = points.at(-1).y, most = Math.max(...points.map((p) => p.y));
		setText(now, format(last));
		setText(of, text);
		set(image, {"aria-label": `${label}, last 5 minutes: now ${format(last)} ${text}, at most ${format(most)}`});
		draw(image, points, max);
	};
	// <output> is a live region: every two seconds would be too much to listen to.
	set(now, {"aria-live": "off"});
	return {figure, update};
}

// A meter with its value as text beside it.
export function makeMeter(label) {
	const bar = el("span"), text = el("span");
	const meter = el("span", {role: "meter", "aria-label": label, "aria-valuemin": 0, "aria-valuemax": 100, "aria-valuenow": 0}, bar);
	const update = (value, max, words) => {
		const percent = max ? Math.min(100, (100 * value) / max) : 0;
		set(meter, {"aria-valuenow": Math.round(percent), "aria-valuetext": words, class: percent > 90 ? "high" : null});
		bar.style.width = `${percent.toFixed(1)}%`;
		setText(text, words);
	};
	return {element: el("span", {class: "metered"}, meter, text), update};
}
