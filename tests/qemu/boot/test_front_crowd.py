#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""front on the booted image, in a crowd of one address: others are answered."""

import contextlib
import socket
import threading
import time

import tap
from machine import Machine
from tap import check, equal

HEALTH = b"GET /cgi-bin/health HTTP/1.1\r\nHost: crowd\r\n\r\n"
QUICK = 40  # requests of the one that isn't in the crowd


class Crowd:
    """Of one address: 300 connections that have begun a head, and 48 that ask as fast as they get answers."""

    def __init__(self, m):
        self.machine, self.ends, self.answers, self.slow = m, False, 0, []
        for _ in range(300):
            slow = socket.create_connection(("127.0.0.1", m.port), 20)
            slow.sendall(HEALTH[:9])
            self.slow.append(slow)
        self.threads = [threading.Thread(target=self.ask) for _ in range(48)]
        for thread in self.threads:
            thread.start()

    def ask(self):
        while not self.ends:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.machine.port), 20) as s:
                while not self.ends:
                    s.sendall(HEALTH)
                    reply = s.recv(65536)
                    if not reply:
                        break
                    self.answers += b" 200 " in reply

    def end(self):
        self.ends = True
        for thread in self.threads:
            thread.join()
        for slow in self.slow:
            slow.close()


def time_quick(m):
    """How long requests take that come from another address, one after the other: seconds."""
    ask = "wget -q -O /dev/null http://127.0.0.1:8080/cgi-bin/health || echo failed"
    started = time.monotonic()
    failed = m.inside(f"i=0; while [ $i -lt {QUICK} ]; do {ask}; i=$((i+1)); done", 120)[1]
    return time.monotonic() - started, failed


def memory_kb(m):
    return int(m.inside("awk '/^VmRSS/ { print $2 }' /proc/$(pidof front)/status")[1])


def test_crowd(m):
    """tests/front shows whose turn it is, by counts. Here it is the machine that ships, and the API."""
    quiet, failed = time_quick(m)
    equal("quick requests, by themselves", failed, "")
    crowd = Crowd(m)
    crowded, failed = time_quick(m)
    memory = memory_kb(m)
    crowd.end()
    equal("none of them fails in a crowd", failed, "")
    check("the crowd was served meanwhile", crowd.answers > QUICK, crowd.answers)
    # 348 connections, each with a page or two of its buffers, on what front has by itself.
    check("front's memory is bounded", memory < 2048 + 348 * 20, memory)
    tap.note(f"{quiet:.2f} s, in the crowd {crowded:.2f} s; front {memory} kB; {crowd.answers} answers")
    workers = m.inside("i=0; while pidof api && [ $i -lt 100 ]; do sleep 0.1; i=$((i+1)); done; pidof api")
    check("nothing goes on when the crowd has gone", workers[0] != 0, workers)


def main():
    with Machine("front-crowd", memory_mb=512) as m:
        m.wait_api()
        tap.each(m, test_crowd)


tap.run(main)
