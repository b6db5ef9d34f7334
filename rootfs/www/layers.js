// SPDX-License-Identifier: MIT
// What a sandbox stands on, from the top down, and adding a module to it while it lives.

import {box, get, post} from "./api.js";
import {ask, el, plain, setText} from "./dom.js";
import {inlineForm, onSubmit} from "./forms.js";
import {refresh, watch} from "./live.js";

export function showLayers(part, info, current) {
	const {id} = info;
	const said = el("p", {class: "verdict", role: "status"});
	const list = el("ol", {class: "stacked", "aria-label": "Layers, the topmost first"});
	const select = el("select", {id: "module", name: "module"});
	const form = inlineForm(el("label", {for: "module"}, "Module"), select, el("button", {class: "primary"}, "Activate"));
	let modules = [];
	const update = () => {
		const seen = current();
		if (!seen || list.dataset.layers === `${seen.layers}/${modules.length}`)
			return;
		list.dataset.layers = `${seen.layers}/${modules.length}`;
		const about = new Map(modules.map((module) => [module.name, module]));
		list.replaceChildren(el("li", {class: "upper"}, el("strong", {}, "what it has written"), el("small", {}, "the upper")),
			...[...seen.layers].reverse().map((name) => el("li", {}, el("strong", {}, name),
				el("small", {}, plain(about.get(name)?.version || "")))));
		const others = modules.filter((module) => !seen.layers.includes(module.name));
		select.replaceChildren(...others.map((module) => el("option", {value: module.name}, module.name)));
		form.hidden = !others.length;
	};
	onSubmit(form, async () => {
		const module = select.value;
		const activate = (force) => post(`${box(id)}/activate`, {module, force});
		setText(said, "");
		try {
			await activate(false);
		} catch (error) {
			if (error.code !== "processes")
				throw error;
			const names = error.more.processes.slice(0, 5).map((one) => `${one.pid} ${plain(one.cmd)}`).join("; ");
			if (!await ask(`Kill what runs in ${id}?`, `A module can only be activated while nothing runs. Alive: ${names}.`, "Kill and activate"))
				return;
			await activate(true);
		}
		setText(said, `${module} is active.`);
		await refresh();
	});
	part.append(list, form, said);
	get("api/modules").then((all) => { modules = all; update(); }, (error) => setText(said, plain(error.message)));
	return watch(update);
}
