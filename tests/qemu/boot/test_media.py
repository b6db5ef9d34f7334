#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow timeout=1200
"""Media, as scripts/mkiso and scripts/mkusb make them: each boots up to an answer by HTTPS that only its
token gets. MEDIA_ALL=1: every medium on every firmware, and on every bus."""

import os
import re
import subprocess

import tap
from machine import BUILD, ROOT, WORK, MediumMachine, drive
from tap import check, equal

MIB = 1 << 20
MODULES = ("000-base-debian", "100-python313")
PATHS = [BUILD / f"modules/{name}.squashfs" for name in MODULES]
BOOT_SECONDS = 120
USB = ["-device", "qemu-xhci"]
ALL = os.environ.get("MEDIA_ALL") == "1"
TOOLS = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", "MTOOLSRC": "/dev/null"}
GUID = "[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}"


def tool(*command):
    done = subprocess.run(command, env=TOOLS, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def make(script, name, *options, modules=()):
    """A medium, and what was printed. Without keys, whatever there is here."""
    medium = WORK / name
    medium.unlink(missing_ok=True)
    command = [ROOT / "scripts" / script, "-k", "", *options, medium, *modules]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{script}: {done.stderr}")
    return medium, done.stdout


def token_of(text):
    tokens = re.findall(r"The token:  (\S{32})$", text, re.MULTILINE)
    equal("a token is shown once", len(tokens), 1)
    return tokens[0]


def contains(path, text):
    """Whether the file has it anywhere."""
    return subprocess.run(["grep", "-qaF", text, path], check=False).returncode == 0


def boot(what, firmware, args, token, names):
    """One boot, up to what is behind the token."""
    label = f"{what}, {firmware.upper()}"
    name = f"media-{re.sub(r'[^a-z]+', '-', label.lower())}"
    with MediumMachine(name, firmware, args) as m:
        seconds = m.wait_api(BOOT_SECONDS, token)
        tap.note(f"{label}: answers after {seconds:.1f} s")
        equal(f"{label}: without the token it answers 401", m.http("GET", "health").status, 401)
        equal(f"{label}: nor is another taken", m.http("GET", "health", token=token[::-1]).status, 401)
        modules = m.http("GET", "api/modules", token=token).json or []
        equal(f"{label}: its modules are there", [module["name"] for module in modules], names)
        check(f"{label}: the token isn't on the console", token not in m.console, m.console)
        if MODULES[0] in names:
            m.wait_console(r"^SQUASH-DATA \(\w+\) has grown", 30)
            check(f"{label}: its data has grown to the end", True)
            run_python(label, m, token)


def run_python(label, m, token):
    body = {"id": "dev", "layers": ",".join(MODULES)}
    equal(f"{label}: a sandbox is made", m.http("POST", "api/sandboxes", body, token).status, 201)
    command = {"cmd": 'python3 -c "print(6 * 7)"'}
    reply = m.http("POST", "api/sandboxes/dev/exec", command, token).json or {}
    equal(f"{label}: and runs", reply.get("stdout"), "42\n")


def test_iso():
    iso, text = make("mkiso", "media.iso")
    token = token_of(text)
    check("the CD's token is not on it", not contains(iso, token))
    names = ["000-base-busybox"]
    stick = [*USB, *drive(iso, "usb-storage")]
    boot("CD", "bios", ["-cdrom", iso], token, names)
    if ALL:
        boot("CD", "uefi", ["-cdrom", iso], token, names)
        boot("the CD's image as a stick", "bios", stick, token, names)
        boot("the CD's image as a stick", "uefi", stick, token, names)


def test_usb():
    image, text = make("mkusb", "media.img", modules=PATHS)
    token = token_of(text)
    check("the stick's token is not on it", not contains(image, token))
    look_at(image)
    # The stick is larger than the image.
    os.truncate(image, 2000 * MIB)
    names = ["000-base-busybox", *MODULES]
    boot("stick", "uefi", drive(image), token, names)
    boot("stick", "bios", drive(image), token, names)
    if ALL:
        boot("stick by USB", "bios", [*USB, *drive(image, "usb-storage")], token, names)
        boot("stick by USB", "uefi", [*USB, *drive(image, "usb-storage")], token, names)


def look_at(image):
    """What others expect of the stick's partitions and files."""
    code, text = tool("sgdisk", "-v", "-i", "1", "-i", "2", image)
    check("the partition table has no fault", code == 0 and "No problems found" in text, text)
    for what, pattern in (
        ("the first partition is the ESP", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B"),
        ("which BIOS boots", "Attribute flags: 0000000000000004"),
        ("the second is Linux'", "0FC63DAF-8483-4772-8E79-3D69D8477DE4"),
        ("and to grow", "Attribute flags: 0800000000000000"),
        ("with the name of what is in it", "Partition name: 'SQUASH-DATA'"),
    ):
        check(what, pattern in text, text)
    first = [int(sector) for sector in re.findall(r"^First sector: (\d+)", text, re.MULTILINE)]
    count = [int(sectors) for sectors in re.findall(r"^Partition size: (\d+)", text, re.MULTILINE)]
    guid = re.search(rf"^Partition unique GUID: ({GUID})", text, re.MULTILINE)[1]
    with open(image, "rb") as f:
        for name, check_it, start, sectors in zip(
            ("esp", "data"), (("fsck.vfat", "-n"), ("e2fsck", "-fn")), first, count
        ):
            part = WORK / f"media.{name}"
            f.seek(start * 512)
            part.write_bytes(f.read(sectors * 512))
            code, said = tool(*check_it, part)
            equal(f"the {name} is clean", (code, said if code else ""), (0, ""))
            if name == "esp":
                look_at_esp(part, guid)
            part.unlink()


def look_at_esp(esp, guid):
    listing = tool("mdir", "-/", "-b", "-i", esp, "::/")[1].split("\n")
    version = re.search(r"^VERSION := (\S+)", (ROOT / "Makefile").read_text(), re.MULTILINE)[1]
    for path in (
        "EFI/BOOT/BOOTX64.EFI",
        f"EFI/Linux/squash_{version}.efi",
        "loader/loader.conf",
        "loader/credentials/squash.env.cred",
        "syslinux/vmlinuz",
    ):
        check(f"the ESP has {path}", f"::/{path}" in listing, listing)
    config = tool("mtype", "-i", esp, "::/syslinux/syslinux.cfg")[1]
    check("BIOS is told which partition it boots from", f"SQUASH_ESP={guid.lower()}" in config, config)
    settings = tool("mtype", "-i", esp, "::/loader/credentials/squash.env.cred")[1]
    check("the settings have a digest alone",
          re.fullmatch(r"SQUASH_AUTH_TOKEN_SHA256=[0-9a-f]{64}\n", settings), settings)  # fmt: skip


def test_settings():
    """What SETTINGS and TOKEN make of a medium, by its bytes."""
    given = WORK / "media.settings"
    for what, text, options, makes_token in (
        ("a host name", "SQUASH_HOSTNAME=rack-7", [], True),
        ("a host name, and no token wanted", "SQUASH_HOSTNAME=rack-7\n", ["-t", "none"], False),
        ("a token of one's own", "SQUASH_AUTH_TOKEN=my-own-0123456789\n", [], False),
        ("its digest", f"SQUASH_AUTH_TOKEN_SHA256={'a1' * 32}\n", [], False),
        ("a token in a comment", "#SQUASH_AUTH_TOKEN=no\n", [], True),
    ):
        given.write_text(text)
        medium, said = make("mkiso", "media-settings.iso", "-s", given, *options)
        equal(f"{what}: whether a token is made", "The token:" in said, makes_token)
        check(f"{what}: it is on the medium", contains(medium, text.strip()))
        if makes_token:
            joined = f"{text.strip()}\nSQUASH_AUTH_TOKEN_SHA256=".encode()
            check(f"{what}: the token's digest is on a line of its own", joined in medium.read_bytes())
    command = [ROOT / "scripts/mkiso", "-t", "mine", WORK / "media-settings.iso"]
    check("a token in the process list is refused", tool(*command)[0] == 1)
    medium.unlink()


def test_reproducible():
    """The same settings make the same bytes."""
    given = WORK / "media.settings"
    given.write_text("SQUASH_AUTH_TOKEN=my-own-0123456789\n")
    for script, modules in (("mkiso", ()), ("mkusb", PATHS)):
        first = make(script, "media-1", "-s", given, modules=modules)[0]
        second = make(script, "media-2", "-s", given, modules=modules)[0]
        same = subprocess.run(["cmp", first, second], capture_output=True, text=True, check=False)
        equal(f"{script} makes the same twice", (same.returncode, same.stdout), (0, ""))
        first.unlink()
        second.unlink()


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    for test in (test_settings, test_reproducible, test_usb, test_iso):
        tap.each_boot(test)


if __name__ == "__main__":
    tap.run(main)
