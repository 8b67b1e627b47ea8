#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Samples, writes and hints against a migration of many short passes, so that hints
meet syncs at every moment. Whatever was written after it was sampled free must
arrive; what was not may read as anything.

A block lives once: sampled free, perhaps written, hinted, and then left alone, so
that no later write covers up a lost one. Rules 1 and 3 of the safety rule are both
in play, and both mutants have to lose blocks here. FREEHINT_SEED repeats a run.
"""
from __future__ import annotations

import os
import random

from baremetal import (EXTENSION, MIB, PAGE, GuestStopped, Machine, TooEarly, accelerators, build,
                       check, migration, mutant, pair, release, run, step)
from lib.qmp import QmpError
from lib.soak import seeded

MEM = 128 * MIB
# Written at every step: keeps the passes coming.
HEATER = range(2 * MIB, 6 * MIB)
BLOCK = 16 * PAGE
BLOCKS = [range(at, at + BLOCK) for at in range(8 * MIB, MEM - MIB, BLOCK)]
PER_STEP = 8
# A pass that finds little to send is followed by the next at once, and may end the
# migration at any time. Then another storm makes up for the steps that are missing.
STEPS = 200
STORMS = 40
PARAMS = {"max-bandwidth": 150 * MIB, "downtime-limit": 1}
# Small log chunks, so that the sender's own clearing does not do our work.
CHUNKS = ["-global", "migration.x-clear-bitmap-shift=6"]
OLD = 0x77777777
RUNNING = ("setup", "active")


class Storm:
    """Which blocks must hold which pattern when all is over."""

    def __init__(self, src: Machine, rng: random.Random) -> None:
        self.src = src
        self.rng = rng
        self.fresh = rng.sample(range(len(BLOCKS)), len(BLOCKS))
        self.live = dict.fromkeys(range(len(BLOCKS)), OLD)
        self.late = 0
        self.steps = 0

    def blow(self) -> None:
        """Step until the migration or the blocks are at their end."""
        try:
            while (len(self.fresh) > PER_STEP and
                   migration.info(self.src)["status"] in RUNNING):
                self.step()
                self.steps += 1
        except GuestStopped:
            # what was not answered is not expected to be there
            pass

    def step(self) -> None:
        """Sample some blocks, write most of them, then hint all of them."""
        round_id = self.src.query()["round"]
        self.src.write(HEATER, self.rng.getrandbits(32))
        if not round_id:
            return
        picked = [self.fresh.pop() for _ in range(PER_STEP)]
        for index in picked:
            del self.live[index]
        for index in self.rng.sample(picked, PER_STEP - 2):
            pattern = self.rng.getrandbits(32)
            self.src.write(BLOCKS[index], pattern)
            self.live[index] = pattern
        try:
            self.src.mark_fd(round_id, *(BLOCKS[i] for i in sorted(picked)))
        except QmpError as error:
            check(self.src.too_late(error), error.desc)
            self.late += 1

    def wrong_blocks(self, dst: Machine) -> list[int]:
        """Blocks whose words did not arrive."""
        words = dst.dump(range(BLOCKS[0].start, BLOCKS[-1].stop))
        return [index for index, pattern in self.live.items()
                if any(words[(at - BLOCKS[0].start) // PAGE] != at ^ pattern
                       for at in BLOCKS[index][::PAGE])]


def storm(accel: str, rng: random.Random, extension: str) -> tuple[int, int]:
    """
    One migration; how many steps it had, and how many blocks are wrong. TooEarly when it was
    over before its first round was seen.
    """
    with pair(accel, mem=MEM, extension=extension, extra=CHUNKS) as (src, dst):
        src.wait_boot()
        src.write(range(BLOCKS[0].start, BLOCKS[-1].stop), OLD)
        weather = Storm(src, rng)
        src.start_hints()
        migration.begin(src, dst, params=PARAMS)
        src.wait_round()
        weather.blow()
        counters = src.counters()
        migration.set_parameters(src, {"downtime-limit": 2000})
        release(src, dst)
        wrong = len(weather.wrong_blocks(dst))
        step(f"{accel}, {os.path.basename(extension)}: {weather.steps} steps, "
             f"{counters['rounds']} rounds, {counters['pages-accepted']} pages "
             f"applied, {counters['pages-late']} dropped, {weather.late} hints "
             f"refused, {wrong} blocks wrong")
        return weather.steps, wrong


def storms(accel: str, rng: random.Random, extension: str, lossy: bool = False) -> int:
    """Storms until there were enough steps, or blocks are wrong; how many are."""
    steps = 0
    for _ in range(STORMS):
        try:
            more, wrong = storm(accel, rng, extension)
        except TooEarly as why:
            step(f"{accel}: a calm: {why}")
            continue
        steps += more
        if wrong or (steps >= STEPS and not lossy):
            return wrong
    check(steps, f"{accel}: not one step in {STORMS} migrations")
    return 0


def test() -> None:
    """The extension on every accelerator; the mutants where they can be seen."""
    build()
    rng = seeded()
    accels = accelerators()
    for accel in accels:
        wrong = storms(accel, rng, EXTENSION)
        check(not wrong, f"{accel}: {wrong} blocks are wrong")
    for broken in ("no-arm", "no-gate") if "kvm" in accels else ():
        check(storms("kvm", rng, mutant(broken), lossy=True),
              f"{broken} loses nothing; this test cannot see the bug")


if __name__ == "__main__":
    run(test)
