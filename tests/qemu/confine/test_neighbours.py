#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow alone
"""One sandbox takes all that it can get; the one beside it goes on working."""

import pool
import tap
from api import PYTHON, Running, create, destroy, execute, output
from tap import check, equal

# Two processes that do nothing else for a second, which is ten periods of the quota.
BURN = """
import os, time
os.fork()
end = time.monotonic() + 1
while time.monotonic() < end:
    pass
"""

# Takes file descriptors until there are no more, in as many processes as there may be.
HOG_FDS = """
import os, time
for _ in range(100):
    if os.fork() == 0:
        break
taken = []
try:
    while True:
        taken.append(os.open('/dev/null', os.O_RDONLY))
except OSError:
    pass
time.sleep(60)
"""

# The pause is for Running, which needs a process or two itself.
BOMB = "sleep 2; b() { b | b & }; b; sleep 60"
PIDS = 1024


def neighbour_works(m, what):
    result = execute(m, "beside", "python3 -c 'print(6 * 7)'", timeout=60)
    equal(
        f"beside {what} another sandbox works", (result["exit_code"], result["stdout"]), (0, "42\n")
    )


def cpu_spent(m, name):
    """What the kernel has counted of the sandbox, in microseconds and in periods."""
    text = m.inside(f"cat /sys/fs/cgroup/squash/{name}/cpu.stat")[1]
    return {key: int(number) for key, number in map(str.split, text.splitlines())}


def test_cpu(m):
    """By the kernel's count, not by the clock: other machines share ours."""
    for name, cpu in (("half", 0.5), ("whole", 1.0)):
        create(m, name, PYTHON, cpu=cpu, memory_mb=128)
        before = cpu_spent(m, name)
        execute(m, name, "python3 -", stdin=BURN)
        spent = {key: number - before[key] for key, number in cpu_spent(m, name).items()}
        allowed = cpu * 100_000 * (spent["nr_periods"] + 1)
        check(f"cpu {cpu} gives no more", spent["usage_usec"] <= 1.1 * allowed, spent)
        check("and gives that", spent["nr_throttled"] > 0, spent)
        destroy(m, name)


def test_bomb(m):
    bomb = Running(m, "hog", BOMB)
    pids = "/sys/fs/cgroup/squash/hog/box/pids"
    code, _ = m.inside(f"until test $(cat {pids}.peak) -ge {PIDS}; do sleep 0.2; done", seconds=60)
    equal("a fork bomb gets to its limit", code, 0)
    neighbour_works(m, "a fork bomb")
    most = m.inside(f"cat {pids}.peak")[1].strip()
    equal("and no further", most, str(PIDS))
    destroy(m, "hog")
    equal("it ends with its sandbox", bomb.reply().status, 200)


def test_fds(m):
    create(m, "hog", PYTHON, memory_mb=256)
    hog = Running(m, "hog", f'python3 -c "{HOG_FDS}"')
    neighbour_works(m, "a hundred hogs of descriptors")
    destroy(m, "hog")
    check("who end with their sandbox", hog.reply().status == 200)


def test_full(m):
    create(m, "hog", PYTHON, memory_mb=64)
    result = execute(m, "hog", "dd if=/dev/zero of=/root/big bs=1M")
    equal("a full upper is an error of the writer's", result["exit_code"], 1)
    check("by name", "Disk quota exceeded" in result["stderr"], result)
    equal("and no kill", (result["oom_killed"], result["signal"]), (False, None))
    neighbour_works(m, "a full upper")
    result = execute(m, "hog", "i=0; while : >/tmp/$i; do i=$((i+1)); done", timeout=120)
    check("out of inodes, likewise", "Disk quota exceeded" in result["stderr"], result)
    neighbour_works(m, "no inodes left")
    destroy(m, "hog")


def test_oom(m):
    create(m, "hog", PYTHON, memory_mb=64)
    both = Running(m, "hog", "sleep 5; echo on")
    result = execute(m, "hog", "python3 -c 'x = bytearray(200 << 20)'")
    got = (result["exit_code"], result["signal"], result["oom_killed"])
    equal("out of memory is said of the command that was", got, (137, 9, True))
    other = both.reply().json
    got = (other["stdout"], other["oom_killed"])
    equal("and not of the one beside it in the same sandbox", got, ("on\n", False))
    equal("the sandbox lives on", output(m, "hog", "echo on"), "on")
    neighbour_works(m, "one out of memory")
    destroy(m, "hog")


def main():
    with pool.borrow(pool.OPEN) as m:
        before = m.counts()
        create(m, "beside", PYTHON, memory_mb=128)
        create(m, "hog", PYTHON, memory_mb=256)
        tap.each(m, test_bomb, test_fds, test_full, test_oom, test_cpu)
        destroy(m, "beside")
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
