#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
The agent is killed, stopped, or loses its connection at every step of an offer, while a guest
that uses memory at random gives some back under KVM. Each time the guest has its blocks again
without an agent, no page in use changes, another agent goes on, and an agent that was stopped
and wakes up much later does no harm with what it knew.

It knew an offer that the guest has taken back since. An extension that does not look whether
an offer still stands has to lose pages by that (no-second-look).
"""
from __future__ import annotations

import random

import held_agent
from baremetal import build, check, mutant, run, skip, step, wait_for
from give_back import MEMFD, PRIVATE, GivingMachine
from held_agent import HeldAgent
from lib import host_kvm
from lib.soak import factor, one_of_run, seeded, times

# Steps that an agent reaches with any offer, and the one that needs an agent which asks.
ASKING = "GIVE_BACK_SENT"
CARRYING = ("OFFER_COPIED", "DISCARD_SENT", "DISCARD_TAKEN")
# So small that a guest which uses memory at random has such blocks.
ORDER = 1
# Offers that the guest takes back while nobody carries them; blocks that go back afterwards.
TAKEN_BACK = 3
GIVEN = 200
# Stopped agents that a mutant may wake until it has lost a page.
MUTANT_TRIES = 10


class Case:
    """One guest that gives, and the agents that it meets."""

    def __init__(self, machine: GivingMachine, where: str, fault: str) -> None:
        self.machine = machine
        self.where = where
        self.fault = fault

    def said(self) -> str:
        """For messages."""
        return f"{self.where}, {self.fault}: {self.machine.report()}, {self.machine.back()}"

    def small_blocks(self) -> None:
        """
        The guest is asked for blocks that it has. The command of an agent is for huge pages; if
        the agent is gone, QEMU may read it now, later or never.
        """
        back = self.machine.back()
        if self.where == ASKING and (back["mode"], back["order"]) != ("always", ORDER):
            self.machine.ask("always", order=ORDER)

    def wait_more(self, key: str, more: int) -> None:
        """The guest counts so many more."""
        wanted = self.machine.report()[key] + more
        wait_for(lambda: self.small_blocks() or self.machine.report()[key] >= wanted,
                 lambda: f"{more} more {key}: {self.said()}", 60.0, 0.01)

    def held(self) -> HeldAgent:
        """
        An agent that stands at its step. By default the agent asks nobody, so it has to be
        told to; then it asks for huge pages, and this guest has none to offer.
        """
        asks = self.where == ASKING
        if not asks:
            self.machine.ask("always", order=ORDER)
        agent = HeldAgent(self.machine.shm, self.machine.agent_qmp, self.where,
                          options=["--give-back=always"] if asks else [])
        agent.wait_held()
        return agent

    def strike(self, agent: HeldAgent) -> None:
        """Nobody carries offers any more, and the guest has its blocks."""
        agent.strike(self.fault)
        if self.fault != "abort":
            self.wait_more("taken_back", TAKEN_BACK)

    def goes_on(self, agent: HeldAgent) -> None:
        """With another agent, or with the same if it has only lost its connection."""
        if self.fault == "abort":
            agent.wait_said("connected to QEMU", 2)
            if self.where == ASKING:
                agent.wait_said("QEMU asks the guest", 1)
            self.wait_more("given", GIVEN)
            check(agent.stop() == 0, f"the agent did not end well: {agent.log()}")
            return
        # A monitor talks to one at a time; a stopped agent keeps the first.
        after = HeldAgent(self.machine.shm, self.machine.spare_qmp)
        self.wait_more("given", GIVEN)
        if self.fault == "stop":
            agent.wake()
            self.wait_more("given", GIVEN)
            check(agent.stop() == 0, f"the stopped agent did not recover: {agent.log()}")
        check(after.stop() == 0, f"the next agent did not end well: {after.log()}")

    def lost(self) -> int:
        """Pages in use that have changed, and pages given back that were not zero."""
        wrong = len(self.machine.wrong_pages())
        report = self.machine.report()
        return wrong + report["wrong"] + report["nonzero"]


def torture(memory: str, rng: random.Random) -> None:
    """One guest, every step, every fault."""
    with GivingMachine(memory, seed=rng.getrandbits(60), cpus=1) as machine:
        machine.wait_hello()
        for where in (ASKING, *CARRYING):
            for fault in held_agent.FAULTS:
                case = Case(machine, where, fault)
                agent = case.held()
                try:
                    case.strike(agent)
                    case.goes_on(agent)
                finally:
                    agent.kill()
                machine.ask("off")
                check(not case.lost(), f"pages are lost: {case.said()}")
        step(f"{memory.split(',', maxsplit=1)[0]}: {machine.report()}")


def check_mutant(rng: random.Random) -> None:
    """An agent that wakes up with an offer that was taken back has that memory discarded."""
    with GivingMachine(PRIVATE, seed=rng.getrandbits(60),
                       extension=mutant("no-second-look")) as machine:
        machine.wait_hello()
        lost = 0
        for _ in range(MUTANT_TRIES):
            case = Case(machine, "OFFER_COPIED", "stop")
            agent = case.held()
            try:
                case.strike(agent)
                agent.wake()
                case.wait_more("written", 1000)
            finally:
                agent.kill()
            lost = case.lost()
            if lost:
                break
    step(f"no-second-look: {lost} pages lost")
    check(lost, "no-second-look loses nothing; this test cannot see the bug")


def test() -> None:
    """
    One kind of memory by the dice of the run, both in a soak; then the mutant. In every run
    test_give_back_torture has both, too.
    """
    reason = host_kvm.reason()
    if reason:
        skip(reason)
    build()
    held_agent.build()
    rng = seeded()
    known = [where for where in held_agent.steps() if where in (ASKING, *CARRYING)]
    check(known == [ASKING, *CARRYING], f"the steps of an offer are {known}")
    kinds = (PRIVATE, MEMFD)
    if factor() == 1:
        kinds = (kinds[one_of_run(2)],)
    for _ in range(times(1)):
        for memory in kinds:
            torture(memory, rng)
    check_mutant(rng)


if __name__ == "__main__":
    run(test)
