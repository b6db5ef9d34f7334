#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What becomes of connections: the names in their first bytes, ports, addresses that are written as
such, the operator's private networks, the sandbox's own servers, ends of streams, and many at once."""

import network
import tap
from api import create, destroy, output
from egress import Net, bound, check_line, is_one_of, reach, run
from machine import free_port
from network import GUEST4, GUEST6, public, public6
from tap import check, equal

PRIVATE = "SQUASH_EGRESS_PRIVATE=10.0.0.0/8,fd00::/64,fec0::/16"
GONE = "reset|closed|refused"
NOWHERE = "reset|closed|refused|unreachable"
CONNECTIONS, TO_ONE = 1024, 128  # of one sandbox; of these to one address and port
MANY = [f"m{i}.wild.test" for i in range(10)]  # each with an address of its own
LAYERS = "000-base-debian,100-python313,129-clients,130-reach"

ZONE = {
    "self.test": {"A": [GUEST4]},
    "self6.test": {"AAAA": [GUEST6]},
    "inside.test": {"A": ["10.9.8.7"]},
    "inside6.test": {"AAAA": ["fd00::1"]},
    "outside.test": {"A": ["172.16.5.5"]},
    "loop.test": {"A": ["127.0.0.1"]},
    "nobody.test": {"A": ["93.184.216.34"]},
    **{name: {"A": [public(100 + i)]} for i, name in enumerate(MANY)},
}
ALLOW = [
    *("web.test", "exact.test:*", "port.test:8443", "*.wild.test:5000", "nobody.test:*"),
    *(
        "self.test:*",
        "self6.test:*",
        "inside.test:*",
        "inside6.test:*",
        "outside.test:*",
        "loop.test:*",
    ),
    *(public(40), f"{public(41)}:5000", f"{public(72)}/29:5000", f"{public(80)}/30:*"),
    *(f"[{public6(42)}]:5000", "[2606:2800:220:7::/64]:5000", public6(43)),
    *("10.9.8.7:*", "172.16.5.5:*", f"{GUEST4}:*", "127.0.0.1:*", f"[{GUEST6}]:*", "[::1]:*"),
    *("0.0.0.0/0:8080", "[::/0]:8080"),
]


def try_each(m, cases, name="box"):
    """cases: {what: (case, words)}."""
    results = reach(m, name, [case for case, _ in cases.values()])
    for (what, (_, words)), result in zip(cases.items(), results):
        is_one_of(what, result, words)


def request(line, *fields):
    return "\\r\\n".join([line, *fields, "", ""])


def test_tls_names(m, net):
    """The server's name of a ClientHello, by which alone TLS says whom it is for."""
    cases = {
        "TLS to the name itself": (["hello", "web.test", "web.test"], "ok"),
        "in capitals": (["hello", "web.test", "WEB.Test"], "ok"),
        "in 2 segments": (["hello", "web.test", "web.test", 2], "ok"),
        "in 40": (["hello", "web.test", "web.test", 40], "ok"),
        "in records of 50 bytes": (["hello", "web.test", "web.test", 1, 443, 50], "ok"),
        "in records of 7, in 9 segments": (["hello", "web.test", "web.test", 9, 443, 7], "ok"),
        "to another allowed name": (["hello", "web.test", "exact.test"], "ok"),
        "to a denied one": (["hello", "web.test", "denied.test"], GONE),
        "to a denied one, in 40 segments": (["hello", "web.test", "denied.test", 40], GONE),
        "to one below it": (["hello", "web.test", "denied.web.test"], GONE),
        "to one that is allowed at another port": (["hello", "web.test", "port.test"], GONE),
        "without a name": (["hello", "web.test", None], GONE),
        "with an address for a name": (["hello", "web.test", public(25)], GONE),
        "without a name, to an address": (["hello", public(40), None], "ok"),
        "with a denied name, to an address": (["hello", public(40), "denied.test"], GONE),
        "on a port where all is allowed": (["hello", "exact.test", None, 1, 8443], "ok"),
        "garbage on 443": (["bytes", "web.test", 443, "\\x00\\x01garbage" * 20], GONE),
        "SSH on 443": (["bytes", "web.test", 443, "SSH-2.0-OpenSSH_9.2\\r\\n"], GONE),
        "half a record, then the end": (
            ["bytes", "web.test", 443, "\\x16\\x03\\x01\\x40\\x00ab"],
            GONE,
        ),
        "a record too long": (
            ["bytes", "web.test", 443, "\\x16\\x03\\x01\\xff\\xff" + "a" * 20000],
            GONE,
        ),
        "nothing at all": (["silence", "web.test", 443], GONE),
    }
    try_each(m, cases)
    denied = {"name": "web.test", "asked": "denied.test", "port": 443}
    check_line(m, "box", "a denied name is a line", event="refused", **denied)
    check_line(m, "box", "no name is one", event="refused", port=443, reason="no server name")


def test_hosts(m, net):
    get = "GET / HTTP/1.1"
    own, other = "Host: web.test", "Host: denied.test"

    def http(host, *lines, pieces=1, port=80):
        return ["bytes", host, port, request(*lines), pieces]

    cases = {
        "HTTP to the name itself": (http("web.test", get, own, "Connection: close"), "ok"),
        "in capitals": (http("web.test", get, "hOST:WEB.tEST", "Connection: close"), "ok"),
        "with the port": (http("web.test", get, "Host: web.test:80", "Connection: close"), "ok"),
        "in 30 segments": (http("web.test", get, own, "Connection: close", pieces=30), "ok"),
        "late in the head": (http("web.test", get, *["X-A: " + "b" * 500] * 9, own), "ok"),
        "to another allowed name": (http("web.test", get, "Host: exact.test"), "ok"),
        "to a denied one": (http("web.test", get, other), GONE),
        "to a denied one, in 30 segments": (http("web.test", get, other, pieces=30), GONE),
        "to one that is allowed elsewhere": (http("web.test", get, "Host: port.test"), GONE),
        "to none": (http("web.test", get), GONE),
        "to none, HTTP/1.0": (http("web.test", "GET / HTTP/1.0"), GONE),
        "to two": (http("web.test", get, own, other), GONE),
        "to two, the denied one first": (http("web.test", get, other, own), GONE),
        "to one in a folded line": (http("web.test", get, "Host:", " denied.test"), GONE),
        "to one behind a space": (http("web.test", get, "Host : denied.test", own), GONE),
        "by the request line": (http("web.test", "GET http://denied.test/ HTTP/1.1", own), GONE),
        "with a NUL": (http("web.test", get, "Host: web.test\\x00.denied.test"), GONE),
        "with an at sign": (http("web.test", get, "Host: web.test@denied.test"), GONE),
        "to an address": (http("web.test", get, f"Host: {public(25)}"), GONE),
        "to a number": (http("web.test", get, "Host: 1572394772"), GONE),
        "the address that is allowed": (http(public(40), get, f"Host: {public(40)}"), "ok"),
        "with nothing said": (http(public(40), "GET / HTTP/1.0"), "ok"),
        "with another address": (http(public(40), get, f"Host: {public(41)}"), GONE),
        "with a denied name": (http(public(40), get, other), GONE),
        "HTTP/2 without TLS": (
            ["bytes", "web.test", 80, request("PRI * HTTP/2.0", "", "SM")],
            GONE,
        ),
        "HTTP on 443": (http("web.test", get, other, port=443), GONE),
        "an IPv6 address": (http(public6(43), get, f"Host: [{public6(43)}]"), "ok"),
    }
    try_each(m, cases)
    hosts = {word.split()[0] for a in net.servers.arrivals for word in a.words if " " in word}
    check("no denied host has arrived", not [h for h in hosts if "denied" in h], hosts)


def test_later_requests(m, net):
    """What follows the first request on its connection."""
    get, own, other = "GET / HTTP/1.1", "Host: web.test", "Host: denied.test"
    post = ["POST / HTTP/1.1", own]
    hidden, body = request(get, other), request(*post, "Content-Length: 2") + "hi"
    upgrade = request(get, own, "Upgrade: h2c")

    def sent(text):
        return {"event": "connect", "name": "web.test", "end": "refused", "sent": len(text.replace("\\r\\n", "\r\n"))}

    malformed = {"event": "refused", "name": "web.test", "reason": "malformed request"}
    cases = {
        "a request for a denied name": (request(get, own) + hidden, sent(request(get, own))),
        "one behind a body": (body + hidden, sent(body)),
        "HTTP/2 behind an upgrade": (upgrade + request("PRI * HTTP/2.0", "", "SM"), sent(upgrade)),
        "one hidden by two lengths": (
            request(*post, "Content-Length: 99", "Content-Length: 0") + hidden,
            malformed,
        ),
        "one hidden by a length and chunks": (
            request(*post, "Content-Length: 99", "Transfer-Encoding: chunked") + hidden,
            malformed,
        ),
    }
    for what, (data, line) in cases.items():
        reach(m, "box", [["bytes", "web.test", 80, data]])
        check_line(m, "box", f"{what} is refused", **line)
    check_line(m, "box", "by its name", event="refused", name="web.test", asked="denied.test", port=80)
    hosts = {word.split()[0] for a in net.servers.arrivals for word in a.words if " " in word}
    check("no denied host has arrived", "denied.test" not in hosts, hosts)


def test_ports(m, net):
    cases = {
        "a name with a port, there": (["tls", "port.test", 8443], "ok"),
        "not at 443": (["tls", "port.test", 443], GONE),
        "not at 80": (["http", "port.test"], GONE),
        "a name without: 80": (["http", "web.test"], "ok"),
        "443": (["tls", "web.test"], "ok"),
        "not 8080": (["http", "web.test", 8080], GONE),
        "not 5000": (["tcp", "web.test"], GONE),
        "any port": (["tcp", "exact.test"], "ok"),
        "any port, 8080": (["http", "exact.test", 8080], "ok"),
        "a wildcard with a port": (["tcp", "a.wild.test"], "ok"),
        "not at 80, either": (["http", "a.wild.test"], GONE),
        "nobody listens there": (["tcp", "exact.test", 9], GONE),
        "nobody is there": (["tcp", "nobody.test"], GONE),
    }
    try_each(m, cases)
    check_line(
        m,
        "box",
        "a port is a line",
        event="refused",
        name="web.test",
        port=5000,
        reason="port not allowed",
    )


def test_literals(m, net):
    own = free_port()  # a port that no server of this test has, and the machine hasn't either
    cases = {
        "an address, 80": (["http", public(40)], "ok"),
        "not 5000": (["tcp", public(40)], GONE),
        "an address with its port": (["tcp", public(41)], "ok"),
        "not 80": (["http", public(41)], GONE),
        "the first of a network": (["tcp", public(72)], "ok"),
        "its last": (["tcp", public(79)], "ok"),
        "any port of another": (["tcp", public(82)], "ok"),
        "its 80": (["http", public(82)], "ok"),
        "an IPv6 address": (["tcp", public6(42)], "ok"),
        "an IPv6 network": (["tcp", "2606:2800:220:7::abcd"], "ok"),
        "not its 80": (["http", "2606:2800:220:7::abcd"], GONE),
        "by UDP it is not": (["udp", public(82)], NOWHERE),
        "nor QUIC": (["quic", public(40)], NOWHERE),
        "outside of the network": (["tcp", public(71)], NOWHERE),
        "mapped into IPv6": (
            ["tcp", f"::ffff:{public(82)}"],
            "ok|reset|closed|refused|unreachable",
        ),
        "private, and the operator's": (["tcp", "10.9.8.7"], "ok"),
        "by a name": (["tcp", "inside.test"], "ok"),
        "by IPv6": (["tcp", "inside6.test"], "ok"),
        "private, not the operator's": (["tcp", "172.16.5.5"], NOWHERE),
        "that by a name": (["tcp", "outside.test"], "no name|no data|" + NOWHERE),
        "the appliance's loopback by a name": (["tcp", "loop.test"], "no name|no data|" + NOWHERE),
        "its address": (["tcp", GUEST4, own], NOWHERE),
    }
    try_each(m, cases)
    check_line(m, "box", "a private address is a line", event="refused", reason="private address")


def test_management(m, net):
    """The API, at whatever is an address of the appliance, from who may dial all of them."""
    port = 8080
    get = request("GET /cgi-bin/health HTTP/1.1", "Host: api", "Connection: close")
    hosts = [
        *(GUEST4, f"::ffff:{GUEST4}", GUEST6, "fe80::5054:ff:fe12:3456", "127.0.0.1", "127.8.8.8"),
        *("0.0.0.0", "::", "::1", "::ffff:127.0.0.1", "self.test", "self6.test", "loop.test"),
        *("198.18.0.1", "198.18.0.2", "10.0.2.255", "255.255.255.255", "224.0.0.1"),
    ]
    for host, result in zip(hosts, reach(m, "box", [["bytes", h, port, get] for h in hosts])):
        gone = result.split()[0] in ("reset", "closed", "refused", "unreachable", "no", "OSError")
        check(f"the API is not at {host}", gone and "HTTP" not in result, result)
    alive = m.http("GET", "health")
    equal("while it answers outside", alive.status, 200)


OWN_SERVERS = """
mkdir -p /srv; cd /srv; echo own >index.html
for port in 80 443 8080; do
    python3 -m http.server --bind 0.0.0.0 $port >/dev/null 2>&1 &
done
python3 -m http.server --bind 127.0.0.1 81 >/dev/null 2>&1 &
python3 -m http.server --bind :: 82 >/dev/null 2>&1 &
for port in 80 443 8080 81 82; do
    until curl -s -m 5 http://127.0.0.1:$port/ | grep own; do sleep 0.1; done
done
curl -s -m 5 http://localhost:82/
curl -s -m 5 'http://[::1]:82/'
"""


def test_own_servers(m, net):
    """Servers in the sandbox, at the very ports that it dials, of every address that it has."""
    result = run(m, "box", OWN_SERVERS)
    equal("each answers the sandbox itself", result["stdout"], "own\n" * 7)
    cases = {
        "and 80 of a name is still the name's": (["http", "web.test"], "ok"),
        "and 443": (["tls", "web.test"], "ok"),
        "and 8080": (["http", "exact.test", 8080], "ok"),
        "and of an address": (["http", public(40)], "ok"),
        "and a port that is not allowed is not their's": (["http", "web.test", 8080], GONE),
    }
    try_each(m, cases)
    output(m, "box", "kill $(pidof python3)")
    equal("without them it is the same", reach(m, "box", [["http", "web.test"]]), ["ok"])


def test_ends(m, net):
    """Each side can end what it says, and go on listening."""
    size = 3_000_017
    cases = {
        "the sandbox ends first": (["sink", "exact.test", 5000, size], "ok"),
        "the server ends first": (["source", "exact.test", 5000, size, "last-words"], "ok"),
        "nothing is said at all": (["sink", "exact.test", 5000, 0], "ok"),
        "to an address": (["sink", public(41), 5000, size], "ok"),
        "by IPv6": (["source", public6(42), 5000, size, "late-six"], "ok"),
        "the server resets": (["bytes", "exact.test", 5000, "reset\n"], GONE),
    }
    try_each(m, cases)
    late = net.servers.find(public(20), "source")
    check("what was said late has arrived", net.servers.wait_word(late, "late last-words"))
    late = net.servers.find(public6(42), "source")
    check("by IPv6 as well", net.servers.wait_word(late, "late late-six"))
    line = check_line(
        m, "box", "its bytes are in the log", event="connect", received=size, port=5000
    )
    check("as is their end", line.get("end"), line)
    sent = len("sink\n") + size
    check_line(
        m, "box", "and those of the other way", event="connect", sent=sent, name="exact.test"
    )


def test_many(m, net):
    held = reach(m, "box", [["many", MANY, 5000, 500]])
    equal("500 at once", held, ["500 held, 0 lost, 0 waiting"])
    over = CONNECTIONS + 40
    held = reach(m, "box", [["many", MANY, 5000, over]])
    equal("more than there may be", held, [f"{CONNECTIONS} held, 40 lost, 0 waiting"])
    check_line(m, "box", "which is said", event="refused", reason="too many connections")
    held = reach(m, "box", [["many", ["exact.test"], 5000, TO_ONE + 12]])
    equal("and to one address and port", held, [f"{TO_ONE} held, 12 lost, 0 waiting"])
    check_line(m, "box", "which is said", event="refused", reason="too many connections to one address")
    equal("and one after them", reach(m, "box", [["tcp", "exact.test"]]), ["ok"])


def test_packets(net):
    """The machine has dialled nothing but what was reached."""
    names = {entry.partition(":")[0] for entry in ALLOW} | {"a.wild.test", *MANY}
    dials = {(public(25), 80), (public(25), 443), ("93.184.216.34", 5000), (public(24), 8443)}
    dials |= {(public(20), port) for port in (9, 80, 443, 5000, 8080, 8443)} | {(public(21), 5000)}
    dials |= {(public(40), 80), (public(40), 443), (public(41), 5000), (public6(42), 5000)}
    dials |= {(public(n), 5000) for n in (72, 79, 82)} | {(public(82), 80), (public6(43), 80)}
    dials |= {(public(100 + i), 5000) for i in range(len(MANY))}
    dials |= {("2606:2800:220:7::abcd", 5000), ("10.9.8.7", 5000), ("fd00::1", 5000)}
    stray = network.stray(net.capture.packets(), names, dials)
    equal("no packet that is not explained", stray[:10], [])
    equal("no datagram has arrived", net.servers.datagrams, [])


def main():
    network.enter()
    net = Net("egress-relay", ZONE)
    with net.machine(PRIVATE) as m:
        m.wait_api()
        before = m.counts()
        create(m, "box", LAYERS, allow_net=ALLOW)
        tests = (test_tls_names, test_hosts, test_later_requests, test_ports, test_literals, test_management)
        tests += (test_own_servers, test_ends, test_many)
        tap.each(m, *(bound(test, net) for test in tests))
        destroy(m, "box")
        equal("nothing is left behind", m.wait_counts(before), before)
    test_packets(net)


tap.run(main)
