#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: timeout=900
"""What docs/ledger.md says has an owner and a bound: what one sandbox does to it, another, and the
appliance, don't notice."""

import contextlib
import threading

import pool
import squashd
import tap
from api import BUSYBOX, PYTHON, SANDBOXES, Running, create, destroy, output
from tap import check, equal
from waiting import wait_until

# Files that every sandbox has, one of its own or a layer's.
PATHS = """
/ /bin/sh /etc /etc/passwd /etc/resolv.conf /proc /proc/cmdline /proc/kcore /proc/keys /proc/sys
/proc/sys/net/core/somaxconn /proc/timer_list /proc/version /dev /dev/full /dev/null /dev/pts
/dev/random /dev/shm /dev/urandom /dev/zero
"""

# Takes a lease, a lock and a POSIX lock on each, and keeps them. What masks /proc is one file.
HOLD = """
import fcntl, os, time
held = set()
for path in PATHS.split():
    fd = os.open(path, os.O_RDONLY)
    file = (os.fstat(fd).st_dev, os.fstat(fd).st_ino)
    if file in held:
        continue
    held.add(file)
    fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        fcntl.fcntl(fd, 1024, fcntl.F_WRLCK)  # F_SETLEASE
    except OSError:
        pass
    try:
        fcntl.lockf(os.open(path, os.O_RDWR), fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        pass
open('/tmp/held', 'w').close()
time.sleep(1000)
"""
# What of the same can't be had here: a file that waits for a lease fails with EWOULDBLOCK.
TRY = """
import fcntl, os
refused = []
for path in PATHS.split():
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(fd)
    except OSError as error:
        refused.append((path, error.strerror))
print(refused)
"""
# Watches files that no command opens by itself, and prints how often they were.
WATCHED = "/etc/resolv.conf /dev/full /dev/zero /dev/random"
WATCH = """
import ctypes, os, time
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(os.O_NONBLOCK)
for path in WATCHED.split():
    assert libc.inotify_add_watch(fd, path.encode(), 0xfff) >= 0
open('/tmp/held', 'w').close()
while not os.path.exists('/tmp/read'):
    time.sleep(0.02)
try:
    print(len(os.read(fd, 65536)))
except BlockingIOError:
    print(0)
"""


@contextlib.contextmanager
def sandboxes(m, names, layers=PYTHON, **fields):
    """Sandboxes of these names, as long as the block runs."""
    try:
        for name in names:
            create(m, name, layers, **fields)
        yield
    finally:
        for name in names:
            m.http("DELETE", f"{SANDBOXES}/{name}")


def hold(m, name, script, out="/tmp/out"):
    """Start the script in the sandbox, and wait until it has made /tmp/held. out: its output."""
    run = "setsid sh -c 'python3 - || touch /tmp/failed'"
    begin = f"({run} >{out} 2>&1 <<'END' &)\n{script}\nEND\n"
    wait = "until test -e /tmp/held || test -e /tmp/failed; do sleep 0.05; done\n"
    output(m, name, f"{begin}{wait}if ! rm /tmp/held; then cat {out}; exit 1; fi", timeout=25)


def test_files(m):
    paths = f"PATHS = {PATHS!r}\n"
    with sandboxes(m, ("one", "two"), memory_mb=128):
        hold(m, "one", paths + HOLD)
        got = output(m, "two", "python3 -", stdin=paths + TRY)
        equal("locks and leases on every sandbox's files are its own", got, "[]")
        hold(m, "two", f"WATCHED = {WATCHED!r}\n" + WATCH, "/tmp/count")
        touch = "do head -c 1 $f; echo >$f; done >/dev/null 2>&1; true"
        output(m, "one", f"for f in {WATCHED}; {touch}")
        output(m, "two", "touch /tmp/read; until test -s /tmp/count; do sleep 0.05; done")
        equal("as is what inotify sees of them", output(m, "two", "cat /tmp/count"), "0")
        squashd.kill(m)
        equal("a squashd that was killed is back", m.http("GET", SANDBOXES).status, 200)
        equal("and the next sandbox is made", create(m, "three", BUSYBOX)["id"], "three")
        destroy(m, "three")


# As many as there can be: timers and signals (RLIMIT_SIGPENDING), POSIX message queues
# (RLIMIT_MSGQUEUE).
TIMERS = """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
def make():
    timer = ctypes.c_void_p()
    return libc.timer_create(1, None, ctypes.byref(timer)) == 0
made = 0
while made < MOST and make():
    made += 1
open('/tmp/made', 'w').write(str(made))
open('/tmp/held', 'w').close()
time.sleep(WAIT)
"""
QUEUES = """
import ctypes, os, time
libc = ctypes.CDLL(None, use_errno=True)
made = 0
while made < MOST and libc.mq_open(f'/q{made}'.encode(), 0o102, 0o600, None) >= 0:
    made += 1
open('/tmp/made', 'w').write(str(made))
open('/tmp/held', 'w').close()
time.sleep(WAIT)
"""


def test_accounts(m):
    for what, script in (("timers", TIMERS), ("message queues", QUEUES)):
        with sandboxes(m, ("one", "two"), memory_mb=256):
            hold(m, "one", "MOST, WAIT = 1 << 20, 1000\n" + script)
            made = int(output(m, "one", "cat /tmp/made"))
            tap.note(f"one sandbox has {made} {what}")
            check(f"{what}: a sandbox comes to a limit", 0 < made < 1 << 20, made)
            hold(m, "two", "MOST, WAIT = 5, 0\n" + script)
            equal(f"{what}: which is its own", output(m, "two", "cat /tmp/made"), "5")


# TCP's buffers in a loopback, filled by pairs of sockets of which nobody reads. MOST: bytes.
SOCKETS = """
import socket, time
server = socket.create_server(('127.0.0.1', 0), backlog=128)
pairs, filled = [], 0
while filled < MOST:
    client = socket.create_connection(server.getsockname())
    pairs.append((client, server.accept()[0]))
    client.setblocking(False)
    before = filled
    try:
        while filled < MOST:
            filled += client.send(bytes(65536))
    except BlockingIOError:
        pass
    if filled - before < 65536:
        break
open('/tmp/made', 'w').write(f'{filled} {len(pairs)}')
open('/tmp/held', 'w').close()
time.sleep(WAIT)
"""


def test_tcp(m):
    """Buffers of TCP beyond what the kernel would let the whole machine have by itself."""
    most = int(m.inside("awk '/MemTotal/ { print int($2 / 8) }' /proc/meminfo")[1]) * 1024
    with sandboxes(m, ("one", "two"), memory_mb=1024):
        hold(m, "one", f"MOST, WAIT = {most}, 1000\n" + SOCKETS)
        filled, pairs = map(int, output(m, "one", "cat /tmp/made").split())
        stat = "/sys/fs/cgroup/squash/one/memory.stat"
        charged = int(m.inside(f"awk '$1 == \"sock\" {{ print $2 }}' {stat}")[1])
        tap.note(f"{filled >> 20} MB in {pairs} connections, {charged >> 20} MB charged")
        check("what a sandbox has in TCP is on its account", charged >= filled >= most, charged)
        hold(m, "two", "MOST, WAIT = 200000, 0\n" + SOCKETS)
        filled, pairs = map(int, output(m, "two", "cat /tmp/made").split())
        got = (filled, pairs)
        check("and another's have buffers all the same", pairs == 1 and filled >= 200000, got)


REFUSED = """
import ctypes, os, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
def program(count):
    text = ctypes.create_string_buffer(struct.pack('HBBI', 6, 0, 0, 0x7fff0000) * count)
    return text, ctypes.create_string_buffer(struct.pack('HxxxxxxQ', count, ctypes.addressof(text)))
def seccomp(count, flags):
    if os.fork() == 0:
        text, prog = program(count)
        ok = libc.syscall(317, 1, flags, prog) >= 0
        os._exit(0 if ok else ctypes.get_errno())
    return os.waitstatus_to_exitcode(os.wait()[1])
libc.prctl(38, 1, 0, 0, 0)
s = socket.socket()
for option in 26, 51:
    text, prog = program(1)
    try:
        s.setsockopt(socket.SOL_SOCKET, option, prog.raw[:16])
        print(option, 'taken')
    except OSError as error:
        print(option, error.errno)
print('listener', seccomp(1, 8))
print('filter', seccomp(1000, 0))
loaded = 0
while libc.syscall(317, 1, 0, program(500)[1]) >= 0:
    loaded += 500
print('most', loaded)
"""


def test_filters(m):
    """A program may filter its own system calls, and not more than that takes."""
    with sandboxes(m, ("one",), memory_mb=128):
        said = output(m, "one", "python3 -", stdin=REFUSED).splitlines()
    lines = dict(line.split() for line in said)
    equal("a socket takes no filter", (lines["26"], lines["51"]), ("92", "92"))  # ENOPROTOOPT
    equal("a filter of system calls has no listener", lines["listener"], "22")
    equal("a filter of 1,000 instructions is taken", lines["filter"], "0")
    check("filters of 2,500 are not", 1000 <= int(lines["most"]) < 2500, lines)


def scores(m):
    """The oom_score_adj of squashd and its workers."""
    look = "for p in $(pidof squashd); do cat /proc/$p/oom_score_adj; done"
    return sorted(set(m.inside(look)[1].split()))


def test_memory(m):
    """A sandbox that has no memory left loses its own processes, and none of the appliance's."""
    with sandboxes(m, ("one", "two"), BUSYBOX, memory_mb=64):
        since = len(m.console)
        Running(m, "two", "sleep 1000")
        equal("what squashd has started leaves it as hard to kill as it was", scores(m), ["-900"])
        output(m, "one", "true")  # its cgroup is there from now on
        m.inside("echo 0 >/sys/fs/cgroup/squash/one/memory.max")
        replies = [m.http("POST", f"{SANDBOXES}/one/exec", {"cmd": "true"}) for _ in range(10)]
        first = replies[0].json
        got = (first["exit_code"], first["signal"], first["oom_killed"])
        equal("a command is killed for want of memory", got, (137, 9, True))
        others = {reply.json.get("code", reply.json.get("oom_killed")) for reply in replies[1:]}
        check("so are others, or there is no room for them", others <= {True, "full"}, others)
        check("and no worker died", "a worker died" not in m.console[since:], m.console[since:])


def test_sweeps(m):
    """Workers that die set off one sweep after the other, not all at once."""
    with sandboxes(m, ("one", "two"), BUSYBOX, memory_mb=64):
        for _ in range(6):
            Running(m, "one", "sleep 1000")
        assert wait_until(lambda: len(squashd.workers(m)) == 6), squashd.workers(m)
        victims = squashd.workers(m)
        # Whoever captures a sandbox has its lock.
        output(m, "two", "head -c 20000000 /dev/urandom >/root/data")
        replies = []
        path = f"{SANDBOXES}/two/snapshot"
        taker = threading.Thread(target=lambda: replies.append(m.http("POST", path, {})))
        taker.start()
        m.inside("until p=$(pidof mksquashfs); do :; done; kill -STOP $p")
        for pid in victims:
            m.inside(f"kill -9 {pid}; while test -e /proc/{pid}; do sleep 0.02; done")
        # The one that captures, a sweep, and its child that waits for the lock.
        wait_until(lambda: len(squashd.workers(m)) >= 3)
        equal("six deaths: one sweep, and what it waits for", len(squashd.workers(m)), 3)
        m.inside("kill -CONT $(pidof mksquashfs)")
        taker.join()
        equal("the snapshot is taken", replies[0].status, 201)
        check("and all of them end", wait_until(lambda: not squashd.workers(m), 30), squashd.workers(m))


# Control messages, of as many bytes.
CONTROL = """
import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for size in (4000, 20000):
    try:
        u.sendmsg([b'x'], [(socket.IPPROTO_IP, 8, bytes(size))], 0, ('127.0.0.1', 9))
    except OSError as error:
        print(size, error.strerror)
"""


def test_kernel(m):
    """What the kernel has one of, and would refuse, or say, at another's expense."""
    _, orphans = m.inside("cat /proc/sys/net/ipv4/tcp_max_orphans")
    equal("closed connections with something to send have room", int(orphans), 1 << 20)
    _, ports = m.inside("cat /proc/sys/net/ipv4/ip_local_port_range /proc/sys/net/ipv4/tcp_max_tw_buckets")
    equal("and connections to outside have ports", ports.split(), ["10000", "65535", "8192"])
    equal("no list of all tasks on the console for one that is out of memory", m.inside("cat /proc/sys/vm/oom_dump_tasks")[1].strip(), "0")
    with sandboxes(m, ("one",), memory_mb=64):
        said = output(m, "one", "python3 -", stdin=CONTROL).splitlines()
        check("a socket's control messages are bounded", len(said) == 2 and said[0] != "4000 No buffer space available"
              and said[1] == "20000 No buffer space available", said)


def test_mounted(m):
    """Mounted snapshots take memory that is on nobody's account: there are so many, whoever has them."""
    with sandboxes(m, ("one", "two"), BUSYBOX, memory_mb=64):
        name = m.http("POST", f"{SANDBOXES}/one/snapshot", {}).json["snapshot"]
        # As many as there can be, which nobody stands on.
        memory_kb = int(m.inside("awk '/MemTotal/ { print $2 }' /proc/meminfo")[1])
        fill = "i=0; while [ $i -lt {} ]; do mkdir fill@$i || exit 1; i=$((i + 1)); done"
        made, text = m.inside("cd /run/squash/layers; " + fill.format(memory_kb // 8 // 1280))
        assert made == 0, text
        reply = m.http("POST", f"{SANDBOXES}/one/restore", {"snapshot": name})
        equal("past the bound none is mounted", (reply.status, reply.json["code"]), (503, "full"))
        check("which is said", "the machine's memory" in reply.json["error"], reply)
        equal("the sandbox is as it was", output(m, "one", "echo on"), "on")
        equal("as are others", output(m, "two", "echo on"), "on")
        m.inside("rm -r /run/squash/layers/fill@*")
        equal("then it is", m.http("POST", f"{SANDBOXES}/one/restore", {"snapshot": name}).status, 200)
        equal("and counts once, whoever stands on it", create(
            m, "three", None, **{"from": f"one/{name}"})["id"], "three")
        destroy(m, "three")


def test_captures(m):
    """What captures snapshots has of the processors what sandboxes leave."""
    _, text = m.inside("cat /sys/fs/cgroup/capture/cpu.weight /sys/fs/cgroup/squash/cpu.weight")
    equal("weights", text.split(), ["10", "100"])


def main():
    with pool.borrow(pool.OPEN) as m:
        tap.each(m, test_files, test_accounts, test_tcp, test_filters, test_memory, test_sweeps, test_kernel,
                 test_mounted, test_captures)


tap.run(main)
