#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs tests/tap on programs that pass, fail, hang, skip and die, and checks its verdicts."""

import os
import re
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree as xml
from pathlib import Path

import tap
from tap import check, equal

RUNNER = Path(__file__).resolve().parents[1] / "tap"
DEADLINE_S = 30


class Place:
    """A directory of programs, and a run of tests/tap in it."""

    def __init__(self, directory):
        self.directory = Path(directory)

    def program(self, name, body, mark=""):
        path = self.directory / name
        path.write_text(f"#!/bin/bash\n{mark}\n{body}\n")
        path.chmod(0o755)
        return name

    def start(self, *words, **options):
        return subprocess.Popen([RUNNER, *words], cwd=self.directory, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, **options)

    def run(self, *words, **options):
        """Returns the exit status and the lines."""
        runner = self.start(*words, **options)
        try:
            text, _ = runner.communicate(timeout=DEADLINE_S)
        finally:
            runner.kill()
        return runner.returncode, text.splitlines()

    def pid(self, name):
        """Returns the number in this file, or 0 if it isn't there yet."""
        path = self.directory / name
        return int(path.read_text() or 0) if path.exists() else 0


# What each program does, and what is said of it in the end.
HANG = "still running after 1 s"
HANGING = {
    "hangs": ("sleep 60; echo 'ok 1'; echo 1..1", HANG),
    "mute": ("exec >&-; sleep 60", HANG),
    "busy": ("while :; do echo '# more'; done", HANG),
}
WRONG = {
    "fails": ("echo 'not ok 1 - a'; echo 1..1; exit 1", "not ok 1 - a"),
    "hides": ("echo 'not ok 1 - a'; echo 1..1", "exit status 0 in spite of failures"),
    "skips": ("echo 'ok 1 - a # SKIP no'; echo 1..1", "skips test 1"),
    "unplanned": ("echo 'ok 1'", "has no plan"),
    "planned": ("echo 'ok 1'; echo 1..2", "planned 2 tests, ran 1"),
    "twice": ("echo 1..1; echo 'ok 1'; echo 1..1", "has two plans"),
    "number": ("echo 'ok 2'; echo 1..1", "test 2 where 1 was due"),
    "empty": ("echo 1..0", "tested nothing"),
    "killed": ("echo 'ok 1'; echo 1..1; kill -9 $$", "killed by signal 9"),
    "exits": ("echo 'ok 1'; echo 1..1; exit 3", "exit status 3"),
    "bails": ("echo 'Bail out!'; exit 1", "bailed out"),
    "marked": ("echo 'ok 1'; echo 1..1\n# tap: nosuch", "`# tap:` has no word nosuch"),
}


def test_verdicts(place):
    good = place.program("passes", "echo 'ok 1 - a'; echo 'ok 2 - b'; printf 1..2")
    status, lines = place.run(good)
    equal("what passes", (status, lines[-1]), (0, "2 passed, 0 failed"))
    wrong = {**HANGING, **WRONG, "nosuch": ("", "cannot be run: No such file or directory")}
    for name, (body, _) in wrong.items():
        if body:
            place.program(name, body)
    status, lines = place.run("--jobs", "3", "--timeout", "1", *HANGING, "--timeout", "20", *WRONG,
                              "nosuch", good)
    for name, (_, fault) in wrong.items():
        check(f"{name}: {fault}", f"{name}: {fault}" in lines, lines)
    # Each counts as one failed test.
    passed = 2 + sum("'ok" in body and "# SKIP" not in body for body, _ in WRONG.values())
    equal("they count", (status, lines[-1]), (1, f"{passed} passed, {len(wrong)} failed"))
    equal("nothing to run", place.run()[0], 1)
    equal("an option that isn't there", place.run("--nosuch")[0], 1)


def test_ends(place):
    """A program's children end with it. A process that has left its session isn't waited for."""
    leaves = place.program("leaves", """setsid sh -c 'echo $$ >left.pid; exec sleep 99' 2>&1 &
until [ -s left.pid ]; do sleep 0.1; done; echo 'ok 1'; echo 1..1""")
    child = place.program("child", "sleep 99 & echo $! >child.pid; echo 'ok 1'; echo 1..1")
    equal("neither is waited for", place.run(leaves, child)[1][-1], "2 passed, 0 failed")
    left = place.pid("left.pid")
    check("a process that has left its session goes on", running(left))
    os.kill(left, signal.SIGKILL)
    check("a child has ended", wait_for(lambda: not running(place.pid("child.pid"))))
    runner = place.start("--jobs", "2", place.program("sleeps", "echo $$ >pid; exec sleep 99"))
    wait_for(lambda: place.pid("pid"))
    runner.terminate()
    equal("SIGTERM ends the run", runner.wait(DEADLINE_S), 128 + signal.SIGTERM)
    check("and its programs", wait_for(lambda: not running(place.pid("pid"))))


def running(pid):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def wait_for(condition):
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


# Counts the programs that run at the same time: waits for so many of them, and a moment for more; then for
# those named to have counted, too.
MEETS = """name=${0##*/}; touch here.$name; n=0
while [ "$(ls here.* | wc -l)" -lt %d ] && [ $((n++)) -lt 100 ]; do sleep 0.1; done
sleep 0.3; ls here.* | wc -l >met.$name; n=0
for other in %s; do until [ -e met.$other ] || [ $((n++)) -ge 100 ]; do sleep 0.1; done; done
rm here.$name; echo 'ok 1'; echo 1..1"""


def test_order(place):
    """Groups run one after the other, and an `alone` program by itself."""
    met = {"first": 1, "one": 2, "two": 2, "alone": 1}
    for name, number in met.items():
        others = "one two" if number == 2 else ""
        place.program(name, MEETS % (number, others), "# tap: alone" if name == "alone" else "")
    status, lines = place.run("--jobs", "2", "first", "--then", "alone", "one", "two")
    equal("all pass", lines[-1], "4 passed, 0 failed")
    equal("the number that ran at once", met,
          {name: int((place.directory / f"met.{name}").read_text()) for name in met})
    begun = [line for line in lines if line in met]
    equal("in this order", (begun[0], begun[3]), ("first", "alone"))


def test_seconds(place):
    """The longest start first, and unknown programs before them."""
    def programs(**seconds):
        return [place.program(name, f"echo {name} >>begun; sleep {taken}; echo 'ok 1'; echo 1..1")
                for name, taken in seconds.items()]

    known = programs(quick=0, long=0.7, longer=1.5)
    file = place.directory / "build" / "seconds"
    place.run("--jobs", "2", "--seconds", file, *known)
    taken = dict(reversed(line.split()) for line in file.read_text().splitlines())
    check("seconds are kept", float(taken["longer"]) > float(taken["long"]) > float(taken["quick"]),
          taken)
    (place.directory / "begun").unlink()
    # Two never end at about the same time, so the order in which they begin is certain.
    programs(longer=0.6, long=2)
    failing = place.program("failing", "echo failing >>begun; sleep 0.1; echo 1..1")
    lines = place.run("--jobs", "2", "--seconds", file, *known, failing)[1]
    begun = (place.directory / "begun").read_text().split()
    equal("who begins", (set(begun[:2]), begun[2:]), ({"failing", "longer"}, ["long", "quick"]))
    check("a failed one's aren't kept", "failing" not in file.read_text(), file.read_text())
    times = [float(line.split()[1]) for line in lines if re.match(r"# +[\d.]+ s ", line)][:-1]
    equal("each program's seconds are named", len(times), 4)
    equal("slowest first", times, sorted(times, reverse=True))


def test_timeouts(place):
    """A program has the longer of its own time and that of the --timeout before it."""
    body = "sleep 1.5; echo 'ok 1'; echo 1..1"
    own = place.program("own", body, "# tap: slow timeout=20")
    plain = place.program("plain", body)
    later = place.program("later", body)
    lines = place.run("--timeout", "1", own, plain, "--timeout", "20", later)[1]
    equal("one of three has failed", lines[-1], "2 passed, 1 failed")
    check("that without a time of its own", "plain: still running after 1 s" in lines, lines)


def test_at_once(place):
    """Beside others, a failure is seen while its program still runs."""
    body = """echo 'not ok 1 - a'; echo '# why'; echo 'ok 2 - b'; echo '# well'
read <fifo; echo 1..2; exit 1"""
    os.mkfifo(place.directory / "fifo")
    runner = place.start("--jobs", "2", place.program("slowly", body))
    equal("the result", runner.stdout.readline(), "slowly: not ok 1 - a\n")
    equal("and what is said of it", runner.stdout.readline(), "slowly: # why\n")
    (place.directory / "fifo").write_text("\n")
    lines = runner.communicate(timeout=DEADLINE_S)[0].splitlines()
    equal("all of it at the end", lines[:4],
          ["slowly", "    not ok 1 - a", "    # why", "    ok 2 - b"])
    equal("a failure is named at the end again", lines[-2:],
          ["slowly: not ok 1 - a", "1 passed, 1 failed"])


def test_junit(place):
    good = place.program("good", "echo 'ok 1 - a < b & \"c\"'; sleep 0.3; echo 'ok 2'; echo 1..2")
    bad = place.program("bad", r"""printf 'not ok 1 - \x1b[31m\xff\x00red\n# got <\x07>\n# more\n'
echo 'ok 2 - # skip'; kill -9 $$""")
    file = place.directory / "junit.xml"
    place.run("--jobs", "2", "--junit", file, good, bad)
    root = xml.parse(file).getroot()
    counts = [root.get(key) for key in ("tests", "failures", "errors", "skipped")]
    equal("the root", (root.tag, counts), ("testsuites", ["5", "1", "1", "1"]))
    suites = {suite.get("name"): suite for suite in root.iter("testsuite")}
    equal("a suite for each program", sorted(suites), ["bad", "good"])
    check("with its time", float(suites["good"].get("time")) >= 0.3, suites["good"].attrib)
    cases = suites["good"].findall("testcase")
    equal("names are as they were", [case.get("name") for case in cases], ['a < b & "c"', ""])
    equal("of this program", {case.get("classname") for case in cases}, {"good"})
    check("a result has its time", float(cases[1].get("time")) >= 0.3, cases[1].attrib)
    cases = suites["bad"].findall("testcase")
    equal("no control characters", cases[0].get("name"), "[31m\ufffdred")
    failure = cases[0].find("failure")
    equal("why it failed", (failure.get("message"), failure.text), ("got <>", "got <>\nmore"))
    check("what was skipped", cases[1].find("skipped") is not None)
    check("the program as a whole", "killed by signal 9" in cases[2].find("error").get("message"))
    lines = place.run("--junit", "/nosuch/file", good)[1]
    check("a file that can't be written is an error at the start", good not in lines, lines)


# A shell can't trap a signal that was ignored when it started.
TRAPS = """for name in INT QUIT HUP PIPE TERM; do
	trap 'got=yes' $name; got=no; kill -s $name $$; [ $got = yes ] || echo "not ok - $name"
done
echo 'ok 1'; echo 1..1"""


def test_signals(place):
    """Programs get signals at their defaults, however the runner was started."""
    traps = place.program("traps", TRAPS)
    kinds = [signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE, signal.SIGTERM]

    def ignore():
        for kind in kinds:
            signal.signal(kind, signal.SIG_IGN)

    def block():
        signal.pthread_sigmask(signal.SIG_BLOCK, kinds)

    for name, prepare in ("as usual", None), ("ignored", ignore), ("blocked", block):
        for jobs in "1", "2":
            status, lines = place.run("--jobs", jobs, traps, preexec_fn=prepare)
            equal(f"{name}, --jobs {jobs}", (status, lines[-1]), (0, "1 passed, 0 failed"))
    kills = place.program("kills", """kill -s INT $PPID; kill -s HUP $PPID; sleep 0.3
echo 'ok 1'; echo 1..1""")
    equal("started with them ignored, the runner ignores them",
          place.run(kills, preexec_fn=ignore)[0], 0)
    status = place.run(kills)[0]
    check("started without, it ends", status in (128 + signal.SIGINT, 128 + signal.SIGHUP), status)


def main():
    for test in (test_verdicts, test_ends, test_order, test_seconds, test_timeouts, test_at_once,
                 test_junit, test_signals):
        with tempfile.TemporaryDirectory() as directory:
            tap.each(Place(directory), test)


if __name__ == "__main__":
    tap.run(main)
