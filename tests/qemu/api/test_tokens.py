#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Who may do what, and who did it: tokens and their rights at every endpoint, DATA/tokens and the
API's way to change it, the client's address in logs and history; and what an administrator may do
to the appliance."""

import hashlib
import itertools
import json
import re
import subprocess
import threading

import tap
from api import BUSYBOX, SANDBOXES, TIME, create, destroy, output
from machine import ROOT, Machine, Reply, data_disk, drive
from tap import check, equal

ADMIN = "token-of-the-kernel-command-line"
RIGHTS = ("read", "run", "admin")
FILE = "/data/tokens"
CLIENT = "10.0.2.2"  # as the machine sees us
FORGED = ["Squash-Client: 192.0.2.7"]
DISK_MB = 64


def digest(token):
    return hashlib.sha256(token.encode()).hexdigest()


def endpoints():
    """[(method, path, right)...] as the table of docs/api.md has them."""
    row = re.compile(r"^\| `(\w+) /cgi-bin/(\S+)` \| (\w+) \|", re.MULTILINE)
    return row.findall((ROOT / "docs/api.md").read_text())


def history(m, **wanted):
    entries = m.http("GET", "api/history").json
    return [e for e in entries if all(e.get(key) == value for key, value in wanted.items())]


def put_tokens(m, text):
    """Write the file as an operator would."""
    m.inside(f"cat >{FILE}.mine <<'END'\n{text}END\nmv {FILE}.mine {FILE}")


def test_digest(m):
    equal("the token of which the SHA-256 is set", m.http("GET", "health").status, 200)
    # Who has a token is no other site's page, whatever name he has for the machine.
    reply = m.http("GET", "health", headers=["Host: squash.example.org"])
    equal("by a public name as well", reply.status, 200)
    for what, token in (
        ("one from further down", "old"),
        ("none", "\t"),
        ("the SHA-256 itself", digest(ADMIN)),
        ("a beginning", ADMIN[:-1]),
        ("one that is longer", ADMIN + "x"),
    ):
        reply = m.http("GET", "health", token=token)
        got = (reply.status, reply.json["code"], reply.headers.get("www-authenticate"))
        equal(f"{what} is none", got, (401, "unauthorized", "Bearer"))
    code, found = m.inside(f"grep -l {ADMIN} /proc/1/environ /proc/cmdline")
    check("nothing on the machine knows it", code != 0, found)


def test_api(m):
    """Tokens that the API makes: {right: token}, with a name for each."""
    equal("no tokens at first", m.http("GET", "api/tokens").json, [])
    equal("and no file", m.inside(f"test -e {FILE}")[0], 1)
    m.tokens = {}
    for right in RIGHTS:
        reply = m.http("POST", "api/tokens", {"name": f"{right}er", "right": right})
        keys = {"name": f"{right}er", "right": right, "token": (reply.json or {}).get("token")}
        equal(f"a token with the right {right}", (reply.status, reply.json), (201, keys))
        m.tokens[right] = reply.json["token"]
        check("it is 43 digits", re.fullmatch(r"[\w-]{43}", m.tokens[right]), m.tokens[right])
    equal("each is another", len(set(m.tokens.values())), 3)
    names = [{"name": f"{right}er", "right": right} for right in RIGHTS]
    equal("the list has names and rights", m.http("GET", "api/tokens").json, names)
    lines = "".join(f"{right}er {right} {digest(m.tokens[right])}\n" for right in RIGHTS)
    equal("the file has their digests", m.inside(f"cat {FILE}")[1], lines)
    equal("and is root's", m.inside(f"stat -c %a:%u {FILE}")[1].strip(), "600:0")
    for body, status, code in (
        ({"name": "runer", "right": "read"}, 409, "exists"),
        ({"name": "new", "right": "write"}, 400, "bad_field"),
        ({"name": "-new", "right": "read"}, 400, "bad_field"),
        ({"name": "new"}, 400, "bad_field"),
        ({"right": "read"}, 400, "bad_field"),
        ({"name": "new", "right": "read", "token": "x"}, 400, "bad_field"),
    ):
        reply = m.http("POST", "api/tokens", body)
        equal(f"{body} is {status}", (reply.status, reply.json["code"]), (status, code))
    equal("one that isn't there", m.http("DELETE", "api/tokens/new").status, 404)


_strangers = itertools.count(1)


def stranger(m, method, path, token, body=None):
    """A request with a token that is wrong, from an address that has not been heard of before: front
    makes who guesses wait."""
    number = next(_strangers)
    data = "" if body is None else json.dumps(body)
    lines = [f"{method} /cgi-bin/{path} HTTP/1.1", "Host: test", f"Authorization: Bearer {token}",
             f"Content-Length: {len(data)}", "Connection: close", "", data]  # fmt: skip
    request = "\\r\\n".join(lines)
    address = f"127.1.{number // 250}.{number % 250 + 1}"
    _, text = m.inside(f"printf '{request}' | /bin/busybox nc -s {address} 127.0.0.1 8080")
    return Reply(text.encode())


def test_rights(m):
    """Every endpoint with every token. What is asked for is nothing that there is."""
    table = endpoints()
    check("the page has all endpoints", len(table) >= 21, len(table))
    wrong = []
    for method, path, right in table:
        path = path.replace(":id", "nobody").replace(":name", "900-nothing-1").replace(":n", "1")
        # api sees to the form of a body, whoever sends it.
        body = {"allow_net": []} if path.endswith("allow_net") else {}
        body = body if method == "POST" else None
        for has, token in {"none": "", "wrong": "wrong", **m.tokens}.items():
            enough = has in RIGHTS and RIGHTS.index(has) >= RIGHTS.index(right)
            if enough and path in ("api/system/reboot", "api/system/poweroff"):
                continue
            if has in RIGHTS:
                reply = m.http(method, path, body, token=token)
            else:
                reply = stranger(m, method, path, token, body)
            expected = "forbidden" if has in RIGHTS else "unauthorized"
            code = reply.json["code"] if isinstance(reply.json, dict) and "code" in reply.json else None
            good = (
                (reply.status < 500 and reply.status not in (401, 403))
                if enough
                else (reply.status, code) == (403 if has in RIGHTS else 401, expected)
            )
            if not good:
                wrong.append((method, path, has, reply))
    equal(f"{len(table)} endpoints ask for the right that the page says", wrong, [])
    text = m.http("DELETE", f"{SANDBOXES}/x", token=m.tokens["read"]).json["error"]
    check("a refusal names both rights", '"run"' in text and '"read"' in text, text)
    reply = m.http("GET", "api/nothing", token=m.tokens["read"])
    equal("no endpoint is 404 for who has any token", reply.status, 404)
    equal("and 401 for a stranger", stranger(m, "GET", "api/nothing", "x").status, 401)
    # Its fields are not read then, however many there are.
    big = {"id": "x", "layers": BUSYBOX, "task": "x" * 1000000}
    reply = m.http("POST", SANDBOXES, big, token=m.tokens["read"])
    equal("a large request is refused for its token", reply.status, 403)


def test_file(m):
    """Lines that others write, good and bad."""
    a, b = "token-a", "token-b"
    text = (
        f"# by hand\nalice run {digest(a)}\n\nalice admin {digest(b)}\nbob walk {digest(b)}\n"
        f"bob read {digest(b)[1:]}\n  bob\tread {digest(b).upper()}\n"
    )
    put_tokens(m, text)
    said = len(m.console)
    equal("what was there before is gone", stranger(m, "GET", "health", m.tokens["run"]).status, 401)
    for line in (4, 5, 6):
        m.wait_console(rf"^squashd: tokens, line {line} is ignored: it has ", 5, since=said)
    reply = m.http("DELETE", f"{SANDBOXES}/x", token=a)
    equal("a good line counts", reply.status, 404)
    equal("it has no right that a bad one gives", m.http("GET", "api/tokens", token=a).status, 403)
    equal("nor has another's", m.http("DELETE", f"{SANDBOXES}/x", token=b).status, 403)
    equal("which has its own", m.http("GET", "api/system", token=b).status, 200)
    equal("each is said once", m.console.count("is ignored: it has", said), 3)

    new = m.http("POST", "api/tokens", {"name": "carol", "right": "run"}).json["token"]
    equal("a further one is in the list", m.http("GET", "api/tokens").json[2:], [{"name": "carol", "right": "run"}])
    equal("the rest stays as it is", m.inside(f"cat {FILE}")[1], f"{text}carol run {digest(new)}\n")
    equal("one that was made is taken back", m.http("DELETE", "api/tokens/alice").status, 204)
    left = "".join(line for line in text.splitlines(True) if not line.startswith("alice"))
    equal("with all its lines", m.inside(f"cat {FILE}")[1], f"{left}carol run {digest(new)}\n")
    equal("and nobody gets in by it", stranger(m, "GET", "health", a).status, 401)
    equal("another's holds", m.http("GET", "health", token=new).status, 200)


def test_writers(m):
    """Many at once: none loses what another writes."""
    def make(name):
        replies.append(m.http("POST", "api/tokens", {"name": name, "right": "read"}).status)

    replies, names = [], [f"w{n}" for n in range(12)]
    threads = [threading.Thread(target=make, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    equal("tokens that are made at once", replies, [201] * len(names))
    got = {t["name"] for t in m.http("GET", "api/tokens").json}
    equal("are all there", got & set(names), set(names))


def test_bad_file(m):
    """What is no file of tokens lets nobody in, and is left alone."""
    good = f"alice admin {digest('token-a')}\\n"
    m.inside(f"printf '{good}' >/data/elsewhere")
    for what, make in (
        ("a link", f"mv /data/link {FILE}"),
        ("a FIFO", f"mv /data/fifo {FILE}"),
        ("a directory", f"mkdir {FILE}"),
        ("too large a file", f"(printf '{good}'; head -c 70000 /dev/zero | tr '\\0' '#') >{FILE}"),
    ):
        said = len(m.console)
        equal(f"there is {what}", m.inside(f"rm -rf {FILE}; {make}"), (0, ""))
        got = [stranger(m, "GET", "health", "token-a").status, m.http("GET", "health").status]
        equal(f"{what} lets nobody in but by the setting", got, [401, 200])
        m.wait_console(r"^squashd: no named token is valid: ", 5, since=said)
        reply = m.http("POST", "api/tokens", {"name": "new", "right": "read"})
        equal("and is not written to", (reply.status, reply.json["code"]), (500, "internal"))
    m.inside(f"rm -rf {FILE} /data/elsewhere")
    stranger(m, "GET", "health", "x")


def test_names(m):
    """Requests leave their caller in the history, and in the sandbox's log."""
    ci = m.http("POST", "api/tokens", {"name": "ci", "right": "run"}).json["token"]
    tokens = {"ci": ci, None: ADMIN}
    body = {"id": "who", "layers": BUSYBOX, "memory_mb": 64}
    cases = (("ci", None, CLIENT), (None, "127.0.0.1", "127.0.0.1"), ("ci", "[::1]", "::1"))
    m.http("POST", SANDBOXES, body, token=ci, headers=FORGED)
    for name, host, _ in cases:
        path = f"{SANDBOXES}/who/exec"
        if not host:
            m.http("POST", path, {"cmd": "true"}, token=tokens[name], headers=FORGED)
            continue
        m.inside(f"wget -qO- --header 'Authorization: Bearer {tokens[name]}' --header '{FORGED[0]}'"
                 f" --post-data '{{\"cmd\":\"true\"}}' http://{host}:8080/cgi-bin/{path}")
    got = [(e["token"], e["client"]) for e in m.http("GET", f"{SANDBOXES}/who/logs").json]
    expected = [(name, client) for name, _, client in cases]
    equal("the log says whose command it was", got, expected)
    got = [(e["token"], e["client"]) for e in history(m, event="exec", id="who")]
    equal("so does the history", got[::-1], expected)
    m.http("DELETE", f"{SANDBOXES}/who", token=ci, headers=FORGED)
    for event in ("create", "end"):
        got = [(e["token"], e["client"]) for e in history(m, event=event, id="who")]
        equal(f"and whose {event}", got, [("ci", CLIENT)])
    create(m, "short", BUSYBOX, memory_mb=64, max_lifetime_s=1)
    m.inside("i=0; until grep -q lifetime /data/history.sandboxes.ndjson; do sleep 0.1; done", 20)
    end = history(m, event="end", id="short")[0]
    equal("a lifetime ends on nobody's behalf", (end["token"], end["client"]), (None, None))
    made = [(e["name"], e["token"]) for e in history(m, event="create_token")]
    equal("tokens that are made are there", made[0], ("ci", None))
    equal("and those taken back", [e["name"] for e in history(m, event="drop_token")], ["alice"])


def test_system(m):
    before = m.http("GET", "api/system").json
    stranger(m, "GET", "health", "x")
    create(m, "one", BUSYBOX, memory_mb=64)
    got = m.http("GET", "api/system").json
    keys = "version update kernel hostname uptime_s time addresses cpus memory disk sandboxes modules requests"
    equal("its members", list(got), keys.split())
    expected = {"possible": False, "waiting": None, "on_trial": False}
    equal("no update here", got["update"], expected)
    reply = m.http("POST", "api/system/update", bytes(1000))
    equal("one is refused: no UEFI disk", (reply.status, reply.json["code"]), (501, "no_esp"))
    equal("the kernel", got["kernel"], m.inside("cat /proc/sys/kernel/osrelease")[1].strip())
    equal("the host name", got["hostname"], "squash")
    up = float(m.inside("cat /proc/uptime")[1].split()[0])
    check("how long it has been up", up - 10 < got["uptime_s"] <= up, (got["uptime_s"], up))
    check("its time", TIME.match(got["time"]), got["time"])
    check("its address", "10.0.2.15" in got["addresses"], got["addresses"])
    check("none of the loopback", not {"127.0.0.1", "::1"} & set(got["addresses"]), got["addresses"])
    equal("processors", got["cpus"], int(m.inside("grep -c ^processor /proc/cpuinfo")[1]))
    total = 1024 * int(m.inside("awk '/^MemTotal/ { print $2 }' /proc/meminfo")[1])
    equal("memory", got["memory"]["total_bytes"], total)
    check("some is left", 0 < got["memory"]["available_bytes"] < total, got["memory"])
    size = got["disk"]["total_bytes"]
    check("the disk", got["disk"]["persistent"] and DISK_MB / 2 < size / 2**20 < DISK_MB, got["disk"])
    check("some of it is free", 0 < got["disk"]["free_bytes"] < size, got["disk"])
    equal("sandboxes", got["sandboxes"], {"count": before["sandboxes"]["count"] + 1, "max": 1024})
    equal("modules", got["modules"]["count"], len(m.http("GET", "api/modules").json))
    equal("who was denied", got["requests"]["denied"], before["requests"]["denied"] + 1)
    check("and requests under way, itself among them", got["requests"]["under_way"] >= 1, got)
    equal("a body that isn't empty", m.http("POST", "api/system/reboot", {"now": 1}).status, 400)
    destroy(m, "one")


def end_machine(m, what, token, answer, console):
    reply = m.http("POST", f"api/system/{what}", token=token, headers=FORGED)
    equal(f"{what} is answered", (reply.status, reply.json), (202, {"status": answer}))
    code = m.wait_end(40)
    equal(f"and {what} it is", (code, console in m.console), (0, True))


def first_boot(disk):
    settings = f"SQUASH_AUTH_TOKEN_SHA256={digest(ADMIN)}"
    files = {"/etc/squash.env": b"SQUASH_AUTH_TOKEN=old\n", "/etc/squash/update.pub": b"\4" * 65}
    with Machine("tokens", settings, args=drive(disk, snapshot=False), files=files) as m:
        m.token = ADMIN
        m.wait_api()
        tap.each(m, test_digest, test_api, test_rights, test_file, test_writers, test_bad_file, test_system, test_names)
        ops = m.http("POST", "api/tokens", {"name": "ops", "right": "admin"}).json["token"]
        end_machine(m, "reboot", ops, "rebooting", "Restarting system")
    return ops


def test_after_reboot(m):
    m.wait_console(r"^No SQUASH_AUTH_TOKEN is set: the API is for the tokens of /data/tokens alone")
    check("with no other token set, the console says that there are some", True)
    equal("without one: 401", m.http("GET", "health", token="\t").status, 401)
    event = history(m, event="reboot")[0]
    equal("the history has the reboot", (event["token"], event["client"]), ("ops", CLIENT))
    m.inside(f"echo >{FILE}.mine; mv {FILE} {FILE}.kept; mv {FILE}.mine {FILE}")
    equal("an empty file locks all out", m.http("GET", "health").status, 401)
    m.inside(f"rm {FILE}")


def test_open(m):
    """No token at all."""
    create(m, "open", BUSYBOX, memory_mb=64)
    equal("an open API has the right to run", output(m, "open", "echo on"), "on")
    for host, status in (("squash.example.org", 403), ("rebound.example.org:8080", 403),
                         ("squash.local", 200), ("squash:8080", 200), ("192.0.2.7", 200)):
        reply = m.http("GET", "api/sandboxes/open", headers=[f"Host: {host}"])
        equal(f"an open API asked by the name {host}", reply.status, status)
        equal("it says why", (reply.json or {}).get("code"), "public_host" if status == 403 else None)
    destroy(m, "open")
    for method, path, right in endpoints():
        if right == "admin":
            path = path.replace(":name", "ops").replace(":n", "1")
            body = {"name": "x", "right": "admin"} if path == "api/tokens" else {}
            reply = m.http(method, path, body if method == "POST" else None)
            good = reply.status == 403 and "SQUASH_AUTH_TOKEN" in reply.json["error"]
            check(f"{method} {path} takes a token", good, reply)
    equal("so there still is none", m.inside(f"test -e {FILE}")[0], 1)
    m.inside(f"mv {FILE}.kept {FILE}")
    equal("one closes it", m.http("GET", "health", token="x").status, 401)


def main():
    disk = data_disk("tokens", DISK_MB)
    for what in ("symlink link elsewhere", "mknod fifo p"):
        command = ["debugfs", "-w", "-R", what, disk]
        env = {"PATH": "/usr/sbin:/sbin:/usr/bin:/bin"}
        subprocess.run(command, env=env, check=True, capture_output=True)
    ops = first_boot(disk)
    with Machine("tokens", args=drive(disk, snapshot=False)) as m:
        m.token = ops
        m.wait_api()
        tap.each(m, test_after_reboot, test_open)
        end_machine(m, "poweroff", ops, "powering off", "All is stopped: power off.")


tap.run(main)
