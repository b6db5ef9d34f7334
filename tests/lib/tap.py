# SPDX-License-Identifier: MIT
"""Prints a test program's results as TAP, and makes silence or a crash of the program a failure."""

import sys
import threading
import traceback


class Fatal(Exception):
    """Nothing more can be shown by this program."""


_count = 0
_failed = 0
_lock = threading.RLock()  # a result and its notes stay together, whichever thread has them


def check(name, condition, detail=""):
    """One result; detail, whatever it is, is shown if condition is false. Returns condition."""
    global _count, _failed
    ok = bool(condition)
    with _lock:
        _count += 1
        print(f"{'ok' if ok else 'not ok'} {_count} - {name}", flush=True)
        if not ok:
            _failed += 1
            note(detail if isinstance(detail, (str, Exception)) else repr(detail))
    return ok


def equal(name, got, expected):
    """A check that shows both sides."""
    return check(name, got == expected, f"got      {got!r}\nexpected {expected!r}")


def note(text):
    """Lines for a person, which TAP readers pass over."""
    with _lock:
        for line in str(text).splitlines():
            print(f"# {line[:2000]}", flush=True)


def each(machine, *tests):
    """Run tests on the machine. One that raises is a failed result: what it could not show has not
    been shown. The others still run, unless it was Fatal."""
    for test in tests:
        try:
            test(machine)
        except Fatal:
            raise
        except Exception:
            check(f"{test.__name__} runs to its end", False, traceback.format_exc())


def each_boot(test):
    """Run a test that boots machines of its own: of one that is not well, it alone has failed."""
    try:
        test()
    except Exception:
        check(f"{test.__name__} runs to its end", False, traceback.format_exc())


def run(main):
    """Run a test program, print the plan, and end."""
    try:
        main()
    except Fatal as fatal:
        check("the machine is well", False, fatal)
    except Exception:
        check("the test runs to its end", False, traceback.format_exc())
    print(f"1..{_count}", flush=True)
    sys.exit(1 if _failed or not _count else 0)
