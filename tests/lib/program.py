# SPDX-License-Identifier: MIT
"""One run of a test program: what it prints is read as TAP and judged."""

import os
import re
import select
import signal
import subprocess
import threading
import time

import environment

TEST_LINE = re.compile(r"(not )?ok\b *(\d{0,9})(?: *- *)?(.*)", re.ASCII)
PLAN_LINE = re.compile(r"1\.\.(\d{1,9})\s*(#.*)?", re.ASCII)
DIRECTIVE = re.compile(r"#\s*(skip|todo)", re.IGNORECASE)
MARK_LINE = re.compile(rb"# tap: (.*)")
# Colours and the like (ECMA-48, 5.4), and control characters: a terminal shows none of them.
UNSEEN = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0b-\x1f\x7f]")

OUTPUT_MIB = 16  # the most that a program may print: its lines are kept in memory
LINE_BYTES = 128  # a shorter line counts as so many
SETTLE_S = 0.5  # from a program's end until nothing may be printed any more


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
        self.ended = False
        self.cut = None  # why the program was ended, if it didn't end by itself
        self.deadline = 0.0
        self.last_result = 0.0
        self.size = 0  # of its output, in bytes
        self.rest = bytearray()  # an unfinished line
        self.lock = threading.Lock()  # of cut and ended: run_beside() calls end() from another thread
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

    @property
    def errors(self):
        """The faults. A run that has not come to its end is one."""
        if self.ended:
            return self.faults
        return [*self.faults, "interrupted" if self.process else "has not run"]

    def run(self, scratch):
        """Run it. Its temporary files go into a new directory of scratch (an environment.Scratch)."""
        began = self.last_result = time.monotonic()
        self.deadline = began + self.timeout_s
        self.say(self.path)
        place = scratch.make()
        try:
            self.follow(place)
        finally:
            self.kill()
            scratch.remove(place)
        with self.lock:
            self.ended = True
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

    def follow(self, place):
        """Start the program, and read it to its end."""
        try:
            self.process = environment.start(self.path, place)
        except OSError as error:
            self.faults.append(f"cannot be run: {error.strerror}")
            return
        with self.process.stdout as pipe:
            if not self.cut:
                self.read(pipe.fileno())
        if self.rest:
            self.take(self.rest.decode("utf-8", "replace"))
        self.wait()
        self.kill()
        self.process.wait()
        self.judge()

    def read(self, pipe):
        """Take its output until that ends, its time is over, or it has ended itself."""
        while (left_s := self.deadline - time.monotonic()) > 0:
            if self.process.poll() is not None:
                self.kill()
                self.read_left(pipe)
                return
            if select.select([pipe], [], [], min(left_s, 0.2))[0] and not self.read_some(pipe):
                return

    def read_left(self, pipe):
        """Take the last output, after the end of the program and its session. A process that has left
        the session may hold the output open, but must not go on writing."""
        settled = time.monotonic() + SETTLE_S
        while select.select([pipe], [], [], max(settled + SETTLE_S - time.monotonic(), 0))[0]:
            if not self.read_some(pipe):
                return
            if time.monotonic() > settled:
                self.faults.append("leaves a process that goes on writing")
                return

    def read_some(self, pipe):
        """Take some of its output. Returns whether there may be more."""
        data = os.read(pipe, 65536)
        *lines, rest = data.split(b"\n")
        self.size += len(data) + LINE_BYTES * len(lines)
        for line in lines:
            self.take((self.rest + line).decode("utf-8", "replace"))
            self.rest.clear()
        self.rest += rest
        if self.size > OUTPUT_MIB << 20:
            self.end(f"prints more than {OUTPUT_MIB} MiB (a line counts as {LINE_BYTES} bytes or more)")
            return False
        return bool(data)

    def wait(self):
        try:
            self.process.wait(0 if self.cut else max(self.deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            self.end(f"still running after {self.timeout_s:g} s")

    def end(self, why):
        """End the program, if it runs. The first reason counts."""
        with self.lock:
            if not self.ended and not self.cut:
                self.cut = why
        self.kill()

    def kill(self):
        with self.lock:
            if not self.process or self.ended:
                return  # its number may be another's
            try:
                os.killpg(self.process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def take(self, line):
        """Pass one line on, and count it if it is a result."""
        self.say("    " + line)
        seen = UNSEEN.sub("", line)
        test = TEST_LINE.match(seen)
        plan = PLAN_LINE.fullmatch(seen)
        if test:
            self.take_result(line, test)
        elif plan:
            if self.plan is not None:
                self.faults.append("has two plans")
            self.plan = int(plan[1])
        elif seen.startswith("Bail out!"):
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
        if self.cut:
            self.faults.append(self.cut)
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
