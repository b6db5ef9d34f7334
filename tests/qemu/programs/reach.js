// SPDX-License-Identifier: MIT
// Inside a sandbox, by Node: as reach.py, [tool, host, port].
const dns = require("dns"), net = require("net"), tls = require("tls"), http = require("http");
const dgram = require("dgram");
const WORDS = {
	ENOTFOUND: "no name", EAI_AGAIN: "try again", ECONNRESET: "reset", EPIPE: "reset",
	ECONNREFUSED: "refused", ENETUNREACH: "unreachable", EHOSTUNREACH: "unreachable",
	EADDRNOTAVAIL: "unreachable", EINVAL: "unreachable", ERR_INVALID_ARG_VALUE: "no name",
	ERR_INVALID_CHAR: "no name", EBADNAME: "no name", ERR_INVALID_URL: "no name", EACCES: "unreachable",
};
const word = (error) => WORDS[error.code] || `${error.code} ${error.message}`;

function stream(socket, line, done) {
	let text = "";
	socket.on("data", (data) => (text += data));
	socket.on("end", () => done(text.includes("reached") ? "ok" : text ? `read ${text}` : "closed"));
	socket.on("error", (error) => done(word(error)));
	socket.write(line);
}

const TOOLS = {
	lookup: (host, port, done) => dns.lookup(host, (error) => done(error ? word(error) : "ok")),
	resolve: (host, port, done) => dns.resolve4(host, (error) => done(error ? word(error) : "ok")),
	tcp: (host, port, done) => stream(net.connect(port, host), "hello\n", done),
	tls: (host, port, done) =>
		stream(tls.connect({ port, host, servername: net.isIP(host) ? undefined : host }),
			`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`, done),
	http: (host, port, done) =>
		http.get({ host, port, agent: false }, (reply) => {
			let text = "";
			reply.on("data", (data) => (text += data));
			reply.on("end", () => done(text.includes("reached") ? "ok" : `read ${text}`));
		}).on("error", (error) => done(word(error))),
	udp: (host, port, done) => {
		const socket = dgram.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
		const end = (result) => { socket.close(); done(result); };
		socket.on("error", (error) => end(word(error)));
		socket.on("connect", () => socket.send("datagram"));
		socket.on("message", (data) => end(`read ${data}`));
		socket.connect(port, host);
	},
};

const cases = JSON.parse(require("fs").readFileSync(0, "utf8"));
Promise.all(cases.map(([tool, host, port]) => new Promise((resolve) => {
	const timer = setTimeout(() => resolve("timeout"), 25000);
	const done = (result) => { clearTimeout(timer); resolve(result); };
	try {
		TOOLS[tool](host.replaceAll("\\x00", "\0"), port, done);
	} catch (error) {
		done(word(error));
	}
}))).then((results) => { console.log(JSON.stringify(results)); process.exit(0); });
