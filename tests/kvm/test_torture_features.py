#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
The storm of test_storm against every way in which this QEMU sends memory: deltas,
compression, several channels, a file with a place for every page. With KVM the dirty
log is the real one, cleared late, in small chunks. And deltas alone: a page that was
sent, then skipped, then written again must not arrive as a delta to what the
destination never got.
"""
from __future__ import annotations

import os
import random
import sys
from contextlib import ExitStack, suppress

from baremetal import (CRAWL, MIB, PAGE, ROOT, TRIES, Machine, TooEarly, accelerators, build,
                       check, migration, run, step)
from test_storm import BLOCKS, CHUNKS, MEM, OLD, PARAMS, Storm
from lib.qmp import QmpError
from lib.soak import seeded, times

sys.path.insert(0, os.path.join(ROOT, "tests", "vm"))

from modes import MODES, Features, Mode, prepare  # noqa: E402

ROUNDS = 1
STEPS = 10

# Of deltas(): at this speed a pass over all of it takes several seconds. The rest is
# what keeps a pass from ending.
SLOW = 24 * MIB
HALVES = (range(16 * MIB, 32 * MIB), range(32 * MIB, 48 * MIB))
REST = range(48 * MIB, 112 * MIB)
ALL = range(16 * MIB, 112 * MIB)
SENT, SKIPPED, NEW = 0x11111111, 0x22222222, 0x33333333
AFTER = (NEW, SENT)


class Journey:
    """One storm in one mode: from a fresh machine to another, or through a file."""

    def __init__(self, stack: ExitStack, accel: str, mode: Mode) -> None:
        self.stack = stack
        self.accel = accel
        self.mode = mode
        self.src = self._machine("src")
        self.file = self.src.path("state")
        self.dst: Machine | None = None

    def _machine(self, name: str, incoming: bool = False) -> Machine:
        machine = Machine(self.accel, name=name, mem=MEM, extra=CHUNKS,
                          incoming=incoming)
        self.stack.enter_context(machine)
        return machine

    def _arrival(self) -> Machine:
        """A machine that waits for the guest."""
        machine = self._machine("dst", incoming=True)
        prepare(machine, self.mode)
        return machine

    def depart(self) -> None:
        """Begin the migration."""
        prepare(self.src, self.mode)
        migration.set_parameters(self.src, PARAMS)
        uri = {"exec": f"exec:cat >{self.file}", "file": f"file:{self.file}"}.get(
            self.mode.transport, "")
        if not uri:
            self.dst = self._arrival()
            uri = self._listen(self.dst)
        self.src.qmp.command("migrate", uri=uri)

    def _listen(self, machine: Machine) -> str:
        """Make the destination listen; returns the source's address of it."""
        tcp = self.mode.transport == "tcp"
        uri = "tcp:127.0.0.1:0" if tcp else f"unix:{machine.path('migrate.sock')}"
        machine.qmp.command("migrate-incoming", uri=uri)
        if tcp:
            address = machine.qmp.command("query-migrate")["socket-address"][0]
            uri = f"tcp:127.0.0.1:{address['port']}"
        return uri

    def arrive(self) -> Machine:
        """Let it end; returns the machine in which the guest is now."""
        migration.set_parameters(self.src, {"max-bandwidth": 0, "downtime-limit": 2000})
        info = migration.wait(self.src)
        check(info["status"] == "completed", f"{self.mode.name}: {info}\n"
              f"{self.src.log()}{self.dst.log() if self.dst else ''}")
        if self.mode.to_file:
            command = "exec:cat " if self.mode.transport == "exec" else "file:"
            self.dst = self._arrival()
            self.dst.qmp.command("migrate-incoming", uri=f"{command}{self.file}")
        assert self.dst is not None
        migration.wait_running(self.dst)
        return self.dst


def skip_between(journey: Journey) -> None:
    """
    Pass 2 sends the region with one content, which the cache keeps; in pass 3 it has
    another and is skipped; then it is written, one half with what the cache holds.
    """
    src = journey.src
    first = src.wait_round()
    src.write(ALL, SENT)
    src.bandwidth(SLOW)
    second = src.wait_round(first)
    migration.wait(src, until=lambda now: now["ram"]["remaining"] <= len(REST))
    src.bandwidth(CRAWL)
    src.write(ALL, SKIPPED)
    src.bandwidth(SLOW)
    third = src.wait_round(second)
    src.bandwidth(CRAWL)
    src.mark(third, *HALVES)
    src.wait_applied(len(ALL) // PAGE - len(REST) // PAGE)
    for half, pattern in zip(HALVES, AFTER):
        src.write(half, pattern)


def deltas(accel: str) -> bool:
    """Does every page arrive with its last content? False: nothing was skipped."""
    xbzrle = next(mode for mode in MODES if mode.name == "xbzrle")
    with ExitStack() as stack:
        journey = Journey(stack, accel, xbzrle)
        src = journey.src
        src.wait_boot()
        src.start_hints()
        src.write(ALL, OLD)
        journey.depart()
        src.bandwidth(CRAWL)
        try:
            skip_between(journey)
        except TooEarly as why:
            step(f"the migration was faster than this test: {why}")
            return False
        dst = journey.arrive()
        cached = migration.info(src)["xbzrle-cache"]["pages"]
        skipped = src.counters()["pages-cleared"]
        wrong = [dst.lost(half, pattern)
                 for half, pattern in ((REST, SKIPPED), *zip(HALVES, AFTER))]
        check(not any(wrong), f"{accel}, deltas: {wrong} pages are wrong")
        step(f"{accel}, deltas: {cached} pages from the cache, {skipped} skipped")
        return cached > 0 and skipped > 0


class Measured(Storm):
    """A storm while somebody measures the dirty rate: syncs and clears KVM's log, too."""

    def step(self) -> None:
        """As ever; a measurement takes a second and is asked for again when over."""
        if self.steps % 4 == 0:
            with suppress(QmpError):
                self.src.qmp.command("calc-dirty-rate",
                                     {"calc-time": 1, "mode": "dirty-bitmap"})
        super().step()


def storm(accel: str, mode: Mode, rng: random.Random, kind: type[Storm] = Storm) -> int:
    """One migration; how many steps the storm had."""
    with ExitStack() as stack:
        journey = Journey(stack, accel, mode)
        src = journey.src
        src.wait_boot()
        src.write(range(BLOCKS[0].start, BLOCKS[-1].stop), OLD)
        weather = kind(src, rng)
        src.start_hints()
        journey.depart()
        src.wait_round()
        weather.blow()
        dst = journey.arrive()
        counters = src.counters()
        wrong = weather.wrong_blocks(dst)
        check(not wrong, f"{accel}, {mode.name}: {len(wrong)} blocks are wrong")
        step(f"{accel}, {mode.name}, {kind.__name__}: {weather.steps} steps, "
             f"{counters['rounds']} rounds, {counters['pages-cleared']} pages "
             "skipped, all right")
        return weather.steps if counters["pages-cleared"] else 0


def storms(accel: str, mode: Mode, rng: random.Random, kind: type[Storm] = Storm) -> None:
    """Storms in one mode until there were enough steps."""
    steps = 0
    for _ in range(TRIES):
        try:
            steps += storm(accel, mode, rng, kind)
        except TooEarly as why:
            step(f"{mode.name}: a calm: {why}")
        if steps >= STEPS:
            return
    check(steps, f"{accel}, {mode.name}: nothing was skipped")


def test() -> None:
    """Every mode, on KVM where it is: tests/vm has them all on TCG."""
    build()
    rng = seeded()
    accel = accelerators()[0]
    with Machine(accel, name="look") as machine:
        modes = Features(machine.qmp).modes()
    for _ in range(times(ROUNDS)):
        check(any(deltas(accel) for _ in range(TRIES)), f"{accel}, deltas: nothing was skipped")
        for mode in modes:
            storms(accel, mode, rng)
        if accel == "kvm":
            storms(accel, modes[0], rng, Measured)


if __name__ == "__main__":
    run(test)
