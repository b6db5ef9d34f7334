#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the code inside a sandbox can reach, tried by tests/qemu/probe; modules made to do harm; and
what privilege each of the appliance's own processes has."""

import re
import shutil
import subprocess
import threading
import time

import tap
from api import BUSYBOX, DEBIAN, PYTHON, SANDBOXES, create, destroy, execute, info, output
from machine import BUILD, WORK, Machine, data_disk, drive
from tap import check, equal

TOKEN = "squash-token-of-the-test"
PROBE = f"{BUSYBOX},110-probe"
GROUPS = (
    "syscalls abis families network namespaces mounts nodes proc files descriptors processes ids"
    " kernel"
).split()
BESIDE_TABLE = 100  # probes there are at least, beside the table of system calls

# Files that a module may hold, but that nobody should make anything of. mksquashfs' pseudo files:
# name type mode uid gid [major minor].
PLANTED = """
planted d 755 0 0
planted/mem c 666 0 0 1 1
planted/console c 666 0 0 5 1
planted/kmsg c 666 0 0 1 11
planted/disk b 666 0 0 254 0
planted/setuid-root m 4755 0 0
planted/setuid-unmapped m 4755 70000 70000
"""
HOSTILE = {
    "119-fifo-shell": "bin d 755 0 0\nbin/sh i 755 0 0 f",
    "119-link-proc": "proc s 777 0 0 tmp\ntmp d 1777 0 0\ntmp/sys d 755 0 0",
    "119-link-dev": "dev s 777 0 0 tmp\ntmp d 1777 0 0\ntmp/pts d 755 0 0\ntmp/shm d 755 0 0",
    "119-link-away": "proc s 777 0 0 /run/squash\ndev s 777 0 0 /data",
    "119-file-proc": "proc i 644 0 0 f",
    "119-device-root": "dev d 755 0 0\ndev/null b 666 0 0 254 0\ndev/pts s 777 0 0 /proc",
}


def squash(name, pseudo, tree=None):
    """A module of the files below tree and of mksquashfs' pseudo files."""
    source, out = WORK / f"{name}.tree", WORK / f"{name}.squashfs"
    shutil.rmtree(source, ignore_errors=True)
    if tree:
        shutil.copytree(tree, source)
    else:
        source.mkdir(parents=True)
    definitions = WORK / f"{name}.pseudo"
    definitions.write_text(pseudo.strip() + "\n")
    command = [
        BUILD / "parts/mksquashfs", source, out, "-noappend", "-quiet", "-no-progress", "-root-uid", "0",
        "-root-gid", "0", "-comp", "zstd", "-pf", definitions,
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out


def make_disk():
    tree = WORK / "probe.files"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "planted").mkdir(parents=True)
    for name in ("probe", "planted/setuid-root", "planted/setuid-unmapped"):
        shutil.copy(BUILD / "test/probe", tree / name)
    modules = [BUILD / f"modules/{name}.squashfs" for name in PYTHON.split(",")]
    modules.append(squash("110-probe", PLANTED, tree))
    modules += [squash(name, pseudo) for name, pseudo in HOSTILE.items()]
    return data_disk("confine", 1024, modules=modules)


def run_probes(m, group):
    """Run a group of probes; how many there were."""
    result = execute(m, "probe", f"/probe {group}", timeout=250)
    lines = re.findall(r"^(not )?ok \d+ - (.*?): (.*)$", result["stdout"], re.MULTILINE)
    for fault, name, got in lines:
        check(f"{name}: {got}", not fault, f"group {group}")
    equal(f"the probes of {group} run to their end", (result["exit_code"], result["stderr"]), (0, ""))
    return len(lines)


def test_probes(m):
    create(m, "probe", PROBE, memory_mb=128)
    counts = {group: run_probes(m, group) for group in GROUPS}
    tap.note(counts)
    beside = sum(counts.values()) - counts["syscalls"]
    check("at least 100 beside the table of system calls", beside >= BESIDE_TABLE, counts)
    check("of which every number is looked at", counts["syscalls"] > 370, counts)
    create(m, "victim", PROBE, memory_mb=64)
    output(m, "victim", "setsid /probe victim >/dev/null 2>&1 & until test -e /tmp/probe-victim; do"
           " sleep 0.1; done")  # fmt: skip
    check("the neighbour's probes", run_probes(m, "neighbour") > 5)
    destroy(m, "victim")
    destroy(m, "probe")


def main():
    disk = make_disk()
    settings = f"SQUASH_AUTH_TOKEN={TOKEN}"
    with Machine("confine", settings, memory_mb=1024, args=drive(disk)) as m:
        m.token = TOKEN
        m.wait_api()
        before = m.counts()
        tap.each(m, test_probes)
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
