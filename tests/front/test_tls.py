#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""front's TLS by the judgement of others: OpenSSL, curl, Python. What no honest client sends is
test_tls_records.py's.

    ONLY="test_versions test_bulk" tests/tap tests/front/test_tls.py"""

import array
import hashlib
import os
import re
import ssl
import sys
import threading
import time

sys.dont_write_bytecode = True

import process
import tap
from peers import (ADDRESS, GET, GROUPS, HANDSHAKE_FAILURE, HANDSHAKE,
                   PROTOCOL_VERSION, SIGNATURES, SUITES, Certificates, connect, connect_tls, exchange,
                   extension, get, hello, is_answered, listed, read_all, record, refusal, run, run_tests,
                   s_client, trusting, Typed)

SESSIONS = process.read_limit("FRONT_SESSIONS")
MIB = 1 << 20
UP, DOWN = 20 * MIB, 50 * MIB
CIPHERS = ["AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305"]
OURS = [0xC02B, 0xC02C, 0xCCA9, 0xC02F, 0xC030, 0xCCA8]


def made(size):
    """What cgi.c writes with order=1."""
    numbers = array.array("Q", range((size + 7) // 8))
    if sys.byteorder == "little":
        numbers.byteswap()
    return numbers.tobytes()[:size]


def cipher_of(said):
    return re.search(r"^(New|Reused), (\S+), Cipher is (\S+)", said, re.MULTILINE).groups()


def change_identity(w, name):
    """front as it is started with another key."""
    w.front.stop()
    w.front.key, w.front.chain = w.certificates.key(name), w.certificates.chain(name)
    w.front.start()


# ---- tests ----

def test_versions(w):
    port = w.front.tls
    for word, expected in (("-tls1_2", "TLSv1.2"), ("-no_ssl3", "TLSv1.2")):
        tap.equal(f"OpenSSL, {word}", cipher_of(s_client(port, word))[1], expected)
    said = s_client(port, "-tls1_3")
    tap.check("one that has 1.3 alone is told so",
              "alert handshake failure" in said and cipher_of(said)[1] == "(NONE)", said)
    for word in ("-tls1_1", "-tls1"):
        said = s_client(port, word, "-cipher", "ALL:@SECLEVEL=0")
        tap.check(f"{word} is refused", "alert protocol version" in said, said)
    for version in (0x0300, 0x0301, 0x0302):
        tap.equal(f"a hello of {version:#06x}",
                  exchange(port, record(HANDSHAKE, hello(version), 0x0300)), refusal(PROTOCOL_VERSION))
    tap.equal("one of SSL 2 is no record", exchange(port, bytes.fromhex("802e0100020015000000 10") +
                                                    bytes(60)), [])
    for version in (0x0303, 0x0304, 0x03ff):
        records = exchange(port, record(HANDSHAKE, hello(version), 0x0301))
        tap.check(f"{version:#06x} gets 1.2", is_answered(records) and records[0][1][4:6] == b"\3\3",
                  records)
    fallback = record(HANDSHAKE, hello(0x0302, SUITES + [0x5600]))
    tap.equal("a fallback that wasn't needed", exchange(port, fallback),
              refusal(PROTOCOL_VERSION))


def test_ciphers(w):
    for name, signed_by in (("p256", "ECDSA"), ("rsa2048", "RSA")):
        change_identity(w, name)
        for cipher in CIPHERS:
            cipher = f"ECDHE-{signed_by}-{cipher}"
            said = s_client(w.front.tls, "-tls1_2", "-cipher", cipher, data=GET)
            tap.check(cipher, cipher_of(said)[2] == cipher and "HTTP/1.1 200" in said, said)
        others = [n for high in (0x00, 0x13, 0xC0, 0xCC, 0xD0) for n in range(high << 8, high + 1 << 8)
                  if n not in OURS]
        tap.equal(f"none of {len(others)} others, for {signed_by}",
                  exchange(w.front.tls, record(HANDSHAKE, hello(suites=others))),
                  refusal(HANDSHAKE_FAILURE))
        wrong = [n for n in OURS if (n in (0xC02B, 0xC02C, 0xCCA9)) != (signed_by == "ECDSA")]
        tap.equal("nor those for another key",
                  exchange(w.front.tls, record(HANDSHAKE, hello(suites=wrong))),
                  refusal(HANDSHAKE_FAILURE))
    change_identity(w, "p256")


def test_parameters(w):
    port = w.front.tls
    for group, expected in (("X25519", "X25519"), ("P-256", "prime256v1"), ("P-521:P-256", "prime256v1"),
                            ("P-256:X25519", "X25519")):
        said = s_client(port, "-tls1_2", "-groups", group)
        tap.check(f"{group}: {expected}", f"Server Temp Key: {'ECDH, ' * (expected[0] == 'p')}{expected}"
                  in said, said)
    for name, groups in (("P-384 and P-521", [24, 25]), ("brainpool", [26, 27, 28]), ("FFDHE", [256])):
        parts = extension(10, listed(groups)) + SIGNATURES
        tap.equal(f"{name} alone: refused", exchange(port, record(HANDSHAKE, hello(extensions=parts))),
                  refusal(HANDSHAKE_FAILURE))
    records = exchange(port, record(HANDSHAKE, hello(extensions=SIGNATURES)))
    tap.check("no word of curves is P-256", is_answered(records) and b"\x0c\0" in records[0][1]
              and b"\x03\x00\x17\x41" in b"".join(r[1] for r in records), records)
    for name, parts in (("SHA-1 alone", extension(13, listed([0x0203, 0x0201]))),
                        ("nothing, which means SHA-1", b""), ("PSS alone", extension(13, listed([0x0804])))):
        tap.equal(f"signatures: {name}: refused",
                  exchange(port, record(HANDSHAKE, hello(extensions=GROUPS + parts))),
                  refusal(HANDSHAKE_FAILURE))
    tap.equal("compression alone", exchange(port, record(HANDSHAKE, hello(compression=b"\1"))),
              refusal(HANDSHAKE_FAILURE))
    records = exchange(port, record(HANDSHAKE, hello(compression=b"\1\0")))
    tap.check("no compression is chosen", is_answered(records) and records[0][1][4 + 34 + 33 + 2] == 0,
              records)
    for name in ("localhost", "other.example", "x" * 250):
        said = s_client(port, "-tls1_2", "-servername", name)
        tap.check(f"a server name ({name[:20]}) says nothing", "CN = p256" in said, said)
    said = s_client(port, "-tls1_2", "-maxfraglen", "512", data=GET)
    tap.check("records of at most 512 bytes", "HTTP/1.1 200" in said, said)


def test_protocols(w):
    port = w.front.tls
    with connect_tls(port, trusting()) as s:
        tap.equal("who offers none is told none", s.selected_alpn_protocol(), None)
    for offered in (["http/1.1"], ["h2", "http/1.1"], ["x"] * 100 + ["http/1.1"]):
        context = trusting()
        context.set_alpn_protocols(offered)
        with connect_tls(port, context) as s:
            tap.equal(f"{offered[0]} to {offered[-1]}", s.selected_alpn_protocol(), "http/1.1")
    tap.check("one that has HTTP/2 alone is told so",
              "alert no application protocol" in s_client(port, "-tls1_2", "-alpn", "h2"))
    status, said = run("curl", "-sS", "--http2", "--cacert", w.certificates.chain("p256"), "-w",
                       " %{http_version}", f"https://localhost:{port}/cgi-bin/api")
    tap.check("curl with HTTP/2 speaks 1.1", status == 0 and said.endswith(" 1.1"), said)
    saved = w.directory / "alpn-session"
    s_client(port, "-tls1_2", "-no_ticket", "-sess_out", saved)
    for offered in ("h2", "http/1.1", "h2,spdy/3,http/1.1", "x" * 255):
        said = s_client(port, "-tls1_2", "-no_ticket", "-sess_in", saved, "-alpn", offered, data=GET)
        tap.check(f"a session is resumed with {offered[:20]}",
                  cipher_of(said)[0] == "Reused" and "HTTP/1.1 200" in said, said)
    tap.equal("and front lives", w.front.has_ended(), None)


def resume(port, saved, *words):
    return cipher_of(s_client(port, "-tls1_2", "-no_ticket", "-sess_in", saved, *words))[0]


def handshake_only(port, context):
    with connect_tls(port, context):
        pass


def test_sessions(w):
    port, saved = w.front.tls, w.directory / "session"
    s_client(port, "-tls1_2", "-no_ticket", "-sess_out", saved)
    tap.equal("a session is resumed", resume(port, saved), "Reused")
    tap.equal("and once more", resume(port, saved), "Reused")
    other = [c for c in CIPHERS if c not in s_client(port, "-tls1_2", "-sess_in", saved)][0]
    tap.equal("not with another cipher", resume(port, saved, "-cipher", f"ECDHE-ECDSA-{other}"), "New")
    said = s_client(port, "-tls1_2")
    tap.check("there are no tickets", "TLS session ticket:" not in said, said)
    context = trusting()
    with connect_tls(port, context) as first:
        session = first.session
    with context.wrap_socket(connect(port), server_hostname="localhost", session=session) as s:
        tap.equal("Python resumes one", s.session_reused, True)
    w.front.stop()
    w.front.start()
    tap.equal("none outlives front", resume(port, saved), "New")
    s_client(port, "-tls1_2", "-no_ticket", "-sess_out", saved)
    cheap = trusting()
    for _ in range(100):
        handshake_only(port, cheap)
    tap.equal("100 sessions later it is still there", resume(port, saved), "Reused")
    for _ in range(SESSIONS):
        handshake_only(port, cheap)
    tap.equal(f"{SESSIONS} later it is not", resume(port, saved), "New")


def test_renegotiation(w):
    port = w.front.tls
    with Typed("openssl", "s_client", "-connect", f"{ADDRESS}:{port}", "-tls1_2") as client:
        client.wait_for("Extended master secret")
        client.type("R\n")
        said = client.wait_for("no renegotiation")
        tap.check("who asks for it is told no, at once", "no renegotiation" in said, said)
    tap.check("front lives", w.front.has_ended() is None and b" 200 " in get(port))


def curl(w, name, *words, host="localhost"):
    return run("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", *words,
               f"https://{host}:{w.front.tls}/cgi-bin/api")


def test_certificates(w):
    c = w.certificates
    tap.equal("curl doesn't trust it", curl(w, "p256")[0], 60)
    trust = ("--cacert", c.chain("p256"))
    tap.equal("unless it is given it", curl(w, "p256", *trust), (0, "200"))
    tap.equal("by its address, too", curl(w, "p256", *trust, host=ADDRESS), (0, "200"))
    resolve = ("--resolve", f"other.example:{w.front.tls}:{ADDRESS}")
    tap.equal("not by another name", curl(w, "p256", *trust, *resolve, host="other.example")[0], 60)
    tap.equal("a pin that is right", curl(w, "p256", "-k", "--pinnedpubkey", c.pin("p256")), (0, "200"))
    tap.equal("one that isn't", curl(w, "p256", "-k", "--pinnedpubkey", c.pin("rsa2048"))[0], 90)
    for name, root, kind in (("rsa2048", "rsa2048", "an RSA key of 2048 bits"),
                             ("rsa4096", "rsa4096", "one of 4096 bits"),
                             ("p384", "p384", "a key on P-384"), ("p521", "p521", "one on P-521"),
                             ("ec-of-rsa", "root", "EC, signed by RSA, signed by EC"),
                             ("rsa-of-ec", "root", "RSA, signed by EC, signed by EC")):
        change_identity(w, name)
        trust = ("--cacert", c.chain(root))
        tap.equal(kind, curl(w, name, *trust, "--tls-max", "1.2"), (0, "200"))
        said = s_client(w.front.tls, "-CAfile", c.chain(root), "-verify_return_error")
        tap.check(f"{kind}: OpenSSL", "Verify return code: 0 (ok)" in said, said)
        context = ssl.create_default_context(cafile=c.chain(root))
        tap.check(f"{kind}: Python", b" 200 " in get(w.front.tls, context=context))
    change_identity(w, "p256")


def test_plain(w):
    with connect(w.front.tls) as s:
        s.sendall(GET)
        reply = read_all(s)
    tap.check("HTTP at TLS's port is told where it is", b"400 Bad Request" in reply and
              b"https://" in reply, reply)
    with connect(w.front.http) as s:
        s.sendall(record(HANDSHAKE, hello()))
        reply = read_all(s)
    tap.check("TLS at HTTP's port is a bad request", b" 400 " in reply.split(b"\r\n")[0], reply)


def test_ends(w):
    port = w.front.tls
    with connect_tls(port) as s:
        s.sendall(GET)
        reply = read_all(s)  # an error, if there is no close_notify
        tap.check("front says that it ends", b" 200 " in reply and b"BODY=0" in reply, reply)
    with connect_tls(port) as s:
        s.sendall(b"GET /cgi-bin/api?size=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        read_reply(s)
        tap.check("a client's end is answered", s.unwrap() is not None)
    size = 8 * MIB
    with connect_tls(port, buffer=8192) as s:
        s.sendall(f"GET /cgi-bin/api?order=1&length=no&size={size} HTTP/1.0\r\n\r\n".encode())
        time.sleep(0.3)  # for all buffers to be full
        reply = read_all(s)
        tap.check("the end of a reply without a length comes behind all of it, though it was read late",
                  reply.partition(b"\r\n\r\n")[2] == made(size), len(reply))
    with connect_tls(port) as s:
        s.sendall(GET[:20])
        raw = s.unwrap()  # it answers half a request with its own close_notify alone
        tap.equal("a client that ends within a request gets no reply", read_all(raw), b"")


def read_reply(s):
    """(the reply's head, sha256 of its body), which has a length."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += s.recv(1 << 16)
    head, _, data = data.partition(b"\r\n\r\n")
    left, total = int(re.search(rb"(?i)content-length: (\d+)", head)[1]), hashlib.sha256()
    while True:
        total.update(data)
        left -= len(data)
        if left == 0:
            return head, total.hexdigest(), data
        if not (data := s.recv(min(left, 1 << 18))):
            raise EOFError(f"{left} bytes are missing")


def up_and_down(w, up, digest):
    """On one connection: up, down, a little, and as slow as a client may be."""
    expected = hashlib.sha256(made(DOWN)).hexdigest()
    results = []
    with connect_tls(w.front.tls) as s:
        s.sendall(f"POST /cgi-bin/api HTTP/1.1\r\nHost: x\r\nContent-Length: {len(up)}\r\n\r\n".encode())
        s.sendall(up)
        _, _, body = read_reply(s)
        results.append(f"BODY={len(up)}\nSHA256={digest}\n".encode() in body)
        s.sendall(f"GET /cgi-bin/api?order=1&size={DOWN} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        results.append(read_reply(s)[1] == expected)
        s.sendall(b"GET /cgi-bin/api?size=1 HTTP/1.1\r\nHost: x\r\n\r\n")
        results.append(read_reply(s)[2] == b"x")
    return results


def test_bulk(w):
    up = os.urandom(UP)
    digest = hashlib.sha256(up).hexdigest()
    began = time.monotonic()
    results = [None, None]

    def work(i):
        results[i] = up_and_down(w, up, digest)
    threads = [threading.Thread(target=work, args=(i,)) for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    tap.equal("20 MB up, 50 MB down, 1 byte, on a connection that stays open; two of them at once",
              results, [[True] * 3] * 2)
    tap.note(f"{2 * (UP + DOWN) / (time.monotonic() - began) / 1e6:.0f} MB/s in all")
    source, copy = w.directory / "up", w.directory / "down"
    source.write_bytes(up)
    url = f"https://{ADDRESS}:{w.front.tls}/cgi-bin/api"
    status, said = run("curl", "-sSk", "--data-binary", f"@{source}", "-o", copy,
                       url + "?body=stream")
    tap.check("20 MB up and down at once", status == 0 and copy.read_bytes() == up, said)


def test_slow(w):
    size = 8 * MIB
    with connect_tls(w.front.tls, buffer=8192) as s:
        s.sendall(f"GET /cgi-bin/api?order=1&size={size} HTTP/1.0\r\n\r\n".encode())
        for _ in range(3):
            time.sleep(0.1)
            tap.check("others are served while one doesn't read", b" 200 " in get(w.front.tls))
        reply = b""
        while len(reply) < MIB:
            reply += s.recv(1000)
        reply += read_all(s)
    tap.check("who reads late and little at once gets all of it",
              reply.partition(b"\r\n\r\n")[2] == made(size), len(reply))


class World:
    def __init__(self, directory):
        self.directory = directory
        self.certificates = c = Certificates(self.directory)
        for name, kind in (("p256", "P-256"), ("p384", "P-384"), ("p521", "P-521"),
                           ("rsa2048", "RSA 2048"), ("rsa4096", "RSA 4096")):
            c.make(name, kind)
        c.make("root", "P-384", ca=True)
        c.make("rsa-ca", "RSA 2048", "root", ca=True)
        c.make("ec-ca", "P-256", "root", ca=True)
        c.make("ec-of-rsa", "P-256", "rsa-ca")
        c.make("rsa-of-ec", "RSA 2048", "ec-ca")
        self.front = process.Front(c.key("p256"), c.chain("p256"))
        self.front.wait_up()


TESTS = (test_versions, test_ciphers, test_parameters, test_protocols, test_sessions,
         test_renegotiation, test_certificates, test_plain, test_ends, test_bulk, test_slow)


if __name__ == "__main__":
    process.run_unshared()
    tap.run(lambda: run_tests(World, TESTS))
