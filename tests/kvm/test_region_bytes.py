#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 300 s
"""
The shared region costs a migration its header, one page, and not its bitmap, which the guest
stores anew in every round: neither in a pass nor with the guest stopped. QEMU's own trace of
what arrives is counted. After a switch to postcopy the bitmap is there, because a guest that
touches a page that never comes would stall.
"""
from __future__ import annotations

import os
import random
import re
import tempfile
from collections import Counter
from functools import partial

from baremetal import (MIB, PAGE, Machine, TooEarly, accelerators, build, check, hold, in_time,
                       migration, pair, release, run, step)
from torture import Traveller, Variant

# Four pages of bitmap, and several syncs.
MEM = 512 * MIB
ROUNDS = 8
FREE = range(16 * MIB, 32 * MIB)
CAPS = {"postcopy-ram": True}

# migration/ram.c: a page of zeros, a page; migration/savevm.h: the last section of memory
ZERO, FULL, END = 0x2, 0x8, 3
PAGE_LINE = re.compile(r"ram_load_loop .*/freehint: addr: 0x([0-9a-f]+) flags: 0x([0-9a-f]+)")
SECTION_LINE = re.compile(r"qemu_loadvm_state_section (\d+)$")
TRACES = ("ram_load_loop", "qemu_loadvm_state_section")


def count(log: str) -> Counter[str]:
    """Pages of the region that arrived, by what they are and when they came."""
    seen: Counter[str] = Counter()
    stage = "in passes"
    with open(log, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if found := SECTION_LINE.search(line):
                stage = "in the stop" if int(found[1]) == END else "in passes"
            elif found := PAGE_LINE.search(line):
                what = "bitmap" if int(found[1], 16) >= PAGE else "header"
                if int(found[2], 16) & (ZERO | FULL):
                    seen[f"{what} {stage}"] += 1
    return seen


def passes(accel: str) -> None:
    """A guest that answers every round is migrated; the pages that came are counted."""
    variant = Variant("region", accel=accel, mem=MEM)
    with tempfile.TemporaryDirectory(prefix="freehint-trace-", dir="/dev/shm") as directory:
        log = os.path.join(directory, "trace")
        extra = ["-D", log, *(word for name in TRACES for word in ("-trace", name))]
        with Traveller(variant, random.Random(1)) as guest:
            tally = guest.hop(ROUNDS, extra)
            seen = count(log)
    step(f"{accel}: {tally.sealed} rounds sealed, pages of the region: {dict(seen)}")
    # on a busy machine the guest answers late, and further rounds would not pay
    check(tally.sealed and not tally.lost(), f"{accel}: {tally}")
    check(seen["header in passes"] + seen["header in the stop"] > 0,
          f"{accel}: nothing of the region was traced")
    check(not seen["bitmap in passes"] and not seen["bitmap in the stop"],
          f"{accel}: the bitmap was sent: {dict(seen)}")


def bitmap(vm: Machine) -> bytes:
    """What lies behind the header."""
    with open(vm.shm, "rb") as file:
        file.seek(PAGE)
        return file.read()


def arrived(accel: str, postcopy: bool) -> None:
    """The bitmap on the destination, after a guest has published one on the source."""
    with pair(accel) as (src, dst):
        src.wait_boot()
        src.start_hints()
        hold(src, dst, CAPS if postcopy else None)
        round_id = src.wait_round()
        src.publish(round_id, FREE)
        src.mark(round_id, FREE, last=True)
        src.wait_applied(len(FREE) // PAGE)
        check(any(bitmap(src)), "the guest has published nothing")
        if postcopy:
            now = migration.switch_to_postcopy(src, dst)
            if not (now["ram"]["postcopy-bytes"] or now["status"] == "postcopy-active"):
                raise TooEarly("it was over before the switch")
        release(src, dst)
        there = bitmap(dst)
        check(there == bitmap(src) if postcopy else not any(there),
              f"{accel}, {'post' if postcopy else 'pre'}copy: {sum(map(bool, there))} bytes of "
              "the bitmap arrived")


def main() -> None:
    """With each accelerator."""
    build()
    for accel in accelerators():
        passes(accel)
        in_time(partial(arrived, accel, False))
        in_time(partial(arrived, accel, True))
        step(f"{accel}: the bitmap arrives by postcopy only")


if __name__ == "__main__":
    run(main)
