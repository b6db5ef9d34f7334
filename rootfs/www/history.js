// SPDX-License-Identifier: MIT
// What has happened: in all sandboxes, and the commands of one.

import {box} from "./api.js";
import {duration, el, empty, keyed, makeTable, plain, when} from "./dom.js";
import {verdict} from "./exec.js";
import {follow} from "./live.js";

const SHOWN = 300; // the newest; a screen reader and a phone have enough with these

const EVENTS = {
	create: "created", end: "ended", exec: "command", activate: "activated", allow_net: "network list", snapshot: "snapshot",
	restore: "restored", drop_snapshot: "snapshot dropped", restart: "restarted", put_file: "file written", put_tar: "files unpacked",
	delete_file: "file deleted", create_token: "token made", drop_token: "token taken back", upload_module: "module uploaded",
	delete_module: "module deleted", freeze_module: "module made", update: "update", reboot: "reboot", poweroff: "power off",
};

const code = (text) => el("span", {class: "code"}, plain(text));

function what(event) {
	if (event.event === "exec")
		return [code(event.cmd), el("small", {class: verdict(event).good ? "good" : "bad"}, verdict(event).text)];
	if (event.event === "end")
		return [plain(`${event.reason}, ${event.exec_count} commands, lived ${duration((Date.parse(event.ended) - Date.parse(event.created)) / 1000)}`)];
	const text = event.module || event.snapshot || event.path || event.name || event.reason || event.owner || event.allow_net || "";
	return [code(text)];
}

const by = (event) => plain([event.token, event.client].filter(Boolean).join(" from ") || "–");

export function showHistory(main) {
	const {table, body, row} = makeTable("History", ["Time", "Event", "Sandbox", "What", "By"], 2);
	const make = (event) => row(when(event.at || event.ended), EVENTS[event.event] || plain(event.event), plain(event.id || "the appliance"), what(event), by(event));
	const kind = el("select", {id: "kind"}, el("option", {value: ""}, "all events"),
		Object.entries(EVENTS).map(([value, text]) => el("option", {value}, text)));
	const find = el("input", {id: "find", type: "search", autocomplete: "off", spellcheck: "false"});
	const none = empty("Loading…");
	let all = null;
	const draw = () => {
		if (!all)
			return;
		const text = find.value.trim().toLowerCase();
		const chosen = all.filter((event) => (!kind.value || event.event === kind.value) &&
			(!text || JSON.stringify(event).toLowerCase().includes(text)));
		none.hidden = chosen.length > 0 && chosen.length <= SHOWN;
		none.textContent = chosen.length ? `The newest ${SHOWN} of ${chosen.length}.` : all.length ? "Nothing that matches." : "Nothing has happened yet.";
		table.hidden = !chosen.length;
		const seen = new Map(); // of two that are alike, the older one keeps its place
		const keys = new Map([...chosen].reverse().map((event) => {
			const key = JSON.stringify(event), n = seen.get(key) || 0;
			seen.set(key, n + 1);
			return [event, `${n} ${key}`];
		}));
		keyed(body, chosen.slice(0, SHOWN), (event) => keys.get(event), make);
	};
	kind.addEventListener("change", draw);
	find.addEventListener("input", draw);
	table.hidden = true;
	main.append(el("h1", {tabindex: -1}, "History"),
		el("div", {class: "inline"}, el("label", {for: "kind"}, "Show"), kind, el("label", {for: "find"}, "with"), find), table, none);
	return follow("api/history", (events) => { all = events; draw(); });
}

// The commands of one sandbox, the newest first.
export function showLogs(part, info) {
	const {table, body, row} = makeTable("Commands", ["No", "Ended", "Command", "Result", "By"], 2);
	const none = empty("No command has ended yet.");
	table.hidden = none.hidden = true;
	part.append(table, none);
	const make = (one) => row(String(one.seq), when(one.ended), code(one.cmd + (one.cmd_truncated ? "…" : "")),
		el("span", {class: verdict(one).good ? "good" : "bad"}, verdict(one).text), by(one));
	return follow(`${box(info.id)}/logs`, (list) => {
		none.hidden = list.length > 0;
		table.hidden = !none.hidden;
		keyed(body, list.reverse().slice(0, SHOWN), (one) => one.seq, make);
	});
}
