#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Hints leave so little that QEMU would stop the guest at once, with up to downtime-limit of
sending to go. The first pass is sent with the guest running: what QEMU sends in the stop is
counted, and the mutant that holds nothing (no-stop-hold) sends more. The administrator's
limit is back however the pass ends, and so is one that is set meanwhile.
"""
from __future__ import annotations

from collections.abc import Callable

from baremetal import (EXTENSION, MIB, PAGE, PATIENT, Machine, TooEarly, accelerators, build,
                       check, in_time, migration, mutant, pair, run, step, wait_for)

MEM = 256 * MIB
# By address: what is sent, and what is hinted.
USED = range(4 * MIB, 100 * MIB)
FREE = range(104 * MIB, 240 * MIB)
# Less than QEMU may leave for the stop.
HARDLY = range(104 * MIB, 112 * MIB)
PATTERN = 0x55555555

# A second and a half of sending; QEMU would be content with half of it for the stop.
SPEED = 64 * MIB
# A pass that lasts.
SLOW = 1 * MIB
LIMIT_MS = 800
OTHER_MS = 500
HELD_MS = 1
# Sent in the stop: hardly anything, or most of what the limit allows on a slow machine.
LITTLE = 2 * MIB
MUCH = 8 * MIB

# A disk whose bitmap has a million bits more than the link takes bytes in a millisecond.
DISK = ["-blockdev", "null-co,node-name=disk,size=107374182400"]

Interruption = Callable[[Machine, Machine], int]


def limit_of(vm: Machine) -> int:
    """The downtime limit, as an administrator sees it."""
    return vm.qmp.command("query-migrate-parameters")["downtime-limit"]


def start(src: Machine, dst: Machine, speed: int, free: range = FREE,
          caps: dict[str, bool] | None = None) -> None:
    """A migration whose first round was answered before the pass began."""
    src.wait_boot()
    src.write(USED, PATTERN)
    src.start_hints()
    migration.begin(src, dst, caps, {"max-bandwidth": speed, "downtime-limit": LIMIT_MS})
    src.mark(src.wait_round(), free, last=True)
    src.wait_applied(len(free) // PAGE)
    info = migration.wait(src, until=lambda now: now["status"] != "setup")
    # besides USED the 20 MiB above it remain at first: more than that was sent without a hold
    if info["ram"]["remaining"] < len(USED):
        raise TooEarly(f"the pass began without hints: {info}")


def in_the_stop(accel: str, extension: str) -> int:
    """A whole migration; bytes that were sent with the guest stopped."""
    with pair(accel, mem=MEM, extension=extension + PATIENT) as (src, dst):
        start(src, dst, SPEED)
        info = migration.wait(src)
        check(info["status"] == "completed", f"migration {info}\n{src.log()}{dst.log()}")
        check(limit_of(src) == LIMIT_MS, f"the limit is {limit_of(src)} ms after the migration")
        migration.wait_running(dst)
        check(dst.lost(USED, PATTERN) == 0, "pages nobody hinted are wrong")
        return info["ram"]["downtime-bytes"]


def cancelled(src: Machine, _: Machine) -> int:
    """The administrator changes their mind."""
    migration.cancel(src)
    return LIMIT_MS


def broken(src: Machine, dst: Machine) -> int:
    """The destination dies."""
    dst.stop()
    migration.set_parameters(src, {"max-bandwidth": SPEED})
    info = migration.wait(src)
    check(info["status"] == "failed", f"{info}")
    return LIMIT_MS


def stopped(src: Machine, _: Machine) -> int:
    """No more hints are wanted."""
    src.qmp.command("x-freehint-stop")
    return LIMIT_MS


def paused(src: Machine, _: Machine) -> int:
    """The guest does not run any more: QEMU sends the rest, and syncs."""
    src.qmp.command("stop")
    migration.set_parameters(src, {"max-bandwidth": 0})
    migration.wait(src)
    return LIMIT_MS


def set_anew(src: Machine, _: Machine) -> int:
    """The administrator wants another limit, against which the pass is held as well."""
    migration.set_parameters(src, {"downtime-limit": OTHER_MS})
    if not migration.comes_before_end(src, lambda: limit_of(src) == HELD_MS,
                                      lambda: f"the hold, the limit is {limit_of(src)} ms", 30):
        raise TooEarly("the migration was over before the next look at the limit")
    migration.set_parameters(src, {"max-bandwidth": 0})
    migration.wait(src)
    return OTHER_MS


def check_back(accel: str, interruption: Interruption) -> None:
    """In the middle of the pass something happens; then the right limit is there."""
    with pair(accel, mem=MEM, extension=EXTENSION + PATIENT) as (src, dst):
        start(src, dst, SLOW)
        if limit_of(src) != HELD_MS:
            raise TooEarly("QEMU has sent nothing for so long that nothing is held any more")
        expected = interruption(src, dst)
        # QEMU cleans up a moment after it has said how a migration ended
        wait_for(lambda: limit_of(src) == expected,
                 lambda: f"{interruption.__name__}: {expected} ms, it is {limit_of(src)}")


def check_little_saved(accel: str) -> None:
    """Where the hold could only delay the end it is released, in the middle of the pass."""
    with pair(accel, mem=MEM, extension=EXTENSION + PATIENT) as (src, dst):
        start(src, dst, SPEED, HARDLY)
        wait_for(lambda: limit_of(src) == LIMIT_MS, "the hold to be released")
        info = migration.wait(src)
        check(info["status"] == "completed", f"migration {info}\n{src.log()}{dst.log()}")


def check_switch(accel: str) -> None:
    """postcopy-ram is set, and the switch is asked for in the middle of a held pass."""
    with pair(accel, mem=MEM, extension=EXTENSION + PATIENT) as (src, dst):
        start(src, dst, SLOW, caps={"postcopy-ram": True})
        held = limit_of(src) == HELD_MS
        migration.switch_to_postcopy(src, dst)
        migration.set_parameters(src, {"max-postcopy-bandwidth": 0})
        info = migration.wait(src)
        check(info["status"] == "completed", f"migration {info}\n{src.log()}{dst.log()}")
        check(limit_of(src) == LIMIT_MS, f"the limit is {limit_of(src)} ms after a postcopy")
        check(dst.lost(USED, PATTERN) == 0, "pages nobody hinted are wrong")
        step(f"{accel}: switched to postcopy, {'held' if held else 'not held'} before")


def check_bitmaps(accel: str) -> None:
    """Bitmaps of disks are not sent before the end of precopy: nothing is held for them."""
    with pair(accel, mem=MEM, extension=EXTENSION + PATIENT, extra=DISK) as (src, dst):
        src.qmp.command("block-dirty-bitmap-add", node="disk", name="changes")
        start(src, dst, SPEED, caps={"dirty-bitmaps": True})
        check(limit_of(src) == LIMIT_MS, f"the limit is {limit_of(src)} ms in the first pass")
        info = migration.wait(src)
        check(info["status"] == "completed", f"migration {info}\n{src.log()}{dst.log()}")


def check_mutant(accel: str) -> None:
    """Without the hold most of what is left is sent in the stop."""
    sent = in_the_stop(accel, mutant("no-stop-hold"))
    step(f"{accel}: no-stop-hold sends {sent >> 10} KiB in the stop")
    if sent < MUCH:
        raise TooEarly("QEMU found no bandwidth in time")


def main() -> None:
    """With each accelerator: the bytes of the stop, then every way for a pass to end."""
    build()
    for accel in accelerators():
        sent = in_time(lambda accel=accel: in_the_stop(accel, EXTENSION))  # type: ignore[misc]
        step(f"{accel}: {sent >> 10} KiB are sent in the stop")
        check(sent < LITTLE, f"{accel}: {sent} bytes were sent with the guest stopped")
        in_time(lambda accel=accel: check_mutant(accel))  # type: ignore[misc]
        for way in cancelled, broken, stopped, paused, set_anew:
            in_time(lambda accel=accel, way=way: check_back(accel, way))  # type: ignore[misc]
            step(f"{accel}: {way.__name__}")
        for case in check_little_saved, check_switch, check_bitmaps:
            in_time(lambda accel=accel, case=case: case(accel))  # type: ignore[misc]
            step(f"{accel}: {case.__name__}")


if __name__ == "__main__":
    run(main)
