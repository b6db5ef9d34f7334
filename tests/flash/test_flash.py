#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/flash: what it refuses, and that what it writes is there. The devices are files, and sysfs and
/proc are directories made for them; this machine's own disks are asked about, too."""

import contextlib
import io
import os
import subprocess
from pathlib import Path


import tap
from fakehost import SCRIPT, WORK, FakeHost, flash
from tap import check, equal

MIB = 1 << 20
IMAGE = os.urandom(5 * MIB + 700)  # no whole number of chunks, nor of sectors


def attempt(host, device=None, ask=None, image=IMAGE):
    """What flash says against it; None: it has written."""
    path = WORK / "image"
    path.write_bytes(image)
    before = host.device.read_bytes()
    try:
        flash.flash(path, str(device or host.device), ask, host)
    except (flash.Refused, OSError) as error:
        if isinstance(error, flash.Refused):
            equal("nothing is written then", host.device.read_bytes() == before, True)
        return str(error)
    return None


def refused(what, host, *words, **options):
    said = attempt(host, **options)
    check(f"refused: {what}", said and all(word in said for word in words), said)


def test_refusals():
    holes = "can't be pulled out"
    refused("a fixed disk", FakeHost("devices/pci0/ata1/host0/block/sdb", removable=0), holes, "ACME Stick 2000")
    refused("a loop device", FakeHost("devices/virtual/block/loop0"), holes)
    refused("a device mapper's", FakeHost("devices/virtual/block/dm-3"), holes)
    refused("a CD drive", FakeHost("devices/pci0/usb1/host0/block/sr0", device__type=5), holes)
    refused("eMMC", FakeHost("devices/pci0/mmc_host/block/mmcblk0", removable=0, device__type="MMC"), holes)
    host = FakeHost()
    refused("a partition", host, "whole disk, /dev/sdb", device=f"{host.device}1")
    refused("what is no device", host, "is no disk", device=WORK / "image")
    refused("what isn't there", host, "there is no", device=WORK / "nothing")
    refused("a drive without a medium", FakeHost(size=0), "no medium")
    refused("too small a disk", FakeHost(size=5 * MIB), "too small", str(len(IMAGE)))
    refused("a write-protected one", FakeHost(ro=1), "write-protected")
    refused("large sectors", FakeHost(queue__logical_block_size=4096), "4096")
    refused("an empty image", FakeHost(), "no image", image=b"")


def test_in_use():
    host = FakeHost()
    host.append("self/mountinfo", "30 22 8:16 / /mnt rw shared:1 - vfat /dev/sdb rw")
    refused("a disk that is mounted", host, "sdb is mounted at /mnt")
    host = FakeHost(partitions=2)
    host.append("self/mountinfo", "30 22 8:18 / /media/x rw - ext4 /dev/sdb2 rw")
    refused("a disk with a mounted partition", host, "sdb2 is mounted at /media/x")
    host = FakeHost(partitions=1)
    host.append("self/mountinfo", f"30 22 0:44 / /srv rw - btrfs {host.device}1 rw")
    refused("a disk with a mounted btrfs", host, "sdb1 is mounted at /srv")
    host = FakeHost(partitions=1)
    host.append("swaps", f"{host.device}1 partition 1000 0 -2")
    refused("a disk with swap", host, "sdb1 is swap")
    for where in ("holders", "sdb1/holders"):
        host = FakeHost()
        host.put(host.disk / where / "dm-0/dm", name="vg-root")
        refused(f"a disk with {where}", host, "is part of vg-root")


def test_asking():
    asked = []

    def answer(text):
        def ask(question):
            asked.append(question)
            return text

        return ask

    refused("another name typed", FakeHost(), "not its name", ask=answer("sdc"))
    refused("yes typed", FakeHost(), "not its name", ask=answer("yes"))
    equal("the name typed: it is written", attempt(FakeHost(), ask=answer("sdb")), None)
    check("the question has the name", all("sdb" in question for question in asked), asked)


def test_writing():
    for what, host in (
        ("a stick", FakeHost()),
        ("a stick that says it is fixed", FakeHost(removable=0)),
        ("a memory card", FakeHost("devices/pci0/mmc_host/block/mmcblk0", removable=0, device__type="SD")),
    ):
        host.device.write_bytes(b"\xff" * (8 * MIB))
        equal(f"{what} is written", attempt(host), None)
        data = host.device.read_bytes()
        end = len(IMAGE) + -len(IMAGE) % 512
        equal("with all of the image", data[: len(IMAGE)] == IMAGE, True)
        equal("the last sector filled up with zeros", data[len(IMAGE) : end], bytes(end - len(IMAGE)))
        equal("and nothing behind it", data[end:] == b"\xff" * (len(data) - end), True)

    class Fake(FakeHost):
        """Its last MiB comes back as something else: such sticks are sold."""

        def open(self, path, flags):
            self.fd = super().open(path, flags)
            return self.fd

    fake = Fake()
    fsync = os.fsync
    try:
        os.fsync = lambda fd: os.pwrite(fd, b"?", 5 * MIB + 5)
        said = attempt(fake)
    finally:
        os.fsync = fsync
    check("a stick that lies is found out", said and f"byte {5 * MIB + 5}" in said, said)


def test_list():
    """What is shown when no device is named."""

    def listed(host):
        (WORK / "image").write_bytes(IMAGE)
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                flash.list_devices(WORK / "image", host)
            except flash.Refused as refusal:
                return str(refusal)
        return out.getvalue()

    host = FakeHost()
    equal("a stick is listed", listed(host), f"  {host.device}: ACME Stick 2000, 0.0 GB\n")
    host.append("self/mountinfo", "30 22 8:17 / /mnt rw - vfat /dev/sdb1 rw")
    equal("one in use, with the use", listed(host), f"  not {host.device} is in use: sdb1 is mounted at /mnt\n")
    host = FakeHost("devices/pci0/ata1/host0/block/sdb", removable=0)
    equal("a fixed disk isn't", listed(host), "there is no stick and no memory card here")


def test_real_host():
    """The program itself, on this machine's devices."""

    def run(*arguments):
        done = subprocess.run([SCRIPT, *arguments], input="", capture_output=True, text=True, check=False)
        return done.returncode, done.stderr

    (WORK / "image").write_bytes(IMAGE)
    code, said = run(WORK / "image", "/dev/null")
    equal("/dev/null is no disk", (code, "/dev/null is no disk" in said), (1, True))
    code, said = run(WORK / "image", WORK / "image")
    equal("nor is a file", (code, "is no disk" in said), (1, True))
    code, said = run(WORK / "nothing", "/dev/null")
    equal("an image that isn't there", (code, "No such file" in said), (1, True))
    # Only asked: should it be mistaken, nothing is to be lost by that.
    disks = [Path("/dev", path.name) for path in Path("/sys/block").glob("*")]
    for path in (path for path in disks if path.is_block_device()):
        disk = flash.Disk(flash.Host(), str(path))
        if "/usb" in str(disk.path) or flash.read(disk.path / "removable") == "1":
            continue
        try:
            disk.refuse(1)
            said = "it would have been written"
        except flash.Refused as refusal:
            said = str(refusal)
        check(f"{path} of this machine is refused", "can't be pulled out" in said, said)


def main():
    for test in (test_refusals, test_in_use, test_asking, test_writing, test_list, test_real_host):
        test()


if __name__ == "__main__":
    tap.run(main)
