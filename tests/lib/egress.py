# SPDX-License-Identifier: MIT
"""What the tests of egress share: the network with its names, a machine in it, sandboxes that reach
out, and what the machine says of it."""

import contextlib
import fcntl
import json
import threading
import time

import network
import pool
from api import SANDBOXES, execute, output
from dnsserver import DnsServer
from machine import BUILD, ROOT, WORK, Machine, data_disk, drive, make_module
from network import public, public6
from servers import Servers, load_certificates, make_certificates
from tap import check

PROGRAMS = ROOT / "tests/qemu/programs"
CLIENTS = "000-base-debian,100-python313,129-clients,130-reach"
NODE = "000-base-debian,100-python313,101-nodejs,129-clients,130-reach"
FIXED_IP = f"SQUASH_IP={network.GUEST4}/24,{network.GATEWAY4},{','.join(network.DNS)}"
# Each program is told of the tests' authority in its own way.
AUTHORITY = {
    name: "/reach/ca.pem"
    for name in ("SSL_CERT_FILE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "PIP_CERT")
}
LOG_SECONDS = 10
RESTART_SECONDS = 20

# Names that are there, and their addresses. Below test everything else is at DENIED: what leaks is
# not only seen leaving, it arrives.
DENIED = public(66)
ZONE = {
    "exact.test": {"A": [public(20)]},
    "*.wild.test": {"A": [public(21)]},
    "xn--bcher-kva.test": {"A": [public(22)]},
    "port.test": {"A": [public(24)]},
    "web.test": {"A": [public(25)]},
    "six.test": {"AAAA": [public6(26)]},
    "*.test": {"A": [DENIED], "AAAA": [public6(66)]},
}
CERTIFIED = [
    *(
        "exact.test",
        "*.wild.test",
        "*.down.wild.test",
        "xn--bcher-kva.test",
        "port.test",
        "web.test",
    ),
    *("six.test", "pypi.index.test", "registry.index.test", "*.test"),
]


def certificates():
    """The authority's path, which all programs of a run share, and an SSLContext of a server."""
    where = pool.run_place() / "certificates"
    with open(f"{where}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = where / "made"
        if made.exists():
            return load_certificates(where)
        pair = make_certificates(where, CERTIFIED)
        made.touch()
        return pair


def make_disk(place, layers):
    """A disk in the directory place with the modules of the layers."""
    authority, _ = certificates()
    files = {
        "reach/reach.py": (PROGRAMS / "reach.py").read_text(),
        "reach/reach.js": (PROGRAMS / "reach.js").read_text(),
        "reach/ca.pem": authority.read_text(),
    }
    reach_module = make_module("130-reach", files, place=place)
    names = [n for n in layers.split(",") if n != "130-reach"]
    modules = [reach_module, *(BUILD / f"modules/{n}.squashfs" for n in names)]
    return data_disk("reach", 1024, modules=modules, place=place)


# Programs that share it call network.enter(REACHING).
REACHING = pool.Shape(
    "reaching",
    f"{FIXED_IP} SQUASH_AUTH_TOKEN={pool.SECRET}",
    pool.SECRET,
    lambda place: drive(make_disk(place, NODE)),
)


class Net:
    """The network; the program must have called network.enter(). zone: names beside ZONE's; pages:
    what HTTP answers."""

    def __init__(self, name, zone=None, pages=None):
        self.name = name
        _, context = certificates()
        self.dns = DnsServer(network.DNS, {**ZONE, **(zone or {})})
        self.servers = Servers(context, pages)
        self.capture = network.Capture(WORK / f"{name}.pcap")

    def machine(self, settings="", capture=True, memory_mb=2048, layers=CLIENTS):
        """A machine in it, that has the modules of the layers."""
        place = WORK / f"{self.name}.machine"
        place.mkdir(parents=True, exist_ok=True)
        args = [*drive(make_disk(place, layers)), *(self.capture.args if capture else [])]
        return Machine(self.name, f"{FIXED_IP} {settings}", memory_mb, args=args)

    @contextlib.contextmanager
    def borrow(self, capture=True):
        """The shared machine in it."""
        with pool.borrow(REACHING) as m, self.capture.attach(m) if capture else contextlib.nullcontext():
            yield m


def reach(m, name, cases, seconds=120):
    """Try the cases of reach.py in the sandbox: the word that each came to."""
    command = "python3 -B /reach/reach.py"
    return _run(m, name, command, cases, seconds)


def reach_by_node(m, name, cases, seconds=120):
    return _run(m, name, "node /reach/reach.js", cases, seconds)


def reach_by_shell(m, name, commands, seconds=120):
    """Try shell commands in a sandbox that has no Python: "ok" for what prints "reached"."""
    lines = ["cd /tmp; rm -f r.*"]
    for i, command in enumerate(commands):
        lines.append(
            f"(timeout 25 sh -c {quote(command)} </dev/null >r.{i} 2>&1; echo $? >>r.{i}) &"
        )
    lines.append("wait")
    lines.append(f"i=0; while [ $i -lt {len(commands)} ]; do")
    lines.append("if grep -q reached r.$i; then echo ok; else echo failed $(tail -n 2 r.$i); fi")
    lines.append("i=$((i+1)); done")
    result = execute(m, name, "\n".join(lines), timeout=seconds)
    assert result["exit_code"] == 0, result
    return result["stdout"].splitlines()


def quote(text):
    return "'" + text.replace("'", "'\\''") + "'"


def _run(m, name, command, cases, seconds):
    # The API's own answer waits as long as the command.
    body = {"cmd": command, "stdin": json.dumps(cases), "env": AUTHORITY, "timeout": seconds}
    reply = m.http("POST", f"{SANDBOXES}/{name}/exec", body, seconds=seconds + 10)
    assert reply.status == 200 and reply.json["exit_code"] == 0, reply
    return json.loads(reply.json["stdout"])


def is_one_of(name, got, expected):
    """expected: a word, or several with | between; "failed" is what begins so."""
    good = any(
        got == word or word == "failed" and got.startswith(word) for word in expected.split("|")
    )
    return check(name, good, f"got {got!r}, expected {expected!r}")


def run(m, name, cmd, seconds=60, **fields):
    """exec whose answer is waited for as long as it takes."""
    body = {"cmd": cmd, "env": AUTHORITY, "timeout": seconds, **fields}
    reply = m.http("POST", f"{SANDBOXES}/{name}/exec", body, seconds=seconds + 10)
    assert reply.status == 200, reply
    return reply.json


def network_log(m, name):
    """The lines of the sandbox's network log."""
    reply = m.http("GET", f"{SANDBOXES}/{name}/network")
    assert reply.status == 200, reply
    return reply.json["network"]


def find_line(m, name, /, **fields):
    """Wait until the log has a line with these fields; it, or None."""
    deadline = time.monotonic() + LOG_SECONDS
    while True:
        lines = network_log(m, name)
        for line in reversed(lines):
            if all(line.get(key) == value for key, value in fields.items()):
                return line
        if time.monotonic() > deadline:
            return None
        time.sleep(0.2)


def check_line(m, name, what, /, **fields):
    line = find_line(m, name, **fields)
    check(
        what, line, f"no line with {fields} in\n" + "\n".join(map(str, network_log(m, name)[-15:]))
    )
    return line or {}


def allow(m, name, entries):
    """Change what the sandbox may reach."""
    reply = m.http("POST", f"{SANDBOXES}/{name}/allow_net", {"allow_net": entries})
    assert reply.status == 200, reply
    return reply.json


def egress_pids(m):
    """The pids, as the appliance sees them, of the egress processes."""
    code, text = m.inside("pidof egress")
    return [int(word) for word in text.split()] if code == 0 else []


class Holding:
    """A connection of the sandbox that is held, in the background."""

    def __init__(self, m, name, host, file):
        def hold():
            try:
                self.words.extend(reach(m, name, [["hold", host, 5000, f"/tmp/{file}"]], 200))
            except AssertionError as error:  # the command itself has ended
                self.words.append(f"gone: {error}")

        self.words = []
        self.thread = threading.Thread(target=hold)
        self.thread.start()
        output(
            m, name, f"until test -s /tmp/{file}; do sleep 0.1; done; rm /tmp/{file}", timeout=60
        )

    def word(self, seconds=20):
        """How it has ended; None if it goes on."""
        self.thread.join(seconds)
        return self.words[0] if self.words else None


def wait_for_pids(m, expected):
    """Wait until as many egress processes run as expected says of their list; the last list."""
    deadline = time.monotonic() + RESTART_SECONDS
    while not expected(pids := egress_pids(m)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return pids


def bound(test, net):
    """The test of a machine and the network, as tap.each runs one."""

    def run_test(m):
        test(m, net)

    run_test.__name__ = test.__name__
    return run_test
