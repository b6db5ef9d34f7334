# SPDX-License-Identifier: MIT
"""Images of sticks: a GUID partition table, an ESP, and a SQUASH-DATA that is to grow."""

import os
import subprocess

from machine import WORK

MIB = 1 << 20
SECTOR = 512
TOOLS = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}
ESP_GUID = "5d1a5b1e-0c4e-4b8f-9d2e-6f1c2a3b4c5d"
ESP_FIRST, ESP_MIB = 1, 4  # both in MiB
DATA_FIRST = ESP_FIRST + ESP_MIB
GROW = 59  # the attribute's bit


def tool(*command, data=None):
    """A program of the host: (exit code, output)."""
    done = subprocess.run(command, env=TOOLS, input=data, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def must(*command, data=None):
    code, output = tool(*command, data=data)
    if code != 0:
        raise RuntimeError(f"{command}: {output}")
    return output


def make_data(image, megabytes):
    """SQUASH-DATA, as scripts/mkdata makes it, but with room for growth: of its tables, and in its
    journal, as growing them is one transaction, which may have a quarter of that."""
    with open(image, "wb") as f:
        f.truncate(megabytes * MIB)
    must("mke2fs", "-q", "-F", "-t", "ext4", "-b", "4096", "-L", "SQUASH-DATA", "-J", "size=24",
         "-E", "root_owner=0:0,assume_storage_prezeroed=1", str(image))  # fmt: skip
    must("tune2fs", "-O", "project,quota", "-Q", "prjquota", str(image))


def make_esp(image, credential=None):
    with open(image, "wb") as f:
        f.truncate(ESP_MIB * MIB)
    must("mkfs.vfat", "-n", "ESP", str(image))
    must("mmd", "-i", str(image), "::/loader", "::/loader/credentials")
    if credential is not None:
        path = "::/loader/credentials/squash.env.cred"
        must("mcopy", "-i", str(image), "-", path, data=credential)


def make_stick(name, data_mib, stick_mib, credential=None, grow=True):
    """The path of an image of data_mib and what else is on it, on a stick of stick_mib."""
    WORK.mkdir(parents=True, exist_ok=True)
    stick, part = WORK / f"{name}.stick", WORK / f"{name}.part"
    stick.unlink(missing_ok=True)
    with open(stick, "wb") as f:
        f.truncate((DATA_FIRST + data_mib + 1) * MIB)
    must("sgdisk", "-a", "2048", "-n", f"1:{ESP_FIRST}M:+{ESP_MIB}M", "-t", "1:ef00",
         "-u", f"1:{ESP_GUID}", "-n", f"2:{DATA_FIRST}M:+{data_mib}M", "-t", "2:8300",
         *(["-A", f"2:set:{GROW}"] if grow else []), str(stick))  # fmt: skip
    for first, make in (
        (ESP_FIRST, lambda: make_esp(part, credential)),
        (DATA_FIRST, lambda: make_data(part, data_mib)),
    ):
        make()
        must("dd", f"if={part}", f"of={stick}", "bs=1M", f"seek={first}", "conv=sparse,notrunc")
    part.unlink()
    os.truncate(stick, stick_mib * MIB)
    return stick
