#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow alone
"""A sandbox that takes all it can get does not slow another's commands by more than three times."""

import statistics
import threading
import time

import pool
import tap
from api import BUSYBOX, PYTHON, SANDBOXES, create, destroy
from tap import check, equal

SAMPLES = 11
MOST = 3.0  # times the quiet median
LOG_MB = 16  # more than a sandbox's journal may ever take

MEMORY = "while :; do python3 -c 'x = bytearray(300 << 20)'; done"
FDS = """
import os
for _ in range(200):
    if os.fork() == 0:
        break
while True:
    taken = []
    try:
        while True:
            taken += os.pipe()
    except OSError:
        for fd in taken:
            os.close(fd)
"""
INOTIFY = """
import ctypes, os
libc = ctypes.CDLL(None)
for _ in range(20):
    if os.fork() == 0:
        break
while True:
    fds = []
    while (fd := libc.inotify_init()) >= 0:
        fds.append(fd)
        for name in os.listdir('/usr/bin')[:50]:
            libc.inotify_add_watch(fd, b'/usr/bin/' + name.encode(), 4095)
    for fd in fds:
        os.close(fd)
"""
THREADS = """
import threading, time
while True:
    try:
        for _ in range(10000):
            threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
    except RuntimeError:
        time.sleep(0.01)
"""
INODES = """
import os
while True:
    try:
        n = 0
        while True:
            os.mkdir(f'/root/{n}')
            n += 1
    except OSError:
        for i in range(n):
            os.rmdir(f'/root/{i}')
"""
HOGS = (
    ("a fork bomb", "b() { b | b & }; b; sleep 600", ""),
    ("a hog of memory", MEMORY, ""),
    ("a hog of descriptors", "python3 -", FDS),
    ("a hog of inotify", "python3 -", INOTIFY),
    ("a hog of inodes", "python3 -", INODES),
    ("10,000 threads", "python3 -", THREADS),
    ("a filler of disks", "while :; do dd if=/dev/zero of=/root/big bs=1M; rm /root/big; done", ""),
    ("a writer of output", "yes '' | tr -d '\\n' & yes >&2", ""),
    ("who syncs all the time", "while :; do echo x >/root/x; sync; done", ""),
)


def median_ms(m, samples=SAMPLES):
    """Of the time that a command takes in the sandbox beside, as its caller sees it."""
    times = []
    for _ in range(samples):
        began = time.monotonic()
        reply = m.http("POST", f"{SANDBOXES}/beside/exec", {"cmd": "true"}, seconds=60)
        times.append((time.monotonic() - began) * 1000)
        assert reply.status == 200 and reply.json["exit_code"] == 0, reply
    return statistics.median(times)


class Beside:
    """Compares commands' medians with the one of a machine where nothing else runs."""

    def __init__(self, m):
        self.machine = m
        median_ms(m)  # the first commands are slower
        self.quiet_ms = median_ms(m)

    def check(self, what, measure):
        """measure() returns a median. If it is beyond the limit, the middle of three ratios counts,
        the others with a quiet median of their own: other programs run beside QEMU."""
        ratios = [measure() / self.quiet_ms]
        while ratios[0] > MOST and len(ratios) < 3:
            self.quiet_ms = median_ms(self.machine)
            ratios.append(measure() / self.quiet_ms)
        tap.note(f"{what}: {', '.join(f'{ratio:.1f}' for ratio in ratios)} times the quiet median")
        check(f"beside {what}: within {MOST:.0f} times", statistics.median(ratios) <= MOST, ratios)


def start(m, cmd, stdin):
    """The command in the sandbox hog, under way; its thread."""
    body = {"cmd": cmd, "stdin": stdin, "timeout": 600}
    thread = threading.Thread(
        target=lambda: m.http("POST", f"{SANDBOXES}/hog/exec", body, seconds=600), daemon=True
    )
    thread.start()
    return thread


def measure_hog(m, cmd, stdin):
    create(m, "hog", PYTHON, memory_mb=256, disk_mb=128)
    hog = start(m, cmd, stdin)
    time.sleep(3)
    loud = median_ms(m)
    began = time.monotonic()
    destroy(m, "hog")
    took = time.monotonic() - began
    assert took < 20, f"destroying it took {took:.1f} s"
    hog.join(20)
    return loud


def test_hogs(beside):
    for what, cmd, stdin in HOGS:
        beside.check(what, lambda cmd=cmd, stdin=stdin: measure_hog(beside.machine, cmd, stdin))


def measure_log(m):
    done = threading.Event()

    def write():
        while not done.is_set():
            body = {"cmd": "yes | head -c 100000; : " + "x" * 130_000, "timeout": 10}
            m.http("POST", f"{SANDBOXES}/hog/exec", body, seconds=60)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        time.sleep(3)
        return median_ms(m)
    finally:
        done.set()
        for writer in writers:
            writer.join()


def test_log(beside):
    """Commands as large as they may be, and their results: what is kept of them has an end."""
    m = beside.machine
    create(m, "hog", BUSYBOX, memory_mb=128)
    beside.check("who fills the log", lambda: measure_log(m))
    size = int(m.inside("stat -c %s /data/sandboxes/hog/log.ndjson")[1])
    count = m.http("GET", f"{SANDBOXES}/hog").json["exec_count"]
    tap.note(f"{count} commands of 130 KB: a log of {size} bytes")
    check("the log is bounded", size < LOG_MB << 20, size)
    destroy(m, "hog")


# Processes that leave a new one no time: what begins there takes its turn.
CROWD = """
import os
for _ in range(400):
    if os.fork() == 0:
        break
while True:
    pass
"""


def test_crowd(beside):
    """A command that has no processor time to begin with doesn't keep its sandbox from ending."""
    m = beside.machine
    create(m, "hog", PYTHON, cpu=0.05, memory_mb=256)
    crowd = start(m, "python3 -", CROWD)
    time.sleep(15)
    late = start(m, "true", "")
    time.sleep(1)
    began = time.monotonic()
    destroy(m, "hog")
    took = time.monotonic() - began
    tap.note(f"a crowded sandbox was destroyed in {took:.1f} s")
    check("a crowded sandbox can be destroyed", took < 20, took)
    crowd.join(20)
    late.join(20)


def main():
    with pool.borrow(pool.OPEN) as m:
        create(m, "beside", BUSYBOX, memory_mb=64)
        tap.each(Beside(m), test_hogs, test_log, test_crowd)
        destroy(m, "beside")
        left = m.inside("ls /sys/fs/cgroup/squash | grep -c hog")[1].strip()
        equal("nothing is left of the hogs", left, "0")


tap.run(main)
