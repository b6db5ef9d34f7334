# SPDX-License-Identifier: MIT
"""An internet, an appliance and sandboxes, each a network namespace of its own. Who imports this
runs in a user namespace whose root it is: see run_unshared."""

import contextlib
import ctypes
import os
import socket
import struct
import subprocess
import sys
import threading
from pathlib import Path

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)

APPLIANCE = "10.99.0.2"
ROUTER = "10.99.0.1"
SERVERS = [ROUTER, "10.99.0.3", "10.99.0.4"]
ONE, TWO, NOBODY, SIX = "93.184.215.14", "93.184.215.15", "93.184.215.99", "2a00:1450::1"
PLENTY = "93.184.214.%d"  # 1 to 254 of them


def run_unshared():
    """Begin again as root of a user and a network namespace, without privilege outside."""
    if os.environ.get("UNSHARED") != "1":
        os.environ["UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "-rn", sys.executable] + sys.argv)


def _check(result, what):
    if result < 0:
        raise OSError(ctypes.get_errno(), what)


def _ip(*words):
    subprocess.run(["ip"] + list(words), check=True)


class Netns:
    """A network namespace, with its loopback up."""

    def __init__(self):
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _check(LIBC.unshare(CLONE_NEWNET), "unshare")
        self.fd = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _ip("link", "set", "lo", "up")
        _check(LIBC.setns(before, CLONE_NEWNET), "setns")
        os.close(before)

    @contextlib.contextmanager
    def inside(self):
        """What this thread does in here, and its children, is done in the namespace."""
        before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        _check(LIBC.setns(self.fd, CLONE_NEWNET), "setns")
        try:
            yield
        finally:
            _check(LIBC.setns(before, CLONE_NEWNET), "setns")
            os.close(before)

    def ip(self, *words):
        with self.inside():
            _ip(*words)

    def sysctl(self, name, value):
        """Set one that each network namespace has for itself."""
        with self.inside():
            Path("/proc/sys", name.replace(".", "/")).write_text(value)

    def count_sockets(self, protocol, state, remote=""):
        """Its IPv4 sockets of that state (include/net/tcp_states.h), those that lead to remote."""
        at = remote and f"{int.from_bytes(socket.inet_aton(remote), sys.byteorder):08X}:"
        with self.inside():
            lines = Path("/proc/thread-self/net", protocol).read_text().splitlines()[1:]
        return sum(int(line.split()[3], 16) == state and line.split()[2].startswith(at) for line in lines)

    def make_socket(self, family=socket.AF_INET, kind=socket.SOCK_STREAM):
        with self.inside():
            return socket.socket(family, kind)

    def listen(self, address, port, family=socket.AF_INET, backlog=1024):
        s = self.make_socket(family)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.bind((address, port))
        s.listen(backlog)
        return s


def connect_two(appliance, internet):
    """A cable between them, and what else the internet has."""
    with internet.inside():
        holder = subprocess.Popen(["sleep", "60"])
    appliance.ip("link", "add", "wire", "type", "veth", "peer", "name", "wire",
                 "netns", str(holder.pid))
    holder.kill()
    holder.wait()
    for ns in (appliance, internet):
        ns.ip("link", "set", "wire", "up")
    appliance.ip("addr", "add", APPLIANCE + "/24", "dev", "wire")
    appliance.ip("addr", "add", "fd99::2/64", "dev", "wire", "nodad")
    for address in SERVERS:
        internet.ip("addr", "add", address + "/24", "dev", "wire")
    internet.ip("addr", "add", "fd99::1/64", "dev", "wire", "nodad")
    for address in (ONE + "/32", TWO + "/32", PLENTY % 1 + "/24"):
        internet.ip("addr", "add", address, "dev", "lo")
    internet.ip("addr", "add", SIX + "/128", "dev", "lo", "nodad")
    appliance.ip("route", "add", "default", "via", ROUTER)
    appliance.ip("-6", "route", "add", "default", "via", "fd99::1")


def reset(s):
    """Close by RST."""
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Server:
    """Has serve(connection) called for each connection, in a thread of its own."""

    def hear(self, listener):
        self.threads = []  # one for each connection that has been accepted
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            s, _ = listener.accept()
            self.threads = [t for t in self.threads if t.is_alive()]
            self.threads.append(threading.Thread(target=self.serve, args=(s,), daemon=True))
            self.threads[-1].start()


class Peer(Server):
    """What the internet serves by TCP, at every port that is listened on: the first line says what
    is wanted, the rest is up to that."""

    def __init__(self, internet, ports):
        self.lines = []  # that were received first
        for port in ports:
            for family, address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
                self.hear(internet.listen(address, port, family))

    def serve(self, s):
        with contextlib.suppress(OSError), s:
            first = s.recv(65536)
            self.lines.append(first)
            words = first.partition(b"\n")[0].split()
            if words[:1] == [b"SOURCE"]:
                self.source(s, int(words[1]))
            elif words[:1] == [b"SINK"]:
                self.sink(s, len(first.partition(b"\n")[2]))
            elif words[:1] == [b"RESET"]:
                reset(s)
            elif words[:1] == [b"HALF"]:
                s.sendall(b"half\n")
                s.shutdown(socket.SHUT_WR)
                self.sink(s, 0, answer=False)
                self.lines.append(b"HALF ended")
            else:
                self.echo(s, first)

    def source(self, s, count):
        block = bytes(1 << 20)
        while count > 0:
            count -= s.send(block[:min(count, len(block))])

    def sink(self, s, count, answer=True):
        room = bytearray(1 << 20)
        while True:
            n = s.recv_into(room)
            if n == 0:
                break
            count += n
        if answer:
            s.sendall(b"%d\n" % count)

    def echo(self, s, data):
        while data:
            s.sendall(data)
            data = s.recv(65536)
        s.sendall(b"(end)")
