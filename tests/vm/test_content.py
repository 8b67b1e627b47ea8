#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Memory content across a migration with hints: a guest that writes, frees and
reuses its memory all the time finds every page as it left it, in one pass and in
many.
"""
from __future__ import annotations

from support import Hops, Work, check, fill, wait_for
from lib.machine import Spec
from lib.result import run

PASSES = 5


def migrate_with_hints(hops: Hops, work: Work, passes: int) -> None:
    """
    One hop of at least `passes` passes, hints in a later one too if there are many, then the
    verification.
    """
    hops.hinted(passes, rounds=min(passes, 2))
    check(hops.here.agent.alive(), "the agent died")
    work.verify(hops.arrive().guest)


def hints_on_destination(hops: Hops) -> None:
    """The guest module introduces itself to the new host."""
    wait_for(lambda: hops.here.query()["guest"]["present"],
             "the guest module's hello on the destination", 10)


def main() -> None:
    """There and on to a third machine, so that a destination becomes a source."""
    with Hops(Spec()) as hops:
        fill(hops.here.guest, 300)
        work = Work(hops.here.guest)
        migrate_with_hints(hops, work, 1)
        hints_on_destination(hops)
        fill(hops.here.guest, 300)
        migrate_with_hints(hops, work, PASSES)


if __name__ == "__main__":
    run(main)
