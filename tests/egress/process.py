# SPDX-License-Identifier: MIT
"""An egress process, started as squashd starts it, and the sandbox that it serves."""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import resource
import signal
import socket
import struct
import tempfile
import termios
import time
from pathlib import Path

from enums import read_enum
from nameserver import A, Reply, encode_query
from world import Netns

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/bin/egress"
MSG_H = "src/lib/msg.h"
POLICY = read_enum(MSG_H, "msg_op")["MSG_EGRESS_POLICY"]
TAGS = read_enum(MSG_H, "msg_tag")
MAGIC = 0x32425153
HEAD = struct.Struct("=IHHI20x")  # without a client's address
RESOLVER = ("198.18.0.1", 53)
LOG_BYTES, LINE_BYTES = 262144, 768
KINDS = ("refusals", "connections", "lookups")
PR_SET_NO_NEW_PRIVS = 38


class Egress:
    """ports: that connections are taken at, of (family, port); two at most, as there is no SK_LOOKUP
    program here to bring all of them. files: (soft and) hard RLIMIT_NOFILE."""

    def __init__(self, appliance, ports, files=8192):
        self.sandbox = Netns()
        self.sandbox.ip("addr", "add", "198.18.0.1/15", "dev", "lo")
        self.dir = tempfile.TemporaryDirectory()
        self.control_path = self.dir.name + "/control"
        self.logs = [f"{self.dir.name}/{kind}{end}" for kind in KINDS for end in ("", ".1")]
        self.appliance, self.files = appliance, files
        control = socket.socket(socket.AF_UNIX)
        control.bind(self.control_path)
        control.listen()
        udp = self.sandbox.make_socket(kind=socket.SOCK_DGRAM)
        udp.bind(RESOLVER)
        tcp = self.sandbox.listen(*RESOLVER)
        relays = [self.sandbox.listen("::" if f == socket.AF_INET6 else "0.0.0.0", port, f)
                  for f, port in ports]
        null = os.open("/dev/null", os.O_RDWR)
        console = os.open(self.dir.name + "/console", os.O_RDWR | os.O_CREAT)
        logs = [os.open(path, os.O_RDWR | os.O_CREAT, 0o600) for path in self.logs]
        self.traffic = os.open(self.dir.name + "/traffic", os.O_RDWR | os.O_CREAT, 0o600)
        os.truncate(self.traffic, 4096)
        self.fds = [null, null, console, control.fileno(), udp.fileno(), tcp.fileno(),
                    relays[0].fileno(), relays[1].fileno() if relays[1:] else None, null] + logs
        self.fds.append(self.traffic)
        self.kept = [control, udp, tcp] + relays
        self.start()

    def start(self):
        program = os.open(PROGRAM, os.O_RDONLY)
        empty = self.dir.name + "/root"
        os.makedirs(empty, exist_ok=True)
        self.pid = os.fork()
        if self.pid == 0:
            with contextlib.suppress(BaseException):
                self.become(program, empty)
            os._exit(127)
        os.close(program)

    def become(self, program, empty):
        # Out of the way of their places, then there.
        high = [None if fd is None else os.dup2(fd, 200 + i) for i, fd in enumerate(self.fds)]
        program = os.dup2(program, 199)
        libc = ctypes.CDLL(None)
        libc.setns(self.appliance.fd, 0)
        for i, fd in enumerate(high):
            if fd is None:
                with contextlib.suppress(OSError):
                    os.close(i)
            else:
                os.dup2(fd, i)
        os.closerange(len(high), 199)
        os.closerange(200, 4096)
        resource.setrlimit(resource.RLIMIT_NOFILE, (self.files, self.files))
        os.chroot(empty)
        os.chdir("/")
        libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        os.set_inheritable(program, False)
        os.execve(program, ["egress"], {})

    def console(self):
        return Path(self.dir.name + "/console").read_text()

    def has_ended(self):
        """Its wait status; None: it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return status if pid else None

    def end(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def counts(self):
        """Bytes sent and received, connections, refusals: what it has counted so far."""
        return struct.unpack("=4Q", os.pread(self.traffic, 32, 0))

    def cpu_seconds(self):
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def held_bytes(self):
        """In its pipes."""
        held = {}
        for fd in Path(f"/proc/{self.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):  # it has been closed since
                name = os.readlink(fd)
                if name.startswith("pipe:") and name not in held:
                    pipe = os.open(fd, os.O_RDONLY | os.O_NONBLOCK)
                    held[name] = struct.unpack("i", fcntl.ioctl(pipe, termios.FIONREAD, bytes(4)))[0]
                    os.close(pipe)
        return sum(held.values())

    def memory_kb(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])

    # What squashd does

    def send(self, kind, fields):
        body = b"".join(struct.pack("=II", tag, len(text)) + text for tag, text in fields)
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(5)
            s.connect(self.control_path)
            s.sendall(HEAD.pack(MAGIC, kind, 0, len(body)) + body)
            _, status, _, size = HEAD.unpack(s.recv(HEAD.size, socket.MSG_WAITALL))
            return status, s.recv(size, socket.MSG_WAITALL) if size else b""

    def allow(self, *entries, private=(), servers=()):
        return self.send(POLICY, [(TAGS["TAG_ALLOW_NET"], e.encode()) for e in entries]
                         + [(TAGS["TAG_PRIVATE"], p.encode()) for p in private]
                         + [(TAGS["TAG_DNS_SERVER"], s.encode()) for s in servers])

    # What the sandbox does

    def ask_raw(self, query, seconds=5):
        with self.sandbox.make_socket(kind=socket.SOCK_DGRAM) as s:
            s.settimeout(seconds)
            s.connect(RESOLVER)
            s.send(query)
            return Reply(s.recv(4096))

    def ask(self, name, kind=A, seconds=5):
        return self.ask_raw(encode_query(name, kind), seconds)

    def ask_tcp(self, *queries):
        """The replies, each to a query sent when the one before was answered."""
        replies = []
        with self.sandbox.make_socket() as s:
            s.settimeout(5)
            s.connect(RESOLVER)
            for query in queries:
                s.sendall(struct.pack(">H", len(query)) + query)
                size = struct.unpack(">H", s.recv(2, socket.MSG_WAITALL))[0]
                replies.append(Reply(s.recv(size, socket.MSG_WAITALL)))
        return replies

    def connect(self, host, port, seconds=10):
        """host: a name to be looked up, or an address."""
        v6 = ":" in host
        address = host if v6 or host.replace(".", "").isdigit() else self.ask(host).address
        if address is None:
            raise ConnectionError(f"{host} has no address")
        s = self.sandbox.make_socket(socket.AF_INET6 if v6 else socket.AF_INET)
        s.settimeout(seconds)
        s.connect((address, port))
        return s

    def talk(self, host, port, data, seconds=10):
        """What comes back up to the end; "reset" if that is one."""
        try:
            with self.connect(host, port, seconds) as s:
                s.sendall(data)
                s.shutdown(socket.SHUT_WR)
                return read_to_end(s)
        except (ConnectionResetError, BrokenPipeError):
            return "reset"
        except OSError as error:
            if error.errno != errno.ENOTCONN:  # what shutdown says of one that was reset
                raise
            return "reset"

    def talk_late(self, host, port):
        """Say nothing. The seconds until that is a reset."""
        with self.connect(host, port, 30) as s:
            started = time.monotonic()
            return time.monotonic() - started if is_reset(s) else None

    def lines(self, kind=None):
        """The log's, or those of a kind, oldest first; each is checked to be one."""
        logs = [path for path in self.logs if not kind or f"/{kind}" in path]
        while True:
            before = [os.stat(p).st_mtime_ns for p in logs]
            data = b"".join(Path(p).read_bytes() for p in logs)
            if before == [os.stat(p).st_mtime_ns for p in logs]:
                break  # otherwise one may have been emptied while it was read
        found = data.splitlines(keepends=True)
        assert all(len(line) <= LINE_BYTES and line.endswith(b"\n") for line in found), found
        lines = sorted(map(json.loads, found), key=lambda line: line["number"])
        assert len({line["number"] for line in lines}) == len(lines), lines
        return lines

    def wait_line(self, seconds=5, **wanted):
        """The last line that has these values, once there is one."""
        end = time.monotonic() + seconds
        while True:
            for line in reversed(self.lines()):
                if all(line.get(key) == value for key, value in wanted.items()):
                    return line
            if time.monotonic() > end:
                return None
            time.sleep(0.02)


def read_to_end(s):
    parts = []
    while True:
        part = s.recv(65536)
        if not part:
            return b"".join(parts)
        parts.append(part)


def is_reset(s):
    """Whether it is one, as the next thing that comes."""
    try:
        return s.recv(1) is None
    except ConnectionResetError:
        return True
