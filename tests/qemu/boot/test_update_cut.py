#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow timeout=1200
"""The power is cut in the midst of an update, when it has been answered, and when it has proved
itself; then a lower version is asked for. What boots is one version or the other, whole."""

import random
import time

import squashd
import tap
from machine import WORK, MediumMachine, drive
from tap import check, equal, note
from updates import (
    TOKEN, UPDATE, Slow, make_agent_uki, make_disk, make_keys, make_uki, make_update, put_uki, ukis,
)  # fmt: skip

BOOT_SECONDS = 90
CUTS = 2
A, B = "squash_0.1.0.efi", "squash_0.2.0.efi"


def start(disk):
    variables = WORK / "update-cut.variables"
    m = MediumMachine(
        "update-cut", "uefi", drive(disk, snapshot=False), variables=variables, reboots=True
    )
    m.token = TOKEN
    return m


def host(m):
    return m.http("GET", "api/system").json["hostname"]


def proves(m, version, since=0):
    return m.wait_console(f"^Version {version} has proved itself", BOOT_SECONDS, since)


def test_amidst(disk, body, at):
    """The power goes when so much of the update has been sent."""
    with start(disk) as m:
        m.wait_api(BOOT_SECONDS)
        equal("the version before runs", host(m), "alpha")
        slow = Slow(m, len(body))
        slow.send(body[:at])
        m.cut()
    names = ukis(disk)
    check("nothing of it can boot", set(names) <= {A, "squash.new"} and A in names, names)


def test_answered(disk, body):
    """The power goes when the update has been answered, and when it has proved itself."""
    with start(disk) as m:
        m.wait_api(BOOT_SECONDS)
        reply = m.http("POST", UPDATE, body, seconds=120)
        m.cut()
    equal("it is taken", reply.status, 201)
    equal("what was cut off is gone", ukis(disk), [A, "squash_0.2.0+3.efi"])
    with start(disk) as m:
        proves(m, "0.2.0")
        m.cut()
    equal("it stays", ukis(disk), [A, B])


def inside(m):
    """What lies in /EFI/Linux while the machine runs."""
    look = "mkdir -p /run/esp; mount -t vfat -o ro /dev/vda1 /run/esp && ls /run/esp/EFI/Linux; umount /run/esp"
    return sorted(m.inside(look)[1].split())


def test_killed(body):
    """A worker that is killed leaves a file that nobody boots, and no mount; the next update works."""
    disk = make_disk("killed")
    put_uki(disk, make_agent_uki("killed-a", "0.1.0"), A)
    with MediumMachine("killed", "uefi", drive(disk, snapshot=False)) as m:
        m.token, m.has_agent = TOKEN, True
        m.wait_api(BOOT_SECONDS)
        slow = Slow(m, len(body))
        slow.send(body[: len(body) // 2])
        holds = "ls -l /proc/[0-9]*/fd 2>/dev/null | grep squash.new"
        deadline = time.monotonic() + 30
        while m.inside(holds)[0] and time.monotonic() < deadline:
            pass
        equal("a worker writes it", m.inside(holds)[0], 0)
        equal("nobody else sees the ESP", m.inside("grep -c vfat /proc/mounts")[1], "0\n")
        m.inside("kill -9 " + " ".join(map(str, squashd.workers(m))))
        equal("its client is told", slow.reply().status, 503)
        equal("what it left doesn't boot", inside(m), sorted(["squash.new", A]))
        reply = m.http("POST", UPDATE, body, seconds=120)
        equal("the next one is taken", reply.status, 201)
        equal("and all is in order", inside(m), [A, "squash_0.2.0+3.efi"])
        equal("no mount is left", m.inside("grep -c vfat /proc/mounts")[1], "0\n")


def test_lower(disk, body):
    """The version that was asked for boots, though it is lower; when it is good, it stays."""
    with start(disk) as m:
        m.wait_api(BOOT_SECONDS)
        equal("the new version runs", host(m), "beta")
        reply = m.http("POST", f"{UPDATE}?downgrade=true", body, seconds=120)
        equal("a lower version is taken", reply.status, 201)
        since = len(m.console)
        m.http("POST", "api/system/reboot")
        proves(m, "0.0.9", since)
        equal("it runs", host(m), "gamma")
        m.http("POST", "api/system/poweroff")
        m.wait_end()
    equal("higher ones are gone", ukis(disk), ["squash_0.0.9.efi"])


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    (WORK / "update-cut.variables").unlink(missing_ok=True)
    make_keys()
    disk = make_disk("update-cut")
    body = make_update(make_uki("update-cut-b", "0.2.0", "SQUASH_HOSTNAME=beta"))
    lower = make_update(make_uki("update-cut-c", "0.0.9", "SQUASH_HOSTNAME=gamma"))
    for _ in range(CUTS):
        at = random.randrange(len(body))
        note(f"cut after {at} bytes of {len(body)}")
        tap.each_boot(lambda at=at: test_amidst(disk, body, at))
    tap.each_boot(lambda: test_answered(disk, body))
    tap.each_boot(lambda: test_lower(disk, lower))
    tap.each_boot(lambda: test_killed(body))


tap.run(main)
