#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
An agent that is absent, killed or stopped, at any step of a round, does not hold
up a migration, and what it said before does no harm.
"""
from __future__ import annotations

import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from support import Hops, Work, check, fill, patience, step
from lib.machine import Spec
from lib.result import run
from lib.soak import factor, seeded

STEP_TIMEOUT = 30.0


@dataclass(frozen=True)
class Step:
    """
    A step of the protocol.

    name     for people
    phase    "before" the migration, in its "setup", or in a "later" pass
    reached  does x-query-freehint show that it has been reached?
    """

    name: str
    phase: str
    reached: Callable[[dict[str, Any]], bool] = lambda query: True


STEPS = (
    Step("before the migration", "before"),
    Step("a round was opened", "setup", lambda q: q["counters"]["rounds"] > 0),
    Step("a command arrived", "setup", lambda q: q["counters"]["commands"] > 0),
    Step("a range was applied", "setup", lambda q: q["counters"]["pages-accepted"] > 0),
    Step("the second round was opened", "later", lambda q: q["counters"]["rounds"] > 1),
)


class Fault:
    """A signal for the agent at a step; without a signal there is no agent."""

    def __init__(self, hops: Hops, sig: signal.Signals | None, where: Step) -> None:
        self.vm = hops.here
        self.sig = sig
        self.where = where

    def strike(self, phase: str) -> None:
        """Wait for the step, polling as fast as QEMU answers, and send the signal."""
        if phase != self.where.phase or not self.sig:
            return
        deadline = patience.deadline(STEP_TIMEOUT)
        while not self.where.reached(self.vm.query()):
            check(time.monotonic() < deadline, "the step was never reached")
        self.vm.agent.signal(self.sig)


def hop(hops: Hops, work: Work, sig: signal.Signals | None, where: Step) -> None:
    """One migration with a fault."""
    step(f"agent gets {sig.name}: {where.name}" if sig else "agent was never started")
    fill(hops.here.guest, 100)
    if sig:
        hops.here.start_agent()
    hops.here.start_hints()
    fault = Fault(hops, sig, where)
    fault.strike("before")
    hops.hold(at_once=lambda: fault.strike("setup"))
    hops.wait_pass(2)
    fault.strike("later")
    hops.wait_pass(4)
    hops.release()
    counters = hops.here.counters()
    check(counters["rounds"] > 0, "no round was opened, the test shows nothing")
    if where.phase == "before":
        check(counters["pages-accepted"] == 0, "pages were skipped without an agent")
    check(hops.here.qemu.alive(), "the source's QEMU died")
    work.verify(hops.arrive().guest)


def main() -> None:
    """
    The same guest meets a fault at every step. Which one, the dice say, and the soak has both
    at each; kvm/test_fault_torture has both at every line of the agent.
    """
    dice = seeded()
    with Hops(Spec(memory_mib=512, lifetime=600)) as hops:
        work = Work(hops.here.guest, pages_mib=48, churn_mib=48)
        hop(hops, work, None, STEPS[0])
        signals = dice.sample((signal.SIGKILL, signal.SIGSTOP), 2)
        for where in STEPS:
            for sig in signals[:factor()]:
                hop(hops, work, sig, where)
            signals.reverse()


if __name__ == "__main__":
    run(main)
