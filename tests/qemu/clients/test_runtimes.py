#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""Java, Node.js, Python and Go, as Debian or their makers build them: each sees the sandbox's limits
where it looks for them, and works."""

import re

import tap
from api import create, execute, output
from machine import BUILD, Machine, data_disk, drive
from tap import check, equal

LAYERS = "000-base-debian,100-nodejs22,100-python313,127-runtimes"
MEMORY_MB = 512
CPU = 1


def test_files(m):
    """What they read: the sandbox's cgroup is the root, and each command's has the limits, too."""
    equal("the command's cgroup", output(m, "box", "cat /proc/self/cgroup"), "0::/x0")
    for place in ("/sys/fs/cgroup", "/sys/fs/cgroup$(cut -d: -f3 /proc/self/cgroup)"):
        text = output(m, "box", f"cat {place}/memory.max {place}/cpu.max")
        equal(f"limits in {place}", text, f"{MEMORY_MB << 20}\n{CPU}00000 100000")
    equal("nothing can be written", execute(m, "box", "echo 1 >/sys/fs/cgroup/cgroup.kill")["exit_code"], 2)
    result = execute(m, "box", "flock -n /sys/fs/cgroup/x0 true")
    check("nor a command's cgroup be locked", "ermission denied" in result["stderr"], result)


def test_java(m):
    shown = execute(m, "box", "java -XshowSettings:system -version", timeout=300)
    text = shown["stdout"] + shown["stderr"]
    equal("Java runs", shown["exit_code"], 0)
    check("and sees the memory", re.search(rf"Memory Limit: {MEMORY_MB}\.00M", text), text)
    check("and the processors", re.search(rf"Effective CPU Count: {CPU}\b", text), text)
    flags = output(m, "box", "java -XX:+PrintFlagsFinal -version 2>&1 | grep ' MaxHeapSize '", timeout=300)
    equal("its heap is a quarter", int(re.search(r"= (\d+)", flags).group(1)), MEMORY_MB << 18)


def test_node(m):
    text = output(m, "box", "node -p 'process.constrainedMemory() + \" \" + os.availableParallelism()'", timeout=120)
    equal("Node.js sees both", text, f"{MEMORY_MB << 20} {CPU}")


def test_python(m):
    equal("Python sees the processors", output(m, "box", "python3 -c 'import os; print(os.cpu_count())'"), f"{CPU}")
    equal("unless the caller says otherwise", output(
        m, "box", "python3 -c 'import os; print(os.cpu_count())'; nproc", env={"PYTHON_CPU_COUNT": "3"}), f"3\n{CPU}")
    equal("as does nproc", output(m, "box", "nproc", env={"OMP_NUM_THREADS": "3"}), "3")


def test_go(m):
    """Go before 1.25 goes by the machine's processors, unless it is told; its runtime says which."""
    trace = "GODEBUG=schedtrace=1 go version 2>&1 | grep -o -m 1 'gomaxprocs=[0-9]*'"
    machine = output(m, "box", "getconf _NPROCESSORS_ONLN")
    equal("Go sees the machine", output(m, "box", trace, timeout=120), f"gomaxprocs={machine}")
    equal("unless it is told", output(m, "box", trace, timeout=120, env={"GOMAXPROCS": str(CPU)}), f"gomaxprocs={CPU}")


def main():
    modules = [BUILD / f"modules/{name}.squashfs" for name in LAYERS.split(",")]
    with Machine("runtimes", args=drive(data_disk("runtimes", 2048, modules=modules))) as m:
        m.wait_api()
        create(m, "box", LAYERS, memory_mb=MEMORY_MB, cpu=CPU, disk_mb=1024)
        tap.each(m, test_files, test_java, test_node, test_python, test_go)
        create(m, "half", LAYERS, memory_mb=64, cpu=0.5)
        equal("half a processor is one thread", output(m, "half", "nproc"), "1")


tap.run(main)
