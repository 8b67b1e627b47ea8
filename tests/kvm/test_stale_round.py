#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A hint belongs to one round. What the guest sampled before a bitmap sync must not
be applied after it: the sync has just brought the writes made in between, and a
late hint would wipe them.

The region is sampled and hinted late: it was sent in the first pass, then written,
the second sync found the writes, and only then does the hint for the first round
arrive. The extension has to refuse it. A mutant that takes it (no-gate) has to
lose pages, or this test could not see the bug.
"""
from __future__ import annotations

import time

from baremetal import (CRAWL, EXTENSION, MIB, TRIES, Failure, Machine, TooEarly, accelerators,
                       build, check, hold, in_time, migration, mutant, pair, release, run, step)
from lib.qmp import QmpError

OLD, NEW = 0x33333333, 0x44444444
MEM = 128 * MIB
SPEED = 40 * MIB

# By address, which is the order of sending. The shield is written together with
# the region: in the second pass it goes first and gives time for the late hint.
SHIELD = range(2 * MIB, 18 * MIB)
REGION = range(32 * MIB, 48 * MIB)
# Keeps the first pass busy after the region was sent.
TAIL = range(64 * MIB, 112 * MIB)


def run_until_sent(src: Machine) -> None:
    """Let the first pass get past the region and stand still before its end."""
    src.bandwidth(SPEED)
    while True:
        info = migration.info(src)
        if info["status"] == "completed":
            raise TooEarly("it was over before the first pass could be stopped")
        check(info["status"] in ("setup", "active"), f"migration {info}")
        sent = info["ram"]["transferred"] if "ram" in info else 0
        if sent > len(SHIELD) + len(REGION) + 2 * MIB:
            break
        time.sleep(0.005)
    src.bandwidth(CRAWL)
    if migration.ram(src)["dirty-sync-count"] != 1:
        raise TooEarly("the first pass ended before it could be stopped")


def migrate_with_stale_hint(accel: str, extension: str) -> tuple[bool, int]:
    """Returns whether the stale hint was refused, and how many pages are wrong."""
    with pair(accel, mem=MEM, extension=extension) as (src, dst):
        src.wait_boot()
        for region in (SHIELD, REGION, TAIL):
            src.write(region, OLD)
        src.start_hints()
        # 1 ms of downtime: what is written in the first pass needs a second one
        hold(src, dst, params={"downtime-limit": 1})
        first = src.wait_round()
        src.publish(first, REGION)
        run_until_sent(src)
        src.write(SHIELD, NEW)
        src.write(REGION, NEW)
        src.bandwidth(SPEED)
        second = src.wait_round(other_than=first)
        src.bandwidth(CRAWL)
        # pages go in the order of their addresses
        if src.query()["pass"] != 2 or migration.ram(src)["remaining"] < len(REGION):
            raise TooEarly("the region was sent again before the late hint")
        before = src.counters()
        refused = hint_refused(src, first, second)
        if not refused:
            src.wait_applied(before["pages-accepted"] + len(REGION) // 4096)
        migration.set_parameters(src, {"downtime-limit": 2000})
        release(src, dst)
        check(dst.lost(SHIELD, NEW) == 0 and dst.lost(TAIL, OLD) == 0,
              "pages nobody hinted are wrong")
        return refused, dst.lost(REGION, NEW)


def hint_refused(src: Machine, first: int, second: int) -> bool:
    """Send the late hint; true when it is refused as stale, naming both rounds."""
    try:
        src.mark_fd(first, REGION, last=True)
    except QmpError as error:
        check(f"round {first} is stale, round {second} is open" in error.desc,
              f"refused for another reason: {error.desc}")
        check(src.counters()["refused-stale"] == 1, "the refusal is not counted")
        return True
    return False


def check_extension(accel: str) -> None:
    """The late hint is refused and nothing is lost."""
    refused, lost = in_time(lambda: migrate_with_stale_hint(accel, EXTENSION))
    step(f"{accel}: refused, {lost} pages wrong")
    check(refused, f"{accel}: a hint for an earlier round was accepted")
    check(lost == 0, f"{accel}: {lost} writes are lost")


def check_mutant(accel: str) -> None:
    """A gate that takes late hints loses writes."""
    for _ in range(TRIES):
        refused, lost = in_time(lambda: migrate_with_stale_hint(accel, mutant("no-gate")))
        step(f"{accel}, no-gate: {lost} pages wrong")
        check(not refused, f"{accel}: the mutant has a gate")
        if lost:
            return
    raise Failure(f"{accel}: without the gate nothing is lost; this test cannot see "
                  "the bug")


def test() -> None:
    """The extension on every accelerator; the mutant, too: TCG shows this bug."""
    build()
    for accel in accelerators():
        check_extension(accel)
        check_mutant(accel)


if __name__ == "__main__":
    run(test)
