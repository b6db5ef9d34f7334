// SPDX-License-Identifier: MIT
// What commands have written, of whom nothing is trusted: shown as text, bounded, and told in a few
// words, as no screen reader keeps up with a compiler.

import {$, el, plain, say} from "./dom.js";

const KEPT = 1000000; // characters; the oldest go first
const SHOWN_EVERY_MS = 50;
const TOLD_EVERY_MS = 3000;

// Sequences that colour text and move the cursor (ECMA-48: CSI, OSC, ESC with one byte more).
const ESCAPES = /\x1b(?:\[[0-?]{0,64}[ -/]?[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])/g;
// One that may go on in the next piece.
const CUT = /\x1b(?:\[[0-?]{0,64}[ -/]?|\][^\x07\x1b]{0,256}\x1b?|[ -/]{0,9})?$/;

// A stream's text as it is shown, piece by piece. end: no more comes.
export function makeCleaner() {
	let rest = "";
	return (text, end) => {
		text = rest + text;
		const cut = end ? -1 : text.search(CUT);
		rest = cut < 0 ? "" : text.slice(cut);
		if (cut >= 0)
			text = text.slice(0, cut);
		return plain(text.replace(ESCAPES, "").replace(/\r+\n/g, "\n"));
	};
}

export class Output {
	constructor(label) {
		this.pre = el("pre", {class: "output", tabindex: 0, role: "log", "aria-live": "off", "aria-label": label});
		this.waiting = []; // [kind, text], not shown yet
		this.length = 0;
		this.dropped = false;
		this.lines = []; // not told yet
		this.more = 0; // lines of which none is in lines
	}

	// kind: "stdout", "stderr", "cmd" or "note".
	add(kind, text) {
		if (!text)
			return;
		const last = this.waiting.at(-1);
		if (last?.[0] === kind)
			last[1] += text;
		else
			this.waiting.push([kind, text]);
		this.timer ||= setTimeout(() => this.show(), SHOWN_EVERY_MS);
		if (kind === "cmd")
			return;
		const lines = text.split("\n").filter((line) => line.trim());
		this.lines = this.lines.concat(lines).slice(-3);
		this.more += lines.length;
		this.teller ||= setTimeout(() => this.tell(), TOLD_EVERY_MS);
	}

	show() {
		clearTimeout(this.timer);
		this.timer = 0;
		const {pre} = this;
		const follows = pre.scrollHeight - pre.scrollTop - pre.clientHeight < 40;
		for (const [kind, text] of this.waiting) {
			pre.append(el("span", {class: kind}, text.slice(-KEPT)));
			this.length += Math.min(text.length, KEPT);
		}
		this.waiting = [];
		while (this.length > KEPT && pre.childNodes.length > 1) {
			const oldest = pre.firstChild.classList.contains("dropped") ? pre.childNodes[1] : pre.firstChild;
			this.length -= oldest.textContent.length;
			oldest.remove();
			this.dropped = true;
		}
		if (this.dropped && !$(".dropped", pre))
			pre.prepend(el("span", {class: "note dropped"}, "… what came before is not kept here\n"));
		if (follows)
			pre.scrollTop = pre.scrollHeight;
	}

	// The lines themselves if they are few, otherwise how many.
	tell() {
		this.teller = 0;
		if (this.pre.isConnected)
			say(this.more > this.lines.length ? `${this.more} more lines` : this.lines.join("\n"));
		this.lines = [];
		this.more = 0;
	}

	clear() {
		this.pre.replaceChildren();
		this.waiting = [];
		this.length = 0;
		this.dropped = false;
	}
}
