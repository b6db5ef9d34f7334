#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""ask-health beside servers of Python's ssl: it takes an answer of the API, by the key of the first
certificate of the chain that it was given, and nothing else."""

import os
import socket
import ssl
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

import tap
from tap import check, equal

PROGRAM = Path(__file__).resolve().parents[2] / "build/bin/ask-health"
TIMEOUT_S = 2  # what init gives it is longer
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


def make_pair(work, name, *kind):
    """A key and a self-signed certificate: their paths."""
    key, chain = work / f"{name}.key", work / f"{name}.crt"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", *kind, "-nodes", "-subj", f"/CN={name}",
         "-keyout", key, "-out", chain, "-days", "30"],
        check=True, capture_output=True,
    )  # fmt: skip
    return key, chain


def serve(listener, context, answer, asked):
    """One connection: a TLS handshake (context None: none), then the answer; None: never one."""
    connection = listener.accept()[0]
    connection.settimeout(10)
    try:
        if context:
            connection = context.wrap_socket(connection, server_side=True)
        asked.append(connection.recv(4096))
        if answer is None:
            connection.recv(1)
        else:
            connection.sendall(answer)
    except OSError:  # it has gone away, as it should from some
        pass
    finally:
        connection.close()


def ask(pair, chain, answer, tls=True):
    """(exit status, what it says, what it asked)."""
    context, asked = None, []
    if tls:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(pair[1], pair[0])
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve, args=(listener, context, answer, asked))
        server.start()
        with socket.create_connection(listener.getsockname()) as end, open(chain, "rb") as file:
            timeout = struct.pack("ll", TIMEOUT_S, 0)
            # Python's own timeouts would make it one that doesn't block.
            end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, timeout)
            high = [os.dup(end.fileno()), os.dup(file.fileno())]
            for fd in high:
                os.set_inheritable(fd, True)
            command = f"exec {PROGRAM} 3<&{high[0]} 4<&{high[1]}"
            done = subprocess.run(
                ["bash", "-c", command], pass_fds=high, capture_output=True, text=True, check=False
            )
            for fd in high:
                os.close(fd)
        server.join()
    return done.returncode, done.stderr.strip(), b"".join(asked)


def main():
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        ec = make_pair(work, "ec", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        rsa = make_pair(work, "rsa", "rsa:2048")
        other = make_pair(work, "other", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1")
        two, garbage = work / "two.crt", work / "garbage.crt"
        two.write_bytes(ec[1].read_bytes() + rsa[1].read_bytes())
        garbage.write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        status, says, asked = ask(ec, ec[1], OK)
        equal("an answer by TLS, with a key of EC", (status, says), (0, ""))
        check("it has asked for health", asked.startswith(b"GET /cgi-bin/health HTTP/1.1\r\n"), asked)
        equal("with a key of RSA", ask(rsa, rsa[1], OK)[:2], (0, ""))
        equal("with a chain, of which the first counts", ask(ec, two, OK)[0], 0)
        denied = b"HTTP/1.1 401 Unauthorized\r\n\r\n"
        equal("that a token is wanted is an answer", ask(ec, ec[1], denied)[0], 0)
        for what, pair, chain, answer in (
            ("another's certificate", other, ec[1], OK),
            ("the second of a chain", rsa, two, OK),
            ("a certificate that can't be read", ec, garbage, OK),
            ("no certificate", ec, "/dev/null", OK),
            ("503", ec, ec[1], b"HTTP/1.1 503 Service Unavailable\r\n\r\n"),
            ("502", ec, ec[1], b"HTTP/1.1 502 Bad Gateway\r\n\r\n"),
            ("half a line", ec, ec[1], b"HTTP/1.1 20"),
            ("something else", ec, ec[1], b"220 mail.example ESMTP\r\n"),
            ("nothing", ec, ec[1], b""),
            ("silence", ec, ec[1], None),
        ):
            status, says, _ = ask(pair, chain, answer)
            check(f"no answer: {what}", status == 1 and says.startswith("ask-health: "), (status, says))
        equal("no answer: one without TLS", ask(ec, ec[1], OK, tls=False)[0], 1)


tap.run(main)
