# SPDX-License-Identifier: GPL-2.0
"""
Progress on the screen: one updating line on a terminal, plain lines elsewhere.
"""
from __future__ import annotations

import os
import shutil
import sys
import time

PLAIN_PERIOD = 5.0


class Progress:
    """Says what runs now; `total` is the number of stages announced."""

    def __init__(self, total: int) -> None:
        self._tty = sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._total = total
        self._stage = 0
        self._label = ""
        self._start = time.monotonic()
        self._last_plain = 0.0

    def stage(self, label: str) -> None:
        """The next variant begins."""
        self._stage += 1
        self._label = label
        self._last_plain = 0.0

    def say(self, text: str, tick: bool = False) -> None:
        """
        What the variant does now.

        `tick` marks text that changes all the time: without a terminal only one
        of these in five seconds is printed.
        """
        now = time.monotonic()
        if not self._tty and tick and now - self._last_plain < PLAIN_PERIOD:
            return
        self._last_plain = now
        line = (f"[{now - self._start:5.0f} s] {self._stage}/{self._total} "
                f"{self._label}: {text}")
        if self._tty:
            width = shutil.get_terminal_size().columns - 1
            line = f"\r\x1b[K{line[:width]}"
            print(line, end="", file=sys.stderr, flush=True)
        else:
            print(line, file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Make room for lasting output."""
        if self._tty:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
