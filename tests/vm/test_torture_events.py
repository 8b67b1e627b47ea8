#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
Events inside a guest while it travels with hints: its memory is hotplugged, taken
offline and online, resized by virtio-mem; its processors come and go; the module is
unloaded and loaded in a loop. What the guest's programs hold survives, and the next
round finds a guest that answers.

FREEHINT_TORTURE_PLAIN=1 does the same without hints: the control for a failure.
"""
from __future__ import annotations

from support import Hops, check, step
from events import EVENTS, memory_total, plug_or_unplug, prepare, spec, travel
from loads import PLAIN, Loads, Twist
from lib import accel, arch, soak
from lib.result import run

MEMORY_MIB = 512
TWISTS = [Twist("thp", 48), Twist("fork", 8), Twist("file", 24, "/tmp/twist")]
STIRRERS = ("cpus", "blocks")


def events_happened(hops: Hops) -> None:
    """The loops of the guest have done what they are there for."""
    done = {"a processor": "dmesg | grep -c 'CPU 1 is now offline'",
            "a memory block": "cat /run/offlined | wc -l"}
    for what, command in done.items():
        times = int(hops.here.guest.run(command)[1] or 0)
        check(times > 0, f"{what} never went offline")
        step(f"{what} went offline {times} times")


def main() -> None:
    """A hop with the DIMM, one without; each with all events, in any order."""
    arch.needs("amd64", "ACPI without firmware, and so no hotplug")
    accel.needs_distribution("ACPI, and so no hotplug")
    dice = soak.seeded()
    with Hops(spec(MEMORY_MIB, 900), module=not PLAIN, common=True) as hops:
        prepare(hops)
        loads = Loads(hops.here.guest, TWISTS, STIRRERS, paced=True)
        for hop in range(soak.times(2)):
            travel(hops, plug_or_unplug(hops), dice, dice.sample(EVENTS, len(EVENTS)))
            hops.arrive()
            loads.verify(hops.here.guest)
            step(f"hop {hop + 1} is whole, {memory_total(hops)} MiB online")
        events_happened(hops)


if __name__ == "__main__":
    run(main)
