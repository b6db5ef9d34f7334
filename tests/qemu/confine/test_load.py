#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow alone
"""A hundred clients at once, each mixing all endpoints on twenty sandboxes, for a minute."""

import random
import threading
import time
from collections import Counter

import tap
from api import BUSYBOX, SANDBOXES
from machine import CurlFailed, Machine
from tap import check, equal

CLIENTS = 100
SECONDS = 60
NAMES = [f"load-{n}" for n in range(20)]

# (weight, method, path, body): {id} is one of the names.
REQUESTS = [
    (8, "POST", SANDBOXES + "/{id}/exec", {"cmd": "echo $HOSTNAME; cat /etc/passwd"}),
    (2, "POST", SANDBOXES + "/{id}/exec", {"cmd": "sleep 5", "timeout": 0.5}),
    (1, "POST", SANDBOXES + "/{id}/exec", {"cmd": "yes", "timeout": 0.3}),
    (1, "POST", SANDBOXES + "/{id}/exec", {"cmd": "sleep 3 &"}),
    (4, "GET", SANDBOXES + "/{id}", None),
    (2, "GET", SANDBOXES + "/{id}/logs", None),
    (2, "GET", SANDBOXES, None),
    (1, "GET", "api/history", None),
    (1, "GET", "api/modules", None),
    (1, "GET", "health", None),
    (3, "POST", SANDBOXES, {"id": "{id}", "layers": BUSYBOX, "memory_mb": 32}),
    (1, "POST", SANDBOXES, {"id": "{id}", "layers": BUSYBOX, "memory_mb": 32, "max_lifetime_s": 1}),
    (1, "POST", SANDBOXES, '{"id": broken'),
    (2, "DELETE", SANDBOXES + "/{id}", None),
]


class Client(threading.Thread):
    def __init__(self, machine, seed, end):
        super().__init__()
        self.machine, self.random, self.end = machine, random.Random(seed), end
        self.statuses = Counter()
        self.faults = []

    def run(self):
        weights = [request[0] for request in REQUESTS]
        while time.monotonic() < self.end:
            _, method, path, body = self.random.choices(REQUESTS, weights)[0]
            name = self.random.choice(NAMES)
            if isinstance(body, dict):
                body = {k: name if v == "{id}" else v for k, v in body.items()}
            try:
                reply = self.machine.http(method, path.format(id=name), body, seconds=50)
            except CurlFailed as error:
                self.faults.append(str(error))
                continue
            self.statuses[reply.status] += 1
            if reply.status >= 500 and reply.status != 503:
                self.faults.append(f"{method} {path} {body}: {reply}")


def test_load(m):
    before = m.counts()
    end = time.monotonic() + SECONDS
    clients = [Client(m, seed, end) for seed in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    statuses = sum((client.statuses for client in clients), Counter())
    faults = [fault for client in clients for fault in client.faults]
    tap.note(f"replies by status: {dict(sorted(statuses.items()))}")
    check("no reply is an error of ours", not faults, "\n".join(faults[:10]))
    check("the work was done", statuses[200] > 100 and statuses[201] > 10, statuses)
    check("some were refused for what they asked", statuses[400] and statuses[409] + statuses[404])
    for name in NAMES:
        m.http("DELETE", f"{SANDBOXES}/{name}")
    equal("no sandbox is left", m.http("GET", SANDBOXES).json, [])
    equal("nothing is left over", m.wait_counts(before, seconds=20), before)


def main():
    with Machine("load", memory_mb=2048) as m:
        m.wait_api()
        tap.each(m, test_load)


tap.run(main)
