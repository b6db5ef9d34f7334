#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: alone timeout=2400
"""Suites that nobody here wrote, in sandboxes on the booted image: CPython's and Node.js' own.
A failure that tests/suites/expected doesn't list fails its file; a listed one that passes is said.
ONLY="node python:test_os" runs that suite, and that file, by its first word."""

import os
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

import tap
from api import SANDBOXES, create, destroy
from expected import read_expected
from machine import BUILD, Machine, data_disk, drive
from suites import REPORT, SUITES
from tap import check, note

MODULES = ("000-base-debian", "100-python313", "101-nodejs", "127-suite-python", "127-suite-node")
MACHINE_MB = 4096
SANDBOX_MB = 1024
AT_ONCE = 2  # QEMU's machine has as many processors


def chosen():
    """[(suite, [file...])...] of ONLY, or all."""
    only = os.environ.get("ONLY", "").split()
    for suite in SUITES:
        files = [file for file in suite.files if not only or {suite.name, f"{suite.name}:{file.split()[0]}"} & set(only)]
        if files:
            yield suite, files


class Tally:
    """What has come of a suite's files."""

    def __init__(self, suite, expected):
        self.suite, self.expected = suite, expected
        self.files, self.cases, self.failed = 0, 0, set()

    def add(self, file, result, said, seconds):
        """A result: no case of the file has failed unexpectedly."""
        count, failed = self.suite.read(file, result["exit_code"], said)
        unlisted = sorted(failed - set(self.expected))
        self.files += 1
        self.cases += count
        self.failed |= failed
        words = f"{count} cases, {len(failed)} failed, {len(unlisted)} of them unexpectedly"
        detail = "\n".join(f"{self.suite.name} {case}" for case in unlisted)
        detail += f"\nexit code {result['exit_code']}{', as its time was over' * result['timed_out']}\n{said[-6000:]}"
        check(f"{self.suite.name} {file[:60]}: {words} ({seconds:.0f} s)", not unlisted, detail)

    def say(self):
        if self.files == len(self.suite.files):
            for case in sorted(set(self.expected) - self.failed):
                note(f"{self.suite.name} {case} has not failed, though it is listed: {self.expected[case]}")
        known = len(self.failed & set(self.expected))
        note(f"{self.suite.name}: {self.files} files, {self.cases} cases, {len(self.failed)} failed, {known} of them listed")


def run_file(m, suite, number, file):
    """One file in a sandbox of its own: (exec's reply, what it has printed, seconds)."""
    name, began = f"{suite.name}-{number}", time.monotonic()
    create(m, name, suite.layers, memory_mb=SANDBOX_MB, disk_mb=1024)
    body = {"cmd": suite.command(file), "timeout": suite.seconds}
    result = m.http("POST", f"{SANDBOXES}/{name}/exec", body, seconds=suite.seconds + 60).json
    report = m.http("GET", f"{SANDBOXES}/{name}/files?path={REPORT}", seconds=60)
    assert report.status == 200, report
    destroy(m, name)
    return result, report.body.decode("utf-8", "replace"), time.monotonic() - began


def main():
    expected = read_expected([suite.name for suite in SUITES])
    disk = data_disk("suites", 4096, modules=[BUILD / f"modules/{name}.squashfs" for name in MODULES])
    with Machine("suites", memory_mb=MACHINE_MB, args=drive(disk)) as m:
        m.wait_api()
        with ThreadPoolExecutor(AT_ONCE) as pool:
            work = [
                (suite, [(file, pool.submit(run_file, m, suite, number, file)) for number, file in enumerate(files)])
                for suite, files in chosen()
            ]
            for suite, running in work:
                tally = Tally(suite, expected[suite.name])
                for file, future in running:
                    try:
                        tally.add(file, *future.result())
                    except Exception:
                        check(f"{suite.name} {file}: a result", False, traceback.format_exc())
                tally.say()
    disk.unlink()


tap.run(main)
