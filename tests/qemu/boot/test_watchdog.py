#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine that hangs is reset, by the watchdog of its chipset. (Without one there is the kernel's
own, as test_grow.py shows.)"""

import re
import time

import tap
from machine import Machine
from tap import check, equal

SECONDS = 5  # the least that can be set


def test_hang():
    device = ["-device", "i6300esb", "-action", "watchdog=reset"]
    with Machine("watchdog", f"SQUASH_WATCHDOG={SECONDS}", 512, device, guest=None) as m:
        said = m.wait_console(r"^Watchdog: (.*) resets the machine if it hangs for (\d+) s\.$")
        equal("the device is found, and set", said.groups(), ("i6300ESB timer", str(SECONDS)))
        m.wait_console(r"^TLS certificate")
        equal("panic= of the command line stays", m.inside("cat /proc/sys/kernel/panic")[1], "-1\n")
        began = time.monotonic()
        m.inside(f"sleep {SECONDS + 2}", SECONDS + 10)
        check("it is fed", time.monotonic() - began > SECONDS + 2)
        m.hang()
        began = time.monotonic()
        equal("PID 1 hangs: the machine is reset", m.wait_end(3 * SECONDS), 0)
        took = time.monotonic() - began
        check("in its time", took < 2 * SECONDS, took)
        check("by nothing that says so", not re.search("Reboot|Powering", m.console), m.console)


def main():
    tap.each_boot(test_hang)


tap.run(main)
