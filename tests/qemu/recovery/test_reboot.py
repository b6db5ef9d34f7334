#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What is on a SQUASH-DATA disk is there after a reboot: whole, or what can't be used is set aside
and said. And a disk that is full changes nothing."""

import squashd
import tap
from api import BUSYBOX, SANDBOXES, activate, create, destroy, drop, execute, info, output
from api import restore, snapshot
from egress import bound
from machine import Machine, data_disk, drive, make_module
from tap import check, equal
from whole import find_orphans

EXTRA = "100-extra"
FILES = {"opt/extra": "extra\n"}
LIMITS = {"cpu": 0.5, "memory_mb": 64, "disk_mb": 16, "owner": "alice", "task": "of a test"}


def boot(image, hours=0):
    """A machine on the disk, whose clock says so many hours past a noon."""
    rtc = f"base=2031-05-05T{12 + hours:02}:00:00"
    return Machine("reboot", args=[*drive(image, snapshot=False), "-rtc", rtc])


def reboot(m):
    """Shut the machine down in order; QEMU ends."""
    m.inside("kill -INT 1")
    equal("the machine shuts down", m.wait_end(30), 0)
    check("and lets go of the disk", "could not be unmounted" not in m.console, m.console[-1000:])


def mount_many(m):
    """8192 mounts before all that come later: as many as sandboxes with many layers have."""
    m.inside("mkdir /tmp/t && mount -t tmpfs none /tmp/t && cd /tmp/t && mkdir 1 2 3 4 5 6 7 8 9 a b c d")
    code, text = m.inside("cd /tmp/t && for d in *; do mount --rbind /tmp/t $d || exit 1; done 2>&1")
    assert code == 0, text
    count = int(m.inside("wc -l </proc/self/mountinfo")[1])
    check("there are many mounts", count > 8192, count)


def history(m, **wanted):
    entries = m.http("GET", "api/history").json
    return [e for e in entries if all(e.get(k) == v for k, v in wanted.items())]


def lists(m):
    return sorted(i["id"] for i in m.http("GET", SANDBOXES).json)


def whole(m, what):
    faults = find_orphans(m)
    check(f"nothing is left over {what}", not faults, "\n".join(faults))


def stable(known):
    """Of an info object, what a reboot does not change."""
    return {k: v for k, v in known.items() if k != "last_active"}


def seconds_left(m, name):
    deadline = int(m.inside(f"readlink /run/squash/running/{name}")[1].split()[1])
    return deadline / 1000 - float(m.inside("cut -d' ' -f1 /proc/uptime")[1])


# What the boxes hold, each made on the first machine and looked at on the second.


def make_boxes(m):
    create(m, "plain", BUSYBOX, **LIMITS)
    execute(m, "plain", "cd /root; echo kept >kept; chmod 4711 kept; mkdir d; rm /etc/hosts")
    activate(m, "plain", EXTRA)
    taken = snapshot(m, "plain", label="of plain")
    create(m, "copy", None, **{"from": f"plain/{taken}", "memory_mb": 64})
    execute(m, "plain", "echo later >/root/later")
    create(m, "back", BUSYBOX, memory_mb=64)
    execute(m, "back", "echo 1 >/root/number")
    first = snapshot(m, "back")
    execute(m, "back", "echo 2 >/root/number")
    snapshot(m, "back")
    restore(m, "back", first)
    create(m, "mortal", BUSYBOX, memory_mb=64, max_lifetime_s=3 * 3600)
    create(m, "short", BUSYBOX, memory_mb=64, max_lifetime_s=3600)
    execute(m, "mortal", "(sleep 1000 &) >/dev/null 2>&1")
    create(m, "out", BUSYBOX, memory_mb=64, allow_net=["example.org"])
    for n in range(15):
        create(m, f"many-{n}", BUSYBOX, memory_mb=32)
        execute(m, f"many-{n}", f"echo {n} >/root/number")
    m.inside("sync")


def look_at_boxes(m, known):
    there = lists(m)
    equal("every sandbox is there that has time left", there, sorted(set(known) - {"short"}))
    now = {name: info(m, name) for name in there}
    same = [name for name in there if stable(now[name]) == stable(known[name])]
    equal("each as it was", same, there)
    command = "cd /root; cat kept later; stat -c %a kept; ls; test -e /etc/hosts || echo deleted"
    shown = output(m, "plain", command).split()
    equal("its files are", shown, ["kept", "later", "4711", "d", "kept", "later", "deleted"])
    equal("an activated module is", output(m, "plain", "cat /opt/extra"), "extra")
    equal("one from a snapshot is", output(m, "copy", "cat /root/kept; ls /root"), "kept\nd\nkept")
    equal("one that was restored is", output(m, "back", "cat /root/number"), "1")
    many = [output(m, f"many-{n}", "cat /root/number") for n in range(15)]
    equal("and all the many are", many, [str(n) for n in range(15)])
    running = output(m, "mortal", "cat /proc/[0-9]*/comm | grep -c sleep; true")
    equal("processes are gone", running, "0")
    asked = execute(m, "out", "nslookup denied.test")["stdout"]
    check("who had a way out has it", "198.18.0.1" in asked and "NXDOMAIN" in asked, asked)
    why = {e["reason"] for e in history(m, event="restart")}
    ids = sorted(e["id"] for e in history(m, event="restart"))
    equal("the history says so", (ids, why), (there, {"reboot"}))


def look_at_limits(m):
    cgroup = "/sys/fs/cgroup/squash/plain"
    text = m.inside(f"cat {cgroup}/cpu.max {cgroup}/memory.max")[1].split()
    equal("limits are as they were", text, ["50000", "100000", str(64 << 20)])
    full = execute(m, "plain", "dd if=/dev/zero of=/root/fill bs=1M; rm /root/fill")["stderr"]
    check("that of the disk, too", "Quota exceeded" in full, full)
    left = seconds_left(m, "mortal")  # the machine's clock starts from one of whole seconds
    check("what is left of a lifetime is", 3600 - 60 < left <= 3600 + 1, left)
    ended = [e["reason"] for e in history(m, event="end", id="short")]
    equal("a lifetime that has passed meanwhile is over", ended, ["lifetime"])


def look_after_reboot(m, known):
    look_at_boxes(m, known)
    look_at_limits(m)
    whole(m, "after")
    restore(m, "plain", info(m, "plain")["snapshots"][0]["name"])
    equal("a snapshot of before can be restored", output(m, "plain", "ls /root"), "d\nkept")
    for name in lists(m):
        if not name.startswith("many-1"):
            destroy(m, name)
    whole(m, "of those that were destroyed")


def spoil(m):
    """Make sandboxes, and damage what is written of them."""
    for name in ("empty", "garbage", "version", "record", "missing", "good"):
        create(m, name, BUSYBOX, memory_mb=32)
        execute(m, name, f"echo {name} >/root/name")
    taken = snapshot(m, "record")
    activate(m, "missing", EXTRA)
    m.inside(
        "cd /data/sandboxes; : >empty/meta.json; head -c 100 /dev/urandom >garbage/meta.json;"
        " sed -i 's/\"version\":[0-9]*/\"version\":99/' version/meta.json;"
        f" echo '{{' >record/snapshots/{taken}.json;"
        f" mv /data/modules/{EXTRA}.squashfs /data/{EXTRA}; : >good/usage; rm missing/usage; sync"
    )
    return taken


def look_at_spoilt(m, taken):
    listed = lists(m)
    equal("the rest starts", [n for n in listed if n[:4] != "many"], ["good", "missing", "record"])
    for name in ("good", "missing"):  # a power cut takes what isn't synced
        known = info(m, name)
        equal(f"how many commands {name} has had, its log knows", known["exec_count"], 1)
        check("nothing was before it was made", known["last_active"] >= known["created"], known)
    equal("and works", output(m, "good", "cat /root/name"), "good")
    for name in ("empty", "garbage", "version"):
        m.wait_console(f"sandbox {name} is set aside")
        check(f"one with damaged metadata ({name}) is said to be set aside", True)
        equal("its info is an error", m.http("GET", f"{SANDBOXES}/{name}").status, 500)
        destroy(m, name)
    shown = output(m, "record", "cat /root/name")
    equal("one with a snapshot whose record is damaged works", shown, "record")
    path = f"{SANDBOXES}/record"
    reply = m.http("POST", f"{path}/restore", {"snapshot": taken})
    equal("that snapshot can't be restored", reply.status, 500)
    equal("but dropped", m.http("DELETE", f"{path}/snapshots/{taken}").status, 204)
    snapshot(m, "record")


def look_at_missing(m):
    equal("one whose module is gone is not mounted", info(m, "missing")["mounted"], False)
    m.wait_console(f"sandbox missing is down: .*{EXTRA}")
    check("which is said", True)
    reply = m.http("POST", f"{SANDBOXES}/missing/exec", {"cmd": "true"})
    told = reply.status in (409, 503) and EXTRA in reply.json["error"]
    check("a command is told so", told, reply)
    m.inside(f"mv /data/{EXTRA} /data/modules/{EXTRA}.squashfs")
    squashd.kill(m)
    m.wait_console("squashd has ended")
    m.wait_api()
    shown = output(m, "missing", "cat /root/name /opt/extra")
    equal("with the module back it is as it was", shown, "missing\nextra")
    equal("and mounted", info(m, "missing")["mounted"], True)


def look_after_damage(m, taken):
    look_at_spoilt(m, taken)
    look_at_missing(m)
    whole(m, "of them")
    for name in lists(m):
        destroy(m, name)
    whole(m, "of all")


def full_replies(m, taken):
    """Everything that needs room, on a disk that has none: status and code of each."""
    path = f"{SANDBOXES}/there"
    asked = [
        ("POST", SANDBOXES, {"id": "new", "layers": BUSYBOX, "memory_mb": 32}),
        ("POST", SANDBOXES, {"id": "new", "from": f"there/{taken}", "memory_mb": 32}),
        ("POST", f"{path}/snapshot", {}),
        ("POST", f"{path}/activate", {"module": EXTRA}),
        ("POST", f"{path}/restore", {"snapshot": taken}),
    ]
    for method, where, body in asked:
        reply = m.http(method, where, body)
        yield where.rpartition("/")[2], reply.status, (reply.json or {}).get("code")


def test_full(m):
    create(m, "there", BUSYBOX, memory_mb=32)
    execute(m, "there", "echo before >/root/file; sync")
    taken = snapshot(m, "there")
    known = info(m, "there")
    m.inside("dd if=/dev/zero of=/data/fill bs=1M; dd if=/dev/zero of=/data/fill2 bs=512", 120)
    for what, status, code in full_replies(m, taken):
        equal(f"with a full disk {what} answers 507", (status, code), (507, "no_space"))
    equal("all is as before", stable(info(m, "there")), stable(known))
    equal("and works", output(m, "there", "cat /root/file"), "before")
    write = execute(m, "there", "echo more >/root/more")["stderr"]
    check("a command that writes is told", "No space left" in write, write)
    whole(m, "of what was refused")
    drop(m, "there", taken)
    check("a snapshot can be dropped all the same", True)
    m.inside("rm /data/fill /data/fill2")
    activate(m, "there", EXTRA)
    snapshot(m, "there")
    create(m, "new", BUSYBOX, memory_mb=32)
    check("with room again, all goes again", True)
    destroy(m, "new")
    destroy(m, "there")
    whole(m, "in the end")


def main():
    image = data_disk("reboot", 256, modules=[make_module(EXTRA, FILES)])
    with boot(image) as m:
        alone = m.wait_api()
        make_boxes(m)
        known = {name: info(m, name) for name in lists(m)}
        whole(m, "before")
        reboot(m)
    with boot(image, hours=2) as m:
        seconds = m.wait_api()
        tap.note(f"a boot with 20 sandboxes took {seconds:.1f} s, {alone:.1f} s without any")
        tap.each(m, bound(look_after_reboot, known))
        taken = spoil(m)
        reboot(m)
    with boot(image, hours=2) as m:
        m.wait_api()
        tap.each(m, bound(look_after_damage, taken), test_full)
        mount_many(m)
        create(m, "last", BUSYBOX, memory_mb=32)
        restore(m, "last", snapshot(m, "last"))
        reboot(m)


tap.run(main)
