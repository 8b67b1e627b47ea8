#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Set-ups that nobody would make on purpose: two agents for one QEMU, on monitors of
their own or on one; shared memory that is too small, or whose file is larger than the
device; the file of another QEMU. All of them are told, or do no harm.
"""
from __future__ import annotations

import os
from collections.abc import Callable

import held_agent
from baremetal import (MIB, PAGE, SHM_SIZE, Machine, accelerators, build, check, hold, migration,
                       new_shm, pair, release, run, step)
from held_agent import HeldAgent
from lib.qmp import QmpError

MEM = 64 * MIB
KEPT = range(2 * MIB, 4 * MIB)
FREE = range(16 * MIB, 48 * MIB)
REUSED = range(20 * MIB, 21 * MIB)
OLD, NEW = 0x11111111, 0x22222222


def hinted_migration(src: Machine, dst: Machine, pages: int) -> None:
    """One round; `pages` is what all agents together have to hint."""
    hold(src, dst)
    src.publish(src.wait_round(), FREE)
    src.write(REUSED, NEW)
    src.wait_applied(pages)
    release(src, dst)
    check(dst.lost(KEPT, OLD) == 0 and dst.lost(REUSED, NEW) == 0, "content is lost")
    check(src.alive() and dst.alive(), "a QEMU died")


def ready(src: Machine) -> None:
    """A guest with content that wants to be hinted."""
    src.wait_boot()
    src.write(KEPT, OLD)
    src.start_hints()


def two_agents(accel: str) -> None:
    """Both hint the same pages; a third, on a monitor that is taken, is told so."""
    with pair(accel, mem=MEM) as (src, dst):
        ready(src)
        agents = [HeldAgent(src.shm, qmp) for qmp in (src.agent_qmp, src.spare_qmp)]
        try:
            for agent in agents:
                agent.wait_said("attached")
            third = HeldAgent(src.shm, src.agent_qmp)
            agents.append(third)
            hinted_migration(src, dst, 2 * len(FREE) // PAGE)
            third.wait_said("no greeting")
            for agent in agents:
                check(agent.stop() == 0, f"an agent did not end well:\n{agent.log()}")
        finally:
            for agent in agents:
                agent.kill()


def one_agent(src: Machine, dst: Machine) -> None:
    """An ordinary migration with an agent."""
    ready(src)
    with HeldAgent(src.shm, src.agent_qmp) as agent:
        agent.wait_said("attached")
        hinted_migration(src, dst, len(FREE) // PAGE)
        check(agent.stop() == 0, f"the agent did not end well:\n{agent.log()}")


def file_larger_than_device(accel: str) -> None:
    """The agent takes QEMU's word for the size."""
    shm = new_shm()
    os.truncate(shm, 4 * SHM_SIZE)
    try:
        with pair(accel, {"shm": shm}, mem=MEM) as (src, dst):
            one_agent(src, dst)
    finally:
        os.unlink(shm)


def smallest_device(accel: str) -> None:
    """8 KiB describe 128 MiB."""
    with pair(accel, mem=MEM, shm_size=2 * PAGE) as (src, dst):
        one_agent(src, dst)


def device_too_small(accel: str) -> None:
    """4 KiB hold a header and no bitmap; told, and migrated as usual."""
    with pair(accel, mem=MEM, shm_size=PAGE) as (src, dst):
        src.wait_boot()
        src.write(KEPT, OLD)
        try:
            src.qmp.command("x-freehint-start")
            check(False, "reporting started with 4 KiB")
        except QmpError as error:
            check("smaller than 8 KiB" in error.desc, error.desc)
        with HeldAgent(src.shm, src.agent_qmp) as agent:
            agent.wait_said("QEMU refuses hints: ")
            migration.begin(src, dst)
            release(src, dst)
            check(agent.stop() == 0, "the agent did not end well")
        check(dst.lost(KEPT, OLD) == 0, "content is lost")


def file_of_another_qemu(accel: str) -> None:
    """The agent does not use it, and finds the right one when it is there."""
    with Machine(accel, name="src", mem=MEM) as src, \
            Machine(accel, name="other", mem=MEM) as other, \
            Machine(accel, name="dst", mem=MEM, incoming=True) as dst:
        ready(src)
        ready(other)
        with HeldAgent(other.shm, src.agent_qmp) as agent:
            agent.wait_said("does not contain this QEMU's instance")
            hold(src, dst)
            src.publish(src.wait_round(), FREE)
            release(src, dst)
            check(src.counters()["pages-accepted"] == 0, "pages were hinted")
            check(agent.stop() == 0, "the agent did not end well")
        check(dst.lost(KEPT, OLD) == 0, "content is lost")


CASES: tuple[Callable[[str], None], ...] = (
    two_agents, file_larger_than_device, smallest_device, device_too_small,
    file_of_another_qemu,
)


def test() -> None:
    """All of them."""
    build()
    held_agent.build()
    accel = accelerators()[0]
    for case in CASES:
        case(accel)
        step(case.__name__.replace("_", " "))


if __name__ == "__main__":
    run(test)
