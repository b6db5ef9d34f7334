// SPDX-License-Identifier: MIT
// All sandboxes, as they are now, and what they take together.

import {makeChart, makeMeter} from "./chart.js";
import {$, ago, bytes, duration, el, empty, keyed, makeTable, plain, secondsSince, setText} from "./dom.js";
import {watch} from "./live.js";
import {points, value} from "./metrics.js";

// Of processors, a number.
export const cores = (n) => (n < 10 ? n.toFixed(2) : n.toFixed(1));

// What is left of a lifetime, in words.
export function left(box) {
	if (!box.max_lifetime_s)
		return "";
	const seconds = box.max_lifetime_s - secondsSince(box.created);
	return seconds > 0 ? `ends in ${duration(Math.ceil(seconds))}` : "is ending";
}

function tile(label) {
	const value = el("strong", {}, "–"), note = el("small");
	return {element: el("div", {class: "tile"}, el("span", {}, label), value, note), value, note};
}

function makeSummary() {
	const cpu = makeChart("Processors in use", "cpu", cores);
	const memory = makeChart("Memory of sandboxes", "memory", bytes);
	const count = tile("Sandboxes"), execs = tile("Commands"), refusals = tile("Refusals");
	const update = ({sandboxes, metrics, system}) => {
		const seen = points(), cpus = system?.cpus;
		const total = value(metrics, "machine_memory_total_bytes") || 1;
		cpu.update(seen.map((p) => ({t: p.t, y: p.cpu})), cpus || 1, cpus ? `of ${cpus}` : "");
		memory.update(seen.map((p) => ({t: p.t, y: p.memory})), total, `of ${bytes(total)}`);
		setText(count.value, String(sandboxes.length));
		setText(count.note, `${bytes(value(metrics, "data_free_bytes") || 0)} free for data`);
		setText(execs.value, String(value(metrics, "execs_total") ?? "–"));
		setText(execs.note, `${value(metrics, "requests_under_way") ?? "–"} under way`);
		setText(refusals.value, String(value(metrics, "egress_refusals_total") ?? "–"));
		setText(refusals.note, `${value(metrics, "egress_connections_total") ?? "–"} connections`);
	};
	const tiles = el("div", {class: "tiles"}, count.element, execs.element, refusals.element);
	return {element: el("section", {class: "summary", "aria-label": "All together"}, cpu.figure, memory.figure, tiles), update};
}

export function layerList(layers) {
	return el("span", {class: "chips"}, layers.map((name) => el("span", {class: "chip"}, plain(name))));
}

function makeRow(box, makeCells) {
	const meters = {cpu: makeMeter("Processor"), memory: makeMeter("Memory"), disk: makeMeter("Disk")};
	const row = makeCells(
		[el("a", {href: `#/sandboxes/${box.id}`}, box.id), el("small", {}, plain([box.task, box.owner].filter(Boolean).join(" · ")))],
		el("span", {class: "state"}), el("div", {class: "stack"}),
		meters.cpu.element, meters.memory.element, meters.disk.element,
		[el("span", {class: "age"}), el("small", {class: "left"})]);
	row.meters = meters;
	return row;
}

function updateRow(row, box, metrics) {
	const {cpu, memory, disk} = row.meters;
	const used = points(box.id).at(-1)?.cpu || 0;
	const mem = value(metrics, "memory_bytes", box.id) || 0, most = box.memory_mb * 1048576;
	cpu.update(used, box.cpu, `${cores(used)} of ${box.cpu}`);
	memory.update(mem, most, `${bytes(mem)} of ${bytes(most)}`);
	disk.update(box.upper_bytes, box.disk_mb * 1048576, `${bytes(box.upper_bytes)} of ${bytes(box.disk_mb * 1048576)}`);
	const state = $(".state", row);
	setText(state, box.mounted ? "running" : "down");
	state.classList.toggle("bad", !box.mounted);
	setText($(".age", row), ago(box.created));
	setText($(".left", row), left(box));
	const stack = $(".stack", row);
	if (stack.dataset.layers !== box.layers.join()) {
		stack.dataset.layers = box.layers.join();
		stack.replaceChildren(layerList(box.layers));
	}
}

export function showSandboxes(main) {
	const summary = makeSummary();
	const {table, body, row} = makeTable("Sandboxes", ["Name", "State", "Layers", "Processor", "Memory", "Disk", "Age"]);
	const none = empty("No sandboxes yet. ", el("a", {href: "#/new"}, "Make the first one"), ": pick layers, and it runs in a moment.");
	const wait = empty("Loading…");
	table.hidden = none.hidden = true;
	main.append(el("div", {class: "head"}, el("h1", {tabindex: -1}, "Sandboxes"),
		el("a", {class: "button primary", href: "#/new"}, "New sandbox")), summary.element, wait, none, table);
	return watch((seen) => {
		summary.update(seen);
		wait.hidden = true;
		none.hidden = seen.sandboxes.length > 0;
		table.hidden = !none.hidden;
		keyed(body, seen.sandboxes, (box) => `${box.id} ${box.created}`, (box) => makeRow(box, row),
			(node, box) => updateRow(node, box, seen.metrics));
	});
}
