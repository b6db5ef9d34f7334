#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A stick is larger than the image that was written to it: SQUASH-DATA grows to its end, whenever
the power goes; and the ESP's settings count, or, if they can't be read, lock the API."""

import re

import tap
from machine import Machine, drive
from sticks import ESP_UUID, MIB, SECTOR, TABLE, Stick
from tap import check, equal

TOKEN = "from-the-esp"
CREDENTIAL = "/loader/credentials/squash.env.cred"
BLOCK = 4096
QUICK = "virtio-blk-pci"
GROUP = 32768  # blocks; a last group that is too small is left out


def boot(stick, name, settings="", guest=None, bus="usb-storage"):
    args = ["-device", "qemu-xhci", *drive(stick.path, bus, snapshot=False)]
    return Machine(name, settings, 512, args, guest=guest)


def power_off(m):
    m.wait_console(r"^TLS certificate")
    m.inside("kill -TERM 1")
    equal("the machine goes off", m.wait_end(), 0)


def is_grown(stick, mib):
    label, blocks = stick.super()
    equal("it has its label", label, "SQUASH-DATA")
    missing = (mib - stick.data_first) * MIB // BLOCK - blocks
    check("and fills the stick, but for less than a group", 0 <= missing < GROUP, missing)
    equal("sgdisk and e2fsck have nothing to mend", stick.faults(), "")


def test_grow():
    """By USB, whose disks come late. The ESP is over the disk, the command line over the ESP."""
    credential = f"SQUASH_AUTH_TOKEN={TOKEN}\nSQUASH_PORT=1\nSQUASH_HOSTNAME=esp\n"
    disk = b"SQUASH_HOSTNAME=disk\nSQUASH_MAX_SANDBOXES=7\nSQUASH_AUTH_TOKEN=from-the-disk\n"
    stick = Stick("grow", 3000, {CREDENTIAL: credential.encode()}, disk)
    with boot(stick, "grow", f"SQUASH_ESP={ESP_UUID} SQUASH_PORT=8080", ":8080") as m:
        m.wait_console(r"^The partition of SQUASH-DATA has grown to the end of sda\.")
        m.wait_console(r"^SQUASH-DATA \(sda2\) grows from 134 to 31\d\d MB\.")
        m.wait_console(r"^SQUASH-DATA \(sda2\) has grown\.")
        m.wait_console(r"^Watchdog: Software Watchdog resets the machine if it hangs for 60 s\.")
        m.token = TOKEN
        m.wait_api()
        equal("the token of the disk is not that of the ESP",
              m.http("GET", "api/system", token="from-the-disk").status, 401)
        reply = m.http("GET", "api/system")
        equal("which opens the API", reply.status, 200)
        equal("the ESP is over the disk", m.inside("hostname")[1], "esp\n")
        equal("what only the disk says counts", reply.json["sandboxes"]["max"], 7)
        size = reply.json["disk"]["total_bytes"]
        check("what grew can be used", size > 2800 * MIB, size)
        mounts = m.inside("cat /proc/mounts")[1]
        check("the ESP isn't mounted any more", "vfat" not in mounts, mounts)
        check("what was on it is there", "HOSTNAME=disk" in m.inside("cat /data/squash.env")[1])
        m.inside("echo SQUASH_MAX_SANDBOXES=7 >/data/squash.env")
        power_off(m)
    is_grown(stick, 3000)
    return stick


def test_again(stick):
    """The second boot has nothing to do, and can't find the ESP."""
    wrong = ESP_UUID.replace("5", "6")
    before = stick.read(0, TABLE), stick.read(2999 * MIB, MIB)
    with boot(stick, "grow-again", f"SQUASH_ESP={wrong.upper()} SQUASH_DATA_WAIT=1", ":8080") as m:
        m.wait_console(f"^The partition that this machine was booted from \\({wrong}\\) is not found")
        m.wait_console(r"^The API is locked and refuses every request: credentials cannot be read\.")
        m.wait_console("^API: http://")
        statuses = [m.http("GET", "api/system", token=token).status for token in (None, TOKEN)]
        equal("without the ESP, nobody may in", statuses, [401, 401])
        check("nothing grows", not re.search("grow", m.console), m.console)
        power_off(m)
    after = stick.read(0, TABLE), stick.read(2999 * MIB, MIB)
    check("and no table is written", before == after)


def test_damaged(stick):
    """The power went while the first table was written: its entries are new, its header is old.
    The kernel doesn't look at the other one."""
    stick.write(SECTOR, stick.small_table[SECTOR : 2 * SECTOR])
    with boot(stick, "grow-damaged") as m:
        m.wait_console(r"^The partition table of sda is damaged: it is made anew from its backup\.")
        m.wait_console(r"^Data is on sda2 \(SQUASH-DATA\)")
        power_off(m)
    is_grown(stick, 3000)


def test_cut():
    """The power goes while the file system grows, and growth is in its journal alone."""
    mib = 400_000
    stick = Stick("grow-cut", mib, {}, b"SQUASH_HOSTNAME=cut\n")
    blocks = stick.super()[1]
    with boot(stick, "grow-cut", bus=QUICK) as m:
        m.wait_console(r"^SQUASH-DATA \(vda2\) grows")
        written = m.inside("dd if=/dev/zero of=/data/during bs=4k count=1 conv=fsync")
        equal("a file is written meanwhile", written[0], 0)
        m.cut()
        check("the power goes in time", "has grown." not in m.console, m.console)
    equal("growth is in the journal", stick.super(), ("SQUASH-GROWING", blocks))
    # The write of the first table was the last that was made: it may be lost as well.
    stick.write(0, stick.small_table)
    with boot(stick, "grow-on", bus=QUICK) as m:
        m.wait_console(r"^The partition of SQUASH-DATA has grown")
        m.wait_console(r"^SQUASH-DATA \(vda2\) grows from (?!134)\d+ to")
        m.wait_console(r"^SQUASH-DATA \(vda2\) has grown\.", 120)
        m.wait_console(r"^Squash Sandbox .* is up")
        there = m.inside("cat /data/squash.env; stat -c %s /data/during")[1]
        equal("nothing is lost", there, f"SQUASH_HOSTNAME=cut\n{BLOCK}\n")
        power_off(m)
    is_grown(stick, mib)


def main():
    stick = test_grow()
    test_again(stick)
    test_damaged(stick)
    test_cut()


tap.run(main)
