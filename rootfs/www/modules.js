// SPDX-License-Identifier: MIT
// The modules on this appliance, and uploading more.

import {get, remove, upload} from "./api.js";
import {$, ask, button, bytes, el, empty, keyed, makeTable, plain, set, setText, template} from "./dom.js";
import {onSubmit} from "./forms.js";

const HASHED = 512 * 1048576; // bytes: crypto.subtle wants all of a file in memory

// The file's SHA-256 in hexadecimal, where the browser has it: on secure origins.
async function digest(file) {
	const sum = await crypto.subtle.digest("SHA-256", await file.arrayBuffer());
	return [...new Uint8Array(sum)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function makeUpload(look) {
	const form = template("upload");
	const field = form.elements, file = field.namedItem("file"), name = field.namedItem("name"), sum = field.namedItem("sha256");
	const box = $(".progress", form), bar = $("progress", form), text = $(".progress span", form), said = $(".note", form);
	const stop = field.namedItem("stop");
	let current = null;
	stop.addEventListener("click", () => current?.stop());
	file.addEventListener("change", async () => {
		const chosen = file.files[0];
		setText(said, "");
		sum.value = "";
		if (!chosen)
			return;
		name.value = chosen.name.replace(/\.[^.]*$/, "");
		if (!isSecureContext || chosen.size > HASHED)
			return;
		setText(said, "Computing its SHA-256…");
		try {
			const value = await digest(chosen);
			if (file.files[0] !== chosen)
				return;
			sum.value = value;
			setText(said, `${bytes(chosen.size)}; its SHA-256 is computed, and checked by the appliance.`);
		} catch {
			setText(said, "The file can't be read.");
		}
	});
	onSubmit(form, async () => {
		const chosen = file.files[0];
		if (!chosen)
			throw new Error("file: choose one first");
		const query = `name=${encodeURIComponent(name.value.trim())}${sum.value.trim() ? `&sha256=${encodeURIComponent(sum.value.trim())}` : ""}`;
		const begun = performance.now();
		setText(said, "");
		box.hidden = stop.hidden = false;
		current = upload(`api/modules?${query}`, chosen, (sent, total) => {
			bar.value = sent / total;
			const rate = sent / ((performance.now() - begun) / 1000);
			setText(text, sent < total ? `${bytes(sent)} of ${bytes(total)}, ${bytes(rate)}/s` : `${bytes(total)} sent; the appliance checks it`);
		});
		try {
			const module = await current.done;
			form.reset();
			setText(said, `${module.name} is there: ${bytes(module.size)}.`);
		} finally {
			box.hidden = stop.hidden = true;
			bar.value = 0;
			setText(text, "");
			current = null;
			await look();
		}
	});
	return {form, stop: () => current?.stop()};
}

export function showModules(main) {
	const {table, body, row} = makeTable("Modules", ["Name", "Version", "Size", "Needs", "Used by", "From", ""]);
	const none = empty("Loading…"), said = el("p", {class: "fault", role: "alert"});
	table.hidden = true;
	const cell = (name) => el("span", {class: name});
	const drop = async (module) => {
		if (!await ask(`Delete ${module.name}?`, "New sandboxes can't stand on it then.", "Delete"))
			return;
		setText(said, "");
		await remove(`api/modules/${encodeURIComponent(module.name)}`).catch((error) => setText(said, plain(error.message)));
		await look();
	};
	const make = (module) => row(module.name, cell("version"), cell("size"), cell("needs"), cell("used"), cell("source"),
		button("Delete", () => drop(module), {class: "danger", "aria-label": `Delete ${module.name}`}));
	const update = (node, module) => {
		setText($(".version", node), plain(module.version || "–"));
		setText($(".size", node), bytes(module.size));
		setText($(".needs", node), (module.needs || []).join(", ") || "–");
		setText($(".used", node), module.sandboxes ? `${module.sandboxes} sandbox${module.sandboxes > 1 ? "es" : ""}` : "–");
		setText($(".source", node), module.builtin ? "the image" : "the disk");
		const why = module.builtin ? "it is on the image" : module.sandboxes ? "sandboxes stand on it" : null;
		set($("button", node), {disabled: Boolean(why), title: why});
	};
	async function look() {
		try {
			keyed(body, await get("api/modules"), (module) => module.name, make, update);
			table.hidden = false;
			none.hidden = true;
		} catch (error) {
			setText(none, plain(`The modules can't be listed: ${error.message}.`));
		}
	}
	const sending = makeUpload(look);
	main.append(el("h1", {tabindex: -1}, "Modules"), none, said, table, sending.form);
	look();
	return sending.stop;
}
