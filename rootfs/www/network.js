// SPDX-License-Identifier: MIT
// What a sandbox may reach, has reached, and was refused.

import {box, post} from "./api.js";
import {$, button, bytes, duration, el, empty, keyed, makeTable, plain, set, setText, when} from "./dom.js";
import {entries, inlineForm, onSubmit} from "./forms.js";
import {follow, refresh, watch} from "./live.js";

const SHOWN = 200; // newest lines

const isRefusal = (line) => line.event === "refused" || (line.event === "lookup" && line.answer === "denied");

// The entry of allow_net that would let it through, if it is for a list to decide.
function entryFor(line) {
	if (line.event === "lookup")
		return !line.reason || /not allowed/.test(line.reason) ? line.name : "";
	if (!/^(name|port) not allowed/.test(line.reason || ""))
		return "";
	const host = line.asked || line.name || line.address;
	const port = [80, 443].includes(line.port) ? "" : `:${line.port}`;
	return host && (host.includes(":") && port ? `[${host}]${port}` : host + port);
}

function target({name, address, of, asked, port}) {
	const dialled = name || address || of || "?";
	return (asked ? `${asked} by way of ${dialled}` : dialled) + (port ? `:${port}` : "");
}

// The same refusal, again and again, is one line.
function groupRefusals(log) {
	const groups = new Map();
	for (const line of log.filter(isRefusal)) {
		const key = `${line.event} ${target(line)} ${line.reason}`;
		const group = groups.get(key) || {key, count: 0};
		groups.delete(key); // the latest comes last
		groups.set(key, {...group, line, count: group.count + 1 + (line.repeated || 0)});
	}
	return [...groups.values()].reverse();
}

function refusalRow({line}, makeCells, allow) {
	const entry = entryFor(line);
	const why = line.event === "lookup" ? `lookup: ${line.reason || "name not allowed"}` : line.reason;
	return makeCells(el("span", {class: "code"}, plain(target(line))), plain(why),
		el("span", {class: "count"}), el("span", {class: "time"}),
		entry && button("Allow", () => allow(entry), {class: "allow", "data-entry": entry, "aria-label": `Allow ${entry}`}));
}

function lineRow(line, makeCells) {
	const what = {
		lost: () => `${line.count} without a line`,
		lookup: () => `${line.answer}${line.reason ? `: ${line.reason}` : ""}`,
		connect: () => `${bytes(line.sent)} sent, ${bytes(line.received)} received, ${duration(line.duration_ms / 1000)}, ${line.end}`,
	}[line.event]?.() || line.reason;
	const times = line.repeated ? `, ${line.repeated + 1} times` : "";
	return set(makeCells(when(line.time), line.event, el("span", {class: "code"}, plain(target(line))), plain((what || "") + times)),
		{class: isRefusal(line) ? "bad" : null});
}

function makeAllowed(id, current) {
	const said = el("p", {class: "verdict", role: "status"});
	const list = el("ul", {class: "chips", "aria-label": "Allowed"});
	const save = async (allowed, text) => {
		await post(`${box(id)}/allow_net`, {allow_net: allowed});
		setText(said, text);
		await refresh();
	};
	const drop = (entry) => save(current().allow_net.filter((other) => other !== entry), `${entry} is not allowed any more.`)
		.catch((error) => setText(said, plain(error.message)));
	const allow = (entry) => save([...current().allow_net, entry], `${entry} is allowed from now on.`)
		.catch((error) => setText(said, plain(error.message)));
	const form = inlineForm(
		el("label", {for: "allow_net"}, "May reach"),
		el("input", {id: "allow_net", name: "allow_net", placeholder: "pypi.org, *.example.org, 203.0.113.0/24", spellcheck: "false", autocomplete: "off"}),
		el("button", {class: "primary"}, "Allow"));
	onSubmit(form, async () => {
		const more = entries(form.elements.allow_net.value);
		if (!more.length)
			return;
		await save([...current().allow_net, ...more], `${more.join(", ")}: allowed from now on.`);
		form.elements.allow_net.value = "";
	});
	const none = empty("Nothing is allowed: it has no way out, and what it tries isn't even logged.");
	const update = () => {
		const allowed = current()?.allow_net || [];
		none.hidden = allowed.length > 0;
		keyed(list, allowed, (entry) => entry, (entry) => el("li", {class: "chip"}, entry,
			button("×", () => drop(entry), {class: "quiet", "aria-label": `Don't allow ${entry} any more`})));
	};
	return {parts: [form, list, none, said], update, allow};
}

// The page's part for a sandbox; current() is its info as it is now: what ends it.
export function showNetwork(part, info, current) {
	const allowed = makeAllowed(info.id, current);
	const refused = makeTable("Refused", ["Where", "Why", "Times", "Last", ""]);
	const log = makeTable("Log, newest first", ["Time", "Event", "Where", "Outcome"], 2);
	const filter = el("select", {id: "only"}, ["all", "connect", "lookup", "refused"].map((kind) => el("option", {value: kind}, kind === "connect" ? "connections" : kind === "lookup" ? "lookups" : kind)));
	const none = empty("Nothing was looked up or reached yet.");
	const choose = el("div", {class: "inline"}, el("label", {for: "only"}, "Show"), filter);
	let lines = [];
	refused.table.hidden = log.table.hidden = choose.hidden = true;
	part.append(...allowed.parts, refused.table, none, choose, log.table);
	const draw = () => {
		const groups = groupRefusals(lines);
		const allowedNow = current()?.allow_net || [];
		refused.table.hidden = !groups.length;
		keyed(refused.body, groups, (group) => group.key, (group) => refusalRow(group, refused.row, allowed.allow), (row, group) => {
			setText($(".count", row), String(group.count));
			const last = group.line.last || group.line.time;
			if (row.dataset.time !== last) {
				row.dataset.time = last;
				$(".time", row).replaceChildren(when(last));
			}
			const button = $(".allow", row);
			if (button)
				button.hidden = allowedNow.includes(button.dataset.entry);
		});
		const kind = filter.value;
		const chosen = lines.map((line, number) => ({line, number}))
			.filter(({line}) => kind === "all" || (kind === "refused" ? isRefusal(line) : line.event === kind)).reverse().slice(0, SHOWN);
		none.hidden = lines.length > 0 || allowedNow.length === 0;
		choose.hidden = log.table.hidden = !lines.length;
		keyed(log.body, chosen, ({line, number}) => number + JSON.stringify(line), ({line}) => lineRow(line, log.row));
	};
	filter.addEventListener("change", draw);
	const ends = [watch(allowed.update), follow(`${box(info.id)}/network`, ({network}) => {
		lines = network;
		draw();
	})];
	return () => ends.forEach((end) => end());
}
