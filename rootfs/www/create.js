// SPDX-License-Identifier: MIT
// A new sandbox: of modules, which bring along what they need, or of a snapshot.

import {get, post} from "./api.js";
import {$, bytes, el, empty, plain, replace, setText, template} from "./dom.js";
import {entries, number, onSubmit} from "./forms.js";
import {live, refresh} from "./live.js";

function moduleBox(module) {
	const needs = module.needs || [];
	const about = [module.version, bytes(module.size), needs.length && `needs ${needs.join(", ")}`];
	return el("label", {class: "check module"},
		el("input", {type: "checkbox", name: "layer", value: module.name}),
		el("span", {}, module.name, el("small", {}, plain(about.filter(Boolean).join(" · ")))));
}

// Ticking a module ticks what it needs; unticking one unticks what needs it. What was done is said.
function follow(group, modules, note) {
	const boxes = new Map([...group.querySelectorAll("input")].map((box) => [box.value, box]));
	const needs = new Map(modules.map((module) => [module.name, module.needs || []]));
	group.addEventListener("change", ({target}) => {
		const also = [], missing = [];
		const add = (name) => {
			for (const need of needs.get(name) || []) {
				if (!boxes.has(need)) {
					missing.push(need);
				} else if (!boxes.get(need).checked) {
					boxes.get(need).checked = true;
					also.push(need);
					add(need);
				}
			}
		};
		const drop = (name) => {
			for (const [other, list] of needs) {
				if (list.includes(name) && boxes.get(other).checked) {
					boxes.get(other).checked = false;
					also.push(other);
					drop(other);
				}
			}
		};
		(target.checked ? add : drop)(target.value);
		const words = [];
		if (also.length)
			words.push(target.checked ? `With it comes what it needs: ${also.join(", ")}.` : `With it goes what needs it: ${also.join(", ")}.`);
		if (missing.length)
			words.push(`It needs ${missing.join(", ")}, which this appliance doesn't have.`);
		setText(note, words.join(" "));
	});
}

function fillSnapshots(select, wanted) {
	const all = (live.sandboxes || []).flatMap((box) => box.snapshots.map((one) => ({box, one})));
	for (const {box, one} of all) {
		const value = `${box.id}/${one.name}`;
		select.append(el("option", {value, selected: value === wanted}, plain(`${value}${one.label ? ` – ${one.label}` : ""}`)));
	}
	if (!all.length)
		select.append(el("option", {value: ""}, "there is none yet"));
}

function read(form) {
	const field = form.elements;
	const body = {id: field.id.value.trim(), allow_net: entries(field.allow_net.value)};
	if (field.base.value === "from")
		body.from = field.from.value;
	else
		body.layers = [...form.querySelectorAll("[name=layer]:checked")].map((box) => box.value);
	for (const name of ["owner", "task"])
		if (field[name].value)
			body[name] = field[name].value;
	for (const name of ["cpu", "memory_mb", "disk_mb", "max_lifetime_s"])
		body[name] = number(field[name]);
	return body;
}

// from: "sandbox/snapshot", to begin with that.
export function showCreate(main, from) {
	const form = template("create");
	const group = $(".layers", form), note = $(".note", form);
	const field = form.elements;
	main.append(el("h1", {tabindex: -1}, "New sandbox"), form);
	const choose = () => {
		const value = field.base.value;
		group.hidden = value !== "layers";
		$(".from", form).hidden = value !== "from";
	};
	for (const radio of field.base)
		radio.addEventListener("change", choose);
	fillSnapshots(field.from, from);
	if (from)
		field.base.value = "from";
	choose();
	replace(group, empty("Loading…"));
	get("api/modules").then((modules) => {
		replace(group, modules.map(moduleBox));
		follow(group, modules, note);
	}, (error) => replace(group, empty(`The modules can't be listed: ${error.message}.`)));
	onSubmit(form, async () => {
		const box = await post("api/sandboxes", read(form));
		await refresh();
		location.hash = `#/sandboxes/${box.id}`;
	});
	field.id.dataset.focus = "";
}
