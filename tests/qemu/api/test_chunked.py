#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Bodies in chunks on the booted image, by the clients that people have: JSON, files, archives,
modules; and what is said about any body, and any method. What front does with chunks is shown
without a machine by tests/front/test_chunked.py; an update in chunks, by test_update.py."""

import email.utils
import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pool
import squashd
import tap
from api import BUSYBOX, SANDBOXES, create, destroy, output
from machine import Reply, make_module
from modules import MODULES, files
from tap import check, equal
from waiting import wait_until

BOX = f"{SANDBOXES}/chunks"
CHUNKED = "Transfer-Encoding: chunked"


def digest(data):
    return hashlib.sha256(data).hexdigest()


def curl(m, path, stdin, *words, token=pool.SECRET):
    """POST what comes on standard input, of which curl doesn't know how much it is."""
    command = ["curl", "-sS", "-i", "--max-time", "60", "-X", "POST", "-T", "-", *words]
    command += ["-H", f"Authorization: Bearer {token}", f"http://127.0.0.1:{m.port}/cgi-bin/{path}"]
    if isinstance(stdin, bytes):
        return Reply(subprocess.run(command, input=stdin, capture_output=True, check=True).stdout)
    return Reply(subprocess.run(command, stdin=stdin, capture_output=True, check=True).stdout)


class Raw:
    """A connection by hand."""

    def __init__(self, m, token=pool.SECRET):
        self.token = token
        self.socket = socket.create_connection(("127.0.0.1", m.port), 30)
        self.stream = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()
        self.socket.close()

    def send(self, method, path, *fields, body=b""):
        lines = [f"{method} /cgi-bin/{path} HTTP/1.1", "Host: test", f"Authorization: Bearer {self.token}", *fields]
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode() + body)

    def read(self, with_body=True):
        """(status, header fields, body)."""
        status = int(self.stream.readline().split()[1])
        fields = {}
        while line := self.stream.readline().strip():
            name, _, value = line.decode().partition(":")
            fields[name.lower()] = value.strip()
        return status, fields, self.stream.read(int(fields.get("content-length", 0))) if with_body else b""

    def has_ended(self):
        return self.stream.read() == b""


def chunks(*parts, end=b"0\r\n\r\n"):
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + end


def outcome(reply):
    return reply.status, (reply.json or {}).get("code")


# ---- uploads ----

def test_tar(m):
    """As people send a tree."""
    with tempfile.TemporaryDirectory() as top:
        for n in range(30):
            (Path(top) / f"d{n % 3}").mkdir(exist_ok=True)
            (Path(top) / f"d{n % 3}/{n}").write_bytes(os.urandom(n * 20000))
        sums = subprocess.run("find . -type f | sort | xargs sha256sum", shell=True, cwd=top, capture_output=True)
        for words in ((), ("-H", "Expect:")):
            with subprocess.Popen(["tar", "-c", "-C", top, "."], stdout=subprocess.PIPE) as tar:
                reply = curl(m, f"{BOX}/tar?path=/tree", tar.stdout, *words)
            equal(f"tar -c | curl -T - {' '.join(words)}", (reply.status, reply.json),
                  (200, {"files": 34, "bytes": sum(n * 20000 for n in range(30))}))
            got = output(m, "chunks", "cd /tree && find . -type f | sort | xargs sha256sum && rm -r /tree")
            equal("all of it is there", got.split(), sums.stdout.decode().split())
    with subprocess.Popen(["tar", "-c", "-C", "/etc", "hostname"], stdout=subprocess.PIPE) as tar:
        equal("a small one", curl(m, f"{BOX}/tar?path=/tree", tar.stdout).json["files"], 1)
    whole = subprocess.run(["tar", "-c", "-C", "/", "etc/passwd"], capture_output=True, check=True).stdout
    entry = 512 + (os.path.getsize("/etc/passwd") + 511) // 512 * 512
    equal("one that has no end", outcome(curl(m, f"{BOX}/tar?path=/tree", whole[:entry] * 20)), (400, "bad_tar"))
    equal("one of no bytes", outcome(curl(m, f"{BOX}/tar?path=/tree", b"")), (400, "bad_tar"))


def test_files(m):
    for size in (0, 1, 5000, 16384, 100000, 20_000_000):
        body = os.urandom(size)
        for words in ((), ("-H", "Expect:")):
            reply = curl(m, f"{BOX}/files?path=/f&mode=0640", body, *words)
            equal(f"a file of {size} bytes {words}", (reply.status, reply.json),
                  (201, {"path": "/f", "size": size, "mode": "0640"}))
            reply = m.http("GET", f"{BOX}/files?path=/f")
            check("comes back as it was", reply.body == body, reply)
    equal("what doesn't fit", outcome(curl(m, f"{BOX}/files?path=/g", bytes(70_000_000))), (507, "no_space"))
    equal("isn't there", output(m, "chunks", "ls / | grep -c -e '^g$' -e box-files || :"), "0")


def free_bytes(m):
    blocks, size = m.inside("sync; stat -f -c '%a %S' /data")[1].split()
    return int(blocks) * int(size)


def test_modules(m):
    before, there = free_bytes(m), files(m)
    data = os.urandom(20_000_000)
    body = make_module("150-chunks", {"opt/data": data}).read_bytes()
    check("it takes more than one step of room", len(body) > 16 << 20)
    reply = curl(m, f"{MODULES}?name=150-chunks&sha256={'0' * 64}", body)
    equal("a module with another SHA-256", outcome(reply), (400, "bad_checksum"))
    equal("one that is cut", outcome(curl(m, f"{MODULES}?name=150-chunks", body[:-5000])), (400, "bad_module"))
    equal("one of no bytes", outcome(curl(m, f"{MODULES}?name=150-chunks", b"")), (400, "bad_module"))
    equal("one of 10 bytes", outcome(curl(m, f"{MODULES}?name=150-chunks", b"x" * 10, "-H", "Expect:")), (400, "bad_module"))
    equal("nothing is left of these", (files(m), free_bytes(m)), (there, before))
    reply = curl(m, f"{MODULES}?name=150-chunks&sha256={digest(body)}", body)
    equal("a module comes", (reply.status, reply.json),
          (201, {"name": "150-chunks", "size": len(body), "sha256": digest(body)}))
    took = before - free_bytes(m)
    check("and takes no more room than it has", len(body) <= took < len(body) + (1 << 20), took)
    create(m, "stands", f"{BUSYBOX},150-chunks", memory_mb=64)
    equal("a sandbox stands on it", output(m, "stands", "sha256sum </opt/data").split()[0], digest(data))
    destroy(m, "stands")
    equal("it goes", m.http("DELETE", f"{MODULES}/150-chunks").status, 204)


def test_refused(m):
    """Before the body is taken."""
    for path, token, expected in (
        (f"{BOX}/files?path=/x", "wrong", 401), (f"{BOX}/files?path=/x&nothing=1", pool.SECRET, 400), (f"{BOX}/exec?nothing=1", pool.SECRET, 400),
        (f"{BOX}/nothing", pool.SECRET, 404),
    ):
        with Raw(m, token) as c:
            c.send("POST", path, CHUNKED, "Expect: 100-continue")
            status, fields, _ = c.read()
            equal(f"{expected} in place of 100", (status, fields["connection"], c.has_ended()), (expected, "close", True))
    with Raw(m, "wrong") as c:
        c.send("POST", f"{BOX}/files?path=/x", CHUNKED, body=chunks(*[b"x" * 1000] * 20, end=b""))
        equal("and to who doesn't wait, before the rest has come", c.read()[0], 401)


def test_cut_off(m):
    there = files(m)
    body = make_module("150-cut", {"opt/data": os.urandom(200000)}).read_bytes()
    for path in (f"{BOX}/files?path=/cut", f"{BOX}/tar?path=/tree", f"{MODULES}?name=150-cut", f"{BOX}/exec"):
        for end in (b"", b"0\r\n", b"64\r\nabc"):
            with Raw(m) as c:
                c.send("POST", path, CHUNKED, body=chunks(body, end=end))
                time.sleep(.3)
        with Raw(m) as c:
            c.send("POST", path, CHUNKED, body=chunks(body, end=b""))
            time.sleep(.3)
            c.socket.sendall(b"5\r\nabcdefg\r\n")
            status, fields, _ = c.read()
            equal(f"{path}: a chunk that is none", (status, fields["connection"], c.has_ended()), (400, "close", True))
    wait_until(lambda: not squashd.workers(m))
    equal("no worker is left", squashd.workers(m), [])
    equal("nothing comes of what is cut off", (files(m), output(m, "chunks", "ls -d /cut 2>/dev/null || :")), (there, ""))


# ---- JSON ----

def test_json(m):
    for size in (10, 20000, 900000):
        text = os.urandom(size // 2).hex()
        body = json.dumps({"cmd": "sha256sum", "stdin": text}).encode()
        reply = curl(m, f"{BOX}/exec", body)
        equal(f"JSON of {len(body)} bytes", (reply.json or {}).get("stdout", reply)[:64], digest(text.encode()))
    reply = curl(m, f"{BOX}/exec", json.dumps({"cmd": ":", "stdin": "x" * (1 << 20)}).encode())
    equal("1 MiB and more", outcome(reply), (413, "too_large"))
    cmd = json.dumps({"cmd": ":"}).encode()
    reply = curl(m, f"{BOX}/exec", cmd + b" " * ((1 << 20) - len(cmd)))
    equal("1 MiB", reply.status, 200)
    equal("another type", outcome(curl(m, f"{BOX}/exec", b"{}" * 10000, "-H", "Content-Type: text/plain")),
          (415, "unsupported_media_type"))
    for method, path, field in (("POST", SANDBOXES, "id"), ("POST", f"{BOX}/exec", "cmd"), ("POST", f"{BOX}/activate", "module"),
                                ("POST", f"{BOX}/restore", "snapshot"), ("POST", "api/tokens", "name"),
                                ("POST", f"{BOX}/allow_net", "allow_net")):
        for body, headers in ((None, ()), ("", ("Content-Length: 0",)), ("", (CHUNKED,))):
            reply = m.http(method, path, body, headers=headers)
            check(f"{path} without a body, {headers}: 400 that says what is missing", outcome(reply) == (400, "bad_field")
                  and reply.json["error"].startswith(f"{field} is missing"), reply)


def test_keep_alive(m):
    with Raw(m) as c:
        c.send("POST", f"{BOX}/exec", CHUNKED, body=chunks(b'{"cmd":', b'"echo 1"}'))
        c.send("POST", f"{BOX}/files?path=/p", CHUNKED, body=chunks(*[b"x" * 999] * 100, end=b"0\r\nX: y\r\n\r\n"))
        c.send("GET", f"{BOX}/files?path=/p")
        c.send("DELETE", f"{BOX}/files?path=/p", CHUNKED, body=chunks(b"dropped"))
        c.send("GET", "health", CHUNKED, body=chunks())
        got = [c.read() for _ in range(5)]
        equal("requests in chunks and others, one behind the other on one connection",
              [status for status, _, _ in got], [200, 201, 200, 204, 200])
        equal("each with its body", (json.loads(got[0][2])["stdout"], json.loads(got[1][2])["size"], len(got[2][2])),
              ("1\n", 99900, 99900))


# ---- clients ----

def test_python(m):
    c = http.client.HTTPConnection("127.0.0.1", m.port, timeout=60)
    head = {"Authorization": f"Bearer {pool.SECRET}"}
    parts = [os.urandom(30000) for _ in range(30)]
    c.request("POST", f"/cgi-bin/{BOX}/files?path=/py", iter(parts), head)
    equal("Python's http.client sends a file by an iterator", json.loads(c.getresponse().read())["size"], 900000)
    c.request("POST", f"/cgi-bin/{BOX}/exec", iter([b'{"cmd": "sha256sum </py"}']), head)
    equal("and a command", json.loads(c.getresponse().read())["stdout"][:64], digest(b"".join(parts)))
    c.close()


NODE = """
const [url, token] = process.argv.slice(1);
const headers = {Authorization: `Bearer ${token}`};
async function* body(parts) { for (const part of parts) yield new TextEncoder().encode(part); }
const post = async (path, parts) => {
  const stream = body(parts);
  const reply = await fetch(url + path, {method: "POST", headers, duplex: "half",
                                         body: ReadableStream.from ? ReadableStream.from(stream) : stream});
  return await reply.json();
};
const run = async () => {
  const file = await post("/files?path=/node", Array(300).fill("x".repeat(1000)));
  const command = await post("/exec", ['{"cmd": "wc -c', ' </node"}']);
  console.log(JSON.stringify([file.size, command.stdout]));
};
run();
"""


def test_node(m):
    for url in (f"http://127.0.0.1:{m.port}", f"https://127.0.0.1:{m.tls_port}"):
        done = subprocess.run(["node", "-e", NODE, f"{url}/cgi-bin/{BOX}", pool.SECRET], capture_output=True, timeout=60,
                              env={**os.environ, "NODE_TLS_REJECT_UNAUTHORIZED": "0"})
        check(f"Node's fetch sends streams to {url[:5]}", done.returncode == 0
              and json.loads(done.stdout) == [300000, "300000\n"], done)


# ---- methods and heads ----

def test_head(m):
    """HEAD is GET without the body, wherever GET is."""
    document = json.loads(m.http("GET", "openapi.json").body)
    m.http("POST", f"{BOX}/files?path=/h", b"hello")
    asked = 0
    for path, item in document["paths"].items():
        if "get" not in item:
            continue
        path = path.removeprefix("/").replace("{id}", "chunks").replace("{name}", "000-base-busybox").replace("{n}", "1")
        path += "?path=/h" if path.endswith("/files") else "?path=/bin" if path.endswith(("/list", "/tar")) else ""
        with Raw(m) as c:
            c.send("GET", path, "Connection: close")
            get = Reply(c.stream.read())
        with Raw(m) as c:
            c.send("HEAD", path, "Connection: close")
            head = Reply(c.stream.read())
        asked += 1
        varies = ("date", "content-length") if path in ("metrics", "api/history", "api/system") else ("date",)
        same = [{name: value for name, value in r.headers.items() if name not in varies} for r in (get, head)]
        equal(f"HEAD {path}", (head.status, same[1], head.body), (get.status, same[0], b""))
    check("many were asked for", asked > 15, asked)
    reply = m.http("GET", f"{BOX}/exec")
    equal("where GET isn't", (reply.status, reply.headers["allow"]), (405, "POST"))
    with Raw(m) as c:
        c.send("HEAD", f"{BOX}/exec")
        status, fields, _ = c.read(False)
        equal("nor is HEAD", (status, fields["allow"]), (405, "POST"))


def test_methods(m):
    for method in ("PUT", "PATCH"):
        for size in (10, 100000):
            for fields, body in (((f"Content-Length: {size}",), b"x" * size), ((CHUNKED,), chunks(b"x" * size))):
                with Raw(m) as c:
                    c.send(method, f"{BOX}/files?path=/x", *fields, body=body)
                    status, fields, text = c.read()
                    equal(f"{method} of {size} bytes, where there is none",
                          (status, json.loads(text)["code"], fields["allow"], fields["content-type"]),
                          (405, "method_not_allowed", "GET, HEAD, POST, DELETE", "application/json"))
    for path in (f"{SANDBOXES}/a%2Fb", f"{SANDBOXES}%2fchunks", f"{SANDBOXES}/a%00"):
        reply = m.http("GET", path)
        equal(f"GET {path}", (outcome(reply), reply.headers["content-type"]), ((400, "bad_request"), "application/json"))


def test_date(m):
    for what, method, path, headers in (
        ("a reply", "GET", "health", ()), ("one without a body", "DELETE", f"{BOX}/files?path=/h", ()),
        ("an error of the API", "GET", f"{SANDBOXES}/none", ()), ("one of front", "GET", f"{SANDBOXES}/a%2Fb", ()),
        ("a page", "GET", "../index.html", ()), ("an error of httpd", "GET", "none", ()),
    ):
        reply = m.http(method, path, headers=headers)
        date = reply.headers.get("date", "")
        form = re.fullmatch(r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d (\w{3}) \d{4} \d\d:\d\d:\d\d GMT", date)
        now = int(m.inside("/bin/busybox date +%s")[1])
        near = form and abs(email.utils.parsedate_to_datetime(date).timestamp() - now) < 60
        check(f"{what} has the date, once", near and reply.raw_head.lower().count("\r\ndate:") == 1, (reply, date, now))


def main():
    with pool.borrow(pool.WITH_TOKEN) as m:
        before = m.counts()
        create(m, "chunks", BUSYBOX, memory_mb=256, disk_mb=64)
        tap.each(m, test_tar, test_files, test_modules, test_refused, test_cut_off, test_json, test_keep_alive)
        tap.each(m, test_python, test_node, test_head, test_methods, test_date)
        destroy(m, "chunks")
        equal("nothing is left", m.wait_counts(before), before)


tap.run(main)
