#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
An agent that is absent, killed or stopped does not hold up a migration, and what
it said before does no harm.
"""
from __future__ import annotations

import signal
from collections.abc import Callable

from support import Hops, Work, check, step
from lib.machine import Agent, Machine, Spec
from lib.result import run


def never_started(_vm: Machine) -> Agent | None:
    """Reporting is on, but nobody listens."""
    return None


def killed(vm: Machine) -> None:
    """SIGKILL in the middle of a migration."""
    vm.agent.kill()


def stopped(vm: Machine) -> None:
    """SIGSTOP in the middle of a migration; its socket stays open."""
    vm.agent.signal(signal.SIGSTOP)


def hop(hops: Hops, work: Work, with_agent: bool,
        fault: Callable[[Machine], object]) -> None:
    """One migration in whose middle the fault happens."""
    step(f"agent {fault.__name__.replace('_', ' ')}")
    hops.here.guest.must("memfill 200M", 60)
    if with_agent:
        hops.here.start_agent()
    hops.here.start_hints()
    hops.hold()
    hops.wait_pass(2)
    fault(hops.here)
    hops.wait_pass(4)
    hops.release()
    counters = hops.here.counters()
    check(counters["rounds"] > 0, "no round was opened, the test proves nothing")
    if not with_agent:
        check(counters["pages-accepted"] == 0, "pages were skipped without an agent")
    check(hops.here.qemu.alive(), "the source's QEMU died")
    work.prove(hops.arrive().guest)


def main() -> None:
    """The same guest meets all three."""
    with Hops(Spec(memory_mib=512)) as hops:
        work = Work(hops.here.guest, pages_mib=48, churn_mib=48)
        hop(hops, work, False, never_started)
        hop(hops, work, True, killed)
        hop(hops, work, True, stopped)


if __name__ == "__main__":
    run(main)
