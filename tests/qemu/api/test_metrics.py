#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the machine tells Prometheus: that Debian's promtool takes it, that each figure moves with what
it is a figure of, and what becomes of it when sandboxes, egress processes and squashd go."""

import json
import re
import time
from pathlib import Path

import network
import squashd
import tap
from api import BUSYBOX, SANDBOXES, create, destroy, execute, info, output, restore, snapshot
from egress import Holding, Net, bound, egress_pids, reach, wait_for_pids
from machine import ROOT, WORK
from metrics import promtool, scrape
from tap import check, equal

TOKEN = "token-of-the-kernel-command-line"
LAYERS = "000-base-debian,100-python313,130-reach"
MIB = 1 << 20
SECONDS = 20
RESULTS = ("ok", "failed", "signal", "timeout", "oom")
EGRESS = ("sent_bytes", "received_bytes", "connections", "refusals")

COUNTERS = {f"squash_{name}_total" for name in (
    "cpu_seconds", "execs", "unauthorized_requests", *(f"egress_{kind}" for kind in EGRESS)
)}  # fmt: skip
GAUGES = {f"squash_{name}" for name in (
    "build_info", "sandboxes", "memory_bytes", "requests_under_way", "uptime_seconds",
    "machine_memory_total_bytes", "machine_memory_available_bytes",
    "data_total_bytes", "data_free_bytes",
)}  # fmt: skip
OF_ONE_COUNTERS = {f"squash_sandbox_{name}_total" for name in (
    "cpu_seconds", "cpu_throttled_seconds", "oom_kills", "execs", *(f"egress_{kind}" for kind in EGRESS)
)}  # fmt: skip
OF_ONE_GAUGES = {f"squash_sandbox_{name}" for name in (
    "cpu_limit_cores", "memory_bytes", "memory_peak_bytes", "memory_limit_bytes",
    "pids", "pids_limit", "disk_bytes", "disk_limit_bytes",
)}  # fmt: skip
HISTOGRAM = "squash_exec_duration_seconds"
OF_HISTOGRAM = {f"{HISTOGRAM}_{part}" for part in ("bucket", "sum", "count")}


def one(metrics, name, box="box", **labels):
    """A figure of the sandbox."""
    return metrics.get(f"squash_sandbox_{name}", sandbox=box, **labels)


def ends(metrics, box=None):
    """How many commands ended in each way: of the sandbox, or in all."""
    if box:
        return [one(metrics, "execs_total", box, result=result) for result in RESULTS]
    return [metrics.get("squash_execs_total", result=result) for result in RESULTS]


def egress(metrics, box=None):
    if box:
        return [one(metrics, f"egress_{kind}_total", box) for kind in EGRESS]
    return [metrics.get(f"squash_egress_{kind}_total") for kind in EGRESS]


def totals(metrics):
    """Counters in all: they never go back."""
    names = COUNTERS | OF_HISTOGRAM
    return {key: value for key, value in metrics.samples.items() if key[0] in names}


def has_gone_back(before, now):
    return {key: (value, now.get(key)) for key, value in before.items() if now.get(key, -1) < value}


def wait(m, what, found):
    """Scrape until found(metrics) is true; the last scrape."""
    deadline = time.monotonic() + SECONDS
    while not found(now := scrape(m)) and time.monotonic() < deadline:
        time.sleep(0.1)
    check(what, found(now), now.text)
    return now


def detach(m, cmd, box="box"):
    reply = m.http("POST", f"{SANDBOXES}/{box}/exec", {"cmd": cmd, "detach": True})
    assert reply.status == 202, reply
    return reply.json["exec"]


def end(m, number, box="box"):
    assert m.http("DELETE", f"{SANDBOXES}/{box}/execs/{number}").status == 204


def test_configuration():
    """That which the documentation has for Prometheus."""
    found = re.search(r"```yaml\n(scrape_configs:.*?)```", (ROOT / "docs/api.md").read_text(), re.DOTALL)
    path = WORK / "prometheus.yml"
    text = found[1].replace("/etc/prometheus/", f"{WORK}/prometheus.")
    for name in re.findall(r"file: (\S+)", text):
        Path(name).touch()
    path.write_text(text)
    equal("promtool takes the configuration", promtool("check", "config", path), "")


def test_form(m, _):
    reply = m.http("GET", "metrics")
    kind = reply.headers.get("content-type")
    equal("its type", kind, "text/plain; version=0.0.4; charset=utf-8")
    now = scrape(m)
    equal("promtool takes it without a sandbox", promtool("check", "metrics", text=now.text), "")
    equal("what it says in all", now.names(), COUNTERS | GAUGES | OF_HISTOGRAM)
    expected = {name: "counter" for name in COUNTERS | OF_ONE_COUNTERS}
    expected |= {name: "gauge" for name in GAUGES | OF_ONE_GAUGES} | {HISTOGRAM: "histogram"}
    equal("of which type", now.types, expected)
    system = m.http("GET", "api/system").json
    labels = {key: system[key] for key in ("version", "kernel")}
    equal("which build", now.get("squash_build_info", **labels), 1)
    equal("memory", now.get("squash_machine_memory_total_bytes"), system["memory"]["total_bytes"])
    equal("disk", now.get("squash_data_total_bytes"), system["disk"]["total_bytes"])
    check("how long it is up", system["uptime_s"] - 5 < now.get("squash_uptime_seconds") < 600)
    equal("requests under way", now.get("squash_requests_under_way"), 1)
    equal("sandboxes", now.get("squash_sandboxes"), 0)
    equal("commands", ends(now), [0] * 5)
    reply = m.http("POST", "metrics", {})
    equal("it is only read", (reply.status, reply.headers.get("allow")), (405, "GET, HEAD"))


def test_limits(m, _):
    create(m, "box", LAYERS, cpu=1.5, memory_mb=256, disk_mb=64, allow_net=["exact.test:5000"])
    create(m, "idle", LAYERS)
    now = scrape(m)
    equal("promtool takes it with sandboxes", promtool("check", "metrics", text=now.text), "")
    of_one = OF_ONE_COUNTERS | OF_ONE_GAUGES
    equal("each figure has a name", now.names(), COUNTERS | GAUGES | OF_HISTOGRAM | of_one)
    for name in sorted(of_one):
        equal(f"{name} has both", now.values("sandbox", name), {"box", "idle"})
    equal("sandboxes", now.get("squash_sandboxes"), 2)
    found = [one(now, f"{what}") for what in ("cpu_limit_cores", "memory_limit_bytes", "pids_limit",
                                              "disk_limit_bytes")]  # fmt: skip
    equal("limits", found, [1.5, 256 * MIB, 1024, 64 * MIB])
    found = (ends(now, "box"), egress(now, "box"), one(now, "oom_kills_total"))
    equal("nothing has happened yet", found, ([0] * 5, [0] * 4, 0))
    check("its init runs", 1 <= one(now, "pids") <= 3, now.text)


def test_cpu(m, _):
    create(m, "slow", BUSYBOX, cpu=0.2)
    before = scrape(m)
    burn = "timeout 1 sh -c 'while :; do :; done'; true"
    output(m, "box", burn)
    seconds = execute(m, "slow", burn)["duration_ms"] / 1000  # more than one on a host that is busy
    now = scrape(m)

    def used(name, box):
        return one(now, name, box) - one(before, name, box)

    cpu = [used("cpu_seconds_total", box) for box in ("box", "slow", "idle")]
    waited = [used("cpu_throttled_seconds_total", box) for box in ("box", "slow", "idle")]
    check("processor time", cpu[0] > 0.3, cpu)
    check("less for one that may have less", 0.05 < cpu[1] < 0.3 * (seconds + 1), (cpu, seconds))
    check("nearly none for who does nothing", cpu[2] < 0.1, cpu)
    check("who may have less has waited", waited[1] > 0.2 and waited[2] == 0, waited)
    total = now.get("squash_cpu_seconds_total") - before.get("squash_cpu_seconds_total")
    check("in all", sum(cpu) - 0.1 < total < sum(cpu) + 1, (cpu, total))
    destroy(m, "slow")
    after = scrape(m)
    equal("one that is gone counts on", has_gone_back(totals(now), totals(after)), {})


def test_memory(m, _):
    before = scrape(m)
    output(m, "box", "head -c 50331648 /dev/zero >/dev/shm/big")
    now = scrape(m)
    grown = one(now, "memory_bytes") - one(before, "memory_bytes")
    check("48 MiB more", 48 * MIB <= grown < 80 * MIB, grown)
    check("in all, too", now.get("squash_memory_bytes") > one(now, "memory_bytes") - 4 * MIB, now.text)
    output(m, "box", "rm /dev/shm/big")
    most = one(now, "memory_bytes")
    after = wait(m, "and free again", lambda x: one(x, "memory_bytes") < most - 40 * MIB)
    check("the most that it was", one(after, "memory_peak_bytes") >= most, after.text)


def test_pids_and_disk(m, _):
    before = scrape(m)
    number = detach(m, "for i in 1 2 3 4 5 6 7 8 9 10; do sleep 1000 & done; wait")
    at_least = one(before, "pids") + 11
    wait(m, "ten processes and a shell more", lambda x: one(x, "pids") == at_least)
    end(m, number)
    wait(m, "and gone", lambda x: one(x, "pids") == one(before, "pids"))
    output(m, "box", "head -c 8388608 /dev/urandom >/root/file; sync")
    now = scrape(m)
    grown = one(now, "disk_bytes") - one(before, "disk_bytes")
    check("8 MiB on the disk", 8 * MIB <= grown < 9 * MIB, grown)
    equal("as info has it", one(now, "disk_bytes"), info(m, "box")["upper_bytes"])


def test_execs(m, _):
    create(m, "runs", LAYERS, memory_mb=64)
    before = scrape(m)
    cases = {"ok": "true", "failed": "exit 3", "signal": "kill -9 $$", "timeout": "sleep 1000",
             "oom": "python3 -c 'b\"x\" * (200 << 20)'"}  # fmt: skip
    expected = [0] * 5
    for result, cmd in cases.items():
        execute(m, "runs", cmd, timeout=1 if result == "timeout" else 30)
        expected[RESULTS.index(result)] += 1
        equal(f"one that is {result}", ends(scrape(m), "runs"), expected)
    now = scrape(m)
    check("processes that were killed for want of memory", one(now, "oom_kills_total", "runs") >= 1, now.text)
    equal("not elsewhere", one(now, "oom_kills_total"), 0)
    reply = m.http("POST", f"{SANDBOXES}/runs/exec?stream=1", {"cmd": "echo x; exit 1"})
    last = json.loads(reply.body.splitlines()[-1])
    equal("a streamed one", last["result"]["exit_code"] if "result" in last else last, 1)
    number = detach(m, "sleep 1000", "runs")
    equal("one that runs is none yet", sum(ends(scrape(m), "runs")), 6)
    end(m, number, "runs")
    expected = [1, 2, 2, 1, 1]
    now = wait(m, "a detached one is killed", lambda x: ends(x, "runs") == expected)
    total = [a - b for a, b in zip(ends(now), ends(before))]
    equal("in all as many", total, expected)

    buckets = sorted((float(le), now.get(f"{HISTOGRAM}_bucket", le=le))
                     for le in now.values("le", f"{HISTOGRAM}_bucket"))  # fmt: skip
    counts = [count for _, count in buckets]
    check("buckets hold those below them", counts == sorted(counts) and buckets[-1][0] == float("inf"))
    count = now.get(f"{HISTOGRAM}_count")
    equal("all are in the last", (counts[-1], sum(ends(now))), (count, count))
    longer = {le: now.get(f"{HISTOGRAM}_bucket", le=le) - before.get(f"{HISTOGRAM}_bucket", le=le)
              for le in ("0.5", "30")}  # fmt: skip
    check("one at least took a second, none 30", longer["0.5"] <= 6 and longer["30"] == 7, longer)
    took = now.get(f"{HISTOGRAM}_sum") - before.get(f"{HISTOGRAM}_sum")
    check("together they took more than that", 1 <= took < 60, took)


def test_usage_of_old(m, _):
    """A file of a version that counted no ends."""
    count = info(m, "runs")["exec_count"]
    usage = "/data/sandboxes/runs/usage"
    m.inside(f"head -c 16 {usage} >/data/usage && cat /data/usage >{usage}; rm /data/usage")
    equal("it has none", ends(scrape(m), "runs"), [0] * 5)
    equal("its count is as it was", info(m, "runs")["exec_count"], count)
    execute(m, "runs", "true")
    equal("it counts on", (ends(scrape(m), "runs"), info(m, "runs")["exec_count"]),
          ([1, 0, 0, 0, 0], count + 1))  # fmt: skip


def test_egress(m, _):
    cases = [["sink", "exact.test", 5000, MIB], ["source", "exact.test", 5000, 2 * MIB]]
    equal("some is sent, and more is got", reach(m, "box", cases), ["ok", "ok"])
    now = egress(scrape(m), "box")
    good = MIB < now[0] < MIB + 100 and 2 * MIB < now[1] < 2 * MIB + 100 and now[2:] == [2, 0]
    check("and counted", good, now)
    before = now
    held = Holding(m, "box", "exact.test", "held")
    now = egress(scrape(m), "box")
    equal("one that is open counts already", (now[0] - before[0], now[1] - before[1], now[2]), (5, 5, 3))
    equal("what is denied", reach(m, "box", [["udp_dns", "denied.test"], ["http", "exact.test", 81]]),
          ["no name", "reset"])  # fmt: skip
    before = egress(scrape(m), "box")
    equal("is counted", before[2:], [3, 2])
    equal("in all as well", egress(scrape(m)), before)
    old = egress_pids(m)
    m.inside(f"kill -9 {old[0]}")
    held.word()
    wait_for_pids(m, lambda pids: pids and pids != old)
    equal("another process counts on", egress(scrape(m), "box"), before)
    equal("it works", reach(m, "box", [["tcp", "exact.test"]]), ["ok"])
    equal("from there", egress(scrape(m), "box")[2], 4)


def test_changes(m, _):
    """What makes its processes anew leaves its figures."""
    before = scrape(m)
    restore(m, "box", snapshot(m, "box"))
    now = scrape(m)
    for name in sorted(OF_ONE_COUNTERS - {"squash_sandbox_execs_total"}):
        check(f"{name} hasn't gone back", now.get(name, sandbox="box") >= before.get(name, sandbox="box"))
    equal("nor its commands", ends(now, "box"), ends(before, "box"))


def test_tokens(m, _):
    before = scrape(m).get("squash_unauthorized_requests_total")
    for token in ("wrong", "\t"):
        equal(f"with the token {token!r}", m.http("GET", "metrics", token=token).status, 401)
    now = scrape(m).get("squash_unauthorized_requests_total")
    equal("two are counted", now - before, 2)
    equal("as system does", m.http("GET", "api/system").json["requests"]["denied"], now)


def test_ends(m, _):
    before = scrape(m)
    squashd.kill(m)
    m.wait_api()
    now = scrape(m)
    equal("squashd dies: nothing goes back", has_gone_back(totals(before), totals(now)), {})
    equal("nor of a sandbox", egress(now, "box"), egress(before, "box"))
    before = now
    for name in ("box", "idle", "runs"):
        destroy(m, name)
    now = scrape(m)
    equal("sandboxes that are gone have no figures", now.values("sandbox"), set())
    equal("there are none", now.get("squash_sandboxes"), 0)
    equal("in all nothing goes back", has_gone_back(totals(before), totals(now)), {})
    equal("not a byte", egress(now), egress(before))


def test_stranger(m, _):
    """An egress that was taken over says what it likes."""
    create(m, "odd", LAYERS)
    before = scrape(m)
    m.inside("head -c 4096 /dev/zero | tr '\\0' '\\377' >/run/squash/traffic/odd")
    now = scrape(m)
    equal("promtool takes it", promtool("check", "metrics", text=now.text), "")
    equal("it is what it says", egress(now, "odd"), [2.0**64] * 4)
    equal("nothing goes back", has_gone_back(totals(before), totals(now)), {})
    m.inside("head -c 9 /dev/zero >/run/squash/traffic/odd")
    now = scrape(m)
    equal("what is too short is left out", egress(now, "odd"), [None] * 4)
    check("the rest is there", one(now, "pids", "odd") >= 1)
    destroy(m, "odd")
    equal("and gone", scrape(m).values("sandbox"), set())


def main():
    network.enter()
    net = Net("metrics")
    test_configuration()
    with net.machine(f"SQUASH_AUTH_TOKEN={TOKEN}", capture=False, layers=LAYERS) as m:
        m.token = TOKEN
        m.wait_api(token=TOKEN)
        tests = (test_form, test_limits, test_cpu, test_memory, test_pids_and_disk, test_execs)
        tests += (test_usage_of_old, test_egress, test_changes, test_tokens, test_ends)
        tests += (test_stranger,)
        tap.each(m, *(bound(test, net) for test in tests))


tap.run(main)
