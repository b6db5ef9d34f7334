#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies in chunks, on this host: what reaches httpd of them, and when; by clients that people have.
Those that are none are in ambiguous.py."""

import hashlib
import http.client
import json
import os
import random
import socket
import subprocess
import sys

sys.dont_write_bytecode = True

import tap
from waiting import wait_until
from client import API, CHUNKED, LIMITS, Client, Runs, Swarm, ask, children, chunks, encode
from process import Front, run_unshared

MIB = 1 << 20
ECHO = API + b"?body=echo"


def post(body, target=ECHO, fields=(), method=b"POST"):
    """body: as it is sent."""
    return encode(method, target, fields=[CHUNKED, *fields]) + body


def described(reply):
    """What the program says that it was given."""
    return dict(line.partition("=")[::2] for line in reply.body.decode().splitlines())


def test_sizes(front):
    rng = random.Random(1)
    wrong = []
    with Client(front) as c:
        for size in (0, 1, 2, 15000, 16000, 16200, 16300, 16383, 16384, 16385, 65536, MIB):
            body = rng.randbytes(size)
            for split in (1, 7, 4000, 65536, MIB, lambda: rng.choice((1, 2, 10, 1000, 20000))):
                if size > 65536 and split in (1, 7):
                    continue
                c.send(post(chunks(body, split)))
                r = c.read_reply()
                if r.body != body or "connection" in r.fields:
                    wrong.append((size, split, r))
        tap.equal("bodies of 0 bytes to 1 MB, in chunks of all sizes, come back, on one connection", wrong, [])
        body = rng.randbytes(20 * MIB)
        c.send(post(chunks(body, 100000), API))
        said = described(c.read_reply())
        tap.equal("20 MB arrive", (said.get("BODY"), said.get("SHA256")),
                  (str(len(body)), hashlib.sha256(body).hexdigest()))
        tap.equal("and the connection stays", c.ask().status, 200)


def test_pieces(front):
    """The bytes come one by one, or in the worst pieces."""
    body = bytes(range(256)) * 4
    with Client(front) as c:
        for byte in post(chunks(body, 100, b"0;last\r\nTrailer: x\r\n\r\n")):
            c.send(bytes([byte]))
        tap.equal("a short one byte by byte", c.read_reply().body, body)
        body = os.urandom(100000)
        data = post(chunks(body, 50))
        for at in range(0, len(data), 997):
            c.send(data[at:at + 997])
        tap.check("a long one in pieces of 997 bytes", c.read_reply().body == body)


def test_pipelining(front):
    rng = random.Random(2)
    bodies = [rng.randbytes(size) for size in (5, 0, 30000, 1, 16380, 200000, 3)]
    data = b"".join(post(chunks(body, 5000, b"0\r\nA: b\r\n\r\n")) for body in bodies)
    with Client(front, seconds=30) as c:
        c.send(data + encode(target=API + b"?size=3"))
        got = [c.read_reply() for _ in bodies]
        tap.check("seven in a row have their replies in order", [r.body for r in got] == bodies, got)
        tap.equal("and so has what follows", c.read_reply().body, b"xxx")
    inner = encode(target=API + b"?smuggled")
    runs = Runs(front)
    with Client(front) as c:
        c.send(post(chunks(inner, 10)) + post(chunks(inner * 400, len(inner))))
        tap.equal("a request in a body is the body", (c.read_reply().body, c.read_reply().body), (inner, inner * 400))
    tap.check("and isn't run", not any("smuggled" in line for line in runs.new()))


def test_as_httpd_sees_it(front):
    fields = [b"Content-Type: a/b", b"Squash-Frames: 1", b"Trailer: X"]
    with Client(front) as c:
        c.send(post(chunks(b"x" * 1000, 10, b"0\r\nX: y\r\n\r\n"), API, fields))
        said = described(c.read_reply())
        tap.equal("a short one has a length", (said["BODY"], said["CONTENT_LENGTH"], said["CONTENT_TYPE"]),
                  ("1000", "1000", "a/b"))
        tap.check("and nothing else of the chunks", not {"HTTP_SQUASH_FRAMES", "HTTP_X", "HTTP_TRAILER",
                                                         "HTTP_TRANSFER_ENCODING"} & set(said), said)
        c.send(post(chunks(b"x" * 100000, 1000), API, fields))
        said = described(c.read_reply())
        tap.equal("a long one comes in frames, up to what httpd passes on",
                  (said["BODY"], said["CONTENT_LENGTH"], said["HTTP_SQUASH_FRAMES"]), ("100000", "2147483647", "1"))
        for method in (b"PUT", b"PATCH"):
            for size in (1000, 100000):
                c.send(post(chunks(b"x" * size, 1000), API, method=method))
                said = described(c.read_reply())
                tap.equal(f"one of {method.decode()} arrives", (said["BODY"], said["REQUEST_METHOD"]),
                          (str(size), method.decode()))
        for method in (b"GET", b"HEAD", b"DELETE"):
            c.send(post(chunks(b"x" * 1000, 100), API, method=method))
            r = c.read_reply(method)
            tap.check(f"one of {method.decode()} is dropped, and the connection stays", r.status == 200
                      and "connection" not in r.fields and (method == b"HEAD" or b"BODY=0\n" in r.body), r)
        c.send(post(chunks(b"x" * 100000, 1000), API, method=b"DELETE"))
        r = c.read_reply()
        tap.check("a long one ends it", b"BODY=0\n" in r.body and r.fields["connection"] == "close", r)


# ---- before the body is taken ----

def test_refused(front):
    runs = Runs(front)
    with Client(front) as c:
        c.send(post(b"", API + b"?ask=403", [b"Expect: 100-continue", b"Authorization: Bearer t"]))
        r = c.read_reply()
        said = described(r)
        tap.check("who may not do it is told so in place of 100", r.status == 403 and c.has_ended(), r)
        tap.equal("httpd was asked about a body in frames", (said["HTTP_AUTHORIZATION"], said["HTTP_SQUASH_FRAMES"],
                  said.get("CONTENT_LENGTH")), ("Bearer t", "1", None))
    with Client(front) as c:
        c.send(post(chunks(b"x" * 20000, 1000, b""), API + b"?ask=404"))
        r = c.read_reply()
        tap.check("and so is who sends more than a head's room, before the rest has come",
                  r.status == 404 and r.fields["connection"] == "close", r)
    tap.equal("nothing is run for them", runs.new(), [
        "AUTHORISE POST /cgi-bin/api/x?ask=403", "AUTHORISE POST /cgi-bin/api/x?ask=404"])


def test_continue(front):
    runs = Runs(front)
    for size in (3, 100000):
        body = os.urandom(size)
        with Client(front) as c:
            c.send(post(b"", fields=[b"Expect: 100-continue"]))
            first = c.read_reply()
            tap.equal("who may do it is told to go on", first.status, 100)
            c.send(chunks(body, 999))
            tap.check(f"and {size} bytes arrive", c.read_reply().body == body)
            tap.equal("and the connection stays", c.ask().status, 200)
    tap.equal("each was asked about first", [line for line in runs.new() if "echo" in line], [
        "AUTHORISE POST /cgi-bin/api/x?body=echo", "POST /cgi-bin/api/x?body=echo"] * 2)
    with Client(front) as c:
        c.send(post(chunks(b"abc", 1), fields=[b"Expect: 100-continue"]))
        tap.equal("none where it is there", c.read_reply().body, b"abc")
        c.send(post(b"", API, [b"Expect: 100-continue"], b"GET"))
        tap.equal("a body that is dropped is waited for, too", c.read_reply().status, 100)
        c.send(chunks(b"abc", 1))
        tap.equal("and dropped", c.read_reply().status, 200)


# ---- ends ----

def is_cut_off(runs):
    seen = []
    return wait_until(lambda: seen.extend(runs.new()) or any(line.startswith("CUT OFF") for line in seen), 5)


def test_cut_off(front):
    """What is behind httpd must see that it isn't whole."""
    begun = post(chunks(b"x" * 50000, 1000, b""), API)
    for name, end in (("in a chunk", b"64\r\nabc"), ("between chunks", b""), ("before the last line", b"0\r\n"),
                      ("in the trailers", b"0\r\nA: b\r\n")):
        runs = Runs(front)
        with Client(front) as c:
            c.send(begun + end)
            wait_until(lambda: children(front.httpd_pid) == 1, 5)
            c.s.shutdown(socket.SHUT_WR)
            tap.check(f"a client that goes away {name} leaves a body that is cut off", is_cut_off(runs))
    for name, end, status in (("a bad chunk", b"xyz\r\n", 400), ("a long chunk", b"3\r\nabcd\r\n", 400),
                              ("too many bytes", b"7fffffff\r\n", 413),
                              ("long extensions", b"1;" + b"a" * 5000 + b"\r\n", 400),
                              ("long trailers", b"0\r\nA: " + b"b" * 5000, 431)):
        runs = Runs(front)
        with Client(front) as c:
            c.send(begun)
            wait_until(lambda: children(front.httpd_pid) == 1, 5)
            c.send(end)
            r = c.read_reply()
            tap.check(f"{name} in a long body: {status}, and it is cut off", r.status == status and c.has_ended()
                      and is_cut_off(runs), r)
    with Client(front) as c:
        c.send(post(chunks(b"x" * 50000, 1000, b""), API + b"?body=none&status=409"))
        r = c.read_reply()
        tap.check("a reply before the body's end comes, and ends the connection",
                  r.status == 409 and r.fields["connection"] == "close", r)


def test_places(front):
    """They count as other long bodies do."""
    uploads = LIMITS["UPLOADS"]
    runs, seen, swarm = Runs(front), [], Swarm(front)
    for n in range(uploads + 10):
        swarm.open(f"127.9.0.{1 + n}", post(chunks(b"x" * 30000, 1000, b""), API))
    count = uploads + 10
    wait_until(lambda: seen.extend(runs.new()) or len(seen) >= count + uploads, 10)
    wait_until(lambda: children(front.httpd_pid) == uploads, 5)
    tap.equal("no more have a place than there are", sum(line.startswith("POST") for line in seen), uploads)
    swarm.close(by_reset=True)
    tap.check("these places come back", wait_until(lambda: children(front.httpd_pid) == 0, 10))


# ---- clients that people have ----

def test_curl(front):
    url = f"http://127.0.0.1:{front.http}{ECHO.decode()}"
    for size in (10, 3 * MIB // 4):
        body = os.urandom(size)
        for words in (["-T", "-"], ["-X", "POST", "-T", "-"],
                      ["-H", "Transfer-Encoding: chunked", "--data-binary", "@-"]):
            done = subprocess.run(["curl", "-sS", "--max-time", "20", *words, url], input=body, capture_output=True)
            tap.check(f"curl {' '.join(words)}, {size} bytes", done.stdout == body, done.stderr)


def test_python(front):
    c = http.client.HTTPConnection("127.0.0.1", front.http, timeout=20)
    for parts in ([b"abc", b"de"], [os.urandom(10000) for _ in range(50)]):
        for method in ("POST", "PUT"):
            c.request(method, ECHO.decode(), body=iter(parts))
            tap.check("Python's http.client with an iterator, on one connection",
                      c.getresponse().read() == b"".join(parts))
    c.close()


NODE = """
const [url, count] = process.argv.slice(1);
async function* body() { for (let n = 0; n < count; n++) yield new Uint8Array(1000).fill(n); }
const send = async () => {
  const reply = await fetch(url, {method: "POST", body: ReadableStream.from ? ReadableStream.from(body()) : body(),
                                  duplex: "half"});
  return [reply.status, Buffer.from(await reply.arrayBuffer()).toString("hex")];
};
send().then(async first => console.log(JSON.stringify([first, await send()])));
"""


def test_node(front):
    url = f"http://127.0.0.1:{front.http}{ECHO.decode()}"
    for count in (3, 500):
        body = b"".join(bytes([n % 256]) * 1000 for n in range(count))
        done = subprocess.run(["node", "-e", NODE, url, str(count)], capture_output=True, timeout=60)
        tap.check(f"Node's fetch with a stream of {count} KB, twice", done.returncode == 0
                  and json.loads(done.stdout) == [[200, body.hex()]] * 2, done.stderr)


TESTS = (test_sizes, test_pieces, test_pipelining, test_as_httpd_sees_it, test_refused, test_continue,
         test_cut_off, test_places, test_curl, test_python, test_node)


def main():
    front = Front()
    try:
        front.wait_up()
        tap.equal("front is up", ask(front).status, 200)
        for test in TESTS:
            tap.each(front, test)
        tap.equal("front has nothing to say", front.console(), "")
    finally:
        front.end()


if __name__ == "__main__":
    run_unshared()
    tap.run(main)
