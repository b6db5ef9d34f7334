#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Runs tests/tap with odd variables, signals and umask, and checks that its programs start as usual and
leave nothing behind."""

import os
import signal

import tap
from place import DEADLINE_S, each, running, wait_for
from tap import check, equal

INHERITED = {
    "http_proxy": "http://127.0.0.1:1", "HTTPS_PROXY": "http://127.0.0.1:1", "no_proxy": "nowhere",
    "LC_ALL": "tr_TR.UTF-8", "LC_MESSAGES": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr",
    "PYTHONIOENCODING": "ascii", "PYTHONWARNINGS": "error", "BASH_ENV": "/nosuch", "GIT_DIR": "/nosuch",
    "MAKEFLAGS": "n", "MAKELEVEL": "1", "JUNIT": "/nosuch/x",
}  # fmt: skip
# A shell can't trap a signal that was ignored when it started.
SEES = f"""for name in INT QUIT HUP PIPE ALRM USR1 TERM; do
	trap 'got=yes' $name; got=no; kill -s $name $$; [ $got = yes ] || echo "not ok - $name"
done
trap - INT QUIT HUP PIPE ALRM USR1 TERM
while read -r key value; do
	# glibc keeps 32 and 33 to itself, and its posix_spawn(), which make calls, has them ignored.
	[[ $key != Sig@(Ign|Blk): || $((16#$value & ~0x180000000)) = 0 ]] || echo "not ok - $key $value"
done <<<"$(grep ^Sig /proc/self/status)" # not of bash, which ignores some
for name in {' '.join(set(INHERITED) - {'LC_ALL'})}; do
	[ -z "${{!name+x}}" ] || echo "not ok - $name"
done
[ "$(umask) $LC_ALL" = '0022 C.UTF-8' ] || echo "not ok - $(umask) $LC_ALL"
echo 'ok 1'; echo 1..1"""
CATCHABLE = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}


def ignore():
    for kind in CATCHABLE:
        signal.signal(kind, signal.SIG_IGN)


def block():
    signal.pthread_sigmask(signal.SIG_BLOCK, CATCHABLE)


def mask():
    os.umask(0o077)


def test_inherited(place):
    """Programs start alike, however the runner was started."""
    sees = place.program("sees", SEES)
    odd = {**os.environ, **INHERITED}
    for name, prepare, environment in (("as usual", None, None), ("signals ignored", ignore, None),
            ("signals blocked", block, None), ("umask 077", mask, None), ("variables", None, odd)):  # fmt: skip
        for jobs in "1", "2":
            # Programs' own complaints, of a locale that isn't there, are among the lines.
            status, lines = place.run("--jobs", jobs, sees, preexec_fn=prepare, env=environment)
            lines = [line for line in lines if not line.startswith("#")]
            equal(f"{name}, --jobs {jobs}", lines, ["sees", "    ok 1", "    1..1", "1 passed, 0 failed"])


def test_signals(place):
    """The runner goes on ignoring the signals that end it, and not SIGCHLD, which tells it of a program's
    end."""
    kills = place.program("kills", """kill -s INT $PPID; kill -s HUP $PPID; sleep 0.3
echo 'ok 1'; echo 1..1""")
    equal("started with them ignored, the runner ignores them",
          place.run(kills, preexec_fn=ignore)[0], 0)
    status = place.run(kills)[0]
    check("started without, it ends", status in (128 + signal.SIGINT, 128 + signal.SIGHUP), status)
    exits = place.program("exits", "echo 'ok 1'; echo 1..1; exit 3")
    check("a program that exits 3 has failed",
          "exits: exit status 3" in place.run(exits, preexec_fn=ignore)[1])


def test_scratch(place):
    """What a program puts into TMPDIR goes with it, and what a run puts there with the run."""
    there = place.directory / "temporary"
    there.mkdir()
    environment = {**os.environ, "TMPDIR": str(there)}
    makes = place.program("makes", """mkdir "$(mktemp -d)/a"; ls $TMPDIR >>seen; ls -d $TMPDIR/../* >>places
echo $$ >pid; [ ! -e stay ] || exec sleep 99; echo 'ok 1'; echo 1..1""")
    for jobs in "1", "2":
        equal(f"both pass, --jobs {jobs}", place.run("--jobs", jobs, makes, "--then", makes,
                                                     env=environment)[0], 0)
    equal("each has found nothing of the other", len((place.directory / "seen").read_text().split()), 4)
    equal("nor its directory", len((place.directory / "places").read_text().split()), 4)
    equal("nothing is left", os.listdir(there), [])
    (place.directory / "stay").touch()
    place.run("--timeout", "1", makes, env=environment)
    equal("nor after a timeout", os.listdir(there), [])
    for kind in signal.SIGTERM, signal.SIGKILL:
        (place.directory / "pid").unlink()
        runner = place.start(makes, env=environment)
        wait_for(lambda: place.pid("pid"))
        runner.send_signal(kind)
        runner.wait(DEADLINE_S)
        check(f"the program ends with a runner that gets {kind.name}",
              wait_for(lambda: not running(place.pid("pid"))))
        if kind == signal.SIGTERM:
            equal("nor after SIGTERM", os.listdir(there), [])
    (place.directory / "stay").unlink()
    place.run(makes, env=environment)
    equal("what a killed run left goes with the next", os.listdir(there), [])


def main():
    each(test_inherited, test_signals, test_scratch)


if __name__ == "__main__":
    tap.run(main)
