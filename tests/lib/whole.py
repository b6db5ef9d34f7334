# SPDX-License-Identifier: MIT
"""Whether all that a machine holds is explained by the sandboxes that it lists."""

import json
import re
from collections import Counter

from api import SANDBOXES

FILES = {"meta.json", "usage", "log.ndjson", "log.1.ndjson", "snapshots"}
FILES |= {f"network{kind}{turn}.ndjson" for kind in ("", ".connects", ".lookups") for turn in ("", ".1")}


class Holdings:
    """What the agent saw: paths below /data/sandboxes, records, links and the like."""

    def __init__(self, m):
        self.counts, lines = m.state()
        self.paths, self.records, self.links = [], {}, {}
        self.run, self.cgroups, self.mounts, self.loops = [], [], [], []
        for line in lines:
            kind, _, value = line.partition(" ")
            path, _, rest = value.partition(" ")
            if kind == "cgroup":
                self.cgroups.append(path)
            elif kind == "mount":
                self.mounts.append(value.split()[4])
            elif kind == "loop":
                self.loops.append(value)
            elif kind == "record":
                self.records[path] = rest
            elif path.startswith("/data/sandboxes/"):
                self.paths.append(path.removeprefix("/data/sandboxes/"))
            elif path.startswith("/data/modules/"):
                pass  # modules are there for anybody
            elif kind == "link":
                self.links[path.removeprefix("/run/squash/")] = rest
            else:
                self.run.append(path.removeprefix("/run/squash/"))


def _file_orphans(held, infos):
    """What lies on the disk that no sandbox explains."""
    snapshots = {}
    for path in held.paths:
        name, _, rest = path.partition("/")
        top, _, below = rest.partition("/")
        info = infos.get(name)
        if not info:
            yield f"{path} is of no sandbox"
        elif top.startswith("upper."):
            number = json.loads(held.records[f"/data/sandboxes/{name}/meta.json"])["upper"]
            if top != f"upper.{number}":
                yield f"{path} is not its upper, which is {number}"
        elif rest and top not in FILES:
            yield f"{path} is no file that a sandbox has"
        elif below:
            snapshots.setdefault(name, []).append(below)
    for name, info in infos.items():
        listed = [s["name"] for s in info["snapshots"]]
        files = {f"{s}.{end}" for s in listed for end in ("json", "squashfs")}
        found = set(snapshots.get(name, []))
        # The record of the last one stays when it is dropped: its number is not used again.
        last = max(found, key=lambda file: int(file.partition(".")[0].split("-")[2]), default="")
        if found - files - {last.replace(".squashfs", ".json")} or files - found:
            yield f"{name} has the snapshots {listed} and the files {snapshots.get(name)}"


def _kernel_orphans(held, infos):
    """What the kernel and /run hold that no sandbox explains, and what a sandbox lacks."""
    for path in held.cgroups:
        parts = path.removeprefix("/sys/fs/cgroup/").split("/")
        if parts[0] == "squash" and len(parts) > 1 and parts[1] not in infos:
            yield f"cgroup {path} is of no sandbox"
        if parts[0] == "capture" and len(parts) > 1:
            yield f"cgroup {path} is of a capture, and there is none"
    running = sorted(n for n, info in infos.items() if info["mounted"])
    slots = sorted(to for path, to in held.links.items() if path.startswith("slots/"))
    if slots != running:
        yield f"ranges of uids are taken by {slots}, and {running} run"
    known = sorted(p.removeprefix("running/") for p in held.links if p.startswith("running/"))
    if known != running:
        yield f"/run has {known}, and {running} run"
    ways = {path.removeprefix("egress/") for path in held.run if path.startswith("egress/")}
    if not ways <= set(running):
        yield f"egress has sockets for {ways}, and {running} run"
    counted = sorted(p.removeprefix("traffic/") for p in held.run if p.startswith("traffic/"))
    if counted != running:
        yield f"traffic is counted of {counted}, and {running} run"
    users = Counter()
    for path in held.run:
        if found := re.fullmatch(r"layers/([^/]+)/users/([^/]+)", path):
            users[found[2], found[1].partition("@")[0]] += 1
    expected = Counter((n, layer) for n in running for layer in infos[n]["layers"])
    if users != expected:
        yield f"layers are noted that are not used: {users - expected}"
        yield f"layers are used that are not noted: {expected - users}"
    layers = [p for p in held.run if re.fullmatch(r"layers/[^/]+", p)]
    mounted = [p for p in held.mounts if p.startswith("/run/squash/layers/")]
    if not len(layers) == len(mounted) == len(held.loops):
        yield f"{len(layers)} layers, mounts {mounted}, loops {held.loops}"
    uppers = [p for p in held.mounts if p.startswith("/data/sandboxes/")]
    if not {p.split("/")[3] for p in uppers} <= set(infos):
        yield f"mounts {uppers}"
    if held.counts["namespaces"] != 1 + len(running):
        yield f"{held.counts['namespaces']} mount namespaces, and {running} run"


def find_orphans(m):
    """A line for each thing on the machine that no sandbox explains."""
    infos = {info["id"]: info for info in m.http("GET", SANDBOXES).json}
    held = Holdings(m)
    return [*_file_orphans(held, infos), *_kernel_orphans(held, infos)]
