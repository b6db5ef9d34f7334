# SPDX-License-Identifier: MIT
"""A directory of programs that tests/tap runs, and what to wait for."""

import subprocess
import tempfile
import time
from pathlib import Path

import tap

ROOT = Path(__file__).resolve().parents[2]
RUNNER = ROOT / "tests/tap"
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


def each(*tests):
    """Run each of the tests in a Place of its own."""
    for test in tests:
        with tempfile.TemporaryDirectory() as directory:
            tap.each(Place(directory), test)
