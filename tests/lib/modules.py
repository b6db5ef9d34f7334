# SPDX-License-Identifier: MIT
"""What the tests of modules look at on the machine: files, and the workers that make them."""

MODULES = "api/modules"


def files(m):
    return sorted(m.inside("ls -A /data/modules")[1].split())


def workers(m):
    """The pids of squashd's children of its own name."""
    pids = [int(pid) for pid in m.inside("pidof squashd")[1].split()]
    return [pid for pid in pids if pid != min(pids)]
