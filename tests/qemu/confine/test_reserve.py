#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Sandboxes that take all they can get of a small disk leave the appliance its part of it: inodes,
and the blocks that ext4 keeps back."""

import pool
import tap
from api import BUSYBOX, SANDBOXES, create, destroy, output
from machine import data_disk, drive
from tap import check, equal

DISK_MB = 128
BLOCK = 4096
SMALL = pool.Shape(
    "small-disk", make_args=lambda place: drive(data_disk("small", DISK_MB, place=place))
)

# In directories, as a large one takes ever longer. The shell's own words: no process for each.
TAKE = """
d=0
while mkdir /root/$d; do
    i=0
    while [ $i -lt 1000 ]; do : >/root/$d/$i || exit 0; i=$((i+1)); done
    d=$((d+1))
done
"""


def statfs(m, what):
    """f_files, f_ffree (%c %d), f_blocks, f_bfree, f_bavail (%b %f %a) of the data's disk."""
    return int(m.inside(f"stat -f -c %{what} /data")[1])


def run(m, name, cmd):
    """The result of a command that takes long."""
    body = {"cmd": cmd, "timeout": 300}
    return m.http("POST", f"{SANDBOXES}/{name}/exec", body, seconds=320).json


def taken(m, name):
    """How many files the sandbox has, once it can have no more."""
    result = run(m, name, TAKE)
    check(f"{name}: comes to its limit", "uota exceeded" in result["stderr"], result)
    return int(output(m, name, "find /root | wc -l"))


def test_inodes(m):
    create(m, "first", BUSYBOX, disk_mb=4096, memory_mb=128)
    create(m, "second", BUSYBOX, disk_mb=4096, memory_mb=128)
    total = statfs(m, "c")
    first = taken(m, "first")
    create(m, "third", BUSYBOX, disk_mb=4096, memory_mb=128)
    counts = [first, taken(m, "second"), taken(m, "third")]
    left = statfs(m, "d")
    tap.note(f"of {total} inodes three sandboxes took {counts}, and left {left}")
    check("three that take all they can get leave a sixteenth", left >= total // 16, (total, left))
    check("and each has some", min(counts) >= total // 16, (total, counts))
    reply = m.http("POST", f"{SANDBOXES}/second/snapshot", {}, seconds=120)
    equal("a snapshot can be taken", reply.status, 201)
    equal("and another sandbox made", create(m, "fourth", BUSYBOX, disk_mb=64)["id"], "fourth")
    for name in ("first", "second", "third"):
        destroy(m, name)
    alone = taken(m, "fourth")
    check("one that is alone again gets more", alone > total // 4, (total, alone))
    destroy(m, "fourth")


def test_blocks(m):
    create(m, "small", BUSYBOX, disk_mb=64, memory_mb=128)
    output(m, "small", "head -c 400000 /dev/urandom >/root/data")
    create(m, "hog", BUSYBOX, disk_mb=4096, memory_mb=128)
    result = run(m, "hog", "dd if=/dev/zero of=/root/big bs=64k")
    check("a sandbox fills the disk", "No space left" in result["stderr"], result)
    m.inside("sync")
    kept = statfs(m, "f")
    check("what is free then is not for all", statfs(m, "a") * BLOCK < 100000, statfs(m, "a"))
    tap.note(f"{kept * BLOCK >> 10} KiB are kept back")
    check("it is more than the snapshot that follows", kept * BLOCK > 800000, kept)
    reply = m.http("POST", f"{SANDBOXES}/small/snapshot", {})
    equal("a snapshot takes nothing of it", (reply.status, reply.json["code"]), (507, "no_space"))
    destroy(m, "hog")
    reply = m.http("POST", f"{SANDBOXES}/small/snapshot", {})
    equal("and is taken when there is room", reply.status, 201)
    destroy(m, "small")


def main():
    with pool.borrow(SMALL) as m:
        tap.each(m, test_inodes, test_blocks)


tap.run(main)
