#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The API's walk as documented, with the Debian and Python modules, and requests gone wrong."""

import json
import re

import tap
from api import DEBIAN, PYTHON, SANDBOXES, TIME, create, destroy, execute
from machine import BUILD, Machine, drive
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
}


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
    refuse(m, "a chunked body", "POST", SANDBOXES, "{}", 411, "length_required", headers=chunked)
    refuse(m, "no body", "POST", SANDBOXES, None, 411, "length_required")
    large = json.dumps({"cmd": "x" * (1 << 20)})
    refuse(m, "a body above 1 MiB", "POST", f"{one}/exec", large, 413, "too_large")


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
    ):
        body = {name: value for name, value in {**good, **change}.items() if value is not None}
        refuse(m, what, "POST", SANDBOXES, body, 400, "bad_field", word)
    refuse(m, "an array as body", "POST", SANDBOXES, [good], 400, "bad_json")
    refuse(m, "an id that is taken", "POST", SANDBOXES, {**good, "id": "dev"}, 409, "exists", "dev")
    missing = {**good, "layers": f"{DEBIAN},100-nix"}
    refuse(m, "an unknown module", "POST", SANDBOXES, missing, 400, "no_module", "100-nix")
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
    with Machine("walk", memory_mb=2048, args=drive(BUILD / "data.ext4")) as m:
        seconds = m.wait_api()
        equal("health", m.http("GET", "health").json, {"status": "ok"})
        tap.note(f"the API answered after {seconds:.1f} s")
        before = m.counts()
        tap.each(m, test_modules, test_create, test_info, test_exec, test_list, test_plain_curl)
        tap.each(m, test_refusals, test_bad_json, test_bad_fields, test_destroy)
        equal("nothing is left behind", m.wait_counts(before), before)


tap.run(main)
