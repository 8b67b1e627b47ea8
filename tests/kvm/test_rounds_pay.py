#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Rounds only where they pay: QEMU 11.1 with postcopy-ram syncs before every 50 ms of sending, and
with a limited bandwidth ten times a second. The rounds that QEMU waits for are counted: it
has to send for 20 times as long as it has waited before it waits again. Earlier series sync at
the end of a pass only.
"""
from __future__ import annotations

import time

from baremetal import (MIB, Machine, QmpError, TooEarly, accelerators, build, check, in_time,
                       migration, pair, run, step)

MEM = 64 * MIB
# Some three seconds of sending.
USED = range(4 * MIB, 60 * MIB)
SPEED = 18 * MIB
CAPS = {"postcopy-ram": True}

# Later than QEMU waits for a guest that is silent, half of later-wait-ms.
ANSWER = 0.026
# So long it waits then, at least, and so many times as long it has to send. The limit of
# the wait is a tenth of this.
WAIT_MS = 20
TIMES = 20
DOWNTIME_MS = 300


def answer_late(src: Machine) -> int:
    """The peer of a whole migration: it answers every round after a while. Rounds answered."""
    answered, last = 0, 0
    while migration.info(src)["status"] in ("setup", "active", "device"):
        now = src.query()
        if now["state"] != "round" or now["round"] == last:
            time.sleep(0.002)
            continue
        last = now["round"]
        time.sleep(ANSWER)
        try:
            src.qmp.command("x-freehint-mark-clean", round=last, last=True)
            answered += 1
        except QmpError as error:
            check(src.too_late(error), error.desc)
            # A round that nobody answered is followed by one without a wait.
            if migration.info(src)["status"] == "active":
                raise TooEarly(error.desc) from error
    return answered


def count(accel: str) -> None:
    """One migration; nothing is hinted in it."""
    with pair(accel, mem=MEM) as (src, dst):
        src.wait_boot()
        src.write(USED, 0x11111111)
        src.start_hints()
        migration.begin(src, dst, CAPS, {"max-bandwidth": SPEED, "downtime-limit": DOWNTIME_MS})
        answered = answer_late(src)
        info = migration.wait(src)
        check(info["status"] == "completed", f"{info}")
        counters = src.counters()
        waited = [past["waited-us"] for past in src.query()["rounds"]
                  if past["waited-us"] >= WAIT_MS * 1000]
        syncs = info["ram"]["dirty-sync-count"]
        step(f"{accel}: {syncs} syncs in {info['total-time']} ms, {counters['rounds']} rounds, "
             f"{answered} answered, {len(waited)} waited for; {counters['rounds-early']} early, "
             f"{counters['rounds-quiet']} quiet")
        most = 2 + info["total-time"] // (WAIT_MS * TIMES)
        check(len(waited) <= most, f"{len(waited)} rounds were waited for, {most} pay: {waited}")


def main() -> None:
    """With each accelerator."""
    build()
    for accel in accelerators():
        in_time(lambda accel=accel: count(accel))  # type: ignore[misc]


if __name__ == "__main__":
    run(main)
