# SPDX-License-Identifier: MIT
"""squashd's processes on the machine: itself, and the workers it forks."""

# Prints squashd's own pid: of those that are PID 1's children the newest. The older ones are workers
# that have outlived theirs. A worker may be about to become a shim: who means squashd must not hit it.
FIND_PID = (
    "for p in $(pidof squashd | tr ' ' '\\n' | sort -n); do"
    " grep -q '^PPid:.1$' /proc/$p/status 2>/dev/null && last=$p; done; echo $last"
)


def pid(m):
    return int(m.inside(FIND_PID)[1])


def workers(m):
    """The pids of all others of its name."""
    own, _, pids = m.inside(f"{FIND_PID}; pidof squashd")[1].partition("\n")
    return [int(each) for each in pids.split() if each != own]


def kill(m):
    """Kill squashd, and none of its workers; it is gone on return, and init starts another."""
    m.inside(f"p=$({FIND_PID}); kill -9 $p; while test -e /proc/$p; do sleep 0.05; done")


def kill_all(m):
    """Kill it with its workers."""
    m.inside("kill -9 $(pidof squashd)")
