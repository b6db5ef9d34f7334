#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Snapshots of all that a file system can hold, on a disk and in memory; and what happens to a
sandbox, its commands and the machine while one is taken, or can't be."""

import base64
import json
import threading
import time
import zlib
from itertools import zip_longest

import pool
import squashd
import tap
from api import BUSYBOX, DEBIAN, PYTHON, SANDBOXES, Running, activate, create, destroy, drop
from api import execute, info, output, restore, snapshot
from machine import BUILD, ROOT, WORK, Machine, drive
from tap import check, equal
from whole import find_orphans

MODULES = [BUILD / f"modules/{name}.squashfs" for name in PYTHON.split(",")]
TREE = (ROOT / "tests/qemu/programs/tree.py").read_text(encoding="utf-8")
CAPTURES = "/sys/fs/cgroup/capture"
FIRST, SECOND = "900-snapshot-1", "901-snapshot-2"

# Below a path of more than PATH_MAX, which mksquashfs can't name.
TOO_DEEP = """
import os
os.mkdir("/root/deep")
os.chdir("/root/deep")
for _ in range(25):
    os.mkdir("d" * 200)
    os.chdir("d" * 200)
"""

# Names that stand for something where the host looks, and links out of the tree.
PLANTED = """
rm -rf /media /mnt /srv
mkdir -p /upper/upper /work/work /root/snapshots
ln -s /data/sandboxes /media; ln -s ../../../../../data /mnt; ln -s / /srv
ln -s /sys/fs/cgroup/cgroup.kill /root/snapshots/new.squashfs
mkfifo /meta.json /root/snapshots/900-snapshot-1.json
mv /opt /root/opt && ln -s root/opt /opt
mv /tmp /root/tmp && ln -s /root/tmp /tmp
"""


def make(m, name, what):
    output(m, name, f"python3 -B - {what}", stdin=TREE, timeout=120)


def listing(m, name, what="list"):
    """The sandbox's files: {path: what is to come back}."""
    packed = output(m, name, f"python3 -B - {what}", stdin=TREE, timeout=120)
    return json.loads(zlib.decompress(base64.b64decode(packed)))


def same(what, got, expected):
    """A check of two listings that shows where they differ."""
    detail = []
    for path in sorted({*got, *expected}):
        pair = [side.get(path) or ["missing"] for side in (got, expected)]
        differing = [two for two in zip_longest(*pair) if two[0] != two[1]]
        if differing:
            detail.append(f"{path!r}: " + ", ".join(f"{a!r} for {b!r}" for a, b in differing))
    check(f"{what}: {len(got)} entries", got and not detail, "\n".join(detail[:20]))


class Held:
    """A snapshot that is held at its begin, the sandbox frozen, until let go of."""

    def __init__(self, m, name):
        def run():
            self._replies.append(m.http("POST", f"{SANDBOXES}/{name}/snapshot", {}))

        self._m = m
        self._replies = []
        self._thread = threading.Thread(target=run)
        m.inside(f"echo 1 >{CAPTURES}/cgroup.freeze")
        self._thread.start()
        code, _ = m.inside(f"until grep -q . {CAPTURES}/{name}/cgroup.procs; do sleep 0.1; done")
        assert code == 0, "no snapshot is being taken"

    def reply(self):
        self._m.inside(f"echo 0 >{CAPTURES}/cgroup.freeze")
        self._thread.join()
        assert self._replies, "snapshot has had no reply"
        return self._replies[0]


def nothing_captures(m, what):
    _, left = m.inside(f"cd {CAPTURES} && echo */")
    equal(f"no capture is left {what}", left, "*/\n")


def test_tree(m):
    """Each kind of file, and each kind of change to a layer, for two snapshots."""
    create(m, "tree", PYTHON, memory_mb=256, disk_mb=64)
    make(m, "tree", "first")
    first = listing(m, "tree", "all")
    equal("the first is 900-snapshot-1", snapshot(m, "tree", label="one"), FIRST)
    output(m, "tree", "rm -rf /tree /etc/apt; echo >/usr/share/terminfo/x")
    back = restore(m, "tree", FIRST)
    equal("restore stands on it", back["layers"], [*PYTHON.split(","), FIRST])
    same("what was in the first is back", listing(m, "tree", "all"), first)

    make(m, "tree", "second")
    second = listing(m, "tree")
    equal("one on top is 901-snapshot-2", snapshot(m, "tree", label="two"), SECOND)
    restore(m, "tree", SECOND)
    same("what was in the second is back", listing(m, "tree"), second)
    create(m, "copy", None, **{"from": f"tree/{SECOND}"}, memory_mb=256, disk_mb=64)
    same("and in a sandbox made from it", listing(m, "copy"), second)
    restore(m, "tree", FIRST)
    first = {path: line for path, line in first.items() if path.startswith("/")}
    same("the first is what it was", listing(m, "tree"), first)


def refusal(m, path):
    reply = m.http("DELETE", path)
    return reply.status, (reply.json or {}).get("code")


def test_use(m):
    """What stands on a snapshot keeps it."""
    first, second = (f"{SANDBOXES}/tree/snapshots/{name}" for name in (FIRST, SECOND))
    equal("a sandbox stands on the first", refusal(m, first), (409, "in_use"))
    equal("another on the second", refusal(m, second), (409, "in_use"))
    destroy(m, "copy")
    equal("when it is gone, nobody does", refusal(m, second), (204, None))
    equal("it is gone once", refusal(m, second), (404, "not_found"))
    taken = snapshot(m, "tree")
    equal("its number is not used again", taken, "901-snapshot-3")
    listed = {s["name"]: s for s in info(m, "tree")["snapshots"]}
    equal("two are listed", list(listed), [FIRST, taken])
    equal("by label", [s["label"] for s in listed.values()], ["one", ""])
    equal("and layers", listed[taken]["layers"], [*listed[FIRST]["layers"], FIRST])
    destroy(m, "tree")


def log_size(m, name):
    return m.inside(f"cat /data/sandboxes/{name}/upper.*/upper/root/log | wc -c")[1].strip()


def test_frozen(m):
    """Commands stand still while a snapshot is taken, and then go on."""
    create(m, "busy", DEBIAN, memory_mb=128)
    forever = "i=0; until test -e /root/stop; do echo $i >>/root/log; i=$((i+1)); done; echo end"
    writer = Running(m, "busy", forever)
    body = {"cmd": "until test -e /root/go; do sleep 0.1; done", "timeout": 8}
    replies = []
    timed = threading.Thread(
        target=lambda: replies.append(m.http("POST", f"{SANDBOXES}/busy/exec", body))
    )
    timed.start()
    time.sleep(0.5)
    held, since = Held(m, "busy"), time.monotonic()
    sizes = [log_size(m, "busy")]
    equal("a frozen sandbox can be asked about", info(m, "busy")["mounted"], True)
    reply = m.http("POST", f"{SANDBOXES}/busy/snapshot", {})
    equal("but not changed: 409", (reply.status, reply.json["code"]), (409, "busy"))
    time.sleep(max(0, body["timeout"] - (time.monotonic() - since)))
    sizes.append(log_size(m, "busy"))
    check("it stands still", sizes[0] == sizes[1] != "0", sizes)
    equal("the snapshot is taken", held.reply().status, 201)
    output(m, "busy", "touch /root/go")
    timed.join()
    got = replies[0].json
    check("a timeout does not run meanwhile", not got["timed_out"] and got["exit_code"] == 0, got)
    check("the duration does", got["duration_ms"] > 1000 * body["timeout"], got)
    output(m, "busy", "touch /root/stop")
    equal("commands go on", writer.reply().json["stdout"], "end\n")
    check("and have gone on", int(log_size(m, "busy")) > int(sizes[1]), sizes)
    restore(m, "busy", FIRST)
    numbers = output(m, "busy", "tail -n 1 /root/log; wc -l </root/log; wc -c </root/log").split()
    check("of one instant: no line is cut", int(numbers[0]) + 1 == int(numbers[1]), numbers)
    check("what was there when it stood still", numbers[2] == sizes[0], (numbers, sizes))
    destroy(m, "busy")


def test_cut_off(m):
    """A snapshot does not hold up the end of its sandbox, nor does its end hold up anything."""
    create(m, "going", DEBIAN, memory_mb=64)
    held = Held(m, "going")
    begin = time.monotonic()
    destroy(m, "going")
    took = time.monotonic() - begin
    check("destroy does not wait for a snapshot", took < 15, f"{took} s")
    equal("which answers 409", held.reply().status, 409)
    nothing_captures(m, "after destroy")

    create(m, "short", DEBIAN, memory_mb=64, max_lifetime_s=6)
    held = Held(m, "short")
    m.inside("until ! test -e /data/sandboxes/short; do sleep 0.1; done")
    equal("nor does a lifetime", m.http("GET", f"{SANDBOXES}/short").status, 404)
    equal("409, too", held.reply().status, 409)

    create(m, "stays", DEBIAN, memory_mb=64)
    held = Held(m, "stays")
    squashd.kill_all(m)
    check("its worker dies: no success", held.reply().status >= 500)
    equal("the sandbox is as it was", output(m, "stays", "echo on"), "on")
    equal("without a snapshot", info(m, "stays")["snapshots"], [])
    equal("but may have one", snapshot(m, "stays"), FIRST)
    nothing_captures(m, "by a dead worker")
    destroy(m, "stays")


def test_full(m):
    """disk_mb is what the sandbox sees, and gets."""
    on_disk = "ext4" in m.inside("grep ' /data ' /proc/mounts")[1]
    reason = "Disk quota exceeded" if on_disk else "No space left on device"
    create(m, "small", DEBIAN, memory_mb=128, disk_mb=16)
    size = int(output(m, "small", "df -m --output=size /").split()[1])
    check("df shows disk_mb", 14 <= size <= 16, size)
    result = execute(m, "small", "cat /dev/urandom >/root/big")
    check(f"more is refused: {reason}", reason in result["stderr"], result)
    got = int(output(m, "small", "wc -c </root/big")) >> 20
    check("all of it can be used", 14 <= got <= 16, got)
    equal("a full sandbox can have a snapshot", snapshot(m, "small"), FIRST)
    restore(m, "small", FIRST)
    output(m, "small", "head -c 10M /dev/urandom >/root/more; rm /root/more")
    check("restored, it has room again", True)
    destroy(m, "small")


def test_bad_trees(m):
    """What can't be captured is an error that says so, and changes nothing."""
    create(m, "evil", PYTHON, memory_mb=128)
    output(m, "evil", PLANTED)
    equal("links and names out of the tree are nothing special", snapshot(m, "evil"), FIRST)
    restore(m, "evil", FIRST)
    links = output(m, "evil", "readlink /opt /tmp /media /mnt /root/snapshots/new.squashfs")
    expected = "root/opt /root/tmp /data/sandboxes ../../../../../data /sys/fs/cgroup/cgroup.kill"
    equal("they are back", links.split(), expected.split())
    output(m, "evil", "python3 -", stdin=TOO_DEEP)
    reply = m.http("POST", f"{SANDBOXES}/evil/snapshot", {})
    check("a path beyond PATH_MAX is an error", reply.status >= 400, reply)
    check("that is said", "too long" in reply.json["error"], reply)
    nothing_captures(m, "after a failure")
    equal("the sandbox goes on", output(m, "evil", "echo on"), "on")
    equal("with the snapshots it had", [s["name"] for s in info(m, "evil")["snapshots"]], [FIRST])
    destroy(m, "evil")


def test_bad_modules(m):
    """A module that can't be had leaves the old layers in place."""
    good, bad = "/lib/squash/modules/000-base-busybox.squashfs", "/data/modules/150"
    m.inside(f"head -c 100000 /dev/urandom >{bad}-noise.squashfs")
    m.inside(f"head -c 20000 {good} >{bad}-cut.squashfs")
    create(m, "old", DEBIAN, memory_mb=64)
    output(m, "old", "echo kept >/root/kept")
    before = info(m, "old")["layers"]
    for module in ("150-noise", "150-cut"):
        reply = m.http("POST", f"{SANDBOXES}/old/activate", {"module": module})
        equal(f"{module}: 400", (reply.status, reply.json["code"]), (400, "bad_module"))
        equal("the layers stay", info(m, "old")["layers"], before)
        equal("and the files", output(m, "old", "cat /root/kept"), "kept")
    destroy(m, "old")
    m.inside("rm /data/modules/150-*")


def test_stands(m):
    """A mounted snapshot takes the kernel's memory: memory_mb says how many may be below a sandbox."""
    create(m, "high", BUSYBOX, memory_mb=64, disk_mb=16)
    for _ in range(8):
        restore(m, "high", snapshot(m, "high"))
    known, taken = info(m, "high")["layers"], snapshot(m, "high")
    reply = m.http("POST", f"{SANDBOXES}/high/restore", {"snapshot": taken})
    equal("with 64 MB it stands on 8, and no more: 409", (reply.status, reply.json.get("code")), (409, "full"))
    check("the text says why", "9 snapshots; with memory_mb 64 it can stand on 8" in reply.json["error"], reply)
    equal("its layers stay", info(m, "high")["layers"], known)
    equal("it goes on", output(m, "high", "echo on"), "on")
    body = {"id": "other", "from": f"high/{taken}", "memory_mb": 71, "disk_mb": 16}
    reply = m.http("POST", SANDBOXES, body)
    equal("nor can another be made on 9", (reply.status, reply.json.get("code")), (409, "full"))
    create(m, "other", None, **{**body, "memory_mb": 72})
    check("with 72 MB it can", True)
    destroy(m, "other")
    body = {"id": "small", "from": f"high/{known[4]}", "memory_mb": 16, "disk_mb": 8}
    create(m, "small", None, **body)
    check("four can be below the smallest", True)
    destroy(m, "small")
    # As a version without the bound has made it.
    m.inside("sed -i 's/\"memory_mb\":64/\"memory_mb\":32/' /data/sandboxes/high/meta.json")
    activate(m, "high", DEBIAN)
    equal("one that stands on more starts", len(info(m, "high")["layers"]), 10)
    check("and may go back to as many", restore(m, "high", known[-1])["layers"] == known)
    destroy(m, "high")


def test_share(m):
    """In memory, snapshots have a quarter of it."""
    create(m, "large", DEBIAN, memory_mb=256, disk_mb=120)
    output(m, "large", "head -c 100M /dev/urandom >/root/big", timeout=120)
    path = f"{SANDBOXES}/large/snapshot"
    statuses = [m.http("POST", path, {}, seconds=120).status for _ in range(3)]
    equal("one fits, and no more: 507", statuses, [201, 507, 507])
    equal("nothing is left of those", [s["name"] for s in info(m, "large")["snapshots"]], [FIRST])
    _, files = m.inside("ls /data/sandboxes/large/snapshots")
    equal("no file either", files.split(), [f"{FIRST}.json", f"{FIRST}.squashfs"])
    equal("the sandbox goes on", output(m, "large", "echo on"), "on")
    restore(m, "large", FIRST)
    drop_refused = refusal(m, f"{SANDBOXES}/large/snapshots/{FIRST}")
    equal("it is in use", drop_refused, (409, "in_use"))
    destroy(m, "large")
    create(m, "next", DEBIAN, memory_mb=64)
    drop(m, "next", snapshot(m, "next"))
    check("with it gone there is room again", True)
    destroy(m, "next")


def run_all(m, *tests):
    before = m.counts()
    tap.each(m, *tests)
    faults = find_orphans(m)
    check("all that there is belongs to somebody", not faults, "\n".join(faults))
    equal("nothing is left behind", m.wait_counts(before), before)


def test_on_disk():
    with pool.borrow(pool.OPEN) as m:
        run_all(m, test_tree, test_use, test_frozen, test_cut_off, test_full, test_bad_trees,
                test_bad_modules, test_stands)  # fmt: skip


def test_in_memory():
    args = []
    for module in MODULES:
        disk = WORK / f"module-{module.name}"  # QEMU wants a letter first
        disk.unlink(missing_ok=True)
        disk.symlink_to(module)
        args += drive(disk)
    with Machine("snapshot-memory", args=args, memory_mb=768) as m:
        m.wait_api()
        for disk, module in zip("ab", MODULES):
            m.inside(f"cat /dev/vd{disk} >/data/modules/{module.name}")
        run_all(m, test_tree, test_use, test_full, test_share)


def main():
    tap.each_boot(test_on_disk)
    tap.each_boot(test_in_memory)


tap.run(main)
