#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Twenty sandboxes at once, and services that are killed while they are there."""

import time
from concurrent.futures import ThreadPoolExecutor

import pool
import squashd
import tap
from api import DEBIAN, PYTHON, SANDBOXES, Running, create, destroy, info, output
from metrics import scrape
from tap import check, equal

MANY = [f"box-{n}" for n in range(20)]


def for_all(work):
    """[work(name)...], for all names at the same time."""
    with ThreadPoolExecutor(len(MANY)) as pool:
        return list(pool.map(work, MANY))


def test_many(m):
    before = m.counts()
    began = time.monotonic()
    infos = for_all(lambda name: create(m, name, PYTHON, memory_mb=64))
    tap.note(f"20 sandboxes made at once in {time.monotonic() - began:.1f} s")
    equal("twenty are made at once", sorted(i["id"] for i in infos), sorted(MANY))
    during = m.counts()
    equal("with their modules on one loop device each", during["loops"] - before["loops"], 2)
    equal("list has them all", len(m.http("GET", SANDBOXES).json), len(MANY))
    equal("so have the metrics", sorted(scrape(m).values("sandbox")), sorted(MANY))

    writes = for_all(lambda name: output(m, name, f"echo {name} >/etc/mine; hostname; echo $$"))
    equal("each has its host name", [w.split()[0] for w in writes], MANY)
    check("and few processes of its own", all(int(w.split()[1]) < 50 for w in writes), writes)
    reads = for_all(lambda name: output(m, name, "cat /etc/mine"))
    equal("and its own files", reads, MANY)
    began = time.monotonic()
    answers = for_all(lambda name: output(m, name, "python3 -c 'print(6 * 7)'"))
    equal("twenty Pythons at once", answers, ["42"] * len(MANY))
    tap.note(f"20 Pythons at once in {time.monotonic() - began:.1f} s")

    # One of a kind among twenty who want the same name: the others must be told.
    with ThreadPoolExecutor(10) as pool:
        body = {"id": "same", "layers": DEBIAN}
        replies = list(pool.map(lambda _: m.http("POST", SANDBOXES, body).status, range(10)))
    equal("of ten with one id, one is made", sorted(replies), [201] + [409] * 9)
    destroy(m, "same")

    for_all(lambda name: destroy(m, name))
    equal("list is empty again", m.http("GET", SANDBOXES).json, [])
    after = m.wait_counts(before)
    equal("no mount, cgroup, loop device or process is left", after, before)


def test_same_again(m):
    """Whatever a sandbox leaves behind adds up: the counts are the same after ten more."""
    with m.leaves_nothing("ten lives of one sandbox leave nothing"):
        for _ in range(10):
            create(m, "again", DEBIAN)
            output(m, "again", "echo x >/root/x; (sleep 1000 &) >/dev/null 2>&1")
            destroy(m, "again")


def test_destroy_running(m):
    with m.leaves_nothing("nothing is left"):
        create(m, "busy", DEBIAN)
        running = Running(m, "busy", "sleep 1000")
        began = time.monotonic()
        destroy(m, "busy")
        check("destroy doesn't wait for a command", time.monotonic() - began < 5)
        reply = running.reply()
        check("whose caller is told", reply.status in (200, 404, 409), reply)


def kill(m, name):
    """kill -9 the service, and wait until another is there in its place."""
    old = m.inside(f"pidof {name}")[1].split()
    assert old, f"{name} does not run"
    m.inside(f"kill -9 {' '.join(old)}")
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        new = m.inside(f"pidof {name}")[1].split()
        if new and not set(new) & set(old):
            return
        time.sleep(0.1)
    raise AssertionError(f"{name} has not come back")


def test_killed_services(m):
    with m.leaves_nothing("and it can be destroyed without a rest"):
        create(m, "live", PYTHON, owner="alice", cpu=0.5, memory_mb=128)
        output(m, "live", "echo kept >/root/kept; (setsid sleep 1000 &) >/dev/null 2>&1")
        known = info(m, "live")
        for name in ("httpd", "squashd"):
            kill(m, name)
            m.wait_api()
            check(f"killed {name} is back", True)
            now = info(m, "live")
            equal("with the sandbox as it was", {**now, "last_active": 0}, {**known, "last_active": 0})
            equal("its files are there", output(m, "live", "cat /root/kept"), "kept")
            equal("its processes live", output(m, "live", "cat /proc/[0-9]*/comm | grep -c sleep"), "1")
            known = info(m, "live")
            create(m, "new", DEBIAN)
            equal("a new one can be made", output(m, "new", "hostname"), "new")
            destroy(m, "new")
        destroy(m, "live")


def test_killed_in_exec(m):
    """squashd dies while a command runs: its caller still gets the true result."""
    with m.leaves_nothing("nothing is left"):
        create(m, "mid", DEBIAN)
        running = Running(m, "mid", "sleep 3; echo done; exit 5")
        squashd.kill(m)
        result = running.reply().json or {}
        got = (result.get("exit_code"), result.get("stdout"))
        equal("the command's result is its own", got, (5, "done\n"))
        m.wait_api()
        equal("the sandbox is there", output(m, "mid", "echo on"), "on")
        destroy(m, "mid")


def main():
    with pool.borrow(pool.OPEN) as m:
        tap.each(m, test_many, test_same_again, test_destroy_running)
        tap.each(m, test_killed_services, test_killed_in_exec)


tap.run(main)
