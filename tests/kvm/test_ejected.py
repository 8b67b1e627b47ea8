#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A DIMM that the guest ejects in the middle of a round, and whose memory backend is deleted
at once, as libvirt does it: what was skipped in it, what is audited, and what is armed
for the next round must not be looked for in memory that QEMU has freed.
"""
from __future__ import annotations

import os
import time

from baremetal import (CRAWL, EXTENSION, MIB, PAGE, Machine, accelerators, build, migration,
                       result)
from lib.qmp import QmpError

MEM = 64 * MIB
FILLER = range(1 * MIB, 9 * MIB)
# Where a PC puts its first DIMM.
DIMM = range(1 << 32, (1 << 32) + 32 * MIB)
EXTRA = ["-m", "slots=2,maxmem=1G",
         "-object", f"memory-backend-ram,id=dimm,size={len(DIMM)}",
         "-device", "pc-dimm,id=dimm0,memdev=dimm"]

# docs/specs/acpi_mem_hotplug: select a slot; control
SLOT_PORT, CONTROL_PORT, EJECT = 0xa00, 0xa14, 8


def monitor(src: Machine, line: str) -> str:
    """A command of the human monitor."""
    return src.qmp.command("human-monitor-command", {"command-line": line})


def eject(src: Machine) -> None:
    """What the guest's ACPI code does, then what libvirt does."""
    monitor(src, f"o/w {SLOT_PORT:#x} 0")
    monitor(src, f"o/b {CONTROL_PORT:#x} {EJECT}")
    result.check(src.qmp.command("query-memory-devices") == [], "the DIMM is still there")
    src.qmp.command("object-del", id="dimm")


def blocks(src: Machine) -> int:
    """How many RAM blocks QEMU has."""
    return len(monitor(src, "info ramblock").splitlines())


def freed(src: Machine, before: int) -> None:
    """Once the migration is over nobody holds the DIMM's block."""
    deadline = time.monotonic() + 60
    while blocks(src) != before - 1:
        result.check(time.monotonic() < deadline, monitor(src, "info ramblock"))
        time.sleep(0.05)


def outside(src: Machine, now: int) -> None:
    """There is no memory at that address."""
    try:
        src.mark(now, DIMM)
    except QmpError as error:
        result.check("is outside guest RAM" in error.desc, error.desc)
        return
    raise result.Failure("a hint for memory that is gone was accepted")


def check_ejected(accel: str, caps: dict[str, bool]) -> None:
    """Skipped in one round, ejected, looked at in the sync and in the next round."""
    with Machine(accel, name="src", mem=MEM, extra=EXTRA,
                 extension=EXTENSION + ",audit=on") as src, \
            Machine(accel, name="dst", mem=MEM, extra=EXTRA, incoming=True) as dst:
        src.ping()
        src.write(FILLER, 0x33333333)
        src.start_hinting()
        migration.begin(src, dst, caps, {"max-bandwidth": CRAWL, "downtime-limit": 1})
        now = src.wait_round()
        src.mark_fd(now, DIMM, last=True)
        src.wait_applied(len(DIMM) // PAGE)
        before = blocks(src)
        eject(src)
        outside(src, now)
        src.bandwidth(8 * MIB)
        later = src.wait_round(other_than=now)
        src.bandwidth(CRAWL)
        outside(src, later)
        migration.cancel(src)
        src.ping()
        freed(src, before)
        result.step(f"{accel}, {caps or 'precopy'}: {src.query().get('audit')}")


def test() -> None:
    """With each accelerator, and with what is remembered for a switch to postcopy."""
    build()
    # freed memory is filled: who reads it cannot be lucky
    os.environ["MALLOC_PERTURB_"] = "165"
    for accel in accelerators():
        check_ejected(accel, {})
        check_ejected(accel, {"postcopy-ram": True})


if __name__ == "__main__":
    result.run(test)
