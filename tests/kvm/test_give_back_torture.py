#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
A guest that uses memory at random gives free blocks back under KVM, with the real protocol
code in it. It takes offers back at random, and fills pages at the very moment at which they
are its own again. No page in use may ever change, whatever happens in between: the agent is
late or sends an offer twice, a migration begins, the guest is stopped or reset.

In an ordinary run some thousand blocks, with `make soak` some hundred thousand. The mutants
have to lose pages in the same torture.
"""
from __future__ import annotations

import random
from dataclasses import dataclass

from baremetal import CRAWL, build, check, migration, mutant, run, skip, step, wait_for
from give_back import MEMFD, PRIVATE, Discarder, GivingMachine
from lib import host_kvm
from lib.soak import Sums, seeded, times

# Blocks that each variant gives back, and how many between two events.
GIVEN = 1500
EVENT = 300
# So many blocks a mutant may give back until it has lost a page: some hundred, as a rule.
MUTANT_GIVEN = 10000

VARIANTS = [("private", PRIVATE, 1), ("memfd", MEMFD, 2)]


@dataclass
class Tally(Sums):
    """What was seen, summed over guests."""
    offered: int = 0
    given: int = 0
    taken_back: int = 0
    refused: int = 0
    compared: int = 0
    wrong: int = 0
    nonzero: int = 0

    def __str__(self) -> str:
        return (f"{self.offered} blocks offered, {self.given} given back, {self.taken_back} "
                f"offers taken back, {self.refused} commands refused, {self.compared} pages "
                f"compared, {self.wrong} wrong, {self.nonzero} given and not zero")


def begin_migration(machine: GivingMachine) -> None:
    """One that crawls into nothing."""
    migration.set_parameters(machine, {"max-bandwidth": CRAWL})
    machine.qmp.command("migrate", uri="exec:cat >/dev/null")


def event_migration(machine: GivingMachine) -> None:
    """Nothing is discarded while it is under way; then it goes on by itself."""
    begin_migration(machine)
    wait_for(lambda: not machine.back()["asking"], "an end of the session", period=0.005)
    check("under way" in machine.back()["paused"], f"paused: {machine.back()}")
    before = machine.back()["bytes"]
    offered = machine.report()["written"]
    wait_for(lambda: machine.report()["written"] > offered + 100, "the guest to go on")
    check(machine.back()["bytes"] == before, "memory was discarded during a migration")
    migration.cancel(machine)
    wait_for(lambda: machine.back()["asking"], "another session")


def event_stop(machine: GivingMachine) -> None:
    """Nothing is discarded while the guest is stopped."""
    machine.qmp.command("stop")
    check(not machine.back()["asking"], f"a stopped guest is asked: {machine.back()}")
    before = machine.back()["bytes"]
    machine.qmp.command("x-query-freehint")
    check(machine.back()["bytes"] == before, "memory of a stopped guest was discarded")
    machine.qmp.command("cont")


def event_reset(machine: GivingMachine) -> None:
    """A new kernel, in the middle of whatever was under way."""
    arrivals = machine.report()["arrivals"]
    machine.qmp.command("system_reset")
    wait_for(lambda: machine.report()["arrivals"] > arrivals, "another kernel")


def event_query(machine: GivingMachine) -> None:
    """Ask anew: another session, in the middle of an offer."""
    machine.ask("always", order=1)


EVENTS = (event_migration, event_stop, event_reset, event_query)


def wait_given(machine: GivingMachine, blocks: int) -> dict[str, int]:
    """Until it has given back so many; the guest's report."""
    wait_for(lambda: machine.report()["given"] >= blocks or machine.report()["wrong"] or
             machine.report()["nonzero"],
             lambda: f"{blocks} blocks: {machine.report()}, {machine.back()}", 300.0, 0.02)
    return machine.report()


def count(machine: GivingMachine, agent: Discarder) -> Tally:
    """Compare all pages in use, then take the guest's numbers."""
    wrong = len(machine.wrong_pages())
    report = machine.report()
    return Tally(offered=report["offered"], given=report["given"],
                 taken_back=report["taken_back"], refused=agent.late,
                 compared=report["compared"], wrong=report["wrong"] + wrong,
                 nonzero=report["nonzero"])


def torture(name: str, memory: str, cpus: int, rng: random.Random) -> Tally:
    """Give back, with an event every so many blocks, until there were enough."""
    wanted = times(GIVEN)
    with GivingMachine(memory, seed=rng.getrandbits(60), cpus=cpus,
                       lifetime=400.0 * max(1, times(1) / 4)) as machine:
        machine.wait_hello()
        machine.ask("always", order=1)
        agent = Discarder(machine, rng)
        given, events = 0, list(EVENTS)
        while given < wanted or events:
            given = wait_given(machine, given + EVENT)["given"]
            event = events.pop() if events else rng.choice(EVENTS)
            event(machine)
            check(not machine.wrong_pages(), f"{name}: pages in use have changed after "
                  f"{event.__name__}: {machine.report()}")
        agent.stop()
        tally = count(machine, agent)
        step(f"{name}: {tally}")
        check(not tally.wrong and not tally.nonzero, f"{name}: pages are lost")
        check(tally.taken_back and tally.refused, f"{name}: nothing was ever taken back")
        return tally


def check_mutant(broken: str, rng: random.Random) -> None:
    """The same torture has to lose pages where a rule is broken."""
    with GivingMachine(PRIVATE, seed=rng.getrandbits(60), extension=mutant(broken)) as machine:
        machine.wait_hello()
        machine.ask("always", order=1)
        agent = Discarder(machine, rng, odd=2)
        wait_given(machine, MUTANT_GIVEN)
        agent.stop()
        tally = count(machine, agent)
    step(f"{broken}: {tally}")
    check(tally.wrong or tally.nonzero, f"{broken} loses nothing; this test cannot see the bug")


def test() -> None:
    """All variants, then the mutants."""
    reason = host_kvm.reason()
    if reason:
        skip(reason)
    build()
    rng = seeded()
    total = Tally()
    for name, memory, cpus in VARIANTS:
        total.add(torture(name, memory, cpus, rng))
    step(f"all: {total}")
    for broken in ("done-early", "no-second-look"):
        check_mutant(broken, rng)


if __name__ == "__main__":
    run(test)
