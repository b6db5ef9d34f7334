# SPDX-License-Identifier: MIT
"""Running machines that test programs share, one program after the other.

borrow() takes a free machine of a shape, or boots one. The program must leave the machine as it was
after its boot: otherwise a result of the program fails, and the machine is ended."""

import atexit
import contextlib
import fcntl
import json
import os
import select
import shutil
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import holder
import tap
from machine import BUILD, Machine, drive, free_port

SECRET = "squash-token-of-the-shared-machines"
MACHINES = 16  # of one shape: more than programs that run at once
START_SECONDS = 30  # until QEMU has begun
LINES = 40  # of what was left behind, at most
LOOK_SECONDS = 0.02  # between two looks at the console's file

MEMORY_MB = 2048
LOCKED = "SQUASH_TEST_PLACE"  # the directory that reserve() has locked, for the program that comes next
# What there is on the machine, beside what the agent's state shows. Logs and totals may grow.
LOOK = "/bin/busybox find / /data /tmp /run -xdev -maxdepth 2"
GROWS = "history"


class Shape:
    """What machines that can be shared are booted with. settings go on the kernel command line; token
    is what requests carry; make_args(directory) returns QEMU's arguments for disks. Each machine has
    2 GiB of memory, and the API at 127.0.0.1: at port, and by TLS at tls_port."""

    def __init__(self, name, settings="", token=None, make_args=lambda _: drive(BUILD / "data.ext4")):
        self.name = name
        self.settings = settings
        self.token = token
        self.make_args = make_args


# With the modules of make, on a disk that forgets.
OPEN = Shape("open")
WITH_TOKEN = Shape("token", f"SQUASH_AUTH_TOKEN={SECRET}", SECRET)


class SharedMachine(Machine):
    """The machine of the directory place, as long as it is borrowed: one that runs there, or a new one.
    console is what it has said since the last borrower returned it."""

    def __init__(self, place, shape):
        self._place = place
        self._left = threading.Event()
        self._over = holder.watch(place)  # readable once QEMU has ended
        complaint = holder.complaint(place)
        if complaint:  # it is this program's to tell
            tap.check("the shared machine is well", False, complaint)
        if (place / holder.RETURNED).exists() and not complaint:
            self._resume()
        else:
            self._boot_here(shape)
        self.token = shape.token

    def _resume(self):
        facts = self._facts = json.loads((self._place / "facts").read_text())
        self._prepare(self._place.name, self._place / "console", facts["port"])
        self._started, self.tls_port = facts["started"], facts["tls_port"]
        self._has_address = True
        returned = self._place / holder.RETURNED
        self._heard = int(returned.read_text())  # bytes of the console's file
        returned.unlink()
        self._listen()

    def _boot_here(self, shape):
        holder.kill(self._place)
        shutil.rmtree(self._place, ignore_errors=True)
        self._place.mkdir()
        self._heard = 0
        self._prepare(self._place.name, self._place / "console", free_port())
        self.tls_port = free_port()
        guest = f":8080,hostfwd=tcp:127.0.0.1:{self.tls_port}-:8443"
        # Sockets' paths have 107 bytes at most: these are in the directory that QEMU runs in.
        agent = "socket,id=agent,path=agent,server=on,wait=off"
        args = [*shape.make_args(self._place), "-qmp", "unix:qmp,server=on,wait=off"]
        command = self._command(shape.settings, MEMORY_MB, args, {}, guest, agent)
        with open(self.console_path, "ab") as console:
            subprocess.Popen(
                [sys.executable, holder.__file__, self._place.parent, *command],
                cwd=self._place, stdin=subprocess.DEVNULL, stdout=console, stderr=console,
                start_new_session=True,
            )  # fmt: skip
        self._wait_start()
        self.wait_api(token=shape.token)
        (self._place / f"{self.name}.initramfs").unlink()
        self._facts = {
            "port": self.port, "tls_port": self.tls_port, "started": self._started,
            "counts": self.counts(), "there": self._look(),
        }  # fmt: skip
        (self._place / "facts").write_text(json.dumps(self._facts))

    def _wait_start(self):
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self._over = holder.watch(self._place)
            try:
                if self._over is not None:
                    self._listen()
                    return
            except (FileNotFoundError, ConnectionRefusedError):
                pass
            time.sleep(LOOK_SECONDS)
        self._hear(self.console_path.read_bytes())
        raise self.failed(f"QEMU has not begun within {START_SECONDS} s")

    def _listen(self):
        """Connect to the agent, and read the console from now on."""
        self._agent = self._connect("agent")
        self._reader.start()

    def _connect(self, name):
        """A connection to the socket of that name in the directory."""
        directory = os.open(self._place, os.O_PATH)
        try:
            s = socket.socket(socket.AF_UNIX)
            s.connect(f"/proc/self/fd/{directory}/{name}")
        finally:
            os.close(directory)
        return s

    def ask_qemu(self, what, **arguments):
        """Have QEMU execute a command of its monitor protocol (QMP)."""
        with self._connect("qmp") as s, s.makefile("rw") as qmp:
            qmp.readline()
            for command in ({"execute": "qmp_capabilities"}, {"execute": what, "arguments": arguments}):
                qmp.write(json.dumps(command) + "\n")
                qmp.flush()
                while "event" in (reply := json.loads(qmp.readline())):
                    pass
                assert "return" in reply, f"{command}: {reply}"

    def _read_console(self):
        with open(self.console_path, "rb", buffering=0) as log:
            log.seek(self._heard)
            while True:
                # Asked before the file is read: then nothing comes after what is read.
                last = self._left.is_set() or select.select([self._over], [], [], 0)[0]
                if chunk := log.read(65536):
                    self._heard += len(chunk)
                    self._hear(chunk)
                elif last:
                    break
                else:
                    time.sleep(LOOK_SECONDS)
        if not self._left.is_set():
            self._hear_end()

    def _look(self):
        """What there is on the machine: lines, sorted."""
        files = self.inside(LOOK)[1].splitlines()
        return sorted(line for line in {*self.state()[1], *files} if GROWS not in line)

    def _leftovers(self):
        """A line for each thing that is not as it was after the boot."""
        counts, expected = self.wait_counts(self._facts["counts"]), self._facts["counts"]
        lines = [f"{counts[key]} {key}, and {expected[key]} after the boot"
                 for key in counts if counts[key] != expected[key]]  # fmt: skip
        now, before = self._look(), self._facts["there"]
        lines += [f"there is now: {line}" for line in now if line not in before]
        lines += [f"there is no more: {line}" for line in before if line not in now]
        return [*lines[:LINES], f"{len(lines)} differences in all"] if len(lines) > LINES else lines

    def give_back(self):
        """Leave the machine to the next program, if it is as it was."""
        self.require_alive()
        left = self._leftovers()
        clean = tap.check("the shared machine is as it was", not left, "\n".join(left))
        self._leave()
        if clean and not self._trouble:
            new = self._place / "new"
            new.write_text(str(self._heard))
            new.rename(self._place / holder.RETURNED)
        else:
            holder.kill(self._place)
        if self._trouble:
            raise self.failed(self._trouble)

    def spend(self):
        """End the machine, which must be well."""
        self.require_alive()
        self.give_up()

    def give_up(self):
        """End the machine."""
        self._leave()
        holder.kill(self._place)

    def _leave(self):
        self._left.set()
        self._reader.join()
        self._agent.close()


def run_place():
    """The directory of the run of tests; of this program's own run if nothing runs it."""
    if holder.VARIABLE not in os.environ:
        run = holder.Run()
        atexit.register(run.end)
    return Path(os.environ[holder.VARIABLE])


def _lock_place(shape):
    """A directory of the shape that nobody else has, if possible with a machine that runs, and the
    locked file that says so."""
    places = [run_place() / f"{shape.name}-{n}" for n in range(MACHINES)]
    for only_running in (True, False):
        for place in places:
            if only_running and not (place / holder.RETURNED).exists():
                continue
            lock = open(f"{place}.lock", "w")
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return place, lock
            except BlockingIOError:
                lock.close()
    raise tap.Fatal(f"all machines of the shape {shape.name} are borrowed")


def reserve(shape):
    """Keep a machine of the shape for the program that this process will execute, in which borrow()
    takes it. Returns its holder's pid, or None if a machine must be booted."""
    if holder.VARIABLE not in os.environ:
        return None  # the lock of a run by itself would end with this program
    place, lock = _lock_place(shape)
    os.set_inheritable(lock.fileno(), True)
    os.environ[LOCKED] = str(place)
    shape.reserved = lock  # open until then
    if (place / holder.RETURNED).exists() and holder.watch(place) is not None:
        return int((place / holder.HOLDER).read_text())
    holder.kill(place)
    return None


@contextlib.contextmanager
def borrow(shape, spends=False):
    """A machine of the shape, for this program alone. spends: it leaves things there, so that the
    machine ends with it."""
    with contextlib.ExitStack() as stack:
        if LOCKED in os.environ:
            place = Path(os.environ[LOCKED])
        else:
            place, lock = _lock_place(shape)
            stack.enter_context(lock)
        m = SharedMachine(place, shape)
        try:
            yield m
        except BaseException:
            m.give_up()
            raise
        if spends:
            m.spend()
        else:
            m.give_back()
