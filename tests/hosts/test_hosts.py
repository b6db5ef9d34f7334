#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: alone timeout=7200
"""Debian 12 and 13 as build hosts: a newcomer copies the tree, types what README.md says, installs the
packages that it is told, builds, tests and boots the image, and runs a program in a sandbox. Nothing is
built already and no cache is shared, so each takes twenty minutes.
RELEASES="trixie" tests that one alone."""

import os
import shlex
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import tap
from debian import Debian, Failed
from machine import ROOT, free_port
from pages import read_page
from tap import check

RELEASES = os.environ.get("RELEASES", "bookworm trixie").split()
RUN_SECONDS = 1800  # until the API answers: all modules are made before
PORT = "127.0.0.1:8080"  # README's


def readme_commands():
    """What README types from `make run` until the sandbox is removed."""
    commands = [step.command for step in read_page(ROOT / "README.md")]
    return commands[: next(i for i, command in enumerate(commands) if " rm " in command) + 1]


def types(host, line, **env):
    """A result: the line succeeds. Returns what it prints."""
    began = time.monotonic()
    status, said = host.type(line, **env)
    check(f"{line.splitlines()[-1]} ({time.monotonic() - began:.0f} s)", status == 0, said[-4000:])
    return said


def install_packages(host):
    """As the newcomer is told: a line to be typed as root."""
    status, said = host.type("make run")
    line = said.partition("Type:  ")[2].partition("\n")[0]
    if not check("make run says which packages to install", status and "apt-get install" in line, said[-2000:]):
        raise Failed("no packages to install")
    for command in line.replace("sudo ", "").split(" && "):
        host.run(*shlex.split(command), env=["DEBIAN_FRONTEND=noninteractive"])
    check("apt has them all", True)


def wait_for_api(process, output):
    """Whether `make run` comes to say that the API answers."""
    deadline = time.monotonic() + RUN_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        if "Ctrl-C ends the machine" in output.read_text(errors="replace"):
            return True
        time.sleep(1)
    return False


def boot(host, commands, place):
    output, port = place / "run.log", free_port()
    began = time.monotonic()
    env = {"SQUASH_RUN_PORT": port, "SQUASH_RUN_TLS_PORT": free_port()}
    with output.open("w") as log:
        process = subprocess.Popen(
            host.user_command("make run", **env), stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
        )
    try:
        answers = wait_for_api(process, output)
        said = output.read_text(errors="replace")
        check(f"make run: the API answers ({time.monotonic() - began:.0f} s)", answers, said[-4000:])
        check("its network is passt's", "network: passt\n" in said, said[-2000:])
        if answers:
            script = "set -e\n" + "\n".join(commands).replace(PORT, f"127.0.0.1:{port}")
            check("README's program prints 42", "\n42\n" in types(host, script))
    finally:
        process.kill()
        process.wait()


def test_release(release):
    place = Path(tempfile.mkdtemp(prefix=f"{release}-"))
    place.chmod(0o755)
    first, *commands = readme_commands()
    check(f"{release}: README begins with make run, and runs a program", first == "make run" and len(commands) > 3)
    try:
        host = Debian(release, place)
        install_packages(host)
        types(host, f"make -j{os.cpu_count()} all")
        types(host, f"make -j{os.cpu_count()} check")
        boot(host, commands, place)
    finally:
        shutil.rmtree(place)


def main():
    if os.geteuid() != 0:
        raise tap.Fatal("only root can install a Debian in a directory: run it as root")
    subprocess.run([ROOT / "scripts/apt-private"], check=True)
    for release in RELEASES:
        tap.each(release, test_release)


tap.run(main)
