#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
A host that is short of memory gets that of its guests: the kernel reports real pressure, the
agent has the guest asked, again at the next pressure, and not by itself.
"""
from __future__ import annotations

from support import Work, check, step, wait_for
from lib.host_pressure import HOST, pressure, small_group
from lib.machine import Machine, Spec
from lib.program import Agent
from lib.result import run

MIB = 1 << 20
FILL_MIB = 300
BACK_MIB = FILL_MIB // 2
ASKED = "QEMU asks the guest for its free memory, mode once"
LONG = 60.0


def given(vm: Machine) -> int:
    """Bytes that were given back since QEMU started."""
    return vm.query()["give-back"]["bytes"]


def relieves(vm: Machine, agent: Agent, group: str) -> None:
    """What the guest has written and freed comes back under pressure, and then it is over."""
    before, asked = given(vm), agent.log().count(ASKED)
    vm.guest.must(f"memfill {FILL_MIB}M", 120)
    resident = vm.qemu.rss()
    with pressure(group):
        wait_for(lambda: agent.log().count(ASKED) > asked,
                 lambda: f"the agent to have the guest asked:\n{agent.log()}", LONG)
        wait_for(lambda: given(vm) - before > BACK_MIB * MIB,
                 lambda: f"{BACK_MIB} MiB to be given back: {vm.query()['give-back']}", LONG)
    wait_for(lambda: vm.query()["give-back"]["mode"] == "off",
             lambda: f"the end of it: {vm.query()['give-back']}", LONG)
    step(f"pressure: {(given(vm) - before) >> 20} MiB given back, resident {resident >> 20} "
         f"MiB before, {vm.qemu.rss() >> 20} MiB after")


def main() -> None:
    """Twice: the agent is to have it asked at each pressure."""
    with small_group() as (group, file), \
            Machine(Spec(memory_mib=768, lifetime=500), name="pressed") as vm:
        vm.boot()
        work = Work(vm.guest, pages_mib=48, churn_mib=48)
        agent = vm.start_agent("--give-back=pressure", f"--pressure-file={file}")
        agent.wait_said("attached")
        # The whole machine may be short of memory at any time, a group of our own is not.
        check(file == HOST or ASKED not in agent.log(),
              f"the guest was asked without pressure:\n{agent.log()}")
        for _ in range(2):
            relieves(vm, agent, group)
            work.verify(vm.guest)


if __name__ == "__main__":
    run(main)
