#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front on the booted image: the key and certificate of the first boot, the operator's own, what is
listened on, restarts. test_front_crowd.py has a crowd. What it does with each kind of request, and of TLS, is shown without
a machine by tests/front."""

import ssl
import subprocess
import time

import tap
from machine import WORK, Machine, data_disk, drive
from tap import check, equal
from tls_port import TlsPort

TOKEN = "front-token"
FINGERPRINT = r"^TLS certificate, SHA-256: ([0-9A-F:]{95}) \(([^)]+)\)"


def get_certificate(port):
    """The PEM of what answers there."""
    return ssl.get_server_certificate(("127.0.0.1", port))


def fingerprint(pem):
    command = ["openssl", "x509", "-noout", "-fingerprint", "-sha256"]
    done = subprocess.run(command, input=pem, capture_output=True, text=True, check=True)
    return done.stdout.strip().partition("=")[2]


def curl(*args):
    done = subprocess.run(["curl", "-sS", "--max-time", "20", *args],
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout


class Tls(TlsPort):
    """How curl reaches it."""

    def __init__(self):
        super().__init__()
        self.url = f"https://squash:{self.port}/cgi-bin"
        self.resolve = ["--resolve", f"squash:{self.port}:127.0.0.1"]


def test_first_boot(m, tls):
    shown = m.wait_console(FINGERPRINT)[1]
    m.wait_console(r"^API: https://10\.0\.3\.15:8443/")
    pem = get_certificate(tls.port)
    equal("the console shows the certificate's fingerprint", shown, fingerprint(pem))
    path = WORK / "front.pem"
    path.write_text(pem)
    trusted = [*tls.resolve, "--cacert", path]
    code, text = curl(*trusted, f"{tls.url}/health", "-H", f"Authorization: Bearer {TOKEN}")
    equal("curl trusts it by that, under the host's name", (code, text), (0, '{"status":"ok"}\n'))
    code, text = curl(*trusted, f"{tls.url}/health")
    equal("the token is asked for by TLS, too", (code, "unauthorized" in text), (0, True))
    equal("without it as an anchor it isn't trusted", curl(*tls.resolve, f"{tls.url}/health")[0], 60)
    modes = m.inside("stat -c '%a %U %n' /data/tls /data/tls/*")[1].split("\n")
    expected = ["700 root /data/tls", "644 root /data/tls/chain.pem", "600 root /data/tls/key.pem", ""]
    equal("the key is root's alone", modes, expected)
    listening = m.inside("awk '$4 == \"0A\" { print $2 }' /proc/net/tcp /proc/net/tcp6")[1].split()
    ports = {int(address.split(":")[1], 16) for address in listening}
    equal("without SQUASH_HTTP there is no plain port", ports, {8443})
    return shown


def test_restart(m, tls):
    """front dies; connections made meanwhile wait. A command goes on that nobody waits for any more."""
    m.inside("kill -9 $(pidof front)")
    started = time.monotonic()
    code, text = curl("-k", *tls.resolve, f"{tls.url}/health", "-H", f"Authorization: Bearer {TOKEN}")
    equal("a request made while front is being restarted is answered", (code, text), (0, '{"status":"ok"}\n'))
    tap.note(f"after {time.monotonic() - started:.1f} s")
    m.inside("kill -9 $(pidof httpd)")
    code, text = curl("-k", *tls.resolve, f"{tls.url}/health", "-H", f"Authorization: Bearer {TOKEN}")
    equal("and one while httpd is", (code, text), (0, '{"status":"ok"}\n'))


def test_boots():
    """One disk, three boots: the key stays; then the operator's own; then half of it."""
    image = data_disk("front", 64, b"SQUASH_AUTH_TOKEN=" + TOKEN.encode())
    tls = Tls()
    args = [*drive(image, snapshot=False), *tls.args]
    with Machine("front-first", "SQUASH_HTTP=0 SQUASH_PORT=8443", 512, args, guest=None) as m:
        first = test_first_boot(m, tls)
        test_restart(m, tls)
        make = ("cd /data/tls && mv chain.pem /data && sync")
        equal("one of the two files is taken away", m.inside(make)[0], 0)
        m.inside("kill -INT 1")
        m.wait_end(20)
    with Machine("front-half", "SQUASH_HTTP=1", 512, [*drive(image, snapshot=False)]) as m:
        m.token = TOKEN
        m.wait_console(r"^There is no TLS: of key\.pem and chain\.pem in tls/ one is missing")
        check("that a certificate is missing is said", True)
        m.wait_api()
        check("and plain HTTP is served, as it was asked for", True)
        own = ("mv /data/chain.pem /data/tls && sync")
        equal("it is put back", m.inside(own)[0], 0)
        m.inside("kill -INT 1")
        m.wait_end(20)
    with Machine("front-again", "SQUASH_HTTP=0", 512, args, guest=None) as m:
        equal("the key outlives reboots", m.wait_console(FINGERPRINT)[1], first)
        test_own(m, tls)


def test_own(m, tls):
    """The operator's own key and chain, put in place on the disk."""
    key, cert = WORK / "front-own.key", WORK / "front-own.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "30", "-subj", "/CN=own", "-addext", "subjectAltName=DNS:squash"],
                   capture_output=True, check=True)
    for path, name in ((key, "key.pem"), (cert, "chain.pem")):
        m.inside(f"cat >/data/tls/{name} <<'END'\n{path.read_text()}END")
    seen = len(m.console)
    m.inside("kill -9 $(pidof front)")
    shown = m.wait_console(FINGERPRINT, 20, seen)
    equal("front takes the operator's own", shown[1], fingerprint(cert.read_text()))
    equal("of RSA, too", shown[2], "RSA 2048")
    code, text = curl(*tls.resolve, "--cacert", cert, f"{tls.url}/health", "-H", f"Authorization: Bearer {TOKEN}")
    equal("and curl trusts it", (code, text), (0, '{"status":"ok"}\n'))


def main():
    tap.each_boot(test_boots)


tap.run(main)
