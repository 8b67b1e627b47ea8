# SPDX-License-Identifier: GPL-2.0
"""
What a test executable tells its runner: exit status 0 is a pass, 77 a skip
whose reason was printed, anything else a failure.
"""
from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from typing import NoReturn

PASS = 0
FAIL = 1
SKIP = 77

_start = time.monotonic()


class Skip(Exception):
    """This machine cannot run the test; the text says what is missing."""


class Failure(Exception):
    """The program under test is wrong; the text says how."""


def step(text: str) -> None:
    """Say what the test does next, with seconds since its start."""
    print(f"[{time.monotonic() - _start:6.1f}] {text}", flush=True)


def check(condition: object, text: str) -> None:
    """Fail the test with `text` unless `condition` holds."""
    if not condition:
        raise Failure(text)


def skip(reason: str) -> NoReturn:
    """End the test as skipped."""
    raise Skip(reason)


def require_file(path: str, how: str) -> str:
    """Fail when a product of our own build is absent; `how` says what makes it."""
    check(os.path.exists(path), f"{path} is missing: {how}")
    return path


def interrupted(_signal: int, _frame: object) -> NoReturn:
    """Signal handler: turn the runner's SIGTERM into an exit that runs every cleanup."""
    # timeout(1) signals the test and then its group: the second must not end the cleanup
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise SystemExit(FAIL)


def run(test: Callable[[], None]) -> NoReturn:
    """Run the test's main function and exit as the protocol wants."""
    signal.signal(signal.SIGTERM, interrupted)
    name = os.path.basename(sys.argv[0])
    try:
        test()
    except Skip as reason:
        print(f"{name}: skipped: {reason}", flush=True)
        sys.exit(SKIP)
    except Failure as failure:
        print(f"{name}: FAILED: {failure}", flush=True)
        sys.exit(FAIL)
    except Exception:  # the runner wants a status, the reader a trace
        traceback.print_exc()
        print(f"{name}: FAILED: the test itself stumbled", flush=True)
        sys.exit(FAIL)
    step("passed")
    sys.exit(PASS)
