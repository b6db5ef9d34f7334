#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Machines with two network cards, the management's and the sandboxes', each in a network with real
DHCP and router advertisements (dnsmasq): what goes by which, what becomes of it when cables are
pulled, and fixed addresses of IPv6."""

import http.server
import os
import socket
import subprocess
import threading
import time

import network
import tap
from api import BUSYBOX, create, execute
from cable import Cables
from dnsserver import DnsServer
from egress import bound
from machine import WORK, Machine, data_disk, drive
from network import public
from tap import check, equal

MANAGEMENT_MAC, EGRESS_MAC = "52:54:00:00:00:01", "52:54:00:00:00:02"
NAME, SERVER = "ok.test", public(20)
# Interface, the address of the network's one router, and the beginning of its others.
MANAGEMENT = ("mgmt0", "10.77.0.", "fd77::")
ELSEWHERE = ("mgmt0", "10.78.0.", "fd78::")
EGRESS = ("out0", "10.99.0.", "fd99::")
SECONDS = 60


def add_tap(name):
    for line in (f"tuntap add {name} mode tap", f"link set {name} up"):
        subprocess.run(["ip", *line.split()], check=True)


class Router:
    """A network's router, DHCP server and announcer, to be used in a with statement. first: of the
    addresses that it leases; dns: the server that it tells."""

    def __init__(self, net, dns, first=100):
        self.tap, self.v4, self.v6 = net
        self.addresses = [f"{self.v4}1/24", f"{self.v6}1/64"]
        command = [
            "dnsmasq", "-d", "--conf-file=/dev/null", "--port=0", f"--interface={self.tap}",
            "--bind-interfaces", "--enable-ra", "--pid-file=", "--no-ping",
            f"--dhcp-leasefile={WORK}/network-{self.tap}.leases",
            f"--dhcp-range={self.v4}{first},{self.v4}{first + 9},2m",
            f"--dhcp-option=option:router,{self.v4}1", f"--dhcp-option=option:dns-server,{dns}",
            f"--dhcp-range={self.v6},ra-only,64", f"--dhcp-option=option6:dns-server,[{self.v6}53]",
            "--dhcp-option=option6:domain-search,test",  # another option, which comes by itself
            "--dhcp-authoritative",
        ]  # fmt: skip
        self.command = ["setpriv", "--pdeathsig", "KILL", *command]

    def __enter__(self):
        for address in self.addresses:
            add = ["ip", "address", "add", address, "dev", self.tap]
            subprocess.run([*add, *(["nodad"] if ":" in address else [])], check=True)
        environment = {**os.environ, "PATH": f"{os.environ['PATH']}:/usr/sbin"}
        self.process = subprocess.Popen(
            self.command, stderr=subprocess.PIPE, text=True, env=environment
        )
        log = ""
        for line in self.process.stderr:
            log += line
            if "router advertisement" in line:
                break
        else:
            raise tap.Fatal(f"dnsmasq does not start: {log}")
        threading.Thread(target=self.process.stderr.read, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        for address in self.addresses:
            subprocess.run(["ip", "address", "del", address, "dev", self.tap], check=True)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "8")
        self.end_headers()
        self.wfile.write(b"reached\n")

    def log_message(self, *_):
        pass


def card(name, mac, interface):
    return [
        "-netdev", f"tap,id={name},ifname={interface},script=no,downscript=no",
        "-device", f"virtio-net-pci,netdev={name},mac={mac},romfile=",
    ]  # fmt: skip


def reach(m):
    """What a sandbox gets of the server that it may reach."""
    return execute(m, "box", f"timeout 20 wget -q -O - http://{NAME}/ 2>&1", timeout=30)["stdout"]


def refuses(address, port=8080):
    """Whether nobody takes a connection there."""
    try:
        with socket.create_connection((address, port), timeout=3):
            return False
    except OSError:
        return True


def wait_api(m, pattern, since=0):
    """Wait until the console says an address like that; the API answers there."""
    m.host = m.wait_console(rf"^API: http://({pattern}):8080/ \(eth\d\)", SECONDS, since)[1]
    m.port = 8080
    return m.http("GET", "health").status == 200


def leaked(capture):
    """The packets by the management's card that are of a sandbox."""
    return [p for p in capture.packets() if p.to.startswith("93.184.")]


def test_addresses(m):
    check("the API answers by IPv4", wait_api(m, r"10\.77\.0\.10\d"))
    check("and by the address that the router announces", wait_api(m, r"\[fd77::5054:ff:fe00:1\]"))
    sandboxes = m.wait_console(r"^Sandboxes: (10\.99\.0\.10\d) \(eth\d\)", SECONDS)[1]
    m.wait_console(r"^Sandboxes: fd99::5054:ff:fe00:2 \(eth\d\)", SECONDS)
    check("the sandboxes' card has addresses, too", True)
    for address in (sandboxes, "fd99::5054:ff:fe00:2"):
        for port in (8080, 8443):
            check(f"nobody reaches the API at {address} port {port}", refuses(address, port))
    text = m.inside("cat /run/resolv.conf")[1]
    equal("name servers of DHCP and routers", text, "nameserver 10.77.0.1\nnameserver fd77::53\n")
    text = m.inside("cat /run/egress.conf")[1]
    expected = f"nameserver {network.DNS[0]}\nnameserver fd99::53\n"
    equal("the sandboxes' are those of their card", text, expected)


def test_egress(m, captures):
    management, egress = captures
    create(m, "box", BUSYBOX, allow_net=[NAME])
    equal("a sandbox reaches what it may", reach(m), "reached\n")
    dialled = [p for p in egress.packets() if p.to == SERVER and p.dport == 80]
    check("by its card", dialled)
    equal("and not by the other", leaked(management), [])
    api = [p for p in egress.packets() if p.sport in (8080, 8443) and p.kind == "tcp"]
    check("which the API says nothing by, but no", all(b"HTTP" not in p.payload for p in api), api)


def test_unplugged(m, doors):
    cables, management = doors
    cables.plug(False, "out")
    m.inside("i=0; until [ $(cat /sys/class/net/eth1/carrier) = 0 ] || [ $i = 50 ]; do"
             " sleep 0.1; i=$((i+1)); done")
    check("without a cable it reaches nothing", "reached" not in reach(m))
    equal("nothing went by the other card", leaked(management), [])
    cables.plug(True, "out")
    deadline = time.monotonic() + SECONDS
    while "reached" not in (got := reach(m)) and time.monotonic() < deadline:
        pass
    equal("with it, it does again", got, "reached\n")


def test_renewal(m):
    m.inside("kill -USR1 $(pidof udhcpc)")
    got = m.inside("/bin/busybox ip -4 address show eth0")[1]
    check("an address that is renewed stays", "inet 10.77.0.10" in got, got)


def test_changed_lease(m):
    since = len(m.console)
    m.inside("kill -USR1 $(pidof udhcpc)")
    check("another one is taken", wait_api(m, r"10\.77\.0\.15\d", since))
    old = m.inside("/bin/busybox ip -4 address show eth0")[1]
    check("in place of the old one", "10.77.0.10" not in old, old)


def test_moved(m, cables):
    """The cable is put into another network."""
    since = len(m.console)
    cables.plug(True)
    check("in another network it has another address", wait_api(m, r"10\.78\.0\.10\d", since))
    text = m.inside("/bin/busybox ip -4 address show eth0; /bin/busybox ip route")[1]
    check("and nothing of the old one", "10.77." not in text, text)
    check("by IPv6 as well", wait_api(m, r"\[fd78::5054:ff:fe00:1\]", since))
    text = m.inside("/bin/busybox ip -6 address show eth0; /bin/busybox ip -6 route")[1]
    check("with nothing of the old one", "fd77" not in text, text)
    text = m.inside("cat /run/resolv.conf")[1]
    check("nor its name servers", "77" not in text and "10.78.0.1" in text, text)


def two_cards():
    management = network.Capture(WORK / "network.pcap", "net", MANAGEMENT_MAC)
    egress = network.Capture(WORK / "network-out.pcap", "out", EGRESS_MAC)
    cables = Cables("network")
    args = [
        *card("net", MANAGEMENT_MAC, "mgmt0"), *card("out", EGRESS_MAC, "out0"),
        *management.args, *egress.args, *cables.args,
    ]  # fmt: skip
    settings = f"SQUASH_IFACE={MANAGEMENT_MAC} SQUASH_EGRESS_IFACE=eth1"
    with Machine("network", settings, args=args, guest=None) as m:
        cables.open_door()
        with Router(EGRESS, network.DNS[0]):
            with Router(MANAGEMENT, "10.77.0.1"):
                tap.each(m, test_addresses, bound(test_egress, (management, egress)))
                tap.each(m, bound(test_unplugged, (cables, management)), test_renewal)
            with Router(MANAGEMENT, "10.77.0.1", first=150):
                tap.each(m, test_changed_lease)
            cables.plug(False)
            m.inside("i=0; until [ $(cat /sys/class/net/eth0/carrier) = 0 ] || [ $i = 50 ]; do"
                     " sleep 0.1; i=$((i+1)); done")
            with Router(ELSEWHERE, "10.78.0.1"):
                tap.each(m, bound(test_moved, cables))


def fixed():
    """Addresses that are fixed, and a card that isn't there."""
    v4, v6 = "10.77.0.50/24,10.77.0.1,10.77.0.1", "fd77::50/64,fd77::1,fd77::53"
    settings = f"SQUASH_IP={v4};{v6} SQUASH_EGRESS_IFACE=eth7"
    disk = data_disk("network-fixed", 64)
    cables = Cables("network-fixed")
    args = [*card("net", MANAGEMENT_MAC, "mgmt0"), *drive(disk), *cables.args]
    with Router(MANAGEMENT, "10.77.0.1"):
        with Machine("network-fixed", settings, args=args, guest=None) as m:
            cables.open_door()
            check("a fixed address of IPv4", wait_api(m, r"10\.77\.0\.50"))
            check("and one of IPv6", wait_api(m, r"\[fd77::50\]"))
            certificate = m.inside("cat /data/tls/chain.pem")[1]
            text = subprocess.run(
                ["openssl", "x509", "-noout", "-ext", "subjectAltName"],
                input=certificate, capture_output=True, text=True, check=False,
            ).stdout  # fmt: skip
            check("the certificate has both", "10.77.0.50" in text and "FD77" in text, text)
            create(m, "box", BUSYBOX, allow_net=[NAME])
            check("sandboxes' card isn't there: they reach nothing", "reached" not in reach(m))
            m.wait_console("^SQUASH_EGRESS_IFACE=eth7: there is no such network card")
            check("as the console says", True)
            text = m.inside("/bin/busybox ip -6 address show eth0; /bin/busybox ip -6 route")[1]
            check("nothing that is announced is beside the fixed one",
                  "fd77::5054" not in text and "proto ra" not in text, text)
            cables.plug(False)
            m.inside("i=0; until [ $(cat /sys/class/net/eth0/carrier) = 0 ] || [ $i = 50 ]; do"
                     " sleep 0.1; i=$((i+1)); done")
            cables.plug(True)
            m.inside("i=0; until [ $(cat /sys/class/net/eth0/carrier) = 1 ] || [ $i = 50 ]; do"
                     " sleep 0.1; i=$((i+1)); done")
            text = m.inside("/bin/busybox ip -6 address show eth0; /bin/busybox ip -6 route")[1]
            check("a fixed address is there when the cable is back", "fd77::50/64" in text, text)
            check("and the way out", "default via fd77::1" in text, text)


def main():
    network.enter()
    add_tap("mgmt0")
    add_tap("out0")
    DnsServer(network.DNS, {NAME: {"A": [SERVER]}})
    server = http.server.ThreadingHTTPServer((SERVER, 80), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    two_cards()
    fixed()


tap.run(main)
