#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The API's walk as documented, with the Debian and Python modules, and requests gone wrong."""

import json
import re

import pool
import tap
from api import BUSYBOX, DEBIAN, PYTHON, SANDBOXES, TIME, create, destroy, execute, info, output
from tap import check, equal

# What GET info shows of a sandbox for which only id and layers were given, but for its times.
DEFAULTS = {
    "owner": "",
    "task": "",
    "mounted": True,
    "exec_count": 0,
    "snapshots": [],
    "active_snapshot": None,
    "cpu": 2.0,
    "memory_mb": 1024,
    "max_lifetime_s": 0,
    "allow_net": [],
    "disk_mb": 512,
}

# The info object as it has always been; what came later stands behind.
FIRST_MEMBERS = (
    "id owner task layers created last_active mounted exec_count upper_bytes snapshots"
    " active_snapshot cpu memory_mb max_lifetime_s allow_net"
).split()


def test_modules(m):
    reply = m.http("GET", "api/modules")
    equal("modules answers 200", reply.status, 200)
    equal("replies are JSON by their type", reply.headers["content-type"], "application/json")
    sizes = {module["name"]: module["size"] for module in reply.json}
    check("Debian and Python are there", set(PYTHON.split(",")) <= set(sizes), reply)
    good = all(isinstance(size, int) and size > 100_000 for size in sizes.values())
    check("with their sizes", good, sizes)


def test_create(m):
    reply = m.http("POST", SANDBOXES, {"id": "dev", "layers": PYTHON})
    equal("create answers 201", reply.status, 201)
    check("and the info", reply.json["id"] == "dev", reply)
    equal("layers as a string", reply.json["layers"], PYTHON.split(","))
    reply = m.http("POST", SANDBOXES, {"id": "two", "layers": PYTHON.split(","), "owner": "alice"})
    equal("layers as an array", reply.json["layers"], PYTHON.split(","))
    equal("owner is kept", reply.json["owner"], "alice")
    full = {
        "id": "full",
        "owner": "bob",
        "layers": DEBIAN,
        "task": 'run "tests" \u00e9\n',
        "cpu": 1.0,
        "memory_mb": 512,
        "max_lifetime_s": 1800,
        "allow_net": ["api.example.com", "pypi.org"],
        "disk_mb": 100,
    }
    reply = m.http("POST", SANDBOXES, full)
    got = {name: reply.json.get(name) for name in full}
    equal("create keeps every field", got, {**full, "layers": [DEBIAN]})
    check("a whole number of cores prints as 1.0", re.search(rb'"cpu": ?1\.0\b', reply.body), reply)
    destroy(m, "two")
    destroy(m, "full")


def test_info(m):
    reply = m.http("GET", f"{SANDBOXES}/dev")
    equal("info answers 200", reply.status, 200)
    got = {name: reply.json.get(name, "missing") for name in DEFAULTS}
    equal("info has the defaults", got, DEFAULTS)
    equal("in their order", list(reply.json)[: len(FIRST_MEMBERS)], FIRST_MEMBERS)
    for name in ("created", "last_active"):
        check(f"{name} is a time", TIME.match(reply.json[name]), reply)
    check("upper_bytes is a number", isinstance(reply.json["upper_bytes"], int), reply)


def test_exec(m):
    result = execute(m, "dev", 'python3 -c "print(42)"')
    expected = {"exit_code": 0, "stdout": "42\n", "stderr": ""}
    equal("Python says 42", {name: result[name] for name in expected}, expected)
    times = (result["started"], result["ended"])
    check("started and ended are times", all(map(TIME.match, times)), result)
    check("duration_ms is plausible", 0 < result["duration_ms"] < 30_000, result)
    equal("exec_count counts", m.http("GET", f"{SANDBOXES}/dev").json["exec_count"], 1)


def test_list(m):
    create(m, "other", DEBIAN)
    listed = m.http("GET", SANDBOXES)
    check("list is an array", isinstance(listed.json, list), listed)
    equal("of all sandboxes", sorted(s["id"] for s in listed.json), ["dev", "other"])
    dev = m.http("GET", f"{SANDBOXES}/dev").json
    equal("as info shows them", next(s for s in listed.json if s["id"] == "dev"), dev)
    destroy(m, "other")


def test_plain_curl(m):
    """curl -d alone says that its body is a form's; it must do for people who try this by hand."""
    reply = m.http("POST", f"{SANDBOXES}/dev/exec", '{"cmd":"echo hi"}')
    equal("curl -d is enough", (reply.status, (reply.json or {}).get("stdout")), (200, "hi\n"))


def test_activate(m):
    """What it does to files, and to what stands in its way, is test_snapshot.py's."""
    one, body, stack = f"{SANDBOXES}/deb", {"module": "100-python313"}, PYTHON.split(",")
    create(m, "deb", DEBIAN)
    output(m, "deb", "echo kept > /root/kept; sync /root/kept; ! command -v python3")
    reply = m.http("POST", f"{one}/activate", body)
    equal("activate answers 200", reply.status, 200)
    equal("with the info", reply.json, info(m, "deb"))
    equal("in which the module is", reply.json["layers"], stack)
    equal("and can be used", output(m, "deb", "python3 -c 'print(42)'; cat /root/kept"), "42\nkept")
    output(m, "deb", "(setsid sleep 1000 &) > /dev/null 2>&1")
    reply = m.http("POST", f"{one}/activate", body)
    equal("a module that is active: 200", (reply.status, reply.json["layers"]), (200, stack))
    body = {"module": BUSYBOX, "force": False}
    reply = m.http("POST", f"{one}/activate", body)
    equal("with a process alive: 409", (reply.status, reply.json["code"]), (409, "processes"))
    equal("it is named", [p["cmd"] for p in reply.json["processes"]], ["sleep 1000"])
    pid = reply.json["processes"][0]["pid"]
    equal("as the sandbox sees it", output(m, "deb", f"cat /proc/{pid}/comm"), "sleep")
    equal("and nothing has changed", info(m, "deb")["layers"], stack)
    reply = m.http("POST", f"{one}/activate", {**body, "force": True})
    equal("with force: 200", reply.status, 200)
    equal("layers stand by name", reply.json["layers"], [BUSYBOX, *stack])
    equal("and it is gone", execute(m, "deb", f"test -e /proc/{pid}")["exit_code"], 1)


def test_snapshot(m):
    one, stack = f"{SANDBOXES}/deb", [BUSYBOX, *PYTHON.split(",")]
    taken = {}
    for what, body, label in (
        ("no body at all", None, ""),
        ("an empty body", "", ""),
        ("an empty object", {}, ""),
        ("a label", {"label": 'with "caf\u00e9"'}, 'with "caf\u00e9"'),
    ):
        reply = m.http("POST", f"{one}/snapshot", body)
        equal(f"snapshot with {what} answers 201", reply.status, 201)
        equal("with three members", list(reply.json), ["snapshot", "size", "created"])
        good = isinstance(reply.json["size"], int) and reply.json["size"] > 0
        check("its size and time", good and TIME.match(reply.json["created"]), reply)
        name = reply.json.pop("snapshot")
        taken[name] = {"name": name, **reply.json, "label": label, "layers": stack}
    names = [f"900-snapshot-{k}" for k in range(1, 5)]
    equal("names count", list(taken), names)
    equal("info has them", info(m, "deb")["snapshots"], list(taken.values()))

    output(m, "deb", "rm /root/kept; (setsid sleep 1000 &) > /dev/null 2>&1")
    reply = m.http("POST", f"{one}/restore", {"snapshot": names[0]})
    equal("restore answers 200", reply.status, 200)
    equal("with the info", reply.json, info(m, "deb"))
    equal("the snapshot is in the layers", reply.json["layers"], [*stack, names[0]])
    equal("and active", reply.json["active_snapshot"], names[0])
    equal("the file is back", output(m, "deb", "cat /root/kept"), "kept")
    equal("all processes are gone", output(m, "deb", "grep -l sleep /proc/[0-9]*/comm || :"), "")

    equal("dropping one answers 204", m.http("DELETE", f"{one}/snapshots/{names[1]}").status, 204)
    left = [taken[name] for name in names if name != names[1]]
    equal("info has the others", info(m, "deb")["snapshots"], left)
    again = m.http("POST", f"{one}/snapshot").json["snapshot"]
    equal("no number is used twice", again, "901-snapshot-5")


def test_from(m):
    one, stack = f"{SANDBOXES}/copy", [BUSYBOX, *PYTHON.split(","), "900-snapshot-1"]
    body = {"id": "copy", "from": "deb/900-snapshot-1", "owner": "carol", "disk_mb": 64}
    reply = m.http("POST", SANDBOXES, body)
    equal("a sandbox out of a snapshot: 201", reply.status, 201)
    got = [reply.json[name] for name in ("layers", "active_snapshot", "owner", "disk_mb")]
    equal("on its layers", got, [stack, "900-snapshot-1", "carol", 64])
    shared = f"{one}/snapshots/900-snapshot-1"
    refuse(m, "dropping what it stands on", "DELETE", shared, None, 409, "in_use")
    destroy(m, "deb")
    names = [snapshot["name"] for snapshot in info(m, "copy")["snapshots"]]
    equal("it has the snapshot when the other is gone", names, ["900-snapshot-1"])
    equal("and the files", output(m, "copy", "cat /root/kept"), "kept")
    destroy(m, "copy")


def refuse(m, what, method, path, body, status, code, *words, headers=()):
    """Check that the request is refused with status, code, and words in the text for people."""
    reply = m.http(method, path, body, headers=headers)
    error = reply.json or {}
    text = str(error.get("error", ""))
    good = reply.status == status and error.get("code") == code and all(w in text for w in words)
    check(f"{what}: {status} {code}", good, f"{method} {path}: {reply}, expected {words}")


def test_refusals(m):
    one, nix = f"{SANDBOXES}/dev", f"{SANDBOXES}/nix"
    refuse(m, "info of an unknown sandbox", "GET", nix, None, 404, "not_found", "nix")
    refuse(m, "destroy of an unknown sandbox", "DELETE", nix, None, 404, "not_found")
    refuse(m, "exec in an unknown sandbox", "POST", f"{nix}/exec", {"cmd": ":"}, 404, "not_found")
    refuse(m, "an unknown path", "GET", "api/nix", None, 404, "not_found")
    refuse(m, "a path too long", "GET", f"{one}/exec/more", None, 404, "not_found")
    refuse(m, "the wrong method", "PUT", SANDBOXES, None, 405, "method_not_allowed")
    refuse(m, "the wrong method for exec", "GET", f"{one}/exec", None, 405, "method_not_allowed")
    refuse(m, "the wrong method for health", "POST", "health", {}, 405, "method_not_allowed")
    chunked = ["Transfer-Encoding: chunked"]
    refuse(m, "a body in chunks that lacks id", "POST", SANDBOXES, "{}", 400, "bad_field", "id", headers=chunked)
    refuse(m, "no body", "POST", SANDBOXES, None, 400, "bad_field", "id", "missing")
    refuse(m, "one of no bytes", "POST", f"{one}/exec", "", 400, "bad_field", "cmd", "missing")
    large = json.dumps({"cmd": "x" * (1 << 20)})
    refuse(m, "a body above 1 MiB", "POST", f"{one}/exec", large, 413, "too_large")


def test_layer_refusals(m):
    one, nix, name = f"{SANDBOXES}/dev", f"{SANDBOXES}/nix", "900-snapshot-1"
    bodies = {"activate": {"module": DEBIAN}, "snapshot": {}, "restore": {"snapshot": name}}
    for verb, body in bodies.items():
        path = f"{one}/{verb}"
        refuse(m, f"{verb} in an unknown sandbox", "POST", f"{nix}/{verb}", body, 404, "not_found")
        for method in ("GET", "DELETE", "PUT"):
            reply = m.http(method, path)
            got = (reply.status, reply.headers.get("allow"))
            equal(f"{method} {verb}: 405", got, (405, "POST"))
        more, text = {**body, "more": 1}, ["Content-Type: text/plain"]
        refuse(m, f"{verb} and more", "POST", path, more, 400, "bad_field", "more")
        refuse(m, f"{verb} of an array", "POST", path, "[]", 400, "bad_json")
        code = "unsupported_media_type"
        refuse(m, f"{verb} of text", "POST", path, "{}", 415, code, headers=text)
        chunked = ["Transfer-Encoding: chunked"]
        refuse(m, f"{verb} in chunks, and more", "POST", path, json.dumps(more), 400, "bad_field", "more", headers=chunked)
    refuse(m, "activate without a body", "POST", f"{one}/activate", None, 400, "bad_field", "module", "missing")
    refuse(m, "restore without a body", "POST", f"{one}/restore", None, 400, "bad_field", "snapshot", "missing")
    for verb, body, code, word in (
        ("activate", {}, "bad_field", "module"),
        ("activate", {"module": 5}, "bad_field", "module"),
        ("activate", {"module": "../../etc/passwd"}, "bad_field", "module"),
        ("activate", {"module": "100-nix"}, "no_module", "100-nix"),
        ("activate", {"module": "100-nix", "force": True}, "no_module", "100-nix"),
        ("activate", {"module": DEBIAN, "force": 1}, "bad_field", "force"),
        ("activate", {"module": DEBIAN, "force": "true"}, "bad_field", "force"),
        ("activate", {"module": DEBIAN, "force": None}, "bad_field", "force"),
        ("activate", {"module": name}, "bad_field", "module"),
        ("snapshot", {"label": 5}, "bad_field", "label"),
        ("snapshot", {"label": "a\0b"}, "bad_field", "label"),
        ("snapshot", {"label": "x" * 1025}, "bad_field", "label"),
        ("restore", {}, "bad_field", "snapshot"),
        ("restore", {"snapshot": 1}, "bad_field", "snapshot"),
        ("restore", {"snapshot": "../dev"}, "bad_field", "snapshot"),
        ("restore", {"snapshot": DEBIAN}, "bad_field", "snapshot"),
    ):
        refuse(m, f"{verb} {json.dumps(body)[:40]}", "POST", f"{one}/{verb}", body, 400, code, word)
    path = f"snapshots/{name}"
    body = bodies["restore"]
    refuse(m, "restore of none", "POST", f"{one}/restore", body, 404, "not_found", name)
    refuse(m, "dropping none", "DELETE", f"{one}/{path}", None, 404, "not_found", name)
    refuse(m, "dropping in none", "DELETE", f"{nix}/{path}", None, 404, "not_found", "nix")
    refuse(m, "a bad name", "DELETE", f"{one}/snapshots/{DEBIAN}", None, 400, "bad_field")
    for path in ("snapshots", "snapshots/", f"{path}/", f"{path}/x", "activate/x"):
        refuse(m, f"DELETE {path}", "DELETE", f"{one}/{path}", None, 404, "not_found")
    reply = m.http("GET", f"{one}/snapshots/{name}")
    equal("GET of a snapshot: 405", (reply.status, reply.headers.get("allow")), (405, "DELETE"))
    equal("nothing has changed", info(m, "dev")["layers"], PYTHON.split(","))


def test_bad_json(m):
    for what, body, offset in (
        ("no JSON", "hello", "0"),
        ("an open object", '{"id":"x"', "9"),
        ("a trailing comma", '{"id":"x",}', "10"),
        ("text behind it", '{"id":"x"} y', "11"),
        ("invalid UTF-8", b'{"id":"\xff"}', "7"),
        ("a lone surrogate", '{"id":"\\ud800"}', ""),
        ("deep nesting", "[" * 100_000, ""),
    ):
        refuse(m, what, "POST", SANDBOXES, body, 400, "bad_json", offset)


def test_bad_fields(m):
    good = {"id": "new", "layers": DEBIAN}
    for what, change, word in (
        ("no id", {"id": None}, "id"),
        ("a number as id", {"id": 5}, "id"),
        ("an empty id", {"id": ""}, "id"),
        ("an id that is a path", {"id": "../dev"}, "id"),
        ("an id too long", {"id": "x" * 100}, "id"),
        ("no layers", {"layers": None}, "layers"),
        ("empty layers", {"layers": []}, "layers"),
        ("layers of numbers", {"layers": [1]}, "layers"),
        ("a negative cpu", {"cpu": -1}, "cpu"),
        ("no memory", {"memory_mb": 0}, "memory_mb"),
        ("more memory than there is", {"memory_mb": 1 << 20}, "memory_mb"),
        ("a lifetime in words", {"max_lifetime_s": "1h"}, "max_lifetime_s"),
        ("allow_net as a string", {"allow_net": "x.org"}, "allow_net"),
        ("a task that is none", {"task": ["x"]}, "task"),
        ("no room at all", {"disk_mb": 0}, "disk_mb"),
        ("half a megabyte", {"disk_mb": 0.5}, "disk_mb"),
        ("room in words", {"disk_mb": "1G"}, "disk_mb"),
        ("more room than any disk has", {"disk_mb": 1 << 40}, "disk_mb"),
        ("layers and a snapshot", {"from": "dev/900-snapshot-1"}, "from"),
        ("from that is none", {"layers": None, "from": ["dev"]}, "from"),
        ("from a path", {"layers": None, "from": "../dev/900-snapshot-1"}, "from"),
        ("from a sandbox alone", {"layers": None, "from": "dev"}, "from"),
        ("from a module", {"layers": None, "from": f"dev/{DEBIAN}"}, "from"),
    ):
        body = {name: value for name, value in {**good, **change}.items() if value is not None}
        refuse(m, what, "POST", SANDBOXES, body, 400, "bad_field", word)
    refuse(m, "an array as body", "POST", SANDBOXES, [good], 400, "bad_json")
    refuse(m, "an id that is taken", "POST", SANDBOXES, {**good, "id": "dev"}, 409, "exists", "dev")
    missing = {**good, "layers": f"{DEBIAN},100-nix"}
    refuse(m, "an unknown module", "POST", SANDBOXES, missing, 400, "no_module", "100-nix")
    for source in ("nix/900-snapshot-1", "dev/900-snapshot-1"):
        body = {"id": "new", "from": source}
        refuse(m, f"from {source}, not there", "POST", SANDBOXES, body, 400, "no_snapshot")
    path = {**good, "layers": "../../etc/passwd"}
    reply = m.http("POST", SANDBOXES, path)
    equal("a path as module: 400", reply.status, 400)
    exec_path = f"{SANDBOXES}/dev/exec"
    for what, body, word in (
        ("no cmd", {}, "cmd"),
        ("a number as cmd", {"cmd": 1}, "cmd"),
        ("NUL in cmd", {"cmd": "a\0b"}, "cmd"),
        ("a timeout below 0", {"cmd": ":", "timeout": -1}, "timeout"),
        ("env that is no object", {"cmd": ":", "env": "A=b"}, "env"),
        ("a number in env", {"cmd": ":", "env": {"A": 1}}, "env"),
        ("a relative workdir", {"cmd": ":", "workdir": "tmp"}, "workdir"),
        ("stdin that is no string", {"cmd": "cat", "stdin": 5}, "stdin"),
    ):
        refuse(m, what, "POST", exec_path, body, 400, "bad_field", word)


def test_destroy(m):
    before = [s["id"] for s in m.http("GET", SANDBOXES).json]
    equal("refused requests have left nothing", before, ["dev"])
    reply = m.http("DELETE", f"{SANDBOXES}/dev")
    equal("destroy answers 204", (reply.status, reply.body), (204, b""))
    equal("then it is unknown", m.http("GET", f"{SANDBOXES}/dev").status, 404)
    equal("and the list is empty", m.http("GET", SANDBOXES).json, [])


def main():
    with pool.borrow(pool.OPEN) as m:
        equal("health", m.http("GET", "health").json, {"status": "ok"})
        before = m.counts()
        tap.each(m, test_modules, test_create, test_info, test_exec, test_list, test_plain_curl)
        tap.each(m, test_activate, test_snapshot, test_from, test_refusals, test_layer_refusals)
        tap.each(m, test_bad_json, test_bad_fields, test_destroy)
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
