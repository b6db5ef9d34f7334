# SPDX-License-Identifier: MIT
"""The API's calls as the tests make them, where success is not itself what a test shows."""

import re
import threading

DEBIAN = "000-base-debian"
PYTHON = "000-base-debian,100-python313"
BUSYBOX = "000-base-busybox"

SANDBOXES = "api/sandboxes"
TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")  # RFC 3339, UTC


def create(machine, name, layers=PYTHON, **fields):
    """Create the sandbox, with layers=None from a snapshot; its info."""
    if layers:
        fields["layers"] = layers
    reply = machine.http("POST", SANDBOXES, {"id": name, **fields})
    assert reply.status == 201, f"create {name}: {reply}"
    return reply.json


def info(machine, name):
    reply = machine.http("GET", f"{SANDBOXES}/{name}")
    assert reply.status == 200, f"info {name}: {reply}"
    return reply.json


def execute(machine, name, cmd, **fields):
    """Run cmd in the sandbox; the result object."""
    reply = machine.http("POST", f"{SANDBOXES}/{name}/exec", {"cmd": cmd, **fields})
    assert reply.status == 200 and reply.json, f"exec {cmd!r}: {reply}"
    return reply.json


def output(machine, name, cmd, **fields):
    """What cmd prints, without white space around it. It must succeed."""
    result = execute(machine, name, cmd, **fields)
    assert result["exit_code"] == 0, f"exec {cmd!r}: {result}"
    return result["stdout"].strip()


def destroy(machine, name):
    reply = machine.http("DELETE", f"{SANDBOXES}/{name}")
    assert reply.status == 204, f"destroy {name}: {reply}"


def activate(machine, name, module, **fields):
    """Add the module to the sandbox's layers; its info."""
    reply = machine.http("POST", f"{SANDBOXES}/{name}/activate", {"module": module, **fields})
    assert reply.status == 200, f"activate {module} in {name}: {reply}"
    return reply.json


def snapshot(machine, name, **fields):
    """Take a snapshot; its name."""
    reply = machine.http("POST", f"{SANDBOXES}/{name}/snapshot", fields)
    assert reply.status == 201, f"snapshot of {name}: {reply}"
    return reply.json["snapshot"]


def restore(machine, name, taken):
    """Go back to the snapshot of that name; the sandbox's info."""
    reply = machine.http("POST", f"{SANDBOXES}/{name}/restore", {"snapshot": taken})
    assert reply.status == 200, f"restore {taken} in {name}: {reply}"
    return reply.json


def drop(machine, name, taken):
    """Remove the snapshot of that name."""
    reply = machine.http("DELETE", f"{SANDBOXES}/{name}/snapshots/{taken}")
    assert reply.status == 204, f"drop {taken} of {name}: {reply}"


class Running:
    """A command under way in the sandbox; once this is made the command has begun."""

    def __init__(self, machine, name, cmd):
        def run():
            body = {"cmd": f"touch /tmp/begun; {cmd}"}
            self._replies.append(machine.http("POST", f"{SANDBOXES}/{name}/exec", body, seconds=180))

        self._replies = []
        self._thread = threading.Thread(target=run)
        self._thread.start()
        begun = "until test -e /tmp/begun; do sleep 0.1; done; rm /tmp/begun"
        output(machine, name, begun, timeout=30)

    def reply(self):
        """Wait until the command has ended; what exec replied."""
        self._thread.join()
        assert self._replies, "exec has had no reply"
        return self._replies[0]
