#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Every form of a name, allowed and denied, by every protocol and by programs of every resolver.
What is allowed arrives; of what is denied nothing leaves the machine: each case has a name or an
address of its own, which is looked for in all that the machine has sent."""

import ipaddress
import itertools

import network
import tap
from api import create, destroy
from egress import NODE, REACHING, Net, check_line, is_one_of, reach, reach_by_node, reach_by_shell
from network import public, public6, question_of
from tap import check, equal

MUSL = "000-base-busybox"
ALLOW = ["exact.test:*", "*.wild.test:*", "xn--bcher-kva.test:*"]
REACHED = {public(20), public(21), public(22)}

# Each denied case has its number: in its name, or as an address nobody else has.
numbers = itertools.count(100)


class Form:
    """A form that a name may have. make(number): the host and what of it must not be seen outside,
    a name or an address; None: it is allowed."""

    def __init__(self, name, make, kind="denied"):
        self.name, self.make, self.kind = name, make, kind


def name_form(pattern):
    """A denied name with the number in it."""
    return lambda n: (pattern.format(n), f"denied{n}")


def punycode_form(n):
    label = f"d\u00e9nied{n}".encode("idna").decode()
    return f"{label}.test", label


def v4(n):
    """The address of a number; they are used again where the network has no more."""
    return public(100 + n % 150)


def as_octal(address):
    return ".".join(f"0{int(part):o}" for part in address.split("."))


ALLOWED = [
    Form("exact", lambda n: ("exact.test", None), "allowed"),
    Form("wildcard", lambda n: ("deep.down.wild.test", None), "allowed"),
    Form("trailing dot", lambda n: ("exact.test.", None), "allowed"),
    Form("mixed case", lambda n: ("eXaCt.TeSt", None), "allowed"),
    Form("punycode", lambda n: ("xn--bcher-kva.test", None), "allowed"),
]
DENIED_NAMES = [
    Form("denied", name_form("denied{}.test")),
    Form("denied subdomain", name_form("denied{}.exact.test")),
    Form("denied, allowed's end", name_form("denied{}exact.test")),
    Form("denied, dot and case", name_form("Denied{}.EXACT.test.")),
    Form("denied punycode", punycode_form),
]
LITERALS = [
    Form("decimal IP", lambda n: (str(int(ipaddress.ip_address(v4(n)))), v4(n)), "literal"),
    Form("hex IP", lambda n: (hex(int(ipaddress.ip_address(v4(n)))), v4(n)), "literal"),
    Form("octal IP", lambda n: (as_octal(v4(n)), v4(n)), "literal"),
    Form("IP", lambda n: (v4(n), v4(n)), "literal"),
    Form("IPv6 literal", lambda n: (public6(n), public6(n)), "literal6"),
    Form("mapped IPv6", lambda n: (f"::ffff:{v4(n)}", v4(n)), "literal6"),
]
LONG = ".".join(["d" * 60] * 4)
ODD = [
    Form("NUL in the name", name_form("exact.test\\x00.denied{}.test"), "odd"),
    Form("NUL in a label", name_form("exact\\x00denied{}.test"), "odd"),
    Form("255+ bytes", name_form(f"denied{{}}.{LONG}.wild.test"), "odd"),
    Form(
        "label of 64", lambda n: (f"denied{n}".ljust(64, "x") + ".wild.test", f"denied{n}"), "odd"
    ),
]
ALL = ALLOWED + DENIED_NAMES + LITERALS + ODD

# What each kind of form comes to, by protocol: with Python's sockets, which are glibc's.
WIRE = {"allowed": "ok", "denied": "no name", "literal": "no name", "literal6": "no name",
        "odd": "no name|format error"}  # fmt: skip
STREAM = {"allowed": "ok", "denied": "no name", "literal": "unreachable", "literal6": "unreachable",
          "odd": "no name"}  # fmt: skip
DATAGRAM = {**STREAM, "allowed": "refused"}
PROTOCOLS = {
    "udp_dns": WIRE,
    "tcp_dns": WIRE,
    "http": STREAM,
    "tls": STREAM,
    "tcp": STREAM,
    "udp": DATAGRAM,
    "quic": DATAGRAM,
    "icmp": {**STREAM, "allowed": "answered"},
}


class Case:
    """One try: by what, of which form, and what must come of it."""

    def __init__(self, by, form, expected, make):
        self.host, self.marker = form.make(next(numbers))
        self.name = f"{form.name}: {by} of {self.host[:60]}"
        self.expected, self.call = expected, make(self.host)
        self.form = form


def url_host(host):
    return f"[{host}]" if ":" in host else host


def python_cases():
    for protocol, outcomes in PROTOCOLS.items():
        # A NUL ends the name for glibc, as it does for Node's own resolver.
        for form in ALL if outcomes is WIRE else filter(has_no_nul, ALL):
            yield Case(f"Python, {protocol}", form, outcomes[form.kind], python_call(protocol))


def python_call(protocol):
    def make(host):
        # A name in TLS has no dot at its end: RFC 6066, 3.
        return [protocol, host, 443, host.rstrip(".")] if protocol == "tls" else [protocol, host]

    return make


# glibc, by programs that aren't Python.
GLIBC = {
    "getent": lambda h: f"getent ahosts {h} | grep -q '^198[.]1[89][.]' && echo reached",
    "curl, HTTP": lambda h: f"curl -sS -m 20 http://{url_host(h)}/",
    "curl, TLS": lambda h: f"curl -sS -m 20 https://{url_host(h)}/",
    "bash, TCP": lambda h: f"exec bash -c 'exec 3<>/dev/tcp/{h}/5000; echo hello >&3; cat <&3'",
    "openssl, TLS": lambda h: f"printf 'GET / HTTP/1.0\\r\\nHost: {h.rstrip('.')}\\r\\n\\r\\n' |"
    f" openssl s_client -quiet -verify_return_error -servername {h.rstrip('.')}"
    f" -connect {url_host(h)}:443",
}
BUSYBOX = {
    "nslookup": lambda h: f"nslookup {h} | grep -A 1 Name: | grep -q 'Address: 198[.]1[89][.]' &&"
    " echo reached",
    "wget": lambda h: f"wget -q -O - http://{url_host(h)}/",
    "nc": lambda h: f"echo hello | nc {h} 5000",
}
LEAK_ONLY = {
    "ping": lambda h: f"ping -c 1 -W 1 {h}",
    "traceroute": lambda h: f"traceroute -n -m 1 -q 1 -w 1 {h}",
    "tftp": lambda h: f"tftp -g -r x {h}",
}
NODE_TOOLS = {"lookup": 0, "resolve": 0, "http": 80, "tls": 443, "tcp": 5000, "udp": 5000}


def has_no_nul(form):
    return "NUL" not in form.name


def shell_cases(program, tools):
    for tool, command in tools.items():
        for form in filter(has_no_nul, ALL):
            # musl and glibc take a literal for what it is without asking anybody.
            expected = "ok" if form.kind == "allowed" else "failed"
            yield Case(f"{program}, {tool}", form, expected, command)


def node_cases():
    for tool, port in NODE_TOOLS.items():
        for form in filter(has_no_nul, ALL) if tool in ("resolve", "udp") else ALL:
            if tool in ("lookup", "resolve") and form.kind.startswith("literal"):
                continue  # Node answers itself
            expected = (DATAGRAM if tool == "udp" else STREAM)[form.kind]
            if form.kind == "odd":
                expected += "|unreachable"  # it makes nothing of such a name, and goes there
            yield Case(f"Node, {tool}", form, expected, lambda h, t=tool, p=port: [t, h, p])


def check_results(cases, results):
    equal("each case has its result", len(results), len(cases))
    for case, result in zip(cases, results):
        is_one_of(case.name, result, case.expected)


def check_nothing_left(net, cases):
    """Of what was denied: neither the name in any packet, nor a packet to the address."""
    packets = net.capture.packets()
    ours = [p for p in packets if not (p.sport == 8080 and p.to == network.GATEWAY4)]
    text = b"\0".join(p.payload for p in ours).lower()
    addresses = {p.to for p in ours}
    arrived = {a.address for a in net.servers.arrivals}
    asked = " ".join(net.dns.names())
    for case in cases:
        if case.marker is None:
            continue
        seen = case.marker.encode() in text or case.marker in asked
        seen = seen or case.marker in addresses | arrived
        check(f"nothing leaves, {case.name}", not seen, case.marker)
    return packets


def test_python(m, net):
    create(m, "python", NODE, allow_net=ALLOW, memory_mb=512)
    cases = list(python_cases())
    check_results(cases, reach(m, "python", [case.call for case in cases]))
    return cases


def test_glibc(m, net):
    cases = list(shell_cases("glibc", GLIBC))
    calls = [["shell", case.call] for case in cases]
    check_results(cases, reach(m, "python", calls, 240))
    return cases


def test_node(m, net):
    cases = list(node_cases())
    check_results(cases, reach_by_node(m, "python", [case.call for case in cases]))
    return cases


def test_musl(m, net):
    create(m, "musl", MUSL, allow_net=ALLOW, memory_mb=128)
    cases = list(shell_cases("busybox and musl", BUSYBOX))
    check_results(cases, reach_by_shell(m, "musl", [case.call for case in cases], 240))
    silent = [
        Case(f"busybox, {tool}", form, "", command)
        for tool, command in LEAK_ONLY.items()
        for form in filter(has_no_nul, DENIED_NAMES + LITERALS)
    ]
    for case, result in zip(silent, reach_by_shell(m, "musl", [c.call for c in silent], 240)):
        is_one_of(case.name, result, "failed")
    return cases + silent


def test_log(m, cases):
    """A denied lookup and an allowed connection are lines."""
    denied = [c for c in cases if c.form.kind == "denied" and "udp_dns" in c.name]
    for case in denied:
        name = case.host.lower().rstrip(".")
        check_line(m, "python", f"the log has {name}", event="lookup", name=name, answer="denied")
    line = check_line(
        m, "python", "the log has a connection", event="connect", name="exact.test", port=5000
    )
    equal("with its address", line.get("address"), public(20))
    equal("and what it sent", line.get("sent"), len("hello\n"))
    equal("and received", line.get("received"), len(f"reached {public(20)}\n"))
    check("a time", line.get("time"), line)
    check("a duration", line.get("duration_ms", -1) >= 0, line)


def main():
    network.enter(REACHING)
    net = Net("egress")
    with net.borrow() as m:
        before = m.counts()
        cases = []
        for test in (test_python, test_glibc, test_node, test_musl):
            tap.each(m, named(test, net, cases))
        tap.each(m, named(lambda m, net: test_log(m, cases) or [], net, cases))
        for name in ("python", "musl"):
            destroy(m, name)
        equal("nothing is left behind", m.wait_counts(before), before)
    packets = check_nothing_left(net, cases)
    names = {"exact.test", "deep.down.wild.test", "xn--bcher-kva.test"}
    dials = {(address, port) for address in REACHED for port in (80, 443, 5000)}
    stray = network.stray(packets, names, dials)
    equal("no packet that is not explained", stray[:10], [])
    equal("no datagram has arrived", net.servers.datagrams, [])
    equal("nothing has arrived elsewhere", {a.address for a in net.servers.arrivals}, REACHED)
    equal("nobody was asked of anything else", net.dns.names(), names)
    # What was looked at is what was sent.
    questions = {question_of(p) for p in packets if p.to in network.DNS}
    check("the capture has the questions", names <= questions, questions)
    went = {(p.to, p.dport) for p in packets if p.kind == "tcp" and p.to not in network.DNS}
    check("and the connections", dials <= went, went)
    check("of many cases", len(cases) >= 80, len(cases))
    tap.note(f"{len(cases)} cases, {len(packets)} packets")


def named(test, net, cases):
    def run(m):
        cases.extend(test(m, net))

    run.__name__ = test.__name__
    return run


if __name__ == "__main__":
    tap.run(main)
