// SPDX-License-Identifier: MIT
// One sandbox: how it is, and what can be done with it, by parts that are tabs.

import {box, remove} from "./api.js";
import {makeChart, makeMeter} from "./chart.js";
import {$, ago, ask, button, bytes, el, empty, plain, replace, say, setText} from "./dom.js";
import {showRun} from "./exec.js";
import {showLogs} from "./history.js";
import {showLayers} from "./layers.js";
import {live, refresh, watch} from "./live.js";
import {points, value} from "./metrics.js";
import {showNetwork} from "./network.js";
import {cores, layerList, left} from "./sandboxes.js";
import {showSnapshots} from "./snapshots.js";

const TABS = [
	["run", "Run", showRun],
	["snapshots", "Snapshots", showSnapshots],
	["network", "Network", showNetwork],
	["layers", "Layers", showLayers],
	["log", "Log", showLogs],
];

function makeGauges() {
	const cpu = makeChart("Processor", "cpu", cores), memory = makeChart("Memory", "memory", bytes);
	const disk = makeMeter("Disk"), pids = makeMeter("Processes");
	const network = el("span"), peak = el("span");
	const facts = el("dl", {class: "gauges"},
		el("div", {}, el("dt", {}, "Disk"), el("dd", {}, disk.element)),
		el("div", {}, el("dt", {}, "Processes"), el("dd", {}, pids.element)),
		el("div", {}, el("dt", {}, "Memory peak"), el("dd", {}, peak)),
		el("div", {}, el("dt", {}, "Network"), el("dd", {}, network)));
	const update = (info, metrics) => {
		const seen = points(info.id), most = info.memory_mb * 1048576, room = info.disk_mb * 1048576;
		const get = (name) => value(metrics, name, info.id) ?? 0;
		cpu.update(seen.map((p) => ({t: p.t, y: p.cpu})), info.cpu, `of ${info.cpu}`);
		memory.update(seen.map((p) => ({t: p.t, y: p.memory})), most, `of ${bytes(most)}`);
		disk.update(info.upper_bytes, room, `${bytes(info.upper_bytes)} of ${bytes(room)}`);
		pids.update(get("pids"), get("pids_limit"), `${get("pids")} of ${get("pids_limit")}`);
		setText(peak, `${bytes(get("memory_peak_bytes"))}, ${get("oom_kills_total")} killed for want of it`);
		setText(network, `${bytes(get("egress_sent_bytes_total"))} sent, ${bytes(get("egress_received_bytes_total"))} received, ${get("egress_refusals_total")} refused`);
	};
	return {element: el("section", {class: "summary", "aria-label": "Now"}, cpu.figure, memory.figure, facts), update};
}

function makeHead(id) {
	const state = el("span", {class: "state"}, "–"), about = el("p", {class: "about"}), layers = el("div", {class: "stack"});
	const destroy = async () => {
		if (!await ask(`Destroy ${id}?`, "Its processes are ended, and its files and snapshots are gone for good.", "Destroy"))
			return;
		try {
			await remove(box(id));
			say(`${id} is destroyed`);
			location.hash = "#/sandboxes";
			refresh();
		} catch (error) {
			setText(about, plain(error.message));
		}
	};
	const end = button("Destroy…", destroy, {class: "danger"});
	const element = el("div", {},
		el("div", {class: "head"}, el("h1", {tabindex: -1}, plain(id)), state, end), about, layers);
	const update = (info) => {
		setText(state, info.mounted ? "running" : "down");
		state.classList.toggle("bad", !info.mounted);
		setText(about, plain([info.task, info.owner && `of ${info.owner}`, `made ${ago(info.created)} ago`, left(info)].filter(Boolean).join(" · ")));
		if (layers.dataset.layers !== info.layers.join()) {
			layers.dataset.layers = info.layers.join();
			layers.replaceChildren(layerList(info.layers));
		}
	};
	return {element, update, end};
}

export function showSandbox(main, id, tab) {
	const [name, , show] = TABS.find(([one]) => one === tab) || TABS[0];
	const head = makeHead(id), gauges = makeGauges();
	const tabs = el("nav", {class: "tabs", "aria-label": `Parts of ${id}`}, TABS.map(([one, text]) =>
		el("a", {href: `#/sandboxes/${id}/${one}`, "aria-current": one === name ? "page" : null, "data-focus": one === tab ? "" : null}, text)));
	const part = el("section", {class: "part", "aria-label": TABS.find(([one]) => one === name)[1]});
	const gone = empty("Loading…");
	let first = null; // the sandbox that was there when the page was opened; another of its name is another
	let end = null;
	const current = () => live.sandboxes?.find((one) => one.id === id && one.created === first?.created);
	gauges.element.hidden = tabs.hidden = head.end.hidden = true;
	main.append(head.element, gone, gauges.element, tabs, part);
	const stop = watch((seen) => {
		first ||= seen.sandboxes.find((one) => one.id === id);
		const info = current();
		gone.hidden = Boolean(info);
		gauges.element.hidden = tabs.hidden = head.end.hidden = part.hidden = !info;
		if (!info) {
			end?.();
			end = null;
			replace(part);
			setText(gone, first ? `${id} is gone: it was destroyed, or its lifetime was over.` : `There is no sandbox ${plain(id)}.`);
			setText($(".state", main), "gone");
			return;
		}
		head.update(info);
		gauges.update(info, seen.metrics);
		end ||= show(part, info, current);
	});
	return () => {
		stop();
		end?.();
	};
}
