// SPDX-License-Identifier: MIT
// Makes elements. Text becomes text nodes and attributes, never markup: much of what the API tells was
// written by what runs in a sandbox. (The page's Content-Security-Policy holds us to it.)

// el("a", {href: "#/x", class: "y", onclick: f}, "text", element, null...)
export function el(tag, props, ...children) {
	const node = document.createElement(tag);
	set(node, props);
	replace(node, ...children);
	return node;
}

export function set(node, props) {
	for (const [name, value] of Object.entries(props || {})) {
		const text = value === true && !name.startsWith("aria-") ? "" : String(value);
		if (name.startsWith("on"))
			node.addEventListener(name.slice(2), value);
		else if (value === null || value === undefined || value === false)
			node.removeAttribute(name);
		else if (node.getAttribute(name) !== text)
			node.setAttribute(name, text);
	}
	return node;
}

// A button that does nothing for now. It isn't disabled, as it may have the focus, which would be lost.
export const pause = (button, paused) => set(button, {"aria-disabled": paused || null});
export const isPaused = (button) => button.hasAttribute("aria-disabled");

// props as el takes them: what it is called, if its text alone doesn't say.
export const button = (text, onclick, props) => el("button", {type: "button", onclick, ...props}, text);

// Only what differs: a screen reader, a selection and the layout stay undisturbed.
export function setText(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

export const $ = (selector, from = document) => from.querySelector(selector);

export function template(id) {
	return $(`#${id}`).content.firstElementChild.cloneNode(true);
}

// What is none of children is left out, so that they can be written as conditions.
export function replace(node, ...children) {
	node.replaceChildren(...children.flat(2).filter(Boolean));
}

// Have container show one element for each item, in this order, keeping those that are there already.
// make(item) gives a new one; update(element, item) writes what may change.
export function keyed(container, items, keyOf, make, update) {
	const old = new Map([...container.children].map((child) => [child.dataset.key, child]));
	let at = container.firstElementChild;
	for (const item of items) {
		const key = String(keyOf(item));
		let node = old.get(key);
		if (!node) {
			node = make(item);
			node.dataset.key = key;
		}
		old.delete(key);
		update?.(node, item);
		if (node === at)
			at = at.nextElementSibling;
		else
			container.insertBefore(node, at);
	}
	for (const node of old.values())
		node.remove();
}

// Characters that would act rather than show: controls, but for tab and line feed, and those that turn
// the direction of what follows. ESC becomes U+241B, and so on.
export function plain(text) {
	return text.replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g, (c) =>
		c < " " ? String.fromCharCode(0x2400 + c.charCodeAt(0)) : c === "\x7f" ? "\u2421" : "\ufffd");
}

// Between a number and its unit no line ends.
const SPACE = "\u00a0";

export function bytes(n) {
	const units = ["B", "KB", "MB", "GB", "TB"];
	let i = 0;
	for (; n >= 1000 && i < units.length - 1; i++)
		n /= 1024;
	return `${Number(n.toFixed(i === 0 || n >= 100 ? 0 : 1))}${SPACE}${units[i]}`;
}

export function duration(seconds) {
	if (seconds < 1)
		return `${Math.round(seconds * 1000)}${SPACE}ms`;
	if (seconds < 60)
		return `${Number(seconds.toFixed(seconds < 10 ? 1 : 0))}${SPACE}s`;
	const parts = [[86400, "d"], [3600, "h"], [60, "min"]];
	const i = parts.findIndex(([size]) => seconds >= size);
	const [size, unit] = parts[i];
	const rest = parts[i + 1] && Math.floor((seconds % size) / parts[i + 1][0]);
	return `${Math.floor(seconds / size)}${SPACE}${unit}${rest ? ` ${rest}${SPACE}${parts[i + 1][1]}` : ""}`;
}

// A moment, as <time>: the day only if it isn't today.
export function when(iso) {
	const date = new Date(iso);
	const today = date.toDateString() === new Date().toDateString();
	return el("time", {datetime: iso, title: iso}, today ? date.toLocaleTimeString() : date.toLocaleString());
}

// The appliance's clock, of which a moment is known: what it calls past and future is measured by it.
let skew = 0; // ms

export function setClock(iso) {
	skew = Date.parse(iso) - Date.now();
}

export const secondsSince = (iso) => (Date.now() + skew - Date.parse(iso)) / 1000;
export const ago = (iso) => duration(Math.max(1, Math.floor(secondsSince(iso))));

// Say it to who listens rather than looks.
export function say(text) {
	$("#said").textContent = "";
	setTimeout(() => { $("#said").textContent = plain(text); }, 50);
}

// Ask before something is lost: whether the answer is yes. Escape, and the first button, say no.
export function ask(title, text, yes) {
	const dialog = $("#ask");
	setText($("#ask-title"), title);
	setText($("#ask-text"), text);
	setText($("#ask-yes"), yes);
	dialog.returnValue = "no";
	dialog.showModal();
	$("#ask-no").focus();
	return new Promise((resolve) => {
		dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), {once: true});
	});
}

// A table that becomes cards where there is no room for its columns, and stays a table to who listens
// (browsers take its roles away with its layout). A head of "" is one of buttons. row(...) has a cell for
// each head, of what el takes; the one at index name is what the row is about.
export function makeTable(caption, heads, name = 0) {
	const body = el("tbody", {role: "rowgroup"});
	const table = el("table", {role: "table"}, el("caption", {}, caption), el("thead", {role: "rowgroup"}, el("tr", {role: "row"},
		heads.map((text) => el("th", {role: "columnheader", scope: "col"}, text || el("span", {class: "unseen"}, "Actions"))))), body);
	const cell = (content, i) => (i === name ? el("th", {role: "rowheader", scope: "row"}, content)
		: el("td", {role: "cell", "data-label": heads[i], class: heads[i] ? null : "actions"}, content));
	return {table, body, row: (...cells) => el("tr", {role: "row"}, cells.map(cell))};
}

export const empty = (text, ...more) => el("p", {class: "empty"}, text, ...more);
