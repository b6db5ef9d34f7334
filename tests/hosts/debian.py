# SPDX-License-Identifier: MIT
"""A release of Debian in a directory, as a newcomer finds it: the essential packages and make, nothing of
the build in any cache, and an ordinary user without sudo. Needs root, mmdebstrap, and scripts/apt-private's
files, by which it takes packages as this host does."""

import re
import shutil
import subprocess
from pathlib import Path

from machine import BUILD, ROOT
from tree import copy_tree

USER = "newcomer"
LOCAL_CERTIFICATES = Path("usr/local/share/ca-certificates")
# Mounts and processes of a command end with it, however it ends.
NAMESPACES = ["setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child"]
# The directory becomes the root by pivot_root(8): in a chroot(2), no user would get a user namespace.
ENTER = """
set -e
mount --bind "$1" "$1"
cd "$1"
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
pivot_root . mnt
shift
exec chroot . bash -c 'umount -l /mnt; cd /; exec "$@"' bash "$@"
"""


class Failed(Exception):
    """A release that can't be installed, or a command there that has failed."""


class Debian:
    """One release ("trixie"), installed in the directory place."""

    def __init__(self, release, place):
        self.root = place / release
        self.tree = self.root / f"home/{USER}/squash-sandbox"
        self._install(release, place / f"{release}.sources")
        self._connect()
        self.run("useradd", "--create-home", "--shell", "/bin/bash", USER)
        copy_tree(self.tree)
        self.run("chown", "-R", f"{USER}:", f"/home/{USER}")

    def _install(self, release, sources):
        """Packages come from this host's mirror, as a user of that release has it: no backports."""
        stanzas = (BUILD / f"apt/sources/{release}.sources").read_text().split("\n\n")
        usual = [stanza for stanza in stanzas if "-backports" not in stanza]
        sources.write_text("\n\n".join(usual).replace("deb deb-src", "deb"))
        acquire = re.findall("^Acquire.*", (BUILD / "apt/apt.conf").read_text(), re.MULTILINE)
        command = ["mmdebstrap", "--mode=root", "--variant=minbase", "--include=make", "--skip=check/signed-by"]
        command += [f"--aptopt={line}" for line in acquire]
        # npm of Debian is some hundred packages; what dpkg writes needn't outlive a power cut.
        command += ["--dpkgopt=force-unsafe-io", "--quiet", release, self.root, sources]
        done = subprocess.run([*NAMESPACES, "--mount-proc", *command], capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"mmdebstrap {release}: {done.stderr[-2000:]}")

    def _connect(self):
        """The network is this host's: its name servers, authorities and npm registry."""
        shutil.copyfile("/etc/resolv.conf", self.root / "etc/resolv.conf")
        if (authorities := Path("/") / LOCAL_CERTIFICATES).is_dir():
            shutil.copytree(authorities, self.root / LOCAL_CERTIFICATES, dirs_exist_ok=True)
        lines = []
        for name in ("registry", "proxy", "https-proxy"):
            got = subprocess.run(["npm", "config", "get", name], cwd=ROOT, capture_output=True, text=True, check=True)
            lines += [f"{name}={got.stdout.strip()}\n"] if got.stdout.strip() != "null" else []
        (self.root / "etc/npmrc").write_text("".join(lines))

    def command(self, *words):
        """What runs the words there, as root."""
        return [*NAMESPACES, "bash", "-c", ENTER, "bash", str(self.root), *words]

    def user_command(self, line, **env):
        """What runs the line in the source tree, as the newcomer."""
        words = [f"{name}={value}" for name, value in env.items()]
        user = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--reset-env"]
        return self.command(*user, "env", "-C", f"/home/{USER}/squash-sandbox", *words, "bash", "-c", line)

    def run(self, *words, env=()):
        """Runs the words as root. Raises Failed."""
        command = self.command("setpriv", "--reset-env", "env", *env, *words)
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"{' '.join(words)}: {(done.stdout + done.stderr)[-2000:]}")

    def type(self, line, **env):
        """Types the line as the newcomer. Returns (status, what it prints)."""
        done = subprocess.run(
            self.user_command(line, **env), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="replace", check=False,
        )  # fmt: skip
        return done.returncode, done.stdout
