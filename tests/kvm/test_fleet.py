#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A host full of guests, each with its agent: they start, are idle, some migrate at once with
hints, and then agents are killed while their guests migrate and while they are idle. What the
guests have written arrives, agents that were started again hint again, and `freehint top` sees
every guest. What the agents cost is printed. Six guests; `make check-fleet` has fifty.
"""
from __future__ import annotations

import argparse
import json
import os
import signal
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack

from baremetal import (MIB, PAGE, Machine, accelerators, build, check, hold, release, run, step,
                       wait_for)
from lib.program import Agent
from lib.tool import tool
from lib.usage import Usage, usage

USED = range(2 * MIB, 18 * MIB)
FREE = range(20 * MIB, 52 * MIB)


class Member:
    """One guest, wherever it is, and its agent."""

    def __init__(self, number: int, accel: str, directory: str, lifetime: float) -> None:
        self.name = f"vm{number}"
        self.pattern = number * 0x01010101 & 0xffffffff
        self.spent = Usage()
        self._accel = accel
        self._lifetime = lifetime
        self._metrics = os.path.join(directory, f"{self.name}.prom")
        self.here = self._machine()
        self.there: Machine | None = None
        self.agent: Agent | None = None

    def _machine(self, incoming: bool = False) -> Machine:
        return Machine(self._accel, name=self.name, lifetime=self._lifetime, incoming=incoming)

    def stop(self) -> None:
        """End all that it has."""
        self.end_agent()
        for machine in self.here, self.there:
            if machine:
                machine.stop()

    def start(self) -> None:
        """The guest has used all of its memory, and says that it has freed some."""
        self.here.start()
        self.here.wait_boot()
        self.here.write(USED, self.pattern)
        self.here.write(FREE, self.pattern)
        self.here.start_hints()

    def start_agent(self) -> None:
        """With metrics, as the unit does it; it is attached on return."""
        self.agent = Agent(self.here.shm, self.here.agent_qmp, ["--metrics", self._metrics])
        self.agent.wait_said("attached")

    def end_agent(self, number: signal.Signals = signal.SIGTERM) -> None:
        """What it has cost is kept."""
        agent, self.agent = self.agent, None
        if agent:
            self.spent += usage([agent.pid]).spent()
            agent.signal(number)
            agent.stop()

    def depart(self) -> None:
        """Begin a migration that cannot end yet."""
        self.there = self._machine(incoming=True)
        self.there.start()
        hold(self.here, self.there)

    def report(self) -> None:
        """The guest answers the round; the agent has to bring all of it into the bitmap."""
        self.here.publish(self.here.wait_round(), FREE)
        self.here.wait_applied(len(FREE) // PAGE)

    def arrive(self) -> int:
        """Let the migration end, leave the source; returns the pages that QEMU skipped."""
        assert self.there
        release(self.here, self.there)
        lost = self.there.lost(USED, self.pattern)
        check(lost == 0, f"{self.name}: {lost} pages of {len(USED) // PAGE} are lost")
        skipped = self.here.counters()["pages-cleared"]
        self.end_agent()
        self.here.stop()
        self.here, self.there = self.there, None
        self.here.start_hints()
        self.start_agent()
        return skipped


class Fleet:
    """All of them; prints what each part of their lives has cost the agents."""

    def __init__(self, members: Sequence[Member]) -> None:
        self.members = members
        self._began = time.monotonic()
        self._before = Usage()

    def _total(self) -> Usage:
        """What all agents have used, those that have ended, too."""
        living = usage([member.agent.pid for member in self.members if member.agent])
        return sum((member.spent for member in self.members), living)

    def book(self, what: str) -> None:
        """A part is over."""
        now, clock = self._total(), time.monotonic()
        cost, seconds = now.since(self._before), clock - self._began
        step(f"{what}: {seconds:.1f} s; agents: {cost.cpu:.3f} s of a processor, {cost.wakes} "
             f"wake-ups, {cost.resident / MIB:.1f} MiB resident, {cost.own / MIB:.1f} MiB with "
             f"shared pages counted once, {cost.processes} processes")
        self._before, self._began = self._total(), time.monotonic()


def migrate(members: Sequence[Member], killed: Sequence[Member] = ()) -> None:
    """
    At once: none ends before all have been hinted. Agents of `killed` are killed while all
    rounds are open, and started again.
    """
    for member in members:
        member.depart()
    for member in members:
        member.here.wait_round()
    for member in killed:
        member.end_agent(signal.SIGKILL)
    for member in killed:
        member.start_agent()
    for member in members:
        member.report()
    skipped = sum(member.arrive() for member in members)
    check(skipped >= len(members) * len(FREE) // PAGE,
          f"{len(members)} guests have {len(FREE) // PAGE} free pages each, {skipped} were skipped")
    step(f"{len(members)} guests have arrived, {skipped} pages skipped, none lost")


def all_seen(members: Sequence[Member], directory: str) -> None:
    """`freehint top` has a line for each, and says that it reports."""
    def states() -> dict[str, str]:
        seen = json.loads(tool("top", "--once", "--json", "--directory", directory))
        return {vm["name"]: vm["state"] for vm in seen}

    expected = {member.name: "reporting" for member in members}
    wait_for(lambda: states() == expected, lambda: f"top to see all: {states()}")


def live(members: Sequence[Member], options: argparse.Namespace, directory: str) -> None:
    """From the start to the end."""
    many = options.at_once
    for member in members:
        member.start()
    step(f"{len(members)} guests run")
    fleet = Fleet(members)
    for member in members:
        member.start_agent()
    fleet.book("start of the agents")
    all_seen(members, directory)
    time.sleep(options.idle)
    fleet.book("idle")
    migrate(members[:many])
    fleet.book(f"{many} migrations at once")
    killed = members[many:many + options.killed]
    migrate(killed[:many], killed)
    fleet.book(f"{many} migrations at once, {len(killed)} agents killed and started again")
    migrate(killed[many:])
    fleet.book(f"{len(killed[many:])} migrations at once, of guests whose agents were killed")
    all_seen(members, directory)
    for member in members:
        lost = member.here.lost(USED, member.pattern)
        check(lost == 0, f"{member.name}: {lost} pages are lost at the end")


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--guests", type=int, default=6)
    parser.add_argument("--idle", type=float, default=1, help="seconds")
    parser.add_argument("--at-once", type=int, default=2, help="migrations")
    parser.add_argument("--killed", type=int, default=4, help="agents")
    options = parser.parse_args()
    if options.guests < options.at_once + options.killed or options.killed <= options.at_once:
        parser.error("GUESTS >= AT_ONCE + KILLED and KILLED > AT_ONCE is wanted")
    return options


def test() -> None:
    """All parts, with the first accelerator."""
    options = parse()
    build()
    accel = accelerators()[0]
    # a life of minutes for each guest beside the idle time
    lifetime = 120 + options.idle + 20 * options.guests
    with tempfile.TemporaryDirectory(prefix="freehint-fleet-") as directory, ExitStack() as stack:
        members = []
        for number in range(options.guests):
            members.append(Member(number + 1, accel, directory, lifetime))
            stack.callback(members[-1].stop)
        live(members, options, directory)


if __name__ == "__main__":
    run(test)
