#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Lists: however long, they are answered, whole or in pages."""

import json
import os
import subprocess

import pool
import tap
from api import BUSYBOX, SANDBOXES, create, destroy
from machine import ROOT
from tap import check, equal

COPIES = 260  # each with a full allow_net of 72 KiB: together more than 16 MiB, which a message holds
ENTRIES, ENTRY_BYTES = 256, 253
MODULES = 1300
MIB = 1 << 20


def entry(number):
    """An entry of allow_net of that length, a name."""
    return ".".join([f"{number:0>63}", "a" * 63, "b" * 63, "c" * (ENTRY_BYTES - 3 * 64)])


def page_through(m, path, key, limit, first=""):
    """All entries behind the first, of pages; and the pages' lengths."""
    found, lengths, after = [], [], f"&after={first}" if first else ""
    while True:
        page = m.http("GET", f"{path}?limit={limit}{after}").json
        found += page
        lengths.append(len(page))
        if len(page) < limit:
            return found, lengths
        after = f"&after={page[-1][key]}"


def ask_long(m, path):
    """By curl into memory, with all the time that an emulated machine takes."""
    return m.http("GET", path, seconds=300)


def test_sandboxes(m):
    create(m, "box", BUSYBOX, memory_mb=64, allow_net=[entry(i) for i in range(ENTRIES)])
    # Sandboxes that were never started are as good in a list, and there at once.
    copies = [f"copy-{i}" for i in range(101, 101 + COPIES)]
    write = r'{ for (i = 101; i <= last; i++) { text = $0; f = "copy-" i "/meta.json";' \
            r' sub(/"id":"box"/, "\"id\":\"copy-" i "\"", text); print text >f; close(f) } }'
    made = m.inside(f"cd /data/sandboxes && mkdir {' '.join(copies)} && awk -v last={100 + COPIES} '{write}' box/meta.json", 200)
    equal("there are many", made, (0, ""))
    reply = ask_long(m, SANDBOXES)
    equal("a list that no message holds is answered", reply.status, 200)
    check("it is that long", len(reply.body) > 16 * MIB, len(reply.body))
    ids = [i["id"] for i in reply.json]
    names = ["box", *copies]
    equal("all are in it, by id", ids, names)
    equal("each whole", {len(i["allow_net"]) for i in reply.json}, {ENTRIES})
    found, lengths = page_through(m, SANDBOXES, "id", 25, first="copy-300")
    equal("pages are all of it", [i["id"] for i in found], names[names.index("copy-300") + 1 :])
    equal("of that length", lengths, [25, 25, 10])
    equal("behind what isn't there", [i["id"] for i in m.http("GET", f"{SANDBOXES}?after=copy-359a").json],
          ["copy-360"])
    squashctl = subprocess.run(
        [ROOT / "build/bin/squashctl", "ls", "-q"], capture_output=True, text=True, timeout=300,
        env={**os.environ, "SQUASH_URL": f"http://127.0.0.1:{m.port}"})
    equal("squashctl lists them", (squashctl.returncode, squashctl.stdout.split()), (0, names))
    m.inside("rm -r /data/sandboxes/copy-*")
    destroy(m, "box")


def test_execs(m):
    create(m, "box", BUSYBOX, memory_mb=64)
    started = [m.http("POST", f"{SANDBOXES}/box/exec", {"cmd": "sleep 1000", "detach": True}).json["exec"] for _ in range(12)]
    whole = m.http("GET", f"{SANDBOXES}/box/execs").json
    equal("detached commands are listed by number", [e["exec"] for e in whole], started)
    found, lengths = page_through(m, f"{SANDBOXES}/box/execs", "exec", 5)
    equal("pages are all of it", ([e["exec"] for e in found], lengths), (started, [5, 5, 2]))
    destroy(m, "box")


def test_modules(m):
    whole = m.http("GET", "api/modules").json
    names = [one["name"] for one in whole]
    check("there are some, by name", len(names) >= 3 and names == sorted(names), names)
    equal("pages are all of it", page_through(m, "api/modules", "name", 2)[0], whole)
    # More than are held in memory at once.
    more = [f"500-m{i}" for i in range(1, MODULES + 1)]
    m.inside(f"cd /data/modules; i=0; while [ $((i += 1)) -le {MODULES} ]; do"
             " echo >500-m$i.squashfs; done", 120)
    found = [one["name"] for one in ask_long(m, "api/modules").json]
    equal("more than are held at once, by name", found, sorted(names + more))
    found, lengths = page_through(m, "api/modules", "name", 600)
    equal("in pages", ([one["name"] for one in found], lengths), (sorted(names + more), [600, 600, 100 + len(names)]))
    m.inside("rm /data/modules/500-m*")


def test_refusals(m):
    create(m, "box", BUSYBOX, memory_mb=64)
    for path in (SANDBOXES, "api/modules", f"{SANDBOXES}/box/execs"):
        for query in ("limit=0", "limit=65537", "limit=x", "after=", "after=-", "page=1", "limit=1&limit=2"):
            reply = m.http("GET", f"{path}?{query}")
            equal(f"{path}?{query}", (reply.status, json.loads(reply.body)["code"]), (400, "bad_field"))
    equal("the last page is empty", m.http("GET", f"{SANDBOXES}?after=box").json, [])
    destroy(m, "box")


def main():
    with pool.borrow(pool.OPEN, spends=True) as m:
        tap.each(m, test_sandboxes, test_execs, test_modules, test_refusals)


tap.run(main)
