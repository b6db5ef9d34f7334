#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs tests/tap on programs that pass, fail, hang, skip and die, and checks its verdicts."""

import os
import re
import signal
import time
import xml.etree.ElementTree as xml
from pathlib import Path

import tap
from place import DEADLINE_S, each, running, wait_for
from tap import check, equal

# What each program does, and what is said of it in the end.
HANG = "still running after 1 s"
HANGING = {
    "hangs": ("sleep 60; echo 'ok 1'; echo 1..1", HANG),
    "mute": ("exec >&-; sleep 60", HANG),
    "busy": ("while :; do echo '# more'; sleep 0.01; done", HANG),
}
ENDLESS = "prints more than 16 MiB (a line counts as 128 bytes or more)"
# Leaves a process, which has left the session by the time the program ends.
LEAVES = """setsid sh -c 'echo $$ >$0.left; %s' "$0" 2>&1 &
until [ -s "$0.left" ]; do sleep 0.1; done; echo 'ok 1'; echo 1..1"""
WRONG = {
    "fails": ("echo 'not ok 1 - a'; echo 1..1; exit 1", "not ok 1 - a"),
    "hides": ("echo 'not ok 1 - a'; echo 1..1", "exit status 0 in spite of failures"),
    "skips": ("echo 'ok 1 - a # SKIP no'; echo 1..1", "skips test 1"),
    "unplanned": ("echo 'ok 1'", "has no plan"),
    "planned": ("echo 'ok 1'; echo 1..2", "planned 2 tests, ran 1"),
    "twice": ("echo 1..1; echo 'ok 1'; echo 1..1", "has two plans"),
    "number": ("echo 'ok 2'; echo 1..1", "test 2 where 1 was due"),
    "huge": ("echo 'ok' $(printf '1%.0s' {1..5000}); echo 1..1", "test 111111111 where 1 was due"),
    "hugeplan": ("echo 'ok 1'; echo 1..$(printf '1%.0s' {1..5000})", "has no plan"),
    "noplan": ("echo 'ok 1'; echo 1..1x", "has no plan"),
    "coloured": (r"printf '\e[1;31mnot ok 1 - a\e[0m\n'; echo 1..1", "exit status 0 in spite of failures"),
    "floods": ("yes", ENDLESS),
    "one-line": ("tr '\\0' x </dev/zero", ENDLESS),
    "slowly": (LEAVES % "while sleep 0.1; do echo; done", "leaves a process that goes on writing"),
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


def test_output(place):
    """The runner shows any bytes, and does not wait for output without end."""
    odd = place.program("odd", r"printf '# \xe2\x80\xa6 \xff\nok 1\n1..1\n'")
    for jobs in "1", "2":
        status, lines = place.run("--jobs", jobs, odd, env={**os.environ, "PYTHONIOENCODING": "ascii"})
        equal(f"odd bytes, --jobs {jobs}", (status, lines[1]), (0, "    # \u2026 \ufffd"))
    began = time.monotonic()
    lines = place.run("--timeout", "25", place.program("endless", LEAVES % "exec yes"))[1]
    taken_s = time.monotonic() - began
    check("a flood from what is left fails", lines[-1].endswith(" 1 failed") and taken_s < 20,
          (taken_s, lines[-3:]))


def test_ends(place):
    """A program's children end with it. A process that has left its session isn't waited for."""
    leaves = place.program("leaves", LEAVES % "exec sleep 99")
    child = place.program("child", "sleep 99 & echo $! >child.pid; echo 'ok 1'; echo 1..1")
    equal("neither is waited for", place.run(leaves, child)[1][-1], "2 passed, 0 failed")
    left = place.pid("leaves.left")
    check("a process that has left its session goes on", running(left))
    os.kill(left, signal.SIGKILL)
    check("a child has ended", wait_for(lambda: not running(place.pid("child.pid"))))
    runner = place.start("--jobs", "2", place.program("sleeps", "echo $$ >pid; exec sleep 99"))
    wait_for(lambda: place.pid("pid"))
    runner.terminate()
    equal("SIGTERM ends the run", runner.wait(DEADLINE_S), 128 + signal.SIGTERM)
    check("and its programs", wait_for(lambda: not running(place.pid("pid"))))


# Counts the programs that run at the same time: waits for so many of them, and a moment for more; then for
# those named to have counted, too.
MEETS = """name=${0##*/}; touch here.$name; n=0
while [ "$(ls here.* | wc -l)" -lt %d ] && [ $((n++)) -lt 100 ]; do sleep 0.1; done
sleep 0.3; ls here.* | wc -l >counted.$name; mv counted.$name met.$name; n=0
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
    with open(file, "ab") as damaged:
        damaged.write(b"\n3.\n\xff\nnan quick\n3.")
    equal("a damaged file of seconds", place.run("--seconds", file, "quick")[0], 0)
    written = file.read_text().splitlines()
    check("is made whole", len(written) == 3 and all(re.fullmatch(r"[\d.]+ \w+", line) for line in written), written)
    equal("by a new file", os.listdir(file.parent), [file.name])
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
    # From reading the result before it, which may take a while.
    check("a result has its time", float(cases[1].get("time")) >= 0.15, cases[1].attrib)
    cases = suites["bad"].findall("testcase")
    equal("no control characters", cases[0].get("name"), "\ufffdred")
    failure = cases[0].find("failure")
    equal("why it failed", (failure.get("message"), failure.text), ("got <>", "got <>\nmore"))
    check("what was skipped", cases[1].find("skipped") is not None)
    check("the program as a whole", "killed by signal 9" in cases[2].find("error").get("message"))


def test_junit_interrupted(place):
    """However a run ends, there is XML of it, with errors for programs that haven't ended."""
    good = place.program("good", "echo 'ok 1 - a'; echo 1..1")
    stays = place.program("stays", "echo 'ok 1 - b'; echo $$ >pid; exec sleep 99")
    file = place.directory / "junit.xml"
    for jobs in "1", "2":
        for kind in signal.SIGTERM, signal.SIGKILL:
            file.write_text("<old/>")
            (place.directory / "pid").unlink(missing_ok=True)
            runner = place.start("--jobs", jobs, "--junit", file, good, "--then", stays, "--then", "last")
            wait_for(lambda: place.pid("pid"))
            runner.send_signal(kind)
            runner.communicate(timeout=DEADLINE_S)
            cases = {case.get("classname"): case for case in xml.parse(file).iter("testcase")}
            errors = {name: case.find("error") for name, case in cases.items()}
            said = {name: error.get("message") for name, error in errors.items() if error is not None}
            known = kind == signal.SIGTERM
            check(f"{kind.name}, --jobs {jobs}: what did not end", said.get("last") == "has not run"
                  and said.get("stays", "").startswith("interrupted" if known else "has not run"), said)
            equal("what did", "good" not in said, known)
            check("the program has ended", wait_for(lambda: not running(place.pid("pid"))))


def test_junit_paths(place):
    """A file that can't be written is said at the start, in one line."""
    good = place.program("good", "echo 'ok 1'; echo 1..1")
    for path, why in (("/nosuch/x", "No such file or directory"), (".", "not a regular file"),
                      ("/dev/full", "not a regular file"), ("/proc/x", "No such file or directory")):
        for words in [good], ["--try"]:
            got = place.run("--junit", path, *words)
            equal(f"{path} {words[0]}", got, (1, [f"tests/tap: {path}: {why}"]))
    check("a device stays", Path("/dev/full").is_char_device())
    equal("a path that can be written", place.run("--junit", "a b.xml", "--try"), (0, []))
    check("is XML already", xml.parse(place.directory / "a b.xml").getroot().tag == "testsuites")


def main():
    each(test_verdicts, test_output, test_ends, test_order, test_seconds, test_timeouts, test_at_once,
         test_junit, test_junit_interrupted, test_junit_paths)


if __name__ == "__main__":
    tap.run(main)
