# SPDX-License-Identifier: MIT
"""What the tests' network has beside its DNS: HTTP and TLS servers for any name, a TCP server that
does as it is told, and a log of all that arrived."""

import hashlib
import select
import shutil
import socket
import ssl
import subprocess
import threading
import time

from network import any_socket, plain

BLOCK = bytes(range(256)) * 1024  # 256 KiB of the stream that each source is
HTTP_PORTS, TLS_PORTS, TCP_PORT, UDP_PORTS = (80, 8080), (443, 8443), 5000, (443, 5000)
BACKLOG = 1024


def stream_hash(count):
    """The SHA-256 of the first count bytes of the stream."""
    whole = hashlib.sha256()
    for at in range(0, count, len(BLOCK)):
        whole.update(BLOCK[: min(len(BLOCK), count - at)])
    return whole.hexdigest()


def make_certificates(where, names):
    """Make an authority, and a certificate of its for the names, in the directory where. Returns the
    authority's path, and an SSLContext of a server."""
    shutil.rmtree(where, ignore_errors=True)
    where.mkdir(parents=True)

    def openssl(*words):
        subprocess.run(["openssl", *words], cwd=where, check=True, capture_output=True)

    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    (where / "names").write_text("subjectAltName=" + ",".join(f"DNS:{name}" for name in names))
    openssl("req", "-x509", *key, "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=Squash tests",
            "-days", "3650", "-addext", "keyUsage=critical,keyCertSign")  # fmt: skip
    openssl("req", *key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server")
    openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-days", "3650",
            "-CAcreateserial", "-extfile", "names", "-out", "server.pem")  # fmt: skip
    return load_certificates(where)


def load_certificates(where):
    """What make_certificates() has made there."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(where / "server.pem", where / "server.key")
    return where / "ca.pem", context


class Arrival:
    """A connection that has come: when, at which address and port. words: what became of it."""

    def __init__(self, sock):
        self.at = time.monotonic()
        address, self.port, *_ = sock.getsockname()
        self.address = plain(address)
        self.sock = sock
        self.words = []

    def __repr__(self):
        return f"{self.address}:{self.port} {self.words}"


class Servers:
    """All servers but DNS. pages: {(host, path): bytes} for what HTTP answers, else it says where the
    request arrived. arrivals and datagrams: what came. http_ports, tls_ports: where."""

    def __init__(self, tls_context, pages=None, http_ports=HTTP_PORTS, tls_ports=TLS_PORTS):
        self.pages = pages or {}
        self.arrivals, self.datagrams = [], []
        self.changed = threading.Condition()
        for port in http_ports:
            self._listen(port, self._serve_http)
        for port in tls_ports:
            self._listen(port, lambda a: self._serve_tls(a, tls_context))
        self._listen(TCP_PORT, self._serve_tcp)
        for port in UDP_PORTS:
            sock = any_socket(socket.SOCK_DGRAM, port)
            threading.Thread(target=self._collect, args=(sock,), daemon=True).start()

    def count(self, address=None, port=None):
        """How many connections have arrived there."""
        with self.changed:
            return sum(
                address in (None, a.address) and port in (None, a.port) for a in self.arrivals
            )

    def last(self, address):
        """The last connection that has arrived there."""
        with self.changed:
            return [a for a in self.arrivals if a.address == address][-1]

    def find(self, address, word):
        """One that has arrived there and come to the word."""
        with self.changed:
            return next(a for a in self.arrivals if a.address == address and word in a.words)

    def wait_word(self, arrival, word, seconds=10):
        """Wait until what has become of the connection includes the word; whether it does."""
        deadline = time.monotonic() + seconds
        with self.changed:
            while word not in arrival.words:
                if not self.changed.wait(max(0, deadline - time.monotonic())):
                    return False
        return True

    def _note(self, arrival, word):
        with self.changed:
            arrival.words.append(word)
            self.changed.notify_all()

    def _collect(self, sock):
        while True:
            data, peer = sock.recvfrom(65535)
            with self.changed:
                self.datagrams.append((data, peer))

    def _listen(self, port, serve):
        listener = any_socket(socket.SOCK_STREAM, port)
        listener.listen(BACKLOG)

        def run(arrival):
            with arrival.sock:
                try:
                    serve(arrival)
                except OSError as error:  # ssl.SSLError is one
                    self._note(arrival, f"{type(error).__name__}")

        def accept():
            while True:
                arrival = Arrival(listener.accept()[0])
                with self.changed:
                    self.arrivals.append(arrival)
                    self.changed.notify_all()
                threading.Thread(target=run, args=(arrival,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()

    # HTTP, plain or in TLS

    def _serve_tls(self, arrival, context):
        with context.wrap_socket(arrival.sock, server_side=True) as sock:
            self._answer_http(arrival, sock)

    def _serve_http(self, arrival):
        self._answer_http(arrival, arrival.sock)

    def _answer_http(self, arrival, sock):
        """One request; a request's body is not read but for its length."""
        head = b""
        while b"\r\n\r\n" not in head:
            data = sock.recv(65536)
            if not data:
                self._note(arrival, "no request")
                return
            head += data
        lines = head.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        path = lines[0].split()[1]
        fields = dict(line.lower().split(": ", 1) for line in lines[1:] if ": " in line)
        host = fields.get("host", "")
        self._note(arrival, f"{host} {path}")
        if path.startswith("/bytes/"):
            self._send_stream(sock, int(path[7:]), b"HTTP/1.1 200 OK\r\nConnection: close\r\n")
            return
        page = self.pages.get((host.partition(":")[0], path))
        if page is None and host.partition(":")[0] in {h for h, _ in self.pages}:
            sock.sendall(
                b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            return
        kind, body = page or ("text/plain", f"reached {arrival.address} {host}\n".encode())
        sock.sendall(
            f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n".encode() + body
        )

    def _send_stream(self, sock, count, head=None):
        if head:
            sock.sendall(head + f"Content-Length: {count}\r\n\r\n".encode())
        for at in range(0, count, len(BLOCK)):
            sock.sendall(BLOCK[: min(len(BLOCK), count - at)])

    # Raw TCP: the first line says what is wanted

    def _serve_tcp(self, arrival):
        sock, line = arrival.sock, b""
        while not line.endswith(b"\n"):
            byte = sock.recv(1)
            if not byte:
                self._note(arrival, "no line")
                return
            line += byte
        verb, *words = line.decode().split()
        self._note(arrival, verb)
        getattr(self, f"_do_{verb}")(arrival, sock, *words)

    def _do_echo(self, arrival, sock):
        while data := sock.recv(65536):
            sock.sendall(data)
        self._note(arrival, "end")

    def _do_hello(self, arrival, sock):
        sock.sendall(f"reached {arrival.address}\n".encode())

    def _do_sink(self, arrival, sock):
        """All there is until the client shuts down its side; then how many bytes of which hash."""
        count, whole = 0, hashlib.sha256()
        while data := sock.recv(1 << 20):
            count += len(data)
            whole.update(data)
        sock.sendall(f"{count} {whole.hexdigest()}\n".encode())
        self._note(arrival, f"sunk {count}")

    def _do_source(self, arrival, sock, count):
        """So much of the stream, our side shut down; then what the client still sends."""
        self._send_stream(sock, int(count))
        sock.shutdown(socket.SHUT_WR)
        self._note(arrival, "shut")
        late = b""
        while data := sock.recv(65536):
            late += data
        self._note(arrival, f"late {late.decode()}")

    def _do_reset(self, arrival, sock):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    def _do_hold(self, arrival, sock):
        """Says so, and holds on until the client is gone."""
        sock.sendall(b"held\n")
        poll = select.poll()
        poll.register(sock, select.POLLIN | select.POLLRDHUP)
        poll.poll()
        self._note(arrival, "gone")
