#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What scripts/mkkeys makes, and what scripts/mkuki and scripts/mkupdate sign by it, as OpenSSL and
sbverify judge it; and what is refused."""

import hashlib
import importlib.machinery
import importlib.util
import os
import re
import stat
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True

import tap
from tap import check, equal

ROOT = Path(__file__).resolve().parents[2]
BUILD, SCRIPTS = ROOT / "build", ROOT / "scripts"
DIRECTORY = tempfile.TemporaryDirectory()  # until the end
WORK = Path(DIRECTORY.name)
KEYS, OTHERS = WORK / "keys", WORK / "others"
UKI = WORK / "squash.efi"

# UEFI Specification 2.10: 3.3, 32.4.1 (variables), 8.2.2 (EFI_VARIABLE_AUTHENTICATION_2), 32.4.1.1 (lists)
GLOBAL = "61dfe48bca93d211aa0d00e098032b8c"
IMAGE_SECURITY = "cbb219d73a3d9645a3bcdad00e67656f"
PKCS7 = "9dd2af4adf68ee498aa9347d375665a7"
X509 = "a159c0a5e494a74a87b5ab155c2bf072"
ATTRIBUTES = 0x27  # non-volatile, boot service, run time, time-based authenticated write
VARIABLES = {"PK": (GLOBAL, "PK"), "KEK": (GLOBAL, "PK"), "db": (IMAGE_SECURITY, "KEK")}
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")  # the OID that names it


def run(*words, data=None):
    """(whether it was well, all that it said)"""
    done = subprocess.run([str(w) for w in words], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=60)  # fmt: skip
    return done.returncode == 0, done.stdout.decode("utf-8", "replace")


def must(*words, data=None):
    ok, said = run(*words, data=data)
    if not ok:
        raise RuntimeError(f"{words}: {said}")
    return said


def write(name, data):
    (WORK / name).write_bytes(data)
    return WORK / name


def changed(data, at):
    """One bit of it another."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def contents(directory):
    return {p.name: p.read_bytes() for p in directory.iterdir()}


def refused(what, words, reason, left=WORK / "refused"):
    """A script that must fail, for that reason, and leave nothing."""
    ok, said = run(*words)
    check(f"{what} is refused", not ok and re.search(reason, said), said)
    beside = [p.name for p in left.parent.iterdir() if p.name.startswith(left.name)]
    equal(f"{what}: and nothing is left", beside, [])


# ---- keys ----


def test_keys(_):
    must(SCRIPTS / "mkkeys", OTHERS)
    said = must(SCRIPTS / "mkkeys", KEYS)
    check("it says to keep them offline", "offline" in said and "update.key" in said, said)
    parts = [f"{name}.{kind}" for name in VARIABLES for kind in ("key", "crt", "esl", "auth")]
    names = sorted([*parts, "update.key", "update.pub"])
    equal("what there is", sorted(contents(KEYS)), names)
    equal("its directory is its owner's", stat.S_IMODE(KEYS.stat().st_mode), 0o700)
    for name in filter(lambda n: n.endswith(".key"), names):
        equal(f"{name} is its owner's", stat.S_IMODE((KEYS / name).stat().st_mode), 0o600)
    for name in VARIABLES:
        both = [must("openssl", *words, "-noout", "-modulus") for words in (
            ("x509", "-in", KEYS / f"{name}.crt"), ("rsa", "-in", KEYS / f"{name}.key"))]  # fmt: skip
        equal(f"{name}: key and certificate belong together", both[0], both[1])
        must("openssl", "verify", "-check_ss_sig", "-CAfile", KEYS / f"{name}.crt", KEYS / f"{name}.crt")
    check("no two runs are the same", contents(KEYS)["db.key"] != contents(OTHERS)["db.key"])


def test_update_key(_):
    text = must("openssl", "ec", "-in", KEYS / "update.key", "-noout", "-text")
    check("update.key is of P-256", "NIST CURVE: P-256" in text, text)
    pub = re.search(r"pub:\s+([\da-f:\s]+)", text)[1]
    equal("update.pub is its point", (KEYS / "update.pub").read_bytes().hex(), re.sub(r"[:\s]", "", pub))


def list_of(certificate):
    """The SignatureData and all before it: type, size of the list, of its header, of one."""
    der = subprocess.run(["openssl", "x509", "-in", certificate, "-outform", "DER"],
                         capture_output=True, check=True).stdout  # fmt: skip
    sizes = struct.pack("<III", 28 + 16 + len(der), 0, 16 + len(der))
    return bytes.fromhex(X509) + sizes, der


def check_list(name, data, *certificates):
    """data is these certificates as the firmware has them; whose they are is said by the same GUID."""
    owners = set()
    for certificate in certificates:
        head, der = list_of(certificate)
        equal(f"{name}: a list of {certificate.name}", data[: len(head)], head)
        owners.add(data[28:44])
        equal(f"{name}: with it", data[44 : 44 + len(der)], der)
        data = data[44 + len(der) :]
    equal(f"{name}: and nothing else, of one owner", (data, len(owners)), (b"", 1))


def pkcs7_verifies(signature, signed, certificate):
    """The firmware is given SignedData without what is around it in a file of PKCS#7."""
    if SIGNED_DATA not in signature[:24]:
        inner = tlv(0xA0, signature)
        signature = tlv(0x30, SIGNED_DATA + inner)
    return run("openssl", "smime", "-verify", "-binary", "-inform", "DER", "-noverify", "-nointern",
               "-in", write("signature", signature), "-content", write("signed", signed),
               "-certfile", certificate, "-out", os.devnull)  # fmt: skip


def tlv(tag, body):
    size = len(body)
    head = bytes([size]) if size < 128 else b"\x82" + size.to_bytes(2, "big")
    return bytes([tag]) + head + body


def test_enrolment(_):
    """Each .auth is what SetVariable takes: a time, a signature of the list, the list."""
    for name, (vendor, by) in VARIABLES.items():
        data, plain = ((KEYS / f"{name}.{kind}").read_bytes() for kind in ("auth", "esl"))
        check_list(name, plain, KEYS / f"{name}.crt")
        length, revision, kind = struct.unpack_from("<IHH", data, 16)
        equal(f"{name}: a certificate of UEFI's", (revision, kind, data[24:40].hex()), (0x200, 0xEF1, PKCS7))
        equal(f"{name}: the list behind it", data[16 + length :], plain)
        signature = data[40 : 16 + length]
        signed = name.encode("utf-16-le") + bytes.fromhex(vendor) + struct.pack("<I", ATTRIBUTES)
        signed += data[:16] + plain
        ok, said = pkcs7_verifies(signature, signed, KEYS / f"{by}.crt")
        check(f"{name} is signed by {by}", ok, said)
        check(f"{name}: by no other", not pkcs7_verifies(signature, signed, OTHERS / f"{by}.crt")[0])
        check(f"{name}: and nothing else", not pkcs7_verifies(signature, changed(signed, 60), KEYS / f"{by}.crt")[0])


def test_never_again(_):
    before = contents(KEYS)
    for where in (KEYS, f"{KEYS}/"):
        ok, said = run(SCRIPTS / "mkkeys", where)
        check("keys that are there stay", not ok and "stays as it is" in said, said)
    equal("all of them", contents(KEYS), before)
    some = WORK / "some"
    some.mkdir()
    (some / "update.key").write_text("mine")
    check("one that is there stays", not run(SCRIPTS / "mkkeys", some)[0])
    equal("alone", contents(some), {"update.key": b"mine"})
    ok, said = run("make", "--no-print-directory", "-C", ROOT, "keys", f"KEYS={KEYS}")
    check("make keys leaves them, too", not ok and "stays as it is" in said, said)
    equal("all of them again", contents(KEYS), before)
    bad = write("bad.crt", b"none")
    refused("a certificate that is none", [SCRIPTS / "mkkeys", "-a", bad, WORK / "refused"], "openssl failed")


def test_others_certificates(_):
    """What a network card's firmware is signed by, as PEM and as DER."""
    der = WORK / "card.der"
    must("openssl", "x509", "-in", OTHERS / "KEK.crt", "-outform", "DER", "-out", der)
    keys = WORK / "with-others"
    must(SCRIPTS / "mkkeys", "-a", OTHERS / "db.crt", "-a", der, keys)
    check_list("db", (keys / "db.esl").read_bytes(), keys / "db.crt", OTHERS / "db.crt", OTHERS / "KEK.crt")
    check("signed with them", (keys / "db.auth").read_bytes().endswith((keys / "db.esl").read_bytes()))


# ---- images and updates ----


def mkuki(out, version, *options):
    must(SCRIPTS / "mkuki", "-v", version, *options, out)


def test_image(_):
    mkuki(UKI, "12.0.345", "-k", KEYS)
    data = UKI.read_bytes()
    ok, said = run("sbverify", "--cert", KEYS / "db.crt", UKI)
    check("an image is signed by db", ok, said)
    check("by no other", not run("sbverify", "--cert", OTHERS / "db.crt", UKI)[0])
    wrong = write("wrong.efi", changed(data, data.index(b"console=tty0")))
    check("a changed one isn't", not run("sbverify", "--cert", KEYS / "db.crt", wrong)[0])
    check("update.pub is in it", (KEYS / "update.pub").read_bytes() in data)


def der_number(data):
    data = data.lstrip(b"\0")
    return tlv(2, (b"\0" if data[0] & 0x80 else b"") + data)


def signature_holds(update, key):
    """Whether the signature in an update's header is of its first 128 bytes."""
    raw = update[128:192]
    der = tlv(0x30, der_number(raw[:32]) + der_number(raw[32:]))
    return run("openssl", "dgst", "-sha256", "-verify", key, "-signature", write("signature", der),
               write("signed", update[:128]))[0]  # fmt: skip


def public_of(keys):
    out = WORK / f"{keys.name}.pem"
    must("openssl", "ec", "-in", keys / "update.key", "-pubout", "-out", out)
    return out


def test_update(_):
    out = WORK / "squash.update"
    must(SCRIPTS / "mkupdate", "-k", KEYS, UKI, out)
    data, image = out.read_bytes(), UKI.read_bytes()
    equal("magic, format, version", data[:24], b"SQUPDATE" + struct.pack("<4I", 1, 12, 0, 345))
    equal("the size", data[24:32], struct.pack("<Q", len(image)))
    equal("the hash", data[32:64], hashlib.sha256(image).digest())
    equal("zeros", (data[64:128], data[192:512]), (bytes(64), bytes(320)))
    check("the image", data[512:] == image)
    check("the signature holds", signature_holds(data, public_of(KEYS)))
    check("of no other key", not signature_holds(data, public_of(OTHERS)))
    for at in (0, 12, 24, 40, 127, 128, 191):
        check(f"nor with byte {at} another", not signature_holds(changed(data, at), public_of(KEYS)))


def test_short_numbers(_):
    """What comes by chance, of one in some hundred signatures."""
    loader = importlib.machinery.SourceFileLoader("mkupdate", str(SCRIPTS / "mkupdate"))
    mkupdate = importlib.util.module_from_spec(importlib.util.spec_from_loader("mkupdate", loader))
    loader.exec_module(mkupdate)
    for r, s in ((1, 2), (0x80, 1 << 255), ((1 << 256) - 1, 0x7F << 240)):
        raw = r.to_bytes(32, "big") + s.to_bytes(32, "big")
        der = tlv(0x30, der_number(raw[:32]) + der_number(raw[32:]))
        equal(f"r and s of {r.bit_length()} and {s.bit_length()} bits", mkupdate.raw_signature(der), raw)


def test_no_update(_):
    """What would not boot, or can't be compared, is not made into an update."""
    out = WORK / "refused"

    def attempt(what, uki, reason, keys=KEYS):
        refused(what, [SCRIPTS / "mkupdate", "-k", keys, uki, out], reason)

    attempt("a kernel", BUILD / "vmlinuz", r"no image that boots: it has no \.osrel")
    stub = BUILD / "parts/efi/usr/lib/systemd/boot/efi/linuxx64.efi.stub"
    attempt("an empty image", stub, r"no image that boots: it has no \.osrel .*\.linux")
    attempt("a file of nothing", write("nothing", b""), "nothing")
    attempt("no file", WORK / "none", "none")
    data = UKI.read_bytes()
    attempt("half an image", write("half.efi", data[: len(data) // 2]), "half.efi")
    attempt("another system's", write("system.efi", data.replace(b"ID=squash-", b"ID=squish-")), "something else")
    attempt("a changed one", write("changed.efi", changed(data, data.index(b"console=tty0"))), "not signed by")
    attempt("one that others have signed", UKI, "not signed by", OTHERS)
    attempt("without keys", UKI, "no update.key in", WORK / "none")
    unsigned = write("unsigned.efi", data)
    must("sbattach", "--remove", unsigned)
    attempt("an unsigned one", unsigned, "not signed by")
    # In place: what is 12.0.345 as text of the same length.
    for version in ("12.0.0345"[:8], "12.0.34x", "12..0345", "1.0.2.34", "12345678", "-2.0.345"):
        wrong = write("version.efi", data.replace(b"ID=12.0.345", b"ID=" + version.encode()))
        attempt(f"version {version}", wrong, "its VERSION_ID is")
    mkuki(WORK / "large.efi", "4294967296.0.0", "-k", KEYS)
    attempt("version 4294967296.0.0", WORK / "large.efi", "its VERSION_ID is")


def main():
    tap.each(None, test_keys, test_update_key, test_enrolment, test_never_again,
             test_others_certificates, test_image, test_update, test_short_numbers, test_no_update)


if __name__ == "__main__":
    tap.run(main)
