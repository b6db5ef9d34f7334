#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Commands that nobody waits for: exec with "detach", and execs/:n."""

import hashlib
import threading

import pool
import squashd
import tap
from api import BUSYBOX, SANDBOXES, create, destroy, execute, info, output
from tap import check, equal
from waiting import wait_until

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
    numbers = [detach(m, "true") for _ in range(ENDED_MAX + 2)]
    for number in numbers[-ENDED_MAX:]:
        read(m, number, wait=60)
    numbers.append(detach(m, "true"))  # those that have ended by now make room
    kept = [e["exec"] for e in m.http("GET", f"{BOX}/execs").json]
    check("the last ones are kept", kept == numbers[-ENDED_MAX:], kept)
    equal("others are gone", m.http("GET", f"{BOX}/execs/{numbers[0]}").status, 404)


def test_number(m):
    """What a command gets is there before it starts, and nobody else's."""
    used = detach(m, "sleep 1000")
    m.inside("rm /data/sandboxes/box/usage")
    number = detach(m, "sleep 1000")
    equal("no number is used twice, whatever a power cut has taken", number, used + 1)
    equal("which runs", state(m, number)["state"], "running")
    after = execute(m, "box", "true") and info(m, "box")["exec_count"]
    equal("and the count goes on from there", after, number + 1)
    for n in (used, number):
        m.http("DELETE", f"{BOX}/execs/{n}")
    m.inside("cd /data/sandboxes/box; mv execs kept; touch execs")
    reply = m.http("POST", f"{BOX}/exec", {"cmd": "touch /root/ran", "detach": True})
    m.inside("cd /data/sandboxes/box; rm execs; mv kept execs")
    equal("where nothing can be kept", (reply.status, "execs" in reply.json["error"]), (500, True))
    equal("nothing is started", output(m, "box", "ls /root"), "")
    equal("nor is it counted", info(m, "box")["exec_count"], after + 1)


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


def kill_squashd(m):
    mark = len(m.console)
    squashd.kill(m)
    m.wait_console("squashd has ended", since=mark)
    m.wait_api()


def log_of(m, cmd):
    return [entry for entry in m.http("GET", f"{BOX}/logs").json if entry["cmd"] == cmd]


def test_no_worker(m):
    """Neither holds a worker: a detached command, and what another has left in the background."""
    number = detach(m, "sleep 1000")
    result = execute(m, "box", "(read x </tmp/fifo; echo still here; echo $? >/tmp/wrote) & echo on")
    equal("what is left holds the output", (result["stdout"], result["background"]), ("on\n", True))
    check("no worker waits", wait_until(lambda: not squashd.workers(m)), m.inside("ps")[1])
    shims = m.inside("for p in $(pidof shim); do cat /proc/$p/cgroup; done")[1].split()
    equal("shims do, in the sandbox's cgroup", shims, ["0::/squash/box/shim"] * 2)
    equal("without privilege", m.inside(
        "for p in $(pidof shim); do grep -E '^(CapEff|NoNewPrivs|Seccomp):' /proc/$p/status; done | sort -u")[1].split(),
        ["CapEff:", "0000000000000000", "NoNewPrivs:", "1", "Seccomp:", "2"])
    execute(m, "box", "echo go >/tmp/fifo")
    equal("who is left can still write", output(
        m, "box", "until [ -s /tmp/wrote ]; do sleep 0.05; done; cat /tmp/wrote"), "0")
    check("its shim ends with it", wait_until(lambda: len(m.inside("pidof shim")[1].split()) == 1))
    m.http("DELETE", f"{BOX}/execs/{number}")
    check("so does the other", wait_until(lambda: m.inside("pidof shim")[0] != 0))


def test_outlives(m):
    """squashd is killed: detached commands go on, and how they end is written down."""
    cmd = "echo one; read x </tmp/fifo; echo two; exit 3"
    number = detach(m, cmd)
    read(m, number, wait=30)
    kill_squashd(m)
    equal("it runs when squashd is back", state(m, number)["state"], "running")
    execute(m, "box", "echo go >/tmp/fifo")
    equal("its output is kept", read_all(m, number), b"one\ntwo\n")
    equal("and its end", state(m, number)["result"]["exit_code"], 3)
    equal("once", [entry["exit_code"] for entry in log_of(m, cmd)], [3])
    # It ends while squashd can't hear of it.
    cmd = "read x </tmp/fifo; exit 4"
    number = detach(m, cmd)
    m.inside(f"kill -STOP {squashd.pid(m)}")
    m.inside("p=$(cat /sys/fs/cgroup/squash/box/box/x*/cgroup.procs | head -n 1); echo go >/proc/$p/root/tmp/fifo; "
             "while [ -d /proc/$p ] && ! grep -q 'State:.Z' /proc/$p/status; do sleep 0.05; done")
    kill_squashd(m)
    equal("it is told when squashd is back", read_all(m, number), b"")
    equal("how it ended", state(m, number)["result"]["exit_code"], 4)
    equal("once", [entry["exit_code"] for entry in log_of(m, cmd)], [4])


def test_input(m):
    """What a command doesn't read is the sandbox's memory, however long it waits."""
    def used():
        return int(m.inside("cat /sys/fs/cgroup/squash/box/memory.current")[1])
    before = used()
    text = "x" * 900_000
    number = detach(m, "read x </tmp/fifo; wc -c", stdin=text)
    check("it is the sandbox's", used() - before > 700_000, (before, used()))
    execute(m, "box", "echo go >/tmp/fifo")
    equal("and all there when it reads", read_all(m, number), b"900000\n")
    equal("one that is waited for has it, too", output(m, "box", "wc -c", stdin=text), "900000")


def test_strangers(m):
    """Who is no shim can report nothing."""
    number = detach(m, "sleep 1000")
    m.inside("printf '\\002\\000\\000\\000' | /bin/busybox nc local:/run/squash/shim/squashd.sock")
    equal("nothing comes of it", state(m, number)["state"], "running")
    m.http("DELETE", f"{BOX}/execs/{number}")


def test_destroyed(m):
    """The end of a sandbox is that of its commands: the history has both."""
    create(m, "short", BUSYBOX)
    cmd = "echo short; sleep 1000"
    reply = m.http("POST", f"{SANDBOXES}/short/exec", {"cmd": cmd, "detach": True})
    equal("one is started", reply.status, 202)
    destroy(m, "short")
    lines = [e for e in m.http("GET", "api/history").json if e.get("cmd") == cmd]
    equal("how it ended is in the history", [(e["id"], e["signal"]) for e in lines], [("short", 9)])


def test_lost(m):
    number = detach(m, "sleep 1000")
    m.inside("kill -9 $(pidof shim)")
    check("a command whose shim has died is lost", wait_until(lambda: state(m, number)["state"] == "lost"))
    equal("there is an end to its output", read(m, number, wait=60), (b"", 0, False))
    equal("others run", output(m, "box", "echo on"), "on")
    destroy(m, "box")
    equal("with the sandbox all is gone", m.inside("ls /data/sandboxes")[1], "")


def main():
    with pool.borrow(pool.OPEN) as m:
        create(m, "box", BUSYBOX)
        output(m, "box", "mkfifo /tmp/fifo")
        tap.each(m, test_life, test_bytes, test_kill, test_kept, test_number, test_refused, test_no_worker, test_outlives, test_input,
                 test_strangers, test_destroyed, test_lost)


tap.run(main)
