# SPDX-License-Identifier: MIT
"""Keeps the QEMU of a shared machine running until the run of tests ends, however that ends.

usage: python3 holder.py RUN COMMAND...

RUN is the run's directory. The run locks RUN/lock as long as it lives; when the kernel releases that
lock, this process ends the command. It also ends when the command does."""

import fcntl
import os
import select
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

from machine import TROUBLE, WORK

POOL = WORK / "pool"
VARIABLE = "SQUASH_TEST_POOL"  # the run's directory, for the test programs
HOLDER = "holder"  # the file with the holder's pid, in a machine's directory
RETURNED = "returned"  # how much of the console the last borrower had read; not there while borrowed


class Run:
    """A run of tests, in whose directory shared machines are until it ends."""

    def __init__(self):
        self.place = POOL / str(os.getpid())
        POOL.mkdir(parents=True, exist_ok=True)
        for left in POOL.glob("[0-9]*"):
            if _is_over(left):
                shutil.rmtree(left, ignore_errors=True)
        # Its name comes last: other runs remove directories that are not locked.
        new = POOL / f"new-{os.getpid()}"
        new.mkdir()
        self._lock = open(new / "lock", "w")
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        new.rename(self.place)
        os.environ[VARIABLE] = str(self.place)

    def end(self):
        """End all machines. Returns a line for each that has complained on its console since the last
        program returned it."""
        complaints = []
        for place in sorted(self.place.glob("*/")):
            if text := complaint(place):
                complaints.append(text)
            kill(place)
        self._lock.close()
        return complaints


def _is_over(place):
    """Whether the run whose directory this is has ended."""
    try:
        with open(place / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, FileNotFoundError)
    return True


def watch(place):
    """A descriptor that is readable once the machine in the directory has ended; None if it has."""
    try:
        pid = int((place / HOLDER).read_text())
        fd = os.pidfd_open(pid)
        # The number may be another process's by now.
        if os.readlink(f"/proc/{pid}/cwd") == str(place):
            return fd
        os.close(fd)
    except (OSError, ValueError):
        pass
    return None


def complaint(place):
    """What is wrong with the machine in the directory since the last program returned it; None if
    nothing is, or if no program has returned it."""
    if not (place / RETURNED).exists():
        return None
    said = (place / "console").read_bytes()[int((place / RETURNED).read_text()) :]
    if found := TROUBLE.search(said.decode("utf-8", "replace")):
        return f"{place}/console says {found[0]!r} while no program has the machine"
    return f"{place}: QEMU ended while no program had the machine" if watch(place) is None else None


def kill(place):
    """End the machine in the directory, if it runs."""
    if (fd := watch(place)) is not None:
        signal.pidfd_send_signal(fd, signal.SIGKILL)  # which ends its QEMU as well
        select.select([fd], [], [])
        os.close(fd)


def main(run, *command):
    qemu = subprocess.Popen(command)
    Path(HOLDER).write_text(str(os.getpid()))

    def follow():
        qemu.wait()
        os._exit(0)

    threading.Thread(target=follow, daemon=True).start()
    with open(Path(run) / "lock") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
    qemu.kill()
    qemu.wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
