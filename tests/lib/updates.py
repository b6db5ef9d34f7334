# SPDX-License-Identifier: MIT
"""What tests of updates begin with: keys, a UEFI disk, images of other versions, update files; and what
is on the disk's ESP when no machine runs."""

import importlib.machinery
import importlib.util
import os
import shutil
import socket
import ssl
import subprocess
import sys
from pathlib import Path

from machine import ROOT, WORK, Reply, pack_overlay
from tap import note

TOKEN = "operators-token-0123456789"
PROGRAM = Path(sys.argv[0]).stem  # in names of files, as such programs run side by side
KEYS = WORK / f"{PROGRAM}.keys"
COMMAND_LINE = "console=tty0 console=ttyS0 quiet panic=1"
ESP_OFFSET = "@@1M"  # scripts/mkusb
UPDATE = "api/system/update"


def load_script(name):
    """A script of ours, as a module."""
    path = str(ROOT / "scripts" / name)
    loader = importlib.machinery.SourceFileLoader(name, path)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module


mkupdate = load_script("mkupdate")


def run(*command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout


def make_keys():
    shutil.rmtree(KEYS, ignore_errors=True)
    run(ROOT / "scripts/mkkeys", KEYS)


def make_disk(name, version="0.1.0"):
    """A UEFI disk with an image of that version, whose host is called alpha; its path."""
    image, settings = WORK / f"{name}.img", WORK / f"{name}.settings"
    image.unlink(missing_ok=True)
    settings.write_text(f"SQUASH_AUTH_TOKEN={TOKEN}\nSQUASH_HOSTNAME=alpha\n")
    run(ROOT / "scripts/mkusb", "-k", KEYS, "-s", settings, "-v", version, image)
    esp(image, "mdeltree", "::/loader/keys")  # enrolling them takes a boot
    return image


def make_uki(name, version, more="", overlays=()):
    """An image of that version, with more on its command line; its path."""
    out = WORK / f"{name}.efi"
    extra = [word for overlay in overlays for word in ("-i", overlay)]
    command_line = f"{COMMAND_LINE} {more}"
    run(ROOT / "scripts/mkuki", "-k", KEYS, "-v", version, "-c", command_line, *extra, out)
    return out


def make_agent_uki(name, version, more="", files=None):
    """The same, with the test agent and files, {path: bytes}; for machines with has_agent."""
    pack_overlay(name, files or {})
    more = f"rdinit=/test-init {more}"
    return make_uki(name, version, more, overlays=[WORK / f"{name}.cpio"])


def make_update(uki):
    """The update file of an image: bytes."""
    out = uki.with_suffix(".update")
    run(ROOT / "scripts/mkupdate", "-k", KEYS, uki, out)
    return out.read_bytes()


def header(version, size, digest=bytes(32)):
    """A header signed by the operator, whatever it says."""
    values = (mkupdate.MAGIC, mkupdate.FORMAT, *version, size, digest)
    signed = mkupdate.HEADER.pack(*values, bytes(64))[: mkupdate.SIGNED]
    der = run("openssl", "dgst", "-sha256", "-sign", KEYS / "update.key", input=signed)
    return mkupdate.HEADER.pack(*values, mkupdate.raw_signature(der))


class Slow:
    """An update that is sent by hand: its length is said, and what is sent of it is up to the test."""

    def __init__(self, m, length, query=""):
        plain = socket.create_connection(("127.0.0.1", m.port), timeout=30)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(plain)
        head = [f"POST /cgi-bin/{UPDATE}{query} HTTP/1.1", "Host: test", f"Content-Length: {length}"]
        head += [f"Authorization: Bearer {m.token}", "Connection: close", "", ""]
        self.send("\r\n".join(head).encode())

    def send(self, data):
        self.socket.sendall(data)

    def reply(self):
        """What is answered, whether or not all has been sent."""
        received = b""
        while chunk := self.socket.recv(65536):
            received += chunk
        return Reply(received)

    def close(self):
        self.socket.close()


def esp(image, tool, *arguments):
    """Run one of mtools on the image's ESP; its output."""
    environment = {**os.environ, "MTOOLSRC": "/dev/null", "MTOOLS_SKIP_CHECK": "1"}
    output = run(tool, "-i", f"{image}{ESP_OFFSET}", *arguments, env=environment)
    return output.decode("utf-8", "replace")


def put_uki(image, uki, name):
    """Put an image onto the ESP under that name."""
    esp(image, "mcopy", "-o", uki, f"::/EFI/Linux/{name}")


def ukis(image):
    """The names of all that is in /EFI/Linux."""
    return sorted(path.rpartition("/")[2] for path in esp(image, "mdir", "-b", "::/EFI/Linux").split())


def fat_is_whole(image):
    """Whether fsck finds nothing to mend on the ESP, but a mark that it was not unmounted."""
    copy = WORK / f"{PROGRAM}.esp"
    run("dd", f"if={image}", f"of={copy}", "bs=1M", "skip=1", "count=192", "status=none")
    done = subprocess.run(["/sbin/fsck.vfat", "-n", copy], capture_output=True, text=True, check=False)
    note(done.stdout if done.returncode else "")
    return done.returncode == 0
