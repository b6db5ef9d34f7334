# SPDX-License-Identifier: MIT
"""Test suites that nobody here wrote, each as a layer, a list of its files, the command that runs a file,
and the reader of what that says: (how many cases have run, names of those that have failed)."""

import re
from pathlib import Path

PLACE = Path(__file__).parent
REPORT = "/tmp/report"  # in the sandbox
REGRTEST_RERUN = re.compile(r"Re-running \d+ failed tests? in verbose mode")
REGRTEST_FAILURE = re.compile(r"^(?:FAIL|ERROR): \w+ \(([\w.]+)\)", re.MULTILINE)
UNITTEST_COUNT = re.compile(r"^Total tests: run=([\d,]+)", re.MULTILINE)


class Suite:
    """layers: of its sandbox. seconds: that a file may take. The command's output goes to REPORT."""

    def __init__(self, name, layers, seconds, command, read):
        self.name, self.layers, self.seconds = name, layers, seconds
        self._command, self._read = command, read
        lines = (PLACE / f"{name}.list").read_text().splitlines()
        self.files = [line for line in lines if line and not line.startswith("#")]

    def command(self, file):
        return f"exec >{REPORT} 2>&1; {self._command.format(file=file)}"

    def read(self, file, exit_code, said):
        """(cases, set of failed ones) of a file. A failure that no case has is the file's own, and so is it
        if no case has run."""
        count, failed = self._read(file, exit_code, said)
        if (exit_code and not failed) or not count:
            failed = {file}
        return count, failed


def read_python(_, exit_code, said):
    """regrtest's text (--junit-xml has it capture output, by which test_socket's threads fail). What was run
    once more counts as it ended then."""
    count = UNITTEST_COUNT.search(said)
    last = REGRTEST_RERUN.split(said)[-1]
    failed = set(REGRTEST_FAILURE.findall(last)) if exit_code else set()
    return int(count[1].replace(",", "")) if count else 0, failed


def read_node(file, exit_code, said):
    """A file is a case. One that cannot run says so in a TAP plan (test/common/index.js)."""
    return int("1..0 # Skipped" not in said), {file} if exit_code else set()


SUITES = (
    # -w: what has failed runs once more, as some tests measure time, which emulation doesn't keep.
    # -u network: of what needs it, the tests of these files need the loopback alone.
    Suite("python", "000-base-debian,100-python313,127-suite-python", 600,
          "cd /tmp && python3 -m test -u network --timeout 280 -w {file}", read_python),
    # One of the files starts python3.
    Suite("node", "000-base-debian,100-python313,101-nodejs,127-suite-node", 200,
          "cd /usr/share/suites/node && export NODE_TEST_DIR=/tmp && /usr/bin/node"
          " $(sed -n 's,^// Flags: ,,p' test/{file}) test/{file}", read_node),
)  # fmt: skip
