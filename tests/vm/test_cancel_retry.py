#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A cancelled migration leaves nothing behind: reporting goes on, and the next
migration is hinted from its first pass.
"""
from __future__ import annotations

from support import (CRAWL, Hops, Work, attach_agent, cancel, check, fill, hints_arrived, step,
                     wait_for)
from lib.machine import Spec
from lib.result import run


def cancelled(hops: Hops, number: int) -> None:
    """A migration is cancelled in pass `number`; reporting goes on."""
    def depart() -> None:
        if not hops.here.agent:
            attach_agent(hops.here)
        hops.here.start_hints()
        hops.hold()
        if number > 1:
            hops.wait_pass(number)

    cancel(hops, depart)
    query = hops.here.query()
    check(query["round"] == 0, f"round {query['round']} survived the cancel")
    check(query["state"] == "ready", f"state is {query['state']}, not ready")
    step(f"cancelled in pass {number}")


def main() -> None:
    """Cancel in the first pass, cancel in a later one, then go through."""
    with Hops(Spec(memory_mib=512)) as hops:
        fill(hops.here.guest, 200)
        work = Work(hops.here.guest, pages_mib=48, churn_mib=48)
        for number in (1, 3):
            cancelled(hops, number)
        before = hops.here.counters()["pages-cleared"]
        hops.hold(bandwidth=CRAWL)
        wait_for(lambda: hops.here.counters()["pages-cleared"] > before,
                 "hints in the retried migration", 10)
        hops.wait_pass(2)
        first = hops.here.query()["first-round"]
        check(first["pages-cleared"] > 0, f"no hint in the first pass: {first}")
        hops.release()
        hints_arrived(hops.here)
        work.verify(hops.arrive().guest)


if __name__ == "__main__":
    run(main)
