#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""Every step of what changes a sandbox fails in turn, and dies in turn: afterwards all is as
before, or as after.

squashd is replaced by one that tests/fault/fault.c was linked into. A first run of each operation
says how many points it has; of these, a sample is tried, all of them with FAULT_ALL=1 in the
environment."""

import json
import os
import re
import time

import squashd
import tap
from api import BUSYBOX, SANDBOXES, create, drop, execute, info, output, restore, snapshot
from enums import read_enum
from machine import BUILD, CurlFailed, Machine, data_disk, drive, make_module
from tap import check

ALL = os.environ.get("FAULT_ALL") == "1"
SAMPLE = 6  # points of an operation that are tried each way, without FAULT_ALL
SETTLE_SECONDS = 10
SHOWN = 12  # lines of a difference
NAME = "faulty"
EXTRA = "100-fault"
SENT = "100-sent"
TOKEN = "sekrit-0123456789"
PATH = f"{SANDBOXES}/{NAME}"
HOSTS = ["example.org", "203.0.113.0/24"]
WAYS = ("error", "kill", "orphan")
FAULT = "/run/fault"
KINDS = read_enum("src/lib/msg.h", "msg_op")

# A command leaves its count, its cgroup and what overlayfs needed; a snapshot that was dropped or
# not taken, a directory.
IGNORED = re.compile(
    r"/usage|/(log|network)[.\d]*ndjson|^cgroup .*/x\d+$|/upper.\d+/work/|^directory .*/snapshots$"
)


class State:
    """What the kernel and the disk hold, as lines. exact: but for what a restart of a sandbox may
    change, its range of uids, say; loose: without numbers, for what is to be of the same shape."""

    def __init__(self, m, aliases=()):
        counts, seen = m.state()
        lines = set()
        snapshots = set(re.findall(r"(\S+/snapshots/\S+)\.squashfs\b", "\n".join(seen)))
        for line in seen:
            kind, _, value = line.partition(" ")
            record = re.search(r"(\S+/snapshots/\S+)\.json\b", value)
            if record and record[1] not in snapshots:
                continue  # of one that was dropped: it stays for its number's sake, or goes
            if kind == "mount":
                left, _, right = value.partition(" - ")
                # Which loop device it is, chance decides.
                source = re.sub(r"loop\d+", "loop", " ".join(right.split()[:2]))
                lines.add(f"mount {left.split()[4]} {source}")
            elif kind == "record":
                path, _, text = value.partition(" ")
                for key, member in json.loads(text).items():
                    if key != "snapshots_taken":  # numbers that are not used again may be lost
                        lines.add(f"record {path} {key} {member}")
            elif IGNORED.search(line):
                continue
            elif kind == "link" or "/run/squash/slots" in value:
                lines.add(re.sub(r"\b\d+\b", "N", line))
            elif kind == "file" and ".squashfs " in value:
                lines.add(" ".join(line.split()[:2]))
            else:
                lines.add(line)
        for key in ("mounts", "tmpfs", "namespaces", "processes", "loops"):
            lines.add(f"count {key} {counts[key]}")
        self.exists = f"file /data/sandboxes/{NAME}/meta.json" in lines
        self.exact = lines
        self.loose = set()
        for line in lines:
            for name, alias in aliases:
                line = line.replace(name, alias)
            head = line.split(" ")[0]
            self.loose.add(line if head == "count" else re.sub(r"\d+", "0", line))

    def difference(self, before, after):
        """None if it is one of the two; else how it differs from that which it is closer to."""
        by_exact = self.exact ^ before.exact
        by_loose = self.loose ^ after.loose
        if not by_exact or not by_loose:
            return None
        name, lines, mine = ("before", by_exact, self.exact)
        if len(by_loose) < len(by_exact):
            name, lines, mine = ("after", by_loose, self.loose)
        shown = [("+ " if line in mine else "- ") + line for line in sorted(lines)]
        return "\n".join([f"differs from {name}:", *shown[:SHOWN]])


class Create:
    """Each operation: kind, as messages call it; setup, once; prepare: back to what is before it,
    from what is after it, which is how each trial ends; asks: the request's method, path and body;
    aliases: names that change, and what to call them."""

    kind = "MSG_CREATE"
    expected = 201
    asks = ("POST", SANDBOXES, {"id": NAME, "layers": BUSYBOX, "memory_mb": 64})

    def setup(self, m):
        pass

    def prepare(self, m):
        m.http("DELETE", PATH)

    def request(self, m):
        return m.http(*self.asks)

    def aliases(self):
        return ()

    def teardown(self, m):
        m.http("DELETE", PATH)


class Way(Create):
    """With a way out: sockets and routes in its network, and a process of its own."""

    asks = ("POST", SANDBOXES, {"id": NAME, "layers": BUSYBOX, "memory_mb": 64, "allow_net": HOSTS})


class Allow(Create):
    """The way out is made for a sandbox that runs."""

    kind = "MSG_ALLOW_NET"
    expected = 200
    asks = ("POST", f"{PATH}/allow_net", {"allow_net": HOSTS})

    def setup(self, m):
        m.http("DELETE", PATH)
        create(m, NAME, BUSYBOX, memory_mb=64)

    def prepare(self, m):
        m.http("POST", f"{PATH}/allow_net", {"allow_net": []})


class Destroy(Create):
    kind = "MSG_DESTROY"
    expected = 204
    asks = ("DELETE", PATH)

    def prepare(self, m):
        create(m, NAME, BUSYBOX, memory_mb=64)


def make_fresh(m):
    """A new sandbox, with files in its upper."""
    m.http("DELETE", PATH)
    create(m, NAME, BUSYBOX, memory_mb=64)
    execute(m, NAME, "echo kept >/root/kept; mkdir /root/dir; rm /etc/hosts")


class Activate(Create):
    kind = "MSG_ACTIVATE"
    expected = 200
    asks = ("POST", f"{PATH}/activate", {"module": EXTRA})

    def prepare(self, m):
        make_fresh(m)


class Snapshot(Create):
    kind = "MSG_SNAPSHOT"
    expected = 201
    asks = ("POST", f"{PATH}/snapshot", {"label": "of a test"})

    def setup(self, m):
        make_fresh(m)

    def prepare(self, m):
        for taken in info(m, NAME)["snapshots"]:
            drop(m, NAME, taken["name"])


class Restore(Create):
    """From one snapshot to another and back: both are of the same stack."""

    kind = "MSG_RESTORE"
    expected = 200

    def __init__(self):
        self.names = []

    def setup(self, m):
        make_fresh(m)
        self.names = [snapshot(m, NAME), snapshot(m, NAME)]
        restore(m, NAME, self.names[0])

    def prepare(self, m):
        if info(m, NAME)["active_snapshot"] == self.names[0]:
            self.names.reverse()
        execute(m, NAME, "echo dirty >/root/dirty")

    def request(self, m):
        return m.http("POST", f"{PATH}/restore", {"snapshot": self.names[0]})

    def aliases(self):
        return ((self.names[0], "TARGET"), (self.names[1], "OTHER"))


class Drop(Create):
    kind = "MSG_DROP_SNAPSHOT"
    expected = 204

    def __init__(self):
        self.name = None

    def setup(self, m):
        make_fresh(m)

    def prepare(self, m):
        self.name = snapshot(m, NAME)

    def request(self, m):
        return m.http("DELETE", f"{PATH}/snapshots/{self.name}")


class Upload(Create):
    """A module, and back: it is not there, or it is."""

    kind = "MSG_UPLOAD_MODULE"
    expected = 201
    path = f"api/modules/{SENT}"

    def setup(self, m):
        self.teardown(m)

    def prepare(self, m):
        m.http("DELETE", self.path)

    def request(self, m):
        body = make_module(SENT, {"opt/new": "new\n"}).read_bytes()
        return m.http("POST", f"api/modules?name={SENT}", body)

    def teardown(self, m):
        m.http("DELETE", PATH)
        m.http("DELETE", self.path)


class Delete(Upload):
    kind = "MSG_DELETE_MODULE"
    expected = 204

    def prepare(self, m):
        Upload.request(self, m)

    def request(self, m):
        return m.http("DELETE", self.path)


class Freeze(Upload):
    """The module is made of a sandbox."""

    kind = "MSG_FREEZE_MODULE"

    def setup(self, m):
        self.teardown(m)
        make_fresh(m)

    def request(self, m):
        return m.http("POST", f"{PATH}/modules?name={SENT}")


def wait_alone(m):
    """Wait until squashd has no children of its own name."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while squashd.workers(m) and time.monotonic() < deadline:
        time.sleep(0.05)


def steady(m, op):
    """The state, when what the last request has left on its way out is gone, and squashd's sweep."""
    wait_alone(m)
    last, state = None, State(m, op.aliases())
    while not last or last.exact != state.exact:
        last, state = state, State(m, op.aliases())
    return state


def set_fault(m, op, point, way):
    line = f"{KINDS[op.kind]} {point} {way}"
    m.inside(f"rm -f {FAULT}/result; echo '{line}' >{FAULT}/control")


def read_result(m):
    """The points that were passed since set_fault."""
    return m.inside(f"tr -d '\\0' <{FAULT}/result")[1].split("\n")[1:]


def settle(m, op, before, after):
    """Wait until the state is that before or that after; the last one seen."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        state = State(m, op.aliases())
        if not state.difference(before, after) or time.monotonic() > deadline:
            return state


def ask(m, op):
    """The request's reply; None if there was none."""
    try:
        return op.request(m)
    except CurlFailed:
        return None


class Trial:
    """One point, one way. fault is what is wrong, None if nothing is."""

    def __init__(self, m, op, point, way, after):
        op.prepare(m)
        before = steady(m, op)
        set_fault(m, op, point, way)
        said = len(m.console)
        reply = ask(m, op)
        if way != "error":
            m.wait_console("a worker died of signal 9", 10, since=said)
        state = settle(m, op, before, after)
        struck = (line for line in read_result(m) if "<-" in line)
        self.where = f"{point} {next(struck, 'not reached')}"
        self.is_before = not state.exact ^ before.exact
        self.fault = state.difference(before, after) or self.judge(m, op, way, state, reply)
        if self.fault:
            self.fault = f"point {self.where}\nreply {reply}\n{self.fault}"

    def judge(self, m, op, way, state, reply):
        """The state is one of the two: is the reply true, and does all work?"""
        if way == "error":
            done = reply and reply.status == op.expected
            failed = reply and reply.status in (500, 503, 507) and reply.json and reply.json["code"]
            if not done and not failed:
                return "this is no reply to that"
            if done and self.is_before:
                return "it was not done"
        if state.exists and output(m, NAME, "echo works") != "works":
            return "exec does not work"
        if self.is_before:
            again = ask(m, op)
            if not again or again.status != op.expected:
                return f"a second time: {again}"
        return None


def count_points(m, op):
    """Run it without a fault: its points' names, and the state after."""
    op.prepare(m)
    set_fault(m, op, 0, "error")
    reply = op.request(m)
    assert reply.status == op.expected, f"{op.kind}: {reply}"
    assert m.inside(f"test -e {FAULT}/result")[0] == 0, "this squashd knows nothing of faults"
    after = steady(m, op)
    return read_result(m), after


def choose(points, way, shift):
    """The numbers of the points to be tried that way."""
    able = range(1, len(points) + 1)
    if way == "error":
        able = [n for n in able if points[n - 1] != "reply"]
    elif way == "orphan":
        able = [n for n in able if points[n - 1].startswith("*")]
    step = 1 if ALL else max(1, -(-len(able) // SAMPLE))
    return sorted({*able[:1], *able[shift % step :: step]})


def start_again(m):
    """After a failure: get rid of what there is."""
    m.inside(f"rm -f {FAULT}/control")
    squashd.kill_all(m)
    m.wait_api()
    m.http("DELETE", PATH)


def try_operation(m, op, shift):
    op.setup(m)
    points, after = count_points(m, op)
    tap.note(
        f"{op.kind}: {len(points)} points, {sum(p.startswith('*') for p in points)} in children"
    )
    before_count = 0
    for number, way in enumerate(WAYS):
        chosen = choose(points, way, shift + 3 * number)
        if not chosen:
            continue  # no step of it is taken by a child
        faults = []
        began = time.monotonic()
        for point in chosen:
            trial = Trial(m, op, point, way, after)
            before_count += trial.is_before
            if trial.fault:
                tap.note(f"{way}: {trial.fault}")
                faults.append(trial.where)
                start_again(m)
                op.setup(m)
        seconds = time.monotonic() - began
        what = f"{op.kind}: {way} at {len(chosen)} points ({seconds:.0f} s): before or after"
        check(what, not faults, faults)
    check(f"{op.kind}: some of these left it as it was", before_count > 0)
    op.teardown(m)


def main():
    squashd = (BUILD / "test/squashd-fault").read_bytes()
    image = data_disk("fault", 256, modules=[make_module(EXTRA, {"opt/new": "new\n"})])
    settings = f"SQUASH_AUTH_TOKEN={TOKEN}"
    with Machine("fault", settings, files={"/squashd-fault": squashd}, args=drive(image)) as m:
        m.token = TOKEN
        m.wait_api()
        m.inside(f"mount --bind /squashd-fault /sbin/squashd; mkdir {FAULT}")
        start_again(m)
        operations = (Create, Way, Allow, Destroy, Activate, Snapshot, Restore, Drop, Upload, Delete, Freeze)
        if only := os.environ.get("FAULT_ONLY"):
            operations = [o for o in operations if o.__name__.lower() in only.split(",")]
        for shift, operation in enumerate(operations):
            try_operation(m, operation(), shift)


tap.run(main)
