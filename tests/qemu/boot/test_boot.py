#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Boots on machines where something is missing, broken or said twice: each is told in one plain
line, and the machine does what it still can."""

import subprocess

import tap
from api import BUSYBOX, create, destroy, output
from machine import Machine, data_disk, drive
from tap import check, equal


def test_no_nic_two_disks_little_memory():
    disks = drive(data_disk("one", 16)) + drive(data_disk("two", 16))
    consoles = "console=tty0 console=ttyS0"
    with Machine("two-disks", consoles, memory_mb=160, args=disks, guest=None) as m:
        m.wait_console(r"^No network card is found")
        check("a missing network card is said", True)
        m.wait_console(r"^More than one disk is labelled SQUASH-DATA \(vd[ab], vd[ab]\)")
        check("two data disks are said", True)
        m.wait_console(r"^The API is locked")
        check("and that the API is locked, as one of them may hold a token", True)
        m.wait_console(r"^The machine has little memory \(\d+ MB\)")
        check("and little memory", True)
        m.wait_console(r"^Squash Sandbox \S+ is up")
        screen = m.inside("cat /dev/vcs1")[1]
        check("the screen has what the serial port has", "No network card is found" in screen, screen)
        equal("neither is mounted", m.inside("grep -c ext4 /proc/mounts")[1].strip(), "0")
        check("the services run all the same", m.inside("pidof httpd && pidof squashd")[0] == 0)


def test_broken_disk_failing_service():
    image = data_disk("broken", 16)
    with open(image, "r+b") as f:
        f.seek(1024 + 4)  # s_blocks_count_lo: the superblock's checksum is wrong now
        f.write(b"\0\0\0\1")
    with Machine("broken", "SQUASH_AUTH_TOKEN=t", memory_mb=512, args=drive(image)) as m:
        m.token = "t"
        m.wait_api()
        m.wait_console(r"^SQUASH-DATA \(vda\) cannot be mounted: .*e2fsck")
        check("a broken data disk is said", True)
        m.wait_console(r"^No SQUASH-DATA disk is in use: all data is in memory")
        create(m, "dev", BUSYBOX, memory_mb=64)
        equal("sandboxes are in memory then", output(m, "dev", "echo on"), "on")

        m.inside("mount --bind /dev/null /sbin/squashd; kill -9 $(pidof squashd)")
        m.wait_console(r"^squashd keeps failing", 30)
        check("a service that keeps failing is named", True)
        m.inside("umount /sbin/squashd")
        m.wait_console(r"^squashd runs again", 30)
        m.wait_api()
        equal("the sandbox has lived on", output(m, "dev", "echo on"), "on")
        destroy(m, "dev")


DISK_SETTINGS = b"""\
# from the disk
SQUASH_HOSTNAME=from-disk
SQUASH_AUTH_TOKEN=disk
SQUASH_PORT=2
"""
IMAGE_SETTINGS = b"""\
SQUASH_HOSTNAME=from-image
SQUASH_AUTH_TOKEN=image
SQUASH_PORT=1
"""


def test_settings():
    """Each setting is given at every level from its own on down: the last one must win. The data
    disk is USB, which comes a second or more late."""
    image = data_disk("settings", 32, DISK_SETTINGS)
    files = {"/etc/squash.env": IMAGE_SETTINGS}
    usb = ["-device", "qemu-xhci", *drive(image, "usb-storage", snapshot=False)]
    settings = "SQUASH_PORT=9090 SQUASH_IP=10.0.2.77/24,10.0.2.2,10.0.2.3"
    with Machine("settings", settings, 512, usb, files, "10.0.2.77:9090") as m:
        m.token = "disk"
        m.wait_api()
        check("port, address and token are as the last one says", True)
        equal("the host name too", m.inside("hostname")[1].strip(), "from-disk")
        routes = m.inside("ip route")[1]
        check("the gateway is set", "default via 10.0.2.2" in routes, routes)
        resolver = m.inside("cat /etc/resolv.conf")[1]
        check("and the name server", "nameserver 10.0.2.3" in resolver, resolver)
        m.wait_console(r"^API: http://10\.0\.2\.77:9090/")
        check("the banner has address and port", True)
        mounts = m.inside("cat /proc/mounts")[1]
        check("data is on the disk", " /data ext4 " in mounts, mounts)
        test_pid_1(m)
        m.inside("echo kept >/data/kept; kill -INT 1")  # what ctrl-alt-del does
        got = (m.wait_end(20), "Restarting system" in m.console)
        equal("SIGINT restarts the machine", got, (0, True))
    dump = subprocess.run(
        ["debugfs", "-R", "cat kept", image],
        env={"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    equal("what was written is on the disk", dump.stdout, "kept\n")
    superblock = image.read_bytes()[1024:2048]
    state = superblock[0x3A]  # s_state: 1 is clean
    recover = superblock[0x60] & 4  # s_feature_incompat: the journal is needed, it wasn't unmounted
    equal("which was unmounted", (state, recover), (1, 0))


def test_pid_1(m):
    m.inside("setsid sh -c 'sleep 0.1 & sleep 0.1 &'; sleep 0.5")
    zombies = m.inside("grep -sl '^State:.Z' /proc/[0-9]*/status")[1]
    equal("orphans are reaped", zombies.strip(), "")
    ctrl_alt_del = m.inside("cat /proc/sys/kernel/ctrl-alt-del")[1]
    equal("ctrl-alt-del is left to init", ctrl_alt_del.strip(), "0")


def test_incomplete_image():
    """A kernel that runs out of memory as it unpacks the initramfs goes on with what it has. Here
    a file cut short stands for that: how much memory is just too little is the kernel's secret."""
    path = "/lib/squash/modules/000-base-busybox.squashfs"
    with Machine("incomplete", memory_mb=512, files={path: b"hsqs"}) as m:
        m.wait_console(f"^too little memory to unpack the image: {path} is missing or incomplete")
        check("an image that isn't unpacked whole is said", True)
        equal("and nothing is started", m.inside("pidof httpd squashd")[1], "")


def main():
    for test in (
        test_no_nic_two_disks_little_memory,
        test_broken_disk_failing_service,
        test_settings,
        test_incomplete_image,
    ):
        tap.each_boot(test)


tap.run(main)
