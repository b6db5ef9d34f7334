# SPDX-License-Identifier: MIT
"""A network of the tests' own: the program that calls enter() goes on in a network namespace where
addresses that look public are its own, and QEMU, which it starts there, reaches them and no others.
And what leaves the machine, packet by packet."""

import contextlib
import ipaddress
import os
import resource
import socket
import struct
import subprocess
import sys

import pool

MARK = "SQUASH_TEST_NETWORK"

# Anybody's addresses: that they are somebody's is the point, and no packet leaves the namespace.
PUBLIC4 = "93.184.215.0/24"
PUBLIC6 = "2606:2800:220::/48"
# What a sandbox must never reach, though here somebody listens there.
PRIVATE = (
    "10.0.0.1 10.9.8.7 172.16.5.5 192.168.7.7 169.254.169.254 100.64.3.3 192.0.2.9 192.0.0.9 198.51.100.9"
    " 203.0.113.9 240.1.2.3 fd00::1 fec0::7 2001:db8::9"
).split()

# QEMU's network, which gives a machine these.
GUEST4, GATEWAY4 = "10.0.2.15", "10.0.2.2"
GUEST6, GATEWAY6 = "fec0::5054:ff:fe12:3456", "fec0::2"
GUEST_MAC = bytes.fromhex("525400123456")  # of QEMU's first card
PORT_UNREACHABLE = b"\3\3"  # RFC 792
DNS = ("93.184.215.53", "93.184.215.54")


def public(number):
    """The public address of that number, 1 to 254."""
    return f"93.184.215.{number}"


def public6(number):
    """The same by IPv6."""
    return f"2606:2800:220::{number}"


def enter(shape=None):
    """Go on in a namespace: the program is run anew in it, as root of a user namespace. With the shape
    of a shared machine it is that machine's namespace."""
    if MARK not in os.environ:
        os.environ[MARK] = "1"
        way = ["unshare", "--user", "--map-root-user", "--net"]
        if shape and (pid := pool.reserve(shape)):
            way = ["nsenter", f"--target={pid}", "--user", "--preserve-credentials", "--net"]
        os.execvp(way[0], [*way, sys.executable, *sys.argv])
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # for thousands of connections
    lines = [
        "link set lo up",
        f"address replace {PUBLIC4} dev lo",
        f"-6 route replace local {PUBLIC6} dev lo",
    ]
    for text in PRIVATE:
        address = ipaddress.ip_address(text)
        lines.append(f"address replace {text}/{address.max_prefixlen} dev lo")
    for line in lines:
        subprocess.run(["ip", *line.split()], check=True)


class Packet:
    """One that the machine has sent. kind: "arp", "icmp", "icmp6", "tcp", "udp" or another."""

    def __init__(self, frame):
        self.kind, self.source, self.to, self.sport, self.dport = "", "", "", 0, 0
        self.payload = b""
        ethertype = int.from_bytes(frame[12:14], "big")
        if ethertype == 0x0806:
            self.kind = "arp"
        elif ethertype == 0x0800:
            self._take(frame[23], frame[26:30], frame[30:34], frame[14 + 4 * (frame[14] & 15) :])
        elif ethertype == 0x86DD:
            self._take_v6(frame)
        else:
            self.kind = f"other {ethertype:#x}"

    def _take_v6(self, frame):
        protocol, rest = frame[20], frame[54:]
        if protocol == 0:  # hop-by-hop options: of multicast listeners' reports
            protocol, rest = rest[0], rest[8 + 8 * rest[1] :]
        self._take(protocol, frame[22:38], frame[38:54], rest)

    def _take(self, protocol, source, to, rest):
        self.source, self.to = str(ipaddress.ip_address(source)), str(ipaddress.ip_address(to))
        self.kind = {1: "icmp", 6: "tcp", 17: "udp", 58: "icmp6"}.get(protocol, f"ip {protocol}")
        if self.kind == "icmp":
            self.payload = rest
        elif self.kind in ("tcp", "udp"):
            self.sport, self.dport = struct.unpack(">HH", rest[:4])
            self.payload = rest[8:] if self.kind == "udp" else rest[4 * (rest[12] >> 4) :]

    def __repr__(self):
        return f"{self.kind} to {self.to} port {self.dport}: {self.payload[:80]!r}"


class Capture:
    """Every packet that leaves a machine by one of its cards: args are QEMU's. A machine that runs
    captures while attach() is under way."""

    def __init__(self, path, card="net", mac=GUEST_MAC):
        self.path = path
        self.mac = mac if isinstance(mac, bytes) else bytes.fromhex(mac.replace(":", ""))
        self.args = ["-object", f"filter-dump,id=dump-{card},netdev={card},file={path}"]

    @contextlib.contextmanager
    def attach(self, m):
        """Capture what the shared machine's card sends."""
        dump = {"id": "dump-net", "netdev": "net", "file": str(self.path)}
        m.ask_qemu("object-add", **{"qom-type": "filter-dump", **dump})
        yield
        m.ask_qemu("object-del", id="dump-net")

    def packets(self):
        """Those that the machine has sent so far."""
        data = self.path.read_bytes()
        at, found = 24, []
        while at + 16 <= len(data):
            length = struct.unpack_from("<I", data, at + 8)[0]
            frame = data[at + 16 : at + 16 + length]
            at += 16 + length
            if len(frame) == length and frame[6:12] == self.mac:
                found.append(Packet(frame))
        return found


def question_of(packet):
    """The name, in lower case, that a packet to a DNS server asks for; None if it asks nothing."""
    message = packet.payload[2:] if packet.kind == "tcp" else packet.payload
    if len(message) < 12:
        return None
    labels, at = [], 12
    while at < len(message) and message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("latin-1").lower())
        at += 1 + message[at]
    return ".".join(labels)


def stray(packets, names, dials):
    """Those packets that nothing explains: neither the management's, nor a question to the DNS
    servers for one of the names, nor of a connection to one of the dials, (address, port)."""
    left = []
    for p in packets:
        if p.kind in ("arp", "icmp6") or (p.sport == 8080 and p.to == GATEWAY4):
            continue
        if p.to in DNS and p.kind == "icmp" and p.payload[:2] == PORT_UNREACHABLE:
            continue  # an answer came that nobody waited for any more
        if p.to in DNS and p.dport == 53:
            if question_of(p) in (None, *names):
                continue
        elif p.kind == "tcp" and (p.to, p.dport) in dials:
            continue
        left.append(p)
    return left


def any_socket(kind, port):
    """A socket at that port of every address, of both families."""
    sock = socket.socket(socket.AF_INET6, kind)
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("::", port))
    return sock


def plain(address):
    """An address as a socket of both families has it, in its usual text."""
    text = address.partition("%")[0]
    parsed = ipaddress.ip_address(text)
    return str(getattr(parsed, "ipv4_mapped", None) or parsed)
