# SPDX-License-Identifier: MIT
"""Percentiles, the rows of the benchmark's table, and how it is printed."""

import math


def percentile(samples, percent):
    """The nearest rank: a value that was measured."""
    return sorted(samples)[max(0, math.ceil(len(samples) * percent / 100) - 1)]


def p50(samples):
    return percentile(samples, 50)


def p99(samples):
    return percentile(samples, 99)


def summary(samples):
    """Seconds, for the JSON."""
    return {
        "n": len(samples),
        "min": min(samples),
        "p50": p50(samples),
        "p90": percentile(samples, 90),
        "p99": p99(samples),
        "max": max(samples),
    }


def ms(seconds):
    return f"{seconds * 1000:.1f} ms"


class Row:
    """One figure: a text each, and the ratio with its goal (at most so much; None: no goal)."""

    def __init__(self, what, value, tail, against, floor, ratio=None, goal=None):
        self.what, self.value, self.tail = what, value, tail
        self.against, self.floor = against, floor
        self.ratio, self.goal = ratio, goal

    @property
    def met(self):
        return None if self.goal is None else self.ratio <= self.goal

    def cells(self):
        verdict = {None: "", True: "met", False: "MISSED"}[self.met]
        goal = "" if self.goal is None else f"≤ {self.goal:g}"
        ratio = "" if self.ratio is None else f"{self.ratio:.2f}"
        return [self.what, self.value, self.tail, self.against, self.floor, ratio, goal, verdict]

    def as_json(self):
        keys = ("what", "value", "tail", "against", "floor", "ratio", "goal", "met")
        return {key: getattr(self, key) for key in keys}


def compare(what, ours, against, floor, goal=None):
    """The row of two lists of samples: the ratio is that of their medians."""
    ratio = p50(ours) / p50(floor)
    return Row(what, ms(p50(ours)), ms(p99(ours)), against, ms(p50(floor)), ratio, goal)


def table(rows):
    """The rows as lines; numbers to the right."""
    head = ["", "p50", "p99", "against", "p50", "ratio", "goal", ""]
    cells = [head] + [row.cells() for row in rows]
    widths = [max(len(line[i]) for line in cells) for i in range(len(head))]
    left = {0, 3, 7}
    lines = []
    for line in cells:
        texts = [
            text.ljust(width) if i in left else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths))
        ]
        lines.append("  ".join(texts).rstrip())
    return [lines[0], "-" * max(map(len, lines)), *lines[1:]]
