# SPDX-License-Identifier: MIT
"""Folders as `make pxe` makes them, and machines that boot from the network."""

import re
import shutil
import subprocess

import tap
from machine import ROOT, WORK, MediumMachine

# What an endpoint answers for which any token will do, and none won't.
ASKED = "api/sandboxes"


class NetworkMachine(MediumMachine):
    """One that boots by its network card's own ROM, which is iPXE's of 2019."""

    network_card = "virtio-net-pci,netdev=net"

    def __init__(self, name, firmware, args=(), **options):
        # Without a display, SeaBIOS speaks, and lets speak, by the serial port.
        quiet = ["-machine", "graphics=off"] if firmware == "bios" else []
        super().__init__(name, firmware, [*quiet, *args], **options)


def make_folder(name, *options):
    """A folder as scripts/mkpxe makes it: (its path, the token that was printed or None)."""
    folder = WORK / name
    shutil.rmtree(folder, ignore_errors=True)
    made = subprocess.run(
        [ROOT / "scripts/mkpxe", *options, folder], capture_output=True, text=True, check=False
    )
    if made.returncode:
        raise tap.Fatal(f"mkpxe: {made.stderr}")
    token = re.search(r"^ +The token: +(\S+)$", made.stdout, re.MULTILINE)
    return folder, token and token[1]


def file_name(mac):
    """The name of the settings of a machine with that address."""
    return f"settings/{mac.replace(':', '-')}.env"


def check_token(m, what, token):
    """The machine answers by HTTPS to who has the token, and to nobody else."""
    m.token = token
    m.wait_api(120)
    tap.equal(f"{what}: 200 with the token", m.http("GET", ASKED).status, 200)
    m.token = None
    tap.equal(f"{what}: 401 without one", m.http("GET", ASKED).status, 401)
    tap.equal(f"{what}: 401 with another", m.http("GET", ASKED, token="x" + token).status, 401)
