# SPDX-License-Identifier: MIT
"""What a benchmark needs inside the booted machine: a second web server with the floors, the peers,
the timer, and counts of what the kernel was asked to do."""

import collections
import json
import math
import re

from machine import BUILD, Machine, drive

BENCH = "/bench"  # on the appliance's root; nothing that ships knows it
TOOLS = f"{BENCH}/tools"
PEER_ROOT = f"{BENCH}/http/root"
API_PORT, FLOOR_PORT = 8080, 8081
LAYER = "000-base-debian"
PEERS = {
    "bwrap": "/usr/bin/bwrap --unshare-all"
    f" --bind {PEER_ROOT} / --dev /dev --proc /proc /bin/true",
    "crun": f"/usr/bin/crun run -b {BENCH}/bundle-crun crun@",
    "runc": f"/usr/sbin/runc run -b {BENCH}/bundle-runc runc@",
}
TRACING = "/sys/kernel/tracing"
# Not part of what is measured: the timer, and the agent with its shell.
OURSELVES = {"timer", "test-init", "busybox", "cat", "sleep"}
NOT_US = " && ".join(f'comm != "{name}"' for name in sorted(OURSELVES))
# The kernel's histogram triggers: Documentation/trace/histogram.rst. System calls and faults aren't
# told apart by program, as the only key that names one has the name from before execve.
COUNTED = {
    "forks": ("sched/sched_process_fork", "keys=parent_comm"),
    "execs": ("sched/sched_process_exec", "keys=filename"),
    "syscalls": ("raw_syscalls/sys_enter", f"keys=common_pid:size=8192 if {NOT_US}"),
    "faults": ("exceptions/page_fault_user", f"keys=common_pid:size=8192 if {NOT_US}"),
}
TIMED = {"cpu_ms": ("sched/sched_stat_runtime", "keys=comm:vals=runtime")}

# The peers' root is made as a sandbox's is: an overlay of the very same mount of the module and a
# tmpfs. The second web server is the shipping one's binary with its arguments, in a root on tmpfs
# likewise; it stays root, as its CGI needs CAP_SYS_CHROOT. The peers are Debian's and take their
# libraries from Debian's base, at the paths where their loader looks.
SET_UP = f"""
set -e
mount -o remount,rw /
mkdir -p {BENCH}/unpacked {TOOLS} {BENCH}/upper {BENCH}/bundle-crun {BENCH}/bundle-runc
mkdir -p {BENCH}/http/bin {BENCH}/http/www/cgi-bin {PEER_ROOT}
layer=/run/squash/layers/{LAYER}/mount
mount -t squashfs -o ro /dev/vdb {BENCH}/unpacked
mount -t overlay -o lowerdir={BENCH}/unpacked:$layer tools {TOOLS}
mount -t tmpfs upper {BENCH}/upper
mkdir {BENCH}/upper/up {BENCH}/upper/work
mount -t overlay -o lowerdir=$layer,upperdir={BENCH}/upper/up,workdir={BENCH}/upper/work \\
	root {PEER_ROOT}
/bin/busybox ln -s {TOOLS}/usr /usr
/bin/busybox ln -s usr/lib64 /lib64
/bin/busybox cp /srv/http/bin/httpd {BENCH}/http/bin/httpd
/bin/busybox cp {TOOLS}/bench/floor {BENCH}/http/www/cgi-bin/nothing
/bin/busybox cp {TOOLS}/bench/floor {BENCH}/http/www/cgi-bin/chroot
/bin/busybox env -i /bin/busybox chroot {BENCH}/http \\
	/bin/httpd -f -p {FLOOR_PORT} -h /www </dev/null >/dev/null 2>&1 &
"""


def init_that_can_be_traced():
    """PID 1, but for one word: with lockdown's "confidentiality" there is no tracefs."""
    program = (BUILD / "bin/init").read_bytes()
    parts = program.split(b"\0confidentiality\0")
    assert len(parts) == 2, "PID 1 locks the kernel down in another way"
    return b"\0integrity\0\0\0\0\0\0\0".join(parts)


def init_that_takes_modules():
    """PID 1, but for one word: kernel modules can be loaded as long as it runs."""
    program = (BUILD / "bin/init").read_bytes()
    parts = program.split(b"/modules_disabled\0")
    assert len(parts) == 2, "PID 1 locks the modules in another way"
    return b"/modules_disablex\0".join(parts)


class Guest:
    """The booted machine, prepared; to be used in a with statement. init: what makes another PID 1
    of the shipping one, or None."""

    def __init__(self, name, memory_mb, init):
        disks = drive(BUILD / "data.ext4")  # vda; and vdb:
        disks += drive(BUILD / "bench/tools.squashfs")
        files = {"/init": init()} if init else {}
        self.machine = Machine(name, memory_mb=memory_mb, args=disks, files=files)

    def __enter__(self):
        self.machine.wait_api()
        reply = self.machine.http("POST", "api/sandboxes", {"id": "bench", "layers": LAYER})
        if reply.status != 201:
            raise self.machine.failed(f"no sandbox: {reply}")
        self.run(SET_UP)
        for peer in ("crun", "runc"):
            self._make_bundle(peer)
        return self

    def __exit__(self, *exception):
        self.machine.__exit__(*exception)

    def run(self, command, seconds=60):
        """What the shell command prints; it must succeed."""
        code, output = self.machine.inside(command, seconds)
        if code != 0:
            raise self.machine.failed(f"{command!r} ended with {code}:\n{output}")
        return output

    def request(self, method, path, body=None):
        """A request that must succeed."""
        reply = self.machine.http(method, f"api/sandboxes{path}", body, seconds=600)
        if reply.status // 100 != 2 or (reply.json or {}).get("exit_code"):
            raise self.machine.failed(f"{method} {path}: {reply}")

    def _make_bundle(self, peer):
        """The peer's own default specification, but with our root and command, and no terminal."""
        bundle = f"{BENCH}/bundle-{peer}"
        program = PEERS[peer].split()[0]
        spec = json.loads(self.run(f"cd {bundle} && {program} spec && cat config.json"))
        spec["process"].update(terminal=False, args=["/bin/true"])
        spec["root"]["path"] = PEER_ROOT
        self.run(f"cat >{bundle}/config.json <<'END'\n{json.dumps(spec)}\nEND")

    def time(self, rounds, *groups, seconds=600):
        """Let the timer do the groups, each a list of its steps: {name: [seconds, ...]}."""
        plan = "\n\n".join("\n".join(group) for group in groups)
        command = f"{TOOLS}/bench/timer {rounds} <<'END'\n{plan}\nEND"
        samples = collections.defaultdict(list)
        for line in self.run(command, seconds).splitlines():
            name, took = line.split()
            samples[name].append(int(took) / 1e9)
        return dict(samples)

    def steady_memory(self):
        """Make MemAvailable hold still. It counts the page cache but for the lesser of its half and
        a watermark, so that each page read into a small one moves it; and it misses the free pages
        that each processor keeps for itself, 14 MB of them here."""
        self.run(f"cd {TOOLS}/usr; cat sbin/runc bin/perl lib/x86_64-linux-gnu/*.so* >/dev/null")
        self.run("echo 1000000 >/proc/sys/vm/percpu_pagelist_high_fraction")

    def memory_kib(self):
        """What /proc/meminfo says, in KiB, once MemAvailable stands still: much is freed late. Call
        steady_memory before."""
        before = -math.inf
        for _ in range(15):
            text = self.run(
                "cd /proc/sys/vm; echo 1 >compact_memory; /bin/busybox sleep 2; "
                "echo 1 >stat_refresh; cat /proc/meminfo"
            )
            found = {k: int(v) for k, v in re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE)}
            if abs(found["MemAvailable"] - before) < 128:
                break
            before = found["MemAvailable"]
        return found

    def _trace(self, rounds, group, triggers):
        """Do the group with these histograms on: {what: {key: sum}}."""
        self.run(f"[ -e {TRACING}/events ] || mount -t tracefs tracefs {TRACING}")
        for event, trigger in triggers.values():
            self.run(f"echo 'hist:{trigger}' >{TRACING}/events/{event}/trigger")
        self.time(rounds, group)
        self.run("/bin/busybox sleep 1")  # a destroyed sandbox's last processes
        found = {}
        for what, (event, trigger) in triggers.items():
            found[what] = parse_histogram(self.run(f"cat {TRACING}/events/{event}/hist"))
            self.run(f"echo '!hist:{trigger}' >{TRACING}/events/{event}/trigger")
        return found

    def counts(self, rounds, group, before=(), after=()):
        """What one round of the group takes: {what: {program: number}}, the largest first. before
        and after are groups, too, and not counted."""
        result = {}
        for triggers in (COUNTED, TIMED):  # apart: counting takes time
            if before:
                self.time(rounds, before)
            found = self._trace(rounds, group, triggers)
            if after:
                self.time(rounds, after)
            result |= {what: per_round(what, sums, rounds) for what, sums in found.items()}
        result["cpu_ms"] = {key: round(n / 1e6, 2) for key, n in result["cpu_ms"].items()}
        return result


def per_round(what, sums, rounds):
    """Without ourselves, but for the timer's fork: it is a peer's, as the web server's is ours."""
    ours = OURSELVES - {"timer"} if what == "forks" else OURSELVES
    kept = {
        key: round(n / rounds, 1)
        for key, n in sums.most_common()
        if key.rpartition("/")[2] not in ours
    }
    return {key: n for key, n in kept.items() if n}


def parse_histogram(text):
    """{key: sum} of a hist file. A key that is a pid, of which there are many, becomes "all"."""
    found = collections.Counter()
    for line in text.splitlines():
        match = re.match(r"\{ (\w+): (.*?) *\} .*?(\d+)$", line)
        if match:
            found["all" if match[1] == "common_pid" else match[2]] += int(match[3])
    return found
