#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The process by which a sandbox reaches out: when there is one, what it is, what becomes of
connections when the list changes, and when it or squashd dies."""

import time

import network
import squashd
import tap
from api import (
    BUSYBOX,
    SANDBOXES,
    activate,
    create,
    destroy,
    info,
    output,
    restore,
    snapshot,
)
from egress import (
    REACHING,
    RESTART_SECONDS,
    Holding,
    Net,
    allow,
    bound,
    check_line,
    egress_pids,
    is_one_of,
    network_log,
    reach,
    wait_for_pids,
)
from network import public
from tap import check, equal

LAYERS = "000-base-debian,100-python313,129-clients,130-reach"
PLAIN = "000-base-debian,100-python313,130-reach"
CUT = "reset|closed"
BROKEN = {
    "a dot too many": "a..test",
    "a number": "2130706433",
    "a hexadecimal one": "0x7f.1",
    "an octal one": "010.0.0.1",
    "a port too high": "a.test:65536",
    "no port": "a.test:",
    "a star in the middle": "a.*.test",
    "a URL": "https://a.test",
    "no ASCII": "b\u00fccher.test",
    "a space": "a .test",
    "nothing": "",
    "bits beyond the prefix": "203.0.113.1/24",
    "a prefix too long": "203.0.113.0/33",
    "a label of 64": "a" * 64 + ".test",
    "254 bytes": "a." * 125 + "test",
    "an IPv6 port without brackets": "2606:2800:220::1:443:99999",
}


def test_none(m, net):
    for entries in ([], ["none"]):
        create(m, "alone", PLAIN, allow_net=entries)
        equal(f"{entries}: no process", egress_pids(m), [])
        found = reach(
            m, "alone", [["tcp", "exact.test"], ["tcp", public(20)], ["udp_dns", "exact.test"]]
        )
        check("nothing is reached", "ok" not in found, found)
        equal("there are no lines", network_log(m, "alone"), [])
        destroy(m, "alone")
    for what, entry in BROKEN.items():
        body = {"id": "bad", "layers": PLAIN, "allow_net": ["fine.test", entry]}
        reply = m.http("POST", SANDBOXES, body)
        text = (reply.json or {}).get("error", "")
        check(
            f"an entry that is {what}: 400 says which", reply.status == 400 and "1" in text, reply
        )
    create(m, "alone", PLAIN)
    reply = m.http(
        "POST", f"{SANDBOXES}/alone/allow_net", {"allow_net": ["a.test", "b.test", "c..test"]}
    )
    check("live as well", reply.status == 400 and "2" in reply.json["error"], reply)
    equal("which changes nothing", info(m, "alone")["allow_net"], [])
    destroy(m, "alone")


LOOK = r"""
p=$(pidof egress)
grep -E '^(Uid|Groups|CapPrm|CapEff|CapBnd|CapAmb|NoNewPrivs|Seccomp):' /proc/$p/status
echo cgroup $(cat /proc/$p/cgroup)
echo root $(ls /proc/$p/root/ | wc -l)
echo owner $(stat -c %u /proc/$p/mem)
echo net $(readlink /proc/$p/ns/net) $(readlink /proc/1/ns/net)
echo fds $(ls /proc/$p/fd | wc -l)
"""


def test_process(m, net):
    """What it is, seen from the appliance."""
    create(m, "box", LAYERS, allow_net=["exact.test:*", "web.test:*"], memory_mb=768)
    equal("one process", len(egress_pids(m)), 1)
    text = m.inside(LOOK)[1]
    lines = {
        k.rstrip(":"): v.strip() for k, _, v in (line.partition("\t") for line in text.splitlines())
    }
    words = dict(line.split(" ", 1) for line in text.splitlines() if "\t" not in line)
    check("it is nobody", int(lines["Uid"].split()[0]) > 0, lines)
    for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
        equal(f"without capabilities, {kind}", int(lines[kind], 16), 0)
    equal("in no group", lines["Groups"], "")
    equal("that can't get more", lines["NoNewPrivs"], "1")
    equal("under a filter", lines["Seccomp"], "2")
    equal("charged to the sandbox", words["cgroup"], "0::/squash/box/egress")
    equal("in an empty root", words["root"], "0")
    equal("not dumpable", words["owner"], "0")
    own, of_init = words["net"].split()
    equal("in the appliance's network", own, of_init)


def test_live(m, net):
    kept = Holding(m, "box", "exact.test", "kept")
    cut = Holding(m, "box", "web.test", "cut")
    arrival = net.servers.last(public(25))
    told = allow(m, "box", ["exact.test:*"])
    check(
        "the new list is shown",
        "web.test:*" not in (told or {}).get("allow_net", ["web.test:*"]),
        told,
    )
    equal("and kept", info(m, "box")["allow_net"], ["exact.test:*"])
    is_one_of("a connection that it no longer has is cut", cut.word() or "held", CUT)
    check("on the other side, too", net.servers.wait_word(arrival, "gone"))
    check_line(m, "box", "and a line says so", event="connect", name="web.test", end="cut")
    is_one_of("the name is gone", reach(m, "box", [["udp_dns", "web.test"]])[0], "no name")
    equal("another connection goes on", kept.word(1), None)
    allow(m, "box", ["exact.test:80", "web.test:*"])
    is_one_of("until its port goes", kept.word() or "held", CUT)
    equal("what is new is reached", reach(m, "box", [["tcp", "web.test"]]), ["ok"])
    held = Holding(m, "box", "web.test", "held")
    allow(m, "box", [])
    is_one_of("with an empty list all is cut", held.word() or "held", CUT)
    equal("and the process ends", wait_for_pids(m, lambda pids: not pids), [])
    is_one_of(
        "no name is left", reach(m, "box", [["tcp", "web.test"]])[0], "no name|try again|refused"
    )
    allow(m, "box", ["exact.test:*", "web.test:*", public(40)])
    equal("a list makes a new one", len(wait_for_pids(m, bool)), 1)
    equal("which works", reach(m, "box", [["tcp", "web.test"], ["http", public(40)]]), ["ok", "ok"])
    reply = m.http("POST", f"{SANDBOXES}/nobody/allow_net", {"allow_net": []})
    equal("of a sandbox that there isn't: 404", reply.status, 404)


def test_neighbours(m, net):
    """Each has its own."""
    create(m, "other", PLAIN, allow_net=["port.test:*"], memory_mb=256)
    equal("two processes", len(egress_pids(m)), 2)
    equal("one reaches what it may", reach(m, "other", [["tcp", "port.test"]]), ["ok"])
    is_one_of("not what the other may", reach(m, "other", [["tcp", "exact.test"]])[0], "no name")
    is_one_of("nor the other way", reach(m, "box", [["tcp", "port.test"]])[0], "no name")
    held = Holding(m, "box", "exact.test", "apart")
    destroy(m, "other")
    equal("one goes, with its process", len(wait_for_pids(m, lambda pids: len(pids) == 1)), 1)
    equal("the other's connections go on", held.word(1), None)
    reply = m.http("GET", f"{SANDBOXES}/other/network")
    equal("its log is gone", reply.status, 404)
    output(m, "box", "kill $(pidof python3)")  # the held one
    held.thread.join(30)


def works_again(m, name, host="exact.test"):
    """Whether the host is reached within a while."""
    deadline = time.monotonic() + RESTART_SECONDS
    while (found := reach(m, name, [["tcp", host]])[0]) != "ok" and time.monotonic() < deadline:
        pass
    return found


def test_killed(m, net):
    for round_ in range(3):
        held = Holding(m, "box", "exact.test", f"round{round_}")
        before = egress_pids(m)
        m.inside(f"kill -9 {before[0]}")
        is_one_of("killed: its connections are cut", held.word() or "held", CUT)
        after = wait_for_pids(m, lambda pids: pids and pids != before)
        check("another is there", len(after) == 1 and after != before, (before, after))
        equal("which works", works_again(m, "box"), "ok")
        equal("for addresses, too", reach(m, "box", [["http", public(40)]]), ["ok"])
    lines = network_log(m, "box")
    check(
        "what was logged is still there", any(line.get("end") == "cut" for line in lines), lines[:3]
    )


def test_squashd_killed(m, net):
    held = Holding(m, "box", "exact.test", "squashd")
    since = len(m.console)
    before = egress_pids(m)
    squashd.kill(m)
    deadline = time.monotonic() + RESTART_SECONDS
    while m.http("GET", SANDBOXES).status != 200 and time.monotonic() < deadline:
        pass
    equal("squashd killed: the same process", egress_pids(m), before)
    equal("its connections go on", held.word(1), None)
    equal("new ones are made", reach(m, "box", [["tcp", "exact.test"]]), ["ok"])
    allow(m, "box", ["exact.test:*"])
    equal("a list is still taken", info(m, "box")["allow_net"][0], "exact.test:*")
    # Both at once: who is to start it anew is not there to see it go.
    m.inside(f"kill -9 {squashd.pid(m)} {before[0]}")
    is_one_of("both killed: connections are cut", held.word() or "held", CUT)
    after = wait_for_pids(m, lambda pids: pids and pids != before)
    check("there is another", len(after) == 1 and after != before, (before, after))
    equal("which works", works_again(m, "box"), "ok")
    tap.note(m.console[since:])


def test_changes(m, net):
    """What makes the sandbox's processes anew leaves it its network."""
    create(m, "state", PLAIN, allow_net=["exact.test:*"], memory_mb=256)
    equal("at first", reach(m, "state", [["tcp", "exact.test"]]), ["ok"])
    taken = snapshot(m, "state")
    activate(m, "state", BUSYBOX)
    equal("after activate", reach(m, "state", [["tcp", "exact.test"]]), ["ok"])
    restore(m, "state", taken)
    equal("after restore", reach(m, "state", [["tcp", "exact.test"]]), ["ok"])
    fields = {"id": "copy", "from": f"state/{taken}", "allow_net": ["web.test:*"]}
    equal("a copy", m.http("POST", SANDBOXES, fields).status, 201)
    found = reach(m, "copy", [["tcp", "web.test"], ["tcp", "exact.test"]])
    equal("has its own list", found, ["ok", "no name"])
    destroy(m, "copy")
    destroy(m, "state")


def main():
    network.enter(REACHING)
    net = Net("egress-life")
    with net.borrow(capture=False) as m:
        before = m.counts()
        tests = (test_none, test_process, test_live, test_neighbours)
        tests += (test_killed, test_squashd_killed, test_changes)
        tap.each(m, *(bound(test, net) for test in tests))
        held = Holding(m, "box", "exact.test", "last")
        last = net.servers.last(public(20))
        destroy(m, "box")
        held.thread.join(30)
        equal("no process is left", egress_pids(m), [])
        check("its connections are closed", net.servers.wait_word(last, "gone"))
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
