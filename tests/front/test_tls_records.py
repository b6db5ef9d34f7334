#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What no honest client sends to front's TLS: broken, endless and half handshakes, records in the
wrong place, floods of them; and what is left of a connection in its memory.

    ONLY="test_flood" tests/tap tests/front/test_tls_records.py"""

import os
import random
import re
import select
import socket
import sys
import threading
import time
from pathlib import Path

sys.dont_write_bytecode = True

import process
import tap
from waiting import wait_until
from peers import (ALERT, CHANGE_CIPHER, DATA, GROUPS, HANDSHAKE, HEARTBEAT, SIGNATURES,
                   Certificates, connect, connect_tls, exchange, extension, get, hello, is_answered,
                   message, read_all, record, run, run_tests, split)

ODD_CLIENT = process.BUILD / "test/odd-client"
BUFFERS = process.read_limit("FRONT_IN_BYTES") + process.read_limit("FRONT_OUT_BYTES")
TLS_KB = (2 * 16709 + 8192 + 4095) // 1024  # BR_SSL_BUFSIZE_*, the engine; whole pages
CONNECTION_KB = BUFFERS // 1024 + TLS_KB
CONNECTIONS = process.read_limit("FRONT_CONNECTIONS")
WARM = process.read_limit("FRONT_WARM")
SLACK_KB = 1024
FLOODER, NORMAL = "127.0.0.2", "127.0.0.3"
POINT = bytes(range(1, 33))  # on X25519 every number is one
KEY_EXCHANGE = record(HANDSHAKE, message(16, bytes([32]) + POINT))
CHANGE = record(CHANGE_CIPHER, b"\1")
HELLO = record(HANDSHAKE, hello())


def is_well(w):
    return w.front.has_ended() is None and b" 200 " in get(w.front.tls)


def odd(w, *kinds):
    return run(ODD_CLIENT, w.front.tls, *kinds)[1].strip()


# ---- tests ----

def test_pieces(w):
    """Whatever it is cut into, a hello is one."""
    port, whole = w.front.tls, hello()
    ways = {
        "a byte in each segment": [bytes([b]) for b in HELLO],
        "a byte in each record": [b"".join(record(HANDSHAKE, bytes([b])) for b in whole)],
        "and in each segment": [record(HANDSHAKE, bytes([b])) for b in whole],
        "in two, with an empty record and a warning between": [
            record(HANDSHAKE, whole[:9]) + record(HANDSHAKE, b"") + record(ALERT, b"\1\x5a") +
            record(HANDSHAKE, whole[9:])],
        "behind requests for one": [record(HANDSHAKE, bytes(4) * 50) + HELLO],
        "of 16 KB": [record(HANDSHAKE, hello(extensions=GROUPS + SIGNATURES +
                                             extension(21, bytes(16384 - 100))))],
        "of 60 KB": [b"".join(record(HANDSHAKE, hello(
            extensions=GROUPS + SIGNATURES + extension(21, bytes(60000)))[i:i + 16384])
            for i in range(0, 61000, 16384))],
    }
    for name, sent in ways.items():
        records = exchange(port, *sent)
        tap.check(f"a hello, {name}", is_answered(records), records[:1])


def test_broken(w):
    """It ends, with an alert or without; nothing else is said, and nobody else is harmed."""
    port, ok = w.front.tls, hello()
    rng = random.Random(1)
    cases = {
        "nothing": b"",
        "half a record's head": HELLO[:3],
        "half a hello": HELLO[:40],
        "another version of records": record(HANDSHAKE, ok, 0x0200),
        "a record of 16385 bytes": record(HANDSHAKE, bytes(16385)),
        "a record of 65535 bytes": record(HANDSHAKE, bytes(65535)),
        "a heartbeat": record(HEARTBEAT, b"\1\x40\0" + bytes(16)),
        "an unknown kind": record(99, b"x"),
        "data": record(DATA, b"GET / HTTP/1.0\r\n\r\n"),
        "a key exchange": KEY_EXCHANGE,
        "a change of ciphers": CHANGE,
        "a Finished": record(HANDSHAKE, message(20, bytes(12))),
        "a ServerHello": record(HANDSHAKE, message(2, ok[4:])),
        "a client's certificate": record(HANDSHAKE, message(11, bytes(3))),
        "a fatal alert": record(ALERT, b"\2\50"),
        "an end": record(ALERT, b"\1\0"),
        "a hello of 16 MB": record(HANDSHAKE, b"\1\xff\xff\xff" + bytes(16000)) * 5,
        "a hello that is longer than it says": record(HANDSHAKE, ok[:1] + b"\0\0\x30" + ok[4:]),
        "a session's name of 33 bytes": record(HANDSHAKE, hello(session=bytes(33))),
        "an extension that ends outside": record(HANDSHAKE, hello(extensions=b"\0\x0a\xff\xff")),
        "ciphers of an odd length": record(HANDSHAKE, message(1, ok[4:39] + b"\0\3\0\0\0\1\0")),
        "suites, the same 1000 times": record(HANDSHAKE, hello(suites=[0xC02B] * 1000)),
        "names by ALPN, and none": record(HANDSHAKE, hello(extensions=extension(16, b"\0\1\0"))),
    }
    for name, sent in cases.items():
        records = exchange(port, sent)
        tap.check(name, not is_answered(records) and all(kind == ALERT for kind, _ in records), records)
    for i in range(200):
        noise = rng.randbytes(rng.randrange(1, 400))
        exchange(port, HELLO[:rng.randrange(1, 50)] + noise if i % 2 else noise)
    tap.check("noise, 200 times: front is well", is_well(w))


def after_hello(port, *sent):
    """What comes behind the ServerHello's flight when that is sent."""
    with connect(port) as s:
        s.sendall(HELLO)
        flight = b""
        while not flight.endswith(record(HANDSHAKE, message(14, b""))[-4:]):
            flight += s.recv(1 << 16)
        try:
            for part in sent:
                s.sendall(part)
            s.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        return split(read_all(s))


def test_order(w):
    port = w.front.tls
    finished = record(HANDSHAKE, os.urandom(40))
    for name, sent in {
        "a second hello": HELLO,
        "a change of ciphers, no keys": CHANGE + finished,
        "a Finished, no change of ciphers": KEY_EXCHANGE + record(HANDSHAKE, message(20, bytes(12))),
        "a Finished that is none": KEY_EXCHANGE + CHANGE + finished,
        "keys twice": KEY_EXCHANGE * 2,
        "a point on no curve": record(HANDSHAKE, message(16, b"\x41\4" + bytes(64))),
        "an empty key": record(HANDSHAKE, message(16, b"\0")),
        "the point 0": record(HANDSHAKE, message(16, bytes([32]) + bytes(32))) + CHANGE + finished,
        "data before the end": KEY_EXCHANGE + record(DATA, b"GET / HTTP/1.0\r\n\r\n"),
        "data in clear behind it": KEY_EXCHANGE + CHANGE + record(DATA, b"GET / HTTP/1.0\r\n\r\n"),
    }.items():
        records = after_hello(port, sent)
        tap.check(f"behind a hello: {name}", all(kind == ALERT for kind, _ in records), records)
    early = hello(extensions=GROUPS + SIGNATURES + extension(42, b"") + extension(43, b"\2\3\4"))
    records = exchange(port, record(HANDSHAKE, early) + record(DATA, b"early") * 3)
    tap.check("early data are taken for nothing", DATA not in [kind for kind, _ in records], records)
    tap.check("front is well", is_well(w))


def test_open(w):
    """Records of a client that has shaken hands."""
    answer = "HTTP/1.1 200 Said, alert 1 0, eof"
    tap.equal("a request", odd(w, "get"), answer)
    for kind in ("empty", "warning"):
        tap.equal(f"behind 20 of {kind}", odd(w, f"20x{kind}", "get"), answer)
        tap.check(f"100 of {kind} are too many", odd(w, f"100x{kind}", "get") in ("eof", "reset"))
    tap.equal("who wants to negotiate anew is told no, and goes on", odd(w, "hello", "get"),
              "alert 1 100, " + answer)
    tap.check("100 times are too many", "200" not in odd(w, "100xhello", "get"))
    tap.equal("an end is answered", odd(w, "close"), "alert 1 0, eof")
    tap.check("behind it there is nothing", "HTTP" not in odd(w, "close", "get"))
    for kind in ("heartbeat", "unknown", "change-cipher", "hello-request", "finished", "key-exchange",
                 "forged", "replayed", "too-long", "fatal", "no-renegotiation"):
        said = odd(w, kind, "get")
        tap.check(f"{kind}: it ends", "HTTP" not in said and said.endswith(("eof", "reset")), said)
    tap.check("half a hello, then a request", odd(w, "half-hello", "get").startswith("HTTP/1.1 200"))
    said = odd(w, "longest", "longest")
    tap.check("records of 16384 bytes that are no head", said.startswith("HTTP/1.1 4"), said)
    with connect_tls(w.front.tls) as s:
        for byte in b"GET /cgi-bin/api HTTP/1.0\r\n\r\n":
            s.send(bytes([byte]))
        tap.check("records of one byte", b" 200 " in read_all(s))
    tap.check("front is well", is_well(w))


def feed(port, what, seconds):
    """Send the same for ever; whether front put an end to it."""
    with connect(port, FLOODER) as s:
        until = time.monotonic() + seconds
        try:
            while time.monotonic() < until:
                s.sendall(what)
        except OSError:
            return True
    return False


def test_endless(w):
    """A client as fast as it can be, with what leads to nothing."""
    for name, what in (("empty records", record(HANDSHAKE, b"")), ("warnings", record(ALERT, b"\1\x5a")),
                       ("requests for a hello", record(HANDSHAKE, bytes(4000)))):
        tap.check(f"{name} without end come to an end",
                  feed(w.front.tls, what * (1 << 20 >> 5 if len(what) < 100 else 100), 5))
    tap.check("front is well", is_well(w))


# ---- floods ----

def handshake_times(port, count):
    times = []
    for _ in range(count):
        began = time.monotonic()
        get(port, address=NORMAL)
        times.append(time.monotonic() - began)
    return times


def p99(times):
    return sorted(times)[int(len(times) * 0.99) - 1]


class Flood:
    """500 handshakes a second, whether those before are done or not, 128 of them at most. Each costs
    front all that a whole one does, and us nothing: its Finished is noise."""

    RATE, AT_ONCE = 500, 128

    def __init__(self, port):
        self.port, self.done, self.refused, self.stopped = port, 0, 0, False
        self.open = {}
        self.poll = select.epoll()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def end(self):
        self.stopped = True
        self.thread.join()
        for s in self.open.values():
            s.close()

    def begin(self):
        if len(self.open) >= self.AT_ONCE:
            self.refused += 1
            return
        s = connect(self.port, FLOODER)
        s.sendall(HELLO)
        s.setblocking(False)
        self.open[s.fileno()] = s
        self.poll.register(s, select.EPOLLIN | select.EPOLLONESHOT)

    def go_on(self, fd):
        s = self.open[fd]
        try:
            flight = s.recv(1 << 16)
            if flight:
                s.sendall(KEY_EXCHANGE + CHANGE + record(HANDSHAKE, bytes(40)))
                self.poll.modify(s, select.EPOLLIN | select.EPOLLONESHOT)
                return
        except OSError:
            pass
        self.done += 1
        del self.open[fd]
        s.close()

    def run(self):
        began, count = time.monotonic(), 0
        while not self.stopped:
            while count < (time.monotonic() - began) * self.RATE:
                self.begin()
                count += 1
            for fd, _ in self.poll.poll(0.002):
                self.go_on(fd)


def measure_flood(w):
    quiet = p99(handshake_times(w.front.tls, 100))
    flood = Flood(w.front.tls)
    time.sleep(0.3)
    began, done = time.monotonic(), flood.done
    loud = p99(handshake_times(w.front.tls, 100))
    rate = (flood.done - done) / (time.monotonic() - began)
    flood.end()
    tap.note(f"p99 {quiet * 1e3:.1f} ms, {loud * 1e3:.1f} ms beside {rate:.0f} handshakes a second of "
             f"another address ({flood.refused} not begun)")
    return loud / quiet


def test_flood(w):
    ratio = measure_flood(w)
    if ratio > 5:
        ratio = min(ratio, measure_flood(w))
    tap.check("beside a flood of handshakes, p99 of another address is within 5 times that without",
              ratio <= 5, ratio)
    tap.check("front is well", is_well(w))


def test_half(w):
    """Clients that say hello and are gone."""
    def descriptors():
        return w.front.descriptors()
    wait_until(lambda: descriptors() <= 12)
    before, before_kb = descriptors(), w.front.memory_kb()
    sockets = []
    for i in range(2000):
        s = connect(w.front.tls, f"127.0.1.{i % 8 + 1}")
        s.setblocking(False)
        s.send(HELLO if i % 2 else HELLO[:-1])
        sockets.append(s)
    tap.check("beside 2000 of them others are served", b" 200 " in get(w.front.tls, address=NORMAL))
    most, most_kb = descriptors(), w.front.memory_kb()
    tap.check(f"no more than {CONNECTIONS} are kept", most - before <= CONNECTIONS, most)
    tap.check(f"memory is bounded by {CONNECTION_KB} KiB each",
              most_kb - before_kb <= CONNECTIONS * CONNECTION_KB + SLACK_KB, (before_kb, most_kb))
    for s in sockets:
        s.close()
    tap.check("their descriptors come back", wait_until(lambda: descriptors() <= before), descriptors())
    after_kb = w.front.memory_kb()
    tap.check("and their memory, but for what is kept warm",
              after_kb - before_kb <= WARM * CONNECTION_KB + SLACK_KB, (before_kb, most_kb, after_kb))
    tap.note(f"memory: {before_kb} KiB before, {most_kb} with {most} descriptors, {after_kb} after")


# ---- secrets ----

def search_memory(pid, needles):
    """Which of these are in what a process can write to."""
    found = set()
    maps = Path(f"/proc/{pid}/maps").read_text().splitlines()
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in maps:
            begin, end, mode = re.match(r"(\w+)-(\w+) (\S+)", line).groups()
            if "w" not in mode:
                continue
            memory.seek(int(begin, 16))
            bytes_here = memory.read(int(end, 16) - int(begin, 16))
            found |= {needle for needle in needles if needle in bytes_here}
    return found


def test_secrets(w):
    kept = f"kept-token-{os.urandom(8).hex()}".encode()
    with connect_tls(w.front.tls, address=NORMAL) as s:
        s.sendall(b"GET /cgi-bin/api HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + kept + b"\r\n\r\n")
        s.recv(1)
        tap.equal("a token is found while its connection is open",
                  search_memory(w.front.pid, {kept}), {kept})
    wait_until(lambda: w.front.descriptors() <= 12)
    tap.equal("when it is closed, none is left", search_memory(w.front.pid, {kept}), set())
    for length in (100000, 10):
        token = f"{length}-token-{os.urandom(8).hex()}".encode()
        with connect_tls(w.front.tls, address=NORMAL) as s:
            s.sendall(b"POST /cgi-bin/api HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d"
                      b"\r\nAuthorization: Bearer " % length + token + b"\r\n\r\n" + bytes(length))
            tap.check("a request with a token", b" 200 " in read_all(s))
        wait_until(lambda: w.front.descriptors() <= 12)
        tap.equal(f"nor of a request with {length} bytes", search_memory(w.front.pid, {token}), set())
    status = Path(f"/proc/{w.front.pid}/status").read_text()
    limits = Path(f"/proc/{w.front.pid}/limits").read_text()
    tap.check("front makes no core", re.search(r"Max core file size +0 +0 ", limits), limits)
    tap.check("and runs under a filter", re.search(r"Seccomp:\s+2", status), status)


TESTS = (test_pieces, test_broken, test_order, test_open, test_endless, test_flood, test_half,
         test_secrets)


class World:
    def __init__(self, directory):
        certificates = Certificates(directory)
        certificates.make("p256", "P-256")
        self.front = process.Front(certificates.key("p256"), certificates.chain("p256"))
        self.front.wait_up()


if __name__ == "__main__":
    process.run_unshared()
    tap.run(lambda: run_tests(World, TESTS))
