#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A command's output as it comes: exec?stream=1."""

import base64
import hashlib
import json
import os
import select
import subprocess
import time

import pool
import tap
from api import BUSYBOX, SANDBOXES, create, destroy, execute, info, output
from tap import check, equal

LINE_SECONDS = 20


class Stream:
    """A streamed exec by curl; its lines as they come."""

    def __init__(self, m, cmd, sandbox="box", **fields):
        url = f"http://127.0.0.1:{m.port}/cgi-bin/{SANDBOXES}/{sandbox}/exec?stream=1"
        body = json.dumps({"cmd": cmd, **fields})
        command = ["curl", "-sSN", "--max-time", "100", url, "--data-binary", body]
        self.m = m
        self.curl = subprocess.Popen(command, stdout=subprocess.PIPE)
        self.rest = b""
        self.bytes = {"stdout": b"", "stderr": b""}
        self.alive = 0
        self.result = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.curl.kill()
        self.curl.wait()
        self.curl.stdout.close()

    def line(self):
        """The next line, decoded; None at the end."""
        deadline = time.monotonic() + LINE_SECONDS
        while b"\n" not in self.rest:
            ready, _, _ = select.select([self.curl.stdout], [], [], deadline - time.monotonic())
            if not ready:
                raise self.m.failed(f"no line within {LINE_SECONDS} s")
            chunk = os.read(self.curl.stdout.fileno(), 65536)
            if not chunk:
                assert self.rest == b"", self.rest
                return None
            self.rest += chunk
        text, _, self.rest = self.rest.partition(b"\n")
        return self.note(json.loads(text))

    def note(self, line):
        if "stream" in line:
            name = line["stream"]
            assert line["offset"] == len(self.bytes[name]), (line, len(self.bytes[name]))
            data = base64.b64decode(line["base64"]) if "base64" in line else line["data"].encode()
            self.bytes[name] += data
        elif "result" in line:
            self.result = line["result"]
        elif "duration_ms" in line:
            self.alive += 1
        return line

    def until(self, wanted):
        """Read lines until one is wanted; it."""
        while line := self.line():
            if wanted(line):
                return line
        raise AssertionError("the stream has ended")

    def all(self):
        while self.line():
            pass
        return self.result


def is_output(line):
    return "stream" in line


def test_live(m):
    wait = "while ! [ -e /tmp/go ]; do sleep 0.1; done"
    with Stream(m, f"echo one; {wait}; echo two >&2; exit 5") as s:
        first = s.until(is_output)
        expected = {"stream": "stdout", "offset": 0, "data": "one\n"}
        equal("output comes while the command runs", first, expected)
        s.until(lambda line: "duration_ms" in line and line["duration_ms"] > 500)
        execute(m, "box", "touch /tmp/go")
        second = s.until(is_output)
        expected = {"stream": "stderr", "offset": 0, "data": "two\n"}
        equal("stderr, too", second, expected)
        result = s.all()
        got = [result[key] for key in ("exit_code", "stdout_bytes", "stderr_bytes", "signal")]
        equal("the result is the last line", got, [5, 4, 4, None])
    logs = m.http("GET", f"{SANDBOXES}/box/logs").json
    check("it is in the log", any(entry["exit_code"] == 5 for entry in logs), logs)


def test_beat(m):
    with Stream(m, "sleep 3.5") as s:
        result = s.all()
        check("there is a sign of life each second", 4 <= s.alive <= 5, s.alive)
        equal("and then the result", result["exit_code"], 0)


def test_bytes(m):
    # Random bytes, among them cut and ill-formed UTF-8; text of two bytes a letter, cut anywhere.
    cmd = (
        "head -c 3000000 /dev/urandom >/tmp/r; sha256sum </tmp/r >&2; cat /tmp/r;"
        " yes \u00e9\u20ac | tr -d '\\n' | head -c 1000000"
    )
    with Stream(m, cmd) as s:
        result = s.all()
        out = s.bytes["stdout"]
        equal("all bytes have come", (result["exit_code"], len(out)), (0, 4_000_000))
        digest = s.bytes["stderr"].decode().split()[0]
        equal("as they were", hashlib.sha256(out[:3_000_000]).hexdigest(), digest)
        text = "\u00e9\u20ac" * 200_001
        check("text stays text", out[3_000_000:] == text.encode()[:1_000_000])


def test_split(m):
    first, second = (f"while ! [ -e /tmp/{name} ]; do sleep 0.05; done" for name in ("h1", "h2"))
    cmd = (
        rf"printf 'a\342\202'; {first}; printf '\254'; {second}; printf '\342\202\254'"
    )
    with Stream(m, cmd) as s:
        equal("what is whole comes at once", s.until(is_output)["data"], "a")
        equal("and the rest a moment later", s.until(is_output)["base64"], "4oI=")
        execute(m, "box", "touch /tmp/h1")
        equal("so does what ends it", s.until(is_output)["base64"], "rA==")
        execute(m, "box", "touch /tmp/h2")
        equal("a whole one is text", s.until(is_output)["data"], "\u20ac")
        s.all()
        equal("nothing is lost", s.bytes["stdout"], "a\u20ac\u20ac".encode())


def test_slow_reader(m):
    with Stream(m, "head -c 10000000 /dev/zero | tr '\\0' x | tee /dev/stderr; echo end") as s:
        s.until(is_output)
        time.sleep(3)  # the time that it is slow for
        result = s.all()
        equal("who reads late gets all", len(s.bytes["stdout"]), 10_000_004)
        equal("of both", (len(s.bytes["stderr"]), result["exit_code"]), (10_000_000, 0))


def test_gone(m):
    before = m.counts()["processes"]
    with Stream(m, "setsid sleep 1000 & echo on; sleep 1000") as s:
        s.until(is_output)
    counts = m.wait_counts(dict(m.counts(), processes=before))
    equal("a client that goes ends its command", counts["processes"], before)
    logs = m.http("GET", f"{SANDBOXES}/box/logs").json
    equal("as the log says", (logs[-1]["exit_code"], logs[-1]["timed_out"]), (137, False))
    equal("the sandbox goes on", output(m, "box", "echo on"), "on")


def test_namesake(m):
    """A command that outlives its sandbox has no part in the next one of its id."""
    create(m, "twice", BUSYBOX)
    with Stream(m, "yes", sandbox="twice") as s:
        s.until(is_output)
        destroy(m, "twice")
        create(m, "twice", BUSYBOX)
        s.all()
    known = info(m, "twice")
    equal("its count is its own", known["exec_count"], 0)
    equal("and so is its log", m.http("GET", f"{SANDBOXES}/twice/logs").json, [])
    ends = [e for e in m.http("GET", "api/history").json if e.get("id") == "twice" and e.get("cmd") == "yes"]
    equal("the end of the other's is in the history", [e["exit_code"] for e in ends], [137])
    destroy(m, "twice")


def test_ends(m):
    with Stream(m, "echo on; sleep 1000", timeout=1) as s:
        result = s.all()
        equal("a timeout", (result["exit_code"], result["timed_out"]), (124, True))
        equal("what was said before it", s.bytes["stdout"], b"on\n")
    with Stream(m, "(sleep 60 &) ; echo on") as s:
        equal("what stays behind", s.all()["background"], True)
    with Stream(m, "(while :; do echo more; done &) ; echo on") as s:
        equal("what writes on behind it is not waited for", s.all()["background"], True)
    execute(m, "box", "killall sleep sh; true")


def test_refused(m):
    path = f"{SANDBOXES}/box/exec"
    for query in ("stream=2", "stream=", "strem=1", "stream=1&stream=1"):
        reply = m.http("POST", f"{path}?{query}", {"cmd": "true"})
        equal(f"?{query} is refused", (reply.status, reply.json["code"]), (400, "bad_field"))
    reply = m.http("POST", f"{path}?stream=0", {"cmd": "echo on"})
    equal("?stream=0 is as without", reply.json["stdout"], "on\n")
    reply = m.http("POST", f"{SANDBOXES}/nobody/exec?stream=1", {"cmd": "true"})
    got = (reply.status, reply.json["code"])
    equal("an error before it is one object, with its status", got, (404, "not_found"))


def main():
    with pool.borrow(pool.OPEN) as m:
        create(m, "box", BUSYBOX)
        tap.each(m, test_live, test_beat, test_bytes, test_split)
        tap.each(m, test_slow_reader, test_gone, test_namesake, test_ends, test_refused)
        destroy(m, "box")


tap.run(main)
