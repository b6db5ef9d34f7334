#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The document that GET openapi.json answers, and the image, held against each other: what the one says
the other does, and what the other has the one says. tests/lib/openapi.py looks at each reply."""

import io
import json
import re
import subprocess
import tarfile

import tap
from api import BUSYBOX
from jsonschema import Draft202012Validator
from machine import BUILD, ROOT, Machine, Reply, data_disk, drive, free_port, make_module
from openapi import Watch, shape
from tap import check, equal

TOKEN = "token-of-the-kernel-command-line"
RIGHTS = ("read", "run", "admin")
MORE, BROKEN, OTHER, FROZEN = "150-more", "151-broken", "152-other", "160-frozen"
CGI = "/srv/http/www/cgi-bin"


def tar(*names):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(name), io.BytesIO())
    return out.getvalue()


# What makes a whole request of each operation that takes more than its path, for a sandbox and names that
# are not there. The order of its keys is that of ask's.
EXAMPLES = {
    "uploadModule": {"query": f"name={OTHER}", "body": b"no squashfs"},
    "createSandbox": {"body": {"id": "new", "layers": "099-nothing"}},
    "exec": {"body": {"cmd": "pwd"}},
    "getExecOutput": {"query": "stream=stdout"},
    "readFile": {"query": "path=/etc/passwd"},
    "writeFile": {"query": "path=/tmp/file", "body": b"text"},
    "deleteFile": {"query": "path=/etc"},
    "listDirectory": {"query": "path=/"},
    "readTar": {"query": "path=/etc"},
    "writeTar": {"query": "path=/tmp", "body": tar("x")},
    "activateModule": {"body": {"module": MORE}},
    "takeSnapshot": {"body": {}},
    "freezeModule": {"query": "name=161-new"},
    "restoreSnapshot": {"body": {"snapshot": "900-snapshot-1"}},
    "changeAllowNet": {"body": {"allow_net": []}},
    "update": {"body": bytes(512)},
    "createToken": {"body": {"name": "reader", "right": "read"}},
}
NAMES = {"id": "nobody", "n": "77", "getModule": "159-nothing", "deleteModule": "159-nothing",
         "deleteSnapshot": "900-snapshot-77", "deleteToken": "nobody"}

# What is answered to a request of EXAMPLES in which nothing is wrong, or with another value for what is
# named, if it isn't 404.
REACHED = {
    "uploadModule": (400, "bad_module"), ("uploadModule", "sha256"): (400, "bad_checksum"),
    "createSandbox": (400, "no_module"), ("createSandbox", "from"): (400, "no_snapshot"),
    "createToken": (409, "exists"), "update": (501, "no_esp"), "getHistory": (200, None),
    "listSandboxes": (200, None), "listModules": (200, None),
}  # fmt: skip

# What the document has and this test doesn't see, and why. An operation, a status or a code may be left open.
ELSEWHERE = {
    (None, None, "bad_request"): "front's: tests/front",
    (None, None, "cross_origin"): "front's: tests/front",
    (None, None, "public_host"): "takes an open API: test_tokens.py",
    (None, None, "timeout"): "takes 30 s and more: tests/front, test_modules.py, test_files.py",
    (None, None, "incomplete"): "whoever is told has hung up: test_modules.py's descriptors",
    (None, None, "no_space"): "takes a full disk: test_reboot.py, test_modules.py, test_files.py",
    (None, "409", "busy"): "takes 5 s, or a mount point: test_snapshot.py, test_files.py",
    (None, None, "interrupted"): "takes somebody inside who kills box-files: test_files.py",
    (None, None, "failed"): "no file system that we have gives such a reason",
    (None, None, "too_much"): "a path of 64 KiB, or half an hour: test_snapshot.py",
    ("takeSnapshot", "409", "full"): "100 snapshots",
    ("createSandbox", "409", "full"): "nine snapshots, each on the next: test_snapshot.py",
    ("restoreSnapshot", "409", "full"): "nine snapshots, each on the next: test_snapshot.py",
    ("activateModule", "409", "full"): "64 layers",
    ("freezeModule", "409", "full"): "64 layers",
    ("update", None, None): "takes a UEFI disk, and its key: test_update.py",
    ("powerOff", "202", None): "a machine ends once, here by reboot: test_tokens.py",
}
# Of a module that is damaged while its sandbox is down: test_reboot.py.
JOINS = ("exec", "readFile", "writeFile", "deleteFile", "listDirectory", "readTar", "writeTar", "restoreSnapshot")
ELSEWHERE |= {(op, None, "bad_module"): "a module damaged while its sandbox is down" for op in JOINS}


def ask(m, op_id, query="", body=None, headers=(), token=None, **names):
    """A request of that operation."""
    op = m.operations[op_id]
    values = {**NAMES, "name": NAMES.get(op_id), **names}
    path = re.sub(r"\{(\w+)\}", lambda match: str(values[match[1]]), op.path).removeprefix("/")
    return m.http(op.method, f"{path}?{query}" if query else path, body, headers=headers, token=token)


def reached(op, name):
    return REACHED.get((op.id, name), REACHED.get(op.id, (404, "not_found")))


def equal_sets(name, got, expected):
    equal(name, (sorted(got - expected), sorted(expected - got)), ([], []))


def spelled(value):
    """As a parameter of a query."""
    return value if isinstance(value, str) else json.dumps(value)


def outcome(reply):
    return reply.status, (reply.json or {}).get("code") if reply.status >= 400 else None


def example(op, **changes):
    return {**EXAMPLES.get(op.id, {}), **changes}


# The document by itself

def test_document(m):
    reply = m.http("GET", "openapi.json")
    equal("it is what was built", reply.body, (BUILD / "openapi.json").read_bytes())
    equal("it is JSON", (reply.status, reply.headers["content-type"]), (200, "application/json"))
    equal("it takes a token", outcome(m.http("GET", "openapi.json", token="\t")), (401, "unauthorized"))
    curl = ["curl", "-sSk", "-i", "-H", f"Authorization: Bearer {TOKEN}", f"https://127.0.0.1:{m.tls_port}/cgi-bin/openapi.json"]
    tls = Reply(subprocess.run(curl, check=True, capture_output=True).stdout)
    equal("by TLS it is the same", (tls.status, tls.body), (200, reply.body))
    equal("its version is the appliance's", reply.json["info"]["version"], m.http("GET", "api/system").json["version"])
    equal("httpd doesn't hand out the file", {m.http("GET", f"../{p}openapi.json").status for p in ("", "x/../", "../")}, {404})


def subschemas(node):
    """All schemas in the tree, each once."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "schema":
                yield value
            elif key == "schemas":
                yield from value.values()
            else:
                yield from subschemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from subschemas(value)


def test_valid(m):
    """OpenAPI 3.1, as far as JSON Schema's own schema and a look at each operation show it."""
    tree = m.document.tree
    equal("OpenAPI 3.1", (tree["openapi"], sorted(tree["info"])),
          ("3.1.0", ["description", "license", "summary", "title", "version"]))
    bad = []
    for schema in subschemas(tree):
        bad += [f"{schema}: {e.message}" for e in Draft202012Validator(Draft202012Validator.META_SCHEMA).iter_errors(schema)]
    equal("its schemas are schemas", bad, [])
    found = re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(tree))
    parts = {(kind, name) for kind in tree["components"] for name in tree["components"][kind]}
    equal_sets("what it refers to is there, and nothing else", {*found} | {("securitySchemes", "bearer")}, parts)
    ids = [op.id for op in m.document.operations]
    equal("each operation has a name of its own", len({*ids}), len(ids))
    tags = [tag["name"] for tag in tree["tags"]]
    for op in m.document.operations:
        node = tree["paths"][op.path][op.method.lower()]
        faults = [key for key in node if key not in (
            "operationId", "tags", "summary", "description", "parameters", "requestBody", "responses", "security")]
        faults += [tag for tag in node["tags"] if tag not in tags]
        named = {p["name"] for p in op.parameters if p["in"] == "path" and p["required"]}
        faults += named ^ {*re.findall(r"\{(\w+)\}", op.path)}
        faults += [s for s, r in op.responses.items() if not re.fullmatch(r"[2-5]\d\d|default", s) or not r["description"]]
        faults += [s for s in op.security if s not in ({}, {"bearer": [op.right]})]
        equal(f"{op} is whole", faults, [])


# Which operations there are

def source_routes():
    """{(method, shape)} of src/api/endpoints.c."""
    rows = re.findall(r'\{"([A-Z]+)", "(/[^"]+)", MSG_', (ROOT / "src/api/endpoints.c").read_text())
    return {(method, shape(path)) for method, path in rows}


def test_routes(m):
    ours = {(op.method, shape(op.path)) for op in m.document.operations}
    equal_sets("src/api/endpoints.c has the same", source_routes(), ours)
    row = re.compile(r"^\| `(\w+) /cgi-bin(\S+)` \| (\w+) \|", re.MULTILINE)
    table = {(method, shape(path), right) for method, path, right in row.findall((ROOT / "docs/api.md").read_text())}
    equal_sets("so has docs/api.md, with the same rights", table, {(op.method, shape(op.path), op.right) for op in m.document.operations})
    names = m.inside(f"ls {CGI}")[1].split()
    equal_sets("httpd finds a program for each, and no other", {*names}, {op.path.split("/")[1] for op in m.document.operations})
    # The program's own strings: what it compares paths with.
    _, strings = m.inside(f"tr '\\0' '\\n' <{CGI}/api | grep -E '^/({'|'.join(names)})(/[a-z_/:]+)?$'")
    patterns = {*strings.split()}
    equal_sets("so has the program on the image", {shape(p) for p in patterns}, {shape(op.path) for op in m.document.operations})
    for pattern in sorted(patterns):
        path = re.sub(r":\w+", "1", pattern).removeprefix("/")
        reply = m.http("PATCH", path)
        methods = {op.method for op in m.document.operations if shape(op.path) == shape(pattern)}
        methods |= {"HEAD"} if "GET" in methods else set()
        equal(f"{pattern} answers these methods", (reply.status, {*reply.headers["allow"].split(", ")}), (405, methods))


def test_rights(m):
    for right in ("read", "run"):
        token = ask(m, "createToken", body={"name": f"{right}er", "right": right}).json["token"]
        for op in m.document.operations:
            if RIGHTS.index(op.right) > RIGHTS.index(right):
                equal(f"{op} is not for {right}", outcome(ask(m, op.id, **example(op), token=token)), (403, "forbidden"))
    # From an address each: front makes wait who has no token too often.
    script, paths = [], []
    for number, op in enumerate(m.document.operations, 1):
        path = re.sub(r"\{\w+\}", "1", op.path)
        body = "{}" if op.method == "POST" else ""
        lines = [f"{op.method} /cgi-bin{path} HTTP/1.1", "Host: x", f"Content-Length: {len(body)}", "Connection: close", "", body]
        text = "\\r\\n".join(lines)
        script.append(f"printf '{text}' | /bin/busybox nc -s 127.1.0.{number} 127.0.0.1 8080; printf '\\n--\\n'")
        paths.append(path)
    _, text = m.inside("; ".join(script), 60)
    replies = [Reply(part.replace("\r\n", "\n").replace("\n", "\r\n").encode()) for part in text.split("\n--\n")[:-1]]
    for op, path, reply in zip(m.document.operations, paths, replies, strict=True):
        m.watch(op.method, path, reply)
    equal("nothing is for who has no token", {outcome(reply) for reply in replies}, {(401, "unauthorized")})


# What is wrong with a request

def test_strangers(m):
    """Names of things that aren't there, and no names."""
    for op in m.document.operations:
        for parameter in op.parameters:
            if parameter["in"] != "path":
                continue
            got = ask(m, op.id, **example(op), **{parameter["name"]: "-"})
            equal(f"{op}: a bad {parameter['name']}", outcome(got), (400, "bad_field"))
        if "{" in op.path:
            equal(f"{op}: what isn't there", outcome(ask(m, op.id, **example(op))), (404, "not_found"))
        if op.query:
            query = EXAMPLES.get(op.id, {}).get("query", "")
            got = ask(m, op.id, **example(op, query=f"{query}&nothing=1".lstrip("&")))
            equal(f"{op}: an unknown parameter", outcome(got), (400, "bad_field"))


def test_bodies(m):
    for op in m.document.operations:
        if not op.body:
            continue
        good = example(op)
        query = {"query": good.get("query", "")}
        other = ask(m, op.id, **query, headers=["Transfer-Encoding: gzip"])
        equal(f"{op}: another encoding", outcome(other), (501, "unsupported_encoding"))
        large = ask(m, op.id, **query, body="{}", headers=["Content-Length: 2147483648"])
        equal(f"{op}: too large a body", outcome(large), (413, "too_large"))
        if op.body.get("required"):
            reply = ask(m, op.id, **query)
            check(f"{op}: no body", reply.status == 400 or op.id == "writeTar", reply)
        if not op.body_schema:
            continue
        equal(f"{op}: no JSON", outcome(ask(m, op.id, **query, body="[")), (400, "bad_json"))
        text = ask(m, op.id, **query, body="{}", headers=["Content-Type: text/plain"])
        equal(f"{op}: another type", outcome(text), (415, "unsupported_media_type"))
        more = {**good.get("body", {}), "nothing": 1}
        equal(f"{op}: an unknown member", outcome(ask(m, op.id, **query, body=more)), (400, "bad_field"))
        chunks = ask(m, op.id, **query, body=more, headers=["Transfer-Encoding: chunked"])
        equal(f"{op}: in chunks, too", outcome(chunks), (400, "bad_field"))
        for name in op.body_schema.get("required", []):
            less = {key: value for key, value in good["body"].items() if key != name}
            equal(f"{op}: no {name}", outcome(ask(m, op.id, **query, body=less)), (400, "bad_field"))


def candidates(document, schema):
    """Values at a schema's limits and just outside of them, and of other types; each once."""
    return {json.dumps(value): value for value in all_candidates(document, document.resolve(schema))}.values()


def all_candidates(document, schema):
    for choice in schema.get("anyOf", []):
        yield from candidates(document, choice)
    yield from ("text", True, 1.5, [1], {"a": 1})
    if "default" in schema:
        yield schema["default"]
    yield from schema.get("enum", [])
    for text in schema.get("examples", []):
        longest = max(schema.get("maxLength", 0) - len(text), 0)
        yield from (text, text[:-1], *(text + text[-1] * more for more in (1, longest, longest + 1)))
    step = 1 if schema.get("type") == "integer" else 0.001
    for key, beyond in (("minimum", -step), ("maximum", step)):
        if key in schema:
            yield from (schema[key], schema[key] + beyond)
    if schema.get("type") == "string" and "maxLength" in schema:
        for length in (0, schema["maxLength"], schema["maxLength"] + 1):
            yield from ("x" * length, "/" + "x" * (length - 1))
    if "minLength" in schema:
        yield "x" * (schema["minLength"] - 1)
    if schema.get("type") == "array":
        for count in (schema.get("minItems", 1) - 1, schema["maxItems"], schema["maxItems"] + 1):
            yield [f"100-a{i:03}" for i in range(count)]
        yield from ([value] for value in candidates(document, schema["items"]) if isinstance(value, str))
        yield ["100-a", "100-a"]
    if "maxProperties" in schema:
        yield from ({f"n{i}": "" for i in range(schema["maxProperties"] + more)} for more in (0, 1))
        yield {"a=b": ""}


def is_for_here(name, value):
    """Names that nobody can be called, as entries of allow_net and modules in a string are."""
    if name == "layers" and isinstance(value, str):
        return re.fullmatch(r"\d{3}-.*", value)
    if name == "allow_net":
        return all(re.fullmatch(r"[\w-]{1,63}", entry) and entry[0] != "-" for entry in value)
    return (name, value) != ("memory_mb", 67108864)


def test_limits(m):
    """Each member of a body, and each parameter: what its schema takes is taken, and nothing else."""
    for op in m.document.operations:
        schemas = (op.body_schema or {}).get("properties", {})
        for name, schema in schemas.items():
            wrong, tried = [], {True: 0, False: 0}
            for value in candidates(m.document, schema):
                good = not m.document.schema_faults(schema, value)
                if good and not is_for_here(name, value):
                    continue
                body = {**EXAMPLES.get(op.id, {}).get("body", {}), name: value}
                if name == "from":
                    body.pop("layers")
                got = outcome(ask(m, op.id, body=body))
                tried[good] += 1
                if op.id == "createToken" and got == (201, None):
                    got = reached(op, name)
                    ask(m, "deleteToken", name=value)
                if got != (reached(op, name) if good else (400, "bad_field")):
                    wrong.append((value if len(str(value)) < 99 else str(value)[:99], got))
            told = f"{op}: {name} ({tried[True]} that are good, {tried[False]} that aren't)"
            check(told, not wrong and tried[False], wrong)


def test_parameters(m):
    for op in m.document.operations:
        good = example(op)
        others = dict(pair.split("=") for pair in good.get("query", "").split("&") if pair)
        for parameter in op.query:
            name, wrong, tried = parameter["name"], [], {True: 0, False: 0}
            schema = m.document.resolve(parameter["schema"])
            for value in candidates(m.document, schema):
                if isinstance(value, (list, dict)) or value == "" or len(str(value)) > 3000:
                    continue
                text = spelled(value)
                fits = not m.document.schema_faults(schema, text if schema["type"] == "string" else value)
                query = "&".join(f"{k}={v}" for k, v in {**others, name: text}.items())
                got = outcome(ask(m, op.id, **{**good, "query": query}))
                tried[fits] += 1
                if got != (reached(op, name) if fits else (400, "bad_field")):
                    wrong.append((value, got))
            told = f"{op}: {name} ({tried[True]} that are good, {tried[False]} that aren't)"
            check(told, not wrong and tried[False], wrong)
            if parameter.get("required"):
                query = "&".join(f"{k}={v}" for k, v in others.items() if k != name)
                equal("it is required", outcome(ask(m, op.id, **{**good, "query": query})), (400, "bad_field"))


# What is right with it

def steps(m, *wanted):
    """[(operation, what is asked, expected outcome)...]"""
    for op_id, asked, expected in wanted:
        reply = ask(m, op_id, **{"id": "box", **asked})
        expected = expected if isinstance(expected, tuple) else (expected, None)
        told = {k: v for k, v in asked.items() if not isinstance(v, bytes)}
        equal(f"{op_id} {told}", outcome(reply), expected)


def test_modules(m):
    module = make_module(MORE, {"more": "text\n"}).read_bytes()
    broken = module[:96] + bytes(len(module) - 96)
    steps(
        m,
        ("uploadModule", {"query": f"name={MORE}", "body": module}, 201),
        ("uploadModule", {"query": f"name={MORE}", "body": module}, (409, "exists")),
        ("uploadModule", {"query": f"name={BROKEN}", "body": broken}, 201),
        ("uploadModule", {"query": f"name={OTHER}", "body": module}, 201),
        ("uploadModule", {"query": f"name=153-x&sha256={'0' * 64}", "body": module}, (400, "bad_checksum")),
        ("uploadModule", {"query": "name=153-x", "body": b"x"}, (400, "bad_module")),
        ("deleteModule", {"name": OTHER}, 204),
        ("deleteModule", {"name": BUSYBOX}, (409, "builtin")),
        ("listModules", {}, 200),
    )


def test_sandboxes(m):
    box = {"id": "box", "layers": [BUSYBOX]}
    reply = ask(m, "createSandbox", body=box)
    equal("createSandbox", reply.status, 201)
    properties = m.operations["createSandbox"].body_schema["properties"]
    defaults = {name: schema["default"] for name, schema in properties.items() if "default" in schema}
    equal("its defaults are as they say", {name: reply.json.get(name) for name in defaults}, defaults)
    steps(
        m,
        ("createSandbox", {"body": box}, (409, "exists")),
        ("createSandbox", {"body": {"id": "b", "from": "box/900-snapshot-9"}}, (400, "no_snapshot")),
        ("createSandbox", {"body": {"id": "b", "layers": f"{BUSYBOX},{BROKEN}"}}, (400, "bad_module")),
        ("createSandbox", {"body": {"id": "b", "layers": BUSYBOX, "from": "box/900-snapshot-1"}}, (400, "bad_field")),
        ("createSandbox", {"body": {"id": "b"}}, (400, "bad_field")),
        ("createSandbox", {"body": {"id": "least", "layers": BUSYBOX, "memory_mb": 16, "disk_mb": 1}}, 201),
        ("deleteSandbox", {"id": "least"}, 204),
        ("changeAllowNet", {"body": {"allow_net": ["example.org"]}}, 200),
        ("exec", {"body": {"cmd": "nslookup nothing.example; wget -T 1 -qO- http://example.org; true"}}, 200),
        ("getNetwork", {}, 200),
    )
    check("the network log has lines", len(ask(m, "getNetwork", id="box").json["network"]) >= 1)


def test_commands(m):
    steps(
        m,
        ("exec", {"body": {"cmd": "kill -9 $$", "env": {"A": "b"}, "stdin": "x", "workdir": "/tmp", "timeout": 5}}, 200),
        ("exec", {"body": {"cmd": "sleep 9", "timeout": 0.01}}, 200),
        ("exec", {"query": "stream=1", "body": {"cmd": "echo a; echo b >&2; printf '\\377'; sleep 1.2"}}, 200),
        ("exec", {"query": "stream=1", "body": {"cmd": "true", "detach": True}}, (400, "bad_field")),
    )
    n = ask(m, "exec", id="box", body={"cmd": "echo out; exec sleep 1000", "detach": True}).json["exec"]
    steps(
        m,
        ("getExec", {"n": n}, 200),
        ("getExecOutput", {"n": n, "query": "stream=stdout&wait=10"}, 200),
        ("getExecOutput", {"n": n, "query": "stream=stderr"}, 200),
        ("killExec", {"n": n}, 204),
        ("killExec", {"n": n}, 204),
        ("getExec", {"n": n}, 200),
        ("listExecs", {}, 200),
        ("getExecOutput", {"n": n, "query": "stream=stdout&offset=2"}, 200),
    )


def test_gets(m):
    """Each GET that needs no more than the sandbox, once there is something to show."""
    for op in m.document.operations:
        path = {parameter["name"] for parameter in op.parameters if parameter["in"] == "path"}
        if op.method == "GET" and path <= {"id"} and not any(p.get("required") for p in op.query):
            steps(m, (op.id, {}, 200))


def test_files(m):
    x = "path=/work/a/x"
    make = "mkdir /d; ln -s /nowhere /d/link; mkfifo /d/fifo; ln -s l2 /l1; ln -s l1 /l2; mknod /d/dev c 1 3"
    steps(
        m,
        ("writeFile", {"query": f"{x}&mode=0755", "body": b"text"}, 201),
        ("writeFile", {"query": "path=/work/a/empty"}, 201),
        ("readFile", {"query": x}, 200),
        ("readFile", {"query": "path=/work/a/empty"}, 200),
        ("exec", {"body": {"cmd": make}}, 200),
        ("readTar", {"query": "path=/work"}, 200),
        ("writeTar", {"query": "path=/t", "body": tar("x", "y")}, 200),
        ("deleteFile", {"query": "path=/work"}, (409, "not_empty")),
        *(("listDirectory", {"query": f"path={p}"}, 200) for p in ("/", "/d", "/dev")),
        *((op, {"query": "path=/work", **b}, (400, "not_a_file")) for op, b in (("readFile", {}), ("writeFile", {"body": b"x"}))),
        *((op, {"query": f"{x}/y", **b}, (400, "not_a_directory")) for op, b in (
            ("readFile", {}), ("writeFile", {"body": b"x"}), ("deleteFile", {}), ("listDirectory", {}), ("readTar", {}),
            ("writeTar", {"body": tar("x")}))),
        *((op, {"query": "path=/l1/x", **b}, (400, "bad_path")) for op, b in (
            ("readFile", {}), ("writeFile", {"body": b"x"}), ("deleteFile", {}), ("listDirectory", {}), ("readTar", {}),
            ("writeTar", {"body": tar("x")}))),
        *((op, {"query": "path=/proc/1/root/x", **b}, (403, "denied")) for op, b in (
            ("readFile", {}), ("writeFile", {"body": b"x"}), ("deleteFile", {}), ("listDirectory", {}), ("readTar", {}),
            ("writeTar", {"body": tar("x")}))),
        ("readTar", {"query": "path=/d/fifo"}, (400, "not_a_file")),
        ("writeTar", {"query": "path=/", "body": tar("d")}, (400, "not_a_file")),
        ("writeTar", {"query": "path=/t", "body": b"x" * 1024}, (400, "bad_tar")),
        ("writeTar", {"query": "path=/t"}, (400, "bad_tar")),
        ("deleteFile", {"query": "path=/work&recursive=1"}, 204),
    )  # fmt: skip


def test_layers(m):
    ask(m, "exec", id="box", body={"cmd": "sleep 1000 >/dev/null 2>&1 &"})
    steps(
        m,
        ("activateModule", {"body": {"module": MORE}}, (409, "processes")),
        ("activateModule", {"body": {"module": MORE, "force": False}}, (409, "processes")),
        ("activateModule", {"body": {"module": "159-nothing"}}, (400, "no_module")),
        ("activateModule", {"body": {"module": BROKEN, "force": True}}, (400, "bad_module")),
        ("activateModule", {"body": {"module": MORE, "force": True}}, 200),
        ("deleteModule", {"name": MORE}, (409, "in_use")),
        ("freezeModule", {"query": f"name={FROZEN}"}, 201),
        ("freezeModule", {"query": f"name={FROZEN}&version=2"}, (409, "exists")),
        ("createSandbox", {"body": {"id": "plain", "layers": [BUSYBOX]}}, 201),
        ("createSandbox", {"body": {"id": "less", "layers": [BUSYBOX, FROZEN]}}, (400, "needs")),
        ("activateModule", {"id": "plain", "body": {"module": FROZEN}}, (400, "needs")),
        ("deleteSandbox", {"id": "plain"}, 204),
        ("getModule", {"name": FROZEN}, 200),
    )
    frozen = ask(m, "getModule", name=FROZEN).body
    steps(
        m,
        ("uploadModule", {"query": "name=161-new", "body": frozen}, (400, "bad_manifest")),
        ("takeSnapshot", {}, 201),
        ("takeSnapshot", {"body": {"label": "two"}}, 201),
        ("restoreSnapshot", {"body": {"snapshot": "900-snapshot-1"}}, 200),
        ("freezeModule", {"query": "name=161-new"}, (409, "on_snapshot")),
        ("deleteSnapshot", {"name": "900-snapshot-1"}, (409, "in_use")),
        ("createSandbox", {"body": {"id": "copy", "from": "box/900-snapshot-1"}}, 201),
        ("deleteSnapshot", {"name": "900-snapshot-2"}, 204),
        ("getSandbox", {}, 200),
        ("listSandboxes", {}, 200),
        ("deleteSandbox", {"id": "copy"}, 204),
    )


def test_defaults(m):
    """What isn't said is as if the default were."""
    n = ask(m, "listExecs", id="box").json[-1]["exec"]
    ask(m, "exec", id="box", body={"cmd": "sleep 1000 >/dev/null 2>&1 &"})
    ask(m, "uploadModule", query=f"name={OTHER}", body=make_module(OTHER, {"other": ""}).read_bytes())
    live = {"activateModule": {"body": {"module": OTHER}}}
    for op in m.document.operations:
        asked = {"id": "box", "n": n, **example(op), **live.get(op.id, {})}
        members = {} if op.id == "createSandbox" else (op.body_schema or {}).get("properties", {})
        for name, schema in members.items():
            if "default" in schema:
                said = {**asked, "body": {**asked["body"], name: schema["default"]}}
                same(m, op, name, asked, said)
        for parameter in op.query:
            schema = m.document.resolve(parameter["schema"])
            if "default" in schema:
                query = [asked["query"]] if "query" in asked else []
                said = {**asked, "query": "&".join([*query, f"{parameter['name']}={spelled(schema['default'])}"])}
                same(m, op, parameter["name"], asked, said)
    labels = [taken["label"] for taken in ask(m, "getSandbox", id="box").json["snapshots"][-2:]]
    equal("a label, too", labels, ["", ""])
    steps(m, ("activateModule", {"body": {"module": OTHER, "force": True}}, 200))


def same(m, op, name, asked, said):
    def stable(reply):
        known = ("exit_code", "stdout", "code", "error")
        shown = {key: reply.json.get(key) for key in known} if isinstance(reply.json, dict) else reply.body
        return reply.status, re.sub(r"\d+ \(sleep", "(sleep", str(shown))

    equal(f"{op}: {name}", stable(ask(m, op.id, **said)), stable(ask(m, op.id, **asked)))


def test_system(m):
    taken = "0" * 64
    m.inside(f"cat /data/tokens >/data/kept; i=0; while [ $i -lt 256 ]; do echo t$i read {taken}; i=$((i+1)); done >>/data/tokens")
    steps(m, ("createToken", {"body": {"name": "new", "right": "read"}}, (409, "full")))
    m.inside("mv /data/kept /data/tokens")
    steps(
        m,
        ("createToken", {"body": {"name": "ops", "right": "admin"}}, 201),
        ("createToken", {"body": {"name": "ops", "right": "admin"}}, (409, "exists")),
        ("listTokens", {}, 200),
        ("deleteToken", {"name": "ops"}, 204),
        ("deleteSandbox", {}, 204),
    )
    events = {event["event"] for event in ask(m, "getHistory").json}
    schema = m.document.tree["components"]["schemas"]["Event"]
    all_of_them = {e for one in schema["oneOf"] for e in [one["properties"]["event"]] for e in e.get("enum", [e.get("const")])}
    equal_sets("all events but these were seen", all_of_them - events, {"restart", "update", "reboot", "poweroff"})


def test_end(m):
    equal("reboot", ask(m, "reboot").json, {"status": "rebooting"})
    equal("it ends", m.wait_end(40), 0)


def covering(*what):
    """The exceptions for an operation's status and code."""
    return {key for key in ELSEWHERE if all(a in (None, b) for a, b in zip(key, what))}


def judge(watch):
    """What came, and what did not."""
    equal("every answer is as the document says", watch.wrong[:20], [])
    excused = set()
    for op in watch.document.operations:
        missing = op.outcomes() - {(status, what) for op_id, status, what in watch.seen if op_id == op.id}
        reasons = {pair: covering(op.id, *pair) for pair in missing}
        excused.update(*reasons.values())
        unseen = [pair for pair, keys in reasons.items() if not keys]
        equal(f"{op} has answered all that the document has", unseen, [])
    equal("no exception is idle", {*ELSEWHERE} - excused, set())


def main():
    tls_port = free_port()
    settings = f"SQUASH_AUTH_TOKEN={TOKEN}"
    files = {"/etc/squash/update.pub": b"\4" * 65}
    guest = f":8080,hostfwd=tcp:127.0.0.1:{tls_port}-:8443"
    with Machine("openapi", settings, memory_mb=1536, args=drive(data_disk("openapi", 256)), files=files, guest=guest) as m:
        m.token, m.tls_port = TOKEN, tls_port
        m.wait_api()
        watch = Watch(m)
        m.document = watch.document
        m.operations = {op.id: op for op in m.document.operations}
        tap.each(m, test_document, test_valid, test_routes, test_rights, test_strangers, test_bodies, test_limits,
                 test_parameters, test_modules, test_sandboxes, test_commands, test_gets, test_files, test_layers, test_defaults,
                 test_system, test_end)
        judge(watch)


tap.run(main)
