# SPDX-License-Identifier: GPL-2.0
"""
How long a test waits before it calls something hung. Tests name the seconds that a machine
with nothing else to do may take; a machine with other work gets several times as long. A wait
that is meant to run out names its own seconds and does not ask here.
"""
from __future__ import annotations

import time

PATIENCE = 4


def seconds(quiet: float) -> float:
    """What `quiet` seconds of a quiet machine may take here."""
    return quiet * PATIENCE


def deadline(quiet: float) -> float:
    """The time.monotonic() at which these seconds are over."""
    return time.monotonic() + seconds(quiet)
