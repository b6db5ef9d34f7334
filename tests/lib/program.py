# SPDX-License-Identifier: MIT
"""One run of a test program: what it prints is read as TAP and judged."""

import os
import re
import select
import signal
import subprocess
import time
from pathlib import Path

# The modules that test programs share.
LIBRARY = str(Path(__file__).resolve().parent)

TEST_LINE = re.compile(r"(not )?ok\b *(\d*)(?: *- *)?(.*)")
PLAN_LINE = re.compile(r"1\.\.(\d+)(.*)")
DIRECTIVE = re.compile(r"#\s*(skip|todo)", re.IGNORECASE)
MARK_LINE = re.compile(rb"# tap: (.*)")


def say(line):
    print(line, flush=True)


class Result:
    """One line of results. kind is "passed", "failed" or "skipped"."""

    def __init__(self, line, name, kind, seconds):
        self.line = line
        self.name = name
        self.kind = kind
        self.seconds = seconds  # since the result before it
        self.notes = []  # the lines behind it


class Program:
    """One run of a test program."""

    def __init__(self, path, timeout_s, quiet):
        self.path = path
        self.timeout_s = timeout_s
        self.alone = False
        self.quiet = quiet  # holds its output back to the end, as others run beside it
        self.lines = []
        self.results = []
        self.plan = None
        self.faults = []  # of the run as a whole
        self.seconds = 0.0
        self.process = None
        self.deadline = 0.0
        self.timed_out = False
        self.last_result = 0.0
        self.read_mark()

    def read_mark(self):
        """Read the `# tap:` lines."""
        try:
            with open(self.path, "rb") as file:
                head = file.read(1024).split(b"\n")[:5]
        except OSError:
            return  # run() reports it
        for word in b" ".join(match[1] for match in map(MARK_LINE.match, head) if match).split():
            name, _, value = word.decode("ascii", "replace").partition("=")
            if name == "timeout" and value.isdigit():
                self.timeout_s = max(self.timeout_s, float(value))
            elif word == b"alone":
                self.alone = True
            elif word != b"slow":
                self.faults.append(f"`# tap:` has no word {name}")

    def count(self, kind):
        return sum(result.kind == kind for result in self.results)

    @property
    def well(self):
        return not self.faults and not self.count("failed")

    def run(self):
        began = self.last_result = time.monotonic()
        self.deadline = began + self.timeout_s
        self.say(self.path)
        try:
            self.follow()
        finally:
            self.kill()
        self.seconds = time.monotonic() - began
        for fault in self.faults:
            self.say(f"    # {fault}")
        if self.quiet:
            say("\n".join(self.lines))

    def say(self, line):
        if self.quiet:
            self.lines.append(line)
        else:
            say(line)

    def follow(self):
        """Start the program, and read it to its end."""
        command = self.path if "/" in self.path else "./" + self.path
        try:
            # A session of its own, so that its children end with it.
            self.process = subprocess.Popen(
                [command], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, start_new_session=True,
                env={**os.environ, "PYTHONPATH": LIBRARY},
            )
        except OSError as error:
            self.faults.append(f"cannot be run: {error.strerror}")
            return
        with self.process.stdout as pipe:
            rest = self.read(pipe.fileno())
        if rest:
            self.take(rest.decode("utf-8", "replace"))
        try:
            self.process.wait(max(self.deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            self.timed_out = True
        self.kill()
        self.process.wait()
        self.judge()

    def read(self, pipe):
        """Take its lines until it ends or its time is over. Returns an unfinished last line."""
        rest = b""
        while (left_s := self.deadline - time.monotonic()) > 0:
            # A process that outlives the program may hold its output open; don't wait for it.
            ended = self.process.poll() is not None
            if not select.select([pipe], [], [], 0 if ended else min(left_s, 0.2))[0]:
                if ended:
                    break
                continue
            data = os.read(pipe, 65536)
            if not data:
                break
            *lines, rest = (rest + data).split(b"\n")
            for line in lines:
                self.take(line.decode("utf-8", "replace"))
        return rest

    def kill(self):
        try:
            if self.process:
                os.killpg(self.process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def take(self, line):
        """Pass one line on, and count it if it is a result."""
        self.say("    " + line)
        test = TEST_LINE.match(line)
        plan = PLAN_LINE.match(line)
        if test:
            self.take_result(line, test)
        elif plan:
            if self.plan is not None:
                self.faults.append("has two plans")
            self.plan = int(plan[1])
        elif line.startswith("Bail out!"):
            self.faults.append("bailed out")
        elif self.results:
            self.results[-1].notes.append(line)
        if self.quiet and self.results and self.results[-1].kind == "failed" and not plan:
            say(f"{self.path}: {line}")

    def take_result(self, line, test):
        failed, number, name = test.groups()
        now = time.monotonic()
        kind = "skipped" if DIRECTIVE.search(name) else "failed" if failed else "passed"
        self.results.append(Result(line, name, kind, now - self.last_result))
        self.last_result = now
        if number and int(number) != len(self.results):
            self.faults.append(f"test {number} where {len(self.results)} was due")
        if kind == "skipped":
            self.faults.append(f"skips test {len(self.results)}")

    def judge(self):
        """Find the faults of the run as a whole."""
        status = self.process.returncode
        failed = self.count("failed")
        if self.timed_out:
            self.faults.append(f"still running after {self.timeout_s:g} s")
        elif status < 0:
            self.faults.append(f"killed by signal {-status}")
        elif status > 0 and failed == 0:
            self.faults.append(f"exit status {status}")
        elif status == 0 and failed > 0:
            self.faults.append("exit status 0 in spite of failures")
        if self.plan is None:
            self.faults.append("has no plan")
        elif self.plan != len(self.results):
            self.faults.append(f"planned {self.plan} tests, ran {len(self.results)}")
        elif not self.results:
            self.faults.append("tested nothing")
