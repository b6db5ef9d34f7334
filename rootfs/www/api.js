// SPDX-License-Identifier: MIT
// Asks the API, with the token of this tab. The token is in memory, and, so that a reload keeps it, in
// sessionStorage if its owner likes: that ends with the tab, and no other tab or origin reads it.

const BASE = "/cgi-bin/";
const KEY = "squash-token";

let token = sessionStorage.getItem(KEY) || "";
let onRefused = () => {};

export class ApiError extends Error {
	constructor(status, code, message, more) {
		super(message);
		Object.assign(this, {status, code, more});
	}
}

export function keepToken(value, remember) {
	token = value;
	if (value && remember)
		sessionStorage.setItem(KEY, value);
	else
		sessionStorage.removeItem(KEY);
}

// Called when a token is missing, wrong, or taken back.
export function whenRefused(call) {
	onRefused = call;
}

export const headers = () => (token ? {Authorization: `Bearer ${token}`} : {});

export const box = (id) => `api/sandboxes/${encodeURIComponent(id)}`;

function makeError(status, text) {
	let body = null;
	try {
		body = JSON.parse(text);
	} catch {
		// a proxy's page, or nothing
	}
	if (status === 401)
		onRefused();
	return new ApiError(status, body?.code || "", body?.error || `the answer is ${status}`, body);
}

// The reply, if it is a success; body goes as JSON.
export async function request(method, path, body, signal) {
	const options = {method, headers: headers(), signal, cache: "no-store", credentials: "omit"};
	if (body !== undefined) {
		options.headers["Content-Type"] = "application/json";
		options.body = JSON.stringify(body);
	}
	let reply;
	try {
		reply = await fetch(BASE + path, options);
	} catch (error) {
		if (error.name === "AbortError")
			throw error;
		throw new ApiError(0, "unreachable", "the appliance does not answer");
	}
	if (!reply.ok)
		throw makeError(reply.status, await reply.text());
	return reply;
}

export async function get(path, signal) {
	return (await request("GET", path, undefined, signal)).json();
}

export async function post(path, body) {
	const reply = await request("POST", path, body);
	return reply.json();
}

export const remove = (path) => request("DELETE", path);

// The lines of JSON of a reply, one by one, as they come.
export async function* lines(reply) {
	const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
	let rest = "";
	for (;;) {
		const {done, value} = await reader.read();
		if (done)
			return;
		const parts = (rest + value).split("\n");
		rest = parts.pop();
		for (const part of parts)
			if (part)
				yield JSON.parse(part);
	}
}

// Send a file, with progress(sent, total): fetch tells of none. {done: promise of the answer, stop()}.
export function upload(path, file, progress) {
	const xhr = new XMLHttpRequest();
	const done = new Promise((resolve, reject) => {
		xhr.upload.addEventListener("progress", (event) => progress(event.loaded, event.total));
		xhr.addEventListener("load", () => {
			if (xhr.status < 300)
				resolve(JSON.parse(xhr.responseText));
			else
				reject(makeError(xhr.status, xhr.responseText));
		});
		xhr.addEventListener("error", () => reject(new ApiError(0, "unreachable", "the connection has ended")));
		xhr.addEventListener("abort", () => reject(new ApiError(0, "stopped", "stopped: nothing of it is kept")));
		xhr.open("POST", BASE + path);
		for (const [name, value] of Object.entries(headers()))
			xhr.setRequestHeader(name, value);
		xhr.setRequestHeader("Content-Type", "application/octet-stream");
		xhr.send(file);
	});
	return {done, stop: () => xhr.abort()};
}
