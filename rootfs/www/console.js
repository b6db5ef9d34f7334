// SPDX-License-Identifier: MIT
// The console's beginning: signing in and out, which page is shown (by what stands behind the #), and
// the colour scheme.

import {get, keepToken, whenRefused} from "./api.js";
import {showCreate} from "./create.js";
import {$, el, isPaused, pause, plain, replace, set, template} from "./dom.js";
import {forgetSessions} from "./exec.js";
import {showHistory} from "./history.js";
import * as live from "./live.js";
import {showModules} from "./modules.js";
import {showSandbox} from "./sandbox.js";
import {showSandboxes} from "./sandboxes.js";
import {showSystem} from "./system.js";

// Each fills main; it may return what ends it.
const PAGES = {
	__proto__: null,
	sandboxes: (main, [id, tab]) => (id ? showSandbox(main, id, tab) : showSandboxes(main)),
	new: (main, [from]) => showCreate(main, from),
	modules: showModules,
	history: showHistory,
	system: showSystem,
};

const main = $("#main");
let end = null; // of what is shown
let isSignedIn = false;
let isOpen = false; // the API wants no token

function leave() {
	end?.();
	end = null;
}

function decode(part) {
	try {
		return decodeURIComponent(part);
	} catch {
		return part;
	}
}

function showPage() {
	if (!isSignedIn)
		return;
	const [page, ...rest] = location.hash.replace(/^#\/?/, "").split("/").map(decode);
	const show = PAGES[page] || PAGES.sandboxes;
	for (const link of $("#nav").children)
		set(link, {"aria-current": link.hash === `#/${PAGES[page] ? page : "sandboxes"}` ? "page" : null});
	leave();
	replace(main);
	end = show(main, rest);
	const title = $("h1", main);
	document.title = `${plain(title?.textContent || "")} – Squash Sandbox`;
	// Who moves by Tab, or listens, begins with it.
	($("[data-focus]", main) || title)?.focus();
}

function enter() {
	isSignedIn = true;
	$("#nav").hidden = false;
	$("#sign-out").hidden = isOpen;
	live.start();
	showPage();
}

function showSignIn(why) {
	isSignedIn = false;
	leave();
	live.stop();
	forgetSessions();
	keepToken("", false);
	$("#nav").hidden = $("#sign-out").hidden = true;
	document.title = "Sign in – Squash Sandbox";
	const card = template("sign-in");
	const form = $("form", card), fault = $(".fault", card);
	fault.textContent = why || "";
	form.addEventListener("submit", async (event) => {
		event.preventDefault();
		const value = form.token.value.trim();
		if (!/^[\x21-\x7e]+$/.test(value)) {
			fault.textContent = "A token is needed: printable characters without a space.";
			form.token.focus();
			return;
		}
		if (isPaused($("button", form)))
			return;
		keepToken(value, form.remember.checked);
		pause($("button", form), true);
		try {
			await get("api/system");
			enter();
		} catch (error) {
			keepToken("", false);
			pause($("button", form), false);
			fault.textContent = error.status === 401 ? "That token is not known here." : `That failed: ${error.message}.`;
			set(form.token, {"aria-invalid": true});
			form.token.select();
		}
	});
	replace(main, card);
	form.token.focus();
}

// Which of both schemes: the system's, unless the button was pressed in this browser.
function setScheme(scheme) {
	const dark = scheme ? scheme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
	set(document.documentElement, {"data-scheme": scheme});
	$("#scheme").textContent = dark ? "Light" : "Dark";
	set($("#scheme"), {"aria-label": `${dark ? "Light" : "Dark"} colours`});
}

$("#scheme").addEventListener("click", () => {
	const scheme = $("#scheme").textContent.toLowerCase();
	localStorage.setItem("squash-scheme", scheme);
	setScheme(scheme);
});
setScheme(localStorage.getItem("squash-scheme"));
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => setScheme(localStorage.getItem("squash-scheme")));

$("#sign-out").addEventListener("click", () => showSignIn());
$("#skip").addEventListener("click", (event) => {
	event.preventDefault(); // the # says which page it is
	main.focus();
});
addEventListener("hashchange", showPage);

async function begin() {
	// With no token of ours: an API that has none is open.
	whenRefused(() => {});
	replace(main, el("p", {class: "empty"}, "Asking the appliance…"));
	try {
		const response = await fetch("/cgi-bin/health", {cache: "no-store", credentials: "omit"});
		isOpen = response.ok;
	} catch {
		isOpen = false;
	}
	whenRefused(() => { if (isSignedIn) showSignIn("The token is not, or no longer, good. Sign in again."); });
	if (isOpen)
		keepToken("", false);
	if (isOpen || sessionStorage.getItem("squash-token"))
		enter();
	else
		showSignIn();
}

begin();
