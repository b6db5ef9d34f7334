#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow timeout=900
"""CONTRIBUTING.md's worked examples, applied as they stand to a copy of the tree, built there and booted: the
new endpoint answers, the new create field and the new setting do what they say. The copy also passes what
the page says: clang-format, scripts/check-rooms, make check, and the tests of the pages and of openapi.json.
Slow: most of the programs are compiled anew, twice, and three machines are booted."""

import os
import re
import shutil
import subprocess
import tempfile

import tap
from api import BUSYBOX, SANDBOXES, create, info
from machine import BUILD, ROOT, WORK, Machine
from tap import check, equal
from tree import copy_tree

PAGE = ROOT / "CONTRIBUTING.md"
COPY = WORK / "contributing"
NEW = "(new file)"
# What of build/ an image is made of, and what the copy's own files make anew.
PARTS = (
    "bin", "cc", "format.image", "host.ok", "kernel", "modules.cpio", "modules.cpio.zst", "obj", "parts",
    "sysroot", "vmlinuz", "modules/000-base-busybox.squashfs",
)  # fmt: skip
# What its tests need beside that, which the copy doesn't change.
USED = ("qemu", "test/agent", "modules/000-base-debian.squashfs", "modules/100-python313.squashfs")
# They run beside make check and the machine below.
TESTS = ("tests/qemu/api/test_openapi.py", "tests/qemu/docs/test_docs.py", "tests/lint/test_tables.py")


def make_copy():
    """The tree, at the times that make compares, with what is built already."""
    shutil.rmtree(COPY, ignore_errors=True)
    copy_tree(COPY)
    for part in PARTS:
        target = COPY / "build" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", BUILD / part, target], check=True)
    for part in USED:
        target = COPY / "build" / part
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-al", BUILD / part, target], check=True)


def read_examples():
    """{heading: [diff...]} of the page's worked examples."""
    part = PAGE.read_text().partition("\n## Worked examples\n")[2].partition("\n## ")[0]
    examples = {}
    for section in part.split("\n### ")[1:]:
        heading, _, text = section.partition("\n")
        examples[heading] = re.findall(r"^```diff\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    return examples


def take_hunk(name, text, hunk):
    """The text with the hunk's + lines in place of its - lines, where its other lines stand."""
    lines = hunk.splitlines(keepends=True)
    old = "".join(line[1:] for line in lines if line[0] in " -")
    new = "".join(line[1:] for line in lines if line[0] in " +")
    equal(f"{name} has the lines of the example's context once", text.count(old), 1)
    return text.replace(old, new, 1)


def apply(diff):
    """Change the file that the first line names, "+++ path", by hunks with "@@" lines between. Returns its name."""
    head, _, body = diff.partition("\n")
    name = head.removeprefix("+++ ")
    path = COPY / name.removesuffix(NEW).strip()
    if name.endswith(NEW):
        check(f"{path.name} is new", not path.exists())
        path.write_text("".join(line[1:] for line in body.splitlines(keepends=True)))
        return str(path.relative_to(COPY))
    text = path.read_text()
    for hunk in re.split(r"^@@.*\n", body, flags=re.MULTILINE):
        text = take_hunk(name, text, hunk)
    path.write_text(text)
    return name


class Started:
    """A command that runs in the copy. It gets none of the options of the make that we may run under."""

    def __init__(self, *command):
        inherited = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")}
        self._said = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command], cwd=COPY, env=inherited,
                                         stdout=self._said, stderr=subprocess.STDOUT)  # fmt: skip

    def passes(self, what):
        """Waits for its end. Returns whether it has succeeded, after a check of that name."""
        status = self._process.wait()
        self._said.seek(0)
        said = self._said.read()
        failures = re.findall(r"^ *not ok .*(?:\n *# .*)*", said, re.MULTILINE)
        return check(what, status == 0, "\n".join([*failures, said[-2000:]]))


def test_style(names):
    sources = sorted({name for name in names if name.endswith((".c", ".h"))})
    check("the examples change sources", len(sources) >= 8, sources)
    Started("clang-format", "--dry-run", "-Werror", *sources).passes("they are clang-formatted")
    Started("scripts/check-rooms").passes("each folder uses only those below it")


class ChangedMachine(Machine):
    """Boots the copy's image."""

    image = COPY / "build/initramfs.cpio.zst"


def test_field(m):
    equal("create takes the new field", create(m, "heavy", BUSYBOX, cpu_weight=300).get("cpu_weight"), 300)
    weight = m.inside("cat /sys/fs/cgroup/squash/heavy/cpu.weight")[1]
    equal("the kernel has it", weight, "300\n")
    equal("it has a default", create(m, "plain", BUSYBOX).get("cpu_weight"), 100)
    reply = m.http("POST", SANDBOXES, {"id": "odd", "layers": BUSYBOX, "cpu_weight": 10001})
    refused = (400, "cpu_weight is 10001; it must be from 1 to 10000")
    equal("and limits", (reply.status, reply.json.get("error")), refused)
    check("meta.json has it", '"cpu_weight":300' in m.inside("cat /data/sandboxes/heavy/meta.json")[1])
    m.inside("sed -i 's/\"cpu_weight\":100,//' /data/sandboxes/plain/meta.json")
    equal("one of before the field has the default", info(m, "plain")["cpu_weight"], 100)


def test_endpoint(m):
    m.http("POST", f"{SANDBOXES}/heavy/exec", {"cmd": "sleep 1000 >/dev/null 2>&1 &"})
    reply = m.http("GET", f"{SANDBOXES}/heavy/processes")
    commands = [process["cmd"] for process in reply.json or []]
    equal("the new endpoint answers", (reply.status, commands), (200, ["sleep 1000"]))
    equal("of no sandbox", m.http("GET", f"{SANDBOXES}/none/processes").status, 404)
    document = m.http("GET", "openapi.json").json
    check("the document has it", "/api/sandboxes/{id}/processes" in document["paths"])


def test_setting(m):
    most = m.inside("cat /sys/fs/cgroup/squash/pids.max")[1]
    equal("the new setting has an effect", most, "5000\n")


def main():
    make_copy()
    examples = read_examples()
    equal("there are three examples", len(examples), 3)
    test_style([apply(diff) for diffs in examples.values() for diff in diffs])
    if not Started("make", "-j2", "all").passes("the changed tree builds"):
        return
    tests = Started("tests/tap", "--jobs", "1", "--timeout", "600", *TESTS)
    Started("make", "-j2", "check").passes("make check passes")
    with ChangedMachine("contributing", "SQUASH_MAX_PIDS=5000") as m:
        m.wait_api()
        tap.each(m, test_field, test_endpoint, test_setting)
    tests.passes("so do the tests of the pages and of openapi.json")


tap.run(main)
