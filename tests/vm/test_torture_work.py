#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
A guest whose memory moves in every way a kernel has, while it travels with hints:
huge pages, KSM, forks, tmpfs, page cache of a block device, compaction, stress-ng, a
balloon that breathes and free page reporting. Every load verifies its content after
each hop.

FREEHINT_TORTURE_PLAIN=1 does the same without hints: the control for a failure.
"""
from __future__ import annotations

import random
import time

from support import Hops, check, fill, hints_arrived, step, wait_for
from loads import PLAIN, Loads, Twist, passes_until, plain_or_ours, steady_pass, tune_kernel
from lib import accel, arch, soak
from lib.initramfs import Extras
from lib.machine import Spec
from lib.result import run

MEMORY_MIB = 768

TWISTS = [Twist("thp", 32), Twist("ksm", 8), Twist("fork", 8), Twist("file", 16, "/tmp/twist"),
          Twist("block", 16, "/dev/ram0")]
STIRRERS = ("compact", "dropcaches", "exits")
# This machine's stress-ng is no program for guests of another architecture.
STRESS = "" if arch.chosen().foreign else (
    "--vm 1 --vm-bytes 16M --mremap 1 --mremap-bytes 4M --memfd 1 --memfd-bytes 8M "
    "--fork 1 --hdd 1 --hdd-bytes 8M")

# What the balloon may leave the guest; the loads need about 300 MiB.
BALLOON_MIB = (480, MEMORY_MIB)


# A pass is held open for up to this long, so that the loads get something done.
PASS_SECONDS = 1.0


def spec() -> Spec:
    """A guest with the programs and modules of the loads, and with a balloon."""
    extras = Extras(programs=("stress-ng",) if STRESS else (), modules=("brd",))
    return plain_or_ours(Spec(memory_mib=MEMORY_MIB, lifetime=900, extras=extras, extra=[
        "-device", "virtio-balloon-pci,free-page-reporting=on"]))


def inflate(hops: Hops, mib: int) -> None:
    """The guest is to have so much memory; its driver gets there in its own time."""
    hops.here.qmp.command("balloon", value=mib << 20)


def travel(hops: Hops, dice: random.Random, passes: int) -> None:
    """One hop of `passes` passes; the balloon gets a new size in each."""
    inflate(hops, MEMORY_MIB)
    wait_for(lambda: hops.here.qmp.command("query-balloon")["actual"] == MEMORY_MIB << 20,
             "the balloon to give back what it has", 120)
    fill(hops.here.guest, 200)
    if not PLAIN:
        hops.here.start_agent()
        hops.here.start_hints()
    hops.hold()
    for number in range(2, passes + 1):
        size = dice.randint(*BALLOON_MIB)
        inflate(hops, size)
        step(f"pass {number}, balloon to {size} MiB")
        steady_pass(hops, number)
        time.sleep(dice.uniform(0.2, PASS_SECONDS))
    if not PLAIN:
        passes_until(hops, lambda: hops.here.counters()["rounds"] >= 2, "a second round")
    hops.release(120)
    if PLAIN:
        return
    step(f"counters: {hints_arrived(hops.here)}")
    check(hops.here.agent.alive(), "the agent died")


def main() -> None:
    """Hop after hop with the same loads."""
    accel.needs_distribution("block devices, swap or KSM")
    dice = soak.seeded()
    with Hops(spec(), module=not PLAIN) as hops:
        hops.here.load_balloon()
        hops.here.load_extras()
        tune_kernel(hops.here.guest)
        loads = Loads(hops.here.guest, TWISTS, STIRRERS, STRESS, files_mib=8)
        for hop in range(soak.times(2)):
            travel(hops, dice, dice.randint(3, 6))
            loads.verify(hops.arrive().guest)
            step(f"hop {hop + 1} is whole")
        if STRESS:
            loads.finish_stress(hops.here.guest)


if __name__ == "__main__":
    run(main)
