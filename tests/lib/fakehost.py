# SPDX-License-Identifier: MIT
"""scripts/flash, and a host for it whose one disk is a file: sysfs and /proc are directories that say of
it what a test wants."""

import importlib.machinery
import importlib.util
import os
import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/flash"
WORK = ROOT / "build/test/flash"
MIB = 1 << 20
STICK = "devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block/sdb"

sys.dont_write_bytecode = True  # scripts/flash has no suffix: it would be cached beside it


def load():
    loader = importlib.machinery.SourceFileLoader("flash", str(SCRIPT))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("flash", loader))
    loader.exec_module(module)
    return module


flash = load()


class FakeHost(flash.Host):
    """One disk, dev/NAME, with partitions; numbers: of other devices, by their paths."""

    def __init__(self, path=STICK, size=8 * MIB, partitions=1, removable=1, **texts):
        shutil.rmtree(WORK, ignore_errors=True)
        self.sys, self.proc, self.dev = WORK / "sys", WORK / "proc", WORK / "dev"
        self.name = os.path.basename(path)
        self.device = WORK / "dev" / self.name
        self.disk = self.sys / path
        self.numbers = {str(self.device): "8:16", "/dev/mapper/vg-root": "254:0"}
        self.device.parent.mkdir(parents=True)
        with open(self.device, "wb") as file:
            file.truncate(size)
        (self.sys / "dev/block").mkdir(parents=True)
        self.put(self.disk, dev="8:16", size=size // 512, removable=removable, ro=0)
        self.put(self.disk / "queue", logical_block_size=512)
        self.put(self.disk / "device", vendor="ACME", model="Stick 2000", type=0)
        self.link("8:16", self.disk)
        (self.sys / "block").mkdir()
        (self.sys / "block" / self.name).symlink_to(self.disk)
        for n in range(1, partitions + 1):
            self.put(self.disk / f"{self.name}{n}", partition=n, dev=f"8:{16 + n}")
            self.numbers[f"{self.device}{n}"] = f"8:{16 + n}"
            self.link(f"8:{16 + n}", self.disk / f"{self.name}{n}")
        for name, text in texts.items():
            (self.disk / name.replace("__", "/")).write_text(f"{text}\n")
        self.put(self.proc / "self", mountinfo="22 1 253:0 / / rw - ext4 /dev/vda1 rw")
        self.put(self.proc, swaps="Filename Type Size Used Priority")

    @staticmethod
    def put(directory, **texts):
        directory.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            (directory / name).write_text(f"{text}\n")

    def link(self, number, target):
        (self.sys / "dev/block" / number).symlink_to(target)

    def append(self, path, line):
        with open(self.proc / path, "a") as file:
            file.write(f"{line}\n")

    def number(self, path):
        return self.numbers.get(str(path))

    def open(self, path, flags):
        return os.open(path, flags | os.O_CLOEXEC)
