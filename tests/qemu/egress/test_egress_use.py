#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""What goes out to be of use: packages from an index and a registry, by pip and npm and over TLS with
real names; much data, whose hash is checked; and what the log keeps of it all."""

import json
import os
import time

import network
import tap
from api import SANDBOXES, create, destroy
from egress import REACHING, Net, allow, bound, check_line, reach, run
from index import NAME, PYPI, REGISTRY, SAYS, VERSION, make_pages
from network import public
from tap import check, equal

LAYERS = "000-base-debian,100-python313,129-clients,130-reach"
ALLOW = ["exact.test:*", PYPI, REGISTRY]
# Of each way; the gigabyte takes minutes where QEMU emulates on a busy machine.
BULK_MB = int(os.environ.get("BULK_MB", "256"))


PIP = f"""
export PYTHONPATH=$(ls /usr/share/python-wheels/pip-*.whl)
cd /tmp
python3 -m pip download --no-cache-dir --disable-pip-version-check --no-deps \
    --index-url https://{PYPI}/simple {NAME} || exit
python3 -m zipfile -e {NAME}-{VERSION}-py3-none-any.whl /tmp/wheel && python3 /tmp/wheel/{NAME}.py
"""
NPM = f"""
mkdir -p /tmp/npm; cd /tmp/npm; echo '{{}}' >package.json
npm install --no-audit --no-fund --no-update-notifier --registry https://{REGISTRY}/ {NAME} || exit
node -e 'require("{NAME}")'
"""


def test_packages(m, net):
    result = run(m, "box", PIP, 120)
    check("pip downloads from an index", SAYS in result["stdout"], result)
    result = run(m, "box", NPM, 240)
    check("npm installs from a registry", SAYS in result["stdout"], result)
    allow(m, "box", ["exact.test:*", PYPI])
    result = run(
        m,
        "box",
        "rm -rf /tmp/npm /root/.npm;" + NPM.replace("--no-audit", "--fetch-retries=0 --no-audit"),
        240,
    )
    check("not when it is not allowed", result["exit_code"] != 0, result)


def test_bulk(m, net):
    """Much each way, of which the hash is checked."""
    size = BULK_MB << 20
    for tool in ("source", "sink"):
        began = time.monotonic()
        case = [tool, "exact.test", 5000, size]
        equal(f"{BULK_MB} MiB, {tool}", reach(m, "box", [case], 280), ["ok"])
        seconds = time.monotonic() - began
        tap.note(f"{tool}: {seconds:.1f} s, {BULK_MB / seconds:.0f} MiB/s")
    check_line(m, "box", "its bytes are in the log", event="connect", received=size)


def test_log_bounds(m, net):
    """However much is logged, it is bounded, each line is whole, what is missing is counted, and what was
    there before stays."""
    kept = [line for line in m.http("GET", f"{SANDBOXES}/box/network").json["network"] if line["event"] == "connect"]
    loop = (
        "import socket\n"
        "for i in range(9000):\n"
        "    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(5)\n"
        "    q = b'\\0\\1\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0' + bytes([60]) + (b'%060d' % i) + b'\\4test\\0\\0\\1\\0\\1'\n"
        "    s.sendto(q, ('198.18.0.1', 53)); s.recv(600)\n"
    )
    result = run(m, "box", "python3 -", 240, stdin=loop)
    equal("9000 names are denied", result["exit_code"], 0)
    found = m.http("GET", f"{SANDBOXES}/box/network").json["network"]
    lines = [json.dumps(line, separators=(",", ":")) for line in found]
    size = sum(map(len, lines)) + len(lines)
    check("there are at most 6 x 256 KiB", 64 << 10 <= size <= 3 << 19, size)
    check("no line is above 768 bytes", max(map(len, lines)) <= 768, max(map(len, lines)))
    numbers = [line["number"] for line in found]
    equal("in order", numbers, sorted({*numbers}))
    denied = [line for line in found if line.get("answer") == "denied" and line["name"].endswith(".test")]
    lost = [line["count"] for line in found if line["event"] == "lost" and line["of"] == "refusals"]
    check("what isn't written is counted", len(denied) + sum(lost) >= 9000, (len(denied), lost))
    connects = [line for line in found if line["event"] == "connect"]
    equal("connections keep their lines", connects[:len(kept)], kept)


def main():
    network.enter(REACHING)
    net = Net("egress-use", {"*.index.test": {"A": [public(50)]}}, make_pages())
    with net.borrow(capture=False) as m:
        before = m.counts()
        create(m, "box", LAYERS, allow_net=ALLOW, memory_mb=768)
        tap.each(m, *(bound(test, net) for test in (test_packages, test_bulk, test_log_bounds)))
        destroy(m, "box")
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
