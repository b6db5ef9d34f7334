// SPDX-License-Identifier: MIT
// What the API says of a form is shown where it belongs: its errors begin with the field's name.

import {$, el, isPaused, pause, plain, set} from "./dom.js";

function clear(form) {
	$(".fault", form).textContent = "";
	for (const node of form.querySelectorAll(".field-fault"))
		node.remove();
	for (const node of form.querySelectorAll("[aria-invalid]"))
		set(node, {"aria-invalid": null, "aria-describedby": null});
}

export function showFault(form, error) {
	clear(form);
	const text = plain(error.message);
	const name = /^(?:there is no field ")?([a-z0-9_]+)/.exec(text)?.[1];
	const field = name && (form.querySelector(`[data-field="${name}"]`) || form.elements.namedItem(name));
	if (!field) {
		$(".fault", form).textContent = text;
		return;
	}
	const note = el("p", {class: "field-fault", id: `${name}-fault`}, text);
	if (field.dataset.field)
		field.append(note);
	else
		field.after(note);
	set(field, {"aria-invalid": true, "aria-describedby": note.id});
	for (let box = field.closest("details"); box; box = box.parentElement.closest("details"))
		box.open = true;
	(field.matches("input, select, textarea") ? field : $("input, select", field))?.focus();
}

// A form in a line: controls, and where what is wrong with it is said.
export function inlineForm(...controls) {
	return el("form", {class: "inline", novalidate: true}, ...controls, el("p", {class: "fault", role: "alert"}));
}

// On submit: action(form), with its button paused meanwhile; what it throws is shown.
export function onSubmit(form, action) {
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		const button = $("button:not([type=button])", form);
		if (isPaused(button))
			return;
		clear(form);
		pause(button, true);
		try {
			await action(form);
		} catch (error) {
			showFault(form, error);
		} finally {
			pause(button, false);
		}
	});
}

// A field's number; none: what leaves it to the API.
export function number(field) {
	return field.value.trim() === "" ? undefined : Number(field.value);
}

export const entries = (text) => text.split(/[\s,]+/).filter(Boolean);
