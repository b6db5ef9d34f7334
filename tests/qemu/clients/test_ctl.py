#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""squashctl against the booted image, by TLS with the certificate's fingerprint: each command, what it
does, what it says when it can't, and its exit codes."""

import contextlib
import fcntl
import hashlib
import io
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import tarfile
import tempfile
import termios
import threading
import time
from pathlib import Path

import tap
from api import BUSYBOX
from machine import ROOT, WORK, Machine, data_disk, drive, make_module
from squashctl import CTL, HEAD, SECONDS, Ctl, Fake, says
from tap import check, equal
from tls_port import TlsPort

TOKEN = "ctl-token-of-the-admin"
FINGERPRINT = r"^TLS certificate, SHA-256: ([0-9A-F:]{95})"
NO_EXEC = 125


def rows(text):
    """A table as lists of words, without its head."""
    return [line.split() for line in text.splitlines()[1:]]


class Setting(TlsPort):
    """The machine's port, and squashctl as each of the three."""

    def __init__(self):
        super().__init__()
        self.url = f"https://127.0.0.1:{self.port}"

    def begin(self, fingerprint):
        self.fingerprint = fingerprint
        known = {"SQUASH_URL": self.url, "SQUASH_FINGERPRINT": fingerprint}
        self.admin = Ctl("admin", SQUASH_TOKEN=TOKEN, **known)
        self.nobody = Ctl("nobody", **known)
        self.fresh = Ctl("fresh")


S = Setting()


# Where to, and whom to trust

def test_pin(m):
    ctl, config = S.fresh, S.fresh.home / ".config/squash/config"
    says(ctl, "without a URL it says what to do", 78, "squashctl pin HOST", "ls")
    says(ctl, "without a fingerprint, too", 78, rf"squashctl pin 127\.0\.0\.1:{S.port}", "--url", S.url, "ls")
    code, out, errors = ctl("pin", f"127.0.0.1:{S.port}", stdin=b"no\n")
    check("pin shows the fingerprint", S.fingerprint.encode() in out, out)
    equal("and writes nothing unless told to", (code, config.exists()), (1, False))
    check("as it says", b"nothing has been written" in errors, errors)
    token = ctl.home / "token"
    token.write_text(TOKEN + "\n")
    code, _, errors = ctl("pin", "--token-file", token, f"127.0.0.1:{S.port}", stdin=b"yes\n")
    equal("it writes the config", (code, errors), (0, b""))
    expected = f"SQUASH_URL={S.url}\nSQUASH_FINGERPRINT={S.fingerprint}\nSQUASH_TOKEN={TOKEN}\n"
    equal("with all that is needed", config.read_text(), expected)
    equal("for nobody else to read", config.stat().st_mode & 0o777, 0o600)
    equal("which works", ctl.text("modules", "-q"), BUSYBOX + "\n")
    config.write_text("# mine\n" + expected.replace(S.fingerprint, "00"))
    ctl("pin", f"127.0.0.1:{S.port}", stdin=b"yes\n")
    lines = config.read_text().splitlines()
    check("pinned anew, the token and what else is there stays", lines[0] == "# mine" and len(lines) == 4
          and f"SQUASH_TOKEN={TOKEN}" in lines and f"SQUASH_FINGERPRINT={S.fingerprint}" in lines, lines)
    says(ctl, "the config's token isn't for another URL", 78, "which certificate", "ls", SQUASH_URL="https://localhost:1")
    says(ctl, "a URL that is none is said", 78, "has no port", "ls", SQUASH_URL="https://x:")
    config.chmod(0o640)
    says(ctl, "a config that others can read is refused", 78, "chmod 600", "ls")
    config.chmod(0o600)
    config.write_text("SQUASH_TOKN=x\n")
    says(ctl, "a setting that there isn't is named, with its line", 78, r"line 1: .*SQUASH_TOKN", "ls")


class Impostor:
    """Somebody else, who has taken the appliance's place: what he gets to read."""

    def __init__(self):
        key, cert = WORK / "ctl-impostor.key", WORK / "ctl-impostor.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=squash"],
                       capture_output=True, check=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.server = socket.create_server(("127.0.0.1", 0))
        self.port = self.server.getsockname()[1]
        self.read = b""
        self.shaken = 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection = self.server.accept()[0]
            with contextlib.suppress(OSError), self.context.wrap_socket(connection, server_side=True) as s:
                self.shaken += 1
                self.read += s.recv(65536)


def test_impostor(m):
    impostor = Impostor()
    url = f"https://127.0.0.1:{impostor.port}"
    says(S.admin, "another certificate is refused", 76, "another certificate", "ls", SQUASH_URL=url)
    equal("before a byte of the request is sent", (impostor.read, impostor.shaken), (b"", 0))
    digits = S.fingerprint.replace(":", "").lower()
    equal("the fingerprint may be without colons", S.admin("ls", SQUASH_FINGERPRINT=digits)[0], 0)
    says(S.admin, "one that is none is said", 78, "64 hexadecimal digits", "ls", "--fingerprint", digits[1:])
    says(S.admin, "http:// doesn't leave the machine", 78, "--plain", "ls", SQUASH_URL="http://192.0.2.1")
    plain = {"SQUASH_URL": f"http://127.0.0.1:{m.port}"}
    equal("within it, it does", S.admin("ls", **plain)[0], 0)
    says(S.admin, "a port without TLS is told from one that has", 76, "TLS|ended", "ls",
         SQUASH_URL=f"https://127.0.0.1:{m.port}")


def ask_fake(*reply, args=("ls",), **options):
    fake = Fake(*reply, **options)
    return fake, S.admin.fails(*args, SQUASH_URL=fake.url)


def test_strange(m):
    """What no appliance would answer."""
    for name, code, reply in (
        ("nothing", 69, b""),
        ("no HTTP", 76, b"SSH-2.0-x\r\n\r\n"),
        ("a head without an end", 76, b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 2000),
        ("chunks", 76, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ("half a body", 69, HEAD % 10 + b"[]"),
        ("more than it says", 76, HEAD % 2 + b"[]]"),
        ("no JSON", 76, HEAD % 5 + b"<html"),
        ("an error that is none", 76, b"HTTP/1.1 404 X\r\nContent-Length: 5\r\n\r\n<html"),
        ("more than any reply", 76, HEAD % (1 << 31) + b"["),
    ):
        _, (got, line) = ask_fake(reply)
        check(f"{name}: {line}", got == code, got)
    error = json.dumps({"error": "\x1b[2Jdon't\n", "code": "x"}).encode()
    _, (code, line) = ask_fake(b"HTTP/1.1 409 X\r\nContent-Length: %d\r\n\r\n" % len(error), error)
    equal("what an error says is shown, and does nothing", (code, line), (1, r"\x1b[2Jdon't\n"))
    for name, lines in (("a line that is none", b"{}\n"), ("no result", b'{"duration_ms":0}\n'), ("a long line", b"x" * 300_000),
                        ("bytes that are missing", b'{"stream":"stdout","offset":1,"data":"x"}\n')):
        _, (code, line) = ask_fake(b"HTTP/1.1 200 OK\r\n\r\n", lines, args=("exec", "box", "true"))
        check(f"{name}: {line}", code == NO_EXEC, code)
    listing = json.dumps([{"id": "$(touch /tmp/owned)"}, {"id": "box"}, {"id": 1}, 2, {"id": None}]).encode()
    fake = Fake(HEAD % len(listing), listing)
    equal("ids that are none aren't given to a shell", S.admin("ls", "-q", SQUASH_URL=fake.url), (0, b"box\n1\n", b""))
    equal("a list of anything is shown", S.admin("ls", SQUASH_URL=fake.url)[0], 0)


def test_update(m):
    """What is asked of the appliance; and an upload that is answered early."""
    file = WORK / "ctl-update"
    file.write_bytes(os.urandom(300_000))
    body = b'{"version":"9.9.9"}'
    fake = Fake(b"HTTP/1.1 201 Created\r\nContent-Length: %d\r\n\r\n" % len(body), body)
    equal("update prints the version", S.admin.text("system", "update", "--downgrade", file, SQUASH_URL=fake.url), "9.9.9\n")
    check("it is sent to its endpoint", fake.head.startswith(b"POST /cgi-bin/api/system/update?downgrade=true HTTP/1.1\r\n"))
    check("with the token", b"Authorization: Bearer %s\r\n" % TOKEN.encode() in fake.head, fake.head)
    equal("as it is", fake.body, file.read_bytes())
    with open(file, "wb") as f:
        f.truncate(2**31 - 1)
    error = b'{"error":"too large for it","code":"no_space"}'
    _, (code, line) = ask_fake(b"HTTP/1.1 507 X\r\nContent-Length: %d\r\n\r\n" % len(error), error, early=True,
                               args=("system", "update", file))
    equal("an answer that comes early ends it", (code, line), (1, "too large for it"))
    with open(file, "ab") as f:
        f.truncate(2**31)
    says(S.admin, "a file that is too large isn't sent", 64, "larger", "system", "update", file)
    file.unlink()


def test_copy(m):
    """Files in and out of a sandbox."""
    ctl = S.admin
    data = os.urandom(3_000_000)
    here, there, directory = (ctl.home / name for name in ("here", "there", "directory"))
    here.write_bytes(data)
    here.chmod(0o750)
    directory.mkdir()
    ctl.text("cp", here, "box:/root/a b&\u00e9")
    ctl.text("cp", "box:/root/a b&\u00e9", there)
    equal("a file goes in and comes out, with its mode", (there.read_bytes(), there.stat().st_mode & 0o777), (data, 0o750))
    ctl.text("cp", here, "box:/root/")
    equal("into a directory, under its own name", ctl("cp", "box:/root/here", "-"), (0, data, b""))
    ctl.text("cp", "box:/root/here", directory)
    equal("here, too", (directory / "here").read_bytes(), data)
    equal("the size is told to programs", ctl.json("cp", here, "box:x")["size"], len(data))
    ctl.text("cp", "-", "box:/root/stdin", stdin=data[:100_000])
    equal("a pipe goes in and out", ctl("cp", "box:/root/stdin", "-"), (0, data[:100_000], b""))
    ctl.text("cp", "-", "box:/root/stdin")
    equal("an empty one takes its place", ctl("cp", "box:/root/stdin", "-"), (0, b"", b""))
    says(ctl, "a file that isn't there", 1, "nix", "cp", "box:/nix", there)
    says(ctl, "nor here", 74, "No such file", "cp", "/nix", "box:/x")
    says(ctl, "a place that can't be written", 74, "/nix/x", "cp", "box:/root/here", "/nix/x")
    says(ctl, "a directory", 64, "is a directory", "cp", directory, "box:/x")
    says(ctl, "two files of this side", 64, "ID:/PATH", "cp", here, there)
    says(ctl, "a name for what has none", 64, "stdin has no name", "cp", "-", "box:/tmp/")


def test_trees(m):
    ctl = S.admin
    tree = ctl.home / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "below/file").write_text("text")
    (tree / "below/file").chmod(0o711)
    (tree / "link").symlink_to("below/file")
    (tree / "t\nwo").touch()
    ctl.text("exec", "box", "mkdir -p /srv/tree /srv/other")
    ctl.text("cp", "-r", tree, "box:/srv/")
    ctl.text("cp", "-r", tree, "box:/srv/other")
    look = "cat link; stat -c %a below/file; stat -c %u below/file"
    equal("a tree goes in", ctl.text("exec", "-w", "/srv/tree", "box", look), "text711\n0\n")
    equal("under its name or another", ctl.text("exec", "-w", "/srv/other", "box", look), "text711\n0\n")
    out = ctl.text("ls", "box:/srv/tree")
    check("ls of a directory", re.search(r"^link .* link -> below/file$", out, re.MULTILINE) and r"t\nwo" in out
          and re.search(r"^directory +0755", out, re.MULTILINE), out)
    ctl.text("cp", "-r", "box:/srv/tree", ctl.home / "made")
    equal("and comes out", ((ctl.home / "made/link").is_symlink(), (ctl.home / "made/link").read_text()), (True, "text"))
    (ctl.home / "into").mkdir()
    ctl.text("cp", "-r", "box:/srv/tree", ctl.home / "into")
    equal("in a directory, under its name", (ctl.home / "into/tree/below/file").read_text(), "text")
    says(ctl, "one that isn't there leaves nothing", 1, "nix", "cp", "-r", "box:/nix", ctl.home / "none")
    equal("here", (ctl.home / "none").exists(), False)
    says(ctl, "nor does one of this side", 74, "nix: No such file", "cp", "-r", tree / "nix", "box:/x")
    ctl.text("cp", "-r", "--owner", "1000:50", tree, "box:/srv/owned")
    equal("a tree goes in as another's", ctl.text("exec", "-w", "/srv/owned", "box", "stat -c %u:%g below/file link"),
          "1000:50\n1000:50\n")
    code, archive, errors = ctl("cp", "-r", "box:/srv/owned", "-")
    with tarfile.open(fileobj=io.BytesIO(archive)) as t:
        names = sorted(t.getnames())
    equal("an archive comes out of stdout", (code, errors, names), (0, b"", ["below", "below/file", "link", "t\nwo"]))
    ctl.text("cp", "-r", "-", "box:/srv/again", stdin=archive)
    equal("and goes in by stdin", ctl.text("exec", "-w", "/srv/again", "box", "cat link; stat -c %u below/file"), "text1000\n")


def test_hostile_tar(m):
    hostile = io.BytesIO()
    with tarfile.open(fileobj=hostile, mode="w") as t:
        for name in ("../escaped", "/tmp/ctl-escaped", "good"):
            t.addfile(tarfile.TarInfo(name), io.BytesIO())
    fake = Fake(HEAD % len(hostile.getvalue()), hostile.getvalue())
    S.admin("cp", "-r", "box:/hostile", S.admin.home / "hostile", SQUASH_URL=fake.url)
    equal("nothing gets out of the directory", [(S.admin.home / "escaped").exists(), Path("/tmp/ctl-escaped").exists()],
          [False, False])
    fake = Fake(HEAD % 6000, b"no tar" * 1000)
    code, _, errors = S.admin("cp", "-r", "box:/broken", S.admin.home / "broken", SQUASH_URL=fake.url)
    equal("what is no tar fails", (code, b"checksum" in errors), (76, True))
    subprocess.run(["rm", "-rf", S.admin.home / "hostile", S.admin.home / "broken"], check=True)


def test_hostile_tree(m):
    """A sandbox whose root wants to write where squashctl runs, and can't. No program of this side helps."""
    ctl = S.admin
    outside, out = ctl.home / "outside", ctl.home / "hostile"
    outside.mkdir()
    (outside / "authorized_keys").write_text("as it was")
    ctl.text("exec", "box", f"mkdir -p /h/ro /steal; cd /h; ln -s {outside} ssh; ln -s / root; echo 1 >f; chmod 6777 f; ln f hard;"
             f" ln -s {outside}/authorized_keys keys; mkfifo fifo; echo 2 >ro/f; chmod 1555 ro; dd if=/dev/zero of=holes bs=1M"
             " count=0 seek=8 2>/dev/null; touch -d @981173106 f ro; echo mine >/steal/authorized_keys")
    code, _, errors = ctl("cp", "-r", "box:/h", out, PATH="/nix")
    check("a FIFO is left out, and said", code == 74 and b"fifo is left out: it is a FIFO" in errors, errors)
    equal("links come as they are", [os.readlink(out / name) for name in ("ssh", "root")], [str(outside), "/"])
    equal("no setuid or sticky bit comes", [oct((out / name).stat().st_mode & 0o7777) for name in ("f", "ro")], ["0o755", "0o555"])
    equal("times do", {(out / name).stat().st_mtime for name in ("f", "hard", "ro")}, {981173106})
    equal("holes stay holes", ((out / "holes").stat().st_size, (out / "holes").stat().st_blocks), (8 << 20, 0))
    ctl.text("exec", "box", "rm -r /h; mkdir -p /h/ssh; echo mine >/h/ssh/authorized_keys; echo mine >/h/keys; echo 2 >/h/f;"
             " mkdir -p /h/ro; echo 3 >/h/ro/f")
    equal("a second copy goes over it", ctl("cp", "-r", "box:/h/.", out, PATH="/nix"), (0, b"", b""))
    equal("and writes anew", [(out / name).read_text() for name in ("ssh/authorized_keys", "keys", "hard", "f", "ro/f")],
          ["mine\n", "mine\n", "1\n", "2\n", "3\n"])
    subprocess.run(["rm", "-r", out / "ssh"], check=True)
    (out / "ssh").symlink_to(outside)
    ctl.text("exec", "box", "mkdir /s; mv /steal /s/ssh")
    says(ctl, "a tree isn't written through a planted link", 74, "is a link or a file", "cp", "-r", "box:/s/ssh", out)
    equal("nothing was written where it leads", [(p.name, p.read_text()) for p in outside.iterdir()],
          [("authorized_keys", "as it was")])
    subprocess.run(["chmod", "-R", "u+w", out], check=True)
    subprocess.run(["rm", "-rf", out, outside], check=True)
    ctl.text("exec", "box", "rm -r /h /s")


def test_copy_broken(m):
    """A file that doesn't come as a whole is none."""
    to = S.admin.home / "broken"
    fake = Fake(HEAD % 100 + b"half")
    says(S.admin, "a file that is cut off is said to be", 69, "in the middle", "cp", "box:/f", to, SQUASH_URL=fake.url)
    equal("and nothing is left of it", list(S.admin.home.iterdir()), [])
    to.write_bytes(b"before")
    S.admin("cp", "box:/f", to, SQUASH_URL=fake.url)
    equal("what was there before stays", to.read_bytes(), b"before")
    fake = Fake(b"HTTP/1.1 200 OK\r\nSquash-Mode: 6755\r\nContent-Length: 0\r\n\r\n")
    equal("an empty one comes", S.admin("cp", "box:/f", to, SQUASH_URL=fake.url), (0, b"", b""))
    equal("without its setuid bit", (to.read_bytes(), to.stat().st_mode & 0o7777), (b"", 0o755))
    to.unlink()


def test_man(m):
    """The page has every command and every option."""
    page = (ROOT / "docs/squashctl.1").read_text()
    plain = re.sub(r"[ ]+", " ", re.sub(r"^\.(It|Op|Cm|Fl)? ?|\b(Ns|Ar|Cm|Fl|Oo|Oc|Op)\b", " ", page, flags=re.MULTILINE))
    commands = re.findall(r"^  ([a-z]+(?: [a-z]+|-net)?)  ", S.admin.text("help"), re.MULTILINE)
    missing = [name for name in commands if not re.search(rf"^ ?{name}\b", plain, re.MULTILINE)]
    equal(f"{len(commands)} commands are in the page", missing, [])
    options = {option for name in commands for option in re.findall(r"--([a-z-]+)", S.admin.text("help", *name.split()))}
    equal(f"{len(options)} options", [name for name in options if f"-{name}" not in page], [])


def test_errors(m):
    says(S.nobody, "without a token", 77, "SQUASH_TOKEN, or --token-file", "ls")
    says(S.nobody, "a wrong one", 77, "SQUASH_TOKEN, or --token-file", "ls", SQUASH_TOKEN="wrong")
    says(S.admin, "a dead host", 69, "can't connect to 127.0.0.1:1: Connection refused", "ls",
         SQUASH_URL="https://127.0.0.1:1")
    says(S.admin, "a host without a name", 69, "there is no host", "ls", SQUASH_URL="https://nohost.invalid")
    says(S.admin, "a sandbox that isn't there", 1, "there is no sandbox nix: squashctl ls", "info", "nix")
    says(S.admin, "no such module", 1, "there is no module 100-nix: squashctl modules", "create", "x", "100-nix")
    says(S.admin, "no such command", 64, "there is no command nix", "nix")
    says(S.admin, "no such option", 64, "there is no option --nix", "ls", "--nix")
    says(S.admin, "words that are missing", 64, "usage: squashctl info ID", "info")
    says(S.admin, "a name that would be another path", 64, "can't be the name", "info", "../system")
    says(S.admin, "a number that is none", 64, "--memory-mb must be a whole number", "create", "x", BUSYBOX,
         "--memory-mb", "1G")
    says(S.admin, "exec has 125 for all of these", NO_EXEC, "there is no sandbox nix", "exec", "nix", "true")
    says(S.nobody, "a token, too", NO_EXEC, "SQUASH_TOKEN", "exec", "nix", "true")
    code, out, _ = S.admin("help")
    check("help lists commands", code == 0 and b"modules push" in out, out)
    check("and tells of one", b"--allow-net" in S.admin("help", "create")[1])
    check("so does --help", b"--allow-net" in S.admin("create", "--help")[1])
    equal("version", S.admin.text("version"), "squashctl 0.1.0\n")


# Sandboxes

def test_sandboxes(m):
    ctl = S.admin
    made = ctl.text("create", "box", BUSYBOX, "--owner", "alice", "--task", "t\x1b[2J\u202e", "--cpu", "1.5",
                    "--memory-mb", "96", "--disk-mb", "40", "--lifetime=3600", "--allow-net", "pypi.org,*.example.org",
                    "--allow-net", "192.0.2.1x.example.org:5432")
    equal("create prints the id", made, "box\n")
    info = ctl.json("info", "box")
    got = {key: info[key] for key in ("owner", "task", "cpu", "memory_mb", "disk_mb", "max_lifetime_s", "allow_net")}
    equal("it is as it was asked for", got, {
        "owner": "alice", "task": "t\x1b[2J\u202e", "cpu": 1.5, "memory_mb": 96, "disk_mb": 40,
        "max_lifetime_s": 3600, "allow_net": ["pypi.org", "*.example.org", "192.0.2.1x.example.org:5432"]})
    out = ctl.text("info", "box")
    check("what would act on a terminal is shown", r"task             t\x1b[2J\u202e" in out, out)
    equal("ls lists it", rows(ctl.text("ls"))[0][:2], ["box", "alice"])
    equal("or its id alone", ctl.text("ls", "-q"), "box\n")
    equal("--json is what the API answers", ctl.json("ls")[0]["id"], "box")
    says(ctl, "an id that is taken", 1, "box", "create", "box", BUSYBOX)
    ctl.text("allow-net", "box", "none")
    equal("allow-net", ctl.json("info", "box")["allow_net"], ["none"])
    check("network", "RESULT" in ctl.text("network", "box"))
    lines = [{"time": "2025-01-01T00:00:00Z", "event": "refused", "name": "web.test", "asked": "denied.test", "address": None,
              "port": 80, "reason": "name not allowed"},
             {"time": "2025-01-01T00:00:01Z", "event": "connect", "name": "web.test", "address": "192.0.2.1", "port": 443,
              "sent": 1, "received": 2, "duration_ms": 3, "end": "refused"}]
    body = json.dumps({"network": lines}).encode()
    fake = Fake(HEAD % len(body), body)
    got = [row[1:] for row in rows(ctl.text("network", "box", SQUASH_URL=fake.url))]
    equal("it has the name that was asked for", got[0], "refused web.test denied.test - 80 - - name not allowed".split())
    equal("where there is another one", got[1][:4], ["connect", "web.test", "-", "192.0.2.1"])
    check("top, not on a terminal, shows it once", "box" in ctl.text("top") and "squash " in ctl.text("top"))


def test_exec(m):
    ctl = S.admin
    equal("one word is the shell's", ctl.text("exec", "box", "--", "echo $((6*7)) | cat"), "42\n")
    equal("several are taken as they are", ctl.text("exec", "box", "echo", "$HOME", "a  b", "it's", ";"),
          "$HOME a  b it's ;\n")
    equal("options behind the command are its own", ctl.text("exec", "box", "echo", "-e", "--json"), "--json\n")
    equal("stderr is stderr", ctl("exec", "box", "echo out; echo err >&2; exit 3"), (3, b"out\n", b"err\n"))
    got = ctl.text("exec", "box", "-w", "/tmp", "-e", "A=1 2", "--env", "B==", "--", 'pwd; echo "$A $B"')
    equal("workdir and environment", got, "/tmp\n1 2 =\n")
    text = "\u00e9\u0001\n" * 50000
    equal("stdin", ctl.text("exec", "box", "-i", "cat", stdin=text.encode()), text)
    says(ctl, "one that is too long says what to do", NO_EXEC, "squashctl cp", "exec", "box", "-i", "cat",
         stdin=b"x" * 2_000_000)
    says(ctl, "so does one that is no text", NO_EXEC, "squashctl cp", "exec", "box", "-i", "cat", stdin=b"\xff")
    equal("a timeout", ctl("exec", "box", "-t", "0.5", "echo on; sleep 60"), (124, b"on\n", b""))
    lines = [json.loads(line) for line in ctl.text("exec", "--json", "box", "true").splitlines()]
    equal("--json passes the lines on", lines[-1]["result"]["exit_code"], 0)


def test_codes(m):
    ctl, got = S.admin, []
    wanted = [0, 1, 2, 64, 77, 124, 125, 126, 127, 130, 200, 254, 255]
    got = [ctl("exec", "box", f"exit {code}")[0] for code in wanted]
    equal("the exit code is the command's", got, wanted)
    equal("128 and the signal", [ctl("exec", "box", f"kill -{n} $$")[0] for n in (1, 9, 15)], [129, 137, 143])
    equal("what isn't there", ctl("exec", "box", "/nix")[0], 127)


def test_bytes(m):
    cmd = "head -c 5000000 /dev/urandom | tee /tmp/random; head -c 300000 /dev/urandom | tee /tmp/other >&2"
    code, out, errors = S.admin("exec", "box", cmd)
    sums = S.admin.text("exec", "box", "sha256sum", "/tmp/random", "/tmp/other").split()
    equal("5 MB of random bytes come as they are", (code, len(out), hashlib.sha256(out).hexdigest()),
          (0, 5_000_000, sums[0]))
    equal("on both streams", hashlib.sha256(errors).hexdigest(), sums[2])


def test_interrupt(m):
    before = m.counts()["processes"]
    shell = f"{CTL} exec box 'echo on; setsid sleep 1000 & sleep 1000'; echo code $?"
    process = subprocess.Popen(["sh", "-c", shell], stdout=subprocess.PIPE, env=S.admin.env, process_group=0)
    equal("it has begun", process.stdout.readline(), b"on\n")
    # As a terminal does it, but for the shell, which would end with it.
    child = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(child[0]), signal.SIGINT)
    equal("ctrl-C ends squashctl, as 130", process.communicate(timeout=SECONDS)[0], b"code 130\n")
    deadline = time.monotonic() + SECONDS
    while (now := m.counts()["processes"]) != before and time.monotonic() < deadline:
        time.sleep(0.1)
    equal("and all that the command has started", now, before)


# The rest

def test_detached(m):
    ctl = S.admin
    number = ctl.text("exec", "-d", "box", "echo one; echo two >&2; until test -e /tmp/go; do sleep 0.1; done; exit 7").strip()
    row = rows(ctl.text("execs", "box"))[-1]
    equal("execs", row[:3], [number, "running", "-"])
    follower = ctl.start("output", "-f", "box", number, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    equal("output -f follows", follower.stdout.readline(), b"one\n")
    ctl.text("exec", "box", "touch /tmp/go")
    out, errors = follower.communicate(timeout=SECONDS)
    equal("to the end, and exits as it did", (follower.returncode, out, errors), (7, b"", b"two\n"))
    equal("output", ctl("output", "box", number), (0, b"one\n", b"two\n"))
    number = ctl.text("exec", "-d", "box", "head -c 400000 /dev/zero | tr '\\0' x; sleep 1000").strip()
    ctl.text("exec", "box", "until test $(pidof sleep | wc -w) = 1; do sleep 0.1; done")
    code, out, errors = ctl("output", "box", number)
    equal("what is kept", (code, out), (0, b"x" * 262144))
    equal("and how much isn't", errors, b"squashctl: 137856 bytes of stdout are not kept any more\n")
    ctl.text("kill", "box", number)
    equal("kill", rows(ctl.text("execs", "box"))[-1][1:3], ["ended", "137"])
    says(ctl, "one that there isn't", 1, "99", "kill", "box", "99")


def test_snapshots(m):
    ctl = S.admin
    ctl.text("exec", "box", "echo kept >/root/file")
    name = ctl.text("snapshot", "box", "--label", "the first").strip()
    equal("snapshot prints its name", name, "900-snapshot-1")
    row = rows(ctl.text("snapshots", "box"))[0]
    equal("snapshots", (row[0], row[3], row[4:]), (name, BUSYBOX, ["the", "first"]))
    ctl.text("exec", "box", "rm /root/file")
    ctl.text("restore", "box", name)
    equal("restore", ctl.text("exec", "box", "cat /root/file"), "kept\n")
    ctl.text("create", "copy", "--from", f"box/{name}")
    equal("create --from", ctl.text("exec", "copy", "cat /root/file"), "kept\n")
    says(ctl, "a snapshot that is stood on stays", 1, "box|snapshot", "rm", f"box/{name}")
    second = ctl.text("snapshot", "box").strip()
    ctl.text("rm", f"box/{second}", "copy")
    equal("rm drops snapshots, and sandboxes", (len(ctl.json("snapshots", "box")["snapshots"]), ctl.text("ls", "-q")),
          (1, "box\n"))


def test_modules(m):
    ctl = S.admin
    path = make_module("150-ctl", {"ctl/hello": "hello\n"})
    equal("push", ctl.text("modules", "push", path), "150-ctl\n")
    names = [row[0] for row in rows(ctl.text("modules"))]
    equal("modules lists it", names, [BUSYBOX, "150-ctl"])
    ctl.text("activate", "box", "150-ctl")
    equal("activate", ctl.text("exec", "box", "cat /ctl/hello"), "hello\n")
    says(ctl, "one that is stood on stays", 1, "box", "modules", "rm", "150-ctl")
    equal("push under another name", ctl.json("modules", "push", path, "151-other")["name"], "151-other")
    ctl.text("modules", "rm", "151-other")
    ctl.text("create", "maker", BUSYBOX, "--memory-mb", "64")
    ctl.text("exec", "maker", "echo made >/made")
    made = ctl.text("modules", "freeze", "maker", "154-made", "--version", "2.0")
    equal("freeze prints the module", made, "154-made\n")
    listed = {row[0]: row[1] for row in rows(ctl.text("modules"))}
    equal("modules lists versions", (listed["154-made"], listed["150-ctl"]), ("2.0", "-"))
    with tempfile.TemporaryDirectory() as here:
        target = Path(here) / "made"
        ctl.text("modules", "pull", "154-made", target)
        equal("pull, into a file", target.stat().st_size, ctl.json("modules")[-1]["size"])
        ctl.text("modules", "pull", "154-made", here)
        named = Path(here) / "154-made.squashfs"
        equal("pull, into a directory", named.read_bytes(), target.read_bytes())
        says(ctl, "one that isn't there", 1, "no module 155-nix", "modules", "pull", "155-nix", f"{here}/nix")
        equal("nothing is left of that", sorted(os.listdir(here)), ["154-made.squashfs", "made"])
        ctl.text("modules", "rm", "154-made")
        equal("what was pulled can be pushed", ctl.text("modules", "push", named), "154-made\n")
    says(ctl, "its base is not below", 1, BUSYBOX, "create", "lonely", "154-made")
    says(ctl, "a sandbox on a snapshot is no module", 1, "snapshot", "modules", "freeze", "box", "155-box")
    ctl.text("rm", "maker")
    ctl.text("modules", "rm", "154-made")
    says(ctl, "a file that is no module", 1, "squashfs|superblock|too short|magic", "modules", "push", CTL, "152-x")
    says(ctl, "a file that isn't there", 74, "No such file", "modules", "push", "/nix")
    says(S.nobody, "without a token", 77, "SQUASH_TOKEN", "modules", "push", path)


def test_tokens(m):
    ctl = S.admin
    token = ctl.text("tokens", "add", "viewer", "read").strip()
    equal("tokens", rows(ctl.text("tokens")), [["viewer", "read"]])
    file = ctl.home / "viewer"
    file.write_text(token + "\n")
    equal("it lets one in", S.nobody("--token-file", file, "ls")[0], 0)
    says(S.nobody, "but for looking alone", 77, "right", "--token-file", file, "rm", "box")
    ctl.text("tokens", "rm", "viewer")
    says(S.nobody, "until it is taken back", 77, "token", "--token-file", file, "ls")


def test_looking(m):
    ctl = S.admin
    ctl.text("exec", "box", "--", ": '\x1b]0;owned\x07'")
    out = ctl.text("logs", "box")
    check("logs, where nothing acts on the terminal", r": '\x1b]0;owned\x07'" in out and "\x1b" not in out, out)
    events = [row[1] for row in rows(ctl.text("history"))]
    check("history", events[0] == "exec" and {"create", "end", "upload_module", "create_token"} <= set(events), events)
    out = ctl.text("system")
    check("system", re.search(r"^version +0\.1\.0$", out, re.MULTILINE) and "disk_persistent  yes" in out, out)


def read_until(fd, wanted):
    """What a terminal shows until it is wanted."""
    shown, deadline = b"", time.monotonic() + SECONDS
    while wanted not in shown:
        ready, _, _ = select.select([fd], [], [], deadline - time.monotonic())
        assert ready, (wanted, shown)
        shown += os.read(fd, 65536)
    return shown


def take_terminal():
    """In the child: ctrl-C on stdin's terminal is for it."""
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def test_terminal(m):
    """top and the progress of a push, on a terminal."""
    for key in (b"q", b"\x03"):
        parent, child = pty.openpty()
        process = S.admin.start("top", stdin=child, stdout=child, stderr=child,
                                preexec_fn=take_terminal)
        os.close(child)
        read_until(parent, b"-/1.5")
        read_until(parent, b"0.00/1.5")  # what an idle one has used since the first look
        os.write(parent, key)
        read_until(parent, b"\x1b[?1049l")
        equal(f"top looks again, until {key!r}", process.wait(SECONDS), 0)
        os.close(parent)
    parent, child = pty.openpty()
    path = make_module("153-large", {"large": os.urandom(3_000_000)})
    process = S.admin.start("modules", "push", path, stdout=subprocess.DEVNULL, stderr=child)
    os.close(child)
    shown = read_until(parent, b"\x1b[K")
    check("a push draws how far it is", b"100 %" in shown and b"###" in shown, shown)
    equal("and succeeds", process.wait(SECONDS), 0)
    os.close(parent)


def complete(*words):
    """What bash would offer for the last of the words."""
    line = " ".join(words)
    script = f"source <({CTL} completion bash); COMP_WORDS=({line}); [ -n '{words[-1]}' ] || COMP_WORDS+=(''); " \
             f"COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); _squashctl; printf '%s\\n' \"${{COMPREPLY[@]}}\""
    path = f"{CTL.parent}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-c", script], env={**S.admin.env, "PATH": path}, capture_output=True, text=True,
                          check=True)
    equal("bash has nothing to complain of", done.stderr, "")
    return done.stdout.split()


def test_completion(m):
    equal("commands are completed", complete("squashctl", "sna"), ["snapshot", "snapshots"])
    equal("words of two", complete("squashctl", "modules", "p"), ["push", "pull"])
    equal("options", complete("squashctl", "create", "--me"), ["--memory-mb"])
    equal("ids", complete("squashctl", "exec", ""), ["box"])
    equal("modules", complete("squashctl", "activate", "box", "15"), ["150-ctl", "153-large"])


def test_reboot(m):
    equal("system poweroff", S.admin.json("system", "poweroff"), {"status": "powering off"})
    m.wait_end(SECONDS)
    check("switches it off", True)
    says(S.admin, "and nobody answers any more", 69, "connect", "ls")


def main():
    disk = data_disk("ctl", 128)
    settings = f"SQUASH_AUTH_TOKEN={TOKEN}"
    with Machine("ctl", settings, 768, [*drive(disk), *S.args]) as m:
        m.token = TOKEN
        S.begin(m.wait_console(FINGERPRINT)[1])
        tap.note(f"up after {m.wait_api():.1f} s")
        tap.each(m, test_man, test_pin, test_impostor, test_strange, test_update, test_copy_broken, test_hostile_tar)
        tap.each(m, test_errors, test_sandboxes, test_exec, test_codes, test_bytes, test_copy, test_trees, test_hostile_tree)
        tap.each(m, test_interrupt, test_detached, test_snapshots, test_modules, test_tokens, test_looking)
        tap.each(m, test_terminal, test_completion, test_reboot)


tap.run(main)
