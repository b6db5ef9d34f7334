// SPDX-License-Identifier: MIT
// What is always looked at while the page is seen: the sandboxes, and the metrics, each 2 s after the
// last answer, so that requests never pile up. A page that is hidden asks nothing.

import {get, request} from "./api.js";
import {$, setText} from "./dom.js";
import {forget, parse, remember} from "./metrics.js";

const EVERY_MS = 2000;

export const live = {sandboxes: null, metrics: null};
const watchers = new Set();
let runs = false; // somebody is signed in
let timer = 0;
let asking = null;

// call(live) now, if there is anything, and whenever it is new. The function returned ends that.
export function watch(call) {
	watchers.add(call);
	if (live.sandboxes)
		call(live);
	return () => watchers.delete(call);
}

// show(the answer of path), which is asked for whenever something is new, one question at a time. What is
// wrong is told here. The function returned ends that.
export function follow(path, show) {
	let asking = false, ended = false;
	const end = watch(async () => {
		if (asking)
			return;
		asking = true;
		const answer = await get(path).catch(() => null);
		asking = false;
		if (answer && !ended)
			show(answer);
	});
	return () => {
		ended = true;
		end();
	};
}

function tell(text) {
	$("#trouble").hidden = !text;
	setText($("#trouble"), text);
}

const getMetrics = async () => parse(await (await request("GET", "metrics")).text());

async function poll() {
	const [sandboxes, metrics] = await Promise.allSettled([get("api/sandboxes"), getMetrics()]);
	if (!runs)
		return;
	const failed = sandboxes.reason || metrics.reason;
	if (failed && failed.status !== 401)
		tell(`What is shown may be old: ${failed.message}. Trying again.`);
	else
		tell("");
	if (metrics.value) {
		live.metrics = metrics.value;
		remember(metrics.value, performance.now());
	}
	if (sandboxes.value)
		live.sandboxes = sandboxes.value;
	if (live.sandboxes)
		for (const call of [...watchers])
			if (watchers.has(call)) // one before it may have ended it
				call(live);
}

// Ask now: something was changed. Resolves when the answer is shown.
export async function refresh() {
	clearTimeout(timer);
	while (asking)
		await asking;
	if (!runs)
		return;
	asking = poll();
	await asking;
	asking = null;
	clearTimeout(timer);
	if (runs && !document.hidden)
		timer = setTimeout(refresh, EVERY_MS);
}

export function start() {
	runs = true;
	refresh();
}

export function stop() {
	runs = false;
	clearTimeout(timer);
	Object.assign(live, {sandboxes: null, metrics: null});
	forget();
	tell("");
}

document.addEventListener("visibilitychange", () => {
	clearTimeout(timer);
	if (runs && !document.hidden)
		refresh();
});
