# SPDX-License-Identifier: MIT
"""A DNS server that does for each name what a test wants of it: right answers, wrong ones, late
ones, none."""

import socket
import struct
import threading
import time

TYPES = {1: "A", 5: "CNAME", 6: "SOA", 28: "AAAA"}
NUMBERS = {name: number for number, name in TYPES.items()}
QUESTION, TRUNCATED, NXDOMAIN = 0x8180, 0x0200, 3  # flags of an answer, RFC 1035 4.1.1


def encode(name):
    """A name, text or bytes, as on the wire. Labels are what dots part; nothing is checked."""
    if isinstance(name, str):
        name = name.encode()
    return b"".join(bytes([len(label)]) + label for label in name.split(b".") if label) + b"\0"


def query(name, kind, number=0x5351):
    """A query, as a client sends it."""
    wire = name if isinstance(name, bytes) else encode(name)
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + wire + struct.pack(">HH", kind, 1)


def record(name, kind, value, ttl):
    if kind in ("A", "AAAA"):
        data = socket.inet_pton(socket.AF_INET if kind == "A" else socket.AF_INET6, value)
    elif kind == "CNAME":
        data = encode(value)
    else:  # SOA, whose last number is the time that a negative answer holds
        data = encode("ns.test") + encode("root.test") + struct.pack(">5I", 1, 1, 1, 1, value)
    return encode(name) + struct.pack(">HHIH", NUMBERS[kind], 1, ttl, len(data)) + data


class Query:
    """What a client asks; answer() and the others are for the table's functions."""

    def __init__(self, raw, server, transport, send):
        self.raw, self.server, self.transport = raw, server, transport
        self.send = send  # bytes to the client; other(bytes): from another port
        self.number = int.from_bytes(raw[:2], "big")
        labels, at = [], 12
        while raw[at]:
            labels.append(raw[at + 1 : at + 1 + raw[at]].decode("latin-1"))
            at += 1 + raw[at]
        self.asked = ".".join(labels)  # as written
        self.name = self.asked.lower()
        self.type = TYPES.get(int.from_bytes(raw[at + 1 : at + 3], "big"), "other")
        self.question = raw[12 : at + 5]

    def message(self, records=(), flags=0, number=None, question=None, soa=None):
        """An answer. records: (name, type, value, ttl)."""
        ends = [record("test", "SOA", soa, soa)] if soa is not None else []
        head = struct.pack(
            ">6H",
            self.number if number is None else number,
            QUESTION | flags,
            1,
            len(records),
            len(ends),
            0,
        )
        asked = self.question if question is None else question
        return head + asked + b"".join([record(*r) for r in records] + ends)

    def address(self, kind, value, ttl=60, **other):
        """The answer that the name asked for has that address, or none of the type asked for."""
        records = [(self.name, kind, value, ttl)] if kind == self.type else []
        return self.message(records, **other)


class DnsServer:
    """Answers at some addresses. table: {name: what}; "*.x" is for all below x that have no entry of
    their own. what: {"A": [...], "AAAA": [...], "CNAME": name, "ttl": seconds}, or a function of the
    Query, which returns the answer or None, and may send by itself. Others don't exist.

    asked: [Query...], all there were."""

    def __init__(self, addresses, table):
        self.table, self.asked = table, []
        self._changed = threading.Condition()
        for address in addresses:
            udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            udp.bind((address, 53))
            tcp = socket.create_server((address, 53))
            threading.Thread(target=self._serve_udp, args=(address, udp), daemon=True).start()
            threading.Thread(target=self._serve_tcp, args=(address, tcp), daemon=True).start()

    def names(self):
        """Those that were asked for."""
        with self._changed:
            return {q.name for q in self.asked}

    def count(self, name, kind="A"):
        """How often one was asked for."""
        with self._changed:
            return sum(q.name == name and q.type == kind for q in self.asked)

    def wait(self, name, kind="A", count=1, seconds=10):
        """Wait until it has been asked for count times; whether it was."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while sum(q.name == name and q.type == kind for q in self.asked) < count:
                if not self._changed.wait(max(0, deadline - time.monotonic())):
                    return False
        return True

    def _serve_udp(self, address, sock):
        while True:
            raw, peer = sock.recvfrom(65535)

            def send(data, other=False, peer=peer):
                if other:
                    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
                        s.bind((address, 0))
                        s.sendto(data, peer)
                else:
                    sock.sendto(data, peer)

            # Each on its own: a slow one holds up no other.
            self._begin(raw, address, "udp", send)

    def _serve_tcp(self, address, listener):
        while True:
            sock = listener.accept()[0]
            threading.Thread(target=self._converse, args=(address, sock), daemon=True).start()

    def _converse(self, address, sock):
        with sock, sock.makefile("rb") as stream:
            while len(head := stream.read(2)) == 2:
                raw = stream.read(int.from_bytes(head, "big"))
                thread = self._begin(
                    raw,
                    address,
                    "tcp",
                    lambda data: sock.sendall(struct.pack(">H", len(data)) + data),
                )
                thread.join()

    def _begin(self, raw, address, transport, send):
        thread = threading.Thread(
            target=self._answer, args=(raw, address, transport, send), daemon=True
        )
        thread.start()
        return thread

    def _answer(self, raw, address, transport, send):
        q = Query(raw, address, transport, send)
        with self._changed:
            self.asked.append(q)
            self._changed.notify_all()
        what = self._find(q.name)
        reply = what(q) if callable(what) else self._look_up(q, what)
        if reply is not None:
            send(reply)

    def _find(self, name):
        if name in self.table:
            return self.table[name]
        labels = name.split(".")
        for i in range(1, len(labels)):
            if found := self.table.get("*." + ".".join(labels[i:])):
                return found
        return None

    def _look_up(self, q, what):
        if what is None:
            return q.message(flags=NXDOMAIN, soa=5)
        records, owner = [], q.name
        while "CNAME" in what:
            records.append((owner, "CNAME", what["CNAME"], what.get("ttl", 60)))
            owner = what["CNAME"]
            what = self._find(owner) or {}
            if len(records) > 20:  # a loop is told as far as it goes
                break
        records += [(owner, q.type, value, what.get("ttl", 60)) for value in what.get(q.type, [])]
        return q.message(records, soa=None if records else 5)
