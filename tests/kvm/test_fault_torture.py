#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
The agent is killed, stopped, or loses its connection at every step of its protocol,
in the first round of a migration and in later ones. Each time the migration ends as
it should, what the guest wrote arrives, and another agent goes on with the work.

In each round half of the guest's memory is reported free, page by page in turn, and
some of it is written afterwards: a hint that is applied in the wrong round, or twice,
or by an agent that was stopped and woken up much later, would lose that. An extension
without a gate has to lose it (no-gate), or this test could not see the bug.
"""
from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial

import held_agent
from baremetal import (CRAWL, EXTENSION, MIB, PAGE, TRIES, TooEarly, accelerators, build, check,
                       in_time, migration, mutant, pair, release, run, step, wait_for)
from held_agent import HeldAgent
from lib.soak import seeded, times

MEM = 64 * MIB
KEPT = range(2 * MIB, 4 * MIB)
# Written before every round: a pass that is not over before the next thing is done.
HEATER = range(4 * MIB, 10 * MIB)
SPEED = 20 * MIB
# Every second page: more ranges than one batch takes.
EVERY = 2
FREE_START, FREE_END = 16 * MIB, 60 * MIB
# What the guest takes of it and writes after each round; it is free no more then.
REUSED = MIB // 2
# More than lies dirty behind HEATER: with so much to send a pass is still in HEATER.
BEHIND_HEATER = 3 * MIB
# Less than this is soon sent, whatever the speed.
NEXT_TO_NOTHING = MIB

# What has to happen for a step to be reached: nothing but an agent; a round; the
# next round; the end of the migration, and of QEMU.
NEEDS = {
    "alone": ("CONNECTED", "GREETED", "NEGOTIATED", "ASKED", "ANSWERED", "MAPPED",
              "HELLO_READ", "START_SEEN"),
    "round": ("ROUND_SEEN", "PROGRESS_SEEN", "WORDS_COPIED", "BATCH_FILLED", "FD_SENT",
              "MARK_SENT", "FD_TAKEN", "MARK_TAKEN", "SEAL_SEEN", "LAST_SENT"),
    "next": ("ROUND_OVER",),
    "end": ("MIGRATION_ENDED",),
    "gone": ("CONNECTION_LOST",),
}
# What a stopped agent does first when it is woken up at one of these is to send a hint.
SENDING = ("BATCH_FILLED", "FD_SENT")
# Steps of memory that is given back. Here nobody gives any back: test_give_back_faults does.
GIVING = ("GIVE_BACK_SENT", "OFFER_COPIED", "DISCARD_SENT", "DISCARD_TAKEN")
NEED = {step: need for need, group in NEEDS.items() for step in group}


class Trip:
    """One migration, its rounds, and the agents it meets."""

    def __init__(self, accel: str, step: str, rng: random.Random, extension: str) -> None:
        self.step = step
        self.rng = rng
        self.round = 0
        self.free = range(FREE_START, FREE_END)
        self.published = 0
        self.wrote: dict[range, int] = {}
        self._stack = ExitStack()
        try:
            self.src, self.dst = self._stack.enter_context(
                pair(accel, mem=MEM, extension=extension))
            self.socket = self.src.agent_qmp
            self.src.wait_boot()
            self.write(KEPT)
            self.write(HEATER)
            self.src.fake("hello", "dead")
        except BaseException:
            self._stack.close()
            raise

    def __enter__(self) -> "Trip":
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def write(self, region: range) -> None:
        """The guest writes something new."""
        self.wrote[region] = self.rng.getrandbits(32)
        self.src.write(region, self.wrote[region])

    def agent(self, step: str = "", rounds: int = 0) -> HeldAgent:
        """An agent for the source."""
        agent = HeldAgent(self.src.shm, self.socket, step, rounds)
        self._stack.callback(agent.kill)
        return agent

    def begin(self) -> None:
        """Start hinting and a migration that stands still in its first pass."""
        self.src.qmp.command("x-freehint-start")
        migration.begin(self.src, self.dst,
                        params={"max-bandwidth": CRAWL, "downtime-limit": 1})
        self.round = self.src.wait_round()

    def next_round(self) -> None:
        """
        Let the pass end; stand still in the next, before what was free in the first
        round and is written again now has been sent.
        """
        self.write(HEATER)
        self.write(range(FREE_START, FREE_START + REUSED))
        self.src.bandwidth(SPEED)
        self.round = self.src.wait_round(other_than=self.round)
        self.src.bandwidth(CRAWL)
        if self.src.query()["round"] != self.round or self.remaining() < NEXT_TO_NOTHING:
            raise TooEarly("the next pass was over before it could be stopped")

    def remaining(self) -> int:
        """Bytes that are still to be sent, as far as QEMU knows."""
        return migration.info(self.src).get("ram", {}).get("remaining", 0)

    def play(self) -> None:
        """The guest answers the round, takes some of the free pages and writes them."""
        self.src.publish(self.round, self.free, EVERY)
        self.published = len(self.free) // PAGE // EVERY
        middle = self.free.start + REUSED
        self.write(range(self.free.start, middle))
        self.free = range(middle, FREE_END)

    def check_applied(self, before: int) -> None:
        """All of somebody's hints arrive."""
        self.src.wait_applied(before + self.published)

    def wake(self, agent: HeldAgent) -> None:
        """
        A stopped agent wakes up, alone; what it has to say about its old round is too
        late, and refused. (Or applied, by the mutant.)
        """
        if self.remaining() < BEHIND_HEATER:
            raise TooEarly("the last pass was nearly over before the agent could be woken")
        before = self.answers()
        agent.wake()
        if self.step in SENDING:
            wait_for(lambda: self.answers() != before,
                     lambda: f"an answer to {self.step}:\n{agent.log()}", period=0)

    def answers(self) -> tuple[int, int]:
        """What hints lead to, one way or the other."""
        counters = self.src.counters()
        return counters["commands-refused"], counters["pages-accepted"]

    def lost(self) -> int:
        """How many pages are not what was written."""
        return sum(self.dst.lost(region, pattern) for region, pattern in self.wrote.items())

    def release(self) -> None:
        """The migration ends well, and QEMU lives."""
        migration.set_parameters(self.src, {"downtime-limit": 2000})
        release(self.src, self.dst)
        check(self.src.alive() and self.dst.alive(), f"{self.step}: QEMU died")


def strike_in_round(trip: Trip, agent: HeldAgent, fault: str) -> None:
    """The round is open; bring the agent to its step and strike."""
    trip.play()
    if NEED[trip.step] == "next":
        trip.next_round()
    agent.wait_held()
    agent.strike(fault)


def in_rounds(trip: Trip, faults: tuple[str, ...]) -> None:
    """
    An agent is struck in every round but the last, the second and third after a round
    in which they worked; whoever is alive then has to do the work of the last round.
    """
    alone = NEED[trip.step] == "alone"
    agent = trip.agent(trip.step)
    if not alone:
        agent.wait_said("attached")
    trip.begin()
    stopped = None
    for number, fault in enumerate(faults, 1):
        strike_in_round(trip, agent, fault)
        if fault == "stop":
            stopped = agent
            # A monitor talks to one at a time; the stopped agent keeps this one.
            trip.socket = trip.src.spare_qmp
        if fault == "abort":
            agent.wait_said("connected to QEMU", 2 if trip.step != "CONNECTED" and
                            trip.step != "GREETED" else 1)
            agent.wait_said("attached", 1)
        elif number < len(faults):
            agent = trip.agent(trip.step, 0 if alone else 2)
            if not alone:
                # this round is the first of the two that it counts
                agent.wait_said("round seen")
        else:
            agent = trip.agent()
        trip.next_round()
    before = trip.src.counters()["pages-accepted"]
    trip.play()
    trip.check_applied(before)
    check(agent.stop() == 0, f"{trip.step}: the last agent did not end well")
    if stopped:
        trip.wake(stopped)
    trip.release()
    if stopped:
        check(stopped.stop() == 0, f"{trip.step}: the stopped agent did not recover")


def at_end(trip: Trip, fault: str) -> None:
    """One agent is struck when all is over; the next begins at the destination."""
    agent = trip.agent(trip.step)
    agent.wait_said("attached")
    trip.begin()
    trip.play()
    trip.check_applied(0)
    trip.release()
    if NEED[trip.step] == "gone":
        trip.src.stop()
    agent.wait_held()
    agent.strike(fault)
    after = HeldAgent(trip.dst.shm, trip.dst.agent_qmp)
    try:
        after.wait_said("attached")
    finally:
        check(after.stop() == 0, f"{trip.step}: the next agent did not end well")
    check(trip.dst.alive(), f"{trip.step}: the destination's QEMU died")


def one_case(accel: str, where: str, faults: tuple[str, ...], rng: random.Random,
             extension: str = EXTENSION) -> int:
    """One migration; how many pages are wrong."""
    with Trip(accel, where, rng, extension) as trip:
        if NEED[where] in ("end", "gone"):
            at_end(trip, faults[0])
        else:
            in_rounds(trip, faults)
        lost = trip.lost()
    step(f"{where}: {', '.join(faults)}: {lost} pages wrong")
    return lost


def cases(number: int) -> Iterator[tuple[str, tuple[str, ...]]]:
    """
    Every step is met by a killed and a stopped agent, first and later, and by one that
    is cut off; a long run adds other third faults.
    """
    steps = [where for where in held_agent.steps() if where not in GIVING]
    check(sorted(steps) == sorted(NEED), f"untested: {set(steps) ^ set(NEED)}")
    third = ((), ("leave",), ("abort",))[number % 3]
    for where in steps:
        if NEED[where] in ("end", "gone"):
            yield from ((where, (fault,)) for fault in ("kill", "stop"))
        else:
            yield where, ("kill", "stop", "abort")
            yield where, ("stop", "kill", *third)


def test() -> None:
    """Every step of the agent."""
    build()
    held_agent.build()
    rng = seeded()
    accel = accelerators()[0]
    for number in range(times(1)):
        for where, faults in cases(number):
            lost = in_time(partial(one_case, accel, where, faults, rng))
            check(lost == 0, f"{where}: {lost} writes are lost")
    late = partial(one_case, accel, SENDING[0], ("stop", "kill"), rng, mutant("no-gate"))
    check(any(in_time(late) for _ in range(TRIES)),
          "no-gate loses nothing; this test cannot see the bug")


if __name__ == "__main__":
    run(test)
