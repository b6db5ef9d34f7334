#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Times the shipping image against floors and peers, interleaved, and prints one table; all of the
figures go to build/bench.json. docs/performance.md says what each is and what it shows.

  bench.py [--quick] [PART...]     PART: requests filter burst counts state memory tls egress boot
                                   recovery (all; the size always)
                                   --quick: a few samples each, to see that everything works"""

import json
import os
import platform
import socket
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../lib"))
from guest import API_PORT, FLOOR_PORT, LAYER, PEERS, TOOLS, Guest
from guest import init_that_can_be_traced, init_that_takes_modules
from machine import BUILD, Machine, data_disk, drive
from report import Row, compare, ms, p50, p99, summary, table
from throughput import bench_egress
from tls import bench_tls

QUICK = "--quick" in sys.argv[1:]
OUT = BUILD / "bench.json"
SANDBOXES = "/cgi-bin/api/sandboxes"
# As src/squashd/box/jail.c has them.
MKSQUASHFS = "-noappend -quiet -no-progress -exit-on-error -comp zstd -Xcompression-level 1 -mem 62M -no-duplicates"
BODY = '{"cmd":"true"}'
IMAGE_MIB = 24  # goals
MEMORY_KIB = 600

ROUNDS = 10 if QUICK else 200
PEER_ROUNDS = 3 if QUICK else 30
BURST_ROUNDS = 1 if QUICK else 5
BURST = 100
LIST_ROUNDS = 5 if QUICK else 20
ONE_ROUNDS = 2 if QUICK else 9
BOOTS = 1 if QUICK else 5
COUNT_ROUNDS = 3 if QUICK else 20
STATE_ROUNDS = 2 if QUICK else 9
STATE_MB = 200
NETWORK_ROUNDS = 2 if QUICK else 15
NETWORK_MIB = 64 if QUICK else 512
NETWORK_CONNECTS = 100 if QUICK else 500
TLS_ROUNDS = 2 if QUICK else 15
TLS_MIB = 32 if QUICK else 128
TLS_COUNT = 10 if QUICK else 50
RESTORE_MS = 5  # that a restore may take above a mount
RECOVERED = 10 if QUICK else 100


def api(name, method, path, body="", count=1):
    return f"series {count} {name} {API_PORT} {method} {SANDBOXES}{path} {body}"


def create(name, sandbox, count=1):
    return api(name, "POST", "", f'{{"id":"{sandbox}","layers":"{LAYER}"}}', count)


def execute(name, sandbox):
    return api(name, "POST", f"/{sandbox}/exec", BODY)


def destroy(name, sandbox, count=1):
    return api(name, "DELETE", f"/{sandbox}", count=count)


def floor(name, program, count=1):
    return f"series {count} {name} {FLOOR_PORT} POST /cgi-bin/{program} {BODY}"


NOTHING = [floor("nothing", "nothing")]
CHROOT = [floor("chroot", "chroot")]
TWO_CHROOTS = [floor("two-chroots", "chroot", count=2)]
EXEC = [execute("exec", "bench")]
LIFE = [create("create", "life@"), execute("first", "life@"), destroy("destroy", "life@")]


def spawn(peer):
    return [f"spawn {peer} {PEERS[peer]}"]


def created(samples):
    """Create and first exec as one."""
    return [a + b for a, b in zip(samples["create"], samples["first"])]


def pairs(samples):
    return [a + b for a, b in zip(samples[::2], samples[1::2])]


def say(text):
    print(f"  {text}", file=sys.stderr, flush=True)


def bench_requests(guest, result):
    """exec, create, destroy against the floors and bwrap; then a few rounds with the slow peers."""
    say(f"requests: {ROUNDS} rounds")
    s = guest.time(ROUNDS, NOTHING, CHROOT, TWO_CHROOTS, EXEC, LIFE, spawn("bwrap"))
    say(f"peers: {PEER_ROUNDS} rounds")
    peers = guest.time(PEER_ROUNDS, LIFE, *map(spawn, PEERS))
    result["samples"]["requests"] = s
    result["samples"]["peers"] = peers
    tail = p99(s["exec"]) / p50(s["exec"])
    tail_floor = p99(s["chroot"]) / p50(s["chroot"])
    first = "create + first exec"
    return [
        compare("exec of true", s["exec"], "CGI that does nothing", s["nothing"]),
        compare("exec of true", s["exec"], "CGI that runs sh in a chroot", s["chroot"], 1.3),
        Row("exec of true, p99 to p50", "", f"{tail:.2f}", "the chroot CGI's own",
            f"{tail_floor:.2f}", tail, 3.0),
        compare(first, created(s), "two chroot CGIs", pairs(s["two-chroots"]), 1.6),
        compare(first, created(s), "one bwrap", s["bwrap"], 1.0),
        compare(first, created(peers), "one crun", peers["crun"]),
        compare(first, created(peers), "one runc", peers["runc"]),
        compare("create alone", s["create"], "chroot CGI", s["chroot"]),
        compare("destroy", s["destroy"], "chroot CGI", s["chroot"]),
    ]  # fmt: skip


def bench_filter(guest, result):
    """What the sandboxes' seccomp table costs an exec: a program that loads it first."""
    say(f"seccomp: {ROUNDS} rounds")
    program = f"{TOOLS}/bench/filter"
    s = guest.time(
        ROUNDS, [f"spawn filtered {program} filtered"], [f"spawn plain {program} plain"], EXEC
    )
    result["samples"]["filter"] = s
    over = p50(s["filtered"]) - p50(s["plain"])
    return [
        compare("execve under the seccomp table", s["filtered"], "without", s["plain"]),
        Row("its part of an exec", ms(over), "", "exec of true", ms(p50(s["exec"])),
            over / p50(s["exec"])),
    ]  # fmt: skip


def bench_burst(guest, result):
    say(f"{BURST} creates at once: {BURST_ROUNDS} rounds")
    at_once = create("at-once", "once#", BURST).replace("series", "burst", 1)
    s = guest.time(
        BURST_ROUNDS,
        [at_once, destroy("destroy", "once#", BURST)],
        [create("one", "one#", 20), destroy("destroy", "one#", 20)],
    )
    result["samples"]["burst"] = s
    expected = BURST * p50(s["one"]) / result["machine"]["cores"]
    return [
        Row(f"{BURST} creates at once, all done", ms(p50(s["at-once"])), ms(max(s["at-once"])),
            f"{BURST} x p50 of one / cores", ms(expected), p50(s["at-once"]) / expected, 1.3),
    ]  # fmt: skip


def bench_counts(guest, result):
    """What each makes the kernel do; apart from the timing, which it would bend."""
    say(f"counts: {COUNT_ROUNDS} rounds each")
    making, first, ending = ([step] for step in LIFE)
    plans = {
        "nothing": (NOTHING,),
        "chroot": (CHROOT,),
        "exec": (EXEC,),
        "create": (making, (), ending),
        "first exec": (first, making, ending),
        "destroy": (ending, making),
        **{peer: (spawn(peer),) for peer in PEERS},
    }
    result["counts"] = {name: guest.counts(COUNT_ROUNDS, *plan) for name, plan in plans.items()}


def fill_state(guest):
    """A sandbox whose upper holds what programs are made of, and where that lies on the appliance."""
    body = {"id": "state", "layers": LAYER, "disk_mb": 1024}
    guest.request("POST", "", body)
    fill = f"n=0; until test $(du -sm /copy | cut -f1) -ge {STATE_MB}; do n=$((n+1)); cp -a /usr /copy/$n; done"
    guest.request("POST", "/state/exec", {"cmd": f"mkdir /copy; {fill}; sync", "timeout": 600})
    guest.request("POST", "/state/snapshot", {})
    return "/data/sandboxes/state/upper.0/upper"


def bench_state(guest, result):
    """What changes a sandbox, against what it can't do without."""
    say(f"snapshot, restore, activate: {STATE_ROUNDS} rounds")
    upper = fill_state(guest)
    alone = f"/bin/mksquashfs {upper} /data/alone {MKSQUASHFS}"
    guest.run(f"echo '{alone} && /bin/busybox fsync /data/alone' >/bench/kept")
    snapshots = guest.time(
        STATE_ROUNDS,
        [f"spawn mksquashfs {alone}"],
        ["spawn kept /bin/sh /bench/kept"],
        [api("snapshot", "POST", "/state/snapshot")],
        NOTHING,
    )  # fmt: skip
    guest.run("rm /data/alone; mkdir -p /bench/mount")
    file = "/data/sandboxes/state/snapshots/900-snapshot-1.squashfs"
    # The first restore drops the 200 MB of the upper; the others are what a reset costs.
    restore = '{"snapshot":"900-snapshot-1"}'
    restores = guest.time(
        STATE_ROUNDS + 1,
        [f"spawn mount /bin/busybox mount -t squashfs -o ro,loop {file} /bench/mount",
         "spawn umount /bin/busybox umount /bench/mount"],
        [api("restore", "POST", "/state/restore", restore)],
        NOTHING,
    )  # fmt: skip
    activate = '{"module":"000-base-busybox"}'
    activates = guest.time(
        STATE_ROUNDS,
        [create("create", "act@"), api("activate", "POST", "/act@/activate", activate),
         destroy("destroy", "act@")],
        CHROOT,
    )  # fmt: skip
    guest.request("DELETE", "/state")
    for name, samples in (("snapshot", snapshots), ("restore", restores), ("activate", activates)):
        result["samples"][name] = samples
    over = p50(restores["restore"]) - p50(restores["nothing"]) - p50(restores["mount"])
    return [
        compare(f"snapshot of {STATE_MB} MB", snapshots["snapshot"], "mksquashfs alone",
                snapshots["mksquashfs"], 1.1),
        compare("the same", snapshots["snapshot"], "mksquashfs, then fsync",
                snapshots["kept"]),
        compare("restore of it", restores["restore"], "a mount alone", restores["mount"]),
        Row("restore less a CGI and a mount", ms(over), "", "the goal", f"{RESTORE_MS} ms",
            over * 1000 / RESTORE_MS, 1.0),
        compare("activate", activates["activate"], "chroot CGI", activates["chroot"]),
    ]  # fmt: skip


def measure_one(guest):
    """KiB that one sandbox takes, of each round: what was there before and after it, halved, less
    what is there beside it."""
    taken = []
    guest.time(1, [create("create", "one"), destroy("destroy", "one")])
    before = guest.memory_kib()["MemAvailable"]
    for _ in range(ONE_ROUNDS):
        guest.time(1, [create("create", "one")])
        beside = guest.memory_kib()["MemAvailable"]
        guest.time(1, [destroy("destroy", "one")])
        after = guest.memory_kib()["MemAvailable"]
        taken.append((before + after) / 2 - beside)
        before = after
    return taken


def bench_memory(guest, result):
    """Kernel included: what MemAvailable loses to sandboxes that do nothing; and what is slower
    among many."""
    say("memory of one sandbox, of 100")
    guest.steady_memory()
    one = measure_one(guest)
    info = {"0": guest.memory_kib()}
    guest.time(1, [create("create", "idle#", 100)])
    info["100"] = guest.memory_kib()
    lists = [api("list", "GET", "")]
    among_100 = guest.time(LIST_ROUNDS, lists, EXEC, CHROOT, NOTHING)
    say("of 1000")
    guest.time(1, [create("create", "more#", 900)])
    info["1000"] = guest.memory_kib()
    among_1000 = guest.time(LIST_ROUNDS, lists, EXEC, CHROOT, NOTHING)
    result["samples"]["among 100"] = among_100
    result["samples"]["among 1000"] = among_1000
    result["memory_kib"] = {"of one": one, "meminfo": info}

    def each(count):
        return (info["0"]["MemAvailable"] - info[str(count)]["MemAvailable"]) / count

    def memory(what, kib):
        goal = f"{MEMORY_KIB} KiB"
        return Row(what, f"{kib:.0f} KiB", "", "the goal", goal, kib / MEMORY_KIB, 1.0)

    return [
        memory("memory of an idle sandbox: 1", p50(one)),
        memory("of 100, each", each(100)),
        memory("of 1000, each", each(1000)),
        compare("list of 100", among_100["list"], "CGI that does nothing", among_100["nothing"]),
        compare("list of 1000", among_1000["list"], "CGI that does nothing", among_1000["nothing"]),
        compare("exec among 1000", among_1000["exec"], "chroot CGI there", among_1000["chroot"]),
    ]


def bench_network(guest, result):
    say(f"egress: {NETWORK_ROUNDS} rounds")
    return bench_egress(guest, result, NETWORK_ROUNDS, NETWORK_MIB, NETWORK_CONNECTS)


def bench_front(guest, result):
    say(f"TLS: {TLS_ROUNDS} rounds")
    return bench_tls(guest, result, TLS_ROUNDS, TLS_MIB, TLS_COUNT)


def bench_size(result):
    sizes = {name: (BUILD / name).stat().st_size for name in ("vmlinuz", "initramfs.cpio.zst")}
    result["size_bytes"] = sizes
    mib = sum(sizes.values()) / 2**20
    return [Row("kernel + initramfs", f"{mib:.1f} MiB", "", "the goal", f"{IMAGE_MIB} MiB",
                mib / IMAGE_MIB, 1.0)]  # fmt: skip


class TimedMachine(Machine):
    """A machine that knows when QEMU was started."""

    def _command(self, *args):
        command = super()._command(*args)
        self.began = time.monotonic()
        return command

    def age(self):
        return time.monotonic() - self.began


def wait_first_200(machine, seconds=60):
    """Wait until health answers 200. A new try each 25 ms, without waiting for those before it:
    QEMU's network accepts connections for a guest that isn't there yet, and those hang."""
    tries = []
    while machine.age() < seconds:
        try:
            s = socket.create_connection(("127.0.0.1", machine.port))
            s.sendall(b"GET /cgi-bin/health HTTP/1.1\r\nHost: bench\r\n\r\n")
            s.setblocking(False)
            tries = tries[-10:] + [s]
        except OSError:
            pass  # QEMU isn't there yet
        time.sleep(0.025)
        for s in tries:
            try:
                if b" 200 " in s.recv(64):
                    return
            except OSError:
                pass  # nothing yet, or the guest has refused it
    raise machine.failed(f"no 200 within {seconds} s")


def bench_boot(result):
    """Whole boots, by turns: one to the first answer, one whose PID 1 powers off at once."""
    say(f"boots: {BOOTS} each")
    boots, halts = [], []
    disk = drive(BUILD / "data.ext4")
    for _ in range(BOOTS):
        with TimedMachine("boot", "rdinit=/bin/busybox -- poweroff -f", args=disk) as m:
            m.wait_console("reboot: Power down")
            halts.append(m.age())
        with TimedMachine("boot", "rdinit=/init", args=disk) as m:
            wait_first_200(m)
            boots.append(m.age())
    result["samples"]["boot"] = {"first-200": boots, "halt": halts}
    return [compare("boot to the first 200", boots, "boot to a halt", halts, 1.3)]


def bench_recovery(result):
    """Boots with sandboxes on the disk, and with the same disk without."""
    say(f"recovery of {RECOVERED} sandboxes: {BOOTS} boots each")
    disk = data_disk("recovery", 1024)
    body = '{"id":"r@","layers":"000-base-busybox","memory_mb":64}'
    with TimedMachine("recovery", args=drive(disk, snapshot=False), memory_mb=2048) as m:
        m.wait_api()
        for n in range(RECOVERED):
            reply = m.http("POST", "api/sandboxes", body.replace("@", str(n)))
            assert reply.status == 201, reply
        m.inside("kill -TERM 1")
        m.wait_end()
    empty = data_disk("recovery-empty", 1024)
    times = {"recovery": [], "empty": []}
    for _ in range(BOOTS):
        for name, image in (("recovery", disk), ("empty", empty)):
            with TimedMachine("recovery", "rdinit=/init", 2048, drive(image)) as m:
                wait_first_200(m)
                times[name].append(m.age())
    result["samples"]["recovery"] = times
    each = (p50(times["recovery"]) - p50(times["empty"])) / RECOVERED
    return [
        compare(f"boot to the first 200, {RECOVERED} sandboxes", times["recovery"],
                "the same without", times["empty"]),
        Row("recovery of one", ms(each), "", "", ""),
    ]  # fmt: skip


def describe(guest):
    """The machine and the method, for who reads the figures elsewhere."""
    cpu = next(line for line in open("/proc/cpuinfo", encoding="utf-8") if "model name" in line)
    clock = "/sys/devices/system/clocksource/clocksource0/current_clocksource"
    return {
        "host": f"{cpu.partition(':')[2].strip()}, {os.cpu_count()} cores, {platform.release()}",
        "accelerator": "kvm" if os.access("/dev/kvm", os.R_OK | os.W_OK) else "tcg",
        "cores": guest.run("cat /proc/cpuinfo").count("processor\t"),
        "kernel": guest.run("cat /proc/sys/kernel/osrelease").strip(),
        "clock": guest.run(f"cat {clock}").strip(),
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
    }


def print_report(rows, result):
    m = result["machine"]
    loads = " to ".join(f"{load:.1f}" for load in result["load"])
    print(f"\n{m['date']} on {m['host']}; load {loads}")
    print(f"guest: {m['accelerator']}, {m['cores']} processors, 2 GiB (memory: 4), {m['kernel']}")
    print("from inside, over 127.0.0.1, each with its floor by turns; ratio: of the medians\n")
    print("\n".join(table(rows)))
    out = OUT.relative_to(BUILD.parent)
    print(f"\nSamples, and counts of forks, system calls and faults: {out}")


# Machines: MiB, and what is other about their PID 1.
SHIPPING = (2048, None)
TRACED = (2048, init_that_can_be_traced)
LARGE = (4096, None)
WITH_MODULES = (2048, init_that_takes_modules)

PARTS = {
    "requests": (SHIPPING, bench_requests),
    "filter": (SHIPPING, bench_filter),
    "burst": (SHIPPING, bench_burst),
    "counts": (TRACED, bench_counts),
    "state": (SHIPPING, bench_state),
    "memory": (LARGE, bench_memory),
    "tls": (SHIPPING, bench_front),
    "egress": (WITH_MODULES, bench_network),
}


def bench_inside(parts, result):
    """The parts that want a machine, those of the same kind on the same."""
    rows = []
    for kind in (SHIPPING, TRACED, LARGE, WITH_MODULES):
        chosen = [part for part in parts if PARTS[part][0] == kind]
        if not chosen:
            continue
        with Guest(f"bench-{chosen[0]}", *kind) as guest:
            result["machine"] = result.get("machine") or describe(guest)
            for part in chosen:
                rows += PARTS[part][1](guest, result) or []
    return rows


def main():
    parts = [arg for arg in sys.argv[1:] if arg != "--quick"] or [*PARTS, "boot", "recovery", "size"]
    result = {"samples": {}, "load": [os.getloadavg()[0]]}
    rows = bench_inside([part for part in parts if part in PARTS], result)
    if "boot" in parts:
        rows += bench_boot(result)
    if "recovery" in parts:
        rows += bench_recovery(result)
    rows += bench_size(result)
    result["load"].append(os.getloadavg()[0])
    result["rows"] = [row.as_json() for row in rows]
    result["summary"] = {
        part: {name: summary(s) for name, s in samples.items()}
        for part, samples in result["samples"].items()
    }
    OUT.write_text(json.dumps(result, indent=1) + "\n")
    print_report(rows, result)


main()
