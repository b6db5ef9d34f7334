#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What ends a sandbox, and what stays readable: lifetimes, a killed PID 1, logs, history; all of it
over restarts of the services."""

import squashd
import tap
from api import BUSYBOX, SANDBOXES, create, destroy, execute, info
from machine import CurlFailed, Machine
from tap import check, equal


def logs(m, name):
    reply = m.http("GET", f"{SANDBOXES}/{name}/logs")
    assert reply.status == 200, f"logs of {name}: {reply}"
    return reply.json


def history(m, **wanted):
    """The history's entries that have these values, newest first."""
    reply = m.http("GET", "api/history")
    assert reply.status == 200, f"history: {reply}"
    return [e for e in reply.json if all(e.get(k) == v for k, v in wanted.items())]


def kill_squashd(m):
    squashd.kill(m)
    m.wait_console("squashd has ended")


def uptime(m):
    return float(m.inside("cut -d' ' -f1 /proc/uptime")[1])


def wait_gone(m, name):
    """Wait until the sandbox's cgroup is gone; the machine's uptime then. One command inside, so that
    neither curl nor this host's load is in the figure."""
    wait = f"while test -d /sys/fs/cgroup/squash/{name}; do sleep 0.05; done"
    code, text = m.inside(f"{wait}; cut -d' ' -f1 /proc/uptime", seconds=30)
    assert code == 0, text
    return float(text)


def test_lifetime(m):
    with m.leaves_nothing("nothing is left of it"):
        began = uptime(m)
        create(m, "short", BUSYBOX, max_lifetime_s=3)
        made = uptime(m)
        execute(m, "short", "(sleep 1000 &) >/dev/null 2>&1")
        gone = wait_gone(m, "short")
        in_time = 3 <= gone - began and gone - made <= 4.0
        check("it ends within a second of its time", in_time, gone - made)
        equal("it is not there any more", m.http("GET", f"{SANDBOXES}/short").status, 404)
        end = history(m, event="end", id="short")[0]
        equal("the history says why", (end["reason"], end["exec_count"]), ("lifetime", 1))


def test_lifetime_over_restart(m):
    with m.leaves_nothing("nothing is left of it"):
        create(m, "over", BUSYBOX, max_lifetime_s=6)
        made = uptime(m)
        kill_squashd(m)
        gone = wait_gone(m, "over")
        check("a restart of squashd changes nothing of it", 5 <= gone - made <= 7.0, gone - made)


def test_init_died(m):
    with m.leaves_nothing("nothing is left of it"):
        create(m, "beheaded", BUSYBOX)
        m.inside("kill -9 $(cat /sys/fs/cgroup/squash/beheaded/box/init/cgroup.procs)")
        wait_gone(m, "beheaded")
        equal("its end is noticed", m.http("GET", f"{SANDBOXES}/beheaded").status, 404)
        equal("the history says so", history(m, event="end", id="beheaded")[0]["reason"], "init died")
    create(m, "beheaded", BUSYBOX)
    equal("the id is free again", info(m, "beheaded")["mounted"], True)
    destroy(m, "beheaded")
    equal("an operator's end", history(m, event="end", id="beheaded")[0]["reason"], "operator")


def test_logs(m):
    create(m, "logged", BUSYBOX)
    equal("the log of a new sandbox is empty", logs(m, "logged"), [])
    execute(m, "logged", "exit 3")
    execute(m, "logged", "echo '\u00e9\"\\'; kill -9 $$")
    execute(m, "logged", "head -c 70000 /dev/zero; sleep 10", timeout=1)
    for service in ("squashd", "httpd"):
        m.inside(f"kill -9 $(pidof {service})")
        m.wait_console(f"{service} has ended")
    m.wait_api()
    log = logs(m, "logged")
    equal("the log survives the services", [e["seq"] for e in log], [1, 2, 3])
    equal("exit codes", [e["exit_code"] for e in log], [3, 137, 124])
    equal("commands as they were", log[1]["cmd"], "echo '\u00e9\"\\'; kill -9 $$")
    equal("signals", [e["signal"] for e in log], [None, 9, 9])
    equal("flags", [e["timed_out"] for e in log], [False, False, True])
    equal("truncation", log[2]["truncated"], {"stdout": True, "stderr": False})
    check("durations", all(e["duration_ms"] < 5000 for e in log), log)
    equal("exec_count is theirs", info(m, "logged")["exec_count"], 3)
    destroy(m, "logged")
    equal("the log goes with it", m.http("GET", f"{SANDBOXES}/logged/logs").status, 404)
    execs = history(m, event="exec", id="logged")
    equal("its commands stay in the history", [e["seq"] for e in execs], [3, 2, 1])


def test_rotation(m):
    """A log is bounded; what is left is whole."""
    create(m, "talker", BUSYBOX)
    long = "true " + "x" * 60_000
    for _ in range(3):
        execute(m, "talker", long)
    log = logs(m, "talker")
    equal("a long command is kept in part", {len(e["cmd"]) for e in log}, {4096})
    equal("which is said", {e["cmd_truncated"] for e in log}, {True})
    file = "/data/sandboxes/talker/log.ndjson"
    line = f"head -n 1 {file}"
    m.inside(f'i=0; l=$({line}); while test $i -lt 130; do echo "$l"; i=$((i+1)); done >>{file}')
    execute(m, "talker", "echo new")
    equal("the file is new", m.inside(f"wc -l <{file}")[1].strip(), "1")
    log = logs(m, "talker")
    equal("the old one is still read, before it", (len(log), log[-1]["cmd"]), (134, "echo new"))
    m.inside(f'printf \'{{"seq":9,"cmd":"to\' >>{file}')
    equal("a torn line is left out", len(logs(m, "talker")), 134)
    destroy(m, "talker")


def test_caller_goes(m):
    """The caller hangs up: the command runs on to its timeout, and no longer."""
    create(m, "left", BUSYBOX)
    before = m.counts()
    body = {"cmd": "sleep 1000", "timeout": 4}
    try:
        m.http("POST", f"{SANDBOXES}/left/exec", body, seconds=2)
        check("curl hangs up", False)
    except CurlFailed:
        check("curl hangs up", True)
    sleeping = "cat /sys/fs/cgroup/squash/left/box/x0/cgroup.procs"
    check("the command goes on", m.inside(sleeping)[1].strip() != "")
    equal("until its time is over", m.wait_counts(before, seconds=15), before)
    log = logs(m, "left")
    equal("which the log has", [(e["exit_code"], e["timed_out"]) for e in log], [(124, True)])
    destroy(m, "left")


def test_no_space(m):
    """DATA is full: what needs room there is refused, and leaves nothing; the rest works."""
    create(m, "there", BUSYBOX, memory_mb=32)
    before = m.counts()
    m.inside("dd if=/dev/zero of=/data/fill bs=1M", seconds=60)
    m.inside("dd if=/dev/zero of=/data/fill2 bs=1")
    reply = m.http("POST", SANDBOXES, {"id": "new", "layers": BUSYBOX})
    equal("create answers 507", (reply.status, reply.json["code"]), (507, "no_space"))
    equal("and leaves nothing", m.wait_counts(before), before)
    equal("a command runs all the same", execute(m, "there", "echo on")["stdout"], "on\n")
    m.inside("rm /data/fill /data/fill2")
    create(m, "new", BUSYBOX, memory_mb=32)
    check("with room again, so does create", True)
    destroy(m, "new")
    destroy(m, "there")


def test_damaged(m):
    """A meta.json that a failing disk has spoilt: the others don't mind, and it can be destroyed."""
    with m.leaves_nothing("nothing is left of it"):
        create(m, "spoilt", BUSYBOX, memory_mb=32)
        m.inside("echo '{' >/data/sandboxes/spoilt/meta.json")
        equal("list leaves it out", m.http("GET", SANDBOXES).json, [])
        equal("info says what it can", m.http("GET", f"{SANDBOXES}/spoilt").status, 500)
        kill_squashd(m)
        m.wait_console("sandbox spoilt is set aside: meta.json is damaged")
        destroy(m, "spoilt")


def test_full(m):
    for n in range(3):
        create(m, f"n{n}", BUSYBOX, memory_mb=32)
    reply = m.http("POST", SANDBOXES, {"id": "n3", "layers": BUSYBOX})
    equal("one above SQUASH_MAX_SANDBOXES is refused", (reply.status, reply.json["code"]), (503, "full"))
    destroy(m, "n0")
    create(m, "n3", BUSYBOX)
    for n in range(1, 4):
        destroy(m, f"n{n}")


def main():
    with Machine("lifetimes", settings="SQUASH_MAX_SANDBOXES=3") as m:
        m.wait_api()
        tap.each(m, test_lifetime, test_lifetime_over_restart, test_init_died, test_logs)
        tap.each(m, test_rotation, test_full, test_caller_goes, test_no_space, test_damaged)


tap.run(main)
