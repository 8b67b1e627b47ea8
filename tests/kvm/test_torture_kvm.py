#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
A guest that uses memory at random goes from host to host under KVM, with the real
publishing code in it and the real agent outside, or one that dawdles. Whatever it has
written must be there, after every migration: the test compares both sides page by page,
and the guest compares all of its pages with what it remembers.

In an ordinary run some hundred rounds, with `make soak` more than 10 000. The mutants
have to lose pages in the same torture. FREEHINT_SEED repeats a run, as far as chance
is the test's and not the machine's.
"""
from __future__ import annotations

import random

from baremetal import MIB, Machine, build, check, mutant, run, skip, step
from lib import host_kvm
from lib.soak import factor, one_of_run, seeded, times
from torture import HOP, Tally, Traveller, Variant, chunks, torture

# Rounds of each variant in which hints were applied: in an ordinary run, and what
# `make soak` multiplies, for more than 10 000 in all.
ROUNDS = 20
SOAK_ROUNDS = 30
# Migrations in which a mutant has to show, by both counts; most often one is enough.
MUTANT_HOPS = 60

RING = "kvm,dirty-ring-size=4096"

AGENT = [
    Variant("agent"),
    Variant("agent, smallest chunks", extra=chunks(6)),
    Variant("agent, 2 CPUs", cpus=2, extra=chunks(12)),
]
SLOW_AGENT = [
    Variant("slow agent", played=True),
    Variant("slow agent, smallest chunks", played=True, extra=chunks(6)),
    Variant("slow agent, 2 CPUs", played=True, cpus=2, extra=chunks(12)),
    # The memory in use lies across the end of the first chunk.
    Variant("slow agent, default chunks", played=True, extra=chunks(18), mem=1056 * MIB,
            first=992 * MIB),
]
# KVM gives a ring of dirty pages away and protects them again when QEMU collects it:
# there is no deferred clear that arming could come too late for.
RING_VARIANTS = [
    Variant("agent, dirty ring", accel=RING, cpus=2),
    Variant("slow agent, dirty ring", accel=RING, played=True),
]
LOSSY = Variant("slow agent, smallest chunks", played=True, extra=chunks(6))


def has_ring() -> bool:
    """Says aloud when there is none."""
    try:
        with Machine(RING, name="ring", extension=None, extra=["-S"]):
            return True
    except RuntimeError as error:
        print(f"skipped: the dirty ring: {str(error).splitlines()[-1]}", flush=True)
        return False


def chosen() -> list[Variant]:
    """
    All variants in a soak. In an ordinary run the slow agent, which finds more, with each kind of
    chunks, the real agent with one of them, and the ring with one of both agents, by the dice of
    the run.
    """
    rings = RING_VARIANTS if has_ring() else []
    if factor() > 1:
        return AGENT + SLOW_AGENT + rings
    number = one_of_run(len(AGENT) * len(RING_VARIANTS))
    return [AGENT[number % len(AGENT)], *SLOW_AGENT,
            *rings[number % len(RING_VARIANTS):][:1]]


def check_mutant(broken: str, rng: random.Random) -> None:
    """The same torture has to lose pages where a rule is broken."""
    total = Tally()
    with Traveller(LOSSY, rng, mutant(broken)) as guest:
        while not (total.differing and total.wrong) and total.migrations < MUTANT_HOPS:
            total.add(guest.hop(HOP))
    step(f"{broken}: {total}")
    check(total.differing and total.wrong, f"{broken} loses nothing; this test cannot see the bug")


def test() -> None:
    """The chosen variants, then the mutants."""
    reason = host_kvm.reason()
    if reason:
        skip(reason)
    build()
    rng = seeded()
    total = Tally()
    rounds = ROUNDS if factor() == 1 else times(SOAK_ROUNDS)
    for variant in chosen():
        total.add(torture(variant, rng, rounds))
    step(f"all: {total}")
    for broken in ("no-arm", "no-gate"):
        check_mutant(broken, rng)


if __name__ == "__main__":
    run(test)
