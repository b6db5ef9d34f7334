#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `make test` and its likes run for T=NAME, and what they hand to tests/tap for JUNIT=FILE."""

import re
import shlex
import subprocess

import tap
from place import ROOT
from tap import check, equal

WALK = ["tests/qemu/api/test_walk.py"]
JSON = ["build/unit/fuzz_json", "build/unit/test_json"]


def make(*words):
    """Returns the exit status, and the output, with errors in it."""
    done = subprocess.run(["make", "--no-print-directory", *words], cwd=ROOT, text=True, check=False,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.returncode, done.stdout


def words_of(*words):
    """Returns the words of the command that make would run."""
    status, text = make("-n", *words)
    commands = re.findall(r"^tests/tap --jobs (?:.*\\\n)*.*$", text, re.MULTILINE)
    return shlex.split(commands[0]) if status == 0 and len(commands) == 1 else [text[-1000:]]


def programs(*words):
    """Returns the programs of that command, sorted."""
    return sorted(word for word in words_of(*words) if re.search(r"/(test|fuzz)_", word))


def test_names():
    """A test has a name, a file and a path, a group a name and a path."""
    for name in ("walk", "walk.py", "test_walk", "test_walk.py", WALK[0], f"./{WALK[0]}", str(ROOT / WALK[0])):
        equal(f"T={name.replace(str(ROOT), '...')}", programs("test", f"T={name}"), WALK)
    for name, expected in (("json", JSON), ("fuzz_json", JSON[:1]), ("test_json", JSON[1:]),
            ("tests/unit/test_json.c", JSON[1:]), ("tests/fuzz/fuzz_json.c", JSON[:1]), (JSON[0], JSON[:1])):  # fmt: skip
        equal(f"T={name}", programs("test", f"T={name}"), expected)
    equal("two names", programs("test", "T=json walk"), JSON + WALK)
    group = programs("test", "T=api")
    check("a group", WALK[0] in group and all(path.startswith("tests/qemu/api/") for path in group), group)
    equal("by its path", programs("test", "T=tests/qemu/api/"), group)
    check("all in QEMU", set(group) < set(programs("test", "T=qemu")))
    equal("all units are what make check runs", programs("test", "T=unit"), programs("check"))


def test_targets():
    """Each target that takes T runs what it names alone; others refuse it."""
    equal("make check T=json", programs("check", "T=json"), JSON)
    equal("make test-slow T=load", programs("test-slow", "T=load"), ["tests/qemu/confine/test_load.py"])
    slow, quick = set(programs("test-slow", "T=recovery")), set(programs("test", "T=recovery"))
    check("a group of test-slow is its slow tests", slow and not slow & quick, slow & quick)
    equal("of test-all both", set(programs("test-all", "T=recovery")), slow | quick)
    for words in (["check", "T=walk"], ["test", "T=%"], ["test", "T=%walk"], ["test", "T=walk nosuch"]):
        status, text = make("-n", *words)
        name = words[1].split()[-1].removeprefix("T=")
        check(f"make {' '.join(words)} is refused", status == 2 and
              f"make {words[0]} has no test or group {name}. Groups: unit" in text, text)
    for target in "test-fault", "test-powercut", "bench", "lint":
        status, text = make("-n", target, "T=walk")
        check(f"make {target} takes no T", status == 2 and f"make {target} takes no T" in text, text)


def test_listed():
    """T takes each name that an error lists."""
    text = make("-n", "test-all", "T=nosuch")[1]
    groups, tests = re.search(r"Groups: (.*)\. Tests: (.*)\. +Stop", text).groups()
    equal("all groups", make("-n", "test-all", f"T={groups}")[0], 0)
    equal("all tests", make("-n", "test-all", f"T={tests}")[0], 0)


def test_junit():
    """JUNIT may be any path. One that can't be written is an error before anything is built."""
    for name in "a b.xml", "it's.xml":
        words = words_of("test", "T=addr", f"JUNIT={name}")
        equal(f"JUNIT={name}", words[words.index("--junit") + 1], name)
    for name, why in ("/nosuch/x", "No such file or directory"), (".", "not a regular file"):
        status, text = make("check", "T=addr", f"JUNIT={name}")
        lines = [line for line in text.splitlines() if not line.startswith("make")]
        equal(f"JUNIT={name} is refused", (status, lines), (2, [f"tests/tap: {name}: {why}"]))


def main():
    for test in test_names, test_targets, test_listed, test_junit:
        tap.each_boot(test)


if __name__ == "__main__":
    tap.run(main)
