#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine that was booted from a UEFI disk is updated: what isn't good is refused and leaves nothing
behind; what is boots next, beside the version before, and stays once the API has answered.

The versions say 0.1.0 themselves, all of them, as they are of one build. What they are is known by
their host names, alpha and beta, and by the names of their files."""

import hashlib

import tap
from machine import MediumMachine, drive
from openapi import Watch
from tap import check, equal
from updates import (
    TOKEN, UPDATE, Slow, fat_is_whole, header, make_disk, make_keys, make_uki, make_update, mkupdate, ukis,
)  # fmt: skip

MIB = 1 << 20
CHUNKED = "Transfer-Encoding: chunked"
SMALL = b"no image, but as good as one until it boots" * 100


def outcome(reply):
    return reply.status, (reply.json or {}).get("code")


def state(m):
    """What GET system says of updates."""
    return m.http("GET", "api/system").json["update"]


def small(version, body=SMALL):
    return header(version, len(body), hashlib.sha256(body).digest()) + body


def test_refused(m):
    """Everything that is wrong with what comes, by itself."""
    good = small((0, 3, 0))
    flipped = bytearray(good)
    flipped[130] ^= 1
    newer = bytearray(good)
    newer[12] += 1  # the signature doesn't cover that version
    longer = header((0, 3, 0), len(SMALL) + 1) + SMALL
    for what, body, query, expected in (
        ("what is something else", b"MZ" * 5000, "", (400, "bad_update")),
        ("a signature that is none", bytes(flipped), "", (403, "bad_signature")),
        ("a version that was changed", bytes(newer), "", (403, "bad_signature")),
        ("a length that isn't the header's", longer, "", (400, "bad_update")),
        ("another file than was signed", good[:-1] + b"!", "", (400, "bad_checksum")),
        ("a lower version", small((0, 0, 9)), "", (409, "not_newer")),
        ("a lower version", small((0, 0, 9)), "?downgrade=false", (409, "not_newer")),
        ("the version that runs", small((0, 1, 0)), "", (409, "running")),
        ("the version that runs", small((0, 1, 0)), "?downgrade=true", (409, "running")),
        ("a parameter that says nothing", good, "?downgrade=perhaps", (400, "bad_field")),
        ("a parameter that isn't there", good, "?force=true", (400, "bad_field")),
        ("less than a header", good[:100], "", (400, "bad_field")),
    ):
        equal(f"refused{query}: {what}", outcome(m.http("POST", UPDATE + query, body)), expected)
    equal("nothing waits", state(m), {"possible": True, "waiting": None, "on_trial": False})


def test_rights(m):
    for right in ("read", "run"):
        made = m.http("POST", "api/tokens", {"name": right, "right": right})
        reply = m.http("POST", UPDATE, small((0, 3, 0)), token=made.json["token"])
        equal(f"refused: the right {right}", outcome(reply), (403, "forbidden"))


def test_room(m):
    """What doesn't fit is refused before it comes."""
    size = 1000 * MIB
    slow = Slow(m, size + mkupdate.HEADER.size)
    slow.send(header((0, 3, 0), size))
    equal("refused: more than the ESP has room for", outcome(slow.reply()), (507, "no_space"))
    slow.close()


def test_one_at_a_time(m):
    """And one that goes away is as good as none."""
    slow = Slow(m, 32 * MIB + mkupdate.HEADER.size)
    # More than all buffers on the way hold: when it is sent, some has been taken.
    slow.send(header((0, 3, 0), 32 * MIB) + bytes(24 * MIB))
    reply = m.http("POST", UPDATE, small((0, 3, 0)))
    equal("refused: a second one at once", outcome(reply), (409, "busy"))
    slow.close()
    for _ in range(100):
        reply = m.http("POST", UPDATE, small((0, 0, 9)))
        if outcome(reply) != (409, "busy"):
            break
    equal("the first has gone away", outcome(reply), (409, "not_newer"))


def test_chunks(m):
    """Without a length, that of the header counts."""
    whole = small((0, 3, 0), bytes(100000))
    for what, body, expected in (
        ("a byte too many", whole + b"x", (400, "bad_update")),
        ("a byte too few", whole[:-1], (400, "bad_update")),
        ("another UKI", whole[:-1] + b"x", (400, "bad_checksum")),
        ("a header that is signed, and nothing else", whole[:mkupdate.HEADER.size], (400, "bad_update")),
        ("another signature", bytes(b ^ (i == 130) for i, b in enumerate(whole)), (403, "bad_signature")),
    ):
        reply = m.http("POST", UPDATE, body, headers=[CHUNKED])
        equal(f"refused in chunks: {what}", outcome(reply), expected)
    equal("nothing waits", state(m)["waiting"], None)


def update(m, body, version, query=""):
    reply = m.http("POST", UPDATE + query, body, seconds=120, headers=[CHUNKED])
    expected = {"version": version, "file": f"squash_{version}+3.efi", "status": "reboot to use it"}
    equal(f"version {version} is taken", (reply.status, reply.json), (201, expected))
    equal("it waits for a reboot", state(m)["waiting"], version)
    event = m.http("GET", "api/history").json[0]
    equal("the history has it", (event["event"], event["name"]), ("update", version))


def reboot(m, version):
    """Reboot, and wait until that version has proved itself."""
    since = len(m.console)
    equal("a reboot", m.http("POST", "api/system/reboot").status, 202)
    m.wait_console(f"^Version {version} has proved itself", 60, since)


def main():
    make_keys()
    disk = make_disk("update")
    body = make_update(make_uki("update-b", "0.2.0", "SQUASH_HOSTNAME=beta"))
    with MediumMachine("update", "uefi", drive(disk, snapshot=False), reboots=True) as m:
        m.token = TOKEN
        m.wait_api()
        watch = Watch(m)
        tap.each(m, test_refused, test_rights, test_room, test_one_at_a_time, test_chunks)
        update(m, body, "0.2.0")
        reboot(m, "0.2.0")
        system = m.http("GET", "api/system").json
        equal("the new version runs", system["hostname"], "beta")
        expected = {"possible": True, "waiting": None, "on_trial": False}
        equal("it is not on trial any more", system["update"], expected)
        reply = m.http("POST", UPDATE, small((0, 2, 0)))
        equal("refused: that version again", outcome(reply), (409, "running"))
        m.http("POST", "api/system/poweroff")
        m.wait_end()
    equal("openapi.json says the same", watch.wrong, [])
    equal("both versions are on the ESP", ukis(disk), ["squash_0.1.0.efi", "squash_0.2.0.efi"])
    check("the ESP is whole", fat_is_whole(disk))


tap.run(main)
