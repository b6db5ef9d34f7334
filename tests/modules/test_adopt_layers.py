#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""adopt-layers of the Debian base, on this host: what dpkg's status file comes to, also when an
earlier run was cut off anywhere."""

import shutil
import subprocess

import tap
from machine import BUILD, ROOT
from tap import check, equal

ADOPT = ROOT / "config/modules/000-base-debian.d/usr/lib/squash-sandbox/adopt-layers"
WORK = BUILD / "test/adopt-layers"
BELOW = "Package: base\nStatus: install ok installed\nVersion: 1\n"
LAYERS = {
    name: f"Package: {name}\nStatus: install ok installed\nDepends: base\nVersion: 2\nDescription: the {name}\n more\n"
    for name in ("git", "gitk", "zsh")
}
WHOLE = "\n".join([BELOW, *LAYERS.values()]) + "\n"


def begin(status):
    shutil.rmtree(WORK, ignore_errors=True)
    (WORK / "status.d").mkdir(parents=True)
    for name, text in LAYERS.items():
        (WORK / "status.d" / name).write_text(text)
    (WORK / "status").write_text(status)


def adopt():
    """Run it with the directory in the place of dpkg's. What it says."""
    inside = f"mount --bind {WORK} /var/lib/dpkg && exec sh {ADOPT}"
    ran = subprocess.run(["unshare", "-rm", "sh", "-c", inside], capture_output=True, text=True, check=False)
    return f"{ran.stdout}{ran.stderr}" + (f"exit code {ran.returncode}" if ran.returncode else "")


def entries(text):
    return sorted(entry.strip() for entry in text.split("\n\n") if entry.strip())


def test_whole():
    begin(BELOW + "\n")
    equal("it says nothing", adopt(), "")
    status = WORK / "status"
    equal("each entry is there", status.read_text(), WHOLE)
    made = status.stat().st_ino
    equal("once more", (adopt(), status.stat().st_ino), ("", made))
    equal("nothing else is left", sorted(path.name for path in WORK.iterdir()), ["status", "status.d"])


def test_changed():
    """What dpkg has done to one since is dpkg's."""
    begin(WHOLE.replace("Version: 2", "Version: 3", 1))
    kept = (WORK / "status").read_text()
    equal("a package that was upgraded", (adopt(), (WORK / "status").read_text()), ("", kept))
    begin(WHOLE + BELOW.replace("Version", "Architecture: i386\nVersion") + "\n")
    kept = (WORK / "status").read_text()
    equal("one of two architectures", (adopt(), (WORK / "status").read_text()), ("", kept))
    removed = LAYERS["zsh"].replace("install ok installed", "deinstall ok config-files")
    begin(WHOLE.replace(LAYERS["zsh"], removed))
    kept = (WORK / "status").read_text()
    equal("one that was removed", (adopt(), (WORK / "status").read_text()), ("", kept))


def test_cut():
    """As a run that appended left it, cut off behind any byte; and another run behind that one."""
    wrong = []
    begin("")
    for end in range(len(BELOW) + 1, len(WHOLE), 3):
        for more in ("", "\n" + LAYERS["zsh"]):
            cut = WHOLE[:end]
            if more and LAYERS["zsh"][:14] in cut:
                continue
            (WORK / "status").write_text(cut + more)
            said = adopt()
            if said or entries((WORK / "status").read_text()) != entries(WHOLE):
                wrong.append((cut[-40:] + more[:20], said, (WORK / "status").read_text()))
    check("is made whole", not wrong, wrong[:1])


def main():
    for test in (test_whole, test_changed, test_cut):
        test()


tap.run(main)
