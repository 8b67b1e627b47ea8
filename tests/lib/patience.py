# SPDX-License-Identifier: GPL-2.0
"""
How long a test waits before it calls something hung. Tests name the seconds that a machine
with nothing else to do may take; a machine with other work gets several times as long, and
guests that are slow with this run's accelerator again. A wait that is meant to run out names
its own seconds and does not ask here.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from . import accel

BUSY = 4

T = TypeVar("T")


def factor() -> int:
    """By how much the seconds of a quiet machine are stretched."""
    return BUSY * accel.slower(accel.chosen())


def seconds(quiet: float) -> float:
    """What `quiet` seconds of a quiet machine may take here."""
    return quiet * factor()


def deadline(quiet: float) -> float:
    """The time.monotonic() at which these seconds are over."""
    return time.monotonic() + seconds(quiet)


def wait_for(condition: Callable[[], T], what: str | Callable[[], object],
             timeout: float = 30.0, period: float = 0.05) -> T:
    """
    Poll every `period` seconds until `condition` holds; returns what it said. `timeout` is in
    seconds of a quiet machine; `what`, or what it returns then, tells what did not come.
    """
    limit = deadline(timeout)
    while not (held := condition()):
        if time.monotonic() > limit:
            raise TimeoutError(f"waited {seconds(timeout):.0f} s for "
                               f"{what if isinstance(what, str) else what()}")
        time.sleep(period)
    return held


def comes_true(condition: Callable[[], object], limit: float) -> bool:
    """Does `condition` hold within so many seconds? For what need not come."""
    end = time.monotonic() + limit
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True
