#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""What make pxe makes, and a machine that boots from it: BIOS, TFTP, the settings of all machines.
tests/qemu/boot/test_pxe_matrix.py has the other ways."""

import hashlib

from machine import ROOT
from pxe import NetworkMachine, check_token, file_name, make_folder
from tap import check, equal, run

MAC = "52:54:00:12:34:56"  # of QEMU's first card


def digests(folder):
    """{name: SHA-256} of the folder's files."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(f.relative_to(folder)): hashlib.sha256(f.read_bytes()).hexdigest() for f in files}


def test_folder():
    folder, token = make_folder("pxe")
    default = folder / "settings/default.env"
    digest = hashlib.sha256(token.encode()).hexdigest()
    lines = [line for line in default.read_text().splitlines() if not line.startswith("#")]
    equal("the settings are the printed token's SHA-256", lines, [f"SQUASH_AUTH_TOKEN_SHA256={digest}"])
    again, other = make_folder("pxe-again")
    check("another folder has another token", other != token)
    again, none = make_folder("pxe-again", "-s", default)
    equal("with settings of one's own, no token is made", none, None)
    first, second = digests(folder), digests(again)
    if (ROOT / "keys").is_dir():  # a signature says when it was made
        del first["squash.efi"], second["squash.efi"]
    equal("the same settings make the same folder, to the bit", second, first)
    equal("README has three lines", len((folder / "README").read_text().splitlines()), 3)
    return folder, token


def test_boot(folder, token):
    initramfs = folder / "initramfs.cpio.zst"
    data = initramfs.read_bytes()
    # It ends where none may begin: iPXE is to put the settings behind it to a multiple of 4.
    initramfs.write_bytes(data + bytes(-len(data) % 4 + 1))
    # QEMU takes more of its user network's options behind the address.
    guest = f":8443,tftp={folder},bootfile=boot.ipxe"
    with NetworkMachine("pxe", "bios", guest=guest) as m:
        m.wait_console(f"^Squash Sandbox: asking for {file_name(MAC)}")
        m.wait_console("^Squash Sandbox: starting with settings/default.env")
        check("iPXE says which settings it asks for, and which there are", True)
        check_token(m, "BIOS by TFTP", token)


def main():
    test_boot(*test_folder())


run(main)
