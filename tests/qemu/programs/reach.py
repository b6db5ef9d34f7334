# SPDX-License-Identifier: MIT
"""Inside a sandbox: tries to reach what standard input, JSON, lists as [tool, argument...], all at
once, and prints a word for each: "ok", "no name", "unreachable", "refused", "reset", "closed" ..."""

import concurrent.futures
import errno
import hashlib
import ipaddress
import json
import resource
import select
import socket
import ssl
import struct
import subprocess
import sys
import time

SECONDS = 25
RESOLVER = ("198.18.0.1", 53)
SYNTHETIC = ipaddress.ip_network("198.18.0.0/15")
CODES = {0: "ok", 1: "format error", 2: "server failed", 3: "no name", 4: "not done", 5: "denied"}
ERRORS = {
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",  # an IPv6 address where there is no route for one
    errno.EACCES: "unreachable",
    errno.ECONNREFUSED: "refused",
    errno.ECONNRESET: "reset",
    errno.EPIPE: "reset",
}


def raw(text):
    """Text in which \\x00 and the like stand for bytes."""
    return text.encode("latin-1").decode("unicode_escape").encode("latin-1")


def name_on_wire(text):
    name = raw(text)
    return b"".join(bytes([len(part)]) + part for part in name.split(b".") if part) + b"\0"


def read_dns(message, number):
    if struct.unpack_from(">H", message)[0] != number:
        return "another id"
    code, answers = message[3] & 15, struct.unpack_from(">H", message, 6)[0]
    if code or not answers:
        return CODES[code] if code else "no data"
    address = ipaddress.ip_address(message[-4:])
    return "ok" if address in SYNTHETIC else f"answered {address}"


def dns_query(wire, kind, number):
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + wire + struct.pack(">HH", kind, 1)


def do_udp_dns(name, kind=1, wire=None):
    query = dns_query(bytes.fromhex(wire) if wire else name_on_wire(name), kind, 4711)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.settimeout(SECONDS)
        s.connect(RESOLVER)
        s.send(query)
        return read_dns(s.recv(4096), 4711)


def do_tcp_dns(name, kind=1, wire=None):
    query = dns_query(bytes.fromhex(wire) if wire else name_on_wire(name), kind, 4712)
    with socket.create_connection(RESOLVER, SECONDS) as s, s.makefile("rb") as stream:
        s.sendall(struct.pack(">H", len(query)) + query)
        head = stream.read(2)
        if len(head) < 2:
            return "closed"
        return read_dns(stream.read(struct.unpack(">H", head)[0]), 4712)


def find(host, port, kind):
    """What glibc makes of the host: family and address. Bytes, so that Python makes nothing of it."""
    family, _, _, _, address = socket.getaddrinfo(raw(host), port, type=kind)[0]
    return family, address


def connect(host, port):
    family, address = find(host, port, socket.SOCK_STREAM)
    s = socket.socket(family, socket.SOCK_STREAM)
    s.settimeout(SECONDS)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect(address)
    return s


def read_all(s):
    data = b""
    while part := s.recv(65536):
        data += part
    return data


def judge(data):
    """The servers say "reached" to who has come to them."""
    if b"reached" in data:
        return "ok"
    return "closed" if not data else f"read {data[:60]!r}"


def do_http(host, port=80, name=None):
    name = host if name is None else name
    with connect(host, port) as s:
        line = f"Host: {name}\r\n" if name else ""
        s.sendall(f"GET / HTTP/1.1\r\n{line}Connection: close\r\n\r\n".encode("latin-1"))
        return judge(read_all(s))


def do_tls(host, port=443, name=None):
    name = host if name is None else name
    context = ssl.create_default_context()
    with connect(host, port) as s, context.wrap_socket(s, server_hostname=name) as tls:
        tls.sendall(f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode())
        return judge(read_all(tls))


def hello(name):
    """The ClientHello of a client that wants this name, or none."""
    context = ssl.create_default_context()
    context.check_hostname = False
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname=name)
    try:
        tls.do_handshake()
    except ssl.SSLWantReadError:
        pass
    return outgoing.read()


def records(data, size):
    """The same handshake message in TLS records of size bytes."""
    message = data[5:]
    parts = [message[i : i + size] for i in range(0, len(message), size)]
    return b"".join(data[:3] + struct.pack(">H", len(part)) + part for part in parts)


def send(host, port, data, pieces=1):
    """Send data in so many segments; what the other side makes of it."""
    with connect(host, port) as s:
        size = -(-len(data) // pieces)
        for at in range(0, len(data), size):
            if at:
                time.sleep(0.05)  # segments of their own
            s.sendall(data[at : at + size])
        reply = s.recv(65536)
        return "ok" if reply[:1] == b"\x16" else judge(reply)


def do_hello(host, name, pieces=1, port=443, size=0):
    data = hello(name)
    return send(host, port, records(data, size) if size else data, pieces)


def do_bytes(host, port, text, pieces=1):
    return send(host, port, raw(text), pieces)


def do_tcp(host, port=5000):
    with connect(host, port) as s:
        s.sendall(b"hello\n")
        return judge(read_all(s))


BLOCK = bytes(range(256)) * 1024  # the servers' stream


def stream(count):
    for at in range(0, count, len(BLOCK)):
        yield BLOCK[: min(len(BLOCK), count - at)]


def do_sink(host, port, count):
    """Send so much, shut down our side, and be told what has arrived."""
    whole = hashlib.sha256()
    with connect(host, port) as s:
        s.sendall(b"sink\n")
        for part in stream(count):
            s.sendall(part)
            whole.update(part)
        s.shutdown(socket.SHUT_WR)
        told = read_all(s).decode().split()
        return "ok" if told == [str(count), whole.hexdigest()] else f"told {told}"


def do_source(host, port, count, late=""):
    """Take so much, to the end; and only then send what is left to be said."""
    got, expected, size = hashlib.sha256(), hashlib.sha256(), 0
    for part in stream(count):
        expected.update(part)
    with connect(host, port) as s:
        s.sendall(f"source {count}\n".encode())
        while part := s.recv(1 << 20):
            got.update(part)
            size += len(part)
        s.sendall(late.encode())
        s.shutdown(socket.SHUT_WR)
        return "ok" if got.digest() == expected.digest() else f"{size} bytes"


def do_many(hosts, port, count):
    """So many connections at once, to the hosts in turn, each until the server has said that it is
    held."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    found = [find(host, port, socket.SOCK_STREAM) for host in hosts]
    poll, waiting, held, lost = select.poll(), {}, [], 0
    for i in range(count):
        family, address = found[i % len(found)]
        s = socket.socket(family, socket.SOCK_STREAM)
        s.setblocking(False)
        s.connect_ex(address)
        waiting[s.fileno()] = s
        poll.register(s, select.POLLOUT)
    while waiting and (events := poll.poll(SECONDS * 1000)):
        for fd, event in events:
            s = waiting[fd]
            try:
                if event == select.POLLOUT:
                    s.send(b"hold\n")
                    poll.modify(s, select.POLLIN)
                    continue
                good = s.recv(100) == b"held\n"
            except OSError:
                good = False
            poll.unregister(fd)
            del waiting[fd]
            if good:
                held.append(s)
            else:
                lost += 1
                s.close()
    result = f"{len(held)} held, {lost} lost, {len(waiting)} waiting"
    for s in held:
        s.close()
    return result


def do_hold(host, port, file):
    """Hold a connection, which the file says, until it is cut."""
    with connect(host, port) as s:
        s.sendall(b"hold\n")
        assert s.recv(100) == b"held\n"
        with open(file, "w") as f:
            f.write("held")
        s.settimeout(None)
        try:
            return "closed" if not s.recv(100) else "read"
        except ConnectionResetError:
            return "reset"


def do_silence(host, port):
    """Connect and say nothing."""
    with connect(host, port) as s:
        return judge(s.recv(100))


def do_udp(host, port=5000, data="datagram"):
    family, address = find(host, port, socket.SOCK_DGRAM)
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(3)
        s.connect(address)
        s.send(data.encode())
        return f"read {s.recv(1000)!r}"


def do_quic(host):
    return do_udp(host, 443, "\x40squash" + "q" * 1200)


def do_icmp(host):
    family, address = find(host, 0, socket.SOCK_DGRAM)
    six = family == socket.AF_INET6
    protocol = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    with socket.socket(family, socket.SOCK_DGRAM, protocol) as s:
        s.settimeout(3)
        s.connect(address)
        s.send(struct.pack(">BBHHH", 128 if six else 8, 0, 0, 0, 1) + b"squash-ping")
        s.recv(1000)
        # By the sandbox's own kernel: the network says whether anything has left.
        return "answered"


def do_shell(command):
    """What a program prints that has come through: "reached". Else the code it ended with."""
    done = subprocess.run(
        ["/bin/sh", "-c", command], capture_output=True, timeout=SECONDS, check=False
    )
    if b"reached" in done.stdout:
        return "ok"
    return (
        f"failed {done.returncode} {(done.stderr or done.stdout)[-200:].decode('utf-8', 'replace')}"
    )


def attempt(case):
    tool, *arguments = case
    try:
        return globals()[f"do_{tool}"](*arguments)
    except socket.gaierror as error:
        return {-2: "no name", -3: "try again", -5: "no name"}.get(error.errno, str(error))
    except TimeoutError:
        return "timeout"
    except subprocess.TimeoutExpired:
        return "timeout"
    except ssl.SSLEOFError:
        return "closed"
    except ssl.SSLError as error:
        return f"tls {error.reason}"
    except OSError as error:
        return ERRORS.get(error.errno) or f"{type(error).__name__} {error}"
    except ValueError:  # a NUL, or a label that is too long: no query has been made
        return "no name"


def main():
    cases = json.load(sys.stdin)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        json.dump(list(pool.map(attempt, cases)), sys.stdout)


main()
