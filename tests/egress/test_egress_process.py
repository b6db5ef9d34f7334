#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""egress alone, without a machine: an internet, an appliance and two sandboxes in network namespaces.
There is no SK_LOOKUP program here, so that connections are taken at a few ports only.

    ONLY="test_ends test_tls" tests/tap tests/egress/test_egress_process.py"""

import contextlib
import os
import random
import resource
import socket
import ssl
import struct
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True

import tap
from waiting import wait_until
from nameserver import (A, AAAA, CNAME, FORMERR, MX, NXDOMAIN, SERVFAIL, SOA, Reply, Servers,
                        answer, encode_query)
from process import LOG_BYTES, ROOT, Egress, is_reset, read_to_end
from world import (APPLIANCE, NOBODY, ONE, ROUTER, SERVERS, SIX, TWO, Netns, Peer, connect_two,
                   PLENTY, reset, run_unshared)

V4, V6 = socket.AF_INET, socket.AF_INET6
RAW, HTTP, TLS = 8080, 80, 443
GIB = 1 << 30
SYSCTLS = dict(line.split(" = ") for line in (ROOT / "config/sysctls").read_text().splitlines() if " = " in line)
PORT_SYSCTLS = PORT_RANGE, CLOSED_MAX = "net.ipv4.ip_local_port_range", "net.ipv4.tcp_max_tw_buckets"
SANDBOXES, LOOKUPS, TO_ONE = 1024, 48, 128  # as many as there can be; of one of them, at once
TIME_WAIT, UDP_CONNECTED = 6, 1


# ---- what the servers say ----

def slow(query, q):
    return [0.5, answer(query, [(q.name, A, ONE, 60)])]


def only_last(query, q):
    """The first two servers are silent."""
    return [answer(query, [(q.name, A, ONE, 60)])] if q.server == SERVERS[2] else []


def truncated(query, q):
    if not q.tcp:
        return [answer(query, [], truncated=True)]
    return [answer(query, [(q.name, A, ONE, 60)] + [(q.name, A, TWO, 60)] * 200)]


def forged(query, q):
    """Wrong ids, another question, an answer to nothing, then the truth."""
    wrong = [(q.name, A, NOBODY, 60)]
    other = encode_query("other.example", ident=q.id)
    return [answer(query, wrong, ident=q.id ^ 1), answer(other, [("other.example", A, NOBODY, 60)]),
            query, b"", b"\0" * 600, answer(query, wrong)[:-3], 0.2,
            answer(query, [(q.name, A, ONE, 60)])]


def rebinding():
    """Public once, then private, and never to be kept."""
    answers = [ONE]
    return lambda query, q: [answer(query, [(q.name, A, answers.pop() if answers else ROUTER, 0)])]


def aliased(query, q):
    """A chain of CNAMEs, out of order, with an address that is not of it."""
    return [answer(query, [("b.example", CNAME, "one.example", 60), ("x.example", A, NOBODY, 60),
                           (q.name, CNAME, "b.example", 60), ("one.example", A, ONE, 60)])]


ZONE = {
    "one.example": [(A, ONE, 60)],
    "two.example": [(A, TWO, 60), (AAAA, SIX, 60)],
    "six.example": [(AAAA, SIX, 60)],
    "empty.example": [(MX, "mail.example", 60)],
    "private.example": [(A, ROUTER, 60)],
    "own.example": [(A, APPLIANCE, 60)],
    "loop.example": [(A, "127.0.0.1", 60)],
    "meta.example": [(A, "169.254.169.254", 60)],
    "deaf.example": [(A, NOBODY, 60), (A, ONE, 60)],
    "mixed.example": [(A, ROUTER, 60), (A, ONE, 60)],
    "alias.example": aliased,
    "rebind.example": rebinding(),
    "last.example": only_last,
    "tc.example": truncated,
    "forged.example": forged,
    "lost.example": lambda query, q: [],
    "broken.example": lambda query, q: [answer(query, [], SERVFAIL)],
    "slow.example": slow,
    "both.example": [(A, ONE, 60), (A, TWO, 60)],
    **{f"n{i}.wild.example": [(A, PLENTY % (i + 1), 60)] for i in range(200)},
    **{f"n{i}.slow.example": slow for i in range(400)},
}


class World:
    def __init__(self):
        self.appliance, internet = Netns(), Netns()
        connect_two(self.appliance, internet)
        for name in PORT_SYSCTLS:
            self.appliance.sysctl(name, SYSCTLS[name])
        self.servers = Servers(internet, SERVERS, ZONE)
        self.peer = Peer(internet, [RAW, HTTP, TLS])
        self.a = Egress(self.appliance, [(V4, RAW), (V4, TLS)])
        self.b = Egress(self.appliance, [(V4, HTTP), (V6, RAW)])
        for address in (ONE, TWO):  # as for addresses in allow_net
            self.a.sandbox.ip("addr", "add", address + "/32", "dev", "lo")


def allow(egress, *entries, private=()):
    tap.equal(f"a policy is taken: {' '.join(entries)[:60]}",
              egress.allow(*entries, private=private, servers=SERVERS), (200, b""))


# ---- tests ----

def test_before_a_policy(w):
    tap.equal("without a policy no name is known", w.a.ask("one.example").rcode, NXDOMAIN)
    tap.equal("and nobody is asked", w.servers.asked, [])
    tap.equal("and connections are reset", w.a.talk("198.18.77.7", RAW, b"x"), "reset")
    status, why = w.a.allow("one.example", "no_such..name")
    tap.check("a bad entry is refused, by its index", status == 400 and b"allow_net[1]" in why, why)
    tap.equal("a message that isn't one changes nothing", w.a.send(99, [])[0], 400)
    tap.equal("still nothing is known", w.a.ask("one.example").rcode, NXDOMAIN)


def test_questions(w):
    allow(w.a, "one.example", "empty.example", "*.wild.example", "gone.example", "broken.example")
    ask = w.a.ask
    reply = ask("one.example")
    tap.check("an allowed name has a synthetic address", reply.address.startswith("198.1"), reply)
    tap.check("that doesn't hold for long", 0 < reply.ttl <= 60, reply.ttl)
    tap.equal("it is the same whatever the case", ask("One.EXAMPLE").address, reply.address)
    tap.equal("and the question is repeated as it was", ask("One.EXAMPLE").name, "One.EXAMPLE")
    tap.equal("and the servers are asked once", w.servers.count("one.example"), 1)
    tap.equal("it has no other records", [(ask("one.example", t).rcode, ask("one.example", t).address)
                                          for t in (AAAA, MX, SOA, 65, 255)], [(0, None)] * 5)
    tap.equal("nor are the servers asked for any", w.servers.count("one.example"), 1)
    tap.check("names below a wildcard are others",
              ask("n1.wild.example").address not in (None, reply.address, ask("n2.wild.example").address))
    before = len(w.servers.asked)
    denied = ["wild.example", "two.example", "a.one.example", "one.example.com", "xone.example",
              "localhost", "1.0.18.198.in-addr.arpa", "2130706433", "0x7f.1", "one\0.example"]
    tap.equal("other names don't exist", [n for n in denied if ask(n).rcode != NXDOMAIN], [])
    tap.equal("nor by TCP", {r.rcode for r in w.a.ask_tcp(*map(encode_query, denied))}, {NXDOMAIN})
    tap.equal("of another class neither",
              w.a.ask_raw(encode_query("one.example", klass=3)).rcode, NXDOMAIN)
    tap.equal("of them nothing leaves", w.servers.asked[before:], [])
    tap.equal("an allowed name that doesn't exist", ask("gone.example").rcode, NXDOMAIN)
    tap.equal("one without addresses", (ask("empty.example").rcode, ask("empty.example").address),
              (0, None))
    tap.equal("for which both kinds were asked, once",
              [q.type for q in w.servers.asked if q.name == "empty.example"], [A, AAAA])
    tap.equal("servers that fail", ask("broken.example").rcode, SERVFAIL)
    tap.equal("and were all asked, twice", sorted(q.server for q in w.servers.asked
                                                  if q.name == "broken.example"),
              sorted(SERVERS * 2))
    replies = w.a.ask_tcp(encode_query("one.example"), encode_query("nope.example"),
                          encode_query("n3.wild.example"))
    tap.equal("TCP answers one after the other", [r.rcode for r in replies], [0, NXDOMAIN, 0])
    tap.equal("the same", replies[0].address, reply.address)


def test_bad_questions(w):
    allow(w.a, "one.example")
    with w.a.sandbox.make_socket(kind=socket.SOCK_DGRAM) as s:
        s.connect(("198.18.0.1", 53))
        rng = random.Random(1)
        for _ in range(500):
            s.send(rng.randbytes(rng.randrange(0, 700)))
        good = encode_query("one.example")
        for end in range(len(good)):
            s.send(good[:end])
    wait_until(lambda: is_idle(w.a), 20)  # a full socket would drop the next one
    tap.equal("a question that is cut off", w.a.ask_raw(encode_query("one.example")[:-1]).rcode, FORMERR)
    for size in (0, 1, 600, 65535):
        with w.a.sandbox.make_socket() as s:
            s.settimeout(5)
            s.connect(("198.18.0.1", 53))
            s.sendall(struct.pack(">H", size) + bytes(min(size, 513)))
            with contextlib.suppress(ConnectionResetError):
                tap.equal(f"{size} bytes of nothing by TCP end it", s.recv(1000), b"")
                continue
            tap.check(f"{size} bytes of nothing by TCP end it", True)
    many = [w.a.sandbox.make_socket() for _ in range(40)]
    for s in many:
        s.connect(("198.18.0.1", 53))
    time.sleep(0.2)
    tap.equal("the 33rd client is reset", [is_reset(s) for s in many[32:]], [True] * 8)
    for s in many:
        s.close()
    time.sleep(0.1)
    tap.equal("and there is room again", w.a.ask_tcp(encode_query("one.example"))[0].rcode, 0)


def test_lookups(w):
    allow(w.a, "*.example:*")
    with ThreadPoolExecutor(60) as pool:
        started = time.monotonic()
        last = pool.submit(w.a.ask, "last.example", A, 15)
        lost = pool.submit(w.a.ask, "lost.example", A, 15)
        silent = pool.submit(w.a.talk_late, "one.example", TLS)
        same = list(pool.map(lambda _: w.a.ask("slow.example").address, range(50)))
        tap.check("50 who ask the same get the same", len(set(same)) == 1 and same[0], set(same))
        tap.equal("by one lookup", w.servers.count("slow.example"), 1)
        tap.equal("forged answers are passed over", w.a.talk("forged.example", RAW, b"f"), b"f(end)")
        tap.equal("truncated ones are asked for by TCP", w.a.talk("tc.example", RAW, b"t"), b"t(end)")
        tap.equal("twice, no more", [q.tcp for q in w.servers.asked if q.name == "tc.example"],
                  [False, True])
        tap.equal("CNAMEs are followed", w.a.talk("alias.example", RAW, b"c"), b"c(end)")
        tap.check("the third server is asked in the end", last.result().address, last.result().rcode)
        seconds = time.monotonic() - started
        tap.check("after 2 s for each", 3.5 < seconds < 6, seconds)
        tap.equal("when nobody answers it fails", lost.result().rcode, SERVFAIL)
        tap.check("after 12 s", 11 < time.monotonic() - started < 14, time.monotonic() - started)
        tap.check("who says no name at 443 is reset after 10 s", 9.5 < silent.result() < 12,
                  silent.result())
    ports = [q.port for q in w.servers.asked if not q.tcp]
    ids = [q.id for q in w.servers.asked]
    tap.check("ports are random", len(set(ports)) > 0.9 * len(ports) and _spread(ports) > 5000, ports)
    tap.check("ids are random", len(set(ids)) > 0.9 * len(ids) and _spread(ids) > 20000, ids)
    tap.check("the one that answered is asked first from then on",
              w.a.ask("n9.wild.example").address and w.servers.asked[-1].server == SERVERS[2],
              w.servers.asked[-1])


def _spread(numbers):
    steps = sorted(abs(b - a) for a, b in zip(numbers, numbers[1:]))
    return max(steps)


def test_connections(w):
    allow(w.a, "*.example:8080", f"{TWO}:8080")
    tap.equal("by name", w.a.talk("one.example", RAW, b"hello"), b"hello(end)")
    line = w.a.wait_line(event="connect", name="one.example", end="closed")
    tap.check("is a line", line and line["address"] == ONE and line["port"] == RAW
              and line["sent"] == 5 and line["received"] == 10, line)
    tap.equal("IPv6 alone", w.a.talk("six.example", RAW, b"6"), b"6(end)")
    tap.check("its address is logged", w.a.wait_line(event="connect", address=SIX))
    started = time.monotonic()
    tap.equal("the next address if one is silent", w.a.talk("deaf.example", RAW, b"d"), b"d(end)")
    tap.check("within the 10 s", 3 < time.monotonic() - started < 8, time.monotonic() - started)
    tap.equal("the public one of two", w.a.talk("mixed.example", RAW, b"m"), b"m(end)")
    for name, address in (("private", ROUTER), ("own", APPLIANCE), ("loop", "127.0.0.1"),
                          ("meta", "169.254.169.254")):
        tap.equal(f"a name with an address like {address}", w.a.talk(name + ".example", RAW, b"p"),
                  "reset")
        tap.check("is a refusal", w.a.wait_line(event="refused", name=name + ".example",
                                                address=address, reason="private address"))
    first = w.a.connect("rebind.example", RAW)
    time.sleep(1.1)
    tap.equal("rebinding", w.a.talk("rebind.example", RAW, b"r"), "reset")
    first.sendall(b"r")
    tap.equal("what goes on goes on", first.recv(10), b"r")
    first.close()
    tap.equal("an address that means nothing", w.a.talk("198.19.200.200", RAW, b"x"), "reset")
    tap.check("is a refusal, too", w.a.wait_line(event="refused", address="198.19.200.200",
                                                 reason="unknown address"))
    tap.equal("an address that is allowed", w.a.talk(TWO, RAW, b"2"), b"2(end)")
    tap.equal("one that is not, though its name is", w.a.talk(ONE, RAW, b"1"), "reset")
    tap.check("is a refusal without a name", w.a.wait_line(
        event="refused", name=None, address=ONE, reason="address not allowed"))


def test_counts(w):
    """What it counts: [sent, received, connections, refusals]."""
    def since(before):
        return [a - b for a, b in zip(w.a.counts(), before)]

    allow(w.a, "one.example:8080")
    before = w.a.counts()
    s = w.a.connect("one.example", RAW)
    s.sendall(b"hello")
    s.recv(5)
    tap.check("bytes of a connection that is open", wait_until(lambda: since(before) == [5, 5, 1, 0], 5),
              since(before))
    s.shutdown(socket.SHUT_WR)
    read_to_end(s)
    s.close()
    tap.check("and those behind them", wait_until(lambda: since(before) == [5, 10, 1, 0], 5), since(before))
    for _ in range(3):  # lines of one refusal are cut short, its count isn't
        w.a.ask("no.example")
        tap.equal("a connection that isn't allowed", w.a.talk(ONE, RAW, b"x"), "reset")
    tap.equal("refusals", since(before), [5, 10, 1, 6])
    w.a.ask("one.example", AAAA)
    tap.equal("no address is none", since(before)[3], 6)


def test_networks_of_the_operator(w):
    allow(w.a, "*.example:*", "127.0.0.1:*", private=["10.99.0.0/24", "127.0.0.0/8"])
    tap.equal("an operator's network is reached", w.a.talk("private.example", RAW, b"o"), b"o(end)")
    for name, address in (("own", APPLIANCE), ("loop", "127.0.0.1")):
        tap.equal("what the appliance has is not", w.a.talk(name + ".example", RAW, b"o"), "reset")
        tap.check(f"and the log says so: {address}", w.a.wait_line(
            event="refused", address=address, reason="address of the appliance"))


def test_ends(w):
    allow(w.a, "*.example:8080")
    with w.a.connect("one.example", RAW) as s:
        s.sendall(b"HALF\n")
        tap.equal("the far end can end first", read_to_end(s), b"half\n")
        s.sendall(b"more")
        time.sleep(0.1)
        tap.check("and hear the rest", b"HALF ended" not in w.peer.lines)
    time.sleep(0.1)
    tap.check("and its end", b"HALF ended" in w.peer.lines)
    with w.a.connect("one.example", RAW) as s:
        s.sendall(b"RESET\n")
        tap.check("its reset is ours", is_reset(s))
    tap.check("and is logged", w.a.wait_line(event="connect", end="reset"))
    s = w.a.connect("one.example", RAW)
    s.sendall(b"HALF\n")
    tap.equal("so is the sandbox's", read_to_end(s), b"half\n")
    w.peer.lines.clear()
    reset(s)
    time.sleep(0.1)
    tap.check("when it had nothing to read any more", b"HALF ended" not in w.peer.lines, w.peer.lines)
    with w.a.connect("one.example", RAW) as s:
        s.sendall(b"x")
        s.recv(1)
        s.send(b"!", socket.MSG_OOB)
        tap.check("urgent data is not for it", is_reset(s))


def hello(name):
    """A ClientHello."""
    context = ssl.create_default_context()
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        context.wrap_bio(incoming, outgoing, server_hostname=name).do_handshake()
    return outgoing.read()


def test_tls(w):
    allow(w.a, "one.example", "two.example:443", TWO, "six.example:8080")
    talk = w.a.talk
    tap.equal("a ClientHello", talk("one.example", TLS, hello("one.example")),
              hello_echo(w, "one.example"))
    with w.a.connect("one.example", TLS) as s:
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        data = hello("ONE.example")
        for byte in data:
            s.send(bytes([byte]))
        s.shutdown(socket.SHUT_WR)
        tap.equal("byte by byte", read_to_end(s), data + b"(end)")
    for what, host, data, reason in (
            ("another name", "one.example", hello("evil.example"), "name not allowed"),
            ("a name allowed at another port", "one.example", hello("six.example"),
             "port not allowed"),
            ("no name", "one.example", hello(None), "no server name"),
            ("neither", "one.example", b"SSH-2.0-x\r\n", "neither TLS nor HTTP"),
            ("its beginning", "one.example", hello("one.example")[:50], "no server name"),
            ("an address' other name", TWO, hello("evil.example"), "name not allowed")):
        before = len(w.peer.lines)
        tap.equal(f"{what} at 443", talk(host, TLS, data), "reset")
        tap.check("is refused for that", w.a.wait_line(event="refused", port=TLS, reason=reason))
        tap.equal("before anything is dialled", w.peer.lines[before:], [])
    tap.equal("an address and no name", talk(TWO, TLS, hello(None)), w.peer.lines[-1] + b"(end)")
    tap.equal("an address and an allowed name", talk(TWO, TLS, hello("two.example")),
              w.peer.lines[-1] + b"(end)")
    tap.equal("a port not allowed", talk("one.example", RAW, b"x"), "reset")
    tap.check("is refused for that", w.a.wait_line(event="refused", name="one.example", port=RAW,
                                                   reason="port not allowed"))


def hello_echo(w, name):
    """What was relayed last, which must be a ClientHello with that name, and the end."""
    data = w.peer.lines[-1] if w.peer.lines else b""
    return data + b"(end)" if data[:1] == b"\x16" and name.encode() in data else None


def test_http_and_ipv6(w):
    allow(w.b, "one.example", f"[{SIX}]:8080")
    request = b"GET / HTTP/1.1\r\nHost: %s\r\n\r\n"
    tap.equal("HTTP", w.b.talk("one.example", HTTP, request % b"One.example:80"),
              request % b"One.example:80" + b"(end)")
    for what, data in (("another Host", request % b"evil.example"),
                       ("two", request % b"one.example\r\nHost: evil.example"),
                       ("none", b"GET / HTTP/1.1\r\n\r\n"), ("an address", request % ONE.encode()),
                       ("TLS for another", hello("evil.example"))):
        tap.equal(f"{what} at 80", w.b.talk("one.example", HTTP, data), "reset")
    w.b.sandbox.ip("addr", "add", SIX + "/128", "dev", "lo", "nodad")
    w.b.sandbox.ip("addr", "add", "fd99::1/128", "dev", "lo", "nodad")
    tap.equal("an IPv6 address", w.b.talk(SIX, RAW, b"6"), b"6(end)")
    tap.equal("another one", w.b.talk("fd99::1", RAW, b"6"), "reset")


def test_policy_changes(w):
    allow(w.a, "one.example:8080", "two.example:8080", "slow2.example:8080")
    ZONE["slow2.example"] = lambda query, q: [1, answer(query, [(q.name, A, ONE, 60)])]
    one, two = w.a.connect("one.example", RAW), w.a.connect("two.example", RAW)
    for s in (one, two):
        s.sendall(b"x")
        tap.equal("it flows", s.recv(10), b"x")
    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(w.a.ask, "slow2.example")
        time.sleep(0.2)
        allow(w.a, "two.example:8080")
        one.setblocking(False)
        tap.check("what isn't allowed any more is cut when the reply is there", is_reset(one))
        tap.equal("a question waiting is denied", slow.result().rcode, NXDOMAIN)
    two.sendall(b"y")
    tap.equal("the rest goes on", two.recv(10), b"y")
    tap.check("a cut is logged", w.a.wait_line(event="connect", name="one.example", end="cut"))
    allow(w.a, "none")
    tap.check("none cuts all", is_reset(two))
    allow(w.a, "private.example:8080", private=["10.99.0.1/32"])
    s = w.a.connect("private.example", RAW)
    s.sendall(b"x")
    s.recv(1)
    allow(w.a, "private.example:8080")
    tap.check("an operator's network that isn't one any more, too", is_reset(s))


def test_many(w):
    allow(w.a, "*:8080")
    names = [f"n{i % 200}.wild.example" for i in range(500)]

    def one(name):
        with w.a.connect(name, RAW, 20) as s:
            barrier.wait(20)
            data = os.urandom(50000)
            sender = threading.Thread(target=s.sendall, args=(data,))
            sender.start()
            got = b""
            while len(got) < len(data):
                got += s.recv(65536)
            sender.join()
            return got == data

    barrier = threading.Barrier(500)
    started = time.monotonic()
    with ThreadPoolExecutor(500) as pool:
        good = sum(pool.map(one, names))
    tap.equal("500 connections at once, of 200 names", good, 500)
    tap.note(f"in {time.monotonic() - started:.1f} s")
    many, reset = connect_many(w.a, [f"n{i}.wild.example" for i in range(10)], 1040)
    tap.check("past 1024 it says so", w.a.wait_line(event="refused", reason="too many connections"))
    tap.equal("by a reset", reset + sum(is_reset(s) for s in many[1024:]), 16)
    for s in many[:3] + many[1021:1024]:
        s.sendall(b"x")
    tap.equal("the others live", [s.recv(1) for s in many[:3] + many[1021:1024]], [b"x"] * 6)
    for s in many:
        s.close()
    tap.check("and there is room again", w.a.wait_line(event="connect", end="closed", seconds=5)
              and wait_until(lambda: w.a.talk("one.example", RAW, b"x") == b"x(end)", 5))
    tap.note(f"resident memory: {w.a.memory_kb()} kB")


def connect_many(egress, names, count):
    """The connections, to the names in turn, and how many were reset before the call returned."""
    addresses, many, reset = [egress.ask(name).address for name in names], [], 0
    for i in range(count):
        s = egress.sandbox.make_socket()
        s.settimeout(5)
        try:
            s.connect((addresses[i % len(addresses)], RAW))
            many.append(s)
        except ConnectionResetError:
            reset += 1
    return many, reset


def test_many_to_one(w):
    allow(w.a, "*:8080")
    many, _ = connect_many(w.a, ["both.example"], TO_ONE + 12)
    for s in many:
        s.sendall(b"x")
    tap.equal("a name with another address goes there", [s.recv(1) for s in many], [b"x"] * (TO_ONE + 12))
    for s in many:
        s.close()
    tap.check("and they end", wait_until(lambda: w.a.descriptors() < 30, 10))
    many, reset = connect_many(w.a, ["one.example"], TO_ONE + 12)
    tap.check("past 128 to one address and port it says so", w.a.wait_line(
        event="refused", reason="too many connections to one address", name="one.example", address=ONE))
    tap.equal("by a reset", reset + sum(is_reset(s) for s in many[TO_ONE:]), 12)
    for s in many[:TO_ONE]:
        s.sendall(b"x")
    tap.equal("the others live", [s.recv(1) for s in many[:TO_ONE]], [b"x"] * TO_ONE)
    tap.equal("as do those to another address", w.a.talk("two.example", RAW, b"x"), b"x(end)")
    many[0].close()
    tap.check("and there is room again", wait_until(lambda: w.a.talk("one.example", RAW, b"x") == b"x(end)", 5))
    for s in many:
        s.close()


def test_ports(w):
    """The appliance's ports, which all sandboxes share: what they can take of them at most."""
    first, last = map(int, SYSCTLS[PORT_RANGE].split())
    ports, closed = last - first + 1, int(SYSCTLS[CLOSED_MAX])
    tap.check("lookups of all sandboxes fit", SANDBOXES * LOOKUPS <= ports, ports)
    tap.check("and 369 sandboxes' connections to one server", 369 * TO_ONE <= ports - closed, ports)
    tap.check("no port of those that listen is among them", first > 8443)


def test_ports_of_lookups(w):
    """A lookup takes one, or waits."""
    allow(w.a, "one.example:8080", "*.slow.example:8080")
    with w.a.sandbox.make_socket(kind=socket.SOCK_DGRAM) as s:
        s.settimeout(5)
        s.connect(("198.18.0.1", 53))
        for i in range(200):
            s.send(encode_query(f"n{i}.slow.example"))
        tap.equal("of 200 names so many are asked for at once", max(count_while_slow(w)), LOOKUPS)
        tap.equal("and the others then", [Reply(s.recv(4096)).rcode for _ in range(200)], [0] * 200)
        for i in range(200, 300):
            s.send(encode_query(f"n{i}.slow.example"))
        tap.check("some are asked for", wait_until(lambda: is_asked(w, 247)))
        allow(w.a, "one.example:8080")
        tap.equal("all end when they aren't allowed any more", [Reply(s.recv(4096)).rcode for _ in range(100)],
                  [NXDOMAIN] * 100)
        tap.check("those that waited have been asked for nowhere", not is_asked(w, 248, 300))
        allow(w.a, "one.example:8080", "*.slow.example:8080")
        for i in range(300, 400):
            s.send(encode_query(f"n{i}.slow.example"))
        tap.equal("and there is as much room as before", max(count_while_slow(w)), LOOKUPS)
        tap.equal("for all", [Reply(s.recv(4096)).rcode for _ in range(100)], [0] * 100)


def test_ports_of_connections(w):
    other = Egress(w.appliance, [(V4, RAW)])
    try:
        allow(other, "*.example:8080")
        w.appliance.sysctl(PORT_RANGE, "10000 10255")
        many, _ = connect_many(w.a, ["one.example"], 300)
        tap.equal("one sandbox leaves ports to others", other.talk("one.example", RAW, b"x"), b"x(end)")
        w.appliance.sysctl(PORT_RANGE, "20000 20063")
        many += connect_many(other, ["one.example"], 70)[0]
        tap.check("where there is none it says so", other.wait_line(event="refused", reason="no port left"))
        for s in many:
            s.close()
        w.appliance.sysctl(PORT_RANGE, SYSCTLS[PORT_RANGE])
        w.appliance.sysctl(CLOSED_MAX, "100")
        ends = {other.talk("n199.wild.example", RAW, b"x") for _ in range(300)}
        tap.equal("many connections that have ended", ends, {b"x(end)"})
        closed = w.appliance.count_sockets("tcp", TIME_WAIT, PLENTY % 200)
        tap.check("hold as many ports as they may", closed <= 100, closed)
    finally:
        for name in PORT_SYSCTLS:
            w.appliance.sysctl(name, SYSCTLS[name])
        other.end()


def is_asked(w, first, end=None):
    """Whether the servers were asked for a slow name of these numbers."""
    return bool({f"n{i}.slow.example" for i in range(first, end or first + 1)} & set(w.servers.names()))


def count_while_slow(w):
    """How many ports lookups have, while the servers think about them."""
    end = time.monotonic() + 0.4
    while time.monotonic() < end:
        yield w.appliance.count_sockets("udp", UDP_CONNECTED)
        time.sleep(0.02)


def test_bulk(w):
    allow(w.a, "one.example:8080")
    room = bytearray(1 << 20)
    for what in ("to the sandbox", "from the sandbox"):
        with w.a.connect("one.example", RAW) as s:
            cpu, started, count = w.a.cpu_seconds(), time.monotonic(), 0
            if what == "to the sandbox":
                s.sendall(b"SOURCE %d\n" % GIB)
                while n := s.recv_into(room):
                    count += n
            else:
                s.sendall(b"SINK\n")
                for _ in range(GIB >> 20):
                    s.sendall(room)
                s.shutdown(socket.SHUT_WR)
                count = int(read_to_end(s))
            seconds, cpu = time.monotonic() - started, w.a.cpu_seconds() - cpu
            tap.equal(f"1 GiB {what}", count, GIB)
            tap.note(f"{GIB / seconds / 1e6:.0f} MB/s; egress' own time {cpu:.2f} s")
    started = time.monotonic()
    address = w.a.ask("one.example").address
    for _ in range(1000):
        s = w.a.sandbox.make_socket()
        s.connect((address, RAW))
        s.sendall(b"x")
        s.shutdown(socket.SHUT_WR)
        read_to_end(s)
        s.close()
    tap.note(f"{1000 / (time.monotonic() - started):.0f} connections a second, one after the other")


def test_slow_readers(w):
    """Who does not read costs nothing, and gets it all in the end."""
    allow(w.a, "*:8080")
    size = 20000000
    many = [w.a.connect(f"n{i % 4}.wild.example", RAW) for i in range(200)]
    for s in many:
        s.sendall(b"SOURCE %d\n" % size)
    tap.check("stalled connections cost no time", wait_until(lambda: is_idle(w.a), 20))
    held = w.a.held_bytes()
    tap.check("nor hold more than 2 MiB of what is charged to nobody", 1 << 20 < held <= 2 << 20, held)
    tap.equal("and others go on", w.a.talk("one.example", RAW, b"x"), b"x(end)")
    tap.equal("one is all there", [len(read_to_end(s)) for s in many[:1] + many[-1:]], [size] * 2)
    for s in many:
        s.close()


def is_idle(egress):
    """Whether it has next to nothing to do for a second."""
    cpu = egress.cpu_seconds()
    time.sleep(1)
    return egress.cpu_seconds() - cpu < 0.03


def test_chaos(w):
    """Everything at once and in any order, by one who doesn't care."""
    rng = random.Random(int(os.environ.get("SEED", "5")))
    policies = [["*:*"], ["one.example:*", "slow3.example"], ["none"], ["*.example:8080", ONE]]
    ZONE["slow3.example"] = lambda query, q: [0.05, answer(query, [(q.name, A, ONE, 0)])]
    hosts = ["one", "two", "six", "slow3", "lost", "broken", "private", "n5.wild", "gone"]
    firsts = [b"x" * 5000, b"SOURCE 300000\n", b"SINK\n", b"RESET\n", b"HALF\n", b"\x16\x03\x01",
              hello("one.example"), b"GET / HTTP/1.1\r\nHost: one.example\r\n\r\n", b""]
    acts = [lambda s: s.recv(65536), lambda s: s.send(bytes(30000)), reset, lambda s: s.close(),
            lambda s: s.shutdown(socket.SHUT_WR), lambda s: s.send(b"!", socket.MSG_OOB)]
    udp = w.a.sandbox.make_socket(kind=socket.SOCK_DGRAM)
    udp.connect(("198.18.0.1", 53))
    udp.setblocking(False)
    addresses, open_ones = ["198.18.0.2"], []
    end = time.monotonic() + 5
    while time.monotonic() < end:
        if rng.random() < 0.01:
            w.a.allow(*rng.choice(policies), servers=SERVERS[:rng.randrange(0, 4)])
        with contextlib.suppress(OSError):
            udp.send(encode_query(rng.choice(hosts) + ".example"))
        with contextlib.suppress(OSError):
            addresses += Reply(udp.recv(512)).addresses
        with contextlib.suppress(OSError):
            s = w.a.sandbox.make_socket()
            s.setblocking(False)
            open_ones.append(s)
            s.connect_ex((rng.choice(addresses[-20:]), rng.choice([RAW, TLS, TLS, 53])))
        for _ in range(3):
            s = rng.choice(open_ones)
            with contextlib.suppress(OSError):
                rng.choice(acts)(s) if rng.random() < 0.5 else s.send(rng.choice(firsts))
        if len(open_ones) > 300:
            open_ones.pop(rng.randrange(300)).close()
    for s in open_ones:
        s.close()
    allow(w.a, "one.example:8080")
    tap.equal("it works on", w.a.talk("one.example", RAW, b"x"), b"x(end)")
    w.a.allow("none")
    tap.check("and holds nothing that is over", wait_until(lambda: w.a.descriptors() < 25, 15),
              w.a.descriptors())
    tap.check("but the connections' lines", len(w.a.lines()) > 100)


def told(lines):
    """How many times something happened that these lines tell of, or say that they miss."""
    lost = [line["count"] for line in lines if line["event"] == "lost"]
    return sum(1 + line.get("repeated", 0) for line in lines if line["event"] != "lost") + max(lost, default=0)


def long_name(number):
    return f"{number:-<60}.{number:x<60}.example"


def test_log(w):
    e = Egress(w.appliance, [(V4, RAW)])
    allow(e, "one.example", "gone.example", "broken.example")
    for name in ("one.example", "gone.example", "broken.example", "evil.example"):
        e.ask(name)
    lines = e.lines()
    tap.check("every line is JSON, with its time", all(
        line["time"][:2] == "20" and line["event"] in ("lookup", "connect", "refused")
        for line in lines))
    tap.equal("answers are of four kinds", [line["answer"] for line in lines],
              ["ok", "nxdomain", "failed", "denied"])
    for _ in range(100):
        e.ask("again.example")
    again = [x for x in e.lines() if x.get("name") == "again.example"]
    tap.check("the same refusal is not written a hundred times", len(again) <= 3, len(again))
    tap.equal("but counted", told(again), 100)
    tap.check("and the last one has its time", all(x["last"] >= x["time"] for x in again if "repeated" in x))
    end_log(e)


def end_log(e):
    tap.equal("it has not complained", (e.has_ended(), e.console()), (None, ""))
    e.end()


def test_log_flood(w):
    """A flood of one kind leaves the others alone, and what came before it; nothing goes unsaid."""
    e = Egress(w.appliance, [(V4, RAW)])
    allow(e, "one.example:8080", "*.wild.example:8080")
    e.talk("one.example", RAW, b"mine")
    e.ask("evil.example")
    e.wait_line(event="connect", sent=4)
    for i in range(3000):
        e.ask(long_name(i))
    refusals = e.lines("refusals")
    tap.check("not all of a flood is written", len(refusals) < 2000, len(refusals))
    tap.equal("how much isn't is said", told(refusals), 3001)
    tap.equal("what came before it is there", next(x for x in refusals if x["event"] != "lost")["name"], "evil.example")
    tap.check("other kinds are left alone", e.wait_line(event="connect", sent=4)
              and e.wait_line(event="lookup", name="one.example", answer="ok"))
    before = told(e.lines("lookups"))
    for i in range(4000):
        e.ask(f"n{i % 150}.wild.example")
    lookups = e.lines("lookups")
    tap.equal("allowed names that are asked for again and again are counted", told(lookups) - before, 4000)
    tap.check("in few lines", len(lookups) < 1500, len(lookups))
    for i in range(900):
        e.talk(f"n{i % 3}.wild.example", RAW, b"some")
    connections = e.lines("connections")
    tap.check("so are connections", wait_until(lambda: told(e.lines("connections")) == 901, 5), told(e.lines("connections")))
    tap.equal("with all their bytes", sum(x["sent"] for x in e.lines("connections")), 901 * 4)
    tap.check("in less lines", len(connections) < 900, len(connections))
    end_log(e)


def test_log_turns(w):
    """Over restarts, which let more be written at once."""
    e = Egress(w.appliance, [(V4, RAW)])
    allow(e, "one.example")
    e.ask("one.example")
    count = 0
    for _ in range(8):
        for _ in range(700):
            e.ask(long_name(count))
            count += 1
        e.end()
        with open(max((p for p in e.logs if "refusals" in p), key=os.path.getmtime), "ab") as f:
            f.write(b'{"number":99999999,"time":"half a li')
        e.start()
        allow(e, "one.example")
    sizes = [os.path.getsize(p) for p in e.logs]
    tap.check("two files of 256 KiB", all(s <= LOG_BYTES for s in sizes) and sum(sizes) > LOG_BYTES, sizes)
    lines = e.lines("refusals")
    tap.equal("what was pushed out is counted with the rest", told(lines), count)
    first = next(x for x in lines if x["event"] != "lost")
    tap.check("it is the oldest that went", int(first["name"].partition("-")[0]) > 700, first)
    tap.equal("of another kind nothing", len(e.lines("lookups")), 1)
    end_log(e)


def test_restart(w):
    lines = len(w.a.lines())
    allow(w.a, "one.example:8080")
    s = w.a.connect("one.example", RAW)
    s.sendall(b"x")
    s.recv(1)
    w.a.end()
    tap.check("killed, its connections are gone", is_reset(s) or s.recv(1) == b"")
    counted = w.a.counts()
    newest = max(w.a.logs, key=os.path.getmtime)
    with open(newest, "ab") as f:
        f.write(b'{"half a li')
    w.a.start()
    tap.equal("a new one allows nothing yet", w.a.ask("one.example").rcode, NXDOMAIN)
    allow(w.a, "one.example:8080")
    tap.equal("then it works", w.a.talk("one.example", RAW, b"x"), b"x(end)")
    more = (1, 6, 1, 1)
    tap.check("and counts on", wait_until(lambda: w.a.counts() == tuple(map(sum, zip(counted, more))), 5),
              (counted, w.a.counts()))
    tap.check("and its log goes on", len(w.a.lines()) > lines / 2)


def test_start(w):
    few = Egress(w.appliance, [(V4, RAW)], files=1024)
    tap.check("too few descriptors are not enough to start", wait_until(lambda: few.has_ended() == 256, 5))
    tap.check("and it says so", "RLIMIT_NOFILE" in few.console(), few.console())


def test_still_there(w):
    for egress in (w.a, w.b):
        tap.equal("it has not ended", egress.has_ended(), None)
        tap.equal("nor complained", egress.console(), "")


TESTS = [test_before_a_policy, test_questions, test_bad_questions, test_lookups, test_connections,
         test_counts, test_networks_of_the_operator, test_ends, test_tls, test_http_and_ipv6,
         test_policy_changes, test_many, test_many_to_one, test_ports, test_ports_of_lookups, test_ports_of_connections,
         test_bulk, test_slow_readers, test_chaos, test_log, test_log_flood, test_log_turns, test_restart, test_start,
         test_still_there]


def main():
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    only = os.environ.get("ONLY", "").split()
    w = World()
    try:
        tap.each(w, *(t for t in TESTS if t.__name__ in only or not only))
    finally:
        for egress in (w.a, w.b):
            with contextlib.suppress(OSError):
                egress.end()


if __name__ == "__main__":
    run_unshared()
    tap.run(main)
