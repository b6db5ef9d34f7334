#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What stays in the history, whatever others do: a token with the right run pushes out neither what an
administrator did nor what another token did; and the history in pages."""

from concurrent.futures import ThreadPoolExecutor

import pool
import squashd
import tap
from api import BUSYBOX, SANDBOXES, create, destroy
from tap import check, equal

HISTORY = "api/history"
COMMANDS = 320  # of 4 KiB: more than two files of 512 KiB hold
KEPT_BYTES = 4096


def read(m, query="", **wanted):
    """The history's events that have these values, newest first."""
    reply = m.http("GET", f"{HISTORY}?{query}" if query else HISTORY)
    assert reply.status == 200, f"history: {reply}"
    return [e for e in reply.json if all(e.get(key) == value for key, value in wanted.items())]


def make_token(m, name):
    return m.http("POST", "api/tokens", {"name": name, "right": "run"}).json["token"]


def command(m, token, cmd):
    reply = m.http("POST", f"{SANDBOXES}/box/exec", {"cmd": cmd}, token=token)
    assert reply.status == 200, reply


def test_flood(m):
    loud, quiet = make_token(m, "loud"), make_token(m, "quiet")
    command(m, quiet, "echo mine")
    since = read(m, "limit=1")[0]["number"]
    long = ": " + "x" * (KEPT_BYTES - 2)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: command(m, loud, long), range(COMMANDS)))
    mine = [e for e in read(m, event="exec", token="loud") if e["number"] > since]
    check("the commands were too many to be kept", 100 < len(mine) < COMMANDS, len(mine))
    made = {e["name"] for e in read(m, event="create_token")}
    check("what an administrator did stays", {"loud", "quiet"} <= made, made)
    equal("so does a sandbox's creation", len(read(m, event="create", id="box")), 1)
    equal("and another token's command", [e["cmd"] for e in read(m, event="exec", token="quiet")], ["echo mine"])
    for name in ("loud", "quiet"):
        m.http("DELETE", f"api/tokens/{name}")


def test_of(m):
    """The end of a sandbox that nobody has asked for is on the account of who made it."""
    token = make_token(m, "maker")
    body = {"id": "brief", "layers": BUSYBOX, "memory_mb": 16, "max_lifetime_s": 1}
    for who, name in ((token, "maker"), (m.token, read(m, "limit=1")[0]["client"])):
        reply = m.http("POST", SANDBOXES, body, token=who)
        assert reply.status == 201, reply
        m.inside("while test -e /data/sandboxes/brief; do sleep 0.1; done")
        end = read(m, event="end", id="brief")[0]
        ended = {key: end.get(key) for key in ("reason", "of", "client", "token")}
        equal(f"it says {name}", ended, {"reason": "lifetime", "of": name, "client": None, "token": None})
    m.http("DELETE", "api/tokens/maker")


def test_pages(m):
    whole = read(m)
    numbers = [e["number"] for e in whole]
    equal("the newest is the first, none is there twice", numbers, sorted({*numbers}, reverse=True))
    pages, after = [], ""
    while page := read(m, f"limit=50{after}"):
        pages.append(page)
        after = f"&after={page[-1]['number']}"
        if len(pages) == 2:  # what comes on top moves nothing
            command(m, None, "true")
    equal("its pages are all of it", [e for page in pages for e in page], whole)
    equal("each but the last is full", {len(page) for page in pages[:-1]}, {50})
    for query in ("limit=0", "limit=65537", "after=0", "after=dev", "before=1"):
        reply = m.http("GET", f"{HISTORY}?{query}")
        equal(f"{query} is refused", (reply.status, reply.json["code"]), (400, "bad_field"))


def test_after_squashd(m):
    """The numbers go on when squashd has died, and when the machine has forgotten them."""
    last = read(m, "limit=1")[0]["number"]
    m.inside("rm /run/squash/totals")
    squashd.kill(m)
    m.wait_api(token=m.token)
    command(m, None, "true")
    equal("the next event has the next number", read(m, "limit=1")[0]["number"], last + 1)


def main():
    with pool.borrow(pool.WITH_TOKEN, spends=True) as m:
        create(m, "box", BUSYBOX, memory_mb=64)
        tap.each(m, test_flood, test_of, test_pages, test_after_squashd)
        destroy(m, "box")


tap.run(main)
