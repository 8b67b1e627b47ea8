#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Guest, agent and extension of different versions: where all three have one in common
they work together, else nothing is hinted, somebody names who has to be updated, and
the migration is an ordinary one.
"""
from __future__ import annotations

import os
import struct
from contextlib import ExitStack
from dataclasses import dataclass

import held_agent
from baremetal import (BUILD, EXTENSION, FAKE_GUEST, MIB, PAGE, Failure, Machine, accelerators,
                       build, check, hold, make, pair, release, run, step)
from held_agent import HeldAgent
from lib.qmp import QmpError

Window = tuple[int, int]
OLD: Window = (1, 1)
BOTH: Window = (1, 2)
NEW: Window = (2, 2)

KEPT = range(2 * MIB, 4 * MIB)
FREE = range(16 * MIB, 32 * MIB)
PATTERN = 0x5a5a5a5a

# Where the guest's hello keeps its version.
HELLO_VERSION = 136


@dataclass(frozen=True)
class Case:
    """
    Who speaks what; `agent` and `start` are what the agent's log and the refusal of
    x-freehint-start then say, None when all is well. `claimed` is a version that a
    guest says it has chosen though the host does not speak it.
    """

    extension: Window
    guest: Window
    agent_speaks: Window
    agent: str | None = None
    start: str | None = None
    claimed: int = 0


CASES = (
    Case(OLD, OLD, OLD),
    Case(OLD, BOTH, OLD),
    Case(BOTH, OLD, OLD),
    Case(OLD, NEW, OLD, start="no guest module has published its hello"),
    Case(NEW, OLD, NEW, start="no guest module has published its hello"),
    Case(NEW, BOTH, OLD, agent="this agent 1 to 1, update the agent"),
    Case(OLD, BOTH, NEW, agent="this agent 2 to 2, update the extension"),
    Case(BOTH, BOTH, OLD, agent="update this agent, it does not support the guest's version 3"),
    Case(BOTH, OLD, NEW, agent="this agent does not support its version 1"),
    Case(OLD, OLD, OLD, claimed=2,
         start="uses version 2, this extension 1 to 1; update freehint of the host"),
    Case(NEW, NEW, NEW, claimed=1,
         start="uses version 1, this extension 2 to 2; update freehint of the guest"),
)


def place(window: Window) -> str:
    """Directory of everything built for a window."""
    return os.path.join(BUILD, "versions", f"{window[0]}-{window[1]}")


def build_window(window: Window) -> None:
    """Extension, fake guest and, where a case wants it, agent of other versions."""
    out = f"OUT={place(window)}"
    define = f"-DFREEHINT_VERSION_MIN={window[0]} -DFREEHINT_VERSION={window[1]}"
    make("host-agent/qemu-module", "all", out, f"CFLAGS=-O1 -g {define}")
    if any(case.agent_speaks == window for case in CASES):
        make("host-agent/agent", "all", out, f"CFLAGS=-O1 -g {define}")
    make("tests", f"{place(window)}/fake_guest", f"FAKE_GUEST={place(window)}/fake_guest",
         f"CPPFLAGS={define}")


def product(window: Window, name: str, ordinary: str) -> str:
    """A program for a window; the ordinary one speaks both versions."""
    return ordinary if window == BOTH else os.path.join(place(window), name)


def claim(src: Machine, version: int) -> None:
    """A guest that does not keep to what it read."""
    with open(src.shm, "r+b") as shm:
        shm.seek(HELLO_VERSION)
        shm.write(struct.pack("<H", version))


def greet(src: Machine, case: Case) -> None:
    """The guest's hello, or its refusal to say one."""
    src.fake_guest = product(case.guest, "fake_guest", FAKE_GUEST)
    common = max(case.extension[0], case.guest[0]) <= min(case.extension[1], case.guest[1])
    try:
        src.fake("hello", "dead")
        check(common, f"{case}: the guest published a hello")
    except Failure as failure:
        check(not common and "Protocol error" in str(failure), str(failure))
    if case.claimed:
        claim(src, case.claimed)


def check_start(src: Machine, case: Case) -> None:
    """x-freehint-start works or says what is wrong."""
    try:
        src.qmp.command("x-freehint-start")
        check(not case.start, f"{case}: reporting started")
    except QmpError as error:
        check(case.start and case.start in error.desc, f"{case}: {error.desc}")


def migrate(src: Machine, dst: Machine, agent: HeldAgent, case: Case) -> None:
    """A migration with one round, if there is one."""
    hold(src, dst)
    if not case.start:
        src.publish(src.wait_round(), FREE)
    if case.agent:
        agent.wait_said(case.agent)
    elif not case.start:
        src.wait_applied(len(FREE) // PAGE)
    release(src, dst)
    accepted = src.counters()["pages-accepted"]
    check((accepted > 0) == (not case.agent and not case.start),
          f"{case}: {accepted} pages were hinted")
    check(dst.lost(KEPT, PATTERN) == 0, f"{case}: content is lost")


def run_case(accel: str, case: Case) -> None:
    """One migration with a mixture of versions."""
    extension = product(case.extension, "freehint-qemu.so", EXTENSION)
    program = product(case.agent_speaks, "freehint-agent", held_agent.AGENT)
    with ExitStack() as stack:
        src, dst = stack.enter_context(pair(accel, extension=extension))
        src.wait_boot()
        src.write(KEPT, PATTERN)
        greet(src, case)
        agent = HeldAgent(src.shm, src.agent_qmp, binary=program)
        stack.callback(agent.kill)
        agent.wait_said("connected to QEMU")
        if not case.agent:
            agent.wait_said("attached")
        check_start(src, case)
        migrate(src, dst, agent, case)
        check(agent.stop() == 0, f"{case}: the agent did not end well")
    step(f"extension {case.extension}, guest {case.guest}, agent "
         f"{case.agent_speaks}: {case.agent or case.start or 'work together'}")


def test() -> None:
    """All mixtures."""
    build()
    held_agent.build()
    for window in (OLD, NEW):
        build_window(window)
    accel = accelerators()[0]
    for case in CASES:
        run_case(accel, case)


if __name__ == "__main__":
    run(test)
