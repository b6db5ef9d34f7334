#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow timeout=1200
"""Boots from the network, as an operator sets it up: dnsmasq with the dnsmasq.conf that make pxe makes,
and an HTTP server, on a tap in a network of the test's own. Each machine, of each firmware, gets its
lease, its programs and its settings from there, and answers by HTTPS to who has its token."""

import http.server
import os
import re
import shutil
import subprocess
import threading


import network
import tap
from machine import WORK, data_disk
from pxe import ASKED, NetworkMachine, check_token, file_name, make_folder
from tap import check, each_boot, equal, run

# The server's card is a bridge: machines are on it by the tap, one after the other.
BRIDGE, TAP, ADDRESS = "br0", "tap0", "10.77.0.1"
BOOT_SECONDS = 180  # UEFI takes 20 where nothing else runs
# OVMF tries TFTP first, and then HTTP.
BY_HTTP = [
    "-fw_cfg", "name=opt/org.tianocore/IPv4PXESupport,string=n",
    "-fw_cfg", "name=opt/org.tianocore/IPv6PXESupport,string=n",
]  # fmt: skip
# How the iPXE that we ship tells of itself; QEMU's ROM, an older one, does so differently, and thus
# stands for a ROM that is no iPXE.
ONLY_OURS = ("set:ipxe,175", "set:ipxe,175,b1:05:01:1a:f4:10:00:eb:03:01:00:00:26")
# What an operator comments in and out where there is a DHCP server already.
PROXY = [
    ("\ndhcp-range=10.77.0.100,", "\n#dhcp-range=10.77.0.100,"),
    ("\ndhcp-option=option:router,", "\n#dhcp-option=option:router,"),
    ("#dhcp-range=10.77.0.0,proxy", "dhcp-range=10.77.0.0,proxy"),
    ("#pxe-service", "pxe-service"),
]
ELSEWHERE = "10.77.0.2"
FIRST_BY_HTTP = f"tag:http,http://{ADDRESS}/snponly.efi"


def ip(*lines):
    for line in lines:
        subprocess.run(["ip", *line.split()], check=True)


class Dnsmasq:
    """dnsmasq, to be used in a with statement. It is up when its log has ready."""

    def __init__(self, name, command, ready):
        self.leases = WORK / f"{name}.leases"
        self.leases.unlink(missing_ok=True)
        self.log = ""
        self.process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", *command, f"--dhcp-leasefile={self.leases}"],
            stdin=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"},
        )
        self.prepare()
        for line in self.process.stderr:
            self.log += line
            if ready in line:
                break
        else:
            raise tap.Fatal(f"dnsmasq does not start: {self.log}")
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def prepare(self):
        """What is to be done once the process is there."""

    def read(self):
        for line in self.process.stderr:
            self.log += line

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.reader.join(5)
        self.leases.with_suffix(".dnsmasq-log").write_text(self.log)

    def lease(self, mac):
        """(address, name) of that machine's lease, in a list: it has one or none."""
        lines = [line.split() for line in self.leases.read_text().splitlines()]
        return [(address, name) for _, owner, address, name, *_ in lines if owner == mac]


class Shipped(Dnsmasq):
    """As an operator runs it. changes: (old, new) texts in the file that ships."""

    def __init__(self, name, folder, changes=()):
        text = (folder / "dnsmasq.conf").read_text()
        operator = [("192.0.2.", "10.77.0."), ("=eth0\n", f"={BRIDGE}\n"), ("/srv/squash", str(folder))]
        for old, new in [*operator, *changes]:
            if old not in text:
                raise tap.Fatal(f"dnsmasq.conf has no {old}")
            text = text.replace(old, new)
        conf = WORK / f"{name}.dnsmasq"
        conf.write_text(text)
        super().__init__(name, ["dnsmasq", "-d", "-C", conf, "--pid-file=", "--log-dhcp"], "TFTP root is")


class Elsewhere(Dnsmasq):
    """A network's own DHCP server, which knows nothing of us, on a machine of its own."""

    def __init__(self, name):
        command = (
            f"read go; ip address add {ELSEWHERE}/24 dev far1; ip link set far1 up;"
            " exec dnsmasq -d -C /dev/null -p 0 -i far1 -z --pid-file= -F 10.77.0.100,10.77.0.199"
            ' "$@"'
        )
        super().__init__(name, ["unshare", "--net", "sh", "-c", f"echo up >&2; {command}", "sh"], "DHCP, IP range")

    def prepare(self):
        if self.process.stderr.readline() != "up\n":
            raise tap.Fatal("there is no network namespace")
        ip(
            "link add far0 type veth peer name far1",
            f"link set far0 master {BRIDGE} up",
            f"link set far1 netns {self.process.pid}",
        )
        self.process.stdin.write("go\n")
        self.process.stdin.close()

    def __exit__(self, *_):
        super().__exit__()
        ip("link delete far0")


class Web:
    """An HTTP server: of a folder, or what answer(path) says: (status, body)."""

    def __init__(self, port, folder=None, answer=None):
        self.seen = []  # (path, status)
        seen = self.seen

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args):
                super().__init__(*args, directory=folder)

            def do_GET(self):
                if not answer:
                    super().do_GET()
                    return
                status, body = answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_request(self, code="-", size="-"):
                seen.append((self.path, int(code)))

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer((ADDRESS, port), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()


class TapMachine(NetworkMachine):
    """One with that address on the tap. rom: the card has iPXE's ROM of 2019; otherwise the
    firmware's own driver boots from it."""

    def __init__(self, name, firmware, mac, args=(), rom=False):
        self.mac = mac
        card = f"virtio-net-pci,netdev=net,mac={mac}" + ("" if rom else ",romfile=")
        nic = ["-netdev", f"tap,id=net,ifname={TAP},script=no,downscript=no", "-device", card]
        super().__init__(name, firmware, [*nic, *args], guest=None)

    def find(self, dnsmasq, name):
        """Wait until it says its address: that of its lease, under its name."""
        found = self.wait_console(r"^API: https://([\d.]+):(\d+)/", BOOT_SECONDS)
        self.host, self.port = found[1], int(found[2])
        equal(f"{self.name}: its lease is dnsmasq's", dnsmasq.lease(self.mac), [(self.host, name)])


def settings(folder, mac, name):
    """Settings of one machine in the folder: its token."""
    (folder / file_name(mac)).write_text(f"SQUASH_HOSTNAME={name}\nSQUASH_AUTH_TOKEN={name}-token\n")
    return f"{name}-token"


def test_bios(folder, default):
    mac = "52:54:00:77:00:01"
    token = settings(folder, mac, "first")
    with Shipped("pxe-bios", folder, [ONLY_OURS]) as dnsmasq, Web(80, folder) as web:
        with TapMachine("pxe-bios", "bios", mac, rom=True) as m:
            m.find(dnsmasq, "first")
            check("BIOS: dnsmasq has sent iPXE", f"sent {folder}/undionly.kpxe" in dnsmasq.log)
            equal("BIOS: its own settings came by HTTP", web.seen[-1], (f"/{file_name(mac)}", 200))
            check_token(m, "BIOS", token)
            equal("BIOS: 401 with all others' token", m.http("GET", ASKED, token=default).status, 401)


def test_uefi(folder, default):
    mac = "52:54:00:77:00:02"
    token = settings(folder, mac, "second")
    with Shipped("pxe-uefi", folder) as dnsmasq, Web(80, folder) as web:
        with TapMachine("pxe-uefi", "uefi", mac) as m:
            m.find(dnsmasq, "second")
            check("UEFI: dnsmasq has sent iPXE", f"sent {folder}/snponly.efi" in dnsmasq.log)
            equal("UEFI: its own settings came by HTTP", web.seen[-1], (f"/{file_name(mac)}", 200))
            check_token(m, "UEFI", token)
            status = m.http("GET", ASKED, token="first-token").status
            equal("UEFI: 401 with the first machine's token", status, 401)


def test_uefi_http(folder, default):
    """Settings that a server makes as it is asked; at first it is not well."""
    mac = "52:54:00:77:00:03"
    script = folder / "boot.ipxe"
    shipped = script.read_text()
    asked = f"http://{ADDRESS}:8000/settings?mac="
    script.write_text(re.sub(r"(?m)^set own .*", f"set own {asked}${{netX/mac:hexhyp}}", shipped))
    answers = [(503, b""), (200, b"SQUASH_HOSTNAME=third\nSQUASH_AUTH_TOKEN=third-token\n")]
    paths = []

    def answer(path):
        paths.append(path)
        return answers[len(paths) - 1]

    with Shipped("pxe-http", folder) as dnsmasq, Web(80, folder) as web, Web(8000, answer=answer):
        with TapMachine("pxe-http", "uefi", mac, BY_HTTP) as m:
            m.wait_console("^Squash Sandbox: no answer to that; trying again", BOOT_SECONDS)
            check("UEFI by HTTP: a server that fails is asked again", True)
            m.find(dnsmasq, "third")
            check("UEFI by HTTP: it took iPXE by HTTP", ("/snponly.efi", 200) in web.seen)
            check("UEFI by HTTP: nothing came by TFTP", f"sent {folder}" not in dnsmasq.log, dnsmasq.log)
            equal("UEFI by HTTP: the server was told which machine", paths, 2 * [asked_path(mac)])
            check_token(m, "UEFI by HTTP", "third-token")
    script.write_text(shipped)


def asked_path(mac):
    return f"/settings?mac={mac.replace(':', '-')}"


def test_uki(folder, default):
    """What Secure Boot takes: one program, with the settings in it; the disk's go before them."""
    mac = "52:54:00:77:00:04"
    changes = [(FIRST_BY_HTTP, FIRST_BY_HTTP.replace("snponly", "squash"))]
    disk = data_disk("pxe-uki", 64, b"SQUASH_HOSTNAME=fourth\n")
    image = ["-drive", f"file={disk},format=raw,if=virtio,snapshot=on"]
    with Shipped("pxe-uki", folder, changes) as dnsmasq, Web(80, folder) as web:
        with TapMachine("pxe-uki", "uefi", mac, [*BY_HTTP, *image]) as m:
            m.find(dnsmasq, "fourth")
            equal("squash.efi: nothing else was asked for", {path for path, _ in web.seen}, {"/squash.efi"})
            check_token(m, "squash.efi", default)


def test_proxy(folder, default):
    """Where there is a DHCP server already, and stays as it is."""
    boots = (
        ("bios", "52:54:00:77:00:06", True, "undionly.kpxe"),
        ("uefi", "52:54:00:77:00:07", False, "snponly.efi"),
    )
    with Elsewhere("pxe-elsewhere") as elsewhere, Web(80, folder):
        for firmware, mac, rom, program in boots:
            what = f"pxe-proxy-{firmware}"
            with Shipped(what, folder, [ONLY_OURS, *PROXY]) as ours:
                with TapMachine(what, firmware, mac, rom=rom) as m:
                    m.find(elsewhere, "squash")
                    check(f"{what}: ours has sent iPXE", f"sent {folder}/{program}" in ours.log, ours.log)
                    equal(f"{what}: and no lease", ours.lease(mac), [])
                    check_token(m, what, default)


def test_old_ipxe(folder, default):
    """A card's iPXE that can inject nothing into UEFI's initramfs; and no settings anywhere."""
    mac = "52:54:00:77:00:05"
    shutil.rmtree(folder / "settings")
    with Shipped("pxe-old", folder) as dnsmasq, Web(80, folder):
        with TapMachine("pxe-old", "uefi", mac, rom=True) as m:
            m.wait_console("^Squash Sandbox: no settings: starting with none", BOOT_SECONDS)
            check("no settings: iPXE says so", True)
            m.find(dnsmasq, "squash")
            check("no settings: so does the machine", "No token is set" in m.console)
            check("old iPXE: the newer one has booted", m.console.count("Open Source Network Boot") == 2)
            m.wait_api()
            equal("no settings: the API is open", m.http("GET", ASKED).status, 200)


def main():
    network.enter()
    ip(
        f"link add {BRIDGE} type bridge",
        f"tuntap add {TAP} mode tap",
        f"link set {TAP} master {BRIDGE} up",
        f"address add {ADDRESS}/24 dev {BRIDGE}",
        f"link set {BRIDGE} up",
    )
    folder, default = make_folder("pxe-tap")
    for test in (test_bios, test_uefi, test_uefi_http, test_uki, test_proxy, test_old_ipxe):
        if test.__name__ in os.environ.get("ONLY", test.__name__).split():
            each_boot(lambda test=test: test(folder, default))


run(main)
