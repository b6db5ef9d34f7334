#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""As many commands as eight sandboxes may have, all without end, that nobody waits for: the API is there for
others, and each command's shim is its sandbox's."""

from concurrent.futures import ThreadPoolExecutor

import pool
import squashd
import tap
from api import BUSYBOX, SANDBOXES, create, output
from tap import check, equal
from waiting import wait_until

BOXES = [f"wait-{n}" for n in range(8)]
EXECS = 64  # in each: LIMIT_EXECS


def start(m, name, number):
    """Every second one is detached; the others leave something that holds their output."""
    fields = {"cmd": "sleep 100000", "detach": True} if number % 2 else {"cmd": "sleep 100000 & echo on"}
    reply = m.http("POST", f"{SANDBOXES}/{name}/exec", fields, seconds=300)
    return reply.status in (200, 202)


def fill(m, name):
    return sum(start(m, name, number) for number in range(EXECS))


def test_waiting(m):
    for name in BOXES:
        create(m, name, BUSYBOX, memory_mb=64)
    with ThreadPoolExecutor(len(BOXES)) as threads:
        started = list(threads.map(lambda name: fill(m, name), BOXES))
    equal("each sandbox has all that it may have", started, [EXECS] * len(BOXES))
    shims = len(m.inside("pidof shim")[1].split())
    equal("each command has a shim", shims, EXECS * len(BOXES))
    check("and none a worker", wait_until(lambda: not squashd.workers(m), 30), m.inside("ps | grep squashd")[1])
    for method, path, status in (("GET", "health", 200), ("GET", SANDBOXES, 200), ("GET", "api/system", 200),
                                 ("GET", f"{SANDBOXES}/{BOXES[0]}", 200), ("GET", "api/history", 200)):
        equal(f"{method} {path} answers", m.http(method, path).status, status)
    reply = m.http("POST", f"{SANDBOXES}/{BOXES[0]}/exec", {"cmd": "true"})
    equal("one more in the same sandbox is refused", (reply.status, "64 commands" in reply.json["error"]), (503, True))
    create(m, "other", BUSYBOX)
    equal("another sandbox works", output(m, "other", "echo on"), "on")
    used = [int(m.inside(f"cat /sys/fs/cgroup/squash/{name}/shim/memory.current")[1]) // 1024 for name in BOXES]
    check("the shims' memory is their sandboxes'", all(EXECS * 20 < kb < EXECS * 512 for kb in used), used)
    tap.note(f"{sum(used) // (EXECS * len(BOXES))} KiB a shim")
    for name in [*BOXES, "other"]:
        equal(f"{name} is destroyed", m.http("DELETE", f"{SANDBOXES}/{name}", seconds=120).status, 204)
    check("no shim is left", wait_until(lambda: m.inside("pidof shim")[0] != 0), m.inside("ps")[1])
    ends = [e for e in m.http("GET", "api/history").json if e.get("event") == "exec" and e["id"] in BOXES
            and e["signal"] == 9]
    check("the ends of those that were detached are in the history", len(ends) > EXECS, len(ends))


def main():
    with pool.borrow(pool.OPEN) as m:
        tap.each(m, test_waiting)


tap.run(main)
