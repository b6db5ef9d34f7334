#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/mkmodule and scripts/mkmanifest: that modules come out the same each time, what is in them and
in their manifests, what is refused, and that hostile archives and a run that is ended leave nothing."""

import bz2
import gzip
import hashlib
import http.server
import io
import json
import lzma
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tarfile
import threading
from pathlib import Path


import tap
from archives import CAPABILITY, DATE, HOSTILE, archive, directory, entry, link, pax, symlink
from machine import BUILD, ROOT
from tap import check, equal

MODULES = BUILD / "modules"
WORK = BUILD / "test/mkmodule"
NAME = "899-mkmodule-test"  # nobody else's
MODULE = MODULES / f"{NAME}.squashfs"
PAGE = 4096
WITNESS = Path("/tmp/mkmodule-was-here")  # what is hostile would make it


def mkmodule(*words, date=None, cwd=WORK, **environment):
    """What it says if it refuses, None if it makes a module."""
    environment = {**os.environ, **environment}
    environment.pop("SOURCE_DATE_EPOCH", None)
    if date is not None:
        environment["SOURCE_DATE_EPOCH"] = str(date)
    MODULE.unlink(missing_ok=True)
    command = [ROOT / "scripts/mkmodule", *words]
    ran = subprocess.run(command, cwd=cwd, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = ran.stdout.decode("utf-8", "replace")
    if ran.returncode == 0 and not MODULE.exists():
        return f"exit status 0, and no module: {said}"
    return None if ran.returncode == 0 else said or "nothing said"


def made(*words, **options):
    """The bytes of a module, which must be made."""
    said = mkmodule(*words, **options)
    if said is not None:
        raise AssertionError(f"{words}: {said}")
    return MODULE.read_bytes()


def refused(what, words, *named, **options):
    said = mkmodule(*words, **options)
    check(f"refused: {what}", said and all(word in said for word in named) and "Traceback" not in said, said)
    check(f"{what}: no module is left", not MODULE.exists())


def manifest(module):
    """Its lines; the padding is looked at."""
    text = module[-PAGE:].decode()
    lines = text.rstrip("\n").split("\n")
    equal("the manifest is padded", text, "\n".join(lines) + "\n" * (PAGE - len("\n".join(lines))))
    return lines


def listing(module=MODULE):
    """{name: (type, date, mode, uid, gid, more...)} of a module's files, by unsquashfs; type x: an xattr."""
    pseudo = WORK / "pseudo"
    pseudo.unlink(missing_ok=True)
    subprocess.run([BUILD / "parts/unsquashfs", "-no-progress", "-quiet", "-pf", pseudo, module], check=True)
    text = pseudo.read_bytes().partition(b"#\n# START OF DATA")[0].decode("utf-8", "surrogateescape")
    files = {}
    for line in text.splitlines():
        name, kind, *rest = re.split(r"(?<!\\) ", line)
        files[f"{name} x" if kind == "x" else name] = (kind, *rest)
    return files


def content(name):
    """A file's in the module."""
    return subprocess.run([BUILD / "parts/unsquashfs", "-cat", MODULE, name], check=True, capture_output=True).stdout


def fill(top, order):
    """A directory of files, written in that order; no two alike in what they have."""
    shutil.rmtree(top, ignore_errors=True)
    top.mkdir(mode=0o700)
    for number in order:
        path = top / f"d{number % 3}" / f"file {number}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(random.Random(number).randbytes(1 + number * 7000))
        path.chmod(0o755 if number % 2 else 0o600)
        os.utime(path, (0, DATE + number))
    (top / "link").symlink_to("/etc/passwd")
    os.utime(top / "link", (0, DATE), follow_symlinks=False)
    os.link(top / "d1/file 1", top / "hard")
    for path in (*top.glob("d*"), top):
        os.utime(path, (0, DATE * 2))


def test_directory():
    fill(WORK / "one", range(20))
    fill(WORK / "two", reversed(range(20)))
    first = made("from-dir", "--needs", "100-b", "--needs", "000-a", "--version", "2.1~x", NAME, "one")
    lines = manifest(first)
    image = first[:-PAGE]
    expected = ["squash-module 1", f"name {NAME}", "version 2.1~x", "needs 000-a", "needs 100-b",
                f"sha256 {hashlib.sha256(image).hexdigest()}"]  # fmt: skip
    equal("its manifest", lines, expected)
    used = int.from_bytes(image[40:48], "little")
    equal("it lies behind the image's last page", len(image), (used + PAGE - 1) // PAGE * PAGE)
    options = ("--needs", "000-a", "--needs", "100-b", "--version", "2.1~x")
    check("the same once more", made("from-dir", *options, NAME, "one") == first)
    check("and of the same files in another order", made("from-dir", *options, NAME, WORK / "two") == first)
    files = listing()
    equal("the root is for all", files["/"][:1] + files["/"][2:], ("D", "755", "0", "0"))
    check("all is root's", all(rest[3:5] == ("0", "0") for rest in files.values() if rest[0] in "DRSI"), files)
    equal("a file's date and mode stay", files["d1/file\\ 1"][1:3], (str(DATE + 1), "755"))
    equal("a directory's date is the newest file's", files["d1"][1], str(DATE + 19))
    equal("a hard link", files["hard"], ("L", "d1/file\\ 1"))
    equal("a symlink", files["link"][-1], "/etc/passwd")
    equal("no version is 1, no needs are none", manifest(made("from-dir", NAME, "one"))[2:-1], ["version 1"])


def test_directory_dates():
    fill(WORK / "one", range(5))
    module = made("from-dir", NAME, "one", date=DATE + 2)
    dates = {int(rest[1]) for rest in listing().values() if rest[0] in "DR"}
    equal("no date is after SOURCE_DATE_EPOCH, those before stay", dates, {DATE, DATE + 1, DATE + 2})
    os.utime(WORK / "one/d0/file 3", (0, DATE * 2))
    check("dates after it are all the same", made("from-dir", NAME, "one", date=DATE + 2) == module)
    shutil.rmtree(WORK / "one")
    (WORK / "one").mkdir()
    made("from-dir", NAME, "one")
    equal("an empty directory is a module", list(listing()), ["/"])


def test_directory_odd():
    fill(WORK / "one", range(2))
    os.mkfifo(WORK / "one/fifo")
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(WORK / "one") # its path may be too long
        server.bind("socket")
        os.chdir(ROOT)
    made("from-dir", NAME, "one")
    files = listing()
    check("a FIFO is kept, a socket is not", "fifo" in files and "socket" not in files, files)
    refused("a directory that isn't there", ("from-dir", NAME, "nothing"), "no directory nothing")
    refused("a file as a directory", ("from-dir", NAME, "one/d0/file 0"), "no directory")
    if os.getuid():
        (WORK / "one/d0/file 0").chmod(0)
        refused("a file that can't be read", ("from-dir", NAME, "one"), "file 0")


GOOD = (
    directory("./"),
    directory("./usr", mode=0o750, uid=3, gid=4),
    entry("./usr/a", b"first", uid=5, gid=6),
    entry("./usr/a", b"second", uid=5, gid=6, mode=0o4755, mtime=DATE - 5),
    entry("/usr/absolute", b"x"),
    entry("no/entry/of/its/own", b"x" * 300_000),
    link("usr/hard", "no/entry/of/its/own"),
    symlink("usr/out", "../../../../etc/shadow"),
    link("usr/symlink-too", "usr/out"),
    entry("usr/fifo", kind=tarfile.FIFOTYPE),
    entry("usr/null", kind=tarfile.CHRTYPE, devmajor=1, devminor=3),
    entry("usr/sda", kind=tarfile.BLKTYPE, devmajor=8),
    entry("usr/" + "n" * 255, b"long"),
    entry("usr/\u00e9\udcff name", b"odd"),
    pax((b"SCHILY.xattr.security.capability", CAPABILITY), (b"SCHILY.xattr.user.mine", b"x")),
    entry("usr/ping", b"ping"),
    entry("late/file", b"x"),
    directory("late", mode=0o700),
    entry("usr/future", b"x", mtime=1 << 40),
    entry("usr/past", b"x", mtime=-5),
)


def test_tar():
    raw = archive(*GOOD)
    (WORK / "good.tar").write_bytes(raw)
    module = made("from-tar", "--needs", "000-a", "--version", "3", NAME, "good.tar", date=DATE)
    equal("its manifest", manifest(module)[1:4], [f"name {NAME}", "version 3", "needs 000-a"])
    files = listing()
    check("all is root's", all(rest[3:5] == ("0", "0") for rest in files.values() if rest[0] in "DRSI"), files)
    date = str(DATE)
    equal("of two of one name, the last", (content("usr/a"), files["usr/a"][1:3]), (b"second", (str(DATE - 5), "4755")))
    check("an absolute name is from the root on", files["usr/absolute"][0] == "R", files)
    equal("directories without an entry", files["no/entry/of"], ("D", date, "755", "0", "0"))
    equal("one whose entry comes late", files["late"], ("D", date, "700", "0", "0"))
    equal("a hard link", files["usr/hard"], ("L", "no/entry/of/its/own"))
    equal("a symlink is what it is", files["usr/out"][-1], "../../../../etc/shadow")
    equal("another name of it", files["usr/symlink-too"], ("L", "usr/out"))
    check("a FIFO is kept, devices are left out", "usr/fifo" in files and not {"usr/null", "usr/sda"} & set(files), files)
    check("long and odd names", "usr/" + "n" * 255 in files and "usr/\u00e9\udcff\\ name" in files, files)
    check("of xattrs only the capability", "security.capability=" in files["usr/ping x"][1], files.get("usr/ping x"))
    equal("dates are within what there is", (files["usr/future"][1], files["usr/past"][1]), (date, "0"))
    for suffix, pack in (("gz", gzip.compress), ("xz", lzma.compress), ("zst", zstd)):
        (WORK / f"good.{suffix}").write_bytes(pack(raw))
        again = made("from-tar", "--needs", "000-a", "--version", "3", NAME, f"good.{suffix}", date=DATE)
        check(f"the same of .tar.{suffix}", again == module)
    made("from-tar", "--keep-owners", NAME, "good.tar", date=DATE)
    files = listing()
    equal("--keep-owners", (files["usr"][3:5], files["usr/a"][3:5]), (("3", "4"), ("5", "6")))
    (WORK / "owner.tar").write_bytes(archive(entry("a", b"x", uid=1048576)))
    refused("an owner that no sandbox has", ("from-tar", "--keep-owners", NAME, "owner.tar"), "1048576")


def zstd(raw):
    return subprocess.run(["zstd", "-qc"], input=raw, stdout=subprocess.PIPE, check=True).stdout


def test_tar_dates():
    (WORK / "dates.tar").write_bytes(archive(directory("a", mtime=DATE + 9), entry("a/b", b"x"), entry("a/c", b"x", mtime=DATE + 3)))
    made("from-tar", NAME, "dates.tar")
    dates = {name: rest[1] for name, rest in listing().items()}
    expected = {"/": str(DATE + 3), "a": str(DATE + 3), "a/b": str(DATE), "a/c": str(DATE + 3)}
    equal("no date is after the newest file's", dates, expected)


def test_sparse():
    with open(WORK / "holes", "wb") as file:
        file.seek(9_000_000)
        file.write(b"end")
    subprocess.run(["tar", "-C", WORK, "-Scf", WORK / "holes.tar", "holes"], check=True)
    made("from-tar", NAME, "holes.tar")
    check("a file with holes", content("holes") == bytes(9_000_000) + b"end")


def test_hostile():
    raw = archive(*GOOD)
    packed = gzip.compress(raw)
    compressed = (
        ("a cut .gz", packed[:-9], "gzip"),
        ("a .gz whose checksum is wrong", packed[:-8] + b"12345678", "gzip"),
        ("a cut .zst", zstd(raw)[:-3], "unexpected end"),
        ("an unknown compression", bz2.compress(raw), "damaged"),
    )
    path, image = WORK / "hostile.tar", WORK / "image"
    for what, raw, named in HOSTILE + compressed:
        path.write_bytes(raw)
        ran = subprocess.run([ROOT / "scripts/mkmodule-tar", path, image], capture_output=True, text=True)
        said = ran.stderr.splitlines()
        good = ran.returncode == 1 and said[-1].startswith("mkmodule-tar: /") and named in said[-1]
        check(f"refused: {what}", good and not any("Traceback" in line for line in said), ran.stderr)
    refused("and no module is made then", ("from-tar", NAME, path), "hostile.tar")
    check("nothing was written outside", not WITNESS.exists())


def test_words():
    fill(WORK / "one", range(2))
    for what, name in (
        ("a snapshot's number", "900-x"), ("two digits", "10-x"), ("no hyphen", "100x"), ("an empty word", "100-"),
        ("a path", "../100-x"), ("a slash", "100-a/b"), ("a word from .", "100-.x"), ("65 bytes", "100-" + "x" * 61),
        ("a newline", "100-x\n"),
    ):  # fmt: skip
        refused(f"a name: {what}", ("from-dir", name, "one"), "not a module's name")
    refused("a preset's name", ("from-dir", "100-python313", "one"), "100-python313 is the name")
    refused("the image's own", ("from-dir", "000-base-busybox", "one"), "000-base-busybox is the name")
    refused("a need that is no name", ("from-dir", "--needs", "x", NAME, "one"), "x: not a module's name")
    many = [word for number in range(80) for word in ("--needs", f"100-{'x' * 50}{number}")]
    refused("too many needs", ("from-dir", *many, NAME, "one"), "80 modules")
    refused("an empty version", ("from-dir", "--version", "", NAME, "one"), "--version of what")
    for version in ("a b", "a\n", "\u00e9", "v" * 65):
        refused(f"version {version[:9]!r}", ("from-dir", "--version", version, NAME, "one"), "version:")
    refused("an option of another's", ("from-dir", "--below", "000-base-debian", NAME, "one"), "--below")
    refused("an option without its word", ("from-dir", "--needs"), "--needs of what")
    refused("no source", ("from-tar", NAME), "one source")
    refused("two", ("from-dir", NAME, "one", "one"), "one source")
    refused("no preset", ("100-nothing",), "there is no preset 100-nothing", "100-python313")
    refused("no words", (), "usage:")
    refused("no package's name", ("from-debs", NAME, "jq;id"), "jq;id")
    refused("an option as a package", ("from-debs", NAME, "jq", "-o=x"), "-o=x")
    refused("a module below that isn't there", ("from-debs", "--below", "100-nothing", NAME, "jq"), "there is no module 100-nothing")
    for package in ("typescript", "file:x@1", "x@file:/etc", "git+ssh://host/x@1", "--prefix@1", "../x@1"):
        refused(f"npm {package}", ("from-npm", NAME, package), "PACKAGE@VERSION")
    equal("-h is no failure", subprocess.run([ROOT / "scripts/mkmodule", "-h"], capture_output=True).returncode, 0)


def test_manifest_alone():
    """scripts/mkmanifest, for images of others' making."""
    image = WORK / "own.squashfs"
    command = [ROOT / "scripts/mkmanifest", image, "100-own", "1"]
    subprocess.run([BUILD / "parts/mksquashfs", WORK / "one", image, "-noappend", "-quiet", "-no-progress"], check=True)
    before = image.read_bytes()
    subprocess.run(command, check=True)
    after = image.read_bytes()
    check("it is appended", after.startswith(before) and len(after) == len(before) + PAGE)
    again = subprocess.run(command, stderr=subprocess.PIPE)
    check("once", again.returncode and b"already" in again.stderr and image.read_bytes() == after, again)
    image.write_bytes(b"hsqz" + before[4:])
    again = subprocess.run(command, stderr=subprocess.PIPE)
    check("and to a squashfs only", again.returncode and b"no squashfs" in again.stderr, again)


class Registry(http.server.BaseHTTPRequestHandler):
    """An npm registry of a package, and of one that it needs."""

    packages = {}  # name: (package.json, bytes of the .tgz)

    def do_GET(self):
        name = self.path.strip("/").removesuffix(".tgz")
        if name not in self.packages:
            self.send_error(404)
            return
        description, tarball = self.packages[name]
        if not self.path.endswith(".tgz"):
            host = f"http://127.0.0.1:{self.server.server_address[1]}"
            version = {**description, "dist": {"tarball": f"{host}/{name}.tgz", "shasum": hashlib.sha1(tarball).hexdigest()}}
            tags = {"latest": description["version"]}
            tarball = json.dumps({"name": name, "dist-tags": tags, "versions": {description["version"]: version}}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(tarball)

    def log_message(self, *_):
        pass

    @classmethod
    def add(cls, name, version, files, **more):
        description = {"name": name, "version": version, **more}
        out = io.BytesIO()
        files = {"package.json": json.dumps(description), **files}
        with tarfile.open(fileobj=out, mode="w:gz") as tar:
            for path, text in files.items():
                info, data = entry(f"package/{path}", text.encode())
                tar.addfile(info, io.BytesIO(data))
        cls.packages[name] = (description, out.getvalue())


def test_npm():
    script = {"install": f"touch {WITNESS}", "postinstall": f"touch {WITNESS}"}
    Registry.add("mk-tool", "5.2.1", {"tool.js": "#!/usr/bin/env node\n"}, bin={"mk-tool": "tool.js"},
                 dependencies={"mk-library": "^1.0.0"}, scripts=script)  # fmt: skip
    Registry.add("mk-library", "1.4.0", {"index.js": ""}, scripts=script)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Registry) as server:
        threading.Thread(target=server.serve_forever).start()
        address = f"http://127.0.0.1:{server.server_address[1]}/"
        registry = {"npm_config_registry": address, "npm_config_cache": str(WORK / "npm")}
        try:
            module = made("from-npm", NAME, "mk-tool@5", **registry)
            check("the same once more", made("from-npm", NAME, "mk-tool@5", **registry) == module)
            needs = ["needs 000-base-debian", "needs 100-nodejs22"]
            equal("its manifest", manifest(module)[1:-1], [f"name {NAME}", "version 5.2.1", *needs])
            files = listing()
            top = "usr/local/lib/node_modules/mk-tool"
            equal("its program is on the path", files["usr/local/bin/mk-tool"][-1], "../lib/node_modules/mk-tool/tool.js")
            check("which can be executed", int(files[f"{top}/tool.js"][2], 8) & 0o111, files)
            check("what it needs is there", f"{top}/node_modules/mk-library/index.js" in files, files)
            check("no install script has run", not WITNESS.exists())
            check("who it came from isn't in it", address.encode() not in module)
            module = made("from-npm", "--below", "000-base-debian", NAME, "mk-tool@5", **registry)
            equal("--below", manifest(module)[3:-1], ["needs 000-base-debian"])
            refused("a package that isn't there", ("from-npm", NAME, "mk-nothing@1"), "mk-nothing@1", **registry)
            refused("a version that isn't there", ("from-npm", NAME, "mk-tool@6"), "mk-tool@6", **registry)
        finally:
            server.shutdown()


def test_ended():
    """A run that is ended, here while it decompresses, leaves nothing behind."""
    tools = WORK / "tools"
    tools.mkdir()
    os.mkfifo(WORK / "reached")
    os.mkfifo(WORK / "never")
    (tools / "gzip").write_text(f"#!/bin/sh\necho >'{WORK}/reached'\nexec cat '{WORK}/never'\n")
    (tools / "gzip").chmod(0o755)
    (WORK / "end.tar.gz").write_bytes(gzip.compress(archive(*GOOD)))
    for number in (signal.SIGINT, signal.SIGTERM):
        command = [ROOT / "scripts/mkmodule", "from-tar", NAME, WORK / "end.tar.gz"]
        path = {**os.environ, "PATH": f"{tools}:{os.environ['PATH']}"}
        process = subprocess.Popen(command, env=path, stderr=subprocess.PIPE, start_new_session=True)
        (WORK / "reached").read_bytes()
        left = list(MODULES.glob(".new.*"))
        os.killpg(process.pid, number)
        process.communicate(timeout=30)
        check(f"{number.name} ends it", process.returncode, process.returncode)
        check("and what it had begun goes", left and not any(one.exists() for one in left), (left, list(MODULES.glob(".new.*"))))


def main():
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        for test in (
            test_directory, test_directory_dates, test_directory_odd, test_tar, test_tar_dates, test_sparse,
            test_hostile, test_words, test_manifest_alone, test_npm, test_ended,
        ):  # fmt: skip
            tap.each_boot(test)
    finally:
        for path in MODULES.glob(f"*{NAME}*"):
            path.unlink()


tap.run(main)
