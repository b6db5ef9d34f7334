#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Modules that are uploaded and deleted: what comes whole is one that sandboxes can stand on, of
what does not nothing is left, and none goes that something stands on."""

import hashlib
import os
import re
import socket
import struct
import subprocess
import threading
import time

import squashd
import tap
from api import BUSYBOX, SANDBOXES, activate, create, destroy, output, restore, snapshot
from machine import Machine, Reply, data_disk, drive, make_module
from modules import MODULES, files, takers
from tap import check, equal
from waiting import wait_until

TOKEN = "sekrit-0123456789"
LARGE_MB = 120
WORKER_KB = 8192  # more than any worker has in memory at once, and far below LARGE_MB
RESERVE = 32 << 20  # LIMIT_UPLOAD_RESERVE_MB
GRACE_SECONDS = 10  # FRONT_BODY_GRACE_MS
TEXT = "of a module\n"
ONES = "-noI -noId -noD -noF -noX".split()  # nothing is compressed


def upload(m, name, body, query="", **more):
    return m.http("POST", f"{MODULES}?name={name}{query}", body, **more)


def stream(m, name, file):
    """The same as docs/api.md has it, by a curl that doesn't read the file at once."""
    command = ["curl", "-sS", "-i", "--max-time", "200", "-X", "POST", "-T", file]
    command += ["-H", f"Authorization: Bearer {m.token}"]
    command.append(f"http://127.0.0.1:{m.port}/cgi-bin/{MODULES}?name={name}")
    return Reply(subprocess.run(command, capture_output=True, check=True).stdout)


def add(m, name, body):
    reply = upload(m, name, body)
    assert reply.status == 201, f"upload of {name}: {reply}"


def remove(m, name):
    return outcome(m.http("DELETE", f"{MODULES}/{name}"))


def outcome(reply):
    """(status, code); the code is None where all is well."""
    return reply.status, (reply.json or {}).get("code")


def names(m):
    return [module["name"] for module in m.http("GET", MODULES).json]


def free_bytes(m):
    """What is free on /data, once all that was deleted is really gone."""
    blocks, size = m.inside("sync; stat -f -c '%a %S' /data")[1].split()
    return int(blocks) * int(size)


class Upload:
    """One by hand: the head, and as many bytes as are sent."""

    def __init__(self, m, name, size, method="POST", headers=()):
        lines = [f"{method} /cgi-bin/{MODULES}?name={name} HTTP/1.1", "Host: test",
                 f"Authorization: Bearer {TOKEN}", f"Content-Length: {size}", "Connection: close", *headers]  # fmt: skip
        self.socket = socket.create_connection(("127.0.0.1", m.port), 30)
        self.socket.sendall("\r\n".join([*lines, "", ""]).encode())

    def send(self, data):
        self.socket.sendall(data)

    def status(self, seconds=30):
        """That of the reply; None if there is none."""
        self.socket.settimeout(seconds)
        reply = b""
        try:
            while chunk := self.socket.recv(4096):
                reply += chunk
        except OSError:
            pass
        self.close()
        found = re.match(rb"HTTP/1\.\d (\d+)", reply)
        return int(found[1]) if found else None

    def close(self):
        self.socket.close()


def begin(m, name, size, data):
    """An upload that a worker has begun to take."""
    before = takers(m)
    made = Upload(m, name, size)
    made.send(data)
    assert wait_until(lambda: takers(m) - before), "no worker takes the upload"
    return made


def test_upload(m):
    """It can be stood on, and is in the history."""
    body = make_module("150-new", {"opt/text": TEXT}).read_bytes()
    digest = hashlib.sha256(body).hexdigest()
    reply = upload(m, "150-new", body, f"&sha256={digest.upper()}")
    equal("an upload answers 201", reply.status, 201)
    equal("with what came", reply.json, {"name": "150-new", "size": len(body), "sha256": digest})
    listed = next(module for module in m.http("GET", MODULES).json if module["name"] == "150-new")
    expected = {"name": "150-new", "size": len(body), "builtin": False, "sandboxes": 0}
    expected |= {"version": None, "needs": [], "sha256": None}
    equal("the list has it", listed, expected)
    create(m, "new", f"{BUSYBOX},150-new", memory_mb=64)
    equal("a sandbox stands on it", output(m, "new", "cat /opt/text"), TEXT.strip())
    destroy(m, "new")
    equal("it is deleted", remove(m, "150-new"), (204, None))
    check("and listed no more", "150-new" not in names(m))
    equal("a second time: 404", remove(m, "150-new"), (404, "not_found"))
    deleted, *_, sent = [e for e in m.http("GET", "api/history").json if "module" in e]
    equal("the history has the upload", (sent["event"], sent["sha256"]), ("upload_module", digest))
    equal("and the deletion", (deleted["event"], deleted["module"]), ("delete_module", "150-new"))


def test_rights(m):
    """Both take an administrator."""
    reply = m.http("POST", "api/tokens", {"name": "runner", "right": "run"})
    assert reply.status == 201, reply
    body = make_module("150-right", {"opt/text": TEXT}).read_bytes()
    add(m, "150-right", body)
    for what, token, expected in (
        ("the right to run", reply.json["token"], (403, "forbidden")),
        ("no token", "wrong", (401, "unauthorized")),
    ):
        equal(f"upload with {what}", outcome(upload(m, "150-other", body, token=token)), expected)
        path = f"{MODULES}/150-right"
        equal(f"delete with {what}", outcome(m.http("DELETE", path, token=token)), expected)
    equal("nothing came of them", files(m), ["150-right.squashfs"])
    equal("an administrator's does", remove(m, "150-right"), (204, None))
    m.http("DELETE", "api/tokens/runner")


def test_refused(m):
    """Each reason to refuse; nothing is left of any."""
    body = make_module("150-good", {"opt/text": TEXT}).read_bytes()
    add(m, "150-good", body)
    before = free_bytes(m)
    digest = hashlib.sha256(body).hexdigest()
    good = "name=150-other"
    field, bad = (400, "bad_field"), (400, "bad_module")
    for query, expected, said in (
        ("", field, "name is missing"),
        ("?name=", field, "name"),
        ("?name=150", field, "150"),
        ("?name=150-a%2fb", field, "name"),
        ("?name=..%2f..%2fx", field, "name"),
        ("?name=150-a%00b", field, "NUL"),
        (f"?name=150-{'a' * 61}", field, "name"),
        ("?name=900-snapshot-1", field, "snapshots"),
        ("?name=999-x", field, "snapshots"),
        (f"?{good}&force=1", field, "force"),
        (f"?{good}&{good}", field, "name is given twice"),
        (f"?{good}&sha256={digest[1:]}", field, "sha256"),
        (f"?{good}&sha256={digest[1:]}g", field, "sha256"),
        ("?name=150-good", (409, "exists"), "150-good"),
        (f"?name={BUSYBOX}", (409, "exists"), "image"),
        (f"?{good}&sha256={'0' * 64}", (400, "bad_checksum"), digest),
    ):
        reply = m.http("POST", MODULES + query, body)
        equal(f"{query or 'no name'} is refused", outcome(reply), expected)
        check("and it is said why", said in (reply.json or {}).get("error", ""), reply)
    reply = m.http("POST", "api/system/update", body)
    equal("an update is, as there is no key", outcome(reply), (501, "no_update_key"))
    for name, at, form, value in (
        ("s_magic", 0, "<I", 0x71736873), ("inodes", 4, "<I", 0), ("block_size", 12, "<I", 65536),
        ("compression", 20, "<H", 2), ("block_log", 22, "<H", 21), ("no_ids", 26, "<H", 0),
        ("s_major", 28, "<H", 3), ("s_minor", 30, "<H", 1), ("root_inode", 32, "<Q", 9999),
        ("bytes_used", 40, "<Q", len(body) + 1), ("id_table_start", 48, "<Q", len(body)),
        ("xattr_id_table_start", 56, "<Q", 0), ("inode_table_start", 64, "<Q", 1),
        ("directory_table_start", 72, "<Q", 2**64 - 1), ("fragment_table_start", 80, "<Q", 7),
        ("lookup_table_start", 88, "<Q", len(body)),
    ):  # fmt: skip
        bent = bytearray(body)
        struct.pack_into(form, bent, at, value)
        reply = upload(m, "150-other", bytes(bent))
        equal(f"a superblock with another {name} is refused", outcome(reply), bad)
        check("and named", reply.json["error"].startswith(f"{name}: "), reply)
    equal("a file of 95 bytes, too", outcome(upload(m, "150-other", body[:95])), bad)
    equal("and one that is cut", outcome(upload(m, "150-other", body[:200])), bad)
    bare = make_module("150-bare", {"opt/text": TEXT}, "-nopad").read_bytes()
    equal("and one without padding", outcome(upload(m, "150-other", bare)), bad)
    chunked = upload(m, "150-other", body[:200], headers=["Transfer-Encoding: chunked"])
    equal("and one in chunks", outcome(chunked), bad)
    equal("no bytes: 400", outcome(upload(m, "150-other", b"")), (400, "incomplete"))
    put = m.http("PUT", f"{MODULES}?name=150-other", b"x")
    equal("PUT: 405", (put.status, put.headers.get("allow")), (405, "GET, HEAD, POST"))
    equal("2 GiB are too much for front: 413", Upload(m, "150-other", 1 << 31).status(), 413)
    equal("what is on the image can't be deleted", remove(m, BUSYBOX), (409, "builtin"))
    equal("a snapshot's name is no module's", remove(m, "900-snapshot-1"), field)
    equal("there is no such module", remove(m, "150-other"), (404, "not_found"))
    equal("no file is left of all that", files(m), ["150-good.squashfs"])
    equal("and no room is taken", free_bytes(m), before)
    equal("the one there was goes", remove(m, "150-good"), (204, None))


def test_formats(m):
    """The kernel mounts what may be uploaded: every compression that is let in."""
    plain = make_module("151-plain", {"opt/text": TEXT}, *ONES).read_bytes()

    def as_if(number):
        return plain[:20] + struct.pack("<H", number) + plain[22:]

    modules = {"gzip": plain, "lzo": as_if(3), "xz": as_if(4)}
    for kind in ("lz4", "zstd"):
        modules[kind] = make_module(f"151-{kind}", {"opt/text": TEXT}, "-comp", kind).read_bytes()
    for kind, size in (("least", "4096"), ("largest", "1048576")):
        blocks = make_module(f"151-{kind}", {"opt/text": TEXT}, "-b", size)
        modules[f"{kind}-blocks"] = blocks.read_bytes()
    for kind, body in modules.items():
        add(m, f"151-{kind}", body)
        create(m, "kind", f"{BUSYBOX},151-{kind}", memory_mb=64)
        equal(f"{kind} can be read", output(m, "kind", "cat /opt/text"), TEXT.strip())
        destroy(m, "kind")
        equal("and deleted", remove(m, f"151-{kind}"), (204, None))


def test_large(m):
    """One that is larger than what the machine can spare takes none of its memory."""
    noise = {"opt/noise": os.urandom(LARGE_MB << 20)}
    file = make_module("152-large", noise, "-noD", "-noF")
    body = file.read_bytes()
    replies = []
    began = time.monotonic()
    thread = threading.Thread(target=lambda: replies.append(stream(m, "152-large", file)))
    thread.start()
    peak = dirty = 0
    while thread.is_alive():
        _, text = m.inside(
            "for p in $(pidof squashd); do grep VmHWM /proc/$p/status; done; grep Dirty: /proc/meminfo"
        )
        peak = max([peak, *map(int, re.findall(r"VmHWM:\s+(\d+)", text))])
        dirty = max([dirty, *map(int, re.findall(r"Dirty:\s+(\d+)", text))])
        thread.join(0.2)
    seconds = time.monotonic() - began
    tap.note(f"{len(body) >> 20} MiB in {seconds:.1f} s; a worker had {peak} kB, dirty were {dirty} kB")
    equal("it is taken", [reply.status for reply in replies], [201])
    equal("one that is there already is refused", outcome(stream(m, "152-large", file)),
          (409, "exists"))
    check(f"squashd and its worker stay below {WORKER_KB} kB", 0 < peak < WORKER_KB, peak)
    check("the page cache isn't filled with it", dirty < 64 << 10, dirty)
    equal("as it was sent", replies[0].json["sha256"], hashlib.sha256(body).hexdigest())
    _, digest = m.inside("/bin/busybox sha256sum /data/modules/152-large.squashfs", 60)
    equal("and so it lies there", digest.split()[:1], [hashlib.sha256(body).hexdigest()])
    create(m, "large", f"{BUSYBOX},152-large", memory_mb=64)
    size = output(m, "large", "wc -c </opt/noise")
    equal("and is read", int(size), LARGE_MB << 20)
    destroy(m, "large")
    equal("and deleted", remove(m, "152-large"), (204, None))


def test_vanished(m):
    """A client that goes away, and a worker that is killed, leave nothing."""
    before = free_bytes(m)
    gone = begin(m, "153-gone", 20 << 20, bytes(300000))
    check("an upload has its room while it comes", free_bytes(m) <= before - (20 << 20))
    equal("but no name", files(m), [])
    gone.close()
    check("its worker ends with its client", wait_until(lambda: not squashd.workers(m)), squashd.workers(m))
    equal("and the room is free again", free_bytes(m), before)

    killed = begin(m, "153-killed", 20 << 20, bytes(300000))
    m.inside(f"kill -9 {takers(m).pop()}")
    equal("a worker that is killed answers 503", killed.status(), 503)
    wait_until(lambda: not squashd.workers(m))
    equal("nothing is left of it", (files(m), free_bytes(m)), ([], before))

    slow = begin(m, "153-slow", 20 << 20, bytes(300000))
    squashd.kill_all(m)
    m.wait_api()
    equal("squashd and all killed: the same", slow.status(), 503)
    equal("nothing is left of that", (files(m), free_bytes(m)), ([], before))


STRANGER = """printf 'POST /cgi-bin/api/sandboxes HTTP/1.1\\r\\nHost: a\\r\\nContent-Length: 1000000\\r\\n\\r\\n'
head -c 20000 /dev/zero
head -n 1 >>/run/answers
"""


def test_strangers(m):
    """Without a token, more than front has places for bodies, of five addresses; api would read these
    before squashd sees the token. None gets a place, and who has a token does."""
    count = 70
    m.inside(f"rm -f /run/answers; cat >/run/stranger <<'END'\n{STRANGER}END")
    each = "/bin/busybox nc -s 127.0.1.$((i % 5 + 1)) 127.0.0.1 8080 -e sh /run/stranger"
    m.inside(f"i=0; while [ $i -lt {count} ]; do {each} </dev/null >/dev/null 2>&1 & i=$((i + 1)); done")
    body = make_module("150-known", {"opt/text": TEXT, "opt/noise": os.urandom(40000).hex()}).read_bytes()
    reply = upload(m, "150-known", body)
    equal("an upload with a token is taken meanwhile", reply.status, 201)
    wait_until(lambda: m.inside(f"[ $(wc -l </run/answers) -ge {count} ]")[0] == 0, 60)
    answers = m.inside("cat /run/answers")[1].split("\n")
    equal("each stranger is refused, and not waited for", {a.strip() for a in answers if a},
          {"HTTP/1.1 401 Unauthorized"})
    equal("all of them are", len(answers) - 1, count)
    equal("the upload goes", remove(m, "150-known"), (204, None))


def test_full(m):
    """The disk is never filled to the brim, however many come at once."""
    before = free_bytes(m)
    room = before - RESERVE
    equal("more than there is: 507", Upload(m, "154-huge", (1 << 31) - 1).status(), 507)
    equal("into the reserve: 507", Upload(m, "154-brim", room + 4096).status(), 507)
    first = begin(m, "154-first", room * 6 // 10, b"x")
    equal("what another has begun counts", Upload(m, "154-second", room * 6 // 10).status(), 507)
    first.close()
    wait_until(lambda: not squashd.workers(m))
    equal("none has left anything", (files(m), free_bytes(m)), ([], before))
    body = make_module("154-fits", {"opt/text": TEXT}).read_bytes()
    add(m, "154-fits", body)
    equal("there is room for what fits", remove(m, "154-fits"), (204, None))


def test_two(m):
    """Of two of one name at once one wins; two others don't meet."""
    # More than front reads before it passes a request on.
    body = make_module("155-two", {"opt/text": TEXT, "opt/noise": os.urandom(40000).hex()}).read_bytes()
    both = [begin(m, "155-two", len(body), body[:1000]) for _ in range(2)]
    for one in both:
        one.send(body[1000:])
    equal("one of them is taken", sorted(one.status() for one in both), [201, 409])
    others = [begin(m, f"155-{n}", len(body), body[:1000]) for n in range(4)]
    for one in others:
        one.send(body[1000:])
    equal("four names: four modules", [one.status() for one in others], [201] * 4)
    for name in ("two", *"0123"):
        equal("it goes", remove(m, f"155-{name}"), (204, None))


def in_use(m, name, by):
    reply = m.http("DELETE", f"{MODULES}/{name}")
    equal(f"{name} is in use", outcome(reply), (409, "in_use"))
    check(f"by {by}", by in reply.json["error"], reply)


def test_in_use(m):
    """By a sandbox that runs, that is down, by its snapshots, and by what can't be read."""
    add(m, "156-used", make_module("156-used", {"opt/text": TEXT}).read_bytes())
    create(m, "user", BUSYBOX, memory_mb=64)
    plain = snapshot(m, "user")
    activate(m, "user", "156-used")
    in_use(m, "156-used", "sandbox user")
    m.inside("rm /run/squash/layers/156-used/users/user")
    in_use(m, "156-used", "sandbox user")  # as meta.json has it
    m.inside("touch /run/squash/layers/156-used/users/user")
    taken = snapshot(m, "user")
    restore(m, "user", plain)
    in_use(m, "156-used", f"snapshot {taken} of sandbox user")
    create(m, "copy", None, **{"from": f"user/{taken}"}, memory_mb=64)
    destroy(m, "user")
    in_use(m, "156-used", "sandbox copy")
    equal("it works all the while", output(m, "copy", "cat /opt/text"), TEXT.strip())
    destroy(m, "copy")
    m.inside("mkdir /data/sandboxes/odd; echo { >/data/sandboxes/odd/meta.json")
    in_use(m, "156-used", "sandbox odd may stand on it")
    m.inside("rm -r /data/sandboxes/odd")
    equal("in the end it goes", remove(m, "156-used"), (204, None))


def test_race(m):
    """No sandbox comes to be on a module that goes at the same time."""
    body = make_module("157-race", {"opt/text": TEXT}).read_bytes()
    made, gone, ended = [], [], threading.Event()

    def make():
        for n in range(40):
            fields = {"id": f"race{n}", "layers": f"{BUSYBOX},157-race", "memory_mb": 64}
            made.append(outcome(m.http("POST", SANDBOXES, fields)))
            if made[-1][0] == 201:
                if output(m, f"race{n}", "cat /opt/text") != TEXT.strip():
                    made.append("its module is gone")
                destroy(m, f"race{n}")
        ended.set()

    add(m, "157-race", body)
    thread = threading.Thread(target=make)
    thread.start()
    while not ended.is_set() and thread.is_alive():
        gone.append(remove(m, "157-race"))
        if gone[-1][0] == 204:
            add(m, "157-race", body)
    thread.join()
    counts = {key: [*made, *gone].count(key) for key in {*made, *gone}}
    tap.note(counts)
    equal("a create is made, or has no module", {*made} - {(201, None), (400, "no_module")}, set())
    equal("a delete is done, or finds a user", {*gone} - {(204, None), (409, "in_use")}, set())
    check("each came to pass", {(201, None), (204, None), (409, "in_use")} <= {*counts}, counts)
    equal("the last one goes", remove(m, "157-race"), (204, None))


def test_descriptors(m):
    """squashd takes the reading end of one pipe, with an upload, and no other descriptor."""
    lines = m.pass_descriptors(TOKEN)
    expected = {line: "400 bad_message" for line in (
        "nothing", "a file", "a directory", "a device", "a socket", "a pipe's other end",
        "both ends of a pipe", "a pipe's place", "a pipe for info", "a pipe for exec",
    )}  # fmt: skip
    expected["a pipe that has ended"] = "400 incomplete"
    equal("each kind of descriptor", dict(line.split(": ") for line in lines), expected)
    equal("nothing comes of it", files(m), [])


def test_memory(m):
    """Without a disk modules have what is left of half of the memory, snapshots' part apart."""
    body = make_module("158-memory", {"opt/text": TEXT}).read_bytes()
    add(m, "158-memory", body)
    create(m, "memory", f"{BUSYBOX},158-memory", memory_mb=64)
    equal("a sandbox stands on it", output(m, "memory", "cat /opt/text"), TEXT.strip())
    in_use(m, "158-memory", "sandbox memory")
    destroy(m, "memory")
    equal("it goes", remove(m, "158-memory"), (204, None))
    before = free_bytes(m)
    total = int(re.search(r"MemTotal:\s+(\d+)", m.inside("cat /proc/meminfo")[1])[1]) << 10
    equal("a third of it: 507", Upload(m, "158-third", total // 3).status(), 507)
    fifth = begin(m, "158-fifth", total // 5, b"x")
    taken = wait_until(lambda: free_bytes(m) <= before - total // 5)
    check("a fifth has its room", taken)
    equal("another: 507", Upload(m, "158-other", total // 5).status(), 507)
    fifth.close()
    wait_until(lambda: not squashd.workers(m))
    equal("with it gone there is room again", free_bytes(m), before)


def test_on_disk():
    disk = drive(data_disk("modules", 512))
    settings = f"SQUASH_AUTH_TOKEN={TOKEN}"
    with Machine("modules", settings, memory_mb=512, args=disk) as m:
        began = time.monotonic()
        m.token = TOKEN
        m.wait_api()
        before = m.counts()
        tap.each(m, test_upload, test_rights, test_refused, test_descriptors, test_strangers, test_vanished)
        # Nothing comes of it for as long as what follows takes.
        stalled = begin(m, "159-stalled", 1 << 20, b"x")
        tap.each(m, test_two, test_in_use, test_formats, test_race, test_large)
        tap.note(f"the tests took {time.monotonic() - began:.1f} s")
        equal("an upload that stalls is given up: 408", stalled.status(GRACE_SECONDS + 10), 408)
        tap.each(m, test_full)
        equal("nothing is left behind", m.wait_counts(before), before)


def test_in_memory():
    with Machine("modules-memory", f"SQUASH_AUTH_TOKEN={TOKEN}", memory_mb=512) as m:
        m.token = TOKEN
        m.wait_api()
        tap.each(m, test_memory)


def main():
    tap.each_boot(test_on_disk)
    tap.each_boot(test_in_memory)


tap.run(main)
