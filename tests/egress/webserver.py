# SPDX-License-Identifier: MIT
"""What the internet serves by HTTP and TLS in these tests, and what came of it: requests as a server
reads them, and the names that TLS clients have asked for."""

import contextlib
import hashlib
import ssl
import subprocess
import threading
from collections import namedtuple

from world import Server

Request = namedtuple("Request", "method target host body")

BLOCK = bytes(range(256)) * 256


class Seen:
    """What has come, in its order; waited for by others than who adds to it."""

    def __init__(self):
        self.all = []
        self.changed = threading.Condition()

    def add(self, what):
        with self.changed:
            self.all.append(what)
            self.changed.notify_all()

    def wait(self, condition, seconds=10):
        """Whether the condition on the list has come to hold."""
        with self.changed:
            return self.changed.wait_for(lambda: condition(self.all), seconds)

    def clear(self):
        with self.changed:
            self.all.clear()


def head(status, *fields):
    return "\r\n".join([f"HTTP/1.1 {status}", *fields, "", ""]).encode()


class Web(Server):
    """An HTTP/1.1 server at port 80 of every address, which keeps connections. It believes whatever
    it is told, as far as it can. The target says what it does: see answer()."""

    def __init__(self, internet, port=80):
        self.requests = Seen()
        self.ends = Seen()  # of connections: "end" or "reset"
        self.may_answer = threading.Event()  # for /held
        self.internet, self.port = internet, port
        self.hear(internet.listen("0.0.0.0", port))

    def forget(self):
        """Forget what has come, when all connections made so far have ended: none is heard of later."""
        with self.internet.make_socket() as s:
            s.connect(("127.0.0.1", self.port))
            s.sendall(b"GET / HTTP/1.1\r\n\r\n")
            s.recv(1)  # it was the last one in the queue
        self.may_answer.set()
        for thread in self.threads:
            thread.join(10)
        self.may_answer.clear()
        self.requests.clear()
        self.ends.clear()

    def serve(self, s):
        end = "end"
        with s, s.makefile("rb") as stream:
            try:
                while (request := self.read(stream)) and self.answer(s, stream, request):
                    pass
            except OSError:
                end = "reset"
        self.ends.add(end)

    def read(self, stream):
        line = stream.readline()
        if not line.strip():
            return None
        method, target, *_ = line.decode("latin-1").split()
        fields = {}
        while (line := stream.readline()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            fields[name.strip().lower()] = value.strip()
        if not line:
            return None  # without its end it is no request
        if fields.get("expect") and not target.startswith("/silent"):
            self.interim(stream, "100 Continue")
        body = self.read_chunks(stream) if "transfer-encoding" in fields \
            else self.take(stream, int(fields.get("content-length", 0)))
        request = Request(method, target, fields.get("host"), body)
        self.requests.add(request)
        return request

    def interim(self, stream, status):
        stream.raw._sock.sendall(head(status))

    def take(self, stream, count):
        """The body; of a large one its hash."""
        if count < 1 << 20:
            return stream.read(count)
        whole = hashlib.sha256()
        while count > 0 and (part := stream.read(min(count, 1 << 20))):
            whole.update(part)
            count -= len(part)
        return whole.hexdigest()

    def read_chunks(self, stream):
        parts = []
        while size := int(stream.readline().strip() or b"0", 16):
            parts.append(stream.read(size))
            stream.readline()
        while stream.readline().strip():
            pass
        return b"".join(parts)

    def answer(self, s, stream, request):
        """Returns whether another request may follow."""
        if request.target.startswith("/held"):
            self.may_answer.wait(20)
        if request.target.startswith("/early"):
            s.sendall(head("103 Early Hints", "Link: </x>"))
        if request.target.endswith("/switch"):
            s.sendall(head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: x"))
            while data := stream.read1(65536):
                self.requests.add(data)
                s.sendall(data)
            return False
        if request.target.startswith("/bytes/"):
            count = int(request.target[7:])
            s.sendall(head("200 OK", f"Content-Length: {count}"))
            for at in range(0, count, len(BLOCK)):
                s.sendall(BLOCK[:min(len(BLOCK), count - at)])
            return True
        body = f"{request.host} {request.target}".encode()
        s.sendall(head("200 OK", f"Content-Length: {len(body)}") + body)
        return not request.target.endswith("/close")


def make_certificate(where):
    """A self-signed one, in the directory: the paths of certificate and key."""
    paths = where + "/cert.pem", where + "/key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1",
                    "-nodes", "-subj", "/CN=example", "-days", "30", "-out", paths[0], "-keyout", paths[1]],
                   check=True, capture_output=True)
    return paths


class Secure(Server):
    """A TLS server of OpenSSL's at port 443 of an address, that knows one group alone: a client that
    has guessed another one gets a HelloRetryRequest. It echoes."""

    def __init__(self, internet, address, certificate, group):
        self.names = Seen()  # that clients have asked for, each as OpenSSL understood it
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(*certificate)
        self.context.set_ecdh_curve(group)
        self.context.sni_callback = lambda _, name, __: self.names.add(name)
        self.hear(internet.listen(address, 443))

    def serve(self, s):
        with contextlib.suppress(OSError), self.context.wrap_socket(s, server_side=True) as tls:
            while data := tls.recv(65536):
                tls.sendall(data)


class OpenSslServer:
    """openssl s_server at port 443 of an address, with early data, and what it has printed."""

    def __init__(self, internet, address, certificate, groups):
        self.lines = Seen()
        with internet.inside():
            self.process = subprocess.Popen(
                ["openssl", "s_server", "-accept", f"{address}:443", "-cert", certificate[0],
                 "-key", certificate[1], "-cert2", certificate[0], "-key2", certificate[1], "-servername", "x",
                 "-groups", groups, "-tls1_3", "-early_data", "-no_anti_replay"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.add(line.decode("latin-1").strip())

    def end(self):
        self.process.kill()
        self.process.wait()

