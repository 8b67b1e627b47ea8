#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
An agent that has nothing to do sleeps: while reporting is on and nothing migrates its wake-ups
are counted, and there are hardly any. QEMU wakes it when a round opens, in each of two
migrations, and after another agent has been there. A descriptor that could block QEMU is refused.
"""
from __future__ import annotations

import os
import re
import time
from contextlib import ExitStack

from baremetal import (MIB, PAGE, Machine, QmpError, accelerators, build, check, hold, migration,
                       pair, run, step)
from lib.program import Agent

FREE = range(16 * MIB, 48 * MIB)
# So long the wake-ups are counted, seconds by the clock, and so many a second are too many.
COUNTED = 5
MANY = 10


def wakes(agent: Agent) -> int:
    """How often the agent has slept so far."""
    with open(f"/proc/{agent.pid}/status", encoding="ascii") as file:
        found = re.search(r"^voluntary_ctxt_switches:\s+(\d+)", file.read(), re.M)
    assert found
    return int(found[1])


def sleeps(agent: Agent, what: str) -> None:
    """Count the wake-ups of an agent that has nothing to do."""
    time.sleep(1)
    before, start = wakes(agent), time.monotonic()
    time.sleep(COUNTED)
    count, seconds = wakes(agent) - before, time.monotonic() - start
    step(f"{what}: {count} wake-ups in {seconds:.1f} s")
    check(count <= MANY * seconds, f"{what}: {count} wake-ups in {seconds:.1f} s")


def is_woken(src: Machine, dst: Machine) -> None:
    """A migration begins; what the guest reports is taken out of the bitmap."""
    before = src.counters()["pages-accepted"]
    hold(src, dst)
    src.publish(src.wait_round(), FREE)
    src.wait_applied(before + len(FREE) // PAGE)
    migration.cancel(src)
    migration.go_on(src)


def refuses(src: Machine) -> None:
    """A pipe that is full blocks its writer, whatever was agreed."""
    reader, writer = os.pipe()
    try:
        src.qmp.send_fd(writer, "pipe")
        src.qmp.command("x-freehint-wake", fdname="pipe")
    except QmpError as error:
        check("not a socket" in error.desc, error.desc)
    else:
        check(False, "a pipe was taken")
    finally:
        os.close(reader)
        os.close(writer)


def one(accel: str) -> None:
    """A guest that is not sent anywhere."""
    with ExitStack() as stack:
        src, dst = stack.enter_context(pair(accel))
        other = stack.enter_context(Machine(accel, name="other", incoming=True))
        src.wait_boot()
        src.fake("hello", "dead")
        agent = stack.enter_context(Agent(src.shm, src.agent_qmp))
        agent.wait_said("attached")
        src.qmp.command("x-freehint-start")
        sleeps(agent, f"{accel}, reporting on")
        is_woken(src, dst)
        sleeps(agent, f"{accel}, after a migration")
        refuses(src)
        with Agent(src.shm, src.spare_qmp) as second:
            second.wait_said("attached")
        is_woken(src, other)


def main() -> None:
    """With each accelerator."""
    build()
    for accel in accelerators():
        one(accel)


if __name__ == "__main__":
    run(main)
