#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A boot without a disk, with a token: all is in RAM, and nothing answers without the token."""

import tap
from api import BUSYBOX, SANDBOXES
from machine import Machine
from tap import check, equal

TOKEN = "sekrit-0123456789"

ENDPOINTS = (
    ("GET", "health", None),
    ("GET", "api/modules", None),
    ("GET", SANDBOXES, None),
    ("POST", SANDBOXES, {"id": "thief", "layers": BUSYBOX}),
    ("GET", f"{SANDBOXES}/dev", None),
    ("DELETE", f"{SANDBOXES}/dev", None),
    ("POST", f"{SANDBOXES}/dev/exec", {"cmd": "id"}),
    ("POST", f"{SANDBOXES}/dev/activate", {"module": BUSYBOX, "force": True}),
    ("POST", f"{SANDBOXES}/dev/snapshot", {}),
    ("POST", f"{SANDBOXES}/dev/snapshot", None),
    ("POST", f"{SANDBOXES}/dev/restore", {"snapshot": "900-snapshot-1"}),
    ("DELETE", f"{SANDBOXES}/dev/snapshots/900-snapshot-1", None),
    ("GET", f"{SANDBOXES}/nix", None),
)


def execute(m, cmd):
    reply = m.http("POST", f"{SANDBOXES}/dev/exec", {"cmd": cmd}, TOKEN)
    equal(f"exec {cmd!r} answers 200", reply.status, 200)
    return reply.json or {}


def test_banner(m):
    m.wait_console(r"^Squash Sandbox \S+ is up after \S+ s, port 8443 and, without TLS, 8080\.")
    m.wait_console(r"^API: http://10\.0\.2\.15:8080/ \(\w+\)")
    check("the banner has the address", True)
    m.wait_console(r"^No SQUASH-DATA disk is in use: all data is in memory")
    check("and says that data is in memory", True)
    check("the token isn't on the console", TOKEN not in m.console, m.console)


def test_busybox(m):
    body = {"id": "dev", "layers": BUSYBOX, "memory_mb": 128}
    reply = m.http("POST", SANDBOXES, body, TOKEN)
    equal("a sandbox can be made of what is built in", reply.status, 201)
    equal("it may write half of its memory", reply.json["disk_mb"], 64)
    equal("and used", execute(m, "echo $((6 * 7))").get("stdout"), "42\n")
    names = [module["name"] for module in m.http("GET", "api/modules", token=TOKEN).json]
    equal("there is one module", names, [BUSYBOX])


def test_unauthorized(m):
    wrong = (("a wrong token", TOKEN[:-1]), ("a longer one", TOKEN + "9"))
    for number, (method, path, body) in enumerate(ENDPOINTS):
        # front makes wrong ones wait: by turns, that takes half a minute less.
        for what, token in (("no token", None), wrong[number % len(wrong)]):
            reply = m.http(method, path, body, token)
            got = (reply.status, (reply.json or {}).get("code"))
            equal(f"{method} {path} with {what}", got, (401, "unauthorized"))
    for what, method, path, body in (
        ("broken JSON", "POST", SANDBOXES, "{"),
        ("an unknown field", "POST", SANDBOXES, {"nix": 1}),
        ("a body too large", "POST", f"{SANDBOXES}/dev/exec", "x" * (1 << 20) + "x"),
        ("an unknown path", "GET", "api/nix", None),
        ("a wrong method", "PUT", SANDBOXES, None),
        ("a body of the wrong type", "POST", f"{SANDBOXES}/dev/activate", {"module": 5}),
        ("a body that is not there", "POST", f"{SANDBOXES}/dev/restore", None),
        ("a wrong method for a snapshot", "GET", f"{SANDBOXES}/dev/snapshots/x", None),
    ):
        equal(f"{what}, without a token", m.http(method, path, body).status, 401)
    for header in (
        f"Authorization: Basic {TOKEN}",
        f"Authorization: {TOKEN}",
        "Authorization:  Bearer",
    ):
        status = m.http("GET", "health", headers=[header]).status
        equal(f"health with {header.split()[1][:6]} in its place", status, 401)
    listed = m.http("GET", SANDBOXES, token=TOKEN).json
    equal("nothing has happened", [s["id"] for s in listed], ["dev"])
    equal("health with the token", m.http("GET", "health", token=TOKEN).json, {"status": "ok"})


def test_secrecy(m):
    everything = "cat /proc/cmdline /proc/1/environ /proc/self/environ 2>&1; env; set"
    result = execute(m, everything)
    text = result["stdout"] + result["stderr"]
    check("a sandbox can't read the token", text and TOKEN not in text, text)
    _, text = m.inside("for p in $(pidof httpd); do cat /proc/$p/environ /proc/$p/cmdline; done")
    check("httpd doesn't have it", "httpd" in text and TOKEN not in text, text)
    _, text = m.inside("ps -o user,comm | grep httpd")
    check("httpd isn't root", text and not text.startswith(("root", "0 ")), text)


def test_destroy(m):
    equal("destroy", m.http("DELETE", f"{SANDBOXES}/dev", token=TOKEN).status, 204)


def test_shutdown(m):
    """With a sandbox alive that would rather go on."""
    body = {"id": "last", "layers": BUSYBOX}
    equal("one more", m.http("POST", SANDBOXES, body, TOKEN).status, 201)
    stay = "trap '' TERM INT HUP; (setsid sleep 1000 &) >/dev/null 2>&1; echo on"
    body = {"cmd": stay}
    m.http("POST", f"{SANDBOXES}/last/exec", body, TOKEN)
    m.inside("kill -TERM 1")
    equal("SIGTERM powers the machine off", m.wait_end(20), 0)
    ends = ("Powering off.", "All is stopped: power off.", "Power down")
    at = [m.console.find(end) for end in ends]
    check("in order", 0 < at[0] < at[1] < at[2], m.console[-500:])


def main():
    with Machine("diskless", f"SQUASH_AUTH_TOKEN={TOKEN}", memory_mb=512) as m:
        m.token = TOKEN
        tap.note(f"the API answered after {m.wait_api():.1f} s")
        m.token = None
        before = m.counts()
        tap.each(m, test_banner, test_busybox, test_unauthorized, test_secrecy, test_destroy)
        equal("nothing is left behind", m.wait_counts(before), before)
        tap.each(m, test_shutdown)


tap.run(main)
