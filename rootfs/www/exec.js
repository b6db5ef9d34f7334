// SPDX-License-Identifier: MIT
// Runs commands in a sandbox, and shows their output as it comes. What is under way goes on while
// another page of the console is looked at; it ends with the console's tab, unless it was detached.

import {ApiError, box, get, lines, post, remove, request} from "./api.js";
import {$, ask, button, bytes, duration, el, empty, keyed, makeTable, pause, plain, set, setText, template} from "./dom.js";
import {number, showFault} from "./forms.js";
import {follow, refresh} from "./live.js";
import {makeCleaner, Output} from "./output.js";

const SIGNALS = {1: "HUP", 2: "INT", 4: "ILL", 6: "ABRT", 7: "BUS", 8: "FPE", 9: "KILL", 11: "SEGV", 13: "PIPE", 15: "TERM", 31: "SYS"};

const WATCHED = 4; // at once: of a browser's six connections to a host some are left for all else

const sessions = new Map(); // id and creation of a sandbox: what was run in it from here

export function forgetSessions() {
	for (const session of sessions.values())
		session.abort?.abort();
	sessions.clear();
}

const watched = () => [...sessions.values()].filter((session) => session.abort).length;

// Leaving ends what is watched: the browser asks first.
addEventListener("beforeunload", (event) => {
	if (watched())
		event.preventDefault();
});

// How a command ended: {text, good}.
export function verdict(result) {
	const words = [];
	if (result.oom_killed)
		words.push("killed for want of memory");
	if (result.timed_out)
		words.push("timed out");
	else if (result.signal)
		words.push(`ended by SIG${SIGNALS[result.signal] || result.signal}`);
	words.push(`exit code ${result.exit_code}`, duration(result.duration_ms / 1000));
	if (result.background)
		words.push("something of it still runs");
	return {text: words.join(" · "), good: result.exit_code === 0 && !result.oom_killed};
}

function fromBase64(text) {
	return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

// One stream of a command: bytes or text come in, text to be shown goes out.
function makeStream(output, kind) {
	const decoder = new TextDecoder(), clean = makeCleaner();
	return {
		add: (data) => output.add(kind, clean(typeof data === "string" ? decoder.decode() + data : decoder.decode(data, {stream: true}))),
		end: () => output.add(kind, clean(decoder.decode(), true)),
	};
}

function readForm(form) {
	const field = form.elements;
	const body = {cmd: field.cmd.value, timeout: number(field.timeout), workdir: field.workdir.value || undefined};
	if (field.stdin.value)
		body.stdin = field.stdin.value;
	const env = field.env.value.split("\n").filter((line) => line.trim());
	if (env.length)
		body.env = Object.fromEntries(env.map((line) => [line.split("=", 1)[0], line.slice(line.indexOf("=") + 1)]));
	return body;
}

// How it stands is said, and the buttons follow. kind: "runs", "good" or "bad".
function tell(session, text, kind) {
	session.state = text && {text, kind};
	session.changed?.();
}

function endWith(session, {text, good}) {
	session.output.add("note", `[${text}]\n`);
	session.output.show();
	session.abort = null;
	tell(session, text, good ? "good" : "bad");
}

async function stream(session, id, body) {
	const streams = {stdout: makeStream(session.output, "stdout"), stderr: makeStream(session.output, "stderr")};
	session.abort = new AbortController();
	tell(session, "starting…", "runs");
	const reply = await request("POST", `${box(id)}/exec?stream=1`, body, session.abort.signal);
	session.output.add("cmd", `$ ${plain(body.cmd)}\n`);
	for await (const line of lines(reply)) {
		if (line.stream) {
			streams[line.stream].add(line.data ?? fromBase64(line.base64));
		} else if (line.duration_ms !== undefined) {
			tell(session, `running for ${duration(Math.round(line.duration_ms / 1000))}`, "runs");
		} else {
			streams.stdout.end();
			streams.stderr.end();
			endWith(session, line.result ? verdict(line.result) : {text: plain(line.error), good: false});
			return;
		}
	}
	throw new Error("the connection has ended before the command");
}

async function run(session, id, form) {
	const body = readForm(form);
	$(".fault", form).textContent = "";
	try {
		if (!form.elements.detach.checked && watched() >= WATCHED)
			throw new ApiError(0, "busy", `this page watches ${WATCHED} commands already: let this one go on without it`);
		if (form.elements.detach.checked) {
			const {exec} = await post(`${box(id)}/exec`, {...body, detach: true});
			tell(session, `command ${exec} goes on by itself: see below`, "good");
			await refresh();
		} else {
			await stream(session, id, body);
		}
	} catch (error) {
		if (error.name === "AbortError") {
			endWith(session, {text: "stopped", good: false});
		} else if (session.abort && error.status === undefined) {
			endWith(session, {text: error.message, good: false});
		} else {
			session.abort = null;
			tell(session, null);
			showFault(form, error);
		}
	}
}

// Detached commands

async function readOutput(session, id, n) {
	const {output} = session;
	output.add("cmd", `$ [output of command ${n}]\n`);
	session.abort = new AbortController();
	const {signal} = session.abort;
	tell(session, `reading command ${n}`, "runs");
	const streams = ["stdout", "stderr"].map((kind) => ({kind, out: makeStream(output, kind), offset: 0, state: "running"}));
	const read = async (one) => {
		const reply = await request("GET", `${box(id)}/execs/${n}/output?stream=${one.kind}&offset=${one.offset}&wait=1`, undefined, signal);
		const data = new Uint8Array(await reply.arrayBuffer());
		one.out.add(data);
		one.offset = Number(reply.headers.get("Squash-Offset")) + data.length;
		one.state = data.length ? "running" : reply.headers.get("Squash-State");
	};
	try {
		while (streams.some((one) => one.state === "running"))
			for (const one of streams)
				await read(one);
		streams.forEach((one) => one.out.end());
		const {state, result} = await get(`${box(id)}/execs/${n}`);
		endWith(session, result ? verdict(result) : {text: state, good: false});
	} catch (error) {
		endWith(session, {text: error.name === "AbortError" ? "no longer read; it goes on" : error.message, good: false});
	}
}

function makeDetached(session, id) {
	const {table, body, row: makeCells} = makeTable("Commands that go on by themselves", ["No", "Command", "State", "Output", ""], 1);
	table.hidden = true;
	const end = async (one) => {
		if (await ask(`End command ${one.exec}?`, "It and all that it has started are killed. Its output stays.", "End it"))
			await remove(`${box(id)}/execs/${one.exec}`).then(refresh, (error) => tell(session, plain(error.message), "bad"));
	};
	const make = (one) => makeCells(String(one.exec), el("span", {class: "code"}, plain(one.cmd)), el("span", {class: "how"}), el("span", {class: "size"}), [
		button("Show", () => session.abort || readOutput(session, id, one.exec), {"aria-label": `Show the output of command ${one.exec}`}),
		button("End", () => end(one), {class: "danger end", "aria-label": `End command ${one.exec}`})]);
	const update = (row, one) => {
		const how = one.result && verdict(one.result);
		setText($(".how", row), how ? how.text : one.state);
		setText($(".size", row), bytes(one.stdout_bytes + one.stderr_bytes));
		$(".end", row).hidden = one.state !== "running";
	};
	const stop = follow(`${box(id)}/execs`, (list) => {
		table.hidden = !list.length;
		keyed(body, list.reverse(), (one) => one.exec, make, update);
	});
	return {table, stop};
}

// The page's part, for a sandbox that is there: what ends it.
export function showRun(part, info) {
	const {id} = info, key = `${id} ${info.created}`;
	if (!sessions.has(key))
		sessions.set(key, {output: new Output(`Output of commands in ${id}`)});
	const session = sessions.get(key);
	const form = template("run");
	const stop = form.elements.namedItem("stop"), start = form.elements.namedItem("run");
	const state = el("p", {class: "verdict", role: "status"});
	const none = empty("What a command writes is shown here as it comes.");
	const clear = button("Clear", () => { session.output.clear(); tell(session, null); }, {class: "quiet"});
	const detached = makeDetached(session, id);
	session.changed = () => {
		pause(stop, !session.abort);
		pause(start, Boolean(session.abort));
		setText(state, session.state?.text || "");
		state.className = `verdict ${session.state?.kind || ""}`;
		// A count of seconds is not worth an interruption.
		set(state, {"aria-live": session.state?.kind === "runs" ? "off" : "polite"});
		none.hidden = Boolean(session.state || session.output.length);
		session.output.pre.hidden = clear.hidden = !none.hidden;
	};
	form.addEventListener("submit", (event) => {
		event.preventDefault();
		if (!session.abort)
			run(session, id, form);
	});
	form.elements.cmd.addEventListener("keydown", (event) => {
		if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
			event.preventDefault();
			form.requestSubmit();
		}
	});
	stop.addEventListener("click", () => session.abort?.abort());
	part.append(form, el("div", {class: "result"}, state, clear), none, session.output.pre, detached.table);
	session.changed();
	return () => {
		detached.stop();
		session.changed = null;
	};
}
