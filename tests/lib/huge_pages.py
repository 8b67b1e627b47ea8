# SPDX-License-Identifier: GPL-2.0
"""
Huge pages of 2 MiB for as long as a test needs them: the pool of this machine grows by them,
and shrinks again.
"""
from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

POOL = "/proc/sys/vm/nr_hugepages"


def _pool(more: int) -> tuple[int, int]:
    """
    Change the number of huge pages of this machine by `more`; the number before and after.
    Others may do the same: one after the other.
    """
    with open(POOL, "r+", encoding="ascii") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        before = int(file.read())
        file.seek(0)
        file.write(str(before + more))
        file.flush()
        file.seek(0)
        return before, int(file.read())


@contextmanager
def huge_pages(count: int) -> Iterator[str]:
    """That many huge pages more, while it lasts; yields what stands against it."""
    try:
        before, after = _pool(count)
    except OSError as error:
        yield f"{POOL}: {error.strerror}"
        return
    try:
        short = before + count - after
        yield f"{short} of {count} huge pages cannot be had" if short > 0 else ""
    finally:
        _pool(before - after)
