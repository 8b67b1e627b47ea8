#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A guest under TCG changes its code: the new code runs, whatever the extension did to the dirty
log meanwhile. QEMU keeps in the same log which pages hold translated code; a page that is
marked there by mistake is never translated again, and the guest runs what it has replaced.
"""
from __future__ import annotations

import struct
from functools import partial

from baremetal import (CRAWL, EXTENSION, MIB, PAGE, PATIENT, Failure, Machine, accelerators, build,
                       check, hold, in_time, migration, mutant, pair, release, run, step)

MEM = 128 * MIB
FILLER = range(32 * MIB, 64 * MIB)
# Written in a round, so it is dirty when the next sync comes.
USED = 16 * MIB
FREE = range(20 * MIB, 32 * MIB)
# A pass over FILLER takes some seconds.
SPEED = 12 * MIB


def put_code(guest: Machine, page: int, letter: str) -> None:
    """mov $letter, %al; ret - into the page at `page`"""
    code, = struct.unpack("<I", b"\xb0" + letter.encode() + b"\xc3\x90")
    guest.write(range(page, page + PAGE), page ^ code)


def runs(guest: Machine, page: int, letter: str) -> bool:
    """Does the guest run the code that was written last?"""
    return guest.run_code(page) == letter


def begin(src: Machine) -> None:
    """The guest runs code in a used page and in one that it frees."""
    src.wait_boot()
    src.write(FILLER, 1)
    for page in USED, FREE.start:
        put_code(src, page, "a")
        check(runs(src, page, "a"), f"the guest does not run its code at {page:#x}")
    src.start_hints()


def hint(src: Machine) -> int:
    """FREE is skipped in the round that is open; its number."""
    now = src.wait_round()
    src.publish(now, FREE)
    src.mark(now, FREE, last=True)
    src.wait_applied(len(FREE) // PAGE)
    return now


def next_round(src: Machine, old: int) -> None:
    """The pass ends, and another sync comes."""
    migration.set_parameters(src, {"downtime-limit": 1, "max-bandwidth": SPEED})
    src.wait_round(other_than=old)
    src.bandwidth(CRAWL)


def check_rounds(accel: str, audit: str, extension: str = EXTENSION) -> None:
    """The guest changes its code in each round."""
    with pair(accel, {"extension": extension + audit,
                      "extra": ["-machine", "mem-merge=off"]}, mem=MEM) as (src, dst):
        begin(src)
        hold(src, dst)
        first = hint(src)
        src.write(FILLER, 2)
        for page in USED, FREE.start:
            put_code(src, page, "b")
            check(runs(src, page, "b"), f"{accel}{audit}: old code runs at {page:#x}")
        next_round(src, first)
        for page in USED, FREE.start:
            put_code(src, page, "c")
            check(runs(src, page, "c"), f"{accel}{audit}: old code runs at {page:#x} in the "
                                        "second round")
        release(src, dst)
        for page in USED, FREE.start:
            check(runs(dst, page, "c"), f"{accel}{audit}: other code runs at {page:#x} there")
    step(f"{accel}{audit}: new code runs in two rounds")


def check_failed_switch(accel: str) -> None:
    """The link breaks at the switch to postcopy, and the guest uses its memory again."""
    caps = {"postcopy-ram": True, "pause-before-switchover": True}
    with pair(accel, {"extension": EXTENSION + PATIENT}, mem=MEM) as (src, dst):
        begin(src)
        hold(src, dst, caps)
        hint(src)
        put_code(src, USED, "a")
        src.qmp.command("migrate-start-postcopy")
        migration.wait(src, 30, lambda now: now["status"] == "pre-switchover")
        dst.stop()
        src.qmp.command("migrate-continue", state="pre-switchover")
        info = migration.wait(src, 30)
        check(info["status"] == "failed", f"migration {info}")
        check(src.counters()["pages-switchover"] >= len(FREE) // PAGE,
              f"{accel}: the free pages were not set dirty: {src.counters()}")
        migration.go_on(src)
        for page in USED, FREE.start:
            put_code(src, page, "c")
            check(runs(src, page, "c"), f"{accel}: old code runs at {page:#x}")
    step(f"{accel}: new code runs after a switch that failed")


def check_mutant() -> None:
    """The extension that hides translated code from TCG, with the audit."""
    try:
        in_time(partial(check_rounds, "tcg", ",audit=on", mutant("hides-code")))
    except Failure as failure:
        check("old code runs" in str(failure), str(failure))
        step(f"hides-code: {failure}")
        return
    check(False, "hides-code runs no old code: this test cannot see the bug")


def test() -> None:
    """TCG is the one that can be wrong; KVM has no translated code and shows the test right."""
    build()
    for accel in accelerators():
        for audit in "", ",audit=on":
            in_time(partial(check_rounds, accel, audit))
        in_time(partial(check_failed_switch, accel))
    check_mutant()


if __name__ == "__main__":
    run(test)
