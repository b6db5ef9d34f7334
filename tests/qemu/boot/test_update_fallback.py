#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow timeout=1200
"""New versions that are not good: they use up their tries, and the version before is back. They lie on
the ESP as an update leaves them; that an update does so is shown elsewhere."""

import re
import threading

import tap
from machine import BUILD, TROUBLE, WORK, MediumMachine, drive
from tap import check, equal
from updates import (
    TOKEN, make_agent_uki, make_disk, make_keys, make_uki, put_uki, ukis,
)  # fmt: skip

TRIAL_SECONDS = 300  # TRIAL_MS
BOOT_SECONDS = 90
WATCHDOG_SECONDS = 10  # the least that can be set


class Panicking(MediumMachine):
    """Panics are what its versions are for."""

    trouble = re.compile(TROUBLE.pattern.removeprefix("Kernel panic|"))


def start(disk, name, machine=MediumMachine, args=()):
    # The firmware's variables are new each time: what counts must be on the disk.
    m = machine(name, "uefi", [*drive(disk, snapshot=False), *args], reboots=True)
    m.token = TOKEN
    return m


def test_panic():
    """Three boots that end in a panic, then the version before."""
    disk = make_disk("panic")
    put_uki(disk, make_uki("panic", "0.3.0", "rdinit=/nothing"), "squash_0.3.0+3.efi")
    with start(disk, "panic", Panicking) as m:
        m.wait_console("^API: https://", 4 * BOOT_SECONDS)
        equal("it has panicked three times", m.console.count("Kernel panic - not syncing"), 3)
        check("the version before answers", m.wait_api())
        system = m.http("GET", "api/system").json
        equal("it is the one that was", system["hostname"], "alpha")
        expected = {"possible": True, "waiting": None, "on_trial": False}
        equal("it is not on trial", system["update"], expected)
        m.http("POST", "api/system/poweroff")
        m.wait_end()
    equal("the bad one is marked", ukis(disk), ["squash_0.1.0.efi", "squash_0.3.0+0-3.efi"])


def test_cannot_start():
    """A version whose files are damaged says so, and doesn't switch the machine off."""
    disk = make_disk("damaged")
    uki = make_agent_uki("damaged", "0.3.0", files={"/sbin/egress": b"nothing of the kind"})
    put_uki(disk, uki, "squash_0.3.0+1-2.efi")
    with start(disk, "damaged") as m:
        m.wait_console("^Nothing can be started: the machine reboots in", BOOT_SECONDS)
        check("the version before answers", m.wait_api(2 * BOOT_SECONDS))
        equal("it is the one that was", m.http("GET", "api/system").json["hostname"], "alpha")
    equal("the bad one is marked", ukis(disk), ["squash_0.1.0.efi", "squash_0.3.0+0-3.efi"])


def make_silent(name, more=""):
    """A disk with a version that starts, but whose API never answers."""
    size = (BUILD / "bin/api").stat().st_size
    disk = make_disk(name)
    uki = make_agent_uki(name, "0.3.0", more, {"/srv/http/www/cgi-bin/api": bytes(size)})
    put_uki(disk, uki, "squash_0.3.0+1-2.efi")
    return disk


def test_hang():
    """A version that hangs is ended by the watchdog."""
    disk = make_silent("hang", f"SQUASH_WATCHDOG={WATCHDOG_SECONDS}")
    with start(disk, "hang", args=["-device", "i6300esb"]) as m:
        m.wait_console("^API: https://", BOOT_SECONDS)
        m.hang()
        check("the version before answers", m.wait_api(2 * BOOT_SECONDS))
        equal("it is the one that was", m.http("GET", "api/system").json["hostname"], "alpha")
    equal("the bad one is marked", ukis(disk), ["squash_0.1.0.efi", "squash_0.3.0+0-3.efi"])


def test_silent():
    """A version whose API never answers reboots by itself."""
    disk = make_silent("silent")
    with start(disk, "silent") as m:
        m.wait_console("^API: https://", BOOT_SECONDS)
        m.wait_console("^Version 0.3.0 is on trial, and its API has not answered", TRIAL_SECONDS + 60)
        check("after a silent version, the one before answers", m.wait_api(2 * BOOT_SECONDS))
        equal("it is the one that was", m.http("GET", "api/system").json["hostname"], "alpha")
    expected = ["squash_0.1.0.efi", "squash_0.3.0+0-3.efi"]
    equal("the silent one is marked", ukis(disk), expected)


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    make_keys()
    # test_silent waits five minutes for a machine that has nothing to do.
    silent = threading.Thread(target=tap.each_boot, args=(test_silent,))
    silent.start()
    for test in (test_panic, test_cannot_start, test_hang):
        tap.each_boot(test)
    silent.join()


tap.run(main)
