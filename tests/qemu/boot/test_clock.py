#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A machine whose clock says 2001, that has no random numbers, no cable and no name server at first:
what it says of that, how ntpd sets the clock and by whom it doesn't, and what becomes of a sandbox
when the clock jumps."""

import network
import tap
from api import BUSYBOX, SANDBOXES, create, info, output
from cable import Cables
from dnsserver import NXDOMAIN, DnsServer
from egress import FIXED_IP, bound
from machine import Machine
from network import public
from ntpserver import UNSYNCHRONISED, NtpServer, date
from tap import check, equal

BUILT = "2025-10-09T08:53:20Z"  # SOURCE_DATE_EPOCH of the Makefile
TRUE, LATER, FALSE = (f"{year}-01-01T00:00:00Z" for year in (2030, 2035, 2040))
SERVER, NAME = public(123), "time.test"
# The kernel takes no random numbers from the processor, nor from QEMU.
NO_CHANCE = "random.trust_cpu=off random.trust_bootloader=off module_blacklist=virtio_rng"


def now(m):
    """What the machine's clock says, in seconds since 1970."""
    return int(m.inside("/bin/busybox date +%s")[1])


def is_within(name, got, begin, seconds):
    check(name, begin <= got < begin + seconds, f"{got} is {got - begin} s after")


def answer_wrong(question, age):
    """What no client may set its clock by."""
    kinds = [{"leap": UNSYNCHRONISED}, {"stratum": 0}]
    question.answer(date(FALSE) + age, **kinds[question.number % len(kinds)])


def answer_right(question, age):
    """The truth, after what others say who know where to."""
    question.answer(date(FALSE) + age, other=True)
    question.answer(date(FALSE) + age, origin=bytes(8))
    question.answer(date(TRUE) + age)


def test_boot(m, cable):
    m.wait_console(rf"^The clock says 2001-01-01T00:\d\d:\d\dZ, which can't be: the image is of {BUILT}")
    check("a clock that can't be is said", True)
    m.wait_console("^The kernel has no random numbers yet")
    check("and that random numbers are missing", True)
    m.wait_console("^Squash Sandbox .* is up after")
    m.inside("head -c 1 /dev/random >/dev/null")
    m.wait_console("^The kernel has random numbers now")
    check("and that they are there, once somebody needs them", True)
    cable.plug(True)
    m.wait_api()
    is_within("the clock goes on from when the image was built", now(m), date(BUILT), 300)


def test_wrong_answers(m, server):
    check("ntpd asks, though network and name came late", server.wait(2))
    is_within("wrong answers don't set the clock", now(m), date(BUILT), 300)


def test_step(m, server):
    made = create(m, "lives", BUSYBOX, memory_mb=64, max_lifetime_s=3600)
    server.reply = answer_right
    m.inside("kill -9 $(pidof ntpd)")
    m.wait_console(r"^ntpd has ended \(signal 9\): starting it again")
    m.wait_console(r"^The clock was set: 2030-01-01T00:\d\d:\d\dZ \(it was 2025-10-09T0")
    check("ntpd is started again, sets the clock, and that is said", True)
    is_within("as the server has it", now(m), date(TRUE), 300)
    equal("a sandbox of before lives on", output(m, "lives", "echo on"), "on")
    equal("made when it was", info(m, "lives")["created"], made["created"])
    create(m, "late", BUSYBOX, memory_mb=64, max_lifetime_s=3600)
    equal("and so does one of after", output(m, "late", "date +%Y"), "2030")


def test_jumps(m):
    """A sandbox that is made while the clock jumps has its whole lifetime."""
    jump = "; ".join(f"/bin/busybox date -s @{int(date(text))}" for text in (LATER, TRUE))
    m.inside(f"(until test -e /tmp/enough; do {jump}; done) >/dev/null 2>&1 &")
    names = [f"n{n}" for n in range(12)]
    for name in names:
        create(m, name, BUSYBOX, memory_mb=32, max_lifetime_s=3600)
    m.inside("touch /tmp/enough")
    alive = {s["id"] for s in m.http("GET", SANDBOXES).json}
    equal("those made while the clock jumps live on", sorted(set(names) - alive), [])


def test_hardware(m):
    clock = "/sys/class/rtc/rtc0/since_epoch"
    wait = f"i=0; until [ $(cat {clock}) -ge {int(date(TRUE))} ] || [ $i -eq 150 ]; do sleep 0.1; i=$((i+1)); done"
    got = int(m.inside(f"{wait}; cat {clock}")[1])
    is_within("the hardware's clock is set, too", got, date(TRUE), 300)
    said = [line for line in m.console.splitlines() if line.startswith("The clock was set")]
    equal("it was set once", len(said), 1)


def main():
    network.enter()
    server = NtpServer(SERVER, answer_wrong)
    dns = DnsServer(network.DNS, {})

    def answer_name(query):
        if dns.count(NAME, query.type) < 2:
            return query.message(flags=NXDOMAIN, soa=5)
        return query.address("A", SERVER)

    dns.table[NAME] = answer_name
    cable = Cables("clock")
    args = ["-rtc", "base=2001-01-01T00:00:00", *cable.args]
    with Machine("clock", f"{FIXED_IP} SQUASH_NTP={NAME} {NO_CHANCE}", args=args) as m:
        cable.open_door()
        cable.plug(False)
        tap.each(
            m,
            bound(test_boot, cable),
            bound(test_wrong_answers, server),
            bound(test_step, server),
            test_hardware,
            test_jumps,
        )
        check("the name was asked for again", dns.count(NAME) > 1)


tap.run(main)
