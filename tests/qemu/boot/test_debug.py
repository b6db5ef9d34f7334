#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`make debug` and `make shell`, as a developer uses them: gdb in a service, and a root shell."""

import os
import pty
import re
import select
import subprocess
import threading
import time

from machine import BOOT_SECONDS, BUILD, ROOT, WORK, Machine, free_port
import tap
from tap import check, equal


class Talk:
    """A program on a terminal, and what it has said."""

    def __init__(self, command, **env):
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            os.execvpe(command[0], [str(word) for word in command], {**os.environ, **env})
        self.said = ""

    def wait(self, pattern, seconds=BOOT_SECONDS):
        """Wait for the regular expression in what comes from now on; False at the end, or if nothing
        does."""
        start, deadline = len(self.said), time.monotonic() + seconds
        while not re.search(pattern, self.said[start:]):
            ready = select.select([self.fd], [], [], max(0, deadline - time.monotonic()))[0]
            try:
                data = os.read(self.fd, 65536) if ready else b""
            except OSError:  # EIO: the other end is closed (pty(7))
                data = b""
            if not data:
                return False
            self.said += data.decode("utf-8", "replace")
        return True

    def wait_end(self, seconds=BOOT_SECONDS):
        """Its exit status, when it has closed the terminal."""
        self.wait(r"(?!)", seconds)
        os.close(self.fd)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def say(self, text):
        os.write(self.fd, text.encode())


def test_gdb():
    port = free_port()
    with Machine("debug", "norandmaps", args=["-gdb", f"tcp:127.0.0.1:{port}"]) as m:
        m.wait_api()
        gdb = Talk(["gdb", "-q", "-nx", "-x", "scripts/gdb.py", BUILD / "debug/squashd"],
                   SQUASH_GDB=f"127.0.0.1:{port}", TERM="dumb")
        check("gdb attaches to the machine", gdb.wait(r"\(gdb\) $"), gdb.said)
        gdb.say("break-in no_such_function\n")
        check("a function that isn't there is said", gdb.wait(r"no function 'no_such_function'"), gdb.said)
        gdb.say("break-in request_modules\n")
        check("a breakpoint is set", gdb.wait(r"(?s)assisted breakpoint 1 at .*\(gdb\) $"), gdb.said)
        gdb.say("continue\n")
        gdb.wait("Continuing")
        replies = []
        asking = threading.Thread(target=lambda: replies.append(m.http("GET", "api/modules", seconds=60)))
        asking.start()
        stopped = gdb.wait(r"(?s)Breakpoint 1, .*request_modules.*\(gdb\) $")
        check("a request stops squashd there", stopped, gdb.said)
        gdb.say("backtrace\n")
        check("with its source lines, back to main", gdb.wait(r"(?s)#0 .*modules\.c:\d.* main .*\(gdb\) $"), gdb.said)
        said = len(gdb.said)
        for _ in range(12):  # in the order that the compiler has given them
            gdb.say("next-line\n")
            gdb.wait(r"(?s)#0 .*\(gdb\) $")
        lines = [int(line) for line in re.findall(r"(?s)#0 .*?request_modules .*?modules\.c:(\d+)", gdb.said[said:])]
        check("line by line it goes on, past a call",
              len(lines) == 12 and max(lines) > lines[0] + 2, (lines, gdb.said[said:]))
        gdb.say("detach\n")
        check("it is let go", gdb.wait("etach"), gdb.said)
        asking.join()
        equal("and answers", [reply.status for reply in replies], [200])
        gdb.say("quit\n")
        equal("and ends", gdb.wait_end(), 0)


def test_shell():
    prompt = r"squash:\S*# $"
    port = free_port()
    shell = Talk(["scripts/shell-qemu", "-snapshot"], SQUASH_RUN_PORT=str(port))
    check("a shell has a prompt", shell.wait(prompt), shell.said)
    shell.say("id -u; cat /proc/1/comm\n")
    check("it is root's, beside init", shell.wait(r"(?s)\n0\s+init\s.*" + prompt), shell.said)
    shell.say("sleep 1000\n")
    shell.wait(r"sleep 1000\s")
    shell.say("\x03")
    check("Ctrl-C ends what it runs, not the machine", shell.wait(prompt), shell.said)
    shell.say("until wget -qO- http://127.0.0.1:8080/cgi-bin/health; do sleep 1; done\n")
    check("the API is there", shell.wait(r'"status": ?"ok"'), shell.said)
    curl = subprocess.run(["curl", "-s", f"http://127.0.0.1:{port}/cgi-bin/health"], capture_output=True, text=True,
                          check=False)
    check("from outside, too", '"ok"' in curl.stdout, curl)
    console = (BUILD / "shell/console").read_text(errors="replace")
    check("the console has its file", "API: http://" in console, console)
    second = subprocess.run(["scripts/shell-qemu"], cwd=ROOT, capture_output=True, text=True, check=False,
                            env={**os.environ, "SQUASH_RUN_PORT": str(port)}, stdin=subprocess.DEVNULL)
    check("a port in use is said", second.returncode == 1 and f"port {port}" in second.stderr, second)
    shell.say("exit\n")
    equal("exit powers the machine off", shell.wait_end(), 0)
    console = (BUILD / "shell/console").read_text(errors="replace")
    check("in order", "Power down" in console or "switched off" in console, console[-500:])


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    test_shell()
    test_gdb()


tap.run(main)
