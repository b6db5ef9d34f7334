// SPDX-License-Identifier: MIT
// The appliance itself.

import {get, post, request} from "./api.js";
import {makeMeter} from "./chart.js";
import {ask, button, bytes, duration, el, empty, keyed, makeTable, plain, setText} from "./dom.js";
import {inlineForm, onSubmit} from "./forms.js";
import {follow} from "./live.js";

function describeUpdate({possible, waiting, on_trial: onTrial}) {
	if (onTrial)
		return "this version is on trial: if it doesn't prove itself, the one before comes back";
	if (waiting)
		return `${waiting} waits for a reboot`;
	return possible ? "none waits; squashctl or the API take one" : "not from here: this machine was not booted from a UEFI disk";
}

function makeFacts() {
	const memory = makeMeter("Memory in use"), disk = makeMeter("Data in use");
	const rows = ["Version", "Kernel", "Name", "Addresses", "Time", "Up for", "Processors", "Sandboxes", "Modules", "Requests", "Update", "Data lies"].map((label) => [label, el("dd")]);
	const facts = new Map(rows);
	const list = el("dl", {class: "facts"}, rows.map(([label, value]) => el("div", {}, el("dt", {}, label), value)),
		el("div", {}, el("dt", {}, "Memory"), el("dd", {}, memory.element)), el("div", {}, el("dt", {}, "Data"), el("dd", {}, disk.element)));
	const update = (s) => {
		const put = (label, text) => setText(facts.get(label), plain(String(text)));
		put("Version", s.version);
		put("Kernel", s.kernel);
		put("Name", s.hostname);
		put("Addresses", [].concat(s.addresses).join(", "));
		put("Time", s.time);
		put("Up for", duration(s.uptime_s));
		put("Processors", s.cpus);
		put("Sandboxes", `${s.sandboxes.count} of at most ${s.sandboxes.max}`);
		put("Modules", s.modules.count);
		put("Requests", `${s.requests.under_way} under way, ${s.requests.denied} without a good token`);
		put("Data lies", s.disk.persistent ? "on the disk" : "in memory: it is gone with a reboot");
		put("Update", describeUpdate(s.update));
		const used = s.memory.total_bytes - s.memory.available_bytes, taken = s.disk.total_bytes - s.disk.free_bytes;
		memory.update(used, s.memory.total_bytes, `${bytes(used)} of ${bytes(s.memory.total_bytes)}`);
		disk.update(taken, s.disk.total_bytes, `${bytes(taken)} of ${bytes(s.disk.total_bytes)}`);
	};
	return {list, update};
}

function makePower(said) {
	const act = async (what, title, text, yes) => {
		if (await ask(title, text, yes))
			await post(`api/system/${what}`, {}).then((reply) => setText(said, `It is ${reply.status}.`), (error) => setText(said, plain(error.message)));
	};
	const lost = "All sandboxes are ended; with a SQUASH-DATA disk they come back with the machine, but not what runs in them.";
	return el("div", {class: "actions start"},
		button("Reboot…", () => act("reboot", "Reboot the machine?", lost, "Reboot"), {class: "danger"}),
		button("Switch off…", () => act("poweroff", "Switch the machine off?", `${lost} Somebody must switch it on again.`, "Switch off"), {class: "danger"}));
}

function makeTokens() {
	const said = el("p", {class: "verdict", role: "status"}), made = el("p", {class: "token code"});
	const {table, body, row} = makeTable("Named tokens", ["Name", "Right", ""]);
	const form = inlineForm(
		el("label", {for: "name"}, "Name"), el("input", {id: "name", name: "name", maxlength: 63, autocomplete: "off", spellcheck: "false"}),
		el("label", {for: "right"}, "Right"), el("select", {id: "right", name: "right"}, ["read", "run", "admin"].map((right) => el("option", {}, right))),
		el("button", {class: "primary"}, "Make a token"));
	const look = async () => {
		try {
			keyed(body, await get("api/tokens"), (one) => one.name, (one) => row(one.name, one.right,
				button("Take back", () => drop(one), {class: "danger", "aria-label": `Take back ${one.name}`})));
			table.hidden = !body.children.length;
		} catch (error) {
			setText(said, plain(error.message));
			table.hidden = form.hidden = error.status === 403 || form.hidden;
		}
	};
	const drop = async (one) => {
		if (await ask(`Take back ${one.name}?`, "Who uses it gets no answer any more.", "Take back"))
			await request("DELETE", `api/tokens/${one.name}`).then(look, (error) => setText(said, plain(error.message)));
	};
	onSubmit(form, async () => {
		const {name, token} = await post("api/tokens", {name: form.elements.name.value.trim(), right: form.elements.right.value});
		form.reset();
		setText(said, `${name} is made. This is its token, which is shown this once:`);
		setText(made, token);
		await look();
	});
	look();
	return [table, form, said, made];
}

export function showSystem(main) {
	const none = empty("Loading…"), facts = makeFacts(), said = el("p", {class: "verdict", role: "status"});
	facts.list.hidden = true;
	main.append(el("h1", {tabindex: -1}, "System"), none, facts.list,
		el("section", {class: "card"}, el("h2", {}, "Tokens"), ...makeTokens()),
		el("section", {class: "card"}, el("h2", {}, "Power"), makePower(said), said));
	return follow("api/system", (system) => {
		facts.update(system);
		facts.list.hidden = false;
		none.hidden = true;
	});
}
