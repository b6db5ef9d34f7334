#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What the world answers for an allowed name: private addresses, one after a public one, chains,
forged and cut answers, late ones, none. And what a sandbox may ask."""

import threading

import network
import tap
from api import create, destroy
from dnsserver import NXDOMAIN, TRUNCATED, encode
from egress import DENIED, REACHING, Net, bound, check_line, is_one_of, reach
from network import public
from tap import check, equal

# None of them is anybody's to reach. Of IPv6, too: what stands for such an IPv4 address.
PRIVATE4 = (
    "0.0.0.0 10.0.0.1 10.0.2.2 10.0.2.15 100.64.3.3 127.0.0.1 127.1.2.3 169.254.169.254 172.16.5.5"
    " 192.0.0.9 192.0.2.9 192.168.7.7 198.18.0.1 198.18.0.9 198.51.100.9 203.0.113.9 224.0.0.1 240.1.2.3"
    " 255.255.255.255"
).split()
PRIVATE6 = (
    ":: ::1 ::ffff:10.0.0.1 ::ffff:127.0.0.1 ::10.0.0.1 64:ff9b::a00:1 64:ff9b:1::a00:1 100::1"
    " 2001::1 2001:0:a00:1::f5ff:fffe 2001:db8::9 2002:a00:1::1 2002:7f00:1::1 fc00::1 fd00::1"
    " fe80::2 fec0::2 fec0::5054:ff:fe12:3456 fec0::7 ff02::1"
).split()
GONE = "reset|refused|no name|no data|unreachable|closed"
TRIES = 12  # names asked for to see how


def private_zone():
    zone = {}
    for i, address in enumerate(PRIVATE4):
        zone[f"four{i}.private.test"] = {"A": [address]}
    for i, address in enumerate(PRIVATE6):
        zone[f"six{i}.private.test"] = {"AAAA": [address]}
    return zone


class Turns:
    """The answers to one name, by turns: addresses, the last one for good. Never to be kept."""

    def __init__(self, *addresses):
        self.left, self.lock = list(addresses), threading.Lock()

    def __call__(self, q):
        if q.type != "A":
            return q.message(soa=0)
        with self.lock:
            address = self.left.pop(0) if len(self.left) > 1 else self.left[0]
        return q.address("A", address, ttl=0)


def truncated(q):
    return q.message(flags=TRUNCATED) if q.transport == "udp" else q.address("A", public(33))


def forged(*lies):
    """Each lie is sent before the truth."""

    def answer(q):
        for lie in lies:
            lie(q)
        return q.address("A", public(34))

    return answer


def lie_id(q):
    q.send(q.address("A", DENIED, number=q.number ^ 0x5555))


def lie_question(q):
    other = encode("other.test") + q.question[-4:]
    q.send(q.address("A", DENIED, question=other))


def lie_owner(q):
    """The right question; the address is another name's."""
    if q.type == "A":
        q.send(q.message([("other.test", "A", DENIED, 60), (q.name, "A", public(34), 60)]))


def lie_port(q):
    if q.transport == "udp":
        q.send(q.address("A", DENIED), True)


def lie_garbage(q):
    loop = q.number.to_bytes(2, "big") + bytes.fromhex("8180000100010000 0000")
    for data in (
        b"",
        b"x",
        q.raw[:2],
        q.raw[:11],
        q.raw,
        loop + b"\xc0\x0c" * 40,
        loop + b"\x3f" * 500,
    ):
        q.send(data)


class Held:
    """An answer that waits until another name has been asked for."""

    def __init__(self):
        self.event = threading.Event()

    def wait(self, q):
        self.event.wait(8)
        return q.address("A", public(35))

    def release(self, q):
        self.event.set()
        return q.address("A", public(36))


def silent_at(servers, address):
    return lambda q: None if q.server in servers else q.address("A", address)


def failing_at(server, address):
    return lambda q: q.message(flags=2) if q.server == server else q.address("A", address)


def make_zone():
    held = Held()
    chain = {f"link{i}.chain.test": {"CNAME": f"link{i + 1}.chain.test"} for i in range(40)}
    return {
        **private_zone(),
        **chain,
        "rebind.test": Turns(public(30), "10.0.0.1"),
        "rebind-back.test": Turns("169.254.169.254", public(30)),
        "mixed.test": {"A": ["10.0.0.1", public(31), "127.0.0.1"]},
        "cname.test": {"CNAME": "cname2.elsewhere.test"},
        "cname2.elsewhere.test": {"CNAME": "cname3.elsewhere.test"},
        "cname3.elsewhere.test": {"A": [public(32)]},
        "cname-private.test": {"CNAME": "four1.private.test"},
        "cname-loop.test": {"CNAME": "cname-loop.test"},
        "cname-long.test": {"CNAME": "link0.chain.test"},
        "truncated.test": truncated,
        "forged-id.test": forged(lie_id),
        "forged-question.test": forged(lie_question),
        "forged-owner.test": forged(lie_owner),
        "forged-port.test": forged(lie_port),
        "forged-garbage.test": forged(lie_garbage),
        "forged-all.test": forged(*[lie_id, lie_question, lie_port, lie_garbage] * 5),
        "held.test": held.wait,
        "release.test": held.release,
        "quiet.test": silent_at(network.DNS[:1], public(37)),
        "dead.test": silent_at(network.DNS, public(37)),
        "failing.test": failing_at(network.DNS[0], public(38)),
        "broken.test": lambda q: q.message(flags=2),
        "missing.test": lambda q: q.message(flags=NXDOMAIN, soa=5),
        "empty.test": {},
        "cached.test": {"A": [public(39)], "ttl": 300},
        "*.ids.test": {"A": [public(39)], "ttl": 0},
    }


ALLOW = [
    *("rebind.test:*", "rebind-back.test:*", "mixed.test:*", "*.private.test:*", "cname.test:*"),
    *("cname-private.test:*", "cname-loop.test:*", "cname-long.test:*", "truncated.test:*"),
    *(f"forged-{what}.test:*" for what in ("id", "question", "owner", "port", "garbage", "all")),
    *("held.test:*", "release.test:*", "quiet.test:*", "dead.test:*", "failing.test:*"),
    *("broken.test:*", "missing.test:*", "empty.test:*", "cached.test:*", "*.ids.test:*"),
    *("six.test:*", "exact.test"),
]


def try_each(m, expected):
    """expected: {what: (case, words)}."""
    results = reach(m, "box", [case for case, _ in expected.values()])
    for (what, (_, words)), result in zip(expected.items(), results):
        is_one_of(what, result, words)


def test_private(m, net):
    """Names whose addresses are private are as if they were nowhere."""
    cases = {}
    for family, addresses in (("four", PRIVATE4), ("six", PRIVATE6)):
        for i, address in enumerate(addresses):
            for port in (5000, 80):
                tool = ["tcp", f"{family}{i}.private.test", port]
                if port == 80:
                    tool = ["http", f"{family}{i}.private.test", port]
                cases[f"a name that is {address}, port {port}"] = (tool, GONE)
    cases["a chain that ends at one"] = (["tcp", "cname-private.test"], GONE)
    try_each(m, cases)
    equal("nothing has arrived anywhere", net.servers.arrivals, [])
    check_line(m, "box", "it is said why", event="refused", reason="private address")


def test_rebinding(m, net):
    """An answer that is not to be kept: public at first."""
    first, second = reach(m, "box", [["tcp", "rebind.test"]]), None
    equal("while it is public it is reached", first, ["ok"])
    asked = net.dns.count("rebind.test")
    for _ in range(20):  # the answer is kept for a second
        second = reach(m, "box", [["tcp", "rebind.test"]])[0]
        if second != "ok":
            break
        net.dns.wait("rebind.test", count=asked + 1, seconds=0.5)
    is_one_of("once it is private it is not", second, GONE)
    check("the servers were asked again", net.dns.count("rebind.test") > asked)
    equal(
        "it has arrived at the public one", {a.address for a in net.servers.arrivals}, {public(30)}
    )
    mixed = reach(m, "box", [["tcp", "mixed.test"]])[0]
    is_one_of("of public and private addresses, the public one", mixed, "ok")
    arrived = {a.address for a in net.servers.arrivals}
    equal("and no other", arrived, {public(30), public(31)})


def test_answers(m, net):
    cases = {
        "a chain of CNAMEs": (["tcp", "cname.test"], "ok"),
        "one that bites its tail": (
            ["udp_dns", "cname-loop.test"],
            "server failed|no data|no name",
        ),
        "one of 40": (["udp_dns", "cname-long.test"], "server failed|no data|no name"),
        "its links are no names of the sandbox": (["udp_dns", "cname3.elsewhere.test"], "no name"),
        "an answer that is cut": (["tcp", "truncated.test"], "ok"),
        "one with another id": (["tcp", "forged-id.test"], "ok"),
        "one to another question": (["tcp", "forged-question.test"], "ok"),
        "one with another name's address": (["tcp", "forged-owner.test"], "ok"),
        "one from another port": (["tcp", "forged-port.test"], "ok"),
        "garbage": (["tcp", "forged-garbage.test"], "ok"),
        "all of them, five times": (["tcp", "forged-all.test"], "ok"),
        "a server that is silent": (["tcp", "quiet.test"], "ok"),
        "a server that fails": (["tcp", "failing.test"], "ok"),
        "all silent": (["udp_dns", "dead.test"], "server failed"),
        "all fail": (["udp_dns", "broken.test"], "server failed"),
        "a name that does not exist": (["udp_dns", "missing.test"], "no name"),
        "by TCP": (["tcp_dns", "missing.test"], "no name"),
        "a name without addresses": (["udp_dns", "empty.test"], "no data"),
        "a name that has IPv6 alone": (["tcp", "six.test"], "ok"),
        "by HTTP": (["http", "six.test"], "ok"),
        "by TLS": (["tls", "six.test"], "ok"),
    }
    try_each(m, cases)
    transports = {q.transport for q in net.dns.asked if q.name == "truncated.test"}
    equal("what was cut was asked for again by TCP", transports, {"udp", "tcp"})
    equal("nobody has believed a lie", net.servers.count(DENIED), 0)
    check_line(
        m, "box", "a failed lookup is a line", event="lookup", name="dead.test", answer="failed"
    )
    check_line(
        m, "box", "and one of nothing", event="lookup", name="missing.test", answer="nxdomain"
    )


def test_waiting(m, net):
    """One name's answer comes only after another has been asked for."""
    results = reach(m, "box", [["tcp", "held.test"], ["tcp", "release.test"]])
    equal("a late answer holds up nobody", results, ["ok", "ok"])
    reach(m, "box", [["udp_dns", "cached.test"]] * 6)
    equal("an answer is kept", net.dns.count("cached.test"), 1)


def test_questions(m, net):
    """Types other than addresses, and messages that are none."""
    name = "exact.test"
    wire = encode(name).hex()
    cases = {
        "AAAA of an allowed name": (["udp_dns", name, 28], "no data"),
        "MX": (["udp_dns", name, 15], "no data"),
        "TXT, by TCP": (["tcp_dns", name, 16], "no data"),
        "ANY": (["udp_dns", name, 255], "no data|not done|ok"),
        "AAAA of a denied one": (["udp_dns", "denied.test", 28], "no name"),
        "TXT of a denied one": (["udp_dns", "leak.denied.test", 16], "no name"),
        "PTR of a synthetic address": (["udp_dns", "2.0.18.198.in-addr.arpa", 12], "no name"),
        "the root": (["udp_dns", ".", 2], "no name"),
        "a name that points at itself": (["udp_dns", "", 1, "c00c"], "format error"),
        "a name without an end": (["tcp_dns", "", 1, wire[:-2]], "format error"),
    }
    try_each(m, cases)
    equal("and then a right one", reach(m, "box", [["udp_dns", name]]), ["ok"])


def test_guessing(m, net):
    """What has to be guessed of a query is not to be had from the last one."""
    reach(m, "box", [["udp_dns", f"a{i}.ids.test"] for i in range(TRIES)])
    sent = [
        p
        for p in net.capture.packets()
        if p.kind == "udp" and p.to in network.DNS and "ids.test" in network.question_of(p)
    ]
    check("they were sent", len(sent) >= TRIES, len(sent))
    ids = [int.from_bytes(p.payload[:2], "big") for p in sent]
    for what, values in (("ids", ids), ("ports", [p.sport for p in sent])):
        steps = {(b - a) % 65536 for a, b in zip(values, values[1:])}
        check(f"{what} differ", len(set(values)) > TRIES // 2, values)
        check(f"{what} follow no pattern", len(steps) > TRIES // 2, values)


def test_packets(net):
    names = {name.lstrip("*.").replace(":*", "") for name in ALLOW}
    names |= {f"a{i}.ids.test" for i in range(TRIES)} | set(private_zone())
    dials = {(public(n), 5000) for n in range(30, 40)}
    dials |= {("2606:2800:220::26", port) for port in (80, 443, 5000)}
    stray = network.stray(net.capture.packets(), names, dials)
    equal("no packet that is not explained", stray[:10], [])


def main():
    network.enter(REACHING)
    net = Net("egress-names", make_zone())
    with net.borrow() as m:
        before = m.counts()
        create(m, "box", "000-base-debian,100-python313,130-reach", allow_net=ALLOW)
        tests = (
            test_private,
            test_rebinding,
            test_answers,
            test_waiting,
            test_questions,
            test_guessing,
        )
        tap.each(m, *(bound(test, net) for test in tests))
        destroy(m, "box")
        equal("nothing is left behind", m.wait_counts(before), before)
    test_packets(net)


tap.run(main)
