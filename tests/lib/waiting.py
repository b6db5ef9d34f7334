# SPDX-License-Identifier: MIT
"""Waits for what a test has set off, without a fixed sleep."""

import time


def wait_until(condition, seconds=10):
    """Ask again and again until the condition holds. Returns what it said last."""
    deadline = time.monotonic() + seconds
    while not (done := condition()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return done
