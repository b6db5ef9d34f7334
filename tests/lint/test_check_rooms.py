#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""scripts/check-rooms on small trees, each with one fault, and on one without; and that our own tree is
read at all."""

import subprocess
import tempfile
from pathlib import Path

import tap
from tap import check, equal

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "scripts/check-rooms"

TABLE = """\
lib:
first: lib
second/low: lib
second: second/low
"""

# Each file of a tree in which nothing is wrong.
GOOD = {
    "config/rooms": TABLE,
    "config/README.md": "What.\n",
    "src/README.md": "What.\n",
    "src/lib/README.md": "What.\n",
    "src/lib/text.h": "int text_read(void);\n",
    "src/lib/text.c": '#include "text.h"\n\nint text_read(void)\n{\n\treturn 0;\n}\n',
    "src/first/README.md": "What.\n",
    "src/first/first.c": '#include "lib/text.h"\n\nint main(void)\n{\n\treturn text_read();\n}\n',
    "src/second/README.md": "What.\n",
    "src/second/second.c": '#include "second/low/low.h"\n\nint main(void)\n{\n\treturn low();\n}\n',
    "src/second/low/README.md": "What.\n",
    "src/second/low/low.h": "int low(void);\n",
    "src/second/low/low.c": '#include "low.h"\n\n#include "lib/text.h"\n\nint low(void)\n{\n\treturn text_read();\n}\n',
}


def run_on(files):
    """The exit status, and what is said of a tree of these files."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            path = Path(folder) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        done = subprocess.run([SCRIPT, folder], capture_output=True, text=True, timeout=30)
        return done.returncode, done.stdout + done.stderr


def refuses(what, changes, *words):
    """A tree with these changes, of which None removes a file, is refused in these words and no others."""
    files = {name: text for name, text in {**GOOD, **changes}.items() if text is not None}
    status, said = run_on(files)
    check(what, status == 1 and all(word in said for word in words), said)


def test_good():
    status, said = run_on(GOOD)
    equal("a tree that keeps to its table", (status, said), (0, "6 files in 4 rooms\n"))


def test_rooms():
    refuses("lib uses a program", {"src/first/first.h": "", "src/lib/text.c": '#include "first/first.h"\n'},
            "src/lib/text.c:1: includes src/first/first.h", "lib may use only: nobody")
    refuses("a program uses another", {"src/second/part.h": "", "src/first/first.c": '\n#include "second/part.h"\n'},
            "src/first/first.c:2: includes src/second/part.h")
    refuses("an include upwards", {"src/second/top.h": "", "src/second/low/low.c": '#include "../top.h"\n'},
            "src/second/low/low.c:1: includes src/second/top.h", "second/low may use only: lib")
    refuses("a folder that no line names", {"src/third/new.c": "", "src/third/README.md": ""},
            "src/third: has sources, but no line in config/rooms")
    refuses("a line that names nothing", {"config/rooms": TABLE + "gone: lib\n"},
            "config/rooms:5: there is no src/gone")
    refuses("rooms in a circle", {"config/rooms": TABLE.replace("lib:", "lib: first")},
            "config/rooms:1: lib stands on first")


def test_hidden():
    """An include that is not looked for."""
    for what, line in (("in angle brackets", "#include <second/second.h>"), ("by a macro", "#include HEADER"),
                       ("without a space", '#include"second/second.h"'), ("with two", '#include  "second/second.h"'),
                       ("behind a comment", '/* */ #include "second/second.h"'), ("by a digraph", '%:include "second/second.h"'),
                       ("with a comment in it", '#include /* */ "second/second.h"')):
        refuses(f"an include {what}", {"src/second/second.h": "", "src/first/other.c": f"{line}\n"}, "src/first/other.c:1: ")
    files = {**GOOD, "src/first/other.c": "/* An\n#include \"second/second.h\"\n\xe9. */\n", "src/second/second.h": ""}
    equal("one in a comment is none", run_on(files)[0], 0)
    refuses("a README without a word", {"src/first/README.md": "\n"}, "src/first: has no README.md")


def test_circles():
    refuses("two headers that include each other",
            {"src/lib/text.h": '#include "other.h"\n', "src/lib/other.h": '#include "text.h"\n'},
            "a circle", "src/lib/text.h:1 includes src/lib/other.h",
            "src/lib/other.h:1 includes src/lib/text.h")
    refuses("a source below that calls the one above it, which another header declares",
            {"src/lib/all.h": "int above(void);\nint below(void);\n",
             "src/lib/above.c": '#include "all.h"\n\nint above(void)\n{\n\treturn below();\n}\n',
             "src/lib/below.c": '#include "all.h"\n\nint below(void)\n{\n\treturn above();\n}\n'},
            "src/lib/above.c uses below of src/lib/below.c", "src/lib/below.c uses above of src/lib/above.c")
    status, said = run_on({**GOOD, "src/lib/own.c": "static int low(void)\n{\n\treturn 0;\n}\n"})
    check("a static function of the same name elsewhere ties nothing", status == 0, said)


def test_readmes():
    refuses("a folder that doesn't say what lives there", {"src/second/low/README.md": None},
            "src/second/low: has no README.md")
    refuses("tests, too", {"tests/one/test_one.py": "", "tests/README.md": ""},
            "tests/one: has no README.md")


def test_ours():
    done = subprocess.run([SCRIPT], capture_output=True, text=True, timeout=60)
    files = sum(1 for _ in (ROOT / "src").rglob("*.[ch]"))
    check("our own tree keeps to config/rooms", done.returncode == 0 and f"{files} files" in done.stdout,
          done.stdout)


def main():
    for test in (test_good, test_rooms, test_hidden, test_circles, test_readmes, test_ours):
        test()


if __name__ == "__main__":
    tap.run(main)
