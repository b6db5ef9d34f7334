#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What squashctl takes from its command line, its environment and its config, and what it shows of
replies; a fake server has the appliance's place."""

import json
import os
import pty
import subprocess

import tap
from squashctl import CTL, HEAD, SECONDS, Ctl, Fake, says
from tap import check, equal

CTL_HOST = Ctl("host")
NO_EXEC = 125
# Names of fields, the value that is no UTF-8, and the command line that has it.
BAD = b"a\xffb"
ARGUMENTS = (
    (r"--env X is not UTF-8, .*byte 4 is 0xff", "exec", "box", "-e", b"X=a\xff", "true"),
    (r"--env \\xff is not UTF-8", "exec", "box", "-e", b"\xff=a", "true"),
    (r"--workdir is not UTF-8, .*byte 2 is 0xff", "exec", "box", "-w", BAD, "true"),
    (r"word 2 of the command is not UTF-8", "exec", "box", "echo", BAD),
    (r"word 1 of the command is not UTF-8", "exec", "-d", "box", BAD),
    (r"the sandbox's name is not UTF-8", "create", BAD, "000-base"),
    (r"a layer's name is not UTF-8", "create", "box", "000-base", b"100-\xc3"),
    (r"--from is not UTF-8", "create", "box", "--from", BAD),
    (r"--owner is not UTF-8", "create", "box", "000-base", "--owner", BAD),
    (r"--task is not UTF-8", "create", "box", "000-base", "--task", b"\xed\xa0\x80"),
    (r"--allow-net is not UTF-8", "create", "box", "000-base", "--allow-net", b"example.org," + BAD),
    (r"a host is not UTF-8", "allow-net", "box", "example.org", BAD),
    (r"the module's name is not UTF-8", "activate", "box", BAD),
    (r"--label is not UTF-8", "snapshot", "box", "-l", BAD),
    (r"the snapshot's name is not UTF-8", "restore", "box", BAD),
    (r"the token's name is not UTF-8", "tokens", "add", BAD, "read"),
    (r"the right is not UTF-8", "tokens", "add", "me", BAD),
    (r'can\'t be the name of a sandbox', "info", BAD),
)


def test_arguments():
    """JSON has UTF-8 alone: what can't be sent as it is isn't sent at all."""
    fake = Fake(HEAD % 2, b"{}")
    for pattern, *args in ARGUMENTS:
        code = NO_EXEC if args[0] == "exec" else 64
        says(CTL_HOST, f"{args[0]}: {pattern}", code, pattern, *args, SQUASH_URL=fake.url)
    says(CTL_HOST, "stdin says what to do", NO_EXEC, r"stdin is not UTF-8, .*byte 3 is 0x80.*squashctl cp",
         "exec", "-i", "box", "cat", stdin=b"ab\x80", SQUASH_URL=fake.url)
    equal("nothing was sent", fake.head, b"")
    CTL_HOST("create", "box", "000-base", "--owner", "\u00e9\u20ac\x7f", SQUASH_URL=fake.url)
    equal("what is UTF-8 is", json.loads(fake.body)["owner"], "\u00e9\u20ac\x7f")


def test_config():
    """All that the config says is of its own appliance."""
    config = CTL_HOST.home / ".config/squash/config"
    config.parent.mkdir(parents=True)
    fake = Fake(HEAD % 2, b"[]")
    token = "the-token-of-the-config"
    config.write_text(f"SQUASH_URL=http://192.0.2.1:1\nSQUASH_TOKEN={token}\nSQUASH_PLAIN=1\n")
    config.chmod(0o600)
    says(CTL_HOST, "SQUASH_PLAIN is for the config's URL alone", 78, "--plain", "--url", "http://192.0.2.1:2", "ls")
    says(CTL_HOST, "for the environment's no more", 78, "--plain", "ls", SQUASH_URL="http://192.0.2.2:1")
    equal("another URL is asked", CTL_HOST("ls", "-q", SQUASH_URL=fake.url)[0], 0)
    check("without the config's token", b"Authorization" not in fake.head, fake.head)
    config.write_text(f"SQUASH_URL={fake.url}\nSQUASH_TOKEN={token}\n")
    CTL_HOST("ls", "-q")
    check("its own URL is asked with it", f"Bearer {token}\r\n".encode() in fake.head, fake.head)
    config.write_text(f"SQUASH_URL=https://127.0.0.1:1\nSQUASH_FINGERPRINT={'00' * 32}\n")
    says(CTL_HOST, "its fingerprint is for its own URL, too", 78, "which certificate", "--url", "https://127.0.0.1:2", "ls")
    config.unlink()
    elsewhere = Fake(HEAD % 2, b"[]")
    equal("the environment's token isn't for another URL", CTL_HOST("--url", elsewhere.url, "ls", "-q", SQUASH_URL=fake.url,
                                                                 SQUASH_TOKEN=token)[0], 0)
    check("than its own", b"Authorization" not in elsewhere.head, elsewhere.head)
    says(CTL_HOST, "nor is its SQUASH_PLAIN", 78, "--plain", "--url", "http://192.0.2.1:2", "ls", SQUASH_URL=fake.url, SQUASH_PLAIN="1")
    CTL_HOST("--url", elsewhere.url, "ls", "-q", SQUASH_TOKEN=token)
    check("a token without a URL is for any", f"Bearer {token}\r\n".encode() in elsewhere.head, elsewhere.head)


def run_on_terminal(*args, **env):
    """What squashctl writes on a terminal, as bytes."""
    parent, child = pty.openpty()
    with subprocess.Popen([CTL, *args], stdin=subprocess.DEVNULL, stdout=child, stderr=child,
                          env={**CTL_HOST.env, **env}) as process:
        os.close(child)
        shown = b""
        while True:
            try:
                piece = os.read(parent, 65536)
            except OSError:  # EIO: the other end is closed
                break
            shown += piece
        equal("it succeeds", process.wait(SECONDS), 0)
    os.close(parent)
    return shown.replace(b"\r\n", b"\n")


def test_json():
    """--json on a terminal: the same values, and nothing that acts there."""
    acting = "\x7f\x9b2J\u202e\u2066\u200e\u061c\u2069\U000e0001\u00e9\U0001f600"
    body = ('[{"id":"' + acting + '"}]').encode()
    fake = Fake(HEAD % len(body), body)
    shown = run_on_terminal("--json", "ls", SQUASH_URL=fake.url)
    equal("what acts on a terminal is escaped there", shown.decode(),
          '[{"id":"\\u007f\\u009b2J\\u202e\\u2066\\u200e\\u061c\\u2069\\udb40\\udc01\u00e9\U0001f600"}]\n')
    equal("and is the same JSON", json.loads(shown), [{"id": acting}])
    equal("programs get the reply as it came", CTL_HOST("--json", "ls", SQUASH_URL=fake.url), (0, body + b"\n", b""))
    lines = '{"stream":"stdout","offset":0,"data":"\u202e\x9b"}\n{"result":{"exit_code":0}}\n'.encode()
    fake = Fake(b"HTTP/1.1 200 OK\r\n\r\n", lines)
    shown = run_on_terminal("--json", "exec", "box", "true", SQUASH_URL=fake.url)
    check("the lines of exec, too", shown.startswith(b'{"stream":"stdout","offset":0,"data":"\\u202e\\u009b"}\n'), shown)


def test_long_listing():
    """Replies have no bound near what a directory's names come to."""
    entry = {"type": "file", "size": 1, "mode": "0644", "uid": 0, "gid": 0, "mtime": "2025-01-01T00:00:00Z", "target": None}
    names = [f"{i:05d}-{'x' * 250}" for i in range(65536)]
    body = json.dumps([{"name": name, **entry} for name in names]).encode()
    check("a listing of more than 16 MiB", len(body) > 16 << 20, len(body))
    fake = Fake(HEAD % len(body), body)
    code, out, errors = CTL_HOST("ls", "box:/many", SQUASH_URL=fake.url)
    equal("is shown", (code, errors), (0, b""))
    equal("to its last name", [line.split()[-1].decode() for line in out.splitlines()[1:]], names)
    code, out, errors = CTL_HOST("--json", "ls", "box:/many", SQUASH_URL=fake.url)
    equal("and given to programs", (code, out == body + b"\n", errors), (0, True, b""))
    with open("/dev/full", "wb") as full:
        done = subprocess.run([CTL, "--json", "ls", "box:/many"], stdout=full, stderr=subprocess.PIPE, check=False,
                              env={**CTL_HOST.env, "SQUASH_URL": fake.url})
    equal("a place that is full is said", (done.returncode, b"No space left" in done.stderr), (74, True))


def main():
    for test in (test_arguments, test_config, test_json, test_long_listing):
        tap.each_boot(test)


tap.run(main)
