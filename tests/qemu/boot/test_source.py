#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""UEFI, systemd-boot, its stub: init finds the partition that it was booted from, and the settings
there, and leaves none of them to others."""

import subprocess

import tap
from machine import BUILD, ROOT, WORK, MediumMachine, drive, pack_overlay
from sticks import Stick
from tap import check, equal

TOKEN = "from-the-esp"
LINE = "rdinit=/test-init console=ttyS0 loglevel=5 panic=-1 oops=panic"


def make_stick():
    WORK.mkdir(parents=True, exist_ok=True)
    overlay, uki = WORK / "source.overlay.cpio", WORK / "source.efi"
    overlay.write_bytes(pack_overlay("source", {}))
    command = [ROOT / "scripts/mkuki", "-c", LINE, "-v", "0.1.0", "-i", overlay, uki]
    subprocess.run(command, check=True)
    loader = BUILD / "parts/efi/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
    files = {
        "/EFI/BOOT/BOOTX64.EFI": loader.read_bytes(),
        "/EFI/Linux/squash_0.1.0+3.efi": uki.read_bytes(),
        "/loader/loader.conf": b"timeout 0\n",
        "/loader/credentials/squash.env.cred": f"SQUASH_AUTH_TOKEN={TOKEN}\n".encode(),
    }
    return Stick("source", 1000, files, esp_mib=96)


def test_uefi():
    stick = make_stick()
    args = drive(stick.path, snapshot=False)
    with MediumMachine("source", "uefi", args, memory_mb=1024) as m:
        m.token = TOKEN
        m.wait_console(r"^SQUASH-DATA \(vda2\) has grown\.", 120)
        m.wait_console("^Watchdog: iTCO_wdt resets the machine if it hangs for 60 s")
        check("the chipset's watchdog runs", True)
        m.use_agent()
        m.wait_api()
        equal("the ESP's token is needed", m.http("GET", "api/system", token="x").status, 401)
        equal("and opens the API", m.http("GET", "api/system").status, 200)
        device = m.inside("readlink /run/squash/esp")[1]
        equal("the ESP that it was booted from is known", device, "/dev/vda1\n")
        mode = m.inside("stat -c %a.%u /.extra; ls /.extra/global_credentials")[1]
        equal("its settings are removed", mode, "700.0\n")
        mounts = m.inside("cat /proc/mounts")[1]
        check("nothing of it is mounted", "efivarfs" not in mounts and "vfat" not in mounts, mounts)
        m.inside("kill -TERM 1")
        equal("the machine goes off", m.wait_end(), 0)
    equal("sgdisk and e2fsck have nothing to mend", stick.faults(), "")
    names = subprocess.run(
        ["mdir", "-b", "-i", f"{stick.path}@@1M", "::/EFI/Linux"], capture_output=True, check=True
    )
    equal("the boot was counted", names.stdout.decode().split(), ["::/EFI/Linux/squash_0.1.0+2-1.efi"])


def main():
    tap.each_boot(test_uefi)


tap.run(main)
