#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Round ids never come again, not even in another QEMU process on the same shared
memory. A hint that was made for a round of an earlier process, and arrives in the
first round of the next one, must not match.

The first process opens a round and is gone; the guest of the second writes the
region, which only the bitmap of the second one knows. An agent that missed the
change sends its old ranges with the old id. A mutant whose ids begin anew in every
process (fixed-ids) takes them and has to lose pages.
"""
from __future__ import annotations

import os

from baremetal import (EXTENSION, MIB, PAGE, accelerators, build, check, hold, mutant, new_shm,
                       pair, release, run, step)
from lib.qmp import QmpError

PATTERN = 0x55555555
FILLER = range(1 * MIB, 9 * MIB)
REGION = range(32 * MIB, 62 * MIB)


def first_process(accel: str, extension: str, shm: str) -> int:
    """Open a round, let the guest answer it, vanish; returns the round's id."""
    with pair(accel, {"shm": shm}, extension=extension) as (old, dst):
        old.wait_boot()
        old.write(FILLER, PATTERN)
        old.start_hints()
        hold(old, dst)
        round_id = old.wait_round()
        old.publish(round_id, REGION)
        return round_id


def second_process(accel: str, extension: str, shm: str, stale: int) -> tuple[bool, int]:
    """Returns whether the old hint was refused, and how many pages are wrong."""
    with pair(accel, {"shm": shm}, extension=extension) as (src, dst):
        src.wait_boot()
        src.write(FILLER, PATTERN)
        src.write(REGION, PATTERN)
        src.start_hints()
        hold(src, dst)
        src.wait_round()
        refused = False
        try:
            src.mark_fd(stale, REGION)
        except QmpError as error:
            check("is stale" in error.desc, f"refused for another reason: {error.desc}")
            refused = True
        else:
            src.wait_applied(len(REGION) // PAGE)
        release(src, dst)
        return refused, dst.lost(REGION, PATTERN)


def two_processes(accel: str, extension: str) -> tuple[bool, int]:
    """Both processes on one shared memory, as after a crash of QEMU."""
    shm = new_shm()
    try:
        stale = first_process(accel, extension, shm)
        return second_process(accel, extension, shm, stale)
    finally:
        os.unlink(shm)


def test() -> None:
    """The extension refuses, the mutant does not and loses pages."""
    build()
    for accel in accelerators():
        refused, lost = two_processes(accel, EXTENSION)
        step(f"{accel}: refused, {lost} pages wrong")
        check(refused, f"{accel}: the id of an earlier process was accepted")
        check(lost == 0, f"{accel}: {lost} writes are lost")
        refused, lost = two_processes(accel, mutant("fixed-ids"))
        step(f"{accel}, fixed-ids: {lost} pages wrong")
        check(not refused and lost > 0,
              f"{accel}: with ids that come again nothing is lost; "
              f"this test cannot see the bug")


if __name__ == "__main__":
    run(test)
