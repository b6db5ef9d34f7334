# SPDX-License-Identifier: MIT
"""A copy of the source tree."""

import shutil
import subprocess

from machine import ROOT

LIST = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", ":!build"]


def copy_tree(target):
    """Copies all files that git has or would have, with their times, below target (a Path)."""
    listed = subprocess.run(LIST, cwd=ROOT, check=True, stdout=subprocess.PIPE)
    for name in listed.stdout.decode().split("\0"):
        source, copy = ROOT / name, target / name
        if name and source.is_file():
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, copy)
