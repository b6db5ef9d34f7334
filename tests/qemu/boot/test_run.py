#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `make run` starts, as its user meets it: the console, the curl lines it prints, Ctrl-C."""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import tap
from machine import BOOT_SECONDS, BUILD, ROOT, WORK, free_port
from tap import check, equal

RUN = ROOT / "scripts/run-qemu"


def start(port, tls_port, *args, **env):
    """Without a terminal, in a process group of its own, as a shell would start it."""
    return subprocess.Popen(
        # If we are killed, it ends too.
        ["setpriv", "--pdeathsig", "TERM", RUN, *args],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "SQUASH_RUN_PORT": str(port), "SQUASH_RUN_TLS_PORT": str(tls_port), **env},
        process_group=0,
        text=True,
    )


def read_advice(process):
    """The console up to the advice's end; the curl lines of it."""
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            return "".join(lines), [text.strip() for text in lines if text.startswith("  curl ")]
    raise AssertionError("".join(lines[-30:]))


def is_alive(pid):
    return os.path.exists(f"/proc/{pid}")


def test_advice(commands):
    expected = (
        lambda reply: "100-python313" in [module["name"] for module in reply],
        lambda reply: reply["id"] == "dev",
        lambda reply: reply["stdout"] == "42\n",
        lambda reply: reply["exec_count"] == 1,
        lambda reply: len(reply) == 1,
        lambda reply: reply is None,
        lambda reply: reply == {"status": "ok"},
    )
    equal("there are as many curl lines as we know", len(commands), len(expected))
    for command, is_right in zip(commands, expected):
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
        reply = json.loads(done.stdout) if done.stdout else None
        good = done.returncode == 0 and is_right(reply)
        check(re.sub(r"https?://[\d.:]+", "", command), good, f"{done.stdout}\n{done.stderr}")


def test_token():
    """What QEMU is given; it is stopped before its first instruction."""
    token, pid_file = "token-of-the-run", WORK / "run-token.pid"
    pid_file.unlink(missing_ok=True)
    with start(free_port(), free_port(), "-S", "-snapshot", "-pidfile", str(pid_file), SQUASH_RUN_TOKEN=token) as process:
        deadline = time.monotonic() + BOOT_SECONDS
        while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        words = Path(f"/proc/{pid_file.read_text().strip()}/cmdline").read_text()
        os.killpg(process.pid, signal.SIGINT)
    digest = hashlib.sha256(token.encode()).hexdigest()
    check("the digest of a token is set", f"SQUASH_HTTP=1 SQUASH_AUTH_TOKEN_SHA256={digest}" in words, words)
    check("and not the token", token not in words, words)


def main():
    WORK.mkdir(parents=True, exist_ok=True)
    port, tls_port = free_port(), free_port()
    data = BUILD / "run.ext4"
    stamp = data.stat().st_mtime_ns
    pid_file = WORK / "run.pid"
    pid_file.unlink(missing_ok=True)
    # Arguments reach QEMU: the data disk stays as it is, and its pid is written down.
    # A proxy is not asked for 127.0.0.1.
    process = start(port, tls_port, "-snapshot", "-pidfile", str(pid_file), http_proxy="http://127.0.0.1:1")
    watchdog = threading.Timer(2 * BOOT_SECONDS, process.kill)
    watchdog.start()
    try:
        console, commands = read_advice(process)
        check("the console is shown", console.count("\n") > 10, console)
        test_advice(commands)
        equal("arguments reach QEMU: -snapshot", data.stat().st_mtime_ns, stamp)
        qemu = int(pid_file.read_text())
        second = start(port, tls_port)
        text = second.communicate(timeout=20)[0]
        check("a port in use is said", second.returncode != 0 and f"port {port}" in text, text)
        os.killpg(process.pid, signal.SIGINT)  # what Ctrl-C does
        process.wait(timeout=10)
        check("Ctrl-C ends it, and QEMU", not is_alive(qemu))
        with socket.socket() as s:
            check("and the port is free again", s.connect_ex(("127.0.0.1", port)) != 0)
    finally:
        watchdog.cancel()
        process.kill()
        process.wait()
    test_token()


tap.run(main)
