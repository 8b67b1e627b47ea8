#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
With x-ignore-shared, memory that both QEMUs share does not migrate. Where all memory of
the guest is such, no round is opened and nobody waits for hints. Where one node is and the
other is not, the guest tells of both, in one range across their border: what migrates is
hinted, the rest is left out and counted, and no command is refused.

QEMU refuses such a migration itself when the guest has mapped an ivshmem device ("Mismatched
GPAs", asserted here). So the device is behind a bridge, where the guest does not look.
"""
from __future__ import annotations

import os

import held_agent
from baremetal import (MIB, PAGE, Machine, accelerators, build, check, hold, migration, new_shm,
                       pair, release, run, step, wait_for)
from held_agent import HeldAgent

MEM = 64 * MIB
NODE = MEM // 2
IGNORE = {"x-ignore-shared": True}

# Below the border between the nodes, across it, and above.
KEPT_BELOW = range(2 * MIB, 4 * MIB)
KEPT_ABOVE = range(56 * MIB, 58 * MIB)
FREE = range(16 * MIB, 48 * MIB)
REUSED = range(40 * MIB, 41 * MIB)
OLD, NEW = 0x11111111, 0x22222222


def unmapped(machine: Machine) -> Machine:
    """Before it is started: the ivshmem device moves behind a bridge."""
    at = next(i for i, arg in enumerate(machine.args) if arg.startswith("ivshmem-plain"))
    machine.args[at] += ",bus=behind,addr=1"
    machine.args[at - 1:at - 1] = ["-device", "pci-bridge,id=behind,chassis_nr=1"]
    return machine


def with_two_nodes(machine: Machine, shared: str) -> Machine:
    """The same; the first node is a file that others map, too."""
    unmapped(machine)
    at = machine.args.index("-object")
    machine.args[at:at + 4] = [
        "-machine", "pc",
        "-object", f"memory-backend-file,id=low,mem-path={shared},size={NODE},share=on",
        "-object", f"memory-backend-ram,id=high,size={NODE}",
        "-numa", "node,nodeid=0,memdev=low", "-numa", "node,nodeid=1,memdev=high"]
    return machine


def one_node_migrates(accel: str, shared: str) -> None:
    """A real agent names what it finds in one piece."""
    with with_two_nodes(Machine(accel, name="src", mem=MEM), shared) as src, \
            with_two_nodes(Machine(accel, name="dst", mem=MEM, incoming=True), shared) as dst:
        src.wait_boot()
        for region in (KEPT_BELOW, KEPT_ABOVE, REUSED):
            src.write(region, OLD)
        src.start_hints()
        with HeldAgent(src.shm, src.agent_qmp) as agent:
            agent.wait_said("attached")
            hold(src, dst, IGNORE)
            src.publish(src.wait_round(), FREE)
            src.wait_applied((FREE.stop - NODE) // PAGE)
            src.write(REUSED, NEW)
            release(src, dst)
            check(agent.stop() == 0, f"the agent did not end well:\n{agent.log()}")
        counters = src.counters()
        check(counters["commands-refused"] == 0, f"refused: {counters}")
        check(counters["pages-ignored"] == (NODE - FREE.start) // PAGE,
              f"pages were left out: {counters}")
        check(counters["pages-accepted"] == (FREE.stop - NODE) // PAGE,
              f"pages were accepted: {counters}")
        for region, pattern in ((KEPT_BELOW, OLD), (KEPT_ABOVE, OLD), (REUSED, NEW)):
            check(dst.lost(region, pattern) == 0, f"content is lost in {region}")
        step(f"{accel}: {counters['pages-accepted']} pages hinted, "
             f"{counters['pages-ignored']} left out")


def nothing_migrates(accel: str, shared: str) -> None:
    """No round, although reporting is on. Since QEMU 8.2 only a file is memory that stays."""
    with unmapped(Machine(accel, name="src", mem=MEM, ram=shared)) as src, \
            unmapped(Machine(accel, name="dst", mem=MEM, ram=shared, incoming=True)) as dst:
        src.wait_boot()
        src.start_hints()
        info = migration.migrate(src, dst, IGNORE)
        check(info["status"] == "completed", f"migration {info}")
        counters = src.counters()
        check(counters["rounds"] == 0 and counters["rounds-refused"] > 0,
              f"a round was opened for nothing: {counters}")
        step(f"{accel}: all memory stays: {counters['rounds-refused']} syncs, no round")


def a_mapped_device_does_not_travel(accel: str, shared: str) -> None:
    """
    What doctor and documents say of QEMU. Hardly anything is sent: without a return path the
    source takes it for completed when all of it is in the socket before the destination looks.
    """
    with pair(accel, mem=MEM, ram=shared) as (src, dst):
        src.wait_boot()
        info = migration.migrate(src, dst, {**IGNORE, "return-path": True})
        check(info["status"] == "failed", f"migration {info}")
        wait_for(lambda: "Mismatched GPAs" in dst.log(), lambda: f"its reason: {dst.log()}")


def test() -> None:
    """All, under each accelerator."""
    build()
    held_agent.build()
    for accel in accelerators():
        for part, size in ((nothing_migrates, MEM), (one_node_migrates, NODE),
                           (a_mapped_device_does_not_travel, MEM)):
            shared = new_shm(size)
            try:
                part(accel, shared)
            finally:
                os.unlink(shared)


if __name__ == "__main__":
    run(test)
