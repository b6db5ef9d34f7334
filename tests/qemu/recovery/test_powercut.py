#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""The power is cut at random instants, under load and while the machine starts: what was answered
is there after the next boot, what was not has happened whole or not at all, and nothing is left
over.

QEMU is killed: what the machine wrote to its disk stays, what was still in its memory is gone.
CUTS in the environment is the number of cuts, SEED what chance begins with."""

import copy
import os
import random
import subprocess
import threading
import time

import tap
from api import BUSYBOX, SANDBOXES
from machine import CurlFailed, Machine, MachineFailed, data_disk, drive, make_module
from tap import check, equal
from whole import find_orphans

CUTS = int(os.environ.get("CUTS", "4"))
SEED = int(os.environ.get("SEED", str(random.randrange(1 << 32))))
CLIENTS = 4
FILES = 4
LINES = 300  # of a file: 2 to 3 KB, so that a torn one shows
EXTRA = "100-powercut"
LOAD_SECONDS = 10
READY_SECONDS = 30

# What the upper holds, a line a file: name, whether EXTRA can be seen, number, lines.
SHOW = (
    "cd /root; test -e /opt/extra && echo extra;"
    " for f in f-*; do test -e $f && echo $f $(sort -u $f) $(wc -l <$f); done; true"
)


class Box:
    """A sandbox as its client knows it."""

    def __init__(self):
        self.exists = False
        self.layers, self.active, self.files = [], None, {}
        self.snapshots = {}  # name: (layers, files)

    def shown(self):
        """What SHOW prints."""
        lines = [f"{name} {number} {LINES}" for name, number in sorted(self.files.items())]
        return [*(["extra"] if EXTRA in self.layers else []), *lines]


NEW = "a name not known yet"


class Client(threading.Thread):
    """Changes one sandbox, one request at a time, until the power is cut. box is the
    sandbox as it was when the last answer came; maybe, as the request without one would make it."""

    def __init__(self, name, seed):
        super().__init__()
        self.name, self.random = name, random.Random(seed)
        self.box, self.maybe = Box(), None
        self.count, self.answers, self.fault = 0, 0, None
        self.machine, self.cutting = None, None

    def ready(self, machine, cutting):
        """The same client, on the next machine."""
        other = Client(self.name, self.random.random())
        other.box, other.count = self.box, self.count
        other.machine, other.cutting = machine, cutting
        return other

    def run(self):
        try:
            while not self.cutting.is_set() and not self.fault:
                self.step()
        except (CurlFailed, MachineFailed) as error:
            if not self.cutting.wait(5):
                self.fault = f"{self.name}: {error}"

    def ask(self, then, expected, method, path, body=None):
        """A request that makes the box what then is. True when it has been answered so."""
        self.maybe = then
        reply = self.machine.http(method, path, body)
        if reply.status != expected:
            self.fault = f"{self.name}: {method} {path} {body}: {reply}"
            return None
        self.box, self.maybe = then, None
        self.answers += 1
        return reply

    def step(self):
        if not self.box.exists:
            self.create()
            return
        steps = [(8, self.write), (1, self.remove), (3, self.snapshot), (1, self.destroy)]
        if EXTRA not in self.box.layers:
            steps.append((2, self.activate))
        if self.box.snapshots:
            steps += [(2, self.restore), (1, self.drop)]
        weights = [weight for weight, _ in steps]
        self.random.choices(steps, weights)[0][1]()

    def create(self):
        then = Box()
        then.exists, then.layers = True, [BUSYBOX]
        body = {"id": self.name, "layers": BUSYBOX, "memory_mb": 128, "disk_mb": 32}
        self.ask(then, 201, "POST", SANDBOXES, body)

    def destroy(self):
        self.ask(Box(), 204, "DELETE", f"{SANDBOXES}/{self.name}")

    def change(self, then, command):
        path = f"{SANDBOXES}/{self.name}/exec"
        reply = self.ask(then, 200, "POST", path, {"cmd": command})
        if reply and reply.json["exit_code"] != 0:
            self.fault = f"{self.name}: {command}: {reply}"

    def write(self):
        then = copy.deepcopy(self.box)
        self.count += 1
        file = f"f-{self.random.randrange(FILES)}"
        then.files[file] = str(self.count)
        make = f"yes {self.count} | head -n {LINES} >/root/new && fsync /root/new"
        self.change(then, f"{make} && mv /root/new /root/{file} && sync")

    def remove(self):
        then = copy.deepcopy(self.box)
        file = f"f-{self.random.randrange(FILES)}"
        then.files.pop(file, None)
        self.change(then, f"rm -f /root/{file} && sync")

    def activate(self):
        then = copy.deepcopy(self.box)
        then.layers = sorted([*then.layers, EXTRA])
        path = f"{SANDBOXES}/{self.name}/activate"
        self.ask(then, 200, "POST", path, {"module": EXTRA})

    def snapshot(self):
        then = copy.deepcopy(self.box)
        then.snapshots[NEW] = (then.layers, dict(then.files))
        reply = self.ask(then, 201, "POST", f"{SANDBOXES}/{self.name}/snapshot", {})
        if reply:
            self.box.snapshots[reply.json["snapshot"]] = self.box.snapshots.pop(NEW)

    def restore(self):
        then = copy.deepcopy(self.box)
        name = self.random.choice(sorted(then.snapshots))
        layers, files = then.snapshots[name]
        then.layers, then.files, then.active = [*layers, name], dict(files), name
        path = f"{SANDBOXES}/{self.name}/restore"
        self.ask(then, 200, "POST", path, {"snapshot": name})

    def drop(self):
        then = copy.deepcopy(self.box)
        used = {*then.layers, *(layer for layers, _ in then.snapshots.values() for layer in layers)}
        free = sorted(set(then.snapshots) - used)
        if free:
            name = self.random.choice(free)
            del then.snapshots[name]
            path = f"{SANDBOXES}/{self.name}/snapshots/{name}"
            self.ask(then, 204, "DELETE", path)

    # After the boot

    def see(self):
        """The sandbox as it is now: (exists, layers, active snapshot, snapshots, files)."""
        reply = self.machine.http("GET", f"{SANDBOXES}/{self.name}")
        if reply.status != 200:
            return (False, [], None, {}, []) if reply.status == 404 else (repr(reply),)
        info = reply.json
        path = f"{SANDBOXES}/{self.name}/exec"
        shown = self.machine.http("POST", path, {"cmd": SHOW})
        files = shown.json["stdout"].splitlines() if shown.status == 200 else repr(shown)
        snapshots = {s["name"]: s["layers"] for s in info["snapshots"]}
        return (True, info["layers"], info["active_snapshot"], snapshots, files)

    def settle(self):
        """Take the box for what it was or for what the request without an answer made it. What is
        wrong if it is neither."""
        seen = self.see()
        expected = []
        for box in (self.box, self.maybe):
            if not box:
                continue
            if NEW in box.snapshots and len(seen) == 5:
                fresh = set(seen[3]) - set(box.snapshots)
                box.snapshots[fresh.pop() if len(fresh) == 1 else "lost"] = box.snapshots.pop(NEW)
            layers = {name: layers for name, (layers, _) in box.snapshots.items()}
            expected.append((box.exists, box.layers, box.active, layers, box.shown()))
            if seen == expected[-1]:
                self.box, self.maybe = box, None
                return None
        return f"{self.name} is\n{seen}\nand should be\n" + "\nor\n".join(map(str, expected))

    def go_back(self):
        """Restore one of its snapshots; what is wrong with it then."""
        if not self.box.snapshots:
            return None
        self.restore()
        return self.fault or self.settle()


def wait_ready(machine):
    """Wait until all sandboxes run that can."""
    machine.wait_api()
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        if all(info["mounted"] for info in machine.http("GET", SANDBOXES).json):
            return
        time.sleep(0.2)


def look(machine, clients):
    """What is wrong after a boot."""
    for client in clients:
        client.machine = machine
    wrong = [client.settle() for client in clients]
    wrong += find_orphans(machine)
    if not any(wrong):
        wrong += [client.go_back() for client in clients]
        wrong += find_orphans(machine)
    return [fault for fault in wrong if fault]


def start(image):
    return Machine("powercut", args=drive(image, snapshot=False))


def start_ready(image):
    """A machine on it that is up. Now and then QEMU dies at a boot of an assertion of its own: that
    is one more cut."""
    while True:
        m = start(image)
        try:
            wait_ready(m)
            return m
        except MachineFailed:
            m.__exit__(True)
            if "iotlb_to_section: Assertion" not in m.console:
                raise
            tap.note("QEMU has died of a fault of its own while the machine started")


def wait_load(clients, chance):
    """Until some requests have been answered, as many as chance says, and a bit."""
    deadline = time.monotonic() + LOAD_SECONDS
    wanted = chance.randrange(3, 50)
    while sum(client.answers for client in clients) < wanted and time.monotonic() < deadline:
        time.sleep(0.02)
    time.sleep(chance.uniform(0, 0.3))


def run_to_cut(image, clients, chance):
    """Boot, look, load, cut: (the clients afterwards, what was wrong)."""
    with start_ready(image) as m:
        faults = look(m, clients)
        if faults:
            return clients, faults
        cutting = threading.Event()
        clients = [client.ready(m, cutting) for client in clients]
        for client in clients:
            client.start()
        wait_load(clients, chance)
        m.cut()
        cutting.set()
    for client in clients:
        client.join()
    return clients, [client.fault for client in clients if client.fault]


def cut_boot(image, chance):
    """Cut the power while the machine takes up again what the last cut has left."""
    with start(image) as m:
        m.wait_console("^API: http://")
        time.sleep(chance.uniform(0, 1))
        m.cut()


def main():
    chance = random.Random(SEED)
    tap.note(f"SEED={SEED} CUTS={CUTS}")
    image = data_disk("powercut", 512, modules=[make_module(EXTRA, {"opt/extra": "extra\n"})])
    clients = [Client(f"box-{n}", chance.random()) for n in range(CLIENTS)]
    answers, boots_cut = 0, 0
    for cut in range(CUTS):
        clients, faults = run_to_cut(image, clients, chance)
        answers += sum(client.answers for client in clients)
        if not check(f"cut {cut + 1}", not faults, "\n".join(faults)):
            return
        if chance.random() < 0.25:
            boots_cut += 1
            cut_boot(image, chance)
    tap.note(f"{answers} answers in all; {boots_cut} cuts more while the machine started")
    with start(image) as m:
        wait_ready(m)
        faults = look(m, clients)
        check("after the last cut", not faults, "\n".join(faults))
        m.inside("kill -TERM 1")
        equal("the machine powers off", m.wait_end(30), 0)
    fsck = ["/usr/sbin/e2fsck", "-fn", image]
    fsck = subprocess.run(fsck, capture_output=True, text=True, check=False)
    check("the file system is clean", fsck.returncode == 0, fsck.stdout)


tap.run(main)
