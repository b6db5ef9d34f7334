# SPDX-License-Identifier: MIT
"""Follows a page of docs/ as a reader would: types its commands, one after the other, into one bash on
a terminal, writes its files, and compares what is printed with what the page says.

A page's code blocks are what their first line says:

  ```console       a session: commands behind "$ ", their further lines behind "> ", and what each prints
  ```sh            commands, of whose output nothing is said
  ```LANGUAGE NAME a file NAME, which is named in the paragraph above, to be written where the reader is
  ```text          nothing to type

A command must end with 0, unless the next one is "echo $?". In what is printed, … stands for anything in
a line, a line of … alone for any lines, and blanks for any number of blanks."""

import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from fcntl import ioctl
from pathlib import Path

from tap import check

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
ANY = "\u2026"
ROWS, COLUMNS = 50, 200  # tables are cut at the terminal's width
COMMAND_SECONDS = 120
# What changes nothing is looked at again, so long, where it doesn't show yet what it should.
LOOKS = re.compile(r"squashctl (network|execs|output|logs|history|snapshots|ls) ")
LOOK_SECONDS = 10


class Step:
    """What the reader does next: types a command, or writes a file."""

    def __init__(self, line, command=None, printed=None, name=None, text=None):
        self.line = line  # its number in the page
        self.command, self.printed = command, printed  # printed: None if nothing is said of it
        self.name, self.text = name, text


def read_page(path):
    """The page's steps. ValueError, with the line, for a block that is none of the above."""
    whole, steps = path.read_text(), []
    fences = re.findall(r"^[ \t]*(?:```|~~~)|^(?: {4}|\t)\$ ", whole, re.MULTILINE)
    if len(fences) != 2 * len(FENCE.findall(whole)):
        raise ValueError(f"{path}: a block that is indented, has tildes or no end would not be read")
    for block in FENCE.finditer(whole):
        line = whole.count("\n", 0, block.start()) + 2
        language, _, name = block[1].partition(" ")
        text = block[2]
        if name:
            above = whole[: block.start()].rstrip("\n").rpartition("\n\n")[2]
            if f"`{name}`" not in above:
                raise ValueError(f"{path}:{line}: the paragraph above doesn't name `{name}`")
            steps.append(Step(line, name=name, text=text))
        elif language == "console":
            steps += read_session(path, line, text)
        elif language == "sh":
            steps += [Step(line + at, command) for at, command in split_commands(text)]
        elif language != "text" or re.search(r"^\$ ", text, re.MULTILINE):
            raise ValueError(f"{path}:{line}: a block of {block[1]!r}: see tests/lib/pages.py")
    return steps


def read_session(path, line, text):
    steps = []
    for number, words in enumerate(text.splitlines(), line):
        if words.startswith("$ "):
            steps.append(Step(number, words[2:], []))
        elif not steps:
            raise ValueError(f"{path}:{number}: printed by no command")
        elif words.startswith("> ") and not steps[-1].printed:
            steps[-1].command += "\n" + words[2:]
        else:
            steps[-1].printed.append(words)
    return steps


def split_commands(text):
    """[(line, command)...]: a command's lines end with a backslash, or are a document of its own."""
    commands, end = [], None
    for at, line in enumerate(text.splitlines()):
        if end or (commands and commands[-1][1].endswith("\\")):
            commands[-1][1] += "\n" + line
        elif line.strip() and not line.startswith("#"):
            commands.append([at, line])
        else:
            continue
        here = re.search(r"<<'?(\w+)", line)
        end = here[1] if here and not end else None if line == end else end
    return [(at, command) for at, command in commands]


def agrees(got, expected):
    """Whether the lines that are printed are those expected."""
    pattern = ""
    for line in expected:
        if line.strip() == ANY:
            pattern += r"(?:[^\n]*\n)*"
        else:
            words = (re.escape(part).replace(ANY, r"[^\n]*") for part in line.split())
            pattern += r"\s*" * line.startswith(" ") + r"[ \t]+".join(words) + r"[ \t]*\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in got)) is not None


def show(written):
    """The lines that a terminal is left with: what was drawn over is gone, and so are bold letters."""
    drawn = (line.rstrip("\r").rpartition("\r")[2] for line in written.split("\n"))
    lines = [re.sub(r"\x1b\[[0-9;]*[Km]", "", line) for line in drawn]
    return lines if lines[-1] else lines[:-1]


def read_man(path):
    """The steps of a man page: its literal displays."""
    steps, literal = [], False
    for line, text in enumerate(path.read_text().splitlines(), 1):
        if text.startswith((".Bd -literal", ".Ed")):
            literal = text.startswith(".Bd")
        elif literal or text.startswith(".Dl "):
            steps.append(Step(line, text.removeprefix(".Dl ")))
    return steps


class Shell:
    """A bash on a terminal, in the directory, with nothing but these variables."""

    def __init__(self, directory, variables):
        terminal, there = pty.openpty()
        modes = termios.tcgetattr(there)
        modes[1] &= ~termios.OPOST  # lines end as they are written
        termios.tcsetattr(there, termios.TCSANOW, modes)
        ioctl(there, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        self._terminal, self._there = terminal, there
        # Ends with us, and what it has started with it, as Shell.close ends its session.
        self._bash = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "bash", "--noprofile", "--norc"], cwd=directory, env=variables,
            stdin=subprocess.PIPE, stdout=there, stderr=there, start_new_session=True,
        )  # fmt: skip
        self._status = 0

    def type(self, command, seconds=COMMAND_SECONDS):
        """(status, lines that it prints)."""
        mark = f"\x01{os.urandom(8).hex()}"
        quoted = "'" + command.replace("'", "'\\''") + "'"
        # eval, so that directories and variables stay; $? is what it was after the last command.
        line = f"(exit {self._status}); eval {quoted} </dev/null; printf '{mark} %d\\n' $?\n"
        self._bash.stdin.write(line.encode())
        self._bash.stdin.flush()
        got, deadline = b"", time.monotonic() + seconds
        end = re.compile(re.escape(mark.encode()) + rb" (\d+)\n")
        while not (match := end.search(got)):
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._terminal], [], [], left)[0]:
                self.close()
                raise TimeoutError(f"{command!r} has printed, in {seconds} s: {got.decode()}")
            got += os.read(self._terminal, 65536)
        self._status = int(match[1])
        return self._status, show(got[: match.start()].decode("utf-8", "replace"))

    def write(self, name, text):
        """Write a file in the directory that it has come to."""
        (Path(os.readlink(f"/proc/{self._bash.pid}/cwd")) / name).write_text(text)

    def close(self):
        if self._bash.poll() is None:
            os.killpg(self._bash.pid, signal.SIGKILL)
            self._bash.wait()
            self._bash.stdin.close()
            os.close(self._terminal)
            os.close(self._there)


def judge(step, following, status, got):
    """Whether it went as the page says."""
    asked = following and following.command and following.command.startswith("echo $?")
    return (status == 0 or asked) and (step.printed is None or agrees(got, step.printed))


def type_step(shell, command, step, following):
    """(whether it went as the page says, status, lines)."""
    deadline = time.monotonic() + LOOK_SECONDS
    while True:
        status, got = shell.type(command)
        good = judge(step, following, status, got)
        if good or not LOOKS.match(command) or time.monotonic() > deadline:
            return good, status, got


def follow(path, directory, variables, instead=None, steps=None):
    """Do all that the page says, or these steps of it, and check it. instead: {command: what}, for
    commands that can't be typed as they stand: another command, or a function that gets the command and
    answers as Shell.type does. Those that were used are returned."""
    steps, instead, used = steps or read_page(path), instead or {}, set()
    shell = Shell(directory, variables)
    try:
        for step, following in zip(steps, [*steps[1:], None]):
            where, began = f"{path.name}:{step.line}", time.monotonic()
            if step.name:
                shell.write(step.name, step.text)
                check(f"{where} {step.name}", True)
                continue
            command = re.sub(r"\s+# .*", "", step.command)
            what = instead.get(command)
            used |= {command} & set(instead)
            if callable(what):
                status, got = what(command)
                good = judge(step, following, status, got)
            else:
                good, status, got = type_step(shell, what or step.command, step, following)
            said = "anything" if step.printed is None else "\n".join(step.printed)
            took = f"({time.monotonic() - began:.1f} s)"
            check(f"{where} $ {step.command.splitlines()[0][:100]} {took}", good,
                  f"status {status}, printed\n" + "\n".join(got) + f"\nthe page says\n{said}")  # fmt: skip
    finally:
        shell.close()
    return used
