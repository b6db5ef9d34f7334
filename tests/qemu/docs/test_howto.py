#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""docs/quickstart.md, docs/howto/, README.md and the man page: every command, page by page, on one machine
that is as `make run` boots it; what is printed is what the page says. The internet is the tests' own, and sandboxes trust the
authority of its certificates. ONLY="network ci-job" follows those pages alone, after the quick start."""

import hashlib
import json
import os
import shutil
import subprocess

import network
import tap
from dnsserver import DnsServer
from machine import BUILD, ROOT, WORK, Machine, data_disk, drive
from network import public
from pages import Step, follow, read_man, read_page
from servers import Servers, make_certificates
from tap import check, equal

README, MAN = ROOT / "README.md", ROOT / "docs/squashctl.1"
QUICKSTART = ROOT / "docs/quickstart.md"
HOWTO = sorted((ROOT / "docs/howto").glob("*.md"))
BASE, PYTHON = "000-base-debian", "100-python313"
FIXED_IP = f"SQUASH_IP={network.GUEST4}/24,{network.GATEWAY4},{','.join(network.DNS)}"
# What `make run` gives: 8080 leads to the API, and 8443 to the same by TLS.
PORT = 8080
GUEST = ":8080,hostfwd=tcp:127.0.0.1:8443-:8443"
# Pages that are about a machine of one's own have it there.
ADDRESS = "192.0.2.7"
GUEST += f",hostfwd=tcp:{ADDRESS}:8443-:8443"
TOKEN = "only-to-try"
PIN = f"squashctl pin --token-file token {ADDRESS}"

PYPI, FILES = "pypi.org", "files.pythonhosted.org"
WHEEL = "six-1.17.0-py2.py3-none-any.whl"


def make_answers():
    """What the pages' names answer by HTTP."""
    about = {"urls": [{"filename": WHEEL, "url": f"https://{FILES}/packages/{WHEEL}"}]}
    return {
        (PYPI, "/"): ("text/html", b"an index\n"),
        (PYPI, "/pypi/six/json"): ("application/json", json.dumps(about).encode()),
        (FILES, f"/packages/{WHEEL}"): ("application/octet-stream", bytes(11050)),
    }


def make_trusting(authority):
    """The module with Python, and the authority in place of those that the base trusts: its path."""
    tree, module = WORK / "howto-tree", WORK / f"howto/{PYTHON}.squashfs"
    shutil.rmtree(tree, ignore_errors=True)
    module.parent.mkdir(parents=True, exist_ok=True)
    unpack = [BUILD / "parts/unsquashfs", "-q", "-n", "-d", tree, BUILD / f"modules/{PYTHON}.squashfs"]
    subprocess.run(unpack, check=True)
    (tree / "etc/ssl/certs").mkdir(parents=True)
    shutil.copyfile(authority, tree / "etc/ssl/certs/ca-certificates.crt")
    pack = [BUILD / "parts/mksquashfs", tree, module, "-comp", "lz4"]
    subprocess.run([*pack, "-noappend", "-all-root", "-quiet", "-no-progress"], check=True)
    shutil.rmtree(tree)
    return module


class Reader:
    """Who follows the pages: a home, and what the shell knows."""

    def __init__(self, machine):
        self.machine = machine
        home = WORK / "howto-home"
        shutil.rmtree(home, ignore_errors=True)
        self.place = home / "squash"  # where the quick start goes
        self.place.mkdir(parents=True)
        self.quick = {"HOME": str(home), "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
        # After it.
        self.variables = {**self.quick, "PATH": f"{BUILD}/bin:{BUILD}/test/prometheus:{os.environ['PATH']}", "SQUASH_URL": f"http://127.0.0.1:{PORT}"}
        # Commands that aren't typed as they stand, and what is done instead.
        self.instead = {
            "make run": self.make_run,
            f"SQUASH_RUN_TOKEN={TOKEN} make run": self.make_run_with_token,
            # In another shell, elsewhere, and to its question.
            PIN: f"cd {self.place}; unset SQUASH_URL SQUASH_TOKEN; yes yes | {PIN}",
            # tests/qemu/docs/test_deploy.py types these.
            "make usb": lambda command: (0, []),
            "sudo scripts/flash build/squash-usb.img /dev/sdX": lambda command: (0, []),
        }
        self.used = set()

    def make_run(self, command):
        """The machine that runs already; test_run.py shows how `make run` boots it."""
        return 0, self.machine.console.splitlines()

    def make_run_with_token(self, command):
        """No other boot: a named token does for the administrator's, until the page's end."""
        digest = hashlib.sha256(TOKEN.encode()).hexdigest()
        return self.machine.inside(f"echo operator admin {digest} >/data/tokens")[0], []

    def follow(self, path, directory, variables, steps=None):
        self.used |= follow(path, directory, variables, self.instead, steps)
        self.machine.inside("rm -f /data/tokens")
        left = self.machine.http("GET", "api/sandboxes").json
        equal(f"{path.name} leaves no sandbox behind", [s["id"] for s in left], [])

    def follow_readme(self):
        """README.md and the man page, whose machine has a token."""
        self.make_run_with_token(None)
        (self.place / "token").write_text(TOKEN + "\n")
        build = self.place / "build.sh"
        build.write_text("#!/bin/sh\necho built\n")
        build.chmod(0o755)
        known = {**self.variables, "SQUASH_TOKEN": TOKEN}
        steps = [*read_page(README), *read_man(MAN), Step(0, "squashctl rm dev")]
        self.follow(README, ROOT, known, steps)


def main():
    network.enter()
    subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    only = os.environ.get("ONLY", "").split()
    pages = [path for path in HOWTO if not only or path.stem in only]
    count = sum(len(read_page(path)) for path in [README, QUICKSTART, *pages])
    check(f"the pages can be read, and have {count} steps", count > 40)
    authority, context = make_certificates(WORK / "howto.certificates", [PYPI, FILES])
    DnsServer(network.DNS, {name: {"A": [public(20)]} for name in (PYPI, FILES)})
    Servers(context, make_answers(), http_ports=[80], tls_ports=[443])
    modules = [BUILD / f"modules/{BASE}.squashfs", make_trusting(authority)]
    disk = data_disk("howto", 2048, modules=modules)
    with Machine("howto", FIXED_IP, 2048, drive(disk), guest=GUEST, port=PORT) as m:
        m.wait_api()
        reader = Reader(m)
        tap.each_boot(lambda: reader.follow(QUICKSTART, ROOT, reader.quick))
        for path in pages:
            tap.each_boot(lambda: reader.follow(path, reader.place, reader.variables))
        if not only or "README" in only:
            tap.each_boot(reader.follow_readme)
        if not only:
            equal("what is done instead of a command is still on a page", reader.used, set(reader.instead))


tap.run(main)
