# SPDX-License-Identifier: MIT
"""An NTP server that says of each question what a test wants of it: right answers and wrong ones."""

import datetime
import socket
import struct
import threading
import time

SINCE_1900 = 2208988800  # of 1970, in seconds: RFC 5905, section 6
UNSYNCHRONISED = 3  # leap indicator
SERVER = 4 << 3 | 4  # version 4, mode 4


def date(text):
    """The seconds since 1970 of an RFC 3339 date."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Question:
    """What a client asks; number: how many there were before it. answer() is for the functions of
    a test."""

    def __init__(self, raw, number, peer, sock):
        self.raw, self.number = raw, number
        self._peer, self._sock = peer, sock

    def answer(self, now, stratum=1, leap=0, origin=None, other=False):
        """Say that it is now, in seconds since 1970. origin: 8 bytes that name another question;
        other: from another port."""
        stamp = struct.pack(">Q", int((now + SINCE_1900) * 2**32) % 2**64)
        head = struct.pack(">BBbbII4s", leap << 6 | SERVER, stratum, 4, -20, 0, 0, b"TEST")
        message = head + stamp + (origin or self.raw[40:48]) + stamp + stamp
        if not other:
            self._sock.sendto(message, self._peer)
            return
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind((self._sock.getsockname()[0], 0))
            sock.sendto(message, self._peer)


class NtpServer:
    """Answers at an address by reply, a function of the Question and of how many seconds the server
    runs; it may be another at any time."""

    def __init__(self, address, reply):
        self.reply = reply
        self.count = 0
        self._changed = threading.Condition()
        self._began = time.monotonic()
        self._sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._sock.bind((address, 123))
        threading.Thread(target=self._serve, daemon=True).start()

    def wait(self, count, seconds=60):
        """Wait until so many questions have been answered in all; whether they were."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self.count < count:
                if not self._changed.wait(max(0, deadline - time.monotonic())):
                    return False
        return True

    def _serve(self):
        while True:
            raw, peer = self._sock.recvfrom(512)
            self.reply(Question(raw, self.count, peer, self._sock), time.monotonic() - self._began)
            with self._changed:
                self.count += 1
                self._changed.notify_all()
