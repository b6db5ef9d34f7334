# SPDX-License-Identifier: MIT
"""The operator's DNS servers, as good and as bad as a test wants them, and what they were asked."""

import socket
import struct
import threading
import time
from collections import namedtuple

A, CNAME, SOA, MX, AAAA = 1, 5, 6, 15, 28
NXDOMAIN, SERVFAIL, FORMERR = 3, 2, 1

Question = namedtuple("Question", "id name type server port tcp")


def encode_name(name):
    out = b"".join(bytes([len(label)]) + label.encode() for label in name.split(".") if label)
    return out + b"\0"


def encode_query(name, kind=A, ident=0x1234, klass=1):
    wire = name if isinstance(name, bytes) else encode_name(name)
    return struct.pack(">6H", ident, 0x0100, 1, 0, 0, 0) + wire + struct.pack(">HH", kind, klass)


def decode_name(data, at):
    labels = []
    while data[at]:
        if data[at] >= 0xC0:
            rest, _ = decode_name(data, (data[at] & 0x3F) << 8 | data[at + 1])
            return ".".join(labels + [rest]), at + 2
        labels.append(data[at + 1:at + 1 + data[at]].decode("latin-1"))
        at += 1 + data[at]
    return ".".join(labels), at + 1


class Reply:
    """What the sandbox was answered: rcode, and addresses with their ttl."""

    def __init__(self, data):
        self.id, flags, _, count, _, _ = struct.unpack(">6H", data[:12])
        self.rcode = flags & 15
        self.addresses, self.ttl = [], None
        if len(data) == 12:
            return
        self.name, at = decode_name(data, 12)
        at += 4
        for _ in range(count):
            _, at = decode_name(data, at)
            kind, _, self.ttl, length = struct.unpack(">HHIH", data[at:at + 10])
            if kind == A:
                self.addresses.append(socket.inet_ntoa(data[at + 10:at + 10 + length]))
            at += 10 + length

    @property
    def address(self):
        return self.addresses[0] if self.addresses else None


def record(name, kind, value, ttl):
    if kind == A:
        data = socket.inet_aton(value)
    elif kind == AAAA:
        data = socket.inet_pton(socket.AF_INET6, value)
    elif kind == SOA:
        data = encode_name("ns.example") * 2 + struct.pack(">5I", 1, 1, 1, 1, ttl)
    else:
        data = encode_name(value)
    return encode_name(name) + struct.pack(">HHIH", kind, 1, ttl, len(data)) + data


def answer(query, records, rcode=0, truncated=False, ident=None):
    """records: (name, type, value, ttl)."""
    head = struct.pack(">6H", struct.unpack(">H", query[:2])[0] if ident is None else ident,
                       0x8180 | rcode | (0x0200 if truncated else 0), 1, len(records), 0, 0)
    _, end = decode_name(query, 12)
    return head + query[12:end + 4] + b"".join(record(*r) for r in records)


class Servers:
    """zone: name -> a function of (query, Question) that gives the replies to send, each bytes, or
    a number of seconds to wait; or a list of records (type, value, ttl)."""

    def __init__(self, internet, addresses, zone):
        self.zone = zone
        self.asked = []
        for address in addresses:
            udp = internet.make_socket(kind=socket.SOCK_DGRAM)
            udp.bind((address, 53))
            tcp = internet.listen(address, 53)
            threading.Thread(target=self.serve_udp, args=(udp, address), daemon=True).start()
            threading.Thread(target=self.serve_tcp, args=(tcp, address), daemon=True).start()

    def names(self):
        return [q.name for q in self.asked]

    def count(self, name):
        return self.names().count(name)

    def replies(self, query, server, port, tcp):
        name, at = decode_name(query, 12)
        kind = struct.unpack(">H", query[at:at + 2])[0]
        q = Question(struct.unpack(">H", query[:2])[0], name.lower(), kind, server, port, tcp)
        self.asked.append(q)
        known = self.zone.get(q.name)
        if known is None:
            return [answer(query, [], NXDOMAIN)]
        if callable(known):
            return known(query, q)
        return [answer(query, [(name, *r) for r in known if r[0] in (kind, CNAME)])]

    def send_all(self, replies, send):
        for reply in replies:
            if isinstance(reply, bytes):
                send(reply)
            else:
                time.sleep(reply)

    def serve_udp(self, s, server):
        while True:
            query, peer = s.recvfrom(4096)
            replies = self.replies(query, server, peer[1], False)
            threading.Thread(target=self.send_all, daemon=True,
                             args=(replies, lambda r, p=peer: s.sendto(r, p))).start()

    def serve_tcp(self, listener, server):
        while True:
            s, peer = listener.accept()
            with s:
                size = struct.unpack(">H", s.recv(2, socket.MSG_WAITALL))[0]
                query = s.recv(size, socket.MSG_WAITALL)
                self.send_all(self.replies(query, server, peer[1], True),
                              lambda r: s.sendall(struct.pack(">H", len(r)) + r))
