#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""egress alone, without a machine: what a connection at port 80 or 443 may say after it was let through.
Servers are real ones, of HTTP/1.1 and of OpenSSL.

    ONLY="test_retry" tests/tap tests/egress/test_egress_streams.py"""

import contextlib
import hashlib
import os
import resource
import socket
import ssl
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import tap
from nameserver import A, Servers
from process import Egress, read_to_end
from waiting import wait_until
from webserver import BLOCK, OpenSslServer, Secure, Web, make_certificate
from world import ONE, SERVERS, TWO, Netns, connect_two, reset, run_unshared

HTTP, TLS = 80, 443
V4 = socket.AF_INET
ZONE = {f"{name}.example": [(A, address, 60)] for name, address in
        (("one", ONE), ("six", ONE), ("two", TWO), ("oth", ONE))}
ALLOWED = ("one.example", "six.example", "two.example", TWO)
PLENTY = 20_000_003


class World:
    def __init__(self, place):
        self.appliance, internet = Netns(), Netns()
        connect_two(self.appliance, internet)
        self.servers = Servers(internet, SERVERS, ZONE)
        self.web = Web(internet)
        certificate = make_certificate(place)
        self.secure = Secure(internet, ONE, certificate, "secp384r1")
        self.openssl = OpenSslServer(internet, TWO, certificate, "P-384")
        self.egress = Egress(self.appliance, [(V4, HTTP), (V4, TLS)])
        self.egress.sandbox.ip("addr", "add", TWO + "/32", "dev", "lo")  # as for one in allow_net
        self.internet, self.place = internet, place

    def begin(self, *entries):
        tap.equal("a policy is taken", self.egress.allow(*(entries or ALLOWED), servers=SERVERS), (200, b""))
        self.web.forget()
        self.secure.names.clear()

    def refusals(self):
        return self.egress.counts()[3]

    def connect(self, host="one.example", port=HTTP):
        self.refused_before = self.refusals()
        s = self.egress.connect(host, port)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return s


def request(host, target="/", *fields, body=b"", method="GET"):
    lines = [f"{method} {target} HTTP/1.1", f"Host: {host}", *fields]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + body


def chunked(*parts):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def read_reply(s):
    """The status and the body of the next reply, whose length is said."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = s.recv(1)
        if not part:
            raise ConnectionError(f"{data!r} and the end")
        data += part
    lines = data.decode("latin-1").split("\r\n")
    fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
    size, parts = int(fields.get("content-length", 0)), []
    while size > 0 and (part := s.recv(min(size, 1 << 20))):
        parts.append(part)
        size -= len(part)
    return int(lines[0].split()[1]), b"".join(parts)


def talk(s, *requests):
    """Each sent when the one before was answered: the replies' bodies."""
    bodies = []
    for data in requests:
        s.sendall(data)
        bodies.append(read_reply(s)[1].decode())
    return bodies


def is_cut(s):
    """Whether it ends by a reset, after whatever comes before that."""
    try:
        while s.recv(65536):
            pass
    except (ConnectionResetError, BrokenPipeError):
        return True
    return False


def send_quietly(s, data):
    with contextlib.suppress(ConnectionResetError, BrokenPipeError):
        s.sendall(data)


def check_refused(w, s, what, reason, **more):
    tap.check(f"{what}: it is cut", is_cut(s))
    s.close()
    tap.check("it counts as a refusal", wait_until(lambda: w.refusals() == w.refused_before + 1), w.refusals())
    line = w.egress.wait_line(event="refused", reason=reason, **more)
    tap.check("for what is wrong with it", line, w.egress.lines()[-3:])
    line = w.egress.wait_line(event="connect", end="refused", **more)
    tap.check("and an end", line, w.egress.lines()[-3:])
    return line or {}


def hosts(w):
    return [r.host for r in w.web.requests.all if hasattr(r, "host")]


# ---- HTTP ----

def test_each_request(w):
    w.begin()
    with w.connect() as s:
        tap.equal("requests on one connection, each for an allowed name",
                  talk(s, request("one.example", "/1"), request("six.example", "/2"), request("ONE.example.:80", "/3")),
                  ["one.example /1", "six.example /2", "ONE.example.:80 /3"])
        denied = request("oth.example", "/secret")
        send_quietly(s, denied)
        line = check_refused(w, s, "one for another name", "name not allowed", asked="oth.example", name="one.example")
    sent = sum(len(request(h, t)) for h, t in (("one.example", "/1"), ("six.example", "/2"), ("ONE.example.:80", "/3")))
    tap.equal("of which nothing has gone on", line.get("sent"), sent)
    tap.equal("nor has the server seen it", hosts(w), ["one.example", "six.example", "ONE.example.:80"])
    tap.equal("its end is the reset", w.web.ends.wait(lambda ends: ends == ["reset"]) and w.web.ends.all, ["reset"])
    for what, second in (("without Host", b"GET / HTTP/1.1\r\n\r\n"),
                         ("with an address for a Host", request(ONE))):
        with w.connect() as s:
            talk(s, request("one.example"))
            send_quietly(s, second)
            reason = "name not allowed" if b"93" in second else "no server name"
            check_refused(w, s, f"one {what}", reason)
    with w.connect(TWO) as s:
        tap.equal("to an address, by itself, by an allowed name, by none",
                  talk(s, request(TWO), request("two.example"), b"GET / HTTP/1.1\r\n\r\n"),
                  [TWO + " /", "two.example /", "None /"])
        send_quietly(s, request(ONE))
        check_refused(w, s, "by another address", "name not allowed", name=None)


def test_pipelines(w):
    w.begin()
    with w.connect() as s:
        s.sendall(b"".join(request("one.example", f"/{i}") for i in range(500)))
        bodies = [read_reply(s)[1].decode() for _ in range(500)]
        tap.equal("500 at once", bodies, [f"one.example /{i}" for i in range(500)])
    w.begin()
    with w.connect() as s:
        send_quietly(s, request("one.example", "/good") + request("oth.example", "/secret") + request("one.example"))
        check_refused(w, s, "a denied one among them", "name not allowed", asked="oth.example")
    tap.check("hasn't been seen", "oth.example" not in hosts(w) and len(hosts(w)) <= 1, hosts(w))


def test_bytes_apart(w):
    """The same, whatever segments they come in."""
    w.begin()
    posted = request("one.example", "/p", "Transfer-Encoding: chunked", method="POST") + chunked(b"hello", b"world")
    data = request("one.example") + posted + request("one.example", "/b", body=b"GET /", method="PUT")
    with w.connect() as s:
        for byte in data:
            s.send(bytes([byte]))
        tap.equal("byte by byte", [read_reply(s)[0] for _ in range(3)], [200] * 3)
        tap.equal("the bodies are whole", [r.body for r in w.web.requests.all], [b"", b"helloworld", b"GET /"])
        for byte in request("oth.example"):
            send_quietly(s, bytes([byte]))
        check_refused(w, s, "a denied one", "name not allowed", asked="oth.example")


def test_bodies(w):
    w.begin()
    inner = request("oth.example", "/inner")
    with w.connect() as s:
        tap.equal("a request in a body is a body", talk(
            s, request("one.example", "/1", body=inner, method="POST"),
            request("one.example", "/2", "Transfer-Encoding: chunked", method="POST") + chunked(inner, inner),
            request("one.example", "/3")), ["one.example /1", "one.example /2", "one.example /3"])
        tap.equal("as the server sees it", [r.body for r in w.web.requests.all], [inner, inner * 2, b""])
    with w.connect() as s:
        part = BLOCK * 16
        whole = (part * (PLENTY // len(part) + 1))[:PLENTY]
        s.sendall(request("one.example", "/large", "Expect: 100-continue", f"Content-Length: {PLENTY}", method="PUT"))
        tap.equal("100 Continue", read_reply(s), (100, b""))
        s.sendall(whole)
        tap.equal("a large one is answered", read_reply(s)[0], 200)
        tap.equal("and whole", w.web.requests.all[-1].body, hashlib.sha256(whole).hexdigest())
        s.sendall(request("one.example", "/chunks", "Transfer-Encoding: chunked", method="PUT"))
        pieces = [whole[at:at + 99_991] for at in range(0, PLENTY // 4, 99_991)]
        s.sendall(chunked(*pieces))
        tap.equal("one in chunks, too", read_reply(s)[0], 200)
        tap.check("whole", w.web.requests.all[-1].body == b"".join(pieces))
        s.sendall(request("one.example", f"/bytes/{PLENTY}"))
        reply = read_reply(s)[1]
        tap.check("a large answer", len(reply) == PLENTY and reply[:1000] == whole[:1000])
        tap.equal("and a request behind it", talk(s, request("one.example", "/last")), ["one.example /last"])


AMBIGUOUS = {
    "both lengths": ("Content-Length: {n}", "Transfer-Encoding: chunked"),
    "two lengths": ("Content-Length: 0", "Content-Length: {n}"),
    "a sign": ("Content-Length: +{n}",),
    "a list": ("Content-Length: {n}, {n}",),
    "another coding": ("Transfer-Encoding: xchunked",),
    "a blank before the colon": ("Transfer-Encoding : chunked",),
    "a folded line": ("X: y", " Transfer-Encoding: chunked"),
    "a bare LF": ("X: y\nTransfer-Encoding: chunked",),
    "a bare CR": ("X: y\rTransfer-Encoding: chunked",),
    "a proxy's option": ("Content-Length: {n}", "Connection: Content-Length"),
}


def test_ambiguous(w):
    """Requests that hide another one from some servers."""
    w.begin()
    inner = request("oth.example", "/hidden")
    for what, fields in AMBIGUOUS.items():
        head = [field.format(n=len(inner) + 5) for field in fields]
        with w.connect() as s:
            talk(s, request("one.example"))
            send_quietly(s, request("one.example", "/outer", *head, method="POST") + b"0\r\n\r\n" + inner)
            check_refused(w, s, what, "malformed request")
    for what, body in {"a chunk's extension": b"0;\r\n\r\n", "LF behind its size": b"0\n\r\n",
                       "LF behind its data": b"1\r\nx\n0\r\n\r\n", "a sign of it": b"-0\r\n\r\n"}.items():
        with w.connect() as s:
            talk(s, request("one.example"))
            send_quietly(s, request("one.example", "/outer", "Transfer-Encoding: chunked", method="POST") + body + inner)
            check_refused(w, s, what, "malformed request")
    with w.connect() as s:
        talk(s, request("one.example"))
        send_quietly(s, request("one.example", "/outer", body=inner))
        check_refused(w, s, "a body of GET", "malformed request")
    tap.equal("none was seen", {(r.host, r.target) for r in w.web.requests.all}, {("one.example", "/")})


def test_other_protocols(w):
    w.begin()
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"
    tap.equal("HTTP/2 by prior knowledge", w.egress.talk("one.example", HTTP, preface), "reset")
    tap.check("is a refusal", w.egress.wait_line(event="refused", reason="protocol not allowed"))
    for what, second in (("HTTP/2", preface),
                         ("CONNECT", b"CONNECT oth.example:443 HTTP/1.1\r\nHost: oth.example:443\r\n\r\n"),
                         ("a late WebSocket", request("one.example", "/switch", "Upgrade: websocket"))):
        with w.connect() as s:
            talk(s, request("one.example"))
            send_quietly(s, second)
            check_refused(w, s, f"{what} behind a request", "protocol not allowed")
    with w.connect() as s:
        talk(s, request("one.example"))
        send_quietly(s, b"\x16\3\1\0\5")
        check_refused(w, s, "TLS behind a request", "malformed request")


def test_upgrade(w):
    w.begin()
    denied = request("oth.example", "/frames")
    for target in ("/switch", "/early/switch"):
        with w.connect() as s:
            s.sendall(request("one.example", target, "Upgrade: websocket", "Connection: Upgrade"))
            if target == "/early/switch":
                tap.equal("early hints come through", read_reply(s)[0], 103)
            tap.equal(f"{target}: a WebSocket", read_reply(s)[0], 101)
            s.sendall(denied)
            tap.equal("what goes by it is its own", s.recv(len(denied), socket.MSG_WAITALL), denied)
            s.shutdown(socket.SHUT_WR)
            tap.equal("to the end", read_to_end(s), b"")
        tap.check("which is one", w.egress.wait_line(event="connect", end="closed", sent=len(
            request("one.example", target, "Upgrade: websocket", "Connection: Upgrade") + denied)))
    with w.connect() as s:
        upgrade = request("one.example", "/no", "Upgrade: websocket")
        tap.equal("one that isn't answered so", talk(s, upgrade, request("six.example")),
                  ["one.example /no", "six.example /"])
        send_quietly(s, denied)
        check_refused(w, s, "is followed by requests", "name not allowed", asked="oth.example")
    for name in ("h2c", "websocket, h2c", "TLS/1.0"):
        with w.connect() as s:
            send_quietly(s, request("one.example", "/switch", f"Upgrade: {name}") + denied)
            check_refused(w, s, f"{name} that is agreed on", "protocol not allowed")
        with w.connect() as s:
            tap.equal("and if not, it is HTTP", talk(
                s, request("one.example", "/no", f"Upgrade: {name}"), request("one.example", "/2")),
                ["one.example /no", "one.example /2"])
    with w.connect() as s:
        h2c = request("one.example", "/no", "Upgrade: h2c")
        tap.equal("with each request, as some clients have it", talk(s, h2c, h2c), ["one.example /no"] * 2)
        s.sendall(request("one.example", "/switch", "Upgrade: h2c"))
        tap.equal("late", read_reply(s)[0], 101)
        send_quietly(s, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        check_refused(w, s, "it leads to no HTTP/2", "protocol not allowed")
    tap.check("nothing behind them was seen", "oth.example" not in hosts(w), w.web.requests.all)


def test_upgrade_waits(w):
    w.begin()
    asked = request("one.example", "/held/switch", "Upgrade: h2c")
    with w.connect() as s:
        s.sendall(asked + request("oth.example"))
        tap.check("before the answer nothing follows", w.web.requests.wait(lambda all: len(all) == 1))
        w.web.may_answer.set()
        check_refused(w, s, "with it it is cut", "protocol not allowed")
    w.begin()
    s = w.connect()
    s.sendall(request("one.example", "/held", "Upgrade: websocket") + request("one.example"))
    w.web.requests.wait(lambda all: len(all) == 1)
    reset(s)
    tap.check("who doesn't wait for it is gone", w.egress.wait_line(event="connect", end="reset"))
    w.web.may_answer.set()
    tap.check("on the other side, too", w.web.ends.wait(lambda ends: ends))
    w.begin()
    with w.connect() as s:
        s.sendall(request("one.example", "/held", "Upgrade: websocket"))
        s.shutdown(socket.SHUT_WR)
        w.web.requests.wait(lambda all: len(all) == 1)
        w.web.may_answer.set()
        tap.equal("who has ended its side gets it", read_reply(s)[0], 200)
        tap.equal("and the end", s.recv(1), b"")


def test_ends(w):
    w.begin()
    with w.connect() as s:
        s.sendall(request("one.example", "/1") + request("one.example", "/2"))
        s.shutdown(socket.SHUT_WR)
        tap.equal("half a connection is answered", [read_reply(s)[1] for _ in range(2)],
                  [b"one.example /1", b"one.example /2"])
        tap.equal("and ended", s.recv(1), b"")
    tap.equal("by the server's end", w.web.ends.wait(lambda ends: ends) and w.web.ends.all, ["end"])
    with w.connect() as s:
        talk(s, request("one.example"))
        s.sendall(request("one.example")[:-2])
        s.shutdown(socket.SHUT_WR)
        check_refused(w, s, "in the midst of a head", "cut short")
    w.begin()
    with w.connect() as s:
        s.sendall(request("one.example", "/b", "Content-Length: 5", method="PUT") + b"he")
        s.shutdown(socket.SHUT_WR)
        tap.equal("in the midst of a body it is the server's matter", read_reply(s)[0], 200)
        tap.equal("which has what there is of it", w.web.requests.all[-1].body, b"he")
    with w.connect() as s:
        tap.equal("a server that ends", talk(s, request("one.example", "/close")), ["one.example /close"])
        tap.equal("ends it", s.recv(1), b"")
    w.begin()
    s = w.connect()
    talk(s, request("one.example"))
    reset(s)
    tap.equal("a reset is one there", w.web.ends.wait(lambda ends: ends) and w.web.ends.all, ["reset"])
    w.begin()
    with w.connect() as s:
        talk(s, request("six.example"))
        w.egress.allow("one.example", servers=SERVERS)
        tap.check("a name that isn't allowed any more is cut", is_cut(s))
    tap.check("and so is its line", w.egress.wait_line(event="connect", asked="six.example", end="cut"))


def test_list_changes(w):
    """Each name that a connection has asked for is judged, whichever of them is answered meanwhile."""
    for before, after in ((["six"], ["one"]), (["one", "six"], ["one", "oth", "one"])):
        w.begin("one.example", "six.example", "oth.example")
        with w.connect() as s:
            bodies = talk(s, *(request(name + ".example") for name in before[:-1]))
            tap.equal("requests that are answered", len(bodies), len(before) - 1)
            asked = request(before[-1] + ".example", "/held") + b"".join(request(n + ".example") for n in after)
            sent = w.egress.counts()[0]
            s.sendall(asked)
            tap.check("and others that aren't", wait_until(lambda: w.egress.counts()[0] == sent + len(asked)))
            w.egress.allow("one.example", "oth.example", servers=SERVERS)
            w.web.may_answer.set()
            tap.check(f"{before} and {after}: it is cut for a name before the last", is_cut(s))
        line = w.egress.wait_line(event="connect", asked="six.example", end="cut")
        tap.check("its line says for which", line and line["number"] == w.egress.lines()[-1]["number"], line)


def test_list_changes_many(w):
    """Of more names than it remembers, any may be one that isn't allowed any more."""
    names = [f"n{i}.many.example" for i in range(5)]
    for count in (4, 5):
        w.begin("one.example", "*.many.example")
        with w.connect() as s:
            talk(s, *(request(name) for name in names[:count] * 2))
            w.egress.allow("one.example", "*.many.example", "two.example", servers=SERVERS)
            if count == 4:
                tap.equal("four names that stay allowed stay", talk(s, request(names[0])), [names[0] + " /"])
            else:
                tap.check("five are cut, whatever changes", is_cut(s))
    tap.check("which is a line", w.egress.wait_line(event="connect", asked=names[-1], end="cut"))


# ---- TLS ----

class Client:
    """A TLS client that says what it sends. It guesses a group that the server hasn't."""

    def __init__(self, name):
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname=name)

    def step(self, data=b""):
        """What it says to data."""
        self.incoming.write(data)
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.do_handshake()
        return self.outgoing.read()


def read_record(s):
    head = s.recv(5, socket.MSG_WAITALL)
    return head + s.recv(int.from_bytes(head[3:], "big"), socket.MSG_WAITALL)


def second_hello(s, first="one.example", between=b""):
    """Say hello and what may lie between. Returns the second one, which the server has asked for."""
    client = Client(first)
    s.sendall(client.step() + between)
    return client.step(read_record(s))


CHANGE = b"\x14\3\3\0\1\1"  # change_cipher_spec, which OpenSSL passes over


def cut_record(record):
    """The same content in two records."""
    head, content = record[:3], record[5:]
    return b"".join(head + len(part).to_bytes(2, "big") + part for part in (content[:7], content[7:]))


def test_hello_retry(w):
    w.begin()
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with w.connect(port=TLS) as s, context.wrap_socket(s, server_hostname="one.example") as tls:
        tls.sendall(b"hello")
        tap.equal("a second ClientHello with the same name", tls.recv(100), b"hello")
        tap.equal("of TLS 1.3", tls.version(), "TLSv1.3")
    tap.equal("there were two", w.secure.names.all, ["one.example"] * 2)
    w.begin()
    with w.internet.inside():
        direct = socket.create_connection((ONE, TLS), 10)
    with direct:
        direct.sendall(second_hello(direct).replace(b"one.example", b"oth.example"))
        w.secure.names.wait(lambda names: len(names) == 2)
    tap.equal("OpenSSL takes the second's name", w.secure.names.all, ["one.example", "oth.example"])
    for what, old, new in (("another name", b"one.example", b"oth.example"),
                           ("another allowed one", b"one.example", b"six.example"),
                           ("none", b"\0\0\0\x10\0\x0e\0\0\x0bone.example", b"\xfa\xfa\0\x10\0\x0e\0\0\x0bone.example")):
        for between in (b"", CHANGE * 3):
            w.begin()
            with w.connect(port=TLS) as s:
                second = second_hello(s, between=between)
                tap.check("what is made has it", old in second)
                send_quietly(s, second.replace(old, new))
                check_refused(w, s, f"with {what}, {len(between)} bytes between", "another server name")
            tap.equal("the server has seen the first alone", w.secure.names.all, ["one.example"])
    for what in ("in two records", "byte by byte"):
        w.begin()
        with w.connect(port=TLS) as s:
            second = second_hello(s).replace(b"one.example", b"oth.example")
            tap.equal("behind a change_cipher_spec", second[:6], CHANGE)
            if what == "in two records":
                send_quietly(s, cut_record(second[6:]))
            else:
                for byte in second:
                    send_quietly(s, bytes([byte]))
            check_refused(w, s, f"with another, {what}", "another server name")
        tap.equal("the server has seen the first alone", w.secure.names.all, ["one.example"])


def test_hello_early(w):
    """A second ClientHello before the server has asked for one; and a third."""
    w.begin()
    with w.connect(port=TLS) as s:
        first = Client("one.example").step()
        send_quietly(s, first + first.replace(b"one.example", b"oth.example"))
        check_refused(w, s, "a second one at once", "another server name")
    tap.equal("the server has seen the first alone", w.secure.names.all, ["one.example"])
    w.begin()
    with w.connect(port=TLS) as s:
        second = second_hello(s)
        s.sendall(second + second.replace(b"one.example", b"oth.example"))
        read_to_end_or_reset(s)
    tap.equal("a third one is none", w.secure.names.all, ["one.example"] * 2)
    w.begin()
    with w.connect(port=TLS) as s:
        second_hello(s)
        send_quietly(s, b"GET / HTTP/1.1\r\nHost: oth.example\r\n\r\n")
        check_refused(w, s, "another protocol", "malformed handshake")
    w.begin()
    with w.connect(port=TLS) as s:
        s.sendall(second_hello(s)[:50])
        s.shutdown(socket.SHUT_WR)
        check_refused(w, s, "a part of one", "cut short")


def read_to_end_or_reset(s):
    with contextlib.suppress(ConnectionResetError):
        read_to_end(s)


def s_client(w, host, has_come, *words):
    """openssl s_client in the sandbox, which types a line, and ends when the condition holds: what it prints."""
    address = w.egress.ask(host).address
    command = ["openssl", "s_client", "-connect", f"{address}:443", "-servername", host, "-tls1_3", *words]
    with w.egress.sandbox.inside():
        p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    with p:
        p.stdin.write(b"typed\n")
        p.stdin.flush()
        wait_until(has_come)
        return p.communicate()[0].decode("latin-1")


def test_early_data(w):
    w.begin()
    early, session = Path(w.place, "early"), Path(w.place, "session")
    early.write_text("said early\n")
    lines = w.openssl.lines
    out = s_client(w, "two.example", lambda: session.exists() and "END SSL" in session.read_text(),
                   "-sess_out", session, "-groups", "P-384")
    tap.check("a session", session.exists(), out)
    for groups, is_taken in (("P-384", True), ("X448:P-384", False)):  # the first is what is guessed
        lines.clear()
        out = s_client(w, "two.example", lambda: "typed" in lines.all, "-sess_in", session, "-groups", groups,
                       "-early_data", early)
        word = "accepted" if is_taken else "rejected"
        tap.check(f"0-RTT for {groups} is {word}", f"Early data was {word}" in out, out)
        tap.equal("and seen, if it is", "said early" in lines.all, is_taken)
        tap.check("the handshake goes on", "typed" in lines.all, lines.all)
        tap.check("with the name", any("two.example" in line for line in lines.all), lines.all)
    tap.check("it is closed as others", w.egress.wait_line(event="connect", name="two.example", end="closed"))


def test_still_there(w):
    tap.equal("it has not ended", w.egress.has_ended(), None)
    tap.equal("nor complained", w.egress.console(), "")
    tap.check("and holds nothing that is over", wait_until(lambda: w.egress.descriptors() < 25, 15),
              w.egress.descriptors())


TESTS = [test_each_request, test_pipelines, test_bytes_apart, test_bodies, test_ambiguous, test_other_protocols,
         test_upgrade, test_upgrade_waits, test_ends, test_list_changes, test_list_changes_many,
         test_hello_retry, test_hello_early, test_early_data, test_still_there]


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    only = os.environ.get("ONLY", "").split()
    with tempfile.TemporaryDirectory() as place:
        w = World(place)
        try:
            tap.each(w, *(t for t in TESTS if t.__name__ in only or not only))
        finally:
            w.openssl.end()
            with contextlib.suppress(OSError):
                w.egress.end()


if __name__ == "__main__":
    run_unshared()
    tap.run(main)
