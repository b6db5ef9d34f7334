#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Commands that nobody waits for: exec with "detach", and execs/:n."""

import hashlib
import threading

import pool
import tap
from api import BUSYBOX, SANDBOXES, create, destroy, execute, info, output
from tap import check, equal

BOX = f"{SANDBOXES}/box"
KEPT = 256 * 1024
ENDED_MAX = 16


def detach(m, cmd, **fields):
    """Start cmd; its number."""
    reply = m.http("POST", f"{BOX}/exec", {"cmd": cmd, "detach": True, **fields})
    assert reply.status == 202, reply
    return reply.json["exec"]


def state(m, number):
    reply = m.http("GET", f"{BOX}/execs/{number}")
    assert reply.status == 200, reply
    return reply.json


def read(m, number, stream="stdout", offset=0, wait=0):
    """(bytes, offset of the first, whether there may be more)."""
    query = f"stream={stream}&offset={offset}&wait={wait}"
    reply = m.http("GET", f"{BOX}/execs/{number}/output?{query}", seconds=90)
    assert reply.status == 200, reply
    runs = reply.headers["squash-state"] == "running"
    return reply.body, int(reply.headers["squash-offset"]), runs


def read_all(m, number, stream="stdout"):
    """All bytes to the stream's end, read as they come, with no gap."""
    got, runs = b"", True
    while runs:
        data, offset, runs = read(m, number, stream, len(got), 60)
        assert offset == len(got), (offset, len(got))
        got += data
    return got


def test_life(m):
    number = detach(m, "echo one; read x </tmp/fifo; echo two $x >&2; exit 7")
    equal("it can be read while it runs", read(m, number, wait=30), (b"one\n", 0, True))
    now = state(m, number)
    got = (now["exec"], now["state"], now["result"], now["stdout_bytes"])
    equal("it runs", got, (number, "running", None, 4))
    equal("it is counted", info(m, "box")["exec_count"], number)
    waiter = []
    thread = threading.Thread(target=lambda: waiter.append(read(m, number, "stderr", 0, 60)))
    thread.start()
    execute(m, "box", "echo go >/tmp/fifo")
    thread.join()
    equal("who waits gets it as it comes", waiter[0][:2], (b"two go\n", 0))
    equal("to the end", read_all(m, number, "stderr"), b"two go\n")
    now = state(m, number)
    got = (now["state"], now["result"]["exit_code"], now["stderr_bytes"], now["cmd"][:8])
    equal("it has ended", got, ("ended", 7, 7, "echo one"))
    equal("its output stays", read(m, number), (b"one\n", 0, False))
    equal("from any byte on", read(m, number, offset=2), (b"e\n", 2, False))
    logs = m.http("GET", f"{BOX}/logs").json
    check("it is in the log", any(entry["exit_code"] == 7 for entry in logs), logs)
    listed = m.http("GET", f"{BOX}/execs").json
    equal("it is listed", [(e["exec"], e["state"]) for e in listed], [(number, "ended")])


def test_bytes(m):
    # A reader that keeps up sees every byte of what the ring can't hold at once.
    cmd = (
        "head -c 1500000 /dev/urandom >/tmp/r; sha256sum </tmp/r >&2;"
        " for i in $(seq 0 14); do dd if=/tmp/r bs=100000 skip=$i count=1 2>/dev/null;"
        " read x </tmp/fifo; done"
    )
    number = detach(m, cmd)
    got = b""
    for part in range(15):
        while len(got) < (part + 1) * 100_000:
            data, offset, _ = read(m, number, "stdout", len(got), 60)
            assert offset == len(got), (offset, len(got))
            got += data
        execute(m, "box", "echo go >/tmp/fifo")
    digest = read_all(m, number, "stderr").decode().split()[0]
    equal("byte for byte", hashlib.sha256(got).hexdigest(), digest)
    rest, offset, runs = read(m, number, wait=60)
    equal("who comes late gets the last of it", (offset, len(rest)), (1_500_000 - KEPT, KEPT))
    check("as it was", rest == got[-KEPT:])


def test_kill(m):
    before = m.counts()["processes"]
    number = detach(m, "setsid sleep 1000 & echo on; sleep 1000")
    read(m, number, wait=30)
    equal("DELETE kills it", m.http("DELETE", f"{BOX}/execs/{number}").status, 204)
    now = state(m, number)
    equal("as its result says", (now["state"], now["result"]["exit_code"]), ("ended", 137))
    counts = m.wait_counts(dict(m.counts(), processes=before))
    equal("with all that it started", counts["processes"], before)
    equal("once more is no harm", m.http("DELETE", f"{BOX}/execs/{number}").status, 204)
    number = detach(m, "sleep 1000", timeout=1)
    equal("its timeout ends it", read(m, number, wait=60), (b"", 0, False))
    equal("as its result says", state(m, number)["result"]["timed_out"], True)


def test_kept(m):
    numbers = [detach(m, "true") for _ in range(ENDED_MAX + 3)]
    read(m, numbers[-1], wait=60)
    kept = [e["exec"] for e in m.http("GET", f"{BOX}/execs").json]
    check("the last ones are kept", kept == numbers[-len(kept):] and len(kept) <= ENDED_MAX, kept)
    equal("others are gone", m.http("GET", f"{BOX}/execs/{numbers[0]}").status, 404)


def test_refused(m):
    number = detach(m, "true")
    good = "?stream=stdout"
    for query in ("", "?stream=stdin", f"{good}&offset=-1", f"{good}&wait=61", f"{good}&offset="):
        reply = m.http("GET", f"{BOX}/execs/{number}/output{query}")
        equal(f"output{query} is refused", (reply.status, reply.json["code"]), (400, "bad_field"))
    for path, status in (("0", 400), ("x", 400), ("99999", 404), ("18446744073709551616", 400)):
        equal(f"execs/{path}", m.http("GET", f"{BOX}/execs/{path}").status, status)
    reply = m.http("POST", f"{BOX}/exec?stream=1", {"cmd": "true", "detach": True})
    equal("stream and detach", (reply.status, reply.json["code"]), (400, "bad_field"))


def test_lost(m):
    number = detach(m, "sleep 1000")
    m.inside("kill -9 $(pidof squashd)")  # and with it the worker that supervises
    m.wait_console("squashd has ended")
    m.wait_api()
    equal("whose supervisor has died is lost", state(m, number)["state"], "lost")
    equal("there is an end to its output", read(m, number, wait=60), (b"", 0, False))
    destroy(m, "box")
    equal("with the sandbox all is gone", m.inside("ls /data/sandboxes")[1], "")


def main():
    with pool.borrow(pool.OPEN) as m:
        create(m, "box", BUSYBOX)
        output(m, "box", "mkfifo /tmp/fifo")
        tap.each(m, test_life, test_bytes, test_kill, test_kept, test_refused, test_lost)


tap.run(main)
