#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow alone timeout=1200
"""stress-ng's classes, by turns, in one sandbox: whatever a kernel can be asked to do. Another one's
commands, files and names, and the API, are answered as when it is quiet; and nothing of it stays.

    CLASSES="os network" tests/tap tests/qemu/confine/test_breadth.py"""

import os
import statistics
import time

import network
import tap
from api import PYTHON, SANDBOXES, create, destroy, execute, output
from egress import Net
from tap import check, equal
from waiting import wait_until

LAYERS = "000-base-debian,100-python313,128-stress"
SAMPLES = 5
SECONDS = 4  # of each class, at least
TRIES = 3
FILE = os.urandom(65536)
# Of the machine's memory that is free, when the sandbox has gone: caches of the kernel's own stay.
NOISE_KB = 24 << 10


def ask_exec(m, _):
    equal_quietly(execute(m, "beside", "true")["exit_code"], 0)


def ask_files(m, _):
    equal_quietly(m.http("POST", f"{SANDBOXES}/beside/files?path=/root/file", FILE).status // 100, 2)
    equal_quietly(m.http("GET", f"{SANDBOXES}/beside/files?path=/root/file").body, FILE)


def ask_name(m, number):
    """One that nobody has asked for yet, so that it comes from outside."""
    look = f"import socket; print(socket.gethostbyname('n{number}.wild.test'))"
    result = execute(m, "beside", f'python3 -c "{look}"')
    equal_quietly(result["exit_code"], 0)


def ask_api(m, _):
    equal_quietly(m.http("GET", "health").status, 200)
    equal_quietly(m.http("GET", SANDBOXES).status, 200)


ASKED = {"exec": ask_exec, "files": ask_files, "names": ask_name, "the API": ask_api}


def equal_quietly(got, expected):
    assert got == expected, got


class Clock:
    """Asks for each thing by turns, and keeps the medians."""

    def __init__(self, m):
        self.m, self.number = m, 0

    def medians(self, seconds=0):
        """Of at least SAMPLES rounds, for at least so long: {what: milliseconds}."""
        took, until = {what: [] for what in ASKED}, time.monotonic() + seconds
        while len(took["exec"]) < SAMPLES or time.monotonic() < until:
            for what, ask in ASKED.items():
                self.number += 1
                began = time.monotonic()
                ask(self.m, self.number)
                took[what].append((time.monotonic() - began) * 1000)
        return {what: statistics.median(times) for what, times in took.items()}


def classes(m):
    """Those that this stress-ng has, as it names them to who asks for another."""
    said = execute(m, "hog", "stress-ng --class none")
    listed = (said["stdout"] + said["stderr"]).partition("available classes:")[2].split()
    only = os.environ.get("CLASSES", "").split()
    return [name for name in listed if not only or name in only]


def stress(m, name):
    """Start the class; what ends it."""
    cmd = f"cd /root && rm -rf * && exec stress-ng --class {name} --all 1 --oomable --timeout 600"
    reply = m.http("POST", f"{SANDBOXES}/hog/exec", {"cmd": cmd, "detach": True})
    assert reply.status == 202, reply
    path = f"{SANDBOXES}/hog/execs/{reply.json['exec']}"

    def said():
        return b"".join(m.http("GET", f"{path}/output?stream={stream}").body for stream in ("stdout", "stderr"))
    begun = wait_until(lambda: b"dispatching hogs" in said(), 60)
    check(f"{name}: runs", begun, (m.http("GET", path).json, said()))

    def end():
        equal(f"{name}: ends", m.http("DELETE", path, seconds=60).status // 100, 2)

    return end


def create_both(m):
    create(m, "beside", PYTHON, memory_mb=128, allow_net=["*.wild.test"])
    create(m, "hog", LAYERS, memory_mb=512, disk_mb=256)


def warm(m):
    """What QEMU translates once, and the kernel keeps."""
    create_both(m)
    output(m, "hog", "stress-ng --version")
    Clock(m).medians()
    destroy(m, "beside")
    destroy(m, "hog")


def test_classes(m):
    clock = Clock(m)
    quiet = clock.medians()
    for name in classes(m):
        for _ in range(TRIES):  # as the host may have other things to do
            end = stress(m, name)
            beside = clock.medians(SECONDS)
            end()
            late = {what: beside[what] for what in ASKED if beside[what] > 3 * quiet[what]}
            if not late:
                break
            rest = clock.medians()
            quiet = {what: max(quiet[what], rest[what]) for what in ASKED}
        equal(f"{name}: nothing beside it takes three times as long", late, {})
        tap.note(", ".join(f"{what} {beside[what]:.0f} ms, {quiet[what]:.0f} at rest" for what in ASKED))


def free(m):
    """KiB of memory, and inodes of the disk."""
    m.inside("sync; echo 3 >/proc/sys/vm/drop_caches")
    memory = int(m.inside("awk '/^MemAvailable/{print $2}' /proc/meminfo")[1])
    return memory, int(m.inside("stat -f -c %d /data")[1])


def main():
    network.enter()
    net = Net("breadth")
    with net.machine(layers=LAYERS) as m:
        m.wait_api()
        warm(m)
        before, had = m.counts(), free(m)
        create_both(m)
        tap.each(m, test_classes)
        destroy(m, "beside")
        destroy(m, "hog")
        equal("what the kernel holds is as it was", m.wait_counts(before, 30), before)
        memory, inodes = free(m)
        tap.note(f"{(had[0] - memory)} KiB less memory than before")
        check("memory is free again", memory >= had[0] - NOISE_KB, (had[0], memory))
        equal("and inodes", inodes, had[1])


tap.run(main)
