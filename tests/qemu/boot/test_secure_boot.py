#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow timeout=1200
"""Secure Boot with an operator's own keys: a machine in setup mode takes them from the stick, then boots
what they have signed and nothing else; and what a locked down kernel is needed for works on it."""

import re
import shutil
import subprocess


import network
import tap
from api import PYTHON, activate, create, execute, output, restore, snapshot
from egress import DENIED, FIXED_IP, PROGRAMS, Net, check_line, reach
from machine import BUILD, ROOT, WORK, MediumMachine, drive, make_module, pack_overlay
from network import public
from tap import check, equal

KEYS, OTHERS = WORK / "secure.keys", WORK / "secure.other-keys"
VERSION = "3.2.1"
BOOT_MANAGER, UKI = "::/EFI/BOOT/BOOTX64.EFI", f"::/EFI/Linux/squash_{VERSION}.efi"
PLAIN_BOOT_MANAGER = BUILD / "parts/efi/usr/lib/systemd/boot/efi/systemd-bootx64.efi"
# Firmware in system management mode, emulated, looks at 20 MB twice. It takes 20 s, twice for enrolment.
BOOT_SECONDS = 240
REACH = "130-reach"
SHELL = f"title shell\nefi /EFI/Linux/squash_{VERSION}.efi\noptions rdinit=/bin/sh SQUASH_HTTP=0\n"
# What the kernel is told where the test looks inside.
COMMAND_LINE = (
    f"rdinit=/test-init console=ttyS0 loglevel=7 panic=-1 oops=panic SQUASH_HTTP=1 {FIXED_IP}"
)
EXTRA, EXTRA_WORD = "io.systemd.stub.kernel-cmdline-extra", "squash_test_extra=1"


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def make_keys(where):
    shutil.rmtree(where, ignore_errors=True)
    run(ROOT / "scripts/mkkeys", where)


def make(script, name, keys, *modules):
    """A medium, and the token of its machine."""
    medium = WORK / name
    text = run(ROOT / "scripts" / script, "-k", keys, "-v", VERSION, medium, *modules)
    return medium, re.search(r"The token: +(\S+)", text)[1]


def put(image, path, data):
    """A file on the stick's ESP; data: a Path or bytes."""
    if isinstance(data, bytes):
        file = WORK / "secure.put"
        file.write_bytes(data)
        data = file
    if "entries" in path:
        run("mmd", "-i", f"{image}@@1M", "::/loader/entries")
    run("mcopy", "-o", "-i", f"{image}@@1M", data, path)


def get(image, path):
    file = WORK / "secure.got"
    run("mcopy", "-n", "-o", "-i", f"{image}@@1M", path, file)
    return file.read_bytes()


def changed(data, at):
    """One bit of it another."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def copy_of(image, name):
    copy = WORK / f"{name}.img"
    run("cp", "--sparse=always", image, copy)
    return copy


def disk(image):
    return drive(image, snapshot=True)


class SecureMachine(MediumMachine):
    """One with the variables of another, which stay as they are."""

    def __init__(self, name, args, variables, **options):
        own = WORK / f"{name}.secure-vars"
        shutil.copyfile(variables, own)
        super().__init__(name, "secure", args, variables=own, **options)


def test_enrol(stick, token, variables):
    """In setup mode the stick's keys are taken; the machine then boots by them, and is what ships."""
    variables.unlink(missing_ok=True)
    options = {"variables": variables, "reboots": True, "memory_mb": 1024}
    with MediumMachine("secure-enrol", "secure", disk(stick), **options) as m:
        m.wait_console("Enrolling secure boot keys from directory", BOOT_SECONDS)
        m.wait_console("keys successfully enrolled", BOOT_SECONDS)
        check("nothing has booted before", "Squash Sandbox" not in m.console, m.console)
        m.wait_console(rf"^Squash Sandbox {re.escape(product_version())} starts", BOOT_SECONDS)
        m.wait_api(BOOT_SECONDS, token)
        check("Secure Boot is on", "\nSecure Boot is on" in m.console, m.console)
        equal("and another token than the stick's is refused", m.http("GET", "health", token="another").status, 401)


def product_version():
    makefile = (ROOT / "Makefile").read_text()
    return re.search(r"^VERSION := (\S+)$", makefile, re.MULTILINE)[1]


def test_cd(variables):
    """A CD that is signed boots as well; its ESP has an image alone."""
    iso, token = make("mkiso", "secure.iso", KEYS)
    args = ["-drive", f"if=none,id=cd,media=cdrom,readonly=on,file={iso}"]
    # First: firmware has devices that are new to it last, behind the network.
    args += ["-device", "ide-cd,drive=cd,bootindex=0"]
    with SecureMachine("secure-cd", args, variables) as m:
        m.wait_api(BOOT_SECONDS, token)
        check("a CD boots with Secure Boot on", "\nSecure Boot is on" in m.console, m.console)
    iso.unlink()


def test_refused(stick, other, variables):
    """Four disks, none of which boots: the firmware refuses three boot managers, and the fourth,
    which is good, an image."""
    sticks = {"another's": other}
    sticks["unsigned"] = copy_of(stick, "secure-unsigned")
    put(sticks["unsigned"], BOOT_MANAGER, PLAIN_BOOT_MANAGER)
    sticks["changed"] = copy_of(stick, "secure-changed")
    program = get(stick, BOOT_MANAGER)
    put(sticks["changed"], BOOT_MANAGER, changed(program, len(program) // 2))
    sticks["changed-uki"] = copy_of(stick, "secure-changed-uki")
    uki = get(stick, UKI)
    # In the command line: what a thief of the stick would like best.
    put(sticks["changed-uki"], UKI, changed(uki, uki.index(b"console=tty0")))
    args = [word for image in sticks.values() for word in disk(image)]
    with SecureMachine("secure-refused", args, variables, guest=None) as m:
        m.wait_console("No bootable option or device was found", BOOT_SECONDS)
        console = m.console
    denied = re.findall(r"failed to load Boot\w+ .*: Access Denied", console)
    equal("the firmware refuses a boot manager of others, unsigned, changed", len(denied), 3)
    check("and the boot manager's image", f"Error loading \\EFI\\Linux\\squash_{VERSION}.efi: Access denied"
          in console, console)  # fmt: skip
    check("no kernel has started", not re.search("Linux version|Squash Sandbox", console), console)
    for name, image in sticks.items():
        if name != "another's":
            image.unlink()


def make_inspected(stick):
    """The stick with an image that has the agent, signed in the same way, and an entry of the boot
    manager's that asks for a shell."""
    image, uki = copy_of(stick, "secure-inspected"), WORK / "secure.efi"
    overlay = WORK / "secure.overlay"
    overlay.write_bytes(pack_overlay("secure", {}))
    run(ROOT / "scripts/mkuki", "-k", KEYS, "-v", VERSION, "-c", COMMAND_LINE, "-i", overlay, uki)
    put(image, UKI, uki)
    put(image, "::/loader/entries/shell.conf", SHELL.encode())
    put(image, "::/loader/loader.conf", b"timeout 0\ndefault shell.conf\n")
    return image


def test_kernel(m):
    console = m.console
    check("the kernel knows", "secureboot: Secure boot enabled" in console, console)
    check("and is locked down by it", "Kernel is locked down from EFI Secure Boot" in console, console)
    show = "mkdir -p /run/look && mount -t securityfs securityfs /run/look && cat /run/look/lockdown"
    check("at the end for confidentiality", "[confidentiality]" in m.inside(show)[1], m.inside(show))
    _, modules = m.inside("cat /proc/modules")
    names = {line.split()[0] for line in modules.splitlines()}
    check("Debian's modules are loaded", {"squashfs", "overlay", "loop"} <= names, modules)
    equal("and taint nothing", m.inside("cat /proc/sys/kernel/tainted")[1], "0\n")
    check("none was refused", not re.search("module verification|unsigned module", console), console)


def test_command_line(m):
    """What the boot manager's entry asks for is not what the kernel is told."""
    show = (
        "mount -t efivarfs efivarfs /run/look &&"
        " tr -d '\\0' </run/look/LoaderEntrySelected-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
    )
    check("that entry was booted", "shell.conf" in m.inside(show)[1], m.inside(show))
    told = m.inside("cat /proc/cmdline")[1].strip()
    # Who runs a virtual machine may add to it, which docs/security.md says.
    equal("the image's command line holds", told, f"{COMMAND_LINE} {EXTRA_WORD}")


def test_sandboxes(m):
    late = make_module("140-late", {"late/word": "late\n"}).read_bytes()
    equal("a module is uploaded", m.http("POST", "api/modules?name=140-late", late).status, 201)
    create(m, "locked", f"{PYTHON},{REACH}", memory_mb=256, disk_mb=64, allow_net=["exact.test:*"])
    equal("a command runs", output(m, "locked", "python3 -c 'print(6*7)'"), "42")
    output(m, "locked", "echo one >/root/word")
    activate(m, "locked", "140-late")
    equal("a module is activated", output(m, "locked", "cat /late/word /root/word"), "late\none")
    taken = snapshot(m, "locked")
    output(m, "locked", "rm /root/word")
    restore(m, "locked", taken)
    equal("a snapshot is restored", output(m, "locked", "cat /late/word /root/word"), "late\none")
    equal("it is confined", execute(m, "locked", "unshare -m true")["exit_code"] != 0, True)


def test_egress(m, net):
    cases = [["http", "exact.test"], ["tcp", "exact.test"], ["http", "denied1.test"], ["tcp", public(66)]]
    results = reach(m, "locked", cases)
    equal("what is allowed passes, at any port", results[:2], ["ok", "ok"])
    equal("what isn't doesn't", results[2:], ["no name", "unreachable"])
    equal("both have arrived", net.servers.count(public(20)), 2)
    equal("and nothing else", net.servers.count(DENIED), 0)
    check_line(m, "locked", "the log has the lookup", event="lookup", name="denied1.test", answer="denied")


def test_locked_down(stick, token, variables, net):
    image = make_inspected(stick)
    args = [*disk(image), "-smbios", f"type=11,value={EXTRA}={EXTRA_WORD}"]
    with SecureMachine("secure-locked", args, variables, memory_mb=1536, guest=":8080") as m:
        m.scheme, m.token = "http", token
        m.wait_console("^API: http", BOOT_SECONDS)
        m.take_agent()
        m.wait_api()
        tap.each(m, test_kernel, test_command_line, test_sandboxes, lambda m: test_egress(m, net))
    image.unlink()


def main():
    network.enter()
    make_keys(KEYS)
    make_keys(OTHERS)
    reach_py = (PROGRAMS / "reach.py").read_text()
    reach_module = make_module(REACH, {"reach/reach.py": reach_py})
    layers = [BUILD / f"modules/{name}.squashfs" for name in PYTHON.split(",")]
    stick, token = make("mkusb", "secure-stick.img", KEYS, *layers, reach_module)
    other, _ = make("mkusb", "secure-other.img", OTHERS)
    variables = WORK / "secure.vars"
    net = Net("secure")
    test_enrol(stick, token, variables)
    tap.each_boot(lambda: test_cd(variables))
    tap.each_boot(lambda: test_refused(stick, other, variables))
    tap.each_boot(lambda: test_locked_down(stick, token, variables, net))
    stick.unlink()
    other.unlink()


if __name__ == "__main__":
    tap.run(main)
