#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow alone timeout=1200
"""Every command of docs/deploy.md, in the order of the page, on what it is about: media that are made,
flashed and booted, a network with the shipped dnsmasq.conf, keys, an update. What stands for the
reader's own (ADDRESS, /dev/sdX, TOKEN) is put in, and nothing else is changed but where files of the
test's own take the place of the system's. It runs alone: it makes and removes files in build/."""

import os
import re
import shutil
import subprocess

import network
import tap
from fakehost import FakeHost, flash
from machine import BUILD, ROOT, WORK, MediumMachine, drive
from pxe import NetworkMachine
from tap import check, equal

PAGE = ROOT / "docs/deploy.md"
FOLDER = WORK / "deploy"
KEYS = FOLDER / "keys"
SERVED = FOLDER / "srv"
NEXT = "0.2.0"  # a version above the one that runs
STICK_MB = 1500
BOOT_SECONDS = 180
TAP = "tap0"


class Page:
    """The page's commands, by section; each can be taken once."""

    def __init__(self):
        self.left = {}
        section = None
        for part in re.split(r"^## ", PAGE.read_text(), flags=re.MULTILINE)[1:]:
            section, _, text = part.partition("\n")
            blocks = re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
            self.left[section] = [line for block in blocks for line in block.splitlines()]

    def take(self, section):
        """The section's commands, one by one."""
        commands = self.left[section]
        while commands:
            yield commands.pop(0)


class Reader:
    """Who follows the page: what he knows, and what he types."""

    def __init__(self):
        self.environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        self.token = None
        self.machine = None
        self.servers = []

    def type(self, command, **own):
        """Run one, with these texts replaced; what it prints."""
        replaced = {"sudo ": "", "/srv/squash": str(SERVED), "squash.pem": f"{FOLDER}/squash.pem"}
        if self.machine:
            replaced["ADDRESS:8443"] = f"{self.machine.host}:{self.machine.port}"
            replaced["squash:8443:ADDRESS"] = f"squash:{self.machine.port}:{self.machine.host}"
            replaced["https://squash:8443"] = f"https://squash:{self.machine.port}"
        for old, new in {**own, **replaced}.items():
            command = command.replace(old, new)
        done = subprocess.run(
            ["bash", "-c", command], cwd=ROOT, env=self.environment, capture_output=True, text=True,
            check=False,
        )  # fmt: skip
        check(f"$ {command[:100]}", done.returncode == 0, done.stdout + done.stderr)
        return done.stdout

    def make(self, command, *variables):
        """A make that may print a token."""
        printed = self.type(command, **{"make ": " ".join(["make --no-print-directory", *variables, ""])})
        token = re.search(r"^ +The token: +(\S+)$", printed, re.MULTILINE)
        if token:
            self.token = token[1]
            self.environment["SQUASH_TOKEN"] = token[1]

    def serve(self, command, **own):
        """Run one that stays."""
        for old, new in {"sudo ": "", "/srv/squash": str(SERVED), **own}.items():
            command = command.replace(old, new)
        words = ["setpriv", "--pdeathsig", "KILL", *command.split()]
        self.servers.append(
            subprocess.Popen(words, env=self.environment, stderr=subprocess.DEVNULL)
        )

    def flash(self, command):
        """scripts/flash, to a stick that is a file: its path."""
        host = FakeHost(size=STICK_MB << 20)
        words = command.replace("sudo ", "").replace("/dev/sdX", str(host.device)).split()
        flash.flash(ROOT / words[1], words[2], None, host)
        check(f"$ {command}", True)
        stick = FOLDER / "stick.img"
        shutil.move(host.device, stick)
        return stick


def boot_stick(reader, name, stick, firmware="uefi", **options):
    args = ["-device", "qemu-xhci", *drive(stick, "usb-storage", snapshot=False)]
    return MediumMachine(name, firmware, args, memory_mb=2048, **options)


def make_and_flash(page, reader, section, *variables):
    stick = None
    for command in page.take(section):
        if command.startswith("make"):
            reader.make(command, *variables)
        else:
            stick = reader.flash(command)
    return stick


def answers(reader, m):
    m.token = reader.token
    m.wait_api(BOOT_SECONDS, reader.token)
    equal("it answers to the token that was printed", m.http("GET", "api/sandboxes").status, 200)


def test_stick(page, reader):
    stick = make_and_flash(page, reader, "A stick, in five minutes")
    with boot_stick(reader, "deploy-stick", stick) as m:
        answers(reader, m)
        m.wait_console(r"^SQUASH-DATA \(sd\w+\) has grown", 60)
        names = [module["name"] for module in m.http("GET", "api/modules").json]
        check("the modules are there", "100-python313" in names, names)


def test_cd(page, reader):
    for command in page.take("A CD, or a virtual one"):
        reader.make(command)
    cd = ["-cdrom", BUILD / "squash.iso"]
    with MediumMachine("deploy-cd", "bios", cd, memory_mb=2048) as m:
        answers(reader, m)
        reader.machine = m
        printed = ""
        for command in page.take("First steps"):
            printed += reader.type(command, **{"=TOKEN": f"={reader.token}"})
        shown = re.search(r"^TLS certificate, SHA-256: (\S+)", m.console, re.MULTILINE)[1]
        check("the fingerprint is the console's", shown in printed, printed)
        check("health, system, a sandbox, a command", '"stdout":"Linux dev' in printed, printed)
        for command in page.take("A disk for data"):
            printed = reader.type(command)
        check("a module is uploaded", '"name":"000-base-debian"' in printed, printed)
        reader.machine = None


def test_network(page, reader):
    """Where make pxe has not been run before: a folder that is there keeps its token."""
    kept = BUILD / "pxe.kept"
    if (BUILD / "pxe").exists():
        (BUILD / "pxe").rename(kept)
    try:
        follow_network(page, reader)
    finally:
        shutil.rmtree(BUILD / "pxe", ignore_errors=True)
        if kept.exists():
            kept.rename(BUILD / "pxe")


def follow_network(page, reader):
    for line in (f"tuntap add {TAP} mode tap", f"address add 10.77.0.1/24 dev {TAP}", f"link set {TAP} up"):
        subprocess.run(["ip", *line.split()], check=True)
    for command in page.take("From the network, in ten minutes"):
        if command.startswith("make"):
            reader.make(command)
        elif "dnsmasq " in command and "sed " not in command:
            leases = FOLDER / "leases"
            stays = f"dnsmasq --no-daemon --pid-file= --dhcp-leasefile={leases} "
            reader.serve(command, **{"dnsmasq ": stays})
        elif "http.server" in command:
            reader.serve(command)
        else:
            reader.type(command, **{"interface=eth0": f"interface={TAP}", "tftp-root=.*": "tftp-root=.*"})
            conf = BUILD / "pxe/dnsmasq.conf"
            conf.write_text(conf.read_text().replace("/srv/squash", str(SERVED)))
    card = ["-netdev", f"tap,id=net,ifname={TAP},script=no,downscript=no", "-device", "virtio-net-pci,netdev=net"]
    with NetworkMachine("deploy-network", "bios", card, guest=None) as m:
        m.host = m.wait_console(r"^API: https://(10\.77\.0\.\d+):8443/", BOOT_SECONDS)[1]
        m.port = 8443
        answers(reader, m)
    for server in reader.servers:
        server.kill()
        server.wait()


def test_update(page, reader):
    """The signed stick, and its next version. That its firmware refuses others: test_secure_boot.py."""
    stick = make_and_flash(page, reader, "Secure Boot", f"KEYS={KEYS}")
    with boot_stick(reader, "deploy-signed", stick, reboots=True) as m:
        answers(reader, m)
        reader.machine = m
        (BUILD / "squash.efi").unlink(missing_ok=True)
        since = 0
        for command in page.take("Updating"):
            since = len(m.console)
            if command.startswith("make"):
                reader.make(command, f"KEYS={KEYS}", f"VERSION={NEXT}")
            else:
                # The certificate is this machine's: it was looked at as before.
                reader.type(command, **{"VERSION": NEXT, "--cacert squash.pem": "-k"})
        m.wait_console(rf"^Version {NEXT} has proved itself", BOOT_SECONDS, since)
        check("the next version runs, and stays", True)
        reader.machine = None
    (BUILD / "squash.efi").unlink()  # of the test's keys


def main():
    network.enter()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    page, reader = Page(), Reader()
    for test in (test_stick, test_cd, test_network, test_update):
        tap.each_boot(lambda: test(page, reader))
    left = {section: commands for section, commands in page.left.items() if commands}
    equal("each command of the page was run", left, {})


tap.run(main)
