# SPDX-License-Identifier: MIT
"""front and httpd, started as init starts them, on this host: each in its root, as an ordinary user
would be; the CGI program is tests/front/cgi.c."""

import contextlib
import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / "build"
PR_SET_NO_NEW_PRIVS = 38
HTTP_FD, TLS_FD, KEY_FD, CHAIN_FD = 3, 4, 5, 6


def read_limit(name):
    """A number in limits.h."""
    text = (ROOT / "src/front/limits.h").read_text()
    return int(re.search(rf"#define {name}\s+(?:\\\n\s*)?(\d+)", text)[1])


def run_unshared():
    """Begin again as root of a user and a network namespace, without privilege outside."""
    if os.environ.get("UNSHARED") != "1":
        os.environ["UNSHARED"] = "1"
        os.execvp("unshare", ["unshare", "-rnm", sys.executable] + sys.argv)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def become(program, args, root, fds):
    """In a child: execute the program of that root, with these descriptors and no others."""
    high = {number: os.dup2(fd, 200 + number) for number, fd in fds.items()}
    os.closerange(3, 200)
    for number, fd in high.items():
        os.dup2(fd, number)
    os.closerange(200, 4096)
    os.chroot(root)
    os.chdir("/")
    os.umask(0)
    ctypes.CDLL(None).prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    os.execve(program, args, {})


class Front:
    """It listens on 127.0.0.1 (and every other address): .http is the port, .tls the one of TLS."""

    def __init__(self, key=None, chain=None):
        self.dir = tempfile.TemporaryDirectory()
        top = Path(self.dir.name)
        self.httpd_root, self.front_root = top / "http", top / "front"
        for path in ("http/bin", "http/www/cgi-bin", "http/dev", "front/bin", "listen"):
            (top / path).mkdir(parents=True)
        shutil.copy(BUILD / "parts/busybox", self.httpd_root / "bin/httpd")
        shutil.copy(BUILD / "test/cgi", self.httpd_root / "www/cgi-bin/api")
        shutil.copy(BUILD / "bin/front", self.front_root / "bin/front")
        (self.httpd_root / "www/index.html").write_text("<!doctype html><title>index</title>\n")
        # A hard link of the directory would do as well, if there were any: each root has its path.
        for root in (self.httpd_root, self.front_root):
            (root / "listen").mkdir()
        subprocess.run(["mount", "--bind", top / "listen", self.httpd_root / "listen"], check=True)
        subprocess.run(["mount", "--bind", top / "listen", self.front_root / "listen"], check=True)
        self.console_path = top / "console"
        self.key, self.chain = key, chain
        self.http_socket, self.http = self.listen()
        self.tls_socket, self.tls = self.listen() if key else (None, None)
        self.start_httpd()
        self.start()

    def listen(self):
        s = socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True, backlog=4096)
        return s, s.getsockname()[1]

    def fork(self, program, args, root, fds):
        console = os.open(self.console_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        null = os.open("/dev/null", os.O_RDWR)
        pid = os.fork()
        if pid == 0:
            with contextlib.suppress(BaseException):
                become(program, args, root, {0: null, 1: console, 2: console, **fds})
            os._exit(127)
        os.close(console)
        os.close(null)
        return pid

    def start_httpd(self):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(Path(self.dir.name) / "listen/httpd.sock")
        args = ["httpd", "-f", "-p", "local:/listen/httpd.sock", "-h", "/www"]
        self.httpd_pid = self.fork("/bin/httpd", args, self.httpd_root, {})

    def start(self):
        fds = {HTTP_FD: self.http_socket.fileno()}
        files = []
        if self.key:
            files = [open(self.key, "rb"), open(self.chain, "rb")]
            fds |= {TLS_FD: self.tls_socket.fileno(), KEY_FD: files[0].fileno(),
                    CHAIN_FD: files[1].fileno()}
        self.pid = self.fork("/bin/front", ["front"], self.front_root, fds)
        for f in files:
            f.close()

    def stop(self):
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)

    def has_ended(self):
        """Its wait status; None: it runs."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        return status if pid else None

    def console(self):
        return self.console_path.read_text()

    def memory_kb(self):
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS"):
                return int(line.split()[1])

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def end(self):
        for pid in (self.pid, self.httpd_pid):
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
        for root in (self.httpd_root, self.front_root):
            subprocess.run(["umount", "-l", root / "listen"], check=True)

    def wait_up(self):
        while not (Path(self.dir.name) / "listen/httpd.sock").exists():
            time.sleep(0.01)
