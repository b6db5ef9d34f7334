#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""What make-identity makes, by the judgement of OpenSSL, curl and Python; and what front makes of keys
and certificates that OpenSSL has made, through build/test/load-identity."""

import base64
import os
import re
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True

import tap

ROOT = Path(__file__).resolve().parents[2]
MAKE, LOAD = ROOT / "build/bin/make-identity", ROOT / "build/test/load-identity"
SINCE, FOREVER = 1546300800, 253402300799  # 2019-01-01T00:00:00Z, 9999-12-31T23:59:59Z
RUNS = 300
P256_ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551
ADDRESSES = ["10.1.2.3", "192.168.0.255", "fe80::1", "2001:db8::ffff:0"]
DIRECTORY = tempfile.TemporaryDirectory()  # until the end
WORK = Path(DIRECTORY.name)


def run(*words, data=None):
    """(whether it was well, all that it said)"""
    done = subprocess.run([str(w) for w in words], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


def openssl(*words, data=None):
    ok, said = run("openssl", *words, data=data)
    if not ok:
        raise RuntimeError(f"openssl {' '.join(map(str, words))}: {said}")
    return said


def make(*words, key=WORK / "made.key", certificate=WORK / "made.crt"):
    """Run make-identity: its exit status, stdout, stderr. An output that is None is not open."""
    def open_outputs():
        paths = ((3, key), (4, certificate))
        fds = [(fd, path and os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600))
               for fd, path in paths]
        high = [(fd, opened and os.dup2(opened, 100 + fd)) for fd, opened in fds]
        os.closerange(3, 100)
        for fd, opened in high:
            if opened:
                os.dup2(opened, fd)
        os.closerange(100, 110)
    done = subprocess.run([MAKE, *words], stdin=subprocess.DEVNULL, capture_output=True, env={},
                          preexec_fn=open_outputs, close_fds=False, timeout=60)
    return done.returncode, done.stdout, done.stderr.decode()


def verify(certificate, *more, trusted=None):
    """Whether OpenSSL takes it from a server whose certificate, this, it trusts; with its signature,
    which is not looked at of what is trusted anyway."""
    return run("openssl", "verify", "-x509_strict", "-check_ss_sig", "-purpose", "sslserver",
               "-CAfile", trusted or certificate, *more, certificate)


# ---- what make-identity makes ----

def test_make(_):
    key, certificate = WORK / "made.key", WORK / "made.crt"
    tap.equal("make-identity says nothing", make("squash", *ADDRESSES), (0, b"", ""))
    text = openssl("x509", "-in", certificate, "-noout", "-text")
    for what in ("Version: 3", "Signature Algorithm: ecdsa-with-SHA256", "Issuer: CN = squash",
                 "Subject: CN = squash", "Not Before: Jan  1 00:00:00 2019 GMT",
                 "Not After : Dec 31 23:59:59 9999 GMT", "NIST CURVE: P-256",
                 "X509v3 Basic Constraints: critical\n                CA:FALSE\n",
                 "X509v3 Key Usage: critical\n                Digital Signature\n",
                 "X509v3 Extended Key Usage: \n                TLS Web Server Authentication\n",
                 "X509v3 Subject Key Identifier:"):
        tap.check(f"the certificate has {' '.join(what.split())}", what in text, text)
    names = re.search(r"Subject Alternative Name: *\n *(.*)", text)[1]
    tap.equal("its names", names.split(", "),
              ["DNS:squash", "DNS:localhost", "IP Address:127.0.0.1", "IP Address:0:0:0:0:0:0:0:1",
               "IP Address:10.1.2.3", "IP Address:192.168.0.255", "IP Address:FE80:0:0:0:0:0:0:1",
               "IP Address:2001:DB8:0:0:0:0:FFFF:0"])
    tap.check("it is DER throughout", "SEQUENCE" in openssl("asn1parse", "-in", certificate))
    tap.check("the key is one", "Key is valid" in openssl("pkey", "-in", key, "-check", "-noout"))
    tap.check("also by openssl ec", "EC Key valid." in openssl("ec", "-in", key, "-check", "-noout"))
    tap.equal("it is the certificate's", openssl("pkey", "-in", key, "-pubout"),
              openssl("x509", "-in", certificate, "-noout", "-pubkey"))


def test_verify(_):
    certificate = WORK / "made.crt"
    ok, said = verify(certificate)
    tap.check("OpenSSL trusts it, by its strictest rules", ok, said)
    for name in ("squash", "SQUASH", "localhost"):
        ok, said = verify(certificate, "-verify_hostname", name)
        tap.check(f"for {name}", ok, said)
    for address in ("127.0.0.1", "::1", *ADDRESSES):
        ok, said = verify(certificate, "-verify_ip", address)
        tap.check(f"for {address}", ok, said)
    for option, name in (("-verify_hostname", "example.com"), ("-verify_ip", "10.1.2.4"),
                         ("-verify_hostname", "squash.squash")):
        ok, said = verify(certificate, option, name)
        tap.check(f"not for {name}", not ok and "mismatch" in said, said)
    for purpose in ("sslclient", "smimesign"):
        ok, said = run("openssl", "verify", "-purpose", purpose, "-CAfile", certificate, certificate)
        tap.check(f"not as {purpose}", not ok and "purpose" in said, said)


def test_not_a_ca(_):
    made, other = WORK / "made.crt", WORK / "below.crt"
    openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
            WORK / "below.key", "-out", WORK / "below.csr", "-subj", "/CN=example.com")
    openssl("x509", "-req", "-in", WORK / "below.csr", "-CA", made, "-CAkey", WORK / "made.key",
            "-CAcreateserial", "-days", 2, "-out", other)
    ok, said = run("openssl", "verify", "-CAfile", made, other)
    tap.check("what its key signs is not trusted", not ok, said)


class Server:
    """TLS 1.2 on the loopback, as the appliance would have it; each client is told "hello"."""

    def __init__(self, certificate, key):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        self.context = context
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            client, _ = self.socket.accept()
            try:
                with self.context.wrap_socket(client, server_side=True) as s:
                    s.recv(4096)
                    s.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello")
                    s.unwrap()
            except OSError:
                client.close()


def talk(server, trusted, name):
    context = ssl.create_default_context(cafile=trusted)
    context.verify_flags |= ssl.VERIFY_X509_STRICT  # what Python 3.13 adds by itself
    with socket.create_connection(("127.0.0.1", server.port), 10) as plain:
        with context.wrap_socket(plain, server_hostname=name) as s:
            s.sendall(b"x")
            return s.recv(4096)[-5:]


def test_clients(_):
    make("squash", "10.1.2.3", key=WORK / "other.key", certificate=WORK / "other.crt")
    server = Server(WORK / "made.crt", WORK / "made.key")
    for name in ("squash", "127.0.0.1", "::1", "10.1.2.3"):
        tap.equal(f"Python talks to {name}", talk(server, WORK / "made.crt", name), b"hello")
    for name, trusted in (("example.com", "made"), ("squash", "other")):
        try:
            said = talk(server, WORK / f"{trusted}.crt", name)
        except ssl.SSLCertVerificationError as error:
            said = error
        tap.check(f"Python refuses {name}, by the {trusted} certificate",
                  isinstance(said, ssl.SSLCertVerificationError), said)
    for host, trusted, good in (("squash", "made", True), ("127.0.0.1", "made", True),
                                ("10.1.2.3", "made", True), ("example.com", "made", False),
                                ("squash", "other", False)):
        ok, said = run("curl", "-sS", "-m", 10, "--cacert", WORK / f"{trusted}.crt", "--noproxy", "*",
                       "--connect-to", f"{host}:443:127.0.0.1:{server.port}", f"https://{host}/")
        tap.check(f"curl {'talks to' if good else 'refuses'} {host}, by the {trusted} certificate",
                  (ok and said == "hello") if good else (not ok and "SSL" in said), said)


def test_names(_):
    most = [f"2001:db8::{i:x}" for i in range(16)]
    cases = (("a" * 63, most), ("localhost", []), ("a.b-c.example", []), ("LocalHost", ["127.0.0.1"]),
             ("x", ["::1", "10.0.0.1", "10.0.0.1", "127.0.0.1"]), ("10.0.0.1", ["10.0.0.1"]))
    for host, addresses in cases:
        status, _, said = make(host, *addresses)
        ok, verdict = verify(WORK / "made.crt", "-verify_hostname", host)
        text = openssl("x509", "-in", WORK / "made.crt", "-noout", "-ext", "subjectAltName")
        names = [name.lower() for name in text.split("\n")[1].strip().split(", ")]
        tap.check(f"{host[:20]}, {len(addresses)} addresses", status == 0 and ok, (said, verdict))
        tap.check("each name once", len(names) == len(set(names)), names)
        for address in addresses:
            ok, verdict = verify(WORK / "made.crt", "-verify_ip", address)
            if not ok:
                tap.check(f"it is for {address}", False, verdict)


def test_arguments(_):
    outputs = WORK / "bad.key", WORK / "bad.crt"
    for words, why in (([], "usage"), (["a b"], "host name"), ([""], "host name"),
                       (["-a"], "host name"), (["a..b"], "host name"), (["a" * 64], "63"),
                       (["m\xfcnchen"], "host name"), (["*.example"], "host name"),
                       (["a\n"], "host name"), (["a", "10.0.0"], "is none"),
                       (["a", "10.0.0.1/8"], "is none"), (["a", "fe80::1%lo"], "is none"),
                       (["a", ""], "is none"), (["a", "b"], "is none"),
                       (["a"] + ["10.0.0.1"] * 17, "more than 16")):
        status, out, said = make(*words, key=outputs[0], certificate=outputs[1])
        tap.check(f"{words[:2]!r:.40} is refused", status == 1 and why in said
                  and said.startswith("make-identity: ") and said.find("\n") == len(said) - 1,
                  (status, said))
        tap.equal("and nothing written", (out, *(path.read_bytes() for path in outputs)),
                  (b"", b"", b""))
    for outputs, which in (((None, WORK / "bad.crt"), "key"), ((WORK / "bad.key", None), "certificate"),
                           ((Path("/dev/full"), WORK / "bad.crt"), "key")):
        status, _, said = make("a", key=outputs[0], certificate=outputs[1])
        tap.check(f"no place for the {which} is said", status == 1 and f"write the {which}" in said,
                  (status, said))


def test_confined(_):
    """It is held up by a pipe that is full."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    try:
        while True:
            os.write(write, b"x" * 4096)
    except BlockingIOError:
        os.set_blocking(write, True)
    null = os.open("/dev/null", os.O_WRONLY)

    def place():
        os.dup2(os.dup2(write, 100), 3)
        os.dup2(os.dup2(null, 101), 4)
    process = subprocess.Popen([MAKE, "squash"], preexec_fn=place, close_fds=False)
    os.close(write)
    status, deadline = {}, time.monotonic() + 10
    while status.get("Seccomp") != "2" and time.monotonic() < deadline:
        lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    tap.equal("it has confined itself", (status["Seccomp"], status["NoNewPrivs"]), ("2", "1"))
    while process.poll() is None and time.monotonic() < deadline:
        os.read(read, 65536)
    tap.equal("and ends well when there is room", process.returncode, 0)
    os.close(read)
    os.close(null)


def test_many(_):
    """Numbers whose first bytes are zero, or have their highest bit set, come by chance."""
    def one(i):
        key, certificate = WORK / f"{i}.key", WORK / f"{i}.crt"
        made = make(f"h{i}", key=key, certificate=certificate)
        checked = openssl("pkey", "-in", key, "-check", "-noout")
        return made, checked, key.read_text(), certificate.read_text()

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(one, range(RUNS)))
    tap.check(f"{RUNS} runs end well", all(made == (0, b"", "") for made, *_ in results), results[0])
    tap.check("each key is one", all("Key is valid" in checked for _, checked, *_ in results))
    keys = {key for _, _, key, _ in results}
    tap.equal("each another", len(keys), RUNS)
    (WORK / "all.crt").write_text("".join(certificate for *_, certificate in results))
    paths = [WORK / f"{i}.crt" for i in range(RUNS)]
    ok, said = verify(paths[0], *paths[1:], trusted=WORK / "all.crt")
    tap.check("each certificate verifies", ok and said.count(": OK") == RUNS, said)
    serials, sizes = set(), set()
    for path in paths:
        der = ssl.PEM_cert_to_DER_cert(path.read_text())
        serials.add(re.search(rb"\xa0\x03\x02\x01\x02\x02\x10(.{16})", der, re.DOTALL)[1])
        sizes.add(len(der))
    tap.equal("each serial number is another", len(serials), RUNS)
    tap.check("and positive, of 16 bytes", all(0x40 <= s[0] < 0x80 for s in serials))
    tap.check("signatures come in several lengths", len(sizes) >= 3, sizes)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        loads = list(pool.map(lambda i: load(WORK / f"{i}.key", WORK / f"{i}.crt"), range(RUNS)))
    tap.check("and front loads each", all(said.startswith("EC P-256; ") for said in loads), loads[0])


# ---- what front makes of what others have made ----

def load(key, chain, seconds=SINCE):
    ok, said = run(LOAD, key, chain, seconds)
    return said.strip() if ok else f"it fails: {said}"


def write(name, data):
    path = WORK / name
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path


def pem(label, der):
    text = base64.encodebytes(der).decode().replace("\n", "")
    lines = "\n".join(text[i:i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def der_of(path):
    return base64.b64decode("".join(line for line in path.read_text().splitlines() if "--" not in line))


def tlv(tag, content):
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x81, size]) if size < 256 else \
        bytes([0x82, size >> 8, size & 255])
    return bytes([tag]) + length + content


def fails(name, said, why):
    tap.check(name, said.startswith("error: ") and why in said, said)


def loads(name, said, begin):
    tap.check(name, said.startswith(begin), said)


def generate(name, *options):
    path = WORK / f"{name}.key"
    openssl("genpkey", "-out", path, *options)
    return path


def certify(name, issuer=None, *options):
    """A certificate for the key of that name, by the issuer of that name, or itself."""
    path = WORK / f"{name}.crt"
    by = issuer or name
    signer = ["-CA", WORK / f"{by}.crt", "-CAkey", WORK / f"{by}.key"] if issuer else \
        ["-key", WORK / f"{name}.key"]
    openssl("req", "-x509", "-new", "-key", WORK / f"{name}.key", *signer, "-subj", f"/CN={name}",
            "-days", 3, "-out", path, *options)
    return path


EC = ("-algorithm", "EC", "-pkeyopt", "ec_param_enc:named_curve", "-pkeyopt")
RSA = ("-algorithm", "RSA", "-pkeyopt")
KINDS = {
    "p256": ((*EC, "ec_paramgen_curve:P-256"), "EC P-256; issuer EC; "),
    "p384": ((*EC, "ec_paramgen_curve:P-384"), "EC P-384; issuer EC; "),
    "p521": ((*EC, "ec_paramgen_curve:P-521"), "EC P-521; issuer EC; "),
    "rsa2048": ((*RSA, "rsa_keygen_bits:2048"), "RSA 2048; issuer RSA; "),
    "rsa3072": ((*RSA, "rsa_keygen_bits:3072"), "RSA 3072; issuer RSA; "),
    "rsa4096": ((*RSA, "rsa_keygen_bits:4096"), "RSA 4096; issuer RSA; "),
}
REFUSED = {
    "rsa1024": ((*RSA, "rsa_keygen_bits:1024"), "RSA of 1024 bits"),
    "rsa5120": ((*RSA, "rsa_keygen_bits:5120"), "longer than RSA of 4096"),
    "k1": ((*EC, "ec_paramgen_curve:secp256k1"), "kind is not supported"),
    "ed25519": (("-algorithm", "ED25519"), "kind is not supported"),
    "explicit": (("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-pkeyopt",
                  "ec_param_enc:explicit"), "private key"),
}


def test_kinds(_):
    def prepare(name):
        generate(name, *{**KINDS, **REFUSED}[name][0])
        return certify(name)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(prepare, [*KINDS, *REFUSED]))
    for name, (_, begin) in KINDS.items():
        key, chain = WORK / f"{name}.key", WORK / f"{name}.crt"
        said = load(key, chain)
        loads(f"{name} in PKCS#8", said, begin + "chain 1; ")
        printed = openssl("x509", "-in", chain, "-noout", "-fingerprint", "-sha256")
        tap.equal("its fingerprint", said.split("; ")[-1], printed.strip().split("=")[1])
        own = WORK / f"{name}.own.key"
        openssl("pkey", "-in", key, "-traditional", "-out", own)
        tap.equal(f"the same in {own.read_text().splitlines()[0]}", load(own, chain), said)
    for name, (_, why) in REFUSED.items():
        fails(f"{name} is refused", load(WORK / f"{name}.key", WORK / f"{name}.crt"), why)
    fails("a certificate for another kind of key",
          load(WORK / "p256.key", WORK / "ed25519.crt"), "certificate 1 is for a key whose kind")
    parameters = openssl("ecparam", "-name", "prime256v1", "-genkey")
    key = write("parameters.key", parameters)
    openssl("req", "-x509", "-key", key, "-subj", "/CN=p", "-out", WORK / "parameters.crt")
    loads("EC PARAMETERS before the key", load(key, WORK / "parameters.crt"), "EC P-256; ")


def test_validity(_):
    key, chain = WORK / "p256.key", WORK / "p256.crt"
    text = openssl("x509", "-in", chain, "-noout", "-dates")
    begin, end = (ssl.cert_time_to_seconds(line.split("=")[1]) for line in text.strip().split("\n"))
    for seconds, when in ((begin - 1, "not yet"), (begin, "now"), (end, "now"), (end + 1, "expired"),
                          (0, "not yet")):
        said = load(key, chain, seconds)
        tap.check(f"at {seconds} it is valid: {when}", f"; from {begin} to {end}; {when}; " in said, said)
    make("squash")
    for seconds, when in ((SINCE - 1, "not yet"), (SINCE, "now"), (FOREVER, "now")):
        said = load(WORK / "made.key", WORK / "made.crt", seconds)
        tap.check(f"at {seconds} our own is valid: {when}",
                  f"; from {SINCE} to {FOREVER}; {when}; " in said, said)


def test_pairs(_):
    fails("a key of another certificate", load(WORK / "p256.key", WORK / "made.crt"), "is not that of")
    fails("of another curve", load(WORK / "p256.key", WORK / "p384.crt"), "is not that of")
    fails("of another algorithm", load(WORK / "p256.key", WORK / "rsa2048.crt"), "is not that of")
    fails("and the other way", load(WORK / "rsa2048.key", WORK / "p256.crt"), "is not that of")
    generate("rsa2048b", *RSA, "rsa_keygen_bits:2048")
    fails("another of RSA", load(WORK / "rsa2048b.key", WORK / "rsa2048.crt"), "is not that of")
    fails("another size of RSA", load(WORK / "rsa3072.key", WORK / "rsa2048.crt"), "is not that of")
    der = der_of(WORK / "rsa2048.own.key")
    parts, at = [], 4
    while at < len(der):
        head = {0x81: 3, 0x82: 4}.get(der[at + 1], 2)
        size = int.from_bytes(der[at + 2:at + head], "big") if head > 2 else der[at + 1]
        parts.append(der[at + head:at + head + size])
        at += head + size
    for i, what in ((4, "p"), (5, "q"), (6, "dp"), (7, "dq"), (8, "iq")):
        bad = list(parts)
        bad[i] = bad[i][:-1] + bytes([bad[i][-1] ^ 2])
        key = write("bad.key", pem("RSA PRIVATE KEY", tlv(0x30, b"".join(tlv(2, p) for p in bad))))
        fails(f"RSA with a wrong bit in {what}", load(key, WORK / "rsa2048.crt"),
              "is not that of" if i < 6 else "is damaged: what it signs")


def test_ec_numbers(_):
    """The key 5, in each way to write it, and what is none."""
    def sec1(number):
        curve = bytes.fromhex("06082a8648ce3d030107")
        return pem("EC PRIVATE KEY", tlv(0x30, tlv(2, b"\1") + tlv(4, number) + tlv(0xa0, curve)))
    five = write("five.key", sec1((5).to_bytes(32, "big")))
    openssl("req", "-x509", "-key", five, "-subj", "/CN=five", "-out", WORK / "five.crt")
    for number, begin in (((5).to_bytes(32, "big"), "EC P-256; "), (b"\5", "EC P-256; "),
                          (b"\0\5", "EC P-256; "),
                          ((5).to_bytes(33, "big"), "error: the private key is not of its curve's"),
                          (b"", "error: the private key is not of its curve's"),
                          (bytes(32), "error: the private key is not that of"),
                          ((P256_ORDER + 5).to_bytes(32, "big"), "error: the private key is damaged"),
                          (b"\1" * 1600, "error: the private key"),
                          (b"\1" * 1560, "error: the private key")):
        loads(f"a key of {len(number)} bytes, {number[-33:].hex()[:20]}",
              load(write("number.key", sec1(number)), WORK / "five.crt"), begin)
    long = tlv(0x30, tlv(2, b"\0") + b"".join(tlv(2, b"\1" * 390) for _ in range(8)))
    fails("an RSA key that BearSSL would put beyond its buffer",
          load(write("long.key", pem("RSA PRIVATE KEY", long)), WORK / "rsa2048.crt"), "private key")


def test_chains(_):
    ca = ("-addext", "basicConstraints=critical,CA:TRUE")
    for name, options in (("root", KINDS["p384"][0]), ("middle", KINDS["rsa2048"][0]),
                          ("leaf", KINDS["p256"][0]), ("below", REFUSED["ed25519"][0])):
        generate(name, *options)
    certify("root", None)
    certify("middle", "root", *ca)
    certify("leaf", "middle")
    root, middle, leaf = ((WORK / f"{name}.crt").read_text() for name in ("root", "middle", "leaf"))
    key = WORK / "leaf.key"

    def chain(*parts):
        return load(key, write("chain.crt", "".join(parts)))
    loads("a leaf alone", chain(leaf), "EC P-256; issuer RSA; chain 1; ")
    loads("two", chain(leaf, middle), "EC P-256; issuer RSA; chain 2; ")
    loads("with the root", chain(leaf, middle, root), "EC P-256; issuer RSA; chain 3; ")
    loads("eight", chain(leaf, middle, root * 6), "EC P-256; issuer RSA; chain 8; ")
    fails("nine", chain(leaf, middle, root * 7), "more than 8 certificates")
    fails("one left out", chain(leaf, root), "certificate 2 is not that of the issuer")
    fails("wrong order behind the leaf", chain(leaf, root, middle), "certificate 2 is not that")
    fails("the leaf last", chain(root, middle, leaf), "certificate 2 is not that of the issuer")
    fails("the leaf second", chain(middle, leaf), "certificate 2 is not that of the issuer")
    fails("the leaf not at all", chain(middle, root), "is not that of the first certificate")
    loads("a key among them", chain(leaf, key.read_text(), middle), "EC P-256; issuer RSA; chain 2; ")
    fails("a bad one behind", chain(leaf, pem("CERTIFICATE", b"0\3\2\1\0")), "certificate 2: it is no")
    fails("an empty one", chain(pem("CERTIFICATE", b"")), "certificate 1: ")
    loads("OpenSSL's text before each",
          chain(*(openssl("x509", "-in", WORK / f"{name}.crt", "-text")
                  for name in ("leaf", "middle", "root"))), "EC P-256; issuer RSA; chain 3; ")
    fails("too much text", chain("x\n" * 32768, leaf), "longer than 65536 bytes")
    certify("below", None)
    certify("leaf", "below")
    loads("an issuer whose kind we don't have", load(key, WORK / "leaf.crt"), "EC P-256; issuer none; ")
    loads("also with its certificate", chain((WORK / "leaf.crt").read_text(),
                                             (WORK / "below.crt").read_text()),
          "EC P-256; issuer none; chain 2; ")


def test_forms(_):
    key, chain = (WORK / "p256.key").read_text(), (WORK / "p256.crt").read_text()
    own = (WORK / "p256.own.key").read_text()

    def form(key_text, chain_text):
        return load(write("form.key", key_text), write("form.crt", chain_text))
    said = form(key, chain)
    change = {
        "CRLF": lambda t: t.replace("\n", "\r\n"),
        "no end of the last line": lambda t: t[:-1],
        "text around": lambda t: "Bag Attributes\n  x: y\n" + t + "-- \n",
        "a byte order mark": lambda t: "\ufeff" + t,
        "blanks behind lines": lambda t: t.replace("\n", " \t\n"),
        "lower case in the frame": lambda t: t.replace("BEGIN", "begin").replace("END", "end"),
        "lines of four": lambda t: re.sub(r"^([^-\n]{64})$", lambda m: "\n".join(
            m[1][i:i + 4] for i in range(0, 64, 4)), t, flags=re.MULTILINE),
    }
    for name, changed in change.items():
        tap.equal(f"{name}: the same", form(changed(key), changed(chain)), said)
    tap.equal("CRLF, several objects", form(openssl("ecparam", "-name", "prime256v1").replace(
        "\n", "\r\n") + own.replace("\n", "\r\n"), (key + chain).replace("\n", "\r\n")), said)
    fails("no key", form("", chain), "there is no private key in PEM")
    fails("a certificate in its place", form(chain, chain), "there is no private key in PEM")
    fails("no certificate", form(key, ""), "there is no certificate in PEM")
    fails("a key in its place", form(key, key), "there is no certificate in PEM")
    fails("a request", form(key, "-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQ"
                            "UEST-----\n"), "there is no certificate in PEM")
    fails("two keys", form(key + key, chain), "more than one private key")
    fails("a key as DER", form(der_of(WORK / "p256.key"), chain), "is DER, where PEM is wanted")
    fails("a certificate as DER", form(key, der_of(WORK / "p256.crt")), "is DER, where PEM is wanted")
    fails("garbage", form(os.urandom(4096), chain), "there is no private key")
    fails("garbage again", form(key, os.urandom(4096)), "there is no certificate")
    fails("a line that is no PEM", form(key, re.sub(r"^(.*\n.*\n)", r"\1*\n", chain)),
          "certificate 1: line 3 is not PEM")
    fails("a key with such a line", form(re.sub(r"^(.*\n)", r"\1\n*\n", key), chain),
          "the private key: line 3 is not PEM")
    fails("a file much too long", form("x" * 20000, chain), "longer than 16384 bytes")


def test_encrypted(_):
    for name, options in (("PKCS#8", ("pkcs8", "-topk8")),
                          ("RSA's own form", ("rsa", "-traditional", "-aes128")),
                          ("EC's own form", ("ec", "-aes128"))):
        kind = "rsa2048" if "RSA" in name else "p256"
        path = WORK / "encrypted.key"
        openssl(*options, "-in", WORK / f"{kind}.key", "-out", path, "-passout", "pass:secret")
        fails(f"encrypted, {name}", load(path, WORK / f"{kind}.crt"), "the private key is encrypted")
        write("encrypted.key", path.read_text().replace("\n", "\r\n"))
        fails("also by CRLF", load(path, WORK / f"{kind}.crt"), "the private key is encrypted")


def test_damage(_):
    """Cut anywhere, as text and as DER, and a bit wrong anywhere: it is said, and nothing crashes."""
    whole = {"key": (WORK / "p256.key").read_text(), "crt": (WORK / "p256.crt").read_text()}
    der = {name: der_of(WORK / f"p256.{name}") for name in whole}
    labels = {"key": "PRIVATE KEY", "crt": "CERTIFICATE"}

    def attempt(name, texts):
        """How many were refused; all, if none of them crashed or was said to be what it isn't."""
        refused = 0
        for text in texts:
            pair = {**whole, name: text}
            said = load(write("damaged.key", pair["key"]), write("damaged.crt", pair["crt"]))
            if said.startswith("error: "):
                refused += 1
            elif not said.startswith("EC P-256; issuer "):
                raise RuntimeError(f"{said} of {text}")
        return refused

    for name, text in whole.items():
        end, size = text.index("-----END ") + len("-----END "), len(der[name])
        cuts = [text[:at] for at in [*range(0, end, 7), *range(end - 9, end)]]
        tap.equal(f"a {name} cut short", attempt(name, cuts), len(cuts))
        tap.equal("in its last word", attempt(name, [text[:end], text[:end + 4], text[:-1]]), 0)
        cuts = [pem(labels[name], der[name][:at]) for at in range(0, size, 3)]
        tap.equal("its DER cut short", attempt(name, cuts), len(cuts))
        tap.equal("its DER with a byte behind", attempt(name, [pem(labels[name], der[name] + b"0")]), 1)
        wrong = []
        for at in range(0, size, 3):
            changed = bytearray(der[name])
            changed[at] ^= 1 << at % 8
            wrong.append(pem(labels[name], bytes(changed)))
        tap.check("a wrong bit here and there", attempt(name, wrong) > 0)


def main():
    openssl("version")
    tap.each(None, test_make, test_verify, test_not_a_ca, test_clients, test_names, test_arguments,
             test_confined, test_many, test_kinds, test_validity, test_pairs, test_ec_numbers,
             test_chains, test_forms, test_encrypted, test_damage)


if __name__ == "__main__":
    tap.run(main)
