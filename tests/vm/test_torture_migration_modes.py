#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
One guest hops by every way of migration that this QEMU has: deltas, compression,
several channels, zero copy, files, mapped files, a throttled guest. In each of them
pages are skipped, and nothing else is missing on arrival. A longer run goes on with
random combinations; FREEHINT_SEED repeats them.
"""
from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from modes import MIB, Features, Mode, can
from support import Work, check, fill, migration, step, wait_for
from tour import Files, Tour
from lib.machine import Machine, Spec
from lib.result import run
from lib.soak import factor, seeded, times

# So fast that a pass takes about a second, the least that QEMU throttles for.
THROTTLE_BANDWIDTH = 64 * MIB
THROTTLE = {"cpu-throttle-initial": 60, "cpu-throttle-increment": 20,
            "throttle-trigger-threshold": 1}
RANDOM_HOPS = 1


def throttled(now: dict[str, Any]) -> bool:
    """Does QEMU slow the guest down?"""
    return now.get("cpu-throttle-percentage", 0) > 0


def nothing(_: Machine) -> None:
    """No event."""


def stop_and_go(vm: Machine) -> None:
    """Somebody pauses the guest in the middle of a pass."""
    vm.qmp.command("stop")
    vm.qmp.command("cont")


def measure_dirty_rate(vm: Machine) -> None:
    """
    Somebody else syncs the dirty log, too. QEMU 7.2 without any plugin crashes when
    asked for "dirty-bitmap" under TCG; kvm/test_torture_features asks it under KVM.
    """
    old = vm.spec.accel == "tcg" and Features(vm.qmp).version < (8, 0, 0)
    for mode in ("page-sampling",) if old else ("dirty-bitmap", "page-sampling"):
        vm.qmp.command("calc-dirty-rate", {"calc-time": 1, "mode": mode})
        wait_for(lambda: vm.qmp.command("query-dirty-rate")["status"] == "measured",
                 f"the dirty rate by {mode}", 60)


def report_off_and_on(vm: Machine) -> None:
    """Reporting is stopped while ranges are being applied, and started again."""
    for _ in range(3):
        vm.qmp.command("x-freehint-stop")
        vm.start_hints()


EVENTS = (nothing, stop_and_go, measure_dirty_rate, report_off_and_on)


def hop(tour: Tour, work: Work, files: Files, mode: Mode, extras: tuple[str, ...],
        passes: int, event: Callable[[Machine], None] = nothing) -> None:
    """One hop with hints from the first pass on, and the verification."""
    vm = tour.here
    converge = "auto-converge" in extras
    vm.start_agent()
    vm.start_hints()
    if converge:
        # a guest that gets next to no processor would need minutes for it
        files.renew(vm.guest)
        migration.set_parameters(vm.qemu, THROTTLE)
    tour.depart(mode, extras, **({"bandwidth": THROTTLE_BANDWIDTH} if converge else {}))
    if not converge:
        files.renew(vm.guest)
    if converge:
        now = migration.wait(vm.qemu, 120, throttled)
        step(f"throttled by {now.get('cpu-throttle-percentage')}%")
    if passes > 1:
        tour.wait_pass(passes - 1)
    event(vm)
    tour.wait_pass(passes)
    tour.wait_skipped()
    info = tour.release()
    check(mode.used(info), f"{mode.name} was not at work: {info}")
    check(tour.newly_skipped() > 0, f"no page was skipped with {tour.name()}: "
          f"{vm.counters()}\nthe agent says:\n{vm.agent.log() if vm.agent else ''}")
    check(vm.agent and vm.agent.alive(), "the agent died")
    guest = tour.arrive().guest
    work.verify(guest)
    files.verify(guest)


def draw(tour: Tour, rng: random.Random, features: Features,
         modes: list[Mode]) -> tuple[Mode, tuple[str, ...]]:
    """A random combination that QEMU takes."""
    while True:
        mode = rng.choice(modes)
        extras = features.extras(mode)
        some = tuple(sorted(rng.sample(extras, rng.randrange(len(extras) // 2 + 1))))
        if can(tour.here.qemu, mode, some):
            return mode, some


def drawn(modes: list[Mode], rng: random.Random) -> list[Mode]:
    """All modes, but of those that compress channels one, unless this is a soak."""
    same = [mode for mode in modes if "multifd-compression" in mode.params]
    leave_out = [] if factor() > 1 or not same else rng.sample(same, len(same) - 1)
    return [mode for mode in modes if mode not in leave_out]


def main() -> None:
    """Every mode once, xbzrle with a throttled guest, then whatever comes."""
    rng = seeded()
    with Tour(Spec(memory_mib=512, lifetime=900)) as tour:
        guest = tour.here.guest
        fill(guest, 200)
        work = Work(guest, pages_mib=32, churn_mib=64)
        files = Files(guest)
        features = Features(tour.here.qmp)
        modes = features.modes()
        for mode in drawn(modes, rng):
            extras = ("auto-converge",) if mode.name == "xbzrle" else ()
            hop(tour, work, files, mode, extras, passes=2)
        for number in range(times(RANDOM_HOPS)):
            mode, some = draw(tour, rng, features, modes)
            event = rng.choice(EVENTS)
            hop(tour, work, files, mode, some, rng.randrange(1, 5), event)
            step(f"random hop {number + 1}, {event.__name__}")


if __name__ == "__main__":
    run(main)
