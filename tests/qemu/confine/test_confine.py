#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the code inside a sandbox can reach, tried by tests/qemu/probe; modules made to do harm; and
what privilege each of the appliance's own processes has."""

import re
import shutil
import subprocess
import threading
import time

import pool
import tap
from api import BUSYBOX, DEBIAN, PYTHON, SANDBOXES, create, destroy, execute, info, output
from machine import BUILD, WORK
from modules import MODULES
from tap import check, equal

PROBE = f"{BUSYBOX},110-probe"
GROUPS = (
    "syscalls abis families network namespaces mounts nodes proc files descriptors processes ids"
    " kernel"
).split()
BESIDE_TABLE = 100  # probes there are at least, beside the table of system calls

# Files that a module may hold, but that nobody should make anything of. mksquashfs' pseudo files:
# name type mode uid gid [major minor].
PLANTED = """
planted/mem c 666 0 0 1 1
planted/console c 666 0 0 5 1
planted/kmsg c 666 0 0 1 11
planted/disk b 666 0 0 254 0
planted/setuid-root m 4755 0 0
planted/setuid-unmapped m 4755 1070000 1070000
"""
HOSTILE = {
    "119-fifo-shell": "bin d 755 0 0\nbin/sh i 755 0 0 f",
    "119-link-proc": "proc s 777 0 0 tmp\ntmp d 1777 0 0\ntmp/sys d 755 0 0",
    "119-link-dev": "dev s 777 0 0 tmp\ntmp d 1777 0 0\ntmp/pts d 755 0 0\ntmp/shm d 755 0 0",
    "119-link-away": "proc s 777 0 0 /run/squash\ndev s 777 0 0 /data",
    "119-file-proc": "proc i 644 0 0 f",
    "119-device-root": "dev d 755 0 0\ndev/null b 666 0 0 254 0\ndev/pts s 777 0 0 /proc",
}

OURS = ["nameserver", "198.18.0.1"]

# Modules with a way to /etc/resolv.conf, over which the sandbox's own is mounted.
RESOLV = {
    "119-resolv-link": "etc d 755 0 0\netc/resolv.conf s 777 0 0 ../root/target",
    "119-resolv-dir": "etc d 755 0 0\netc/resolv.conf d 755 0 0",
    "119-resolv-etc": "root d 700 0 0\nroot/resolv.conf f 644 0 0 echo mine\netc s 777 0 0 root",
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
        BUILD / "parts/mksquashfs", source, out, "-noappend", "-quiet", "-no-progress",
        "-root-uid", "0", "-root-gid", "0", "-comp", "zstd", "-pf", definitions,
    ]  # fmt: skip
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return out


def make_modules():
    """The paths of the modules that do harm, and of the probes'."""
    tree = WORK / "probe.files"
    shutil.rmtree(tree, ignore_errors=True)
    (tree / "planted").mkdir(parents=True)
    for name in ("probe", "planted/setuid-root", "planted/setuid-unmapped"):
        shutil.copy(BUILD / "test/probe", tree / name)
    hostile = [squash(name, pseudo) for name, pseudo in {**HOSTILE, **RESOLV}.items()]
    return [squash("110-probe", PLANTED, tree), *hostile]


def run_probes(m, group):
    """Run a group of probes; how many there were."""
    result = execute(m, "probe", f"/probe {group}", timeout=250)
    lines = re.findall(r"^(not )?ok \d+ - (.*?): (.*)$", result["stdout"], re.MULTILINE)
    for fault, name, got in lines:
        check(f"{name}: {got}", not fault, f"group {group}")
    got = (result["exit_code"], result["stderr"])
    equal(f"the probes of {group} run to their end", got, (0, ""))
    return len(lines)


def test_probes(m):
    create(m, "probe", PROBE, memory_mb=128)
    counts = {group: run_probes(m, group) for group in GROUPS}
    tap.note(counts)
    beside = sum(counts.values()) - counts["syscalls"]
    check("at least 100 beside the table of system calls", beside >= BESIDE_TABLE, counts)
    check("of which every number is looked at", counts["syscalls"] > 370, counts)
    create(m, "victim", PROBE, memory_mb=64)
    begun = "until test -e /tmp/probe-victim; do sleep 0.1; done"
    output(m, "victim", f"setsid /probe victim >/dev/null 2>&1 & {begun}")
    check("the neighbour's probes", run_probes(m, "neighbour") > 5)
    destroy(m, "victim")
    destroy(m, "probe")


def test_hostile_modules(m):
    """A module is what its maker wants. What /proc and /dev are in it must not lead out."""
    before = settled(m)
    for name in HOSTILE:
        body = {"id": "hostile", "layers": f"{BUSYBOX},{name}", "memory_mb": 64}
        reply = m.http("POST", SANDBOXES, body)
        if name in ("119-fifo-shell", "119-device-root"):
            equal(f"{name}: it can be had", reply.status, 201)
            result = execute(m, "hostile", "ls /dev; readlink /dev/pts", timeout=5)
            if name == "119-fifo-shell":
                text = "sandbox: /bin/sh: Permission denied\n"
                got = (result["exit_code"], result["stderr"])
                equal("but a FIFO is no shell", got, (126, text))
            else:
                got = result["stdout"].split()
                equal("/dev is the appliance's", got[:3], ["fd", "full", "null"])
            destroy(m, "hostile")
        else:
            check(f"{name}: refused", reply.status in (400, 500) and reply.json["code"], reply)
            equal("and it isn't there", m.http("GET", f"{SANDBOXES}/hostile").status, 404)
    equal("nothing of them is mounted or running", settled(m), before)


def test_resolv(m):
    """/etc/resolv.conf is put in place through no link, or not at all."""
    look = "cat /etc/resolv.conf; grep -c resolv.conf /proc/mounts; ls /root"
    results = {}
    for name in RESOLV:
        create(m, "names", f"{BUSYBOX},{name}", memory_mb=64)
        results[name] = execute(m, "names", look)["stdout"].split()
        destroy(m, "names")
    ours = results["119-resolv-link"]
    equal("a link is replaced by a file, not followed", (ours[:2], ours[-1]), (OURS, "1"))
    equal("a directory stays", results["119-resolv-dir"], ["0"])
    linked = results["119-resolv-etc"][:2]
    equal("as does what a link to a directory leads to", linked, ["mine", "0"])


def settled(m):
    """The counts, when what has ended is gone, without removed cgroups: a processor's cache of
    charges holds these until it charges another."""
    time.sleep(1)
    return {name: count for name, count in m.counts().items() if name != "dying_cgroups"}


# In the sandbox, before a command starts there, things that the appliance's worker looks at.
PLANTED_PATHS = (
    ("workdir through init's root", "/proc/1/root", "Permission denied"),
    ("workdir through init's directory", "/proc/1/cwd", "Permission denied"),
    ("workdir is a link to init's root", "/tmp/root", "Permission denied"),
    ("workdir is a FIFO", "/tmp/fifo", "Not a directory"),
    ("workdir is a link to itself", "/tmp/loop", "Symbolic link loop"),
    ("workdir is a descriptor", "/proc/self/fd/1", "Not a directory"),
    ("workdir is one of squashd's descriptors", "/proc/self/fd/5", "No such file or directory"),
)
SHELLS = (
    ("a FIFO", "mkfifo /bin/sh"),
    ("a link to itself", "ln -s sh /bin/sh"),
    ("a directory", "mkdir /bin/sh"),
    ("what squashd was started from", "ln -s /proc/self/exe /bin/sh"),
    ("a script that it interprets itself", "printf '#!/bin/sh' >/bin/sh; chmod +x /bin/sh"),
    ("a script for what squashd was started from",
     "printf '#!/proc/self/exe' >/bin/sh; chmod +x /bin/sh"),
)  # fmt: skip


def test_planted(m):
    create(m, "planted", DEBIAN, memory_mb=128)
    output(m, "planted", "ln -s /proc/1/root /tmp/root; mkfifo /tmp/fifo; ln -s loop /tmp/loop")
    for what, workdir, reason in PLANTED_PATHS:
        result = execute(m, "planted", "pwd; ls", workdir=workdir, timeout=5)
        got = (result["exit_code"], result["stdout"], result["stderr"])
        equal(f"{what}: refused", got, (126, "", f"sandbox: {workdir}: {reason}\n"))
    output(m, "planted", "cp -L /bin/sh /bin/kept")
    for what, make in SHELLS:
        # dash changes it and is gone; nobody starts another here but by the API.
        result = execute(m, "planted", f"rm -rf /bin/sh; {make}", timeout=5)
        equal(f"the shell becomes {what}", result["exit_code"], 0)
        result = execute(m, "planted", "echo on", timeout=5)
        check("which starts nothing", result["exit_code"] != 0 and not result["stdout"], result)
        tap.note(result["stderr"][:200])
        destroy(m, "planted")
        create(m, "planted", DEBIAN, memory_mb=128)
    for what, cmd in (
        ("moving /proc", "mv /proc /elsewhere"),
        ("moving /dev", "mv /dev /elsewhere"),
        ("removing /proc", "rmdir /proc"),
        ("removing /dev/pts", "rmdir /dev/pts"),
        ("a link over /proc", "ln -sfn /tmp /x && mv -T /x /proc"),
    ):
        equal(f"{what} is refused", execute(m, "planted", cmd)["exit_code"], 1)
    destroy(m, "planted")


# Names that change what they are, for ever.
SWAP = """
mkdir -p /w/a/b /w/c && cd /w && touch a/b/file
while :; do
    mv a x; ln -s /etc a; rm a; mv x a
    mv a/b a/y; mkfifo a/b; rm a/b; mv a/y a/b
    mv c z; ln -s / c; rm c; mv z c
    rm -rf d; mkdir -p d/d/d; mknod d/d/p p; ln a/b/file d/d/f
done >/dev/null 2>&1
"""
LINKS = "ln -s /data /w2/data; ln -s /run/squash /w2/run; ln -s / /w2/root; mkfifo /w2/fifo"


def test_swaps(m):
    """Snapshots, and an activation, of a tree that never stands still."""
    create(m, "swap", BUSYBOX, memory_mb=256, disk_mb=64)
    output(m, "swap", f"mkdir /w2; {LINKS}; ln -s /etc/shadow /w2/file; chmod 0 /w2")
    for _ in range(3):
        output(m, "swap", f"(setsid sh -c '{SWAP}' &) >/dev/null 2>&1")
    one = f"{SANDBOXES}/swap"
    for _ in range(4):
        reply = m.http("POST", f"{one}/snapshot", {})
        equal("a snapshot of what changes meanwhile", reply.status, 201)
    check("it goes on changing", int(output(m, "swap", "pidof sh | wc -w")) >= 4)
    reply = m.http("POST", f"{one}/activate", {"module": DEBIAN, "force": True})
    equal("a module is activated meanwhile", reply.status, 200)
    name = info(m, "swap")["snapshots"][-1]["name"]
    equal("restore", m.http("POST", f"{one}/restore", {"snapshot": name}).status, 200)
    kinds = output(m, "swap", "stat -c %F /w2/data /w2/run /w2/root /w2/fifo | sort | uniq -c")
    equal("links are links, FIFOs FIFOs", kinds.split(), "1 fifo 3 symbolic link".split())
    small = info(m, "swap")["snapshots"][-1].get("bytes", 0)
    check("and nothing else came with them", small < 1 << 20, small)
    reply = m.http("POST", SANDBOXES, {"id": "copy", "from": f"swap/{name}"})
    equal("another is made from it", reply.status, 201)
    equal("with the links", output(m, "copy", "readlink /w2/data"), "/data")
    destroy(m, "swap")
    destroy(m, "copy")


# Every process that shows up is stopped, before it is what it was started for.
STOP = """
import os, signal, time
while not os.path.exists('/tmp/go'):  # who starts this must have ended, or it stops that
    time.sleep(0.01)
end = time.monotonic() + 600
while time.monotonic() < end:
    try:
        os.kill(-1, signal.SIGSTOP)
    except OSError:
        pass
"""
# Every process that shows up is looked at: as long as it is squashd's child still, it is memory
# that the appliance shares with it.
SPY = """
import ctypes, os, time
libc = ctypes.CDLL(None)
seen, got, end = set(), [], time.monotonic() + 12
def comm(pid):
    return open(f'/proc/{pid}/comm').read().strip()
def attempt(what, pid, act):
    try:
        result = act()
        if comm(pid) == 'squashd':
            got.append((what, result))
    except OSError:
        pass
while time.monotonic() < end:
    for pid in os.listdir('/proc'):
        if not pid.isdigit() or int(pid) == os.getpid():
            continue
        try:
            if comm(pid) != 'squashd':
                continue
        except OSError:
            continue
        seen.add(pid)
        attempt('exe', pid, lambda: os.readlink(f'/proc/{pid}/exe'))
        attempt('root', pid, lambda: os.readlink(f'/proc/{pid}/root'))
        attempt('mem', pid, lambda: os.open(f'/proc/{pid}/mem', os.O_RDWR))
        attempt('maps', pid, lambda: os.open(f'/proc/{pid}/maps', os.O_RDONLY))
        attempt('fd', pid, lambda: os.listdir(f'/proc/{pid}/fd'))
        attempt('environ', pid, lambda: open(f'/proc/{pid}/environ').read())
        attempt('ptrace', pid, lambda: libc.ptrace(16, int(pid), 0, 0) or f'of {pid}')
# In the midst of execve(2) the name is still the old one; memory and descriptors are the command's.
got = [g for g in got if g[1] not in (-1, '', ['0', '1', '2'])]
print(len(seen), got)
"""


def test_stop(m):
    """Who stops a command before it has begun must not stop the appliance's worker."""
    create(m, "stop", PYTHON, memory_mb=128)
    output(m, "stop", "(setsid python3 - >/dev/null 2>&1 <<'END' &)\n" + STOP + "\nEND\n")
    slowest = stopped = tried = 0
    body = {"cmd": "touch /tmp/go", "timeout": 1}
    m.http("POST", f"{SANDBOXES}/stop/exec", body, seconds=20)  # it may be stopped itself
    while stopped <= 10 and tried < 200:  # how many it takes depends on who is quicker
        began = time.monotonic()
        reply = m.http("POST", f"{SANDBOXES}/stop/exec", {"cmd": "true", "timeout": 1}, seconds=20)
        slowest = max(slowest, time.monotonic() - began)
        stopped += reply.status != 200 or reply.json["exit_code"] != 0
        tried += 1
    check("commands are stopped", stopped > 10, f"{stopped} of {tried}")
    check("a command that is stopped ends with its timeout", slowest < 15, slowest)
    tap.note(f"the slowest took {slowest:.1f} s")
    began = time.monotonic()
    destroy(m, "stop")
    check("and the sandbox can be destroyed", time.monotonic() - began < 15)


def test_spy(m):
    create(m, "spy", PYTHON, memory_mb=128)
    result = []
    spy = threading.Thread(
        target=lambda: result.append(output(m, "spy", "python3 -", stdin=SPY, timeout=60))
    )
    spy.start()
    time.sleep(1)
    for _ in range(40):
        execute(m, "spy", ":", timeout=20)
    spy.join()
    seen, _, got = result[0].partition(" ")
    tap.note(f"a command was seen {seen} times before it had begun")
    equal("nothing of squashd's can be looked at through it", got, "[]")
    destroy(m, "spy")


def main():
    modules = make_modules()
    with pool.borrow(pool.WITH_TOKEN) as m:
        for path in modules:
            reply = m.http("POST", f"{MODULES}?name={path.stem}", path.read_bytes())
            assert reply.status == 201, f"{path.stem}: {reply}"
        before = settled(m)
        tap.each(m, test_probes, test_hostile_modules, test_resolv, test_planted, test_swaps)
        tap.each(m, test_spy, test_stop)
        equal("nothing is left behind", settled(m), before)
        for path in modules:
            m.http("DELETE", f"{MODULES}/{path.stem}")


tap.run(main)
