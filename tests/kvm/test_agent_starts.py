#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
Every call to the system that the agent makes until it is attached fails once: the
agent either ends with its documented status and says why, or gets over it and hints: with an
io_uring and without. QEMU and its migration never notice.
"""
from __future__ import annotations

import signal

import held_agent
from baremetal import (MIB, PAGE, Machine, accelerators, build, check, hold, pair, release, run,
                       step, wait_for)
from held_agent import HeldAgent

MEM = 64 * MIB
# Eleven minutes of crawling: all agents of a migration belong to the first round, for the guest
# answers no other.
KEPT = [range(2 * MIB, 14 * MIB), range(48 * MIB, 62 * MIB)]
FREE = range(16 * MIB, 48 * MIB)
PATTERN = 0x77777777

# host-agent/agent/conf/conf.h
ISOLATION, SYSTEM = 3, 4
# Calls in the life of an agent. Most are for memory to read QEMU's answers.
FEWEST, MOST = 100, 2000
# Of a QEMU that sees all agents.
LIFETIME = 300.0


def hinted(src: Machine, before: int) -> bool:
    """Have more pages been accepted?"""
    return src.counters()["pages-accepted"] >= before + len(FREE) // PAGE


def outcome(agent: HeldAgent, src: Machine, before: int) -> str:
    """Wait until the agent has ended or hinted; says which."""
    return wait_for(
        lambda: "hinted" if hinted(src, before) else "" if agent.alive() else "ended",
        lambda: f"the agent to end or hint:\n{agent.log()}", period=0.005)


def one_failure(src: Machine, number: int, ring: bool) -> str | None:
    """One agent; the name of what failed, None when there are no more calls."""
    before = src.counters()["pages-accepted"]
    with HeldAgent(src.shm, src.agent_qmp, fail_call=number, ring=ring) as agent:
        what = outcome(agent, src, before)
        status = agent.stop()
        log = agent.log()
        documented = status in (ISOLATION, SYSTEM) and "error: " in log
        check(documented or (status in (0, -signal.SIGTERM) and what == "hinted"),
              f"call {number}: {what}, status {status}:\n{log}")
    if status == -signal.SIGTERM:
        # it had hardly started: the last hints of the agent before were taken for its own
        return one_failure(src, number, ring)
    _, found, name = log.partition("failed on purpose: ")
    return f"{name.strip()}: {what}" if found else None


def every_call(src: Machine, ring: bool) -> None:
    """One agent after another, each with its own failure."""
    failed: dict[str, int] = {}
    for number in range(1, MOST):
        name = one_failure(src, number, ring)
        if name is None:
            break
        failed[name] = failed.get(name, 0) + 1
    for name, count in sorted(failed.items()):
        step(f"{count:3} {name}")
    check(FEWEST < sum(failed.values()) < MOST - 1, f"{number} calls failed")
    # What a ring needs may fail, and poll takes its place; poll has no such way out.
    survived = {name.removesuffix(": hinted") for name in failed if "hinted" in name}
    ring_calls = {"io_uring_queue_init", "io_uring_register", "io_uring_enter"}
    check(not ring or ring_calls <= survived, f"no poll without a ring: {failed}")
    check(ring or "ppoll: ended" in failed, f"nothing was polled: {failed}")


def in_one_pass(accel: str, ring: bool) -> None:
    """All calls, in one migration that is held open in its first pass."""
    step("with io_uring" if ring else "without io_uring")
    with pair(accel, mem=MEM, lifetime=LIFETIME) as (src, dst):
        src.wait_boot()
        for region in KEPT:
            src.write(region, PATTERN)
        src.start_hints()
        hold(src, dst)
        src.publish(src.wait_round(), FREE)
        every_call(src, ring)
        release(src, dst)
        check(not any(dst.lost(region, PATTERN) for region in KEPT), "content is lost")


def test() -> None:
    """A migration for each kind of agent: the hundreds of both may take longer than a pass."""
    build()
    held_agent.build()
    accel = accelerators()[0]
    for ring in (True, False):
        in_one_pass(accel, ring)


if __name__ == "__main__":
    run(test)
