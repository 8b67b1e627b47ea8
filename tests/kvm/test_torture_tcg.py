#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
The torture of test_torture_kvm under TCG, where every dirty page is logged in another
way and the second CPU is a thread of QEMU. No mutant: TCG cannot show a missing arm.
"""
from __future__ import annotations

from baremetal import build, run, step
from lib.soak import seeded, times
from torture import Tally, Variant, chunks, torture

# Rounds of each variant in which hints were applied.
ROUNDS = 15

VARIANTS = [
    Variant("tcg, agent, 2 CPUs", accel="tcg", cpus=2),
    Variant("tcg, slow agent, smallest chunks", accel="tcg", played=True, extra=chunks(6)),
]


def test() -> None:
    """All variants."""
    build()
    rng = seeded()
    total = Tally()
    for variant in VARIANTS:
        total.add(torture(variant, rng, times(ROUNDS)))
    step(f"all: {total}")


if __name__ == "__main__":
    run(test)
