#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Files in a sandbox: files, list and tar, with all kinds of files and hostile ones."""

import hashlib
import io
import random
import socket
import subprocess
import tarfile
import threading
import time
import urllib.parse

import pool
import tap
from api import BUSYBOX, DEBIAN, SANDBOXES, create, destroy, execute, output, restore, snapshot
from machine import CurlFailed
from openapi import Watch
from tap import check, equal

ODD_NAMES = ["with space", "quote\"'", "uml\u00e4ut \u2603", "new\nline", "-dash", "a&b=c?d#e%41", "x" * 255]


def call(m, method, what, path, body=None, box="box", seconds=60, **more):
    query = urllib.parse.urlencode({"path": path, **more}, quote_via=urllib.parse.quote, safe="")
    return m.http(method, f"{SANDBOXES}/{box}/{what}?{query}", body, seconds=seconds)


def get(m, path, **more):
    return call(m, "GET", "files", path, **more)


def put(m, path, data, **more):
    return call(m, "POST", "files", path, data, **more)


def delete(m, path, **more):
    return call(m, "DELETE", "files", path, **more)


def listing(m, path, **more):
    return call(m, "GET", "list", path, **more)


def status(reply):
    """(status, code) of an error."""
    return reply.status, reply.json["code"] if isinstance(reply.json, dict) else None


def run(m, cmd, box="box"):
    return output(m, box, cmd)


def test_plain(m):
    reply = put(m, "/srv/one/two/text", b"hello\n")
    expected = {"path": "/srv/one/two/text", "size": 6, "mode": "0644"}
    equal("a file is written, with its parents", (reply.status, reply.json), (201, expected))
    look = run(m, "cat /srv/one/two/text; stat -c %a:%u:%g /srv/one /srv/one/two /srv/one/two/text")
    equal("it is there", look.split(), ["hello", "755:0:0", "755:0:0", "644:0:0"])
    reply = get(m, "/srv/one/two/text")
    got = (reply.status, reply.body, reply.headers["squash-mode"], reply.headers["content-type"])
    equal("it is read", got, (200, b"hello\n", "0644", "application/octet-stream"))
    equal("with a length", reply.headers["content-length"], "6")
    equal("an empty one", (put(m, "/srv/empty", b"").json or {}).get("size"), 0)
    reply = get(m, "/srv/empty")
    equal("is read as one", (reply.status, reply.body), (200, b""))
    put(m, "/srv/tool", b"#!/bin/sh\necho ran\n", mode="0755")
    equal("a mode makes it a program", run(m, "/srv/tool"), "ran")
    put(m, "/srv/tool", b"#!/bin/sh\necho again\n")
    equal("which it stays", run(m, "/srv/tool"), "again")
    run(m, "chown 7:8 /srv/tool")
    put(m, "/srv/tool", b"x", mode="4711")
    equal("and its owner's", run(m, "stat -c %a:%u:%g /srv/tool"), "4711:7:8")
    equal("a file of a layer", put(m, "/etc/passwd", get(m, "/etc/passwd").body).status, 201)
    log = [e for e in m.http("GET", "api/history").json if e["event"] == "put_file"]
    equal("the history has it", (log[0]["id"], log[0]["path"]), ("box", "/etc/passwd"))


def test_large(m):
    data = random.Random(1).randbytes(20_000_000)
    begin = time.monotonic()
    reply = put(m, "/srv/large", data)
    middle = time.monotonic()
    equal("20 MB are written", reply.status, 201)
    digest = hashlib.sha256(data).hexdigest()
    equal("as they were", run(m, "sha256sum </srv/large").split()[0], digest)
    begin_get = time.monotonic()
    body = get(m, "/srv/large").body
    end = time.monotonic()
    equal("and read", hashlib.sha256(body).hexdigest(), digest)
    tap.note(f"20 MB: in {20 / (middle - begin):.1f} MB/s, out {20 / (end - begin_get):.1f} MB/s")


def test_names(m):
    for name in ODD_NAMES:
        path = f"/odd/{name}"
        equal(f"{name[:20]!r} is written", put(m, path, name.encode()).status, 201)
        equal(f"{name[:20]!r} is read", get(m, path).body, name.encode())
    names = [e["name"] for e in listing(m, "/odd").json]
    equal("all are listed, by their bytes", names, sorted(ODD_NAMES, key=str.encode))
    run(m, r"printf bytes >/odd/$(printf 'bad\377name')")
    check("bytes that are no text are U+FFFD", "bad\ufffdname" in [e["name"] for e in listing(m, "/odd").json])
    path = f"/cgi-bin/{SANDBOXES}/box/files?path=/odd/bad%FFname"
    reply = m.http("GET", path.removeprefix("/cgi-bin/"))
    equal("and can be asked for", reply.body, b"bytes")
    long = "/srv/" + "/".join(["d" * 200] * 15)
    equal("a long path", put(m, f"{long}/f", b"far").status, 201)
    equal("is read", get(m, f"{long}/f").body, b"far")


def test_kinds(m):
    """No kind of file keeps anybody waiting, and none but a file is read or written as one."""
    run(m, "mkdir /k; cd /k; mkfifo fifo; mkdir dir; touch dir/x; mkdir empty;"
           " ln -s ../srv/one/two/text rel; ln -s /srv/one/two/text abs; ln -s loop2 loop1; ln -s loop1 loop2;"
           " ln -s nowhere dangling; ln -s /proc/self/exe exe; ln -s /proc/1/root proc; ln -s fifo tofifo;"
           " ln -s /proc/self/fd/1 stdout; (timeout 5 nc -ll -U /k/sock & sleep 0.3) 2>/dev/null >&2; true")
    for name in ("fifo", "dir", "tofifo", "/dev/null", "/dev/zero", "stdout", "/", "/k/"):
        path = f"/k/{name}" if name[0] != "/" else name
        equal(f"{path} is not read", status(get(m, path)), (400, "not_a_file"))
    for name in ("fifo", "dir", "tofifo", "/dev/null", "/", "/k/"):
        path = f"/k/{name}" if name[0] != "/" else name
        equal(f"{path} is not written", status(put(m, path, b"x")), (400, "not_a_file"))
    for name in ("rel", "abs"):
        equal(f"a link is followed: {name}", get(m, f"/k/{name}").body, b"hello\n")
    equal("a link is written through", put(m, "/k/rel", b"new\n").status, 201)
    equal("and stays", run(m, "readlink /k/rel; cat /srv/one/two/text"), "../srv/one/two/text\nnew")
    equal("a loop", status(get(m, "/k/loop1")), (400, "bad_path"))
    equal("a loop, written", status(put(m, "/k/loop1", b"x")), (400, "bad_path"))
    equal("a link to nothing", status(get(m, "/k/dangling")), (404, "not_found"))
    equal("a link to nothing, written", status(put(m, "/k/dangling", b"x")), (404, "not_found"))
    equal("box-files itself", status(get(m, "/k/exe")), (403, "denied"))
    equal("PID 1's root", status(get(m, "/k/proc/etc/passwd")), (403, "denied"))
    for path, expected in (
        ("/k/none", (404, "not_found")),
        ("/k/rel/x", (400, "not_a_directory")),
        ("/k/" + "y" * 300, (400, "bad_path")),
    ):
        equal(f"{path[:20]}", status(get(m, path)), expected)
    equal("what the appliance keeps is not written", status(put(m, "/etc/resolv.conf", b"x"))[0] >= 400, True)
    equal("/proc is no place for files", status(put(m, "/proc/x", b"x"))[0] in (400, 403, 404, 409), True)
    check("a file of /proc", get(m, "/proc/meminfo").body.startswith(b"MemTotal:"))
    entries = {e["name"]: e for e in listing(m, "/k").json}
    kinds = {name: e["type"] for name, e in entries.items()}
    for name, kind in {"fifo": "fifo", "dir": "directory", "rel": "link", "loop1": "link"}.items():
        equal(f"{name} is listed as {kind}", kinds[name], kind)
    equal("devices are", {e["type"] for e in listing(m, "/dev").json if e["name"] == "null"}, {"device"})
    equal("a link's target", (entries["rel"]["target"], entries["dir"]["target"]), ("../srv/one/two/text", None))
    equal("all there is of one", set(entries["fifo"]), set("name type size mode uid gid mtime target".split()))
    equal("a file is not listed", status(listing(m, "/k/rel")), (400, "not_a_directory"))
    equal("an empty directory", listing(m, "/k/empty").json, [])


def test_delete(m):
    equal("a directory that is not empty", status(delete(m, "/k")), (409, "not_empty"))
    equal("an empty one", delete(m, "/k/empty").status, 204)
    equal("a link, not what it leads to", delete(m, "/k/rel").status, 204)
    equal("which is there", get(m, "/srv/one/two/text").body, b"new\n")
    equal("twice", status(delete(m, "/k/rel")), (404, "not_found"))
    equal("the root", delete(m, "/", recursive=1).status >= 400, True)
    run(m, "mkdir -p /k/deep; cd /k/deep; i=0; while [ $i -lt 300 ]; do mkdir d; cd d; touch f; i=$((i+1)); done")
    equal("a tree", delete(m, "/k", recursive=1).status, 204)
    equal("is gone", run(m, "ls -d /k 2>/dev/null; ls -d /srv"), "/srv")


def test_refused(m):
    for query in ("", "?path=", "?path=relative", "?path=/x&path=/y", "?path=/x%00", "?pfad=/x", "?path=/x&mode=0644"):
        reply = m.http("GET", f"{SANDBOXES}/box/files{query}")
        equal(f"GET files{query}", status(reply), (400, "bad_field"))
    for mode in ("", "8", "rwx", "10000", "77777", "-1", "0x1"):
        equal(f"mode={mode}", status(put(m, "/srv/x", b"", mode=mode)), (400, "bad_field"))
    equal("recursive=2", status(delete(m, "/srv/x", recursive=2)), (400, "bad_field"))
    equal("no sandbox", status(get(m, "/x", box="nobody")), (404, "not_found"))
    equal("no sandbox to write", status(put(m, "/x", b"x" * 3_000_000, box="nobody")), (404, "not_found"))
    reply = m.http("PUT", f"{SANDBOXES}/box/files?path=/x", b"x")
    equal("another method", (reply.status, reply.headers["allow"]), (405, "GET, HEAD, POST, DELETE"))


def test_many(m):
    run(m, "mkdir /many; cd /many; seq -w 5000 | xargs touch")
    begin = time.monotonic()
    reply = listing(m, "/many")
    tap.note(f"5000 entries: {time.monotonic() - begin:.2f} s")
    names = [e["name"] for e in reply.json]
    equal("5000 names", names, [f"{n:04}" for n in range(1, 5001)])
    equal("go at once", delete(m, "/many", recursive=1).status, 204)


def test_full(m):
    create(m, "small", BUSYBOX, disk_mb=8, memory_mb=64)
    equal("a full disk", status(put(m, "/f", bytes(12_000_000), box="small")), (507, "no_space"))
    equal("leaves nothing", output(m, "small", "ls -A / | grep -e f$ -e box-files; df -m / | awk 'NR==2{print $3<3}'"), "1")
    equal("a tar, too", status(call(m, "POST", "tar", "/t", make_tar({"a": bytes(12_000_000)}), box="small"))[1], "no_space")
    equal("what fits is written", put(m, "/f", bytes(2_000_000), box="small").status, 201)
    destroy(m, "small")


def make_tar(files, format=tarfile.DEFAULT_FORMAT, extra=()):
    """A tar of {name: bytes}, and of TarInfos."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format) as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode, entry.mtime = len(data), 0o640, 1_000_000_000
            tar.addfile(entry, io.BytesIO(data))
        for entry in extra:
            tar.addfile(entry)
    return out.getvalue()


def special(name, kind, target="", **more):
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname, entry.mode = kind, target, 0o755
    for key, value in more.items():
        setattr(entry, key, value)
    return entry


def put_tar(m, path, data, **more):
    return call(m, "POST", "tar", path, data, **more)


def read_tar(m, path, **more):
    reply = call(m, "GET", "tar", path, **more)
    assert reply.status == 200, reply
    return tarfile.open(fileobj=io.BytesIO(reply.body))


def test_tar_in(m):
    long = "/".join(["directory-" * 9] * 5) + "/file"
    uml = "uml\u00e4ut"
    for name, format in (("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)):
        files = {"a": b"one", "d/b": b"two" * 1000, "empty": b"", uml: b"three"}
        if name != "ustar":
            files[long] = b"long"
        links = [special("link", tarfile.SYMTYPE, "d/b"), special("hard", tarfile.LNKTYPE, "a"),
                 special("dir", tarfile.DIRTYPE, mtime=1_100_000_000, uid=7, gid=9),
                 special("fifo", tarfile.FIFOTYPE), special("null", tarfile.CHRTYPE, devmajor=1, devminor=3)]  # fmt: skip
        reply = put_tar(m, f"/in/{name}", make_tar(files, format, links))
        expected = {"files": len(files) + 4, "bytes": sum(map(len, files.values()))}
        equal(f"{name} is unpacked", (reply.status, reply.json), (200, expected))
        for path, data in files.items():
            check(f"{name}: {path[:20]}", get(m, f"/in/{name}/{path}").body == data)
        look = run(m, f"cd /in/{name}; stat -c %a:%u:%g:%Y:%h a; stat -c %u:%g:%Y dir; readlink link; stat -c %F fifo; ls | grep -c null; true")
        equal(f"{name}: what they are", look.split("\n")[:5],
              ["640:0:0:1000000000:2", "7:9:1100000000", "d/b", "fifo", "0"])  # fmt: skip


def test_owner(m):
    """Whose it is to be, whatever an archive says; ids beyond 65535 are ids like others."""
    extra = [special("d", tarfile.DIRTYPE, uid=7, gid=9), special("far", tarfile.LNKTYPE, "a"),
             special("link", tarfile.SYMTYPE, "a", uid=1000, gid=1000), special("wide", tarfile.FIFOTYPE, uid=200_000, gid=1_048_575),
             special("beyond", tarfile.FIFOTYPE, uid=1_048_576, gid=7)]  # fmt: skip
    data = make_tar({"a": b"one"}, tarfile.PAX_FORMAT, extra)
    look = "stat -c %u:%g a d link wide beyond"
    for owner, expected in ((None, "0:0 7:9 1000:1000 200000:1048575 0:7"), ("keep", "0:0 7:9 1000:1000 200000:1048575 0:7"),
                            ("root", " ".join(["0:0"] * 5)), ("1000", " ".join(["1000:1000"] * 5)),
                            ("200000:5", " ".join(["200000:5"] * 5))):  # fmt: skip
        where = f"/owned/{owner}"
        more = {"owner": owner} if owner else {}
        equal(f"owner={owner}: unpacked", put_tar(m, where, data, **more).status, 200)
        equal(f"owner={owner}", run(m, f"cd {where}; {look}").split(), expected.split())
    for owner, expected in ((None, "0:0"), ("1048575:1", "1048575:1"), ("keep", "1048575:1"), ("root", "0:0")):
        equal(f"a file, owner={owner}", put(m, "/owned/file", b"x", **({"owner": owner} if owner else {})).status, 201)
        equal("is whose it is", run(m, "stat -c %u:%g /owned/file"), expected)
    for owner in ("", "me", "-1", "1048576", "0:1048576", "1:", ":1", "1:2:3", "0x1", "1 "):
        equal(f"owner={owner!r}", status(put(m, "/owned/x", b"", owner=owner)), (400, "bad_field"))
        equal(f"tar, owner={owner!r}", status(put_tar(m, "/owned/x", data, owner=owner)), (400, "bad_field"))
    equal("nothing is made of these", run(m, "ls -d /owned/x 2>&1 | grep -c 'No such'"), "1")


def test_tar_hostile(m):
    run(m, "mkdir -p /h/to; echo safe >/h/safe; ln -s /srv /h/to/old; mkdir /h/to/srv")
    for what, data in (
        ("..", make_tar({"../safe": b"x"})),
        (".. inside", make_tar({"a/../../safe": b"x"})),
        (".. of a hard link", make_tar({}, extra=[special("l", tarfile.LNKTYPE, "../safe")])),
        ("no end", make_tar({"a": b"x"})[:1024]),
        ("half a file", make_tar({"half": b"x" * 5000})[:2048]),
        ("none at all", b"x" * 2048),
        ("nothing", b""),
        ("a wrong sum", b"y" + make_tar({"xyz": b"x"})[1:]),
        ("what is compressed", subprocess.run(["gzip"], input=make_tar({"a": b"x"}), capture_output=True, check=True).stdout),
    ):
        equal(f"a tar with {what}", status(put_tar(m, "/h/to", data)), (400, "bad_tar"))
    equal("nothing was written outside", run(m, "cat /h/safe"), "safe")
    equal("nor half a file", status(get(m, "/h/to/half")), (404, "not_found"))
    equal("an absolute name is relative", put_tar(m, "/h/to", make_tar({"/h/safe": b"in"})).status, 200)
    equal("to the directory", run(m, "cat /h/safe /h/to/h/safe"), "safe\nin")
    # A link that the archive brings, and a file that it would have written through it.
    for target in ("/h", ".."):
        files = io.BytesIO()
        with tarfile.open(fileobj=files, mode="w") as tar:
            tar.addfile(special("evil", tarfile.SYMTYPE, target))
            entry = tarfile.TarInfo("evil/safe")
            entry.size = 1
            tar.addfile(entry, io.BytesIO(b"!"))
        reply = put_tar(m, "/h/to", files.getvalue())
        check(f"through its own link to {target}: refused", reply.status in (400, 409), reply)
        equal("nothing came through", run(m, "cat /h/safe"), "safe")
        delete(m, "/h/to/evil", recursive=1)
    put_tar(m, "/h/to", make_tar({}, extra=[special("evil", tarfile.SYMTYPE, "/h")]))
    put_tar(m, "/h/to", make_tar({"evil/safe": b"!"}))
    equal("nor through one of an archive before", run(m, "cat /h/safe"), "safe")
    put_tar(m, "/h/to", make_tar({"old/x": b"old"}))
    equal("a link leads nowhere else", run(m, "cat /h/to/srv/x; ls /srv/x 2>/dev/null; true"), "old")
    run(m, "echo there >/h/to/there; ln -s /h/safe /h/to/aim")
    equal("files are replaced", put_tar(m, "/h/to", make_tar({"there": b"new", "aim": b"new"})).json["files"], 2)
    equal("and links", run(m, "cat /h/to/there /h/to/aim /h/safe"), "newnewsafe")
    put_tar(m, "/h/id", make_tar({}, extra=[special("d", tarfile.DIRTYPE, uid=1234567, gid=99)]))
    equal("an id that there is none of", run(m, "stat -c %u:%g /h/id/d"), "0:99")


def test_tar_out(m):
    run(m, "mkdir -p /out/dir /out/emptydir; cd /out; echo one >a; ln a hard; ln -s a link; mkfifo fifo; chmod 4750 a;"
           " head -c 70000 /dev/urandom >dir/big; touch -d @1000000000 dir/big; chown 5:6 dir; : >dir/none;"
           " mkdir -p $(printf 'long-%0200d/' 1 2); echo deep >$(printf 'long-%0200d/' 1 2)/file")  # fmt: skip
    tar = read_tar(m, "/out")
    names = {entry.name: entry for entry in tar.getmembers()}
    long = f"long-{1:0200}/long-{2:0200}/file"
    wanted = {"a", "hard", "link", "fifo", "dir", "dir/big", "dir/none", "emptydir", long}
    equal("all is in it", wanted - set(names), set())
    equal("and its parents", len(names), len(wanted) + 2)
    first, second = sorted(("a", "hard"), key=lambda n: names[n].islnk())
    equal("a file with two names", (names[first].mode, names[second].linkname), (0o4750, first))
    equal("a link", names["link"].linkname, "a")
    equal("times and owners", (names["dir/big"].mtime, names["dir"].uid, names["dir"].gid), (1_000_000_000, 5, 6))
    digest = hashlib.sha256(tar.extractfile("dir/big").read()).hexdigest()
    equal("bytes", digest, run(m, "sha256sum </out/dir/big").split()[0])
    equal("deep ones", tar.extractfile(long).read(), b"deep\n")
    alone = read_tar(m, "/out/a")
    equal("a file alone", [e.name for e in alone.getmembers()], ["a"])
    equal("a FIFO alone", status(call(m, "GET", "tar", "/out/fifo")), (400, "not_a_file"))
    equal("nothing", status(call(m, "GET", "tar", "/nothing")), (404, "not_found"))
    whole = call(m, "GET", "tar", "/out").body
    equal("and in again", put_tar(m, "/out2", whole).status, 200)
    equal("the same", run(m, "diff -r /out/dir /out2/dir && cd /out2 && stat -c %a:%h a && readlink link"), "4750:2\na")


def test_gnu(m):
    """Debian has neither to do with our tar nor with Python's."""
    create(m, "deb", DEBIAN, memory_mb=256)
    put_tar(m, "/out", call(m, "GET", "tar", "/out").body, box="deb")
    run(m, "cd /out && tar -cf /gnu.tar . && tar -c --format=pax -f /pax.tar .", "deb")
    ours = call(m, "GET", "tar", "/out", box="deb").body
    put(m, "/ours.tar", ours, box="deb")
    look = "mkdir /x && tar -xpf /ours.tar -C /x && diff -r /out/dir /x/dir && stat -c %a:%h /x/a && cat /x/long*/long*/file"
    equal("GNU tar reads ours", run(m, look, "deb"), "4750:2\ndeep")
    for kind in ("gnu", "pax"):
        reply = put_tar(m, f"/{kind}", get(m, f"/{kind}.tar", box="deb").body, box="deb")
        equal(f"we read GNU tar's: {kind}", reply.status, 200)
        look = f"cd /{kind} && diff -r /out/dir dir && stat -c %a:%h a && cat long*/long*/file"
        equal(f"it is the same: {kind}", run(m, look, "deb"), "4750:2\ndeep")
    data = run(m, "tar -C /usr/share -cf /usr.tar . && stat -c %s /usr.tar", "deb")
    begin = time.monotonic()
    entries = call(m, "GET", "tar", "/usr/share", box="deb").body
    took = time.monotonic() - begin
    tap.note(f"/usr/share, {int(data) >> 20} MB: {len(entries) / took / 1e6:.1f} MB/s out")
    begin = time.monotonic()
    reply = put_tar(m, "/usr2", entries, box="deb")
    took = time.monotonic() - begin
    tap.note(f"{reply.json}: {len(entries) / took / 1e6:.1f} MB/s, {reply.json['files'] / took:.0f} files/s in")
    equal("a whole tree", run(m, "diff -r --no-dereference /usr/share /usr2 && echo same", "deb"), "same")
    destroy(m, "deb")


def half(m, path, length, sent, what="files", box="box"):
    """A connection that has sent the head and the first bytes of a body."""
    s = socket.create_connection(("127.0.0.1", m.port), timeout=20)
    head = f"POST /cgi-bin/{SANDBOXES}/{box}/{what}?path={path} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n"
    s.sendall(head.encode() + sent)
    return s


def wait_for(m, cmd, box="box"):
    run(m, f"i=0; until {cmd}; do sleep 0.1; i=$((i+1)); [ $i -lt 200 ] || exit 1; done", box)


BUSY = "pidof box-files >/dev/null"


def wait_gone(m):
    code, text = m.inside(f"i=0; while {BUSY}; do sleep 0.1; i=$((i+1)); [ $i -lt 150 ] || exit 1; done")
    check("box-files is gone", code == 0, text)


def test_gone(m):
    """Clients that go in the midst."""
    with half(m, "/srv/half", 5_000_000, bytes(1_000_000)):
        m.inside(f"until {BUSY}; do sleep 0.1; done")
    wait_gone(m)
    equal("of half a body nothing is kept", run(m, "ls -A /srv | grep -e half -e box-files; true"), "")
    files = make_tar({"whole": bytes(600_000), "cut": bytes(3_000_000)})
    with half(m, "/srv/halftar", len(files), files[:1_000_000], "tar"):
        m.inside(f"until {BUSY}; do sleep 0.1; done")
    wait_gone(m)
    equal("of half a tar the whole files", run(m, "ls -A /srv/halftar"), "whole")
    with socket.create_connection(("127.0.0.1", m.port), timeout=20) as s:
        s.sendall(f"GET /cgi-bin/{SANDBOXES}/box/files?path=/srv/large HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        s.recv(1000)
        equal("one that reads slowly keeps it waiting", m.inside(BUSY)[0], 0)
        look_at(m)
    wait_gone(m)


def look_at(m):
    """What box-files is while it works, as seen from outside and from inside."""
    look = "p=$(pidof box-files); i=$(pidof box-init | awk '{print $NF}');" \
           " awk '/^(Uid|CapEff|CapBnd|Seccomp):/{print $2}' /proc/$p/status; ls /proc/$p/fd | wc -l;" \
           " for n in mnt pid net user uts ipc; do [ $(readlink /proc/$p/ns/$n) = $(readlink /proc/$i/ns/$n) ] && echo same; done;" \
           " cat /proc/$p/cgroup | sed 's|.*/box/x[0-9]*|leaf|'"
    got = m.inside(look)[1].split()
    check("it has the uid of the sandbox's root", int(got[0]) >= 16 * 65536, got)
    equal("a command's capabilities and filter", got[1:4], ["00000000a80425fb"] * 2 + ["2"])
    equal("its streams and the file, the sandbox's namespaces, a leaf", got[4:], ["4"] + ["same"] * 6 + ["leaf"])
    spy = run(m, "p=$(pidof box-files); ls /proc/$p/fd 2>&1 | grep -c denied; cat /proc/$p/mem 2>&1 | grep -c denied; true")
    equal("the sandbox's root can't look into it", spy.split()[:2], ["1", "1"])


def test_changes(m):
    """A file that changes while it is read."""
    run(m, "cp /srv/large /srv/grows; cp /srv/large /srv/shrinks")
    grows = threading.Thread(target=lambda: run(m, "for i in $(seq 300); do echo more >>/srv/grows; done"))
    grows.start()
    reply = get(m, "/srv/grows")
    grows.join()
    check("one that grows is read as it was", len(reply.body) == int(reply.headers["content-length"]) >= 20_000_000)
    with socket.create_connection(("127.0.0.1", m.port), timeout=20) as s:
        s.sendall(f"GET /cgi-bin/{SANDBOXES}/box/files?path=/srv/shrinks HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        got = s.recv(1000)
        run(m, ": >/srv/shrinks")
        while chunk := s.recv(1 << 20):
            got += chunk
    head, _, body = got.partition(b"\r\n\r\n")
    check("one that shrinks is cut off", b"Content-Length: 20000000" in head and len(body) < 20_000_000, (head, len(body)))
    wait_gone(m)
    refused = 0
    for _ in range(3):
        killer = threading.Thread(target=lambda: execute(m, "box", "until pidof box-files; do :; done; killall -9 box-files"))
        killer.start()
        try:
            reply = put(m, "/srv/killed", bytes(4_000_000))
            refused += reply.status == 409 and reply.json["code"] == "interrupted"
        except CurlFailed:
            pass
        put(m, "/srv/x", bytes(4_000_000))  # so that there is one to be killed
        killer.join()
    tap.note(f"{refused} of 3 were killed before they had ended")


def test_ends(m):
    """A sandbox that goes, or goes back, in the midst."""
    create(m, "ends", BUSYBOX, memory_mb=128)
    put(m, "/f", b"before", box="ends")
    taken = snapshot(m, "ends")
    with half(m, "/f", 2_000_000, bytes(500_000), box="ends") as s:
        m.inside(f"until {BUSY}; do sleep 0.1; done")
        equal("a snapshot does not end it", bool(snapshot(m, "ends")), True)
        s.sendall(bytes(1_500_000))
        check("it goes on", b" 201 " in s.recv(1000))
    with half(m, "/f", 2_000_000, bytes(500_000), box="ends") as s:
        m.inside(f"until {BUSY}; do sleep 0.1; done")
        restore(m, "ends", taken)
        reply = s.recv(4000)
        check("a restore ends it", b" 409 " in reply and b'"interrupted"' in reply, reply)
    equal("and the file is the snapshot's", get(m, "/f", box="ends").body, b"before")
    put(m, "/large", bytes(20_000_000), box="ends")
    with half(m, "/f", 2_000_000, bytes(500_000), box="ends") as s:
        m.inside(f"until {BUSY}; do sleep 0.1; done")
        destroy(m, "ends")
        reply = s.recv(4000)
        check("so does the sandbox's end", b" 409 " in reply and b'"interrupted"' in reply, reply)
    wait_gone(m)


def main():
    with pool.borrow(pool.OPEN) as m:
        before = m.counts()
        watch = Watch(m)
        create(m, "box", BUSYBOX, memory_mb=256, disk_mb=256)
        tap.each(m, test_plain, test_large, test_names, test_kinds, test_delete, test_refused)
        tap.each(m, test_many, test_full, test_tar_in, test_owner, test_tar_hostile, test_tar_out, test_gnu)
        tap.each(m, test_gone, test_changes, test_ends)
        destroy(m, "box")
        equal("nothing is left", m.wait_counts(before), before)
        equal("openapi.json says the same", watch.wrong, [])


tap.run(main)
