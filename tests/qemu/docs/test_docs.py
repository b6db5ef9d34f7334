#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every example of docs/api.md, run in the order of the page: its replies are what the page says, and what
openapi.json says."""

import json
import re

import tap
from machine import BUILD, ROOT, Machine, data_disk, drive
from openapi import Watch
from tap import check, equal

PAGE = ROOT / "docs/api.md"
ANY = "\u2026"  # as a value in an expected body; as a member's name, further members


def read_examples():
    """[(method, path, body, status, expected body)...]; a body that is not there is None."""
    examples = []
    for block in re.findall(r"^```http\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        request, _, reply = block.partition("\n\n")
        line, _, body = request.partition("\n")
        method, path = line.split()
        status, _, expected = reply.partition("\n")
        examples.append(
            (method, path, body or None, int(status), json.loads(expected) if expected else None)
        )
    return examples


def agrees(got, expected):
    """Whether got is expected, with ANY for any value and for further members, wherever they stand."""
    if expected == ANY:
        return got is not None
    if isinstance(expected, dict):
        named = [key for key in expected if key != ANY]
        return (
            isinstance(got, dict)
            and [key for key in got if key in named or ANY not in expected] == named
            and all(agrees(got[key], expected[key]) for key in named)
        )
    if isinstance(expected, list):
        return (
            isinstance(got, list) and len(got) == len(expected) and all(map(agrees, got, expected))
        )
    return type(got) is type(expected) and got == expected


def run_example(m, method, path, body, status, expected):
    client = ["Squash-Client: 192.0.2.7"]
    reply = m.http(method, path.removeprefix("/cgi-bin/"), body, headers=client)
    good = reply.status == status and agrees(reply.json, expected)
    check(f"{method} {path} answers {status} as written", good, f"{reply}\nexpected {expected}")


def main():
    examples = read_examples()
    modules = [BUILD / f"modules/{name}.squashfs" for name in ("000-base-debian", "100-python313")]
    disk = data_disk("docs", 2048, modules=modules)
    with Machine("docs", memory_mb=2048, args=drive(disk)) as m:
        m.wait_api()
        watch = Watch(m)
        check("the page has its examples", len(examples) >= 10, len(examples))
        for example in examples:
            run_example(m, *example)
        reply = m.http("GET", "api/sandboxes")
        equal("the page leaves nothing behind", reply.json, [])
        equal("openapi.json says the same", watch.wrong, [])


tap.run(main)
