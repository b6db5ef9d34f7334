# SPDX-License-Identifier: MIT
"""The cables of a machine's network cards, by QEMU's own door (QMP)."""

import json
import socket
import time

from machine import WORK


class Cables:
    """args are QEMU's, which waits until open_door() is called. name: of the machine."""

    def __init__(self, name):
        self._path = WORK / f"{name}.qmp"
        self._path.unlink(missing_ok=True)
        self._sock = socket.socket(socket.AF_UNIX)
        self.args = ["-qmp", f"unix:{self._path},server=on,wait=on"]

    def open_door(self):
        while True:
            try:
                self._sock.connect(str(self._path))
                break
            except (FileNotFoundError, ConnectionRefusedError):
                time.sleep(0.05)
        self._send("qmp_capabilities")

    def plug(self, is_in, card="net"):
        """Put the cable of the card with that id in, or pull it."""
        self._send("set_link", name=card, up=is_in)

    def _send(self, what, **arguments):
        line = json.dumps({"execute": what, "arguments": arguments}) + "\n"
        self._sock.sendall(line.encode())
