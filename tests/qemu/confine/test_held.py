#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""A sandbox whose lock is held for long, by a snapshot of holes without end: who waits for it does not
keep others from being served."""

import subprocess
import threading
import time

import pool
import squashd
import tap
from api import BUSYBOX, DEBIAN, SANDBOXES, create, destroy, output
from tap import check, equal
from waiting import wait_until

HOLES = "for i in 1 2 3 4 5 6 7 8; do truncate -s 8T /root/hole$i; done"
DUE = 40  # more than the shims that are heard at a time


def detach(m, name, cmd, **fields):
    reply = m.http("POST", f"{SANDBOXES}/{name}/exec", {"cmd": cmd, "detach": True, **fields})
    assert reply.status == 202, reply
    return f"{SANDBOXES}/{name}/execs/{reply.json['exec']}"


def is_held(m):
    return m.inside("pidof mksquashfs")[0] == 0


def hold(m):
    """Have the lock of the sandbox "held" taken, for half an hour."""
    output(m, "held", HOLES)
    replies = []
    taker = threading.Thread(target=lambda: replies.append(
        m.http("POST", f"{SANDBOXES}/held/snapshot", {}, seconds=600)))
    taker.start()
    assert wait_until(lambda: is_held(m), 30), replies
    return taker, replies


def answers(m, what):
    for path in ("health", SANDBOXES, "api/system", f"{SANDBOXES}/other"):
        equal(f"{what}: {path} answers", m.http("GET", path, seconds=10).status, 200)


def test_requests(m, path):
    reply = m.http("DELETE", path)
    equal("what waits for it is told that it is busy", (reply.status, reply.json["code"]), (409, "busy"))
    url = f"http://127.0.0.1:{m.port}/cgi-bin/{path}"
    asking = [subprocess.Popen(["curl", "-s", "-m", "1", "-X", "DELETE", url]) for _ in range(100)]
    for curl in asking:
        curl.wait()
    answers(m, "beside a hundred who have gone")
    reply = m.http("GET", f"{SANDBOXES}/held", seconds=10)
    check("itself at once, or it says why not", reply.status == 200 or reply.json["code"] in ("busy", "full"), reply)
    few = wait_until(lambda: len(squashd.workers(m)) < 5, 30)
    check("they are done in time", few, squashd.workers(m))
    equal("then it answers", m.http("GET", f"{SANDBOXES}/held", seconds=10).status, 200)


def test_commands(m):
    """Commands wait for it, client or not, and no longer than a minute."""
    asking = [subprocess.Popen(["curl", "-s", "-m", "2", "-d", '{"cmd":"touch /root/ran"}',
                                f"http://127.0.0.1:{m.port}/cgi-bin/{SANDBOXES}/held/exec"]) for _ in range(40)]
    for curl in asking:
        curl.wait()
    few = wait_until(lambda: len(squashd.workers(m)) < 5, 80)
    check("commands that wait for it are given up", few, squashd.workers(m))


def test_shims(m):
    """Shims of the sandbox are due, and can't be dealt with; another's are."""
    first = detach(m, "other", "sleep 1; echo done", timeout=100)
    second = detach(m, "other", "sleep 1000", timeout=2)

    def ended(path):
        return m.http("GET", path).json["state"] == "ended"
    check("another's command ends", wait_until(lambda: ended(first), 20), m.http("GET", first).json)
    check("and its timeout ends one", wait_until(lambda: ended(second), 20), m.http("GET", second).json)


def test_squashd(m):
    squashd.kill(m)
    began = time.monotonic()
    m.wait_api(30)
    check("a squashd that was killed is back", is_held(m), time.monotonic() - began)
    answers(m, "after it")
    equal("another sandbox works", output(m, "other", "echo on"), "on")


def test_throttled(m):
    """What joins a sandbox that has used up its processor time has the lock until it gets some."""
    create(m, "slow", BUSYBOX, memory_mb=128, cpu=0.05)
    detach(m, "slow", "for i in $(seq 300); do (while :; do :; done) & done; wait")
    threads = [threading.Thread(target=lambda: m.http("POST", f"{SANDBOXES}/slow/exec", {"cmd": "true"}, seconds=120))
               for _ in range(3)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(squashd.workers(m)) >= 3)
    equal("it is destroyed all the same", m.http("DELETE", f"{SANDBOXES}/slow", seconds=60).status, 204)
    for thread in threads:
        thread.join()


def main():
    with pool.borrow(pool.OPEN) as m:
        before = m.counts()
        create(m, "held", DEBIAN, memory_mb=128)
        create(m, "other", BUSYBOX, memory_mb=128)
        due = [detach(m, "held", "sleep 1000", timeout=30) for _ in range(DUE)]
        taker, replies = hold(m)
        tap.each(m, lambda m: test_requests(m, due[0]), test_commands, test_shims, test_squashd)
        began = time.monotonic()
        equal("it can be destroyed", m.http("DELETE", f"{SANDBOXES}/held", seconds=60).status, 204)
        check("which ends the snapshot", time.monotonic() - began < 30 and not is_held(m))
        taker.join()
        test_throttled(m)
        destroy(m, "other")
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
