# SPDX-License-Identifier: MIT
"""What the tests of front's TLS talk to it with: OpenSSL's programs, Python's ssl, and records made by
hand; and the keys and certificates that it is given."""

import os
import resource
import select
import socket
import ssl
import struct
import subprocess
import tempfile
from pathlib import Path

import tap

ADDRESS = "127.0.0.1"
CHANGE_CIPHER, ALERT, HANDSHAKE, DATA, HEARTBEAT = 20, 21, 22, 23, 24
FATAL, HANDSHAKE_FAILURE, PROTOCOL_VERSION, NO_PROTOCOL = 2, 40, 70, 120
GET = b"GET /cgi-bin/api HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
CONFIG = "[req]\ndistinguished_name = dn\n[dn]\n"


def run(*words, data=b"", timeout=30):
    """(exit status, all that it said)"""
    done = subprocess.run([str(w) for w in words], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=timeout)
    return done.returncode, done.stdout.decode("utf-8", "replace")


class Certificates:
    """Keys and certificates in a directory: NAME.key, NAME.crt."""

    def __init__(self, directory):
        self.directory = directory
        (directory / "config").write_text(CONFIG)

    def key(self, name):
        return self.directory / f"{name}.key"

    def chain(self, name):
        return self.directory / f"{name}.crt"

    def make(self, name, kind, issuer=None, ca=False, host="localhost", address=ADDRESS):
        """kind: "P-256", or "RSA 2048". With an issuer, its certificate comes behind this one."""
        family, _, size = kind.partition(" ")
        new = ["rsa:" + size] if family == "RSA" else ["ec", "-pkeyopt", "ec_paramgen_curve:" + kind]
        words = ["openssl", "req", "-x509", "-config", self.directory / "config", "-nodes", "-days", 9,
                 "-newkey", *new, "-keyout", self.key(name), "-out", self.chain(name), "-subj",
                 f"/CN={name}", "-addext", f"subjectAltName=DNS:{host},IP:{address}"]
        if issuer:
            words += ["-CA", self.chain(issuer), "-CAkey", self.key(issuer)]
        if ca:
            words += ["-addext", "basicConstraints=critical,CA:TRUE"]
        status, said = run(*words)
        if status != 0:
            raise RuntimeError(said)
        if issuer:
            with open(self.chain(name), "a", encoding="ascii") as f:
                f.write(self.chain(issuer).read_text())

    def pin(self, name):
        """What curl's --pinnedpubkey takes."""
        _, said = run("sh", "-c", f"openssl x509 -pubkey -noout -in {self.chain(name)} | "
                      "openssl pkey -pubin -outform der | openssl dgst -sha256 -binary | base64")
        return "sha256//" + said.strip()


def s_client(port, *words, data=b""):
    """What OpenSSL's client says. Without data it closes when it has shaken hands."""
    more = ["-ign_eof"] if data else []
    return run("openssl", "s_client", "-connect", f"{ADDRESS}:{port}", *more, *words, data=data)[1]


def trusting(**settings):
    """A context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    for name, value in settings.items():
        setattr(context, name, value)
    return context


def connect(port, address=ADDRESS, timeout=10, buffer=None):
    s = socket.socket()
    s.settimeout(timeout)
    s.bind((address, 0))
    if buffer:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    s.connect((ADDRESS, port))
    return s


def connect_tls(port, context=None, address=ADDRESS, **options):
    """Truncation is an error, as it should be for all."""
    s = connect(port, address, **options)
    return (context or trusting()).wrap_socket(s, server_hostname="localhost",
                                               suppress_ragged_eofs=False)


def read_all(s):
    """All that comes until the other side ends it, in order, or by a reset."""
    parts = []
    try:
        while part := s.recv(1 << 16):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def get(port, path="/cgi-bin/api", context=None, **options):
    """The reply to one request."""
    with connect_tls(port, context, **options) as s:
        s.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        return read_all(s)


class Typed:
    """A program that is typed to, and listened to until it says something."""

    def __init__(self, *words):
        self.process = subprocess.Popen(list(map(str, words)), stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.said = ""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def wait_for(self, text, seconds=10):
        """All that it has said, when that is in it, or it has ended, or has been silent so long."""
        descriptor = self.process.stdout.fileno()
        while text not in self.said and select.select([descriptor], [], [], seconds)[0]:
            if not (part := os.read(descriptor, 1 << 16)):
                break
            self.said += part.decode("utf-8", "replace")
        return self.said


# ---- records ----

def record(kind, payload, version=0x0303):
    return struct.pack(">BHH", kind, version, len(payload)) + payload


def message(kind, body):
    return bytes([kind]) + len(body).to_bytes(3, "big") + body


def extension(kind, body):
    return struct.pack(">HH", kind, len(body)) + body


def listed(numbers):
    return struct.pack(f">H{len(numbers)}H", 2 * len(numbers), *numbers)


GROUPS = extension(10, listed([29, 23]))
SIGNATURES = extension(13, listed([0x0403, 0x0401]))
SUITES = [0xC02B, 0xC02F]


def hello(version=0x0303, suites=SUITES, extensions=GROUPS + SIGNATURES, session=b"",
          compression=b"\0"):
    body = struct.pack(">H", version) + bytes(range(32)) + bytes([len(session)]) + session
    body += listed(suites) + bytes([len(compression)]) + compression
    if extensions is not None:
        body += struct.pack(">H", len(extensions)) + extensions
    return message(1, body)


def split(data):
    """(kind, payload) of the records of data."""
    records = []
    while len(data) >= 5:
        size = 5 + int.from_bytes(data[3:5], "big")
        records.append((data[0], data[5:size]))
        data = data[size:]
    return records


def exchange(port, *sent, shut=True):
    """Send that; the records that come until the end."""
    with connect(port) as s:
        try:
            for part in sent:
                s.sendall(part)
            if shut:
                s.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # it has had enough; what it said can be read
        return split(read_all(s))


def is_answered(records):
    """By a ServerHello."""
    return records[:1] != [] and records[0][0] == HANDSHAKE and records[0][1][0] == 2


def refusal(code):
    """The records of one."""
    return [(ALERT, bytes([FATAL, code]))]


# ---- the programs ----

def run_tests(make_world, tests):
    """main of a test program: make_world(directory) has the front. ONLY="test_x test_y" chooses."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    only = os.environ.get("ONLY", "").split()
    with tempfile.TemporaryDirectory() as directory:
        w = make_world(Path(directory))
        try:
            tap.each(w, *(t for t in tests if t.__name__ in only or not only))
            lines = w.front.console().splitlines()
            tap.equal("front has nothing to say but whose it is",
                      [line for line in lines if not line.startswith("TLS certificate, ")], [])
        finally:
            w.front.end()
