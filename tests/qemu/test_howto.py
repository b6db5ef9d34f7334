#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""docs/quickstart.md and docs/howto/: every command, page by page, on one machine that is as `make run`
boots it; what is printed is what the page says. The internet is the tests' own, and sandboxes trust the
authority of its certificates. ONLY="network ci-job" follows those pages alone, after the quick start."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import network
import tap
from dnsserver import DnsServer
from machine import BUILD, ROOT, WORK, Machine, data_disk, drive
from network import public
from pages import follow, read_page
from servers import Servers, make_certificates
from tap import check, equal

QUICKSTART = ROOT / "docs/quickstart.md"
HOWTO = sorted((ROOT / "docs/howto").glob("*.md"))
BASE, PYTHON = "000-base-debian", "100-python313"
FIXED_IP = f"SQUASH_IP={network.GUEST4}/24,{network.GATEWAY4},{','.join(network.DNS)}"
# What `make run` gives: 8080 leads to the API, and 8443 to the same by TLS.
PORT = 8080
GUEST = ":8080,hostfwd=tcp:127.0.0.1:8443-:8443"

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
        home.mkdir(parents=True)
        self.place = home / "squash"  # where the quick start goes
        self.variables = {"HOME": str(home), "LANG": "C.UTF-8", "PATH": os.environ["PATH"]}
        # Commands that aren't typed as they stand, and what is done instead.
        self.instead = {
            "make run": self.make_run,
            "SQUASH_RUN_TOKEN=only-to-try make run": self.make_run_with_token,
        }
        self.used = set()

    def make_run(self, command):
        """The machine that runs already; test_run.py shows how `make run` boots it."""
        return 0, self.machine.console.splitlines()

    def make_run_with_token(self, command):
        """No other boot: a named token does for the administrator's, until the page's end."""
        token = re.match(r"SQUASH_RUN_TOKEN=(\S+)", command)[1]
        digest = hashlib.sha256(token.encode()).hexdigest()
        return self.machine.inside(f"echo operator admin {digest} >/data/tokens")[0], []

    def follow(self, path, directory):
        self.used |= follow(path, directory, self.variables, self.instead)
        self.machine.inside("rm -f /data/tokens")
        left = self.machine.http("GET", "api/sandboxes").json
        equal(f"{path.name} leaves no sandbox behind", [s["id"] for s in left], [])

    def follow_all(self, pages):
        tap.each_boot(lambda: self.follow(QUICKSTART, ROOT))
        # What it has set, and where it has gone.
        self.variables["PATH"] = f"{BUILD}/bin:{self.variables['PATH']}"
        self.variables["SQUASH_URL"] = f"http://127.0.0.1:{PORT}"
        for path in pages:
            tap.each_boot(lambda: self.follow(path, self.place))


def main():
    network.enter()
    only = os.environ.get("ONLY", "").split()
    pages = [path for path in HOWTO if not only or path.stem in only]
    count = sum(len(read_page(path)) for path in [QUICKSTART, *pages])
    check(f"the pages can be read, and have {count} steps", count > 30)
    authority, context = make_certificates(WORK / "howto.certificates", [PYPI, FILES])
    DnsServer(network.DNS, {name: {"A": [public(20)]} for name in (PYPI, FILES)})
    Servers(context, make_answers(), http_ports=[80], tls_ports=[443])
    modules = [BUILD / f"modules/{BASE}.squashfs", make_trusting(authority)]
    disk = data_disk("howto", 2048, modules=modules)
    with Machine("howto", FIXED_IP, 2048, drive(disk), guest=GUEST, port=PORT) as m:
        m.wait_api()
        reader = Reader(m)
        reader.follow_all(pages)
        if not only:
            equal("what is done instead of a command is still on a page", reader.used, set(reader.instead))


tap.run(main)
