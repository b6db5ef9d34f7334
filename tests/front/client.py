# SPDX-License-Identifier: MIT
"""Clients of front, as they should be and otherwise."""

import contextlib
import os
import re
import select
import socket
import struct
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
API = b"/cgi-bin/api/x"
CHUNKED = b"Transfer-Encoding: chunked"


def read_limits():
    """The numbers of src/front/limits.h: a dictionary, by names without FRONT_."""
    numbers = {}
    for name, value in re.findall(r"^#define FRONT_(\w+)\s+(?:\\\n\s*)?(\d+)",
                                  (ROOT / "src/front/limits.h").read_text(), re.MULTILINE):
        numbers[name] = int(value)
    return numbers


LIMITS = read_limits()


def encode(method=b"GET", target=API, body=None, fields=(), version=b"1.1", host=b"front"):
    lines = [method + b" " + target + b" HTTP/" + version]
    if host is not None:
        lines.append(b"Host: " + host)
    lines += fields
    if body is not None:
        lines.append(b"Content-Length: %d" % len(body))
    return b"\r\n".join(lines) + b"\r\n\r\n" + (body or b"")


def chunks(body, size, end=b"0\r\n\r\n"):
    """The body in chunks of that size; or of sizes that size() gives."""
    parts, at = [], 0
    while at < len(body):
        part = body[at:at + (size() if callable(size) else size)]
        at += len(part)
        parts.append(b"%x\r\n%s\r\n" % (len(part), part))
    return b"".join(parts) + end


def reset(s):
    """Close it by RST."""
    with contextlib.suppress(OSError):
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    s.close()


class Reply:
    """status 0: none came. whole: as long as it said, or ended by the end of the connection."""

    def __init__(self):
        self.status, self.fields, self.body, self.whole = 0, {}, b"", False
        self.head = b""

    def __repr__(self):
        return f"<{self.status} {self.fields} {self.body[:300]!r} whole={self.whole}>"


class Client:
    """One connection. source: its own address, of 127.0.0.0/8."""

    def __init__(self, front, source="127.0.0.1", seconds=15, receive_bytes=None):
        self.s = socket.socket()
        self.s.settimeout(seconds)
        if receive_bytes:
            self.s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.s.bind((source, 0))
        self.s.connect(("127.0.0.1", front.http))
        self.s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.s.close()

    def send(self, data):
        self.s.sendall(data)

    def more(self):
        try:
            part = self.s.recv(1 << 18)
        except ConnectionResetError:
            part = b""
        self.buffer += part
        return part

    def read_reply(self, method=b"GET"):
        """The next one; status 100 counts."""
        r = Reply()
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return r
        r.head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        lines = r.head.split(b"\r\n")
        r.status = int(lines[0].split()[1])
        for line in lines[1:]:
            name, _, value = line.partition(b":")
            r.fields[name.decode().lower()] = value.strip().decode()
        length = r.fields.get("content-length")
        if method == b"HEAD" or r.status in (100, 204, 304):
            length = 0
        parts, have = [self.buffer], len(self.buffer)
        while length is None or have < int(length):
            self.buffer = b""
            if not self.more():
                break
            parts.append(self.buffer)
            have += len(self.buffer)
        everything = b"".join(parts)
        r.whole = length is None or have >= int(length)
        end = have if length is None else min(have, int(length))
        r.body, self.buffer = everything[:end], everything[end:]
        return r

    def ask(self, method=b"GET", target=API, **rest):
        self.send(encode(method, target, **rest))
        return self.read_reply(method)

    def drain(self):
        """Read to the end of the connection. How many bytes that was."""
        count = 0
        while self.more():
            count += len(self.buffer)
            self.buffer = b""
        return count

    def has_ended(self):
        """Whether nothing more comes, and the connection is closed."""
        return self.buffer == b"" and self.more() == b""


def ask(front, method=b"GET", target=API, source="127.0.0.1", **rest):
    """On a connection of its own."""
    with Client(front, source) as c:
        return c.ask(method, target, **rest)


def talk(front, data, source="127.0.0.1", seconds=15):
    """What comes back up to the end of a connection on which that is sent, and no more."""
    with Client(front, source, seconds) as c:
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            c.send(data)
            c.s.shutdown(socket.SHUT_WR)
        while c.more():
            pass
        return c.buffer


class Swarm:
    """Many connections at once, driven by step(). make() gives (source, bytes to send at once)."""

    def __init__(self, front):
        self.address = ("127.0.0.1", front.http)
        self.poll = select.epoll()
        self.sockets = {}  # by descriptor: (socket, when it began, which)
        self.ended, self.refused = [], 0  # (which, seconds, the first bytes that came)

    def open(self, source, data=b"", which=None, receive_bytes=None):
        s = socket.socket()
        s.setblocking(False)
        if receive_bytes:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        s.setsockopt(socket.IPPROTO_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT
        s.bind((source, 0))
        began = time.monotonic()
        with contextlib.suppress(BlockingIOError):
            s.connect(self.address)
        if data:
            try:
                s.send(data)
            except OSError:
                self.refused += 1
                s.close()
                return None
        self.sockets[s.fileno()] = (s, began, which)
        self.poll.register(s.fileno(), select.EPOLLIN | select.EPOLLRDHUP)
        return s

    def step(self, seconds=0.0):
        """Take what comes; a connection is closed after that."""
        for fd, _ in self.poll.poll(seconds, 256):
            s, began, which = self.sockets.pop(fd)
            self.poll.unregister(fd)
            data = b""
            with contextlib.suppress(OSError):
                data = s.recv(4096)
            s.close()
            self.ended.append((which, time.monotonic() - began, data))

    def close(self, by_reset=False):
        for s, _, _ in self.sockets.values():
            if by_reset:
                reset(s)
            else:
                s.close()
        self.sockets = {}
        self.poll.close()
        self.poll = select.epoll()


def children(pid):
    """Of a process: how many."""
    found = 0
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError, IndexError):
                stat = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
                found += int(stat[1]) == pid and stat[0] != "Z"
    return found


class Runs:
    """The CGI runs between start and count: lines "METHOD URI"."""

    def __init__(self, front):
        self.path = front.httpd_root / "log"
        self.path.touch(0o666)
        self.seen = len(self.lines())

    def lines(self):
        return self.path.read_text().splitlines()

    def new(self):
        found = self.lines()[self.seen:]
        self.seen += len(found)
        return found
