# SPDX-License-Identifier: MIT
"""The failures that tests/suites/expected lists: `SUITE CASE` on a line of its own, behind lines with the
reason of those that follow it, each of which begins with `#`."""

from pathlib import Path

LIST = Path(__file__).parent / "expected"


def read_expected(suites):
    """{suite: {case: reason}}. ValueError for a line without a reason, or of no suite among these names."""
    expected, reason, reasons_end = {name: {} for name in suites}, [], True
    for number, line in enumerate(LIST.read_text().splitlines(), 1):
        if line.startswith("#"):
            reason = [line[1:].strip()] if reasons_end else [*reason, line[1:].strip()]
            reasons_end = False
        elif line:
            suite, _, case = line.partition(" ")
            if suite not in expected or not case or not reason:
                raise ValueError(f"{LIST.name}:{number}: {line!r} has no reason, or is of no suite")
            if case in expected[suite]:
                raise ValueError(f"{LIST.name}:{number}: {case} is listed twice")
            expected[suite][case] = " ".join(reason)
            reasons_end = True
        else:
            reason, reasons_end = [], True
    return expected
