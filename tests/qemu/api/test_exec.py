#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What a command in a sandbox gets, what comes back, and what it can't do to others."""

import json
import os
import re
import subprocess

import pool
import squashd
import tap
from api import BUSYBOX, DEBIAN, PYTHON, SANDBOXES, Running, create, destroy, execute, output
from machine import ROOT
from tap import check, equal
from waiting import wait_until

MIB = 1 << 20
BATTERY = ROOT / "tests/qemu/programs/battery.py"
FIRST_UID = 16 * 65536  # of the sandboxes' ranges
PIDS = 1024


def test_fields(m):
    equal("cmd is a shell's", output(m, "box", "a=1; echo $a | tr 1 2"), "2")
    equal("workdir is / by default", output(m, "box", "pwd"), "/")
    equal("workdir", output(m, "box", "pwd", workdir="/usr/bin"), "/usr/bin")
    equal("env", output(m, "box", 'echo "$A-$B"', env={"A": "x  y", "B": "\u00e9"}), "x  y-\u00e9")
    check("PATH and HOME are set", output(m, "box", 'echo "$PATH:$HOME"').count("/") > 3)
    equal("stdin", output(m, "box", "wc -c", stdin="x" * 500_000), "500000")
    equal("no stdin is an empty one", output(m, "box", "wc -c"), "0")
    result = execute(m, "box", "exit 7", stdin="x" * 500_000)
    equal("stdin that nobody reads", result["exit_code"], 7)
    long = "true " + "x" * 100_000
    equal("a long command", execute(m, "box", long)["exit_code"], 0)
    result = execute(m, "box", "echo out; echo err >&2; exit 3")
    got = (result["stdout"], result["stderr"], result["exit_code"])
    equal("streams and exit code", got, ("out\n", "err\n", 3))
    equal("no such command", execute(m, "box", "nix-da")["exit_code"], 127)
    for number in (9, 15):
        code = execute(m, "box", f"kill -{number} $$")["exit_code"]
        equal(f"signal {number} is exit code {128 + number}", code, 128 + number)


def test_streams(m):
    zeros = "head -c 10485760 /dev/zero"
    result = execute(m, "box", f"{zeros} | tr '\\0' a & {zeros} | tr '\\0' b >&2 & wait")
    equal("10 MiB on both streams at once ends well", result["exit_code"], 0)
    equal("64 KiB are kept of stdout", result["stdout"], "a" * 65536)
    equal("64 KiB are kept of stderr", result["stderr"], "b" * 65536)
    equal("and it is said", result["truncated"], {"stdout": True, "stderr": True})
    gap = {"offset": 32768, "bytes": 10485760 - 65536}
    equal("with what is missing", result["omitted"], {"stdout": gap, "stderr": gap})
    count = "i=0; while [ $i -lt 30000 ]; do echo $i; i=$((i + 1)); done"
    whole = "".join(f"{i}\n" for i in range(30000))
    result = execute(m, "box", f"({count}) >&2; echo end")
    gap = {"offset": 32768, "bytes": len(whole) - 65536}
    equal("the first and the last are kept", result["stderr"], whole[:32768] + whole[-32768:])
    equal("of the stream that is too long", result["omitted"], {"stderr": gap})
    result = execute(m, "box", count, keep="head")
    equal("or the first alone", result["stdout"], whole[:65536])
    equal("as is said", result["omitted"], {"stdout": {"offset": 65536, "bytes": len(whole) - 65536}})
    result = execute(m, "box", "head -c 65536 /dev/zero", keep="ends")
    equal("what fits is whole", (len(result["stdout"]), result.get("omitted")), (65536, None))
    for fields, status in (({"keep": "tail"}, 400), ({"keep": 1}, 400), ({"keep": "head", "detach": True}, 400)):
        reply = m.http("POST", f"{SANDBOXES}/box/exec", {"cmd": "true", **fields})
        equal(f"{fields} is refused", (reply.status, reply.json["code"]), (status, "bad_field"))
    # Python's json has decoded the reply already; a byte that is no UTF-8 would have failed there.
    text = output(m, "box", r"printf 'a\377\376b\300\200c\355\240\200d'")
    good = re.fullmatch("a\ufffd+b\ufffd+c\ufffd+d", text)
    check("what isn't UTF-8 is replaced", good, text)
    result = execute(m, "box", "printf 'x'; yes '\u00e9' | tr -d '\\n' | head -c 65536")
    equal("no character is cut in two", result["stdout"], "x" + "\u00e9" * 32767)
    equal("at the gap", result["omitted"], {"stdout": {"offset": 32767, "bytes": 2}})
    text = output(m, "box", r"""printf '"\\\t\001"'""")
    equal("control characters and quotes", text, '"\\\t\x01"')


def test_timeout(m):
    before = m.counts()["processes"]
    tree = "setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000' &) ; echo on; sleep 1000"
    result = execute(m, "box", tree, timeout=2)
    equal("a timeout's exit code is 124", result["exit_code"], 124)
    equal("what was said until then is kept", result["stdout"], "on\n")
    check("it took the time", 1900 <= result["duration_ms"] < 10_000, result)
    check("it is said", result["timed_out"], result)
    equal("the whole tree is gone", m.counts()["processes"], before)
    equal("the sandbox goes on", output(m, "box", "echo on"), "on")


def test_python(m):
    result = execute(m, "box", "python3 -", stdin=BATTERY.read_text())
    equal("Python's battery runs", (result["exit_code"], result["stderr"]), (0, ""))
    expected = (
        '{"sqlite3": [499500, 1000], "ssl": ["HELLO", "TLSv1.3"], "threads": 20000, '
        '"multiprocessing": 2500, "subprocess": [3, "ABC"]}'
    )
    equal("sqlite3, ssl, threads, multiprocessing, subprocess", result["stdout"], expected)


def test_root(m):
    equal("the user is root there", output(m, "box", "id -u"), "0")
    equal("the host name is the id", output(m, "box", "hostname"), "box")
    equal("/ can be written to", output(m, "box", "echo x >/etc/x && cat /etc/x"), "x")
    result = execute(m, "box", "rm /etc/issue && test ! -e /etc/issue")
    equal("a package's file can be removed", result["exit_code"], 0)
    check("/tmp is for all", output(m, "box", "stat -c %a /tmp") == "1777")
    interfaces = output(m, "box", "tail -n +3 /proc/net/dev | cut -d: -f1").split()
    equal("the only network is the loopback", interfaces, ["lo"])
    connect = "import socket; socket.create_connection(('10.0.2.2', 80), 3)"
    result = execute(m, "box", f'python3 -c "{connect}"')
    check("there is no way out", "Network is unreachable" in result["stderr"], result)
    bind = "import socket; s = socket.create_server(('127.0.0.1', 80)); print(s.getsockname()[1])"
    equal("but its own ports", output(m, "box", f'python3 -c "{bind}"'), "80")
    visible = output(m, "box", "ls -d /proc/[0-9]* | wc -l")
    check("few processes are to be seen", int(visible) < 8, visible)
    for what, cmd in (
        ("mounting", "mount -t tmpfs x /mnt"),
        ("setting the clock", "date -s 2001-01-01"),
        ("changing the host's settings", "echo 0 >/proc/sys/kernel/panic"),
        ("making a device", "mknod /tmp/mem c 1 1 && dd if=/tmp/mem of=/dev/null bs=1 count=1"),
        ("reading the kernel's log", "dmesg"),
    ):
        check(f"{what} is refused", execute(m, "box", cmd)["exit_code"] != 0)


def test_outside(m):
    """The sandbox as the machine sees it."""
    running = Running(m, "box", "sleep 3")
    pids = "cat /sys/fs/cgroup/squash/box/box/x*/cgroup.procs"
    _, text = m.inside(f"for p in $({pids}); do grep -h ^Uid: /proc/$p/status; done")
    running.reply()
    uids = [int(field) for line in text.splitlines() for field in line.split()[1:]]
    check("its processes have a uid of their own range", uids and min(uids) >= FIRST_UID, text)
    cgroup = "/sys/fs/cgroup/squash/box"
    for what, file, expected in (
        ("memory.max is memory_mb", "memory.max", str(256 * MIB)),
        ("cpu.max is cpu", "cpu.max", "150000 100000"),
        ("pids.max is set", "box/pids.max", str(PIDS)),
    ):
        equal(what, m.inside(f"cat {cgroup}/{file}")[1].strip(), expected)


def test_limits(m):
    create(m, "small", PYTHON, memory_mb=64, disk_mb=32)
    result = execute(m, "small", "python3 -c 'x = bytearray(200 << 20)'")
    got = (result["exit_code"], result["oom_killed"])
    equal("too much memory: killed", got, (137, True))
    equal("the sandbox lives", output(m, "small", "echo on"), "on")
    result = execute(m, "small", "dd if=/dev/zero of=/root/big bs=1M count=100")
    check("a full disk is an error, not a kill", "quota exceeded" in result["stderr"], result)
    equal("the sandbox lives", output(m, "small", "rm /root/big; echo on"), "on")
    destroy(m, "small")


def test_fork_bomb(m):
    create(m, "bomb", BUSYBOX, memory_mb=512)  # enough for all that it may bear
    before = m.counts()["processes"]
    result = execute(m, "bomb", "b() { b | b & }; b; sleep 1000", timeout=5)
    equal("a fork bomb ends with its timeout", result["exit_code"], 124)
    equal("and nothing stays of it", m.counts()["processes"], before)
    destroy(m, "bomb")
    create(m, "bomb", BUSYBOX, memory_mb=24)  # too little
    result = execute(m, "bomb", "b() { b | b & }; b; sleep 1000", timeout=30)
    got = (result["exit_code"], result["oom_killed"], result["background"])
    equal("a bomb that runs out of memory is killed", got, (137, True, False))
    equal("whole", m.wait_counts({**m.counts(), "processes": before})["processes"], before)
    destroy(m, "bomb")


def test_layers(m):
    """The highest number is on top, and what is written stays the sandbox's own."""
    create(m, "plain", DEBIAN)
    result = execute(m, "plain", "python3 -c 1")
    equal("Debian alone has no Python", result["exit_code"], 127)
    result = execute(m, "plain", "cat /etc/x")
    equal("what another sandbox wrote isn't there", result["exit_code"], 1)
    check("the base is Debian", "Debian" in output(m, "plain", "cat /etc/os-release"))
    destroy(m, "plain")


class Late:
    """A command that takes more than 15 s, asked for by curl."""

    def __init__(self, m, cmd):
        url = f"http://127.0.0.1:{m.port}/cgi-bin/{SANDBOXES}/box/exec"
        command = ["curl", "-siN", "--max-time", "60", url, "--data-binary", json.dumps({"cmd": cmd})]
        known = set(squashd.workers(m))
        self.curl = subprocess.Popen(command, stdout=subprocess.PIPE)
        wait_until(lambda: set(squashd.workers(m)) - known)
        self.worker = (set(squashd.workers(m)) - known).pop()
        self.said = b""

    def wait_head(self):
        """Read what comes before the end; whether that is a head and white space."""
        while b"\r\n\r\n" not in self.said and (more := os.read(self.curl.stdout.fileno(), 65536)):
            self.said += more
        return re.fullmatch(rb"HTTP/1.1 200 OK\r\n.*?\r\n\r\n\s*", self.said, re.DOTALL) is not None

    def end(self):
        """The object that comes in the end."""
        self.said += self.curl.stdout.read()
        self.curl.stdout.close()
        self.curl.wait()
        return json.loads(self.said.partition(b"\r\n\r\n")[2])


def test_late(m):
    late, lost = Late(m, "echo begun; until test -e /tmp/end; do sleep 0.2; done; echo late; exit 3"), Late(m, "sleep 100")
    check("what takes long has its head before its end", late.wait_head(), late.said)
    check("with white space behind it", lost.wait_head(), lost.said)
    m.inside(f"kill -9 {lost.worker}")
    equal("where its end can't be seen, that is said", lost.end(),
          {"exit_code": None, "error": "squashd has ended before the command", "code": "unavailable"})
    output(m, "box", "touch /tmp/end; killall sleep; true")
    result = late.end()
    equal("otherwise the result comes", (result["exit_code"], result["stdout"]), (3, "begun\nlate\n"))
    check("which took its time", result["duration_ms"] > 15000, result)


def test_odd_ids(m):
    reply = m.http("GET", f"{SANDBOXES}/%62ox")
    equal("a percent-encoded id is the same", reply.json and reply.json["id"], "box")
    for name in ("box%2fexec", "%00", "a" * 300, "%20"):
        status = m.http("GET", f"{SANDBOXES}/{name}").status
        check(f"no sandbox has the id {name[:20]}", status in (400, 404), status)


def main():
    with pool.borrow(pool.OPEN) as m:
        before = m.counts()
        create(m, "box", PYTHON, memory_mb=256, cpu=1.5)
        tap.each(m, test_fields, test_streams, test_timeout, test_python, test_root, test_outside)
        tap.each(m, test_layers, test_limits, test_fork_bomb, test_odd_ids, test_late)
        destroy(m, "box")
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
