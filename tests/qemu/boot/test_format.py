#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""SQUASH_FORMAT: a blank disk becomes SQUASH-DATA, whole and clean; any other stays as it is, and
the console says why."""

import os
import re
import subprocess

import tap
from api import BUSYBOX, create, execute
from machine import BUILD, WORK, Machine, drive
from tap import check, equal

MIB = 1 << 20
BLOCK = 4096
BLANK = 16 * MIB  # must be zero, at both ends
TOOLS = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}


def blank(name, size, *pieces):
    """A sparse image; pieces: (offset, bytes) that are not zero; below 0: from the end."""
    WORK.mkdir(parents=True, exist_ok=True)
    image = WORK / f"{name}.img"
    with open(image, "wb") as f:
        f.truncate(size)
        for offset, data in pieces:
            f.seek(offset, os.SEEK_SET if offset >= 0 else os.SEEK_END)
            f.write(data)
    return image


def partition_table(first, count):
    """An MBR with one Linux partition; both in sectors."""
    sectors = first.to_bytes(4, "little") + count.to_bytes(4, "little")
    return bytes(446 + 4) + b"\x83" + bytes(3) + sectors + bytes(48) + b"\x55\xaa"


def tool(*command):
    done = subprocess.run(command, env=TOOLS, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def superblock(image):
    """What dumpe2fs says of the file system as a whole."""
    lines = tool("dumpe2fs", "-h", image)[1].splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


def power_off(m):
    m.inside("kill -TERM 1")
    equal("the machine goes off", m.wait_end(), 0)


def is_clean(image):
    code, text = tool("e2fsck", "-fn", image)
    check("the file system is clean", code == 0, text)



def test_blank_by_serial():
    """A disk of many block groups. What lies in its middle is nobody's any more."""
    size = 20 * 10**9
    disk = blank("format", size, (BLANK, os.urandom(4 * MIB)), (size // 2, b"old"))
    other = blank("format-other", 128 * MIB)
    disks = drive(other, "virtio-blk-pci,serial=OTHER", snapshot=False)
    disks += drive(disk, "virtio-blk-pci,serial=S-20/GB", snapshot=False)
    with Machine("format", "SQUASH_FORMAT=S-20/GB", 512, args=disks) as m:
        m.wait_api()
        m.wait_console(r"^SQUASH_FORMAT: vdb \(20\.0 GB\) was blank and is SQUASH-DATA now\.")
        m.wait_console(r"^Data is on vdb \(SQUASH-DATA\)")
        check("a blank disk is taken, by its serial number", True)
        mounts = m.inside("cat /proc/mounts")[1]
        check("with project quotas", re.search(r" /data ext4 \S*\bprjquota\b", mounts), mounts)
        names = m.inside("ls -A /data")[1].split()
        equal("it has what a boot makes, and nothing else", names, ["lost+found", "modules", "sandboxes", "tls"])
        create(m, "dev", BUSYBOX, memory_mb=64, disk_mb=8)
        wrote = execute(m, "dev", "dd if=/dev/zero of=/root/big bs=1M count=9")
        check("that bound a sandbox", "Quota exceeded" in wrote["stderr"], wrote)
        m.inside("echo SQUASH_FORMAT=vda >/data/squash.env; echo kept >/data/kept")
        power_off(m)
    equal("the other disk has not been written to", os.stat(other).st_blocks, 0)
    is_clean(disk)
    info = superblock(disk)
    equal("it is labelled", info["Filesystem volume name"], "SQUASH-DATA")
    missing = size // BLOCK - int(info["Block count"])
    check("and as large as the disk, but for less than a group", 0 <= missing < 32768, missing)
    version_4 = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    check("its UUID is random", re.fullmatch(version_4, info["Filesystem UUID"]), info)
    check_second_boot(disks, other)


def check_second_boot(disks, other):
    """The disk's own settings name the other disk: that would be anybody's who writes the disk."""
    with Machine("format-again", "SQUASH_FORMAT=vdb", 512, args=disks) as m:
        m.wait_console(r"^squash\.env on SQUASH-DATA, line 1 is ignored: SQUASH_FORMAT")
        check("the disk's own settings can't name a disk", True)
        equal("a SQUASH-DATA disk is left alone", m.inside("cat /data/kept")[1], "kept\n")
        check("without a word", not re.search(r"^SQUASH_FORMAT", m.console, re.M), m.console)
        power_off(m)
    equal("the other disk has not been written to", os.stat(other).st_blocks, 0)


def test_begun():
    """The power went during an earlier attempt. By USB, whose disks come late."""
    size = 96 * MIB
    superblock_block = (BUILD / "format.image").read_bytes()[4 : 4 + BLOCK]
    rest = (BLOCK, os.urandom(MIB)), (-MIB, os.urandom(MIB))
    disk = blank("format-begun", size, (0, superblock_block), *rest)
    usb = ["-device", "qemu-xhci", *drive(disk, "usb-storage,serial=STICK-1", snapshot=False)]
    with Machine("format-begun", "SQUASH_FORMAT=STICK-1", 512, usb, guest=None) as m:
        m.wait_console(r"^SQUASH_FORMAT: sda \(100 MB\) was blank and is SQUASH-DATA now\.")
        m.wait_console(r"^Data is on sda \(SQUASH-DATA\)")
        check("a disk that was begun is made anew, by USB", True)
        m.wait_console(r"is up after")
        power_off(m)
    is_clean(disk)
    equal("it fills the disk", int(superblock(disk)["Block count"]), size // BLOCK)


def test_partition_by_path():
    first, size = 2048, 100 * MIB
    table = partition_table(first, size // 512)
    disk = blank("format-partition", 128 * MIB, (0, table))
    args = drive(disk, snapshot=False)
    with Machine("format-partition", "SQUASH_FORMAT=/dev/vda1", 512, args, guest=None) as m:
        m.wait_console(r"^SQUASH_FORMAT: vda1 \(104 MB\) was blank and is SQUASH-DATA now\.")
        m.wait_console(r"^Data is on vda1 \(SQUASH-DATA\)")
        check("a partition is taken", True)
        m.wait_console(r"is up after")
        power_off(m)
    with open(disk, "rb") as f:
        equal("the partition table is as it was", f.read(512), table)
        f.seek(first * 512)
        part = blank("format-partition-1", size, (0, f.read(size)))
    is_clean(part)


def test_refused():
    """tests/unit/test_format.c has the other reasons to refuse a disk."""
    begin = blank("format-begin", 64 * MIB, (BLANK - 1, b"x"))
    images = [begin, blank("format-one", 64 * MIB), blank("format-two", 64 * MIB)]
    args = drive(begin, "nvme,serial=NVME-1", snapshot=False)
    for image in images[1:]:
        args += drive(image, "virtio-blk-pci,serial=TWIN", snapshot=False)
    before = [image.read_bytes() for image in images]
    with Machine("format-refused", "SQUASH_FORMAT=NVME-1", 512, args, guest=None) as m:
        m.wait_console(r"^SQUASH_FORMAT: nvme0n1 is not blank \(byte 16777215 is not zero\)")
        check("a disk that is not blank is refused", True)
        m.wait_console(r"^No SQUASH-DATA disk is in use")
        check("and data is in memory", True)
    check("the disks are as they were", [image.read_bytes() for image in images] == before)


def main():
    for test in (test_blank_by_serial, test_begun, test_partition_by_path, test_refused):
        tap.each_boot(test)


tap.run(main)
