#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What `make run` starts, as its user meets it: the console, the curl lines it prints, Ctrl-C."""

import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import tap
from machine import BOOT_SECONDS, BUILD, ROOT, WORK, free_port
from tap import check, equal

RUN = ROOT / "scripts/run-qemu"
# At once. QEMU's user network leaves a third of them and more without an answer.
CLIENTS = 120
CLIENT_SECONDS = 20


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


def ask(port):
    """One client's connection and request: the reply's first line, or what went wrong."""
    try:
        with socket.create_connection(("127.0.0.1", port), CLIENT_SECONDS) as s:
            s.sendall(b"GET /cgi-bin/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with s.makefile("rb") as reply:
                return reply.read().partition(b"\r\n")[0].decode()
    except OSError as error:
        return repr(error)


def test_crowd(console, port):
    check("passt is the network, and it is said", "network: passt\n" in console, console)
    with ThreadPoolExecutor(CLIENTS) as clients:
        replies = list(clients.map(ask, [port] * CLIENTS))
    good = "HTTP/1.1 200 OK"
    check(f"{CLIENTS} clients at once are answered", replies == [good] * CLIENTS, [r for r in replies if r != good])


def start_stopped(**env):
    """What QEMU is given, and what is said before; it is stopped before its first instruction."""
    pid_file = WORK / "run-stopped.pid"
    pid_file.unlink(missing_ok=True)
    with start(free_port(), free_port(), "-S", "-snapshot", "-pidfile", str(pid_file), **env) as process:
        deadline = time.monotonic() + BOOT_SECONDS
        while not (pid_file.exists() and pid_file.read_text()) and time.monotonic() < deadline:
            time.sleep(0.05)
        words = Path(f"/proc/{pid_file.read_text().strip()}/cmdline").read_text()
        os.killpg(process.pid, signal.SIGINT)
        return words, process.stdout.read()


def test_token():
    token = "token-of-the-run"
    words, _ = start_stopped(SQUASH_RUN_TOKEN=token)
    digest = hashlib.sha256(token.encode()).hexdigest()
    check("the digest of a token is set", f"SQUASH_HTTP=1 SQUASH_AUTH_TOKEN_SHA256={digest}" in words, words)
    check("and not the token", token not in words, words)


def test_user_network():
    """Where there is no passt, where it fails, and where it isn't wanted."""
    place = WORK / "run-bin"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir()
    for name in ("bash", "curl", "dirname", "python3", "readlink", "setpriv", "sleep", "qemu-system-x86_64"):
        if found := shutil.which(name):
            (place / name).symlink_to(found)
    words, said = start_stopped(PATH=str(place))
    check("without passt it is QEMU's user network", "\0user,id=net,hostfwd=tcp:127.0.0.1:" in words, words)
    check("and that is said", "QEMU's user network" in said and "(passt is not installed)" in said, said)
    (place / "passt").write_text("#!/bin/sh\necho it cannot >&2; exit 1\n")
    (place / "passt").chmod(0o755)
    words, said = start_stopped(PATH=f"{place}:{os.environ['PATH']}")
    check("so if passt fails, with its last line", "\0user,id" in words and "(passt failed: it cannot)" in said, said)
    words, said = start_stopped(SQUASH_RUN_NET="user")
    check("so by SQUASH_RUN_NET=user", "\0user,id" in words and "(SQUASH_RUN_NET=user)" in said, said)
    for env, text in (
        ({"SQUASH_RUN_NET": "passt", "PATH": f"{place}:{os.environ['PATH']}"}, "passt failed: it cannot"),
        ({"SQUASH_RUN_NET": "tap"}, "SQUASH_RUN_NET is tap; it must be passt or user"),
    ):
        with start(free_port(), free_port(), "-S", "-snapshot", **env) as process:
            said = process.stdout.read()
        check(text, process.returncode != 0 and text in said, said)


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
        test_crowd(console, port)
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
    test_user_network()


tap.run(main)
