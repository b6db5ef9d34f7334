#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Modules with a manifest: what is said of them, what they need, sandboxes that become one, and
files that are read back."""

import hashlib
import os
import socket
import threading
import time

import squashd
import tap
from api import BUSYBOX, DEBIAN, SANDBOXES, activate, create, destroy, execute, output, restore, snapshot
from machine import BUILD, WORK, Machine, data_disk, drive, make_module, with_manifest
from modules import MODULES, files
from tap import check, equal
from waiting import wait_until

TOKEN = "sekrit-0123456789"
TEXT = "of a module\n"
NOISE_MB = 24  # more than all buffers between a module and a client hold
STALL_SECONDS = 30  # LIMIT_UPLOAD_STALL_MS
BUILTIN = "/lib/squash/modules"  # PATH_BUILTIN_MODULES


def image(name, text=TEXT):
    """A module's file without a manifest."""
    return make_module(name, {"opt/text": text}).read_bytes()


def on_disk(name, body):
    """One that is there before the machine is."""
    path = WORK / f"{name}.squashfs"
    path.write_bytes(body)
    return path


def upload(m, name, body, **more):
    return m.http("POST", f"{MODULES}?name={name}", body, **more)


def add(m, name, body):
    reply = upload(m, name, body)
    assert reply.status == 201, f"upload of {name}: {reply}"


def remove(m, name):
    reply = m.http("DELETE", f"{MODULES}/{name}")
    assert reply.status == 204, f"deletion of {name}: {reply}"


def freeze(m, sandbox, name, query="", **more):
    return m.http("POST", f"{SANDBOXES}/{sandbox}/modules?name={name}{query}", **more)


def outcome(reply):
    return reply.status, (reply.json or {}).get("code")


def said(m, name):
    """What the list has of the module's manifest."""
    (found,) = [module for module in m.http("GET", MODULES).json if module["name"] == name]
    return found["version"], found["needs"], found["sha256"]


def pull(m, name, token=TOKEN):
    """The reply's status and fields, and the bytes as they came."""
    s = socket.create_connection(("127.0.0.1", m.port), 30)
    s.sendall(f"GET /cgi-bin/{MODULES}/{name} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n"
              f"Authorization: Bearer {token}\r\n\r\n".encode())  # fmt: skip
    return s


def read_all(s):
    reply = b""
    while chunk := s.recv(1 << 20):
        reply += chunk
    s.close()
    head, _, body = reply.partition(b"\r\n\r\n")
    return head.decode().lower(), body


def test_list(m):
    """What is on SQUASH-DATA: with a manifest, without, and with a damaged one."""
    digest = hashlib.sha256((WORK / "150-good.squashfs").read_bytes()[:-4096]).hexdigest()
    equal("a manifest is shown", said(m, "150-good"), ("1.2-3", [BUSYBOX, DEBIAN], digest))
    nothing = (None, [], None)
    equal("a module without one has nothing to show", said(m, "150-plain"), nothing)
    for name in ("150-damaged", "150-renamed", "150-cut"):
        equal(f"{name[4:]}, it is as good as none", said(m, name), nothing)
    before = len(m.console)
    create(m, "damaged", f"{BUSYBOX},150-damaged", memory_mb=64)
    m.wait_console("150-damaged is taken for one without a manifest: manifest: sha256: ", 10, since=before)
    destroy(m, "damaged")


def test_upload(m):
    """A manifest that comes is right, or nothing comes of it."""
    body = image("151-new")
    good = with_manifest(body, "151-new", "2~rc1+b.1", [DEBIAN])
    reply = upload(m, "151-new", good)
    expected = {"name": "151-new", "size": len(good), "sha256": hashlib.sha256(good).hexdigest()}
    equal("an upload with one", (reply.status, reply.json), (201, expected))
    equal("it is listed", said(m, "151-new")[:2], ("2~rc1+b.1", [DEBIAN]))
    remove(m, "151-new")
    before = files(m)
    digest = hashlib.sha256(body).hexdigest()
    for field, bent in (
        ("name", with_manifest(body, "151-other")),
        ("name", with_manifest(body, "151-new", name="151-new ")),
        ("version", with_manifest(body, "151-new", version=None)),
        ("version", with_manifest(body, "151-new", "1 2")),
        ("version", with_manifest(body, "151-new", "x" * 65)),
        ("needs", with_manifest(body, "151-new", needs=["x"])),
        ("needs", with_manifest(body, "151-new", needs=["000-b", "000-a"])),
        ("sha256", with_manifest(body, "151-new", sha256="0" * 64)),
        ("sha256", with_manifest(body, "151-new", sha256=digest.upper())),
        ("sha256", with_manifest(body, "151-new", sha256=None)),
        ("sha256", good[:200] + bytes([good[200] ^ 1]) + good[201:]),
        ("squash-module", with_manifest(body, "151-new", **{"squash-module": "2"})),
        ("end", with_manifest(body, "151-new")[:-1] + b"x"),
        ("size", good[:-1]),
        ("size", good + b"\n"),
    ):
        reply = upload(m, "151-new", bent)
        equal(f"another {field} is refused", outcome(reply), (400, "bad_manifest"))
        check("and named", f"manifest: {field}: " in (reply.json or {}).get("error", ""), reply)
    equal("nothing is left of these", files(m), before)
    add(m, "151-new", body + b"squash\n".ljust(4096))
    equal("something else behind an image is no manifest", said(m, "151-new"), (None, [], None))
    remove(m, "151-new")


def test_needs(m):
    """No sandbox comes to be without what its modules need; what is there goes on."""
    add(m, "152-low", image("152-low"))
    add(m, "153-high", with_manifest(image("153-high"), "153-high", needs=[BUSYBOX, "152-low"]))

    def lacks(what, reply, module="153-high", need="152-low"):
        equal(f"{what} without what is needed", outcome(reply), (400, "needs"))
        text = f"layers: {module} needs {need}, which is not among them"
        equal("both are named", (reply.json or {}).get("error"), text)

    fields = {"id": "needy", "layers": [BUSYBOX, "153-high"], "memory_mb": 64}
    lacks("create", m.http("POST", SANDBOXES, fields))
    equal("nothing is left", m.http("GET", f"{SANDBOXES}/needy").status, 404)
    create(m, "needy", BUSYBOX, memory_mb=64)
    path = f"{SANDBOXES}/needy/activate"
    lacks("activate", m.http("POST", path, {"module": "153-high"}))
    activate(m, "needy", "152-low")
    done = activate(m, "needy", "153-high")["layers"]
    equal("in the right order it is done", done, [BUSYBOX, "152-low", "153-high"])
    destroy(m, "needy")
    create(m, "needy", f"{BUSYBOX},152-low,153-high", memory_mb=64)
    taken = snapshot(m, "needy")
    # Somebody exchanges the module for one that needs more.
    m.inside("cd /data/modules && mv 152-other.squashfs 152-low.squashfs")
    equal("(the module has another manifest)", said(m, "152-low")[1], [DEBIAN])
    fields = {"id": "copy", "from": f"needy/{taken}", "memory_mb": 64}
    lacks("create from a snapshot", m.http("POST", SANDBOXES, fields), "152-low", DEBIAN)
    restore(m, "needy", taken)
    equal("restore doesn't ask", output(m, "needy", "cat /opt/text"), TEXT.strip())
    destroy(m, "needy")
    for name in ("152-low", "153-high"):
        remove(m, name)


WRITE = """set -e; cd /root
echo kept >file; chmod 6751 file; chown 7:8 file; ln -s file link; ln file hard; mkfifo fifo
rm /etc/debian_version; rm -r /usr/share/perl5; mkdir /usr/share/perl5; echo mine >/usr/share/perl5/mine
perl -e '($f, $n, $v) = ("/root/file", "user.note", "noted"); syscall(188, $f, $n, $v, 5, 0) == 0 or die $!'
"""
LOOK = """cd /root; stat -c '%n %A %u:%g %h' file link fifo; cat file; readlink link
ls /etc/debian_version 2>&1; ls /usr/share/perl5
perl -e '($f, $n, $v) = ("/root/file", "user.note", "x" x 9); print substr($v, 0, syscall(191, $f, $n, $v, 9))'
"""


def test_freeze(m):
    """What a sandbox has written is a module for others, with all that an upper can have."""
    create(m, "maker", DEBIAN, memory_mb=128)
    output(m, "maker", WRITE)
    expected = output(m, "maker", LOOK)
    reply = freeze(m, "maker", "154-mine", "&version=3.1")
    equal("a freeze answers 201", reply.status, 201)
    equal("with what was made", sorted(reply.json), ["name", "sha256", "size"])
    equal("under its name", reply.json["name"], "154-mine")
    version, needs, digest = said(m, "154-mine")
    equal("it has a version, and needs", (version, needs), ("3.1", [DEBIAN]))
    equal("the sandbox goes on", output(m, "maker", "cat /root/file"), "kept")
    equal("nothing is left in it", m.inside("ls -R /data/sandboxes/maker | grep squashfs")[1], "")
    event = next(e for e in m.http("GET", "api/history").json if e.get("event") == "freeze_module")
    equal("the history has both", (event["id"], event["module"]), ("maker", "154-mine"))
    destroy(m, "maker")
    create(m, "user", f"{DEBIAN},154-mine", memory_mb=128)
    equal("another sandbox has all of it", output(m, "user", LOOK), expected)
    reply_again = freeze(m, "user", "155-more")
    equal("and becomes one itself", said(m, "155-more")[:2], ("1", [DEBIAN, "154-mine"]))
    equal("with its digest", reply_again.status, 201)
    destroy(m, "user")
    head, body = read_all(pull(m, "154-mine"))
    check("it is read back: 200", head.startswith("http/1.1 200"), head)
    check("by its length", f"content-length: {reply.json['size']}" in head, head)
    check("as bytes", "content-type: application/octet-stream" in head, head)
    equal("whole", (len(body), hashlib.sha256(body).hexdigest()), (reply.json["size"], reply.json["sha256"]))
    equal("its manifest is right", hashlib.sha256(body[:-4096]).hexdigest(), digest)
    remove(m, "155-more")
    remove(m, "154-mine")
    add(m, "154-mine", body)
    equal("so it can be uploaded elsewhere", said(m, "154-mine"), (version, needs, digest))
    remove(m, "154-mine")


def test_refused(m):
    """Each reason why a sandbox does not become a module, and who may not ask."""
    create(m, "plain", [BUSYBOX, "150-good", DEBIAN], memory_mb=64)
    before = files(m)
    tokens = {}
    for right in ("read", "run"):
        reply = m.http("POST", "api/tokens", {"name": right, "right": right})
        tokens[right] = reply.json["token"]
    for what, query, expected, words in (
        ("no name", "", (400, "bad_field"), "name"),
        ("a bad one", "?name=mine", (400, "bad_field"), "name"),
        ("a snapshot's", "?name=900-snapshot-1", (400, "bad_field"), "name"),
        ("one below its layers", "?name=149-low", (400, "bad_field"), "150-good"),
        ("one of a layer", "?name=150-good", (400, "bad_field"), "150-good"),
        ("one that is taken", "?name=150-renamed", (409, "exists"), "150-renamed"),
        ("a version with a space", "?name=151-x&version=a%20b", (400, "bad_field"), "version"),
        ("a long version", f"?name=151-x&version={'1' * 65}", (400, "bad_field"), "version"),
        ("another parameter", "?name=151-x&force=1", (400, "bad_field"), "force"),
    ):
        reply = m.http("POST", f"{SANDBOXES}/plain/modules{query}")
        equal(f"{what} is refused", outcome(reply), expected)
        check("and it is said why", words in (reply.json or {}).get("error", ""), reply)
    equal("no such sandbox", outcome(freeze(m, "nobody", "151-x")), (404, "not_found"))
    get = m.http("GET", f"{SANDBOXES}/plain/modules")
    equal("GET: 405", (get.status, get.headers.get("allow")), (405, "POST"))
    equal("the right to run", outcome(freeze(m, "plain", "151-x", token=tokens["run"])), (403, "forbidden"))
    taken = snapshot(m, "plain")
    restore(m, "plain", taken)
    reply = freeze(m, "plain", "151-x")
    equal("a sandbox on a snapshot is refused", outcome(reply), (409, "on_snapshot"))
    check("which is named", taken in reply.json["error"], reply)
    equal("nothing came of these", files(m), before)
    destroy(m, "plain")
    path = f"{MODULES}/150-good"
    equal("reading one back takes a right", outcome(m.http("GET", path, token=tokens["read"])), (403, "forbidden"))
    head, body = read_all(pull(m, "150-good", tokens["run"]))
    check("which is the one to run", head.startswith("http/1.1 200") and body.endswith(b"\n"), head)
    equal("no such module", outcome(m.http("GET", f"{MODULES}/151-x")), (404, "not_found"))
    equal("no module's name", outcome(m.http("GET", f"{MODULES}/x")), (400, "bad_field"))
    head, body = read_all(pull(m, BUSYBOX))
    builtin = m.inside(f"/bin/busybox sha256sum {BUILTIN}/{BUSYBOX}.squashfs")[1].split()[0]
    equal("one of the image is read, too", hashlib.sha256(body).hexdigest(), builtin)
    for right in tokens:
        m.http("DELETE", f"api/tokens/{right}")


def test_deleted(m):
    """What is being read is read to its end, deleted or not."""
    body = (WORK / "156-noise.squashfs").read_bytes()
    reader = pull(m, "156-noise")
    check("a byte comes", reader.recv(1, socket.MSG_PEEK))
    remove(m, "156-noise")
    equal("it is gone", outcome(m.http("GET", f"{MODULES}/156-noise")), (404, "not_found"))
    began = time.monotonic()
    _, read = read_all(reader)
    seconds = time.monotonic() - began
    tap.note(f"{len(body) >> 20} MiB in {seconds:.1f} s")
    check("and whole", read == body, (len(read), len(body)))


def is_captured(m):
    return "new.squashfs" in m.inside("ls /data/sandboxes/racer/snapshots 2>&1")[1]


def test_race(m):
    """A sandbox is destroyed while it becomes a module: one of the two comes first."""
    create(m, "racer", BUSYBOX, memory_mb=64)
    seen = []
    for n in range(4):
        execute(m, "racer", "dd if=/dev/urandom of=/root/noise bs=1M count=4 2>/dev/null")
        replies = []
        thread = threading.Thread(target=lambda: replies.append(outcome(freeze(m, "racer", "157-race"))))
        thread.start()
        if n % 2:
            wait_until(lambda: is_captured(m) or replies)
        gone = m.http("DELETE", f"{SANDBOXES}/racer").status
        thread.join()
        seen.append(replies[0])
        equal("it is destroyed", gone, 204)
        there = "157-race.squashfs" in files(m)
        check("a module is there if it was said so", there == (replies[0][0] == 201), replies)
        if there:
            remove(m, "157-race")
        create(m, "racer", BUSYBOX, memory_mb=64)
    tap.note(seen)
    equal("nothing else is said", {*seen} - {(201, None), (404, "not_found"), (409, "busy")}, set())
    # Cut off by a worker's death.
    execute(m, "racer", "dd if=/dev/urandom of=/root/noise bs=1M count=24 2>/dev/null")
    before = files(m)
    thread = threading.Thread(target=lambda: seen.append(freeze(m, "racer", "157-race").status))
    thread.start()
    check("(a capture has begun)", wait_until(lambda: is_captured(m)))
    m.inside(f"kill -9 {max(squashd.workers(m))}")  # the others, if any, are older
    thread.join()
    equal("a worker that is killed answers 503", seen[-1], 503)
    check("nothing is left of it", wait_until(lambda: not is_captured(m)))
    equal("nor among the modules", files(m), before)
    equal("the sandbox goes on", output(m, "racer", "echo on"), "on")
    destroy(m, "racer")


def main():
    good = with_manifest(image("150-good"), "150-good", "1.2-3", [BUSYBOX, DEBIAN])
    modules = [
        BUILD / f"modules/{DEBIAN}.squashfs",
        on_disk("150-good", good),
        make_module("150-plain", {"opt/text": TEXT}),
        on_disk("150-damaged", with_manifest(image("150-damaged"), "150-damaged", sha256="0")),
        on_disk("150-renamed", good),
        on_disk("150-cut", good[:-100]),
        make_module("156-noise", {"opt/noise": os.urandom(NOISE_MB << 20)}, "-noD", "-noF"),
        on_disk("152-other", with_manifest(image("152-other"), "152-low", needs=[DEBIAN])),
    ]
    disk = drive(data_disk("manifest", 512, modules=modules))
    with Machine("manifest", f"SQUASH_AUTH_TOKEN={TOKEN}", args=disk) as m:
        m.token = TOKEN
        m.wait_api()
        before = m.counts()
        stalled = pull(m, "156-noise")
        check("a module comes", stalled.recv(1))
        (pid,) = squashd.workers(m)
        began = time.monotonic()
        tap.each(m, test_list, test_upload, test_needs, test_freeze, test_refused, test_deleted, test_race)
        tap.note(f"the tests took {time.monotonic() - began:.1f} s")
        left = max(0, began + STALL_SECONDS + 10 - time.monotonic())
        check("who reads no more is given up", wait_until(lambda: pid not in squashd.workers(m), left + 1))
        stalled.close()
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
