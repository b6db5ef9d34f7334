# SPDX-License-Identifier: MIT
"""squashctl on this host, and a server in the appliance's place that answers what a test wants."""

import contextlib
import json
import os
import re
import socket
import subprocess
import threading
from pathlib import Path

from tap import check

BUILD = Path(__file__).resolve().parents[2] / "build"
WORK = BUILD / "test"
CTL = BUILD / "bin/squashctl"
SECONDS = 30
HEAD = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"


class Ctl:
    """squashctl with an environment of its own, of which home is a part. before: is called in the child
    before it becomes squashctl; it may be set at any time."""

    before = None

    def __init__(self, name, **env):
        self.home = WORK / f"ctl-{name}"
        subprocess.run(["rm", "-rf", self.home], check=True)
        self.home.mkdir(parents=True)
        self.env = {"PATH": os.environ["PATH"], "HOME": str(self.home), **env}

    def __call__(self, *args, stdin=b"", **env):
        """(exit code, stdout, stderr), all but the code as bytes."""
        done = subprocess.run([CTL, *args], input=stdin, capture_output=True, check=False,
                              timeout=SECONDS, env={**self.env, **env}, preexec_fn=self.before)
        return done.returncode, done.stdout, done.stderr

    def start(self, *args, **options):
        return subprocess.Popen([CTL, *args], env=self.env, **options)

    def text(self, *args, **options):
        """What it prints; it must succeed, and complain of nothing."""
        code, out, errors = self(*args, **options)
        assert (code, errors) == (0, b""), (args, code, out, errors)
        return out.decode()

    def json(self, *args, **options):
        return json.loads(self.text("--json", *args, **options))

    def fails(self, *args, **options):
        """(exit code, the line that it says); it must say one line, and nothing else."""
        code, out, errors = self(*args, **options)
        assert out == b"" and errors.startswith(b"squashctl: ") and errors.count(b"\n") == 1, (code, out, errors)
        return code, errors.decode()[len("squashctl: "):-1]


def says(ctl, name, code, pattern, *args, **options):
    """A check that the command fails with that code, and says something like the pattern."""
    got, line = ctl.fails(*args, **options)
    check(name, got == code and re.search(pattern, line), f"{got}: {line}")


class Fake:
    """A server that keeps what it is asked, and answers each request with the same. early: before the
    body. change: is called between head and body."""

    def __init__(self, *reply, early=False, change=lambda: None):
        self.reply, self.early, self.change = b"".join(reply), early, change
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.head, self.body = b"", b""
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            connection = self.server.accept()[0]
            with contextlib.suppress(OSError), connection as s, s.makefile("rb") as lines:
                self.head = b"".join(iter(lines.readline, b"\r\n"))
                length = re.search(rb"Content-Length: (\d+)", self.head)
                self.change()
                if not self.early:
                    self.body = lines.read(int(length[1]) if length else 0)
                s.sendall(self.reply)
                s.shutdown(socket.SHUT_WR)
                while lines.read1(65536):
                    pass
