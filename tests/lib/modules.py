# SPDX-License-Identifier: MIT
"""What the tests of modules look at on the machine: files, and the workers that take them."""

MODULES = "api/modules"


def files(m):
    return sorted(m.inside("ls -A /data/modules")[1].split())


def takers(m):
    """Those of squashd's processes that take a body: they have a pipe."""
    look = "for p in $(pidof squashd); do ls -l /proc/$p/fd 2>/dev/null | grep -q pipe: && echo $p; done"
    return {int(pid) for pid in m.inside(look)[1].split()}
