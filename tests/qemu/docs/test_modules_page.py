#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# tap: slow
"""docs/modules.md: every command, in the order of the page, on a machine as `make run` boots it: modules
of Debian and npm packages, a directory, an archive and a sandbox, and each of them used in a sandbox."""

import os
import shutil
import subprocess
from pathlib import Path

import pool
import tap
from machine import ROOT, WORK
from pages import follow

PAGE = ROOT / "docs/modules.md"
HOME = WORK / "mkmodule-home"


def variables(machine):
    """What the reader's shell knows. The caches are the user's own: what is in them isn't fetched again."""
    home = Path.home()
    cache = os.environ.get("XDG_CACHE_HOME", home / ".cache")
    # make's own are for what we are made by.
    kept = {name: os.environ[name] for name in os.environ if not name.startswith(("MAKE", "MFLAGS", "SOURCE_DATE"))}
    return {
        "SQUASH_CACHE": f"{cache}/squash-sandbox",
        **kept,
        "HOME": str(HOME),
        "SQUASH_URL": f"http://127.0.0.1:{machine.port}",
        "SQUASH_TOKEN": machine.token,
        "npm_config_cache": str(home / ".npm"),
        "npm_config_userconfig": str(home / ".npmrc"),
        "npm_config_prefer_offline": "true",
    }


def test_page(machine):
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.mkdir(parents=True)
    follow(PAGE, ROOT, variables(machine))


def main():
    # A minute, once; the page's reader then gets what is in the cache.
    subprocess.run([ROOT / "scripts/mkmodule", "from-debs", "140-jq", "jq"], check=True)
    with pool.borrow(pool.WITH_TOKEN, spends=True) as machine:
        tap.each(machine, test_page)


tap.run(main)
