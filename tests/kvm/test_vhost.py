#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A vhost device keeps the guest's memory while rounds are open, with and without postcopy-ram.
vhost takes no memory that another client than the migration logs: its rings stand still, and
QEMU ends when the log of the rest is too small.

QEMU's own trace says which memory vhost takes.
"""
from __future__ import annotations

from baremetal import (CRAWL, EXTENSION, MIB, PAGE, PATIENT, Machine, accelerators, build, check,
                       migration, run, step, wait_for)
from lib.sink import Sink
from lib.vhost_disk import vhost_disk

MEM = 64 * MIB
FREE = range(16 * MIB, 48 * MIB)
TRACE = ["-trace", "vhost_reject_section"]


def rejected(machine: Machine) -> list[str]:
    """The memory that vhost did not take: a name, and the number of the reason."""
    return [line for line in machine.log().splitlines() if "vhost_reject_section" in line]


def open_round(machine: Machine, postcopy: bool) -> None:
    """A migration that crawls, and a round with hints."""
    machine.wait_boot()
    machine.start_hints()
    migration.set_capabilities(machine, {"postcopy-ram": postcopy})
    migration.set_parameters(machine, {"max-bandwidth": CRAWL})
    machine.qmp.command("migrate", uri=Sink(machine.dir).uri)
    now = machine.wait_round()
    machine.publish(now, FREE)
    machine.mark_fd(now, FREE, last=True)
    machine.wait_applied(len(FREE) // PAGE)


def check_memory(accel: str, postcopy: bool) -> None:
    """Vhost rejects what it has rejected before the round, and nothing else."""
    machine = Machine(accel, name="src", mem=MEM, share=True, extension=EXTENSION + PATIENT)
    with vhost_disk(machine.dir, MIB) as disk:
        machine.args += TRACE + disk
        with machine:
            machine.wait_boot()
            before = rejected(machine)
            open_round(machine, postcopy)
            machine.qmp.command("migrate_cancel")
            wait_for(lambda: migration.info(machine)["status"] == "cancelled",
                     lambda: f"the end: {migration.info(machine)}")
            lost = sorted(set(rejected(machine)) - set(before))
            check(not lost, f"{accel}: vhost has let go of memory: {lost}")
    step(f"{accel}, postcopy-ram {'on' if postcopy else 'off'}: vhost has kept the memory")


def main() -> None:
    """Each accelerator, with the capability and without."""
    build()
    for accel in accelerators():
        for postcopy in (False, True):
            check_memory(accel, postcopy)


if __name__ == "__main__":
    run(main)
