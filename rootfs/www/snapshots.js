// SPDX-License-Identifier: MIT
// A sandbox's snapshots as the tree that they are: each stands on the one that it was taken on.

import {box, post, remove} from "./api.js";
import {$, ask, button, bytes, el, empty, keyed, plain, set, setText, when} from "./dom.js";
import {inlineForm, onSubmit} from "./forms.js";
import {refresh, watch} from "./live.js";

const isSnapshot = (name) => /^9\d\d-snapshot-/.test(name);
const parentOf = (one) => one.layers.filter(isSnapshot).at(-1) || "";
const modulesOf = (layers) => layers.filter((name) => !isSnapshot(name));

// Why one can't be dropped from here, or nothing: another, or the sandbox, stands on it.
function use(info, one) {
	if (info.layers.includes(one.name))
		return "the sandbox stands on it";
	const on = info.snapshots.find((other) => other.layers.includes(one.name));
	return on ? `${on.name} stands on it` : "";
}

function makeActions(id, tell) {
	const act = async (work, done) => {
		try {
			await work();
			tell(done, true);
			await refresh();
		} catch (error) {
			tell(error.message, false);
		}
	};
	const restore = async (one) => {
		if (await ask(`Restore ${one.name}?`, `All processes of ${id} are killed, and what it has written since is lost, unless you take a snapshot first.`, "Restore"))
			await act(() => post(`${box(id)}/restore`, {snapshot: one.name}), `Restored: ${id} stands on ${one.name}.`);
	};
	const drop = async (one) => {
		if (await ask(`Drop ${one.name}?`, "There is no way back to it then.", "Drop"))
			await act(() => remove(`${box(id)}/snapshots/${encodeURIComponent(one.name)}`), `Dropped: ${one.name}.`);
	};
	return {restore, drop};
}

function makeNode(one, id, actions) {
	const base = encodeURIComponent(`${id}/${one.name}`);
	return el("li", {},
		el("div", {class: "node"},
			el("div", {}, el("strong", {class: "name"}, one.name), " ", el("span", {class: "mark", hidden: true}, "active"),
				el("span", {class: "label"}, plain(one.label || "")),
				el("small", {}, `${bytes(one.size)} · `, when(one.created), el("span", {class: "adds"}))),
			el("div", {class: "actions"},
				button("Restore", () => actions.restore(one), {"aria-label": `Restore ${one.name}`}),
				el("a", {class: "button", href: `#/new/${base}`, "aria-label": `New sandbox from ${one.name}`}, "New from it"),
				button("Drop", () => actions.drop(one), {class: "danger drop", "aria-label": `Drop ${one.name}`}))),
		el("ul", {"aria-label": `Taken on ${one.name}`}));
}

function updateNode(node, one, info) {
	const active = info.active_snapshot === one.name;
	$(".mark", node).hidden = !active;
	set(node, {"aria-current": active || null});
	const parent = info.snapshots.find((other) => other.name === parentOf(one));
	const below = parent ? parent.layers : [];
	const adds = parent ? modulesOf(one.layers).filter((name) => !below.includes(name)) : [];
	setText($(".adds", node), adds.length ? ` · with ${adds.join(", ")}` : "");
	const why = use(info, one);
	set($(".drop", node), {disabled: Boolean(why), title: why || null});
}

// The page's part for a sandbox; current() is its info as it is now: what ends it.
export function showSnapshots(part, info, current) {
	const {id} = info;
	const said = el("p", {class: "verdict", role: "status"});
	const tell = (text, good) => {
		setText(said, plain(text));
		said.className = `verdict ${good ? "good" : "bad"}`;
	};
	const form = inlineForm(
		el("label", {for: "label"}, "Label"),
		el("input", {id: "label", name: "label", maxlength: 1024, autocomplete: "off"}),
		el("button", {class: "primary"}, "Take a snapshot"));
	onSubmit(form, async () => {
		tell("Taking it: processes stand still…", true);
		try {
			const {snapshot, size} = await post(`${box(id)}/snapshot`, {label: form.elements.label.value});
			form.elements.label.value = "";
			tell(`Taken: ${snapshot}, ${bytes(size)}.`, true);
			await refresh();
		} catch (error) {
			tell("", true);
			throw error;
		}
	});
	const actions = makeActions(id, tell);
	const root = el("ul", {class: "tree", "aria-label": "Snapshots"});
	const top = el("li", {}, el("div", {class: "node"}, el("div", {}, el("strong", {}, "modules"), " ", el("span", {class: "mark", hidden: true}, "active"), el("small", {class: "base"}))), el("ul"));
	root.append(top);
	const none = empty("No snapshots yet. One keeps all that the sandbox has written, to come back to or to make others from.");
	part.append(form, said, none, root);
	const fill = (list, parent, seen) => keyed(list, seen.snapshots.filter((one) => parentOf(one) === parent), (one) => one.name,
		(one) => makeNode(one, id, actions),
		(node, one) => {
			updateNode(node, one, seen);
			fill(node.lastElementChild, one.name, seen);
		});
	const update = () => {
		const seen = current();
		if (!seen)
			return;
		none.hidden = seen.snapshots.length > 0;
		root.hidden = !none.hidden;
		$(".mark", top).hidden = seen.active_snapshot !== null;
		setText($(".base", top), modulesOf((seen.snapshots[0] || seen).layers).join(", "));
		fill(top.lastElementChild, "", seen);
	};
	return watch(update);
}
