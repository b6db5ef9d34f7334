# SPDX-License-Identifier: MIT
"""Starts every test program with the same variables, signals and umask, whatever tests/tap inherited,
and with an empty directory for temporary files, which is removed at the program's end."""

import ctypes
import fcntl
import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

# The modules that test programs share.
LIBRARY = str(Path(__file__).resolve().parent)

UNWANTED = re.compile(
    r".*_proxy"  # curl would ask the proxy for 127.0.0.1
    r"|LANG|LANGUAGE|LC_.*"
    r"|PYTHON.*|BASH_ENV|ENV|CDPATH|POSIXLY_CORRECT"
    r"|GIT_(DIR|WORK_TREE|INDEX_FILE)"  # of the hook that runs the tests
    r"|MAKE.*|MFLAGS|JUNIT",  # of the make that runs the tests, not of one that a test runs
    re.IGNORECASE,
)
UMASK = 0o022
ENDING = signal.SIGINT, signal.SIGQUIT, signal.SIGHUP, signal.SIGTERM
# Python ignores these two, and subprocess resets them for programs.
PYTHONS = signal.SIGPIPE, signal.SIGXFSZ
UNCATCHABLE = signal.SIGKILL, signal.SIGSTOP

PREFIX = "squash-tests-"
PR_SET_PDEATHSIG = 1  # linux/prctl.h
# PyDLL keeps the interpreter's lock: a child of fork() could wait for it for ever.
_libc = ctypes.PyDLL(None)


def exit_by(number, frame):
    # A second signal must not keep the run from ending in order.
    for each in ENDING:
        signal.signal(each, lambda number, frame: None)
    sys.exit(128 + number)


def set_signals():
    """Have programs start with all signals at their defaults and none blocked. nohup and `&` in a
    script ignore some, and a shell can't trap a signal that was ignored when it started. exec()
    resets a signal that has a handler, so each of ENDING gets one; that of an ignored signal does
    nothing."""
    for number in signal.valid_signals() - {*ENDING, *PYTHONS, *UNCATCHABLE}:
        signal.signal(number, signal.SIG_DFL)
    for number in ENDING:
        ignored = signal.getsignal(number) == signal.SIG_IGN
        signal.signal(number, (lambda number, frame: None) if ignored else exit_by)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def start(path, scratch):
    """Start the program, with a pipe for its output and scratch as TMPDIR. It leads a session of its
    own, and is killed when the calling thread ends. Returns a subprocess.Popen; raises OSError."""
    runner = os.getpid()

    def die_with_runner():
        _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != runner:
            os._exit(1)

    kept = {name: value for name, value in os.environ.items() if not UNWANTED.fullmatch(name)}
    return subprocess.Popen(
        [path if "/" in path else f"./{path}"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        env={**kept, "LC_ALL": "C.UTF-8", "PYTHONPATH": LIBRARY, "TMPDIR": str(scratch)},
        umask=UMASK, start_new_session=True, preexec_fn=die_with_runner,
    )  # fmt: skip


class Scratch:
    """The directory of a run's temporary files, which the run locks. A run that is killed leaves it
    unlocked; the next run removes it."""

    def __init__(self):
        place = _temporary()
        for left in place.glob(PREFIX + "*"):
            if _is_over(left):
                shutil.rmtree(left, ignore_errors=True)
        # Its name comes last: other runs remove directories that are not locked.
        new = Path(tempfile.mkdtemp(prefix="new-" + PREFIX, dir=place))
        new.chmod(0o755)
        self._lock = os.open(new, os.O_RDONLY | os.O_DIRECTORY)
        fcntl.flock(self._lock, fcntl.LOCK_EX)
        self._place = new.rename(place / new.name.removeprefix("new-"))
        self._numbers = itertools.count(1)

    def make(self):
        """Returns a new directory, with the mode of /tmp."""
        path = self._place / str(next(self._numbers))
        path.mkdir()
        path.chmod(0o1777)
        return path

    @staticmethod
    def remove(path):
        shutil.rmtree(path, ignore_errors=True)

    def end(self):
        self.remove(self._place)
        os.close(self._lock)


def _temporary():
    """Returns TMPDIR, or /var/tmp instead of /tmp: QEMU writes disks there, and /tmp may be in memory."""
    place = Path(tempfile.gettempdir())
    disk = Path("/var/tmp")
    return disk if place == Path("/tmp") and os.access(disk, os.W_OK) else place


def _is_over(place):
    """Returns whether the run that made the directory has ended."""
    try:
        fd = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    finally:
        os.close(fd)
    return True
