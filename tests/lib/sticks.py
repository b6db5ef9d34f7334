# SPDX-License-Identifier: MIT
"""Images of sticks: a GUID partition table, an ESP, and a SQUASH-DATA that is to grow."""

import os
import subprocess

from machine import ROOT, WORK

MIB = 1 << 20
SECTOR = 512
TABLE = 34 * SECTOR  # MBR, header, entries
ESP_UUID = "5d1a5b1e-0c4e-4b8f-9d2e-6f1c2a3b4c5d"
DATA_UUID = "6e2b6c2f-1d5f-4c9f-8e3f-7a2d3b4c5d6e"
DATA_MIB = 128
TOOLS = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin"}


def tool(*command, data=None):
    """A program of the host: (exit code, output)."""
    done = subprocess.run(command, env=TOOLS, input=data, capture_output=True, check=False)
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "replace")


def must(*command, data=None):
    code, output = tool(*command, data=data)
    if code != 0:
        raise RuntimeError(f"{command}: {output}")
    return output


class Stick:
    """An image of a stick of stick_mib, as it is when a smaller image has been written to it.
    files: {path on the ESP: bytes}; settings: bytes of a squash.env on SQUASH-DATA."""

    def __init__(self, name, stick_mib, files, settings=b"", esp_mib=4):
        WORK.mkdir(parents=True, exist_ok=True)
        self.path = WORK / f"{name}.stick"
        self._part = WORK / f"{name}.part"
        self.data_first = 1 + esp_mib
        with open(self.path, "wb") as f:
            f.truncate((self.data_first + DATA_MIB + 1) * MIB)
        must(
            "sgdisk", "-a", "2048",
            "-n", f"1:1M:+{esp_mib}M", "-t", "1:ef00", "-u", f"1:{ESP_UUID}",
            "-n", f"2:{self.data_first}M:+{DATA_MIB}M", "-t", "2:8300", "-A", "2:set:59",
            self.path,
        )  # fmt: skip
        self._make_esp(esp_mib, files)
        self._put(1)
        self._part.with_suffix(".env").write_bytes(settings)
        options = ["-e", self._part.with_suffix(".env"), "-u", DATA_UUID]
        must(ROOT / "scripts/mkdata", *options, self._part, str(DATA_MIB))
        self._put(self.data_first)
        self.small_table = self.read(0, TABLE)
        os.truncate(self.path, stick_mib * MIB)

    def _make_esp(self, esp_mib, files):
        with open(self._part, "wb") as f:
            f.truncate(esp_mib * MIB)
        must("mkfs.vfat", "-n", "ESP", self._part)
        for path, data in files.items():
            above = path.split("/")[1:-1]
            for depth in range(len(above)):
                tool("mmd", "-D", "s", "-i", self._part, "::/" + "/".join(above[: depth + 1]))
            must("mcopy", "-i", self._part, "-", f"::{path}", data=data)

    def _put(self, first_mib):
        to = ["bs=1M", f"seek={first_mib}", "conv=sparse,notrunc"]
        must("dd", f"if={self._part}", f"of={self.path}", *to)
        self._part.unlink()

    def read(self, offset, count):
        with open(self.path, "rb") as f:
            f.seek(offset)
            return f.read(count)

    def write(self, offset, data):
        with open(self.path, "r+b") as f:
            f.seek(offset)
            f.write(data)

    def super(self):
        """Of SQUASH-DATA: (label, count of blocks)."""
        block = self.read(self.data_first * MIB + 1024, 1024)
        return block[120:136].rstrip(b"\0").decode(), int.from_bytes(block[4:8], "little")

    def faults(self):
        """What sgdisk and e2fsck find; empty: nothing."""
        found = []
        code, text = tool("sgdisk", "-v", self.path)
        if code != 0 or "No problems found" not in text:
            found.append(text)
        # A copy that takes no room: e2fsck's name for a file system within a file opens it as one.
        code, text = tool("e2fsck", "-fn", f"{self.path}?offset={self.data_first * MIB}")
        if code != 0:
            found.append(text)
        return "\n".join(found)
