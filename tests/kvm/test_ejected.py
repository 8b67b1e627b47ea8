#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
What a guest ejects in the middle of a round is used no more.

A DIMM whose memory backend is deleted at once, as libvirt does it: what was skipped in it,
what is audited, and what is armed for the next round must not be looked for in memory that
QEMU has freed. And a virtio-balloon, which wants to be told of migrations as well, while QEMU
is in the middle of telling: it is told before us, never after.
"""
from __future__ import annotations

import os
from functools import partial

from baremetal import (CRAWL, EXTENSION, MIB, PAGE, Failure, HintTooLate, Machine,
                       accelerators, build, check, hold, in_time, migration, pair, run, step,
                       wait_for)
from lib.qmp import QmpError

MEM = 64 * MIB
# Hinted in the first pass, which is over soon; then written, so that the next one takes a minute.
BUSY = range(1 * MIB, 60 * MIB)
SLOW = 1 * MIB
# Where a PC puts its first DIMM.
DIMM = range(1 << 32, (1 << 32) + 32 * MIB)
EXTRA = ["-m", "slots=2,maxmem=1G",
         "-object", f"memory-backend-ram,id=dimm,size={len(DIMM)}",
         "-device", "pc-dimm,id=dimm0,memdev=dimm"]

# docs/specs/acpi_mem_hotplug: select a slot; control
SLOT_PORT, CONTROL_PORT, EJECT = 0xa00, 0xa14, 8


BALLOON_SLOT = 16
BALLOON = ["-object", "iothread,id=io0", "-device",
           f"virtio-balloon-pci,id=balloon0,free-page-hint=on,iothread=io0,addr={BALLOON_SLOT:#x}"]

# docs/specs/acpi_pci_hotplug: select a bus; eject slots
BUS_PORT, PCI_EJECT_PORT = 0xae10, 0xae08


def monitor(src: Machine, line: str) -> str:
    """A command of the human monitor."""
    return src.qmp.command("human-monitor-command", {"command-line": line})


def eject(src: Machine) -> None:
    """What the guest's ACPI code does, then what libvirt does."""
    monitor(src, f"o/w {SLOT_PORT:#x} 0")
    monitor(src, f"o/b {CONTROL_PORT:#x} {EJECT}")
    check(src.qmp.command("query-memory-devices") == [], "the DIMM is still there")
    src.qmp.command("object-del", id="dimm")


def blocks(src: Machine) -> int:
    """How many RAM blocks QEMU has."""
    return len(monitor(src, "info ramblock").splitlines())


def freed(src: Machine, before: int) -> None:
    """Once the migration is over nobody holds the DIMM's block."""
    wait_for(lambda: blocks(src) == before - 1,
             lambda: f"the block to go: {monitor(src, 'info ramblock')}")


def outside(src: Machine, now: int) -> None:
    """There is no memory at that address."""
    try:
        src.mark(now, DIMM)
    except HintTooLate:
        raise
    except QmpError as error:
        check("is outside guest RAM" in error.desc, error.desc)
        return
    raise Failure("a hint for memory that is gone was accepted")


def first_round(src: Machine, dst: Machine, caps: dict[str, bool] | None = None) -> int:
    """A migration that stands still in its first round."""
    src.wait_boot()
    src.write(BUSY, 0x33333333)
    src.start_hints()
    hold(src, dst, caps, {"downtime-limit": 1})
    return src.wait_round()


def next_round(src: Machine, now: int) -> int:
    """A sync, and the migration stands still in the next one."""
    src.write(BUSY, 0x44444444)
    src.bandwidth(SLOW)
    later = src.wait_round(other_than=now, timeout=50)
    src.bandwidth(CRAWL)
    return later


def next_sync(src: Machine) -> None:
    """A sync; without a round if the last one has waited for long."""
    before = migration.ram(src)["dirty-sync-count"]
    src.write(BUSY, 0x44444444)
    src.bandwidth(SLOW)
    wait_for(lambda: migration.ram(src)["dirty-sync-count"] > before, "a sync", 50)


def check_ejected(accel: str, caps: dict[str, bool]) -> None:
    """Skipped in one round, ejected, looked at in the sync and in the next round."""
    with pair(accel, {"extension": EXTENSION + ",audit=on"}, mem=MEM, extra=EXTRA) as (src, dst):
        now = first_round(src, dst, caps)
        src.mark_fd(now, BUSY, DIMM, last=True)
        src.wait_applied((len(BUSY) + len(DIMM)) // PAGE)
        before = blocks(src)
        eject(src)
        outside(src, now)
        outside(src, next_round(src, now))
        migration.cancel(src)
        src.wait_boot()
        freed(src, before)
        step(f"{accel}, {caps or 'precopy'}: {src.query().get('audit')}")


def check_balloon(accel: str) -> None:
    """Ejected while the migration thread waits for hints, in QEMU's list of notifiers."""
    with pair(accel, {"extension": EXTENSION + ",first-wait-ms=1000"}, mem=MEM,
              extra=BALLOON) as (src, dst):
        now = first_round(src, dst)
        monitor(src, f"o/w {BUS_PORT:#x} 0")
        monitor(src, f"o/w {PCI_EJECT_PORT:#x} {1 << BALLOON_SLOT:#x}")
        there = src.qmp.command("qom-list", path="/machine/peripheral")
        check(all(entry["name"] != "balloon0" for entry in there), "it is still there")
        src.mark(now, BUSY, last=True)
        src.wait_applied(len(BUSY) // PAGE)
        next_sync(src)
        migration.cancel(src)
        src.wait_boot()
        step(f"{accel}: a balloon was ejected in round {now}")


def test() -> None:
    """With each accelerator, and with what is remembered for a switch to postcopy."""
    build()
    # freed memory is filled: who reads it cannot be lucky
    os.environ["MALLOC_PERTURB_"] = "165"
    for accel in accelerators():
        in_time(partial(check_ejected, accel, {}))
        in_time(partial(check_ejected, accel, {"postcopy-ram": True}))
        in_time(partial(check_balloon, accel))


if __name__ == "__main__":
    run(test)
