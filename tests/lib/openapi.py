# SPDX-License-Identifier: MIT
"""The document of GET openapi.json, and whether replies are what it says."""

import json
import re
from datetime import datetime

from jsonschema import Draft202012Validator, FormatChecker

METHODS = ("get", "post", "delete")
FORMATS = FormatChecker(())


@FORMATS.checks("date-time", ValueError)
def is_time(text):
    return bool(datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


@FORMATS.checks("int64")
def is_int64(number):
    return not isinstance(number, int) or -(2**63) <= number < 2**63


def shape(path):
    """The path without the names of its variables: "/a/{id}" and "/a/:name" are one."""
    return re.sub(r"\{\w+\}|:\w+", "{}", path)


class Operation:
    """One of the document's. parameters and body are resolved; responses has what is said of a
    status."""

    def __init__(self, document, path, method):
        item = document.tree["paths"][path]
        node = item[method]
        self.document = document
        self.path, self.method = path, method.upper()
        self.id = node["operationId"]
        self.security = node["security"]
        self.parameters = [
            document.resolve(p) for p in item.get("parameters", []) + node.get("parameters", [])
        ]
        self.query = [p for p in self.parameters if p["in"] == "query"]
        self.body = node.get("requestBody")
        self.responses = {s: document.resolve(r) for s, r in node["responses"].items()}
        self._pattern = re.compile("[^/]+".join(map(re.escape, re.split(r"\{\w+\}", path))))

    def __repr__(self):
        return f"{self.method} {self.path}"

    @property
    def right(self):
        return self.security[0]["bearer"][0]

    def matches(self, method, path):
        return method == self.method and self._pattern.fullmatch(path)

    @property
    def body_schema(self):
        """Of a body that is JSON, resolved; None: it has none."""
        content = (self.body or {}).get("content", {}).get("application/json")
        return content and self.document.resolve(content["schema"])

    def codes(self, status):
        """The codes that an error of that status may have."""
        schema = self.responses[status]["content"]["application/json"]["schema"]
        return schema["allOf"][1]["properties"]["code"]["enum"]

    def outcomes(self):
        """All that the document says may come, but for its default: {(status, what)}, what being a code,
        a type, or None for nothing."""
        found = set()
        for status, response in self.responses.items():
            if status[0] in "45":
                found |= {(status, code) for code in self.codes(status)}
            elif status != "default":
                found |= {(status, kind) for kind in response.get("content", {None: None})}
        return found

    def faults(self, reply):
        """What of the reply isn't as the document has it: texts."""
        said = self.responses.get(str(reply.status), self.responses["default"] if reply.status >= 400 else None)
        if not said:
            return [f"status {reply.status} is not in the document"]
        return [*self._content_faults(reply, said.get("content", {})), *self._header_faults(reply, said.get("headers", {}))]

    def _content_faults(self, reply, content):
        kind = reply.headers.get("content-type")
        if not content:
            return [f"{kind}, {reply.body}, where nothing comes"] if kind or reply.body else []
        # Of no bytes the API says no type.
        if not reply.body and any(not media for media in content.values()):
            return []
        if kind not in content:
            return [f"the type {kind} is not in the document: {[*content]}"]
        if kind == "application/x-ndjson":
            return self._line_faults(reply, content[kind]["schema"])
        if kind == "application/json":
            return self.document.schema_faults(content[kind]["schema"], reply.json)
        return []

    def _line_faults(self, reply, schema):
        lines = [json.loads(line) for line in reply.body.splitlines()]
        faults = [fault for line in lines for fault in self.document.schema_faults(schema, line)]
        last = [i for i, line in enumerate(lines) if "result" in line or "error" in line]
        if last != [len(lines) - 1]:
            faults.append(f"of {len(lines)} lines these are the last: {last}")
        return faults

    def _header_faults(self, reply, headers):
        faults = []
        headers = {name.lower(): header for name, header in headers.items()}
        for name, header in headers.items():
            value = reply.headers.get(name)
            if value is None:
                faults.append(f"there is no {name}")
                continue
            schema = self.document.resolve(header["schema"])
            value = int(value) if schema.get("type") == "integer" else value
            faults += self.document.schema_faults(schema, value)
        ours = {n for n in reply.headers if n.startswith("squash-") or n == "www-authenticate"}
        return faults + [f"{name} is not in the document" for name in ours - {*headers}]


class Document:
    def __init__(self, tree):
        self.tree = tree
        self._validators = {}
        self.operations = [
            Operation(self, path, method)
            for path, item in tree["paths"].items() for method in METHODS if method in item
        ]  # fmt: skip

    def resolve(self, node):
        while "$ref" in node:
            target = self.tree
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part]
            node = target
        return node

    def schema_faults(self, schema, value):
        key = json.dumps(schema)
        if key not in self._validators:
            root = {"components": self.tree["components"], **schema}
            self._validators[key] = Draft202012Validator(root, format_checker=FORMATS)
        return [f"{e.json_path}: {e.message[:300]}" for e in self._validators[key].iter_errors(value)]

    def find(self, method, path):
        """The operation that a request is for; None: there is no such one."""
        path = "/" + path.partition("?")[0].removeprefix("/").removeprefix("cgi-bin/")
        return next((op for op in self.operations if op.matches(method, path)), None)


class Watch:
    """Holds each reply of a machine against its document. wrong: what was not as it says; seen: what has
    come, {(operation's id, status, code or type)}."""

    def __init__(self, machine):
        self.document = Document(machine.http("GET", "openapi.json").json)
        self.wrong = []
        self.seen = set()
        machine.watch = self.take

    def take(self, method, path, reply):
        op = self.document.find(method, path)
        if not op:
            return
        self.wrong += [f"{method} {path}: {reply}: {fault}" for fault in op.faults(reply)]
        what = reply.headers.get("content-type")
        if reply.status >= 400 and isinstance(reply.json, dict):
            what = reply.json.get("code")
        self.seen.add((op.id, str(reply.status), what))
