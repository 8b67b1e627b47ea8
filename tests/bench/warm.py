# SPDX-License-Identifier: GPL-2.0
"""
Memory that is there. On a virtual machine whose host backs memory when it is touched
first, and takes it back when it is free, a first touch costs 20 to 40 times what it
does on a real machine: the destination would measure that, whoever sends. So it takes
its pages from a pool that was touched before and shrinks as the destination grows.
"""
from __future__ import annotations

import mmap
import threading
from contextlib import suppress

from peers import MIB
from lib.qemu import Qemu

# What is free for the destination to take, at any time.
AHEAD_MIB = 768
PERIOD = 0.01
POPULATE_WRITE = 23  # linux/mman.h, since 5.14
HUGEPAGE = 14


def touched(size: int) -> mmap.mmap:
    """Private memory of `size` bytes, all of it there."""
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    memory.madvise(HUGEPAGE)
    memory.madvise(POPULATE_WRITE)
    return memory


class WarmPool:
    """A context manager around one migration."""

    def __init__(self, dst: Qemu, mib: int) -> None:
        """Touch `mib` MiB, 0 for no pool; `dst` is the QEMU that will need them."""
        self._dst = dst
        self._memory = touched(max(mib, 1) * MIB)
        self._released = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._shrink, daemon=True)

    def __enter__(self) -> "WarmPool":
        self._base = self._dst.rss()
        self._release(AHEAD_MIB * MIB)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._memory.close()

    def _release(self, want: int) -> None:
        """Let go until `want` bytes are free."""
        want = min(want, len(self._memory)) // MIB * MIB
        if want > self._released:
            self._memory.madvise(mmap.MADV_DONTNEED, self._released, want - self._released)
            self._released = want

    def _shrink(self) -> None:
        """Follow the destination's size."""
        while not self._over.wait(PERIOD):
            with suppress(RuntimeError):
                self._release(self._dst.rss() - self._base + AHEAD_MIB * MIB)
