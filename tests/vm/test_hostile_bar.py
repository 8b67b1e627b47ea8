#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A guest that writes garbage or plausible lies over the shared memory harms nobody
but itself: QEMU and the agent stay up, the log stays short, the migration ends.

The guest's own content is not checked: a guest that calls used pages free has asked
for their loss.
"""
from __future__ import annotations

import time

from support import Hops, attach_agent, check, step
from lib.machine import Spec
from lib.result import run

# Lines that may be written in one migration of this test, at once and while it goes on;
# without a limit a hostile guest causes about a thousand a second.
MAX_LINES = 200
LINES_PER_SECOND = 10

# Seconds of processor time the agent may use in one second.
MAX_LOAD = 0.9


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


def attack(mode: str, module: bool) -> None:
    """One migration under fire."""
    step(f"attack: bargarbage {mode}")
    with Hops(Spec(memory_mib=512), module=module) as hops:
        if not module:
            hops.here.guest.spawn("bargarbage", f"bargarbage {mode}")
        hops.here.start_hints()
        if module:
            agent = attach_agent(hops.here)
            hops.here.guest.spawn("bargarbage", f"bargarbage {mode}")
        else:
            # whether it attaches is up to the lies
            agent = hops.here.start_agent()
        hops.here.guest.spawn("churn", "churn 64M /run/churn")
        start = time.monotonic()
        hops.hold()
        hops.wait_pass(4)
        time.sleep(2)
        load = cpu_seconds(agent.pid) / (time.monotonic() - start)
        hops.release()
        most = MAX_LINES + LINES_PER_SECOND * (time.monotonic() - start)
        check(hops.here.qemu.alive() and hops.there.qemu.alive(), "a QEMU died")
        check(agent.alive(), f"the agent died:\n{agent.log()[-2000:]}")
        lines = agent.log().count("\n") + hops.here.qemu.log().count("\n")
        check(lines <= most, f"{lines} log lines:\n{agent.log()[:2000]}")
        check(load < MAX_LOAD, f"the agent used {load:.0%} of a processor")
        step(f"{lines} log lines, agent at {load:.0%}, {hops.here.counters()}")


def main() -> None:
    """Noise over an honest module, then lies without one."""
    attack("", module=True)
    attack("lie", module=False)


if __name__ == "__main__":
    run(main)
