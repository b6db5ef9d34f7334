#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow alone
"""front under those who mean it ill: slow ones, many, guessers. Others must not notice.

    ONLY="test_flood" tests/tap tests/front/test_front_load.py"""

import contextlib
import os
import resource
import signal
import sys
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor

sys.dont_write_bytecode = True

import tap
from waiting import wait_until
from client import API, CHUNKED, LIMITS, Client, Runs, Swarm, ask, children, encode, reset
from process import Front, run_unshared

SLOW_CONNECTIONS = 10000
NORMAL = "127.99.0.1"
BEGINNINGS = b"G", b"", encode()[:-2], encode(b"POST", fields=[b"Content-Length: 10000"]) + b"x"


# ---- how a quick client fares ----

class Measured:
    """A quick client's requests, one after the other, while something goes on. What is asserted is counted: the
    requests of others that came before one of its own. The times, which what else this machine does decides,
    are told beside those before it all."""

    def __init__(self, front, count, pause_s, keep=False):
        self.front, self.how = front, (count, pause_s, keep)
        self.quiet_ms = self._ask()[0]

    def again(self):
        """Whether each was answered well."""
        self.ms, self.bad, self.before = self._ask()
        return self.bad == 0

    def _ask(self):
        """(99th percentile in ms, how many failed, how many runs began while one waited, at most nine times of
        ten)."""
        count, pause_s, keep = self.how
        runs = Runs(self.front)
        kept = Client(self.front, NORMAL) if keep else None
        times, bad, before = [], 0, []
        for _ in range(count):
            time.sleep(pause_s)
            runs.new()
            began = time.monotonic()
            try:
                r = kept.ask() if kept else ask(self.front, source=NORMAL)
                bad += r.status != 200
            except OSError:
                bad += 1
            times.append(1000 * (time.monotonic() - began))
            before.append(len(runs.new()) - 1)
        if kept:
            kept.s.close()
        return sorted(times)[count - 1 - count // 100], bad, sorted(before)[count - 1 - count // 10]

    def __str__(self):
        return (f"p99 {self.ms:.1f} ms, quiet {self.quiet_ms:.1f} ms; {self.bad} failed, {self.before} others' "
                "requests before one")


@contextlib.contextmanager
def in_child(run):
    """run(stop) in a process of its own, of low priority: an attacker has processors of his own.
    Gives a function that ends it and says what it returned, a list of numbers."""
    out, into = os.pipe()
    pid = os.fork()
    if pid == 0:
        stop = []
        signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
        with contextlib.suppress(BaseException):
            os.nice(10)
            said = run(stop)
            os.write(into, " ".join(map(str, said)).encode())
            os._exit(0)
        os._exit(1)
    os.close(into)
    done = []

    def end():
        if not done:
            os.kill(pid, signal.SIGTERM)
            done.append([int(float(word)) for word in os.read(out, 4096).split()])
            os.close(out)
            os.waitpid(pid, 0)
        return done[0]
    try:
        yield end
    finally:
        end()


def flood(front, addresses, rate):
    """An open loop: so many new connections a second, each with a request, whatever becomes of them."""
    data = encode(fields=[b"Connection: close"])

    def run(stop):
        swarm, sent = Swarm(front), 0
        began = time.monotonic()
        while not stop:
            due = int((time.monotonic() - began) * rate)
            for _ in range(min(due - sent, 200)):
                with contextlib.suppress(OSError):
                    swarm.open(f"127.50.{sent % addresses}.1", data)
                sent += 1
            swarm.step(0.002)
        good = sum(data.startswith(b"HTTP/1.1 200") for _, _, data in swarm.ended)
        return sent, good, len(swarm.sockets)
    return run


def capacity(front):
    """Requests a second, of 16 clients that each wait for a reply before the next request."""
    data = encode(fields=[b"Connection: close"])

    def run(stop):
        swarm, n = Swarm(front), 0
        began = time.monotonic()
        while not stop:
            while len(swarm.sockets) < 16:
                swarm.open(f"127.40.{n % 16}.1", data)
                n += 1
            swarm.step(0.1)
        return [len(swarm.ended) / (time.monotonic() - began)]
    with in_child(run) as end:
        time.sleep(1.5)
        return end()[0]


def test_flood(front):
    """Twice what front can do. Were requests served as they come, hundreds would be before a quick one."""
    rate = 2 * capacity(front)
    tap.note(f"flood of {rate} requests a second")
    starting = max(LIMITS["STARTING_MIN"], LIMITS["STARTING_PER_CPU"] * os.cpu_count())
    for addresses in (1, 50):
        quick = Measured(front, 100, 0.02)
        with in_child(flood(front, addresses, rate)) as end:
            wait_until(lambda: children(front.httpd_pid) >= starting, 10)
            ok = quick.again()
            sent, good, left = end()
        said = f"{quick}; flood: {sent} sent, {good} answered, {left} wait"
        most = 2 * (addresses + starting) + 20
        tap.check(f"in a flood from {addresses} addresses quick requests are answered, with {most} others before "
                  "one at most", ok and sent > 0 and quick.before <= most, said)
        tap.note(said)
        wait_until(lambda: front.descriptors() == front.idle_descriptors, 10)


# ---- slow ----

def test_slow_connections(front):
    """10,000 connections that have begun a head, or a body that fits behind it, and send no more."""
    bound_kb = front.memory_kb() + 2048 + \
        LIMITS["CONNECTIONS"] * (LIMITS["IN_BYTES"] + LIMITS["OUT_BYTES"] + 4096) // 1024

    before_kb = front.memory_kb()
    quick = Measured(front, 100, 0.005)
    kept = Measured(front, 100, 0.005, keep=True)
    swarm = Swarm(front)
    for n in range(SLOW_CONNECTIONS):
        swarm.open(f"127.{60 + n % 20}.{n // 20 % 250}.1", BEGINNINGS[n % len(BEGINNINGS)])
        if n % 100 == 99:
            swarm.step()
    held = front.descriptors() - front.idle_descriptors
    answered = quick.again()
    answered = kept.again() and answered
    held = max(held, front.descriptors() - front.idle_descriptors)
    full_kb = front.memory_kb()
    swarm.close()
    gone = wait_until(lambda: front.descriptors() == front.idle_descriptors, 10)
    after_kb = front.memory_kb()
    said = (f"{quick}; kept open: {kept}; {held} connections; RSS {before_kb} KB, {full_kb} KB, "
            f"{after_kb} KB; all gone: {gone}")
    warm_kb = LIMITS["WARM"] * (LIMITS["IN_BYTES"] + LIMITS["OUT_BYTES"]) // 1024
    tap.check(f"{SLOW_CONNECTIONS} slow connections: front has {LIMITS['CONNECTIONS']} at most",
              LIMITS["CONNECTIONS"] // 2 < held <= LIMITS["CONNECTIONS"] + 2, said)
    tap.check(f"less than {bound_kb} KB, which come back",
              full_kb < bound_kb and gone and after_kb < before_kb + warm_kb + 1024, said)
    tap.check("and others are answered", answered, said)
    tap.note(said)


def test_one_address(front):
    """All that one address may have, busy; and idle ones of another, that go for newcomers."""
    limit = LIMITS["CLIENT_CONNECTIONS"]
    swarm = Swarm(front)
    for n in range(2 * limit):
        swarm.open("127.30.0.1", encode(target=API + b"?sleep=400", fields=[b"Connection: close"]))
        if n % 50 == 49:
            swarm.step()
    ok = wait_until(lambda: front.descriptors() - front.idle_descriptors >= limit, 5)
    held = front.descriptors() - front.idle_descriptors
    began = time.monotonic()
    r = ask(front, source=NORMAL)
    tap.check("an address has half of the connections, and others find theirs", ok and r.status == 200
              and time.monotonic() - began < 2, (held, r, time.monotonic() - began))
    swarm.close(by_reset=True)
    wait_until(lambda: children(front.httpd_pid) == 0, 10)
    # Two addresses whose requests wait, all connections full of them.
    swarm = Swarm(front)
    for n in range(3 * limit):
        swarm.open(f"127.30.{n % 3}.1", encode(target=API + b"?sleep=400", fields=[b"Connection: close"]))
        if n % 50 == 49:
            swarm.step()
    replies = [ask(front, source=f"127.31.0.{n}").status for n in range(1, 20)]
    tap.check("queues that fill all connections give way to who has few", replies == [200] * 19, replies)
    swarm.close(by_reset=True)


# ---- guesses ----

def guess(front, token, source, target=API + b"?status=401"):
    began = time.monotonic()
    r = ask(front, target=target, source=source, fields=[b"Authorization: Bearer " + token])
    return r.status, time.monotonic() - began


def test_guesses(front):
    ok = API + b"?status=200"
    guess(front, b"good", "127.8.9.9", ok)
    began = time.monotonic()
    replies = []
    for n in range(9):
        guess(front, b"guess%d" % n, "127.8.0.1")
        replies.append(time.monotonic() - began)
    # Of the sixth to the ninth, the earliest: 100 ms, 200 ms, 400 ms, 800 ms after the one before.
    earliest = [0, 0, 0, 0, 0, .1, .3, .7, 1.5]
    tap.check("after five wrong tokens each one is answered twice as late as the one before",
              all(at >= .9 * least for at, least in zip(replies, earliest)) and replies[4] < replies[8] / 2, replies)
    status, seconds = guess(front, b"good", "127.8.0.1", ok)
    tap.check("a token that was right doesn't wait", status == 200 and seconds < 1, seconds)
    status, seconds = guess(front, b"guess", "127.8.0.2")
    tap.check("nor does another address", status == 401 and seconds < 1, seconds)
    began = time.monotonic()
    r = ask(front, source="127.8.0.1")
    tap.check("nor does a request without any", r.status == 200 and time.monotonic() - began < 1, r)
    # What says nothing of the token doesn't make it a good one.
    for target in (b"/index.html", b"/nothing", b"/cgi-bin/api/../../index.html", API + b"?status=404"):
        guess(front, b"page", "127.8.9.8", target)
    status, seconds = guess(front, b"page", "127.8.0.1")
    tap.check("one that a page was got with is a guess", status == 401 and seconds > 1, seconds)
    status, seconds = guess(front, b"good", "127.8.0.1", API + b"?status=401")
    tap.check("a good one that turns out wrong was good until then", seconds < 1, seconds)
    clients = [Client(front, "127.8.0.1") for _ in range(30)]
    for n, c in enumerate(clients):
        c.send(encode(fields=[b"Authorization: Bearer %d" % n]))
    began = time.monotonic()
    refused = 0
    for c in clients:
        c.s.settimeout(.2)
        with contextlib.suppress(TimeoutError):
            r = c.read_reply()
            refused += r.status == 429 and "retry-after" in r.fields
        reset(c.s)
    tap.check("what would wait too long is refused", 15 <= refused < 30, refused)
    lines = [line for line in front.console().splitlines() if line.endswith(" from 127.8.0.1")]
    tap.equal("the console says so, less and less often", lines,
              [f"front: {n} wrong token{'s' if n > 1 else ''} from 127.8.0.1" for n in (1, 2, 4, 8)])


def test_guesses_at_once(front):
    runs = Runs(front)
    clients = [Client(front, "127.8.1.1") for _ in range(200)]
    for n, c in enumerate(clients):
        c.send(encode(target=API + b"?status=401", fields=[b"Authorization: Bearer %d" % n]))
    time.sleep(1)
    tried = len(runs.new())
    tap.check("of 200 guesses sent at once, a few are tried", 5 <= tried <= 20, tried)
    for c in clients:
        reset(c.s)


def test_guesses_by_uploads(front):
    target = API + b"?ask=401"
    statuses = [ask(front, b"POST", target, "127.8.2.1", body=b"x" * 50000,
                    fields=[b"Authorization: Bearer %d" % n]).status for n in range(7)]
    lines = [line for line in front.console().splitlines() if line.endswith(" from 127.8.2.1")]
    tap.equal("a wrong token with a long body is counted once", (statuses, lines),
              ([401] * 7, [f"front: {n} wrong token{'s' if n > 1 else ''} from 127.8.2.1" for n in (1, 2, 4)]))


# ---- time ----

def until_end(c):
    """Read to the end of the connection: (the seconds, what came)."""
    began = time.monotonic()
    while c.more():
        pass
    return time.monotonic() - began, c.buffer


def trickle(front, source, piece, every_s, seconds, field=b"Content-Length: 10000000"):
    """Send a body in pieces: (status, seconds until it came, or all)."""
    began = time.monotonic()
    with Client(front, source, 45) as c:
        c.send(encode(b"POST", API, fields=[field]))
        c.s.settimeout(every_s)
        while time.monotonic() - began < seconds:
            with contextlib.suppress(TimeoutError):
                c.more()
                r = c.read_reply()
                return r.status, time.monotonic() - began
            try:
                c.send(piece)
            except OSError:
                pass
        return 0, seconds


def head_times(front):
    limit = LIMITS["HEAD_MS"] / 1000
    with Client(front, seconds=30) as silent, Client(front, seconds=30) as half, \
            Client(front, seconds=30) as short, Client(front, seconds=30) as long, \
            Client(front, seconds=30) as short_chunks, Client(front, seconds=30) as long_chunks:
        half.send(b"GET / HTTP/1.1\r\nHost:")
        short.send(encode(b"POST", fields=[b"Content-Length: 100"]) + b"x")
        long.send(encode(b"POST", fields=[b"Content-Length: 100000"]) + b"x")
        short_chunks.send(encode(b"POST", fields=[CHUNKED]) + b"64\r\nx")
        long_chunks.send(encode(b"POST", fields=[CHUNKED, b"Expect: 100-continue"]))
        long_chunks.read_reply()
        long_chunks.send(b"64\r\nx")
        began = time.monotonic()
        found = []
        for name, c, status in (("silence", silent, b""), ("half a head", half, b"HTTP/1.1 408"),
                                ("half a short body", short, b"HTTP/1.1 408"),
                                ("half a long body", long, b"HTTP/1.1 408"),
                                ("half a short body in chunks", short_chunks, b"HTTP/1.1 408"),
                                ("half a long body in chunks", long_chunks, b"HTTP/1.1 408")):
            said = until_end(c)[1]
            seconds = time.monotonic() - began
            found.append((f"{name} ends in time",
                          said.startswith(status) and bool(said) == bool(status)
                          and limit - 1 < seconds < limit + 4, (seconds, said)))
        return found


def linger_times(front):
    with Client(front, seconds=30) as c:
        c.send(b"nonsense\r\n")
        c.read_reply()
        began = time.monotonic()
        ended = False
        while not ended and time.monotonic() - began < 8:
            try:
                c.send(b"x")
                time.sleep(.05)
            except OSError:
                ended = True
        seconds = time.monotonic() - began
        return [("who goes on sending is read for two seconds", ended and 1 < seconds < 5, seconds)]


def body_rates(front):
    with ThreadPoolExecutor(4) as pool:
        slow = pool.submit(trickle, front, "127.20.0.1", b"x" * 100, .1, 25)
        fast = pool.submit(trickle, front, "127.20.0.2", b"x" * 800, .1, 16)
        # 1 KB/s of the body, by 8 KB/s of chunks.
        tiny = pool.submit(trickle, front, "127.20.0.3", b"001\r\nx\r\n" * 100, .1, 25, CHUNKED)
        large = pool.submit(trickle, front, "127.20.0.4", b"320\r\n" + b"x" * 800 + b"\r\n", .1, 16, CHUNKED)
        return [("a body at 1 KB/s is given up", slow.result()[0] == 408
                 and 10 < slow.result()[1] < 20, slow.result()),
                ("one at 8 KB/s isn't", fast.result() == (0, 16), fast.result()),
                ("nor one in chunks", large.result() == (0, 16), large.result()),
                ("what chunks take doesn't count", tiny.result()[0] == 408
                 and 10 < tiny.result()[1] < 20, tiny.result())]


def slow_readers(front):
    size = 50000000
    with Client(front, seconds=60, receive_bytes=4096) as stalled, \
            Client(front, seconds=60, receive_bytes=4096) as slow:
        for c in (stalled, slow):
            c.send(encode(target=API + b"?size=%d" % size, fields=[b"Connection: close"]))
        taken, end = 0, time.monotonic() + LIMITS["STALL_MS"] / 1000 + 3
        while time.monotonic() < end:
            taken += len(slow.s.recv(4096))
            time.sleep(.05)
        stalled_bytes, slow_bytes = stalled.drain(), taken + slow.drain()
        return [("a reply that nobody takes is given up", stalled_bytes < size, stalled_bytes),
                ("one that is taken slowly isn't", slow_bytes > size and taken < size // 10,
                 (taken, slow_bytes))]


def slow_bodies(front):
    """200 clients of 20 addresses, that take all places of uploads; and one that sends a body."""
    with ThreadPoolExecutor(201) as pool:
        slow = [pool.submit(trickle, front, f"127.21.{n % 20}.1", b"x" * 20, .5, 45) for n in range(200)]
        time.sleep(2)
        began = time.monotonic()
        r = ask(front, b"POST", body=b"x" * 100000, source=NORMAL)
        seconds = time.monotonic() - began
        statuses = sorted({s.result()[0] for s in slow})
        return [("who sends a body has a place when the slow ones are given up",
                 r.status == 200 and seconds < 15, (seconds, r)),
                ("all of these end, with 408, or 503 where none came free", statuses == [408, 503],
                 statuses)]


class Times(threading.Thread):
    """What takes its time, on a front of its own, while the others run."""

    def __init__(self):
        super().__init__()
        self.front, self.found = Front(), []
        self.front.wait_up()
        ask(self.front)
        self.start()

    def run(self):
        try:
            wait_until(lambda: children(self.front.httpd_pid) == 0, 5)
            time.sleep(.1)
            self.front.base_descriptors = self.front.descriptors()
            with ThreadPoolExecutor(5) as pool:
                jobs = [pool.submit(job, self.front)
                        for job in (head_times, linger_times, body_rates, slow_readers, slow_bodies)]
                for job in jobs:
                    self.found += job.result()
        except Exception:
            self.found.append(("the times are measured", False, traceback.format_exc()))

    def report(self):
        self.join()
        for name, ok, detail in self.found:
            tap.check(name, ok, detail)
        tap.check("no time's connection is left", wait_until(
            lambda: self.front.descriptors() == self.front.base_descriptors
            and children(self.front.httpd_pid) == 0, 10),
            (self.front.descriptors(), self.front.base_descriptors, children(self.front.httpd_pid)))
        self.front.end()


TESTS = [test_guesses, test_guesses_at_once, test_guesses_by_uploads, test_one_address, test_slow_connections, test_flood]


def main():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    front = Front()
    only = os.environ.get("ONLY", "").split()
    times = None
    try:
        front.wait_up()
        tap.equal("front is up", ask(front).status, 200)
        wait_until(lambda: children(front.httpd_pid) == 0, 5)
        time.sleep(.1)
        front.idle_descriptors = front.descriptors()
        if not only or "times" in only:
            times = Times()
        for test in TESTS:
            if not only or test.__name__ in only:
                began = time.monotonic()
                tap.each(front, test)
                tap.check(f"{test.__name__} leaves nothing behind", wait_until(
                    lambda: front.descriptors() == front.idle_descriptors
                    and children(front.httpd_pid) == 0, 10), front.descriptors())
                tap.note(f"{test.__name__}: {time.monotonic() - began:.1f} s, {front.memory_kb()} KB")
        if times:
            times.report()
        tap.equal("front runs", front.has_ended(), None)
    finally:
        front.end()


if __name__ == "__main__":
    run_unshared()
    tap.run(main)
