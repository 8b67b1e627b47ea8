#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The rule that keeps writes: the dirty log is armed before the guest looks. A page
that was sampled free, then written, and hinted only then must arrive as written.

KVM with manual dirty-log protection records nothing of a write to a page whose
chunk was never cleared; the hint then wipes the only trace. The extension without
arming (mutant no-arm) has to lose pages here, or this test could not see the bug.
TCG has no such window and is the control.
"""
from __future__ import annotations

from dataclasses import dataclass

from baremetal import (EXTENSION, MIB, PAGE, accelerators, build, check, hold, mutant, pair,
                       release, run, skip, step)

OLD, NEW = 0x11111111, 0x22222222

# Written before the migration, at the lowest addresses: the crawling sender is
# busy with it while everything else happens.
FILLER = range(1 * MIB, 9 * MIB)
# Hinted and never written again: shows on the destination that hints do count.
UNTOUCHED = range(12 * MIB, 16 * MIB)


@dataclass
class Case:
    """Where the sampled region lies, and how QEMU cuts memory into log chunks."""
    name: str
    mem: int
    region: range
    shift: int | None


CASES = [
    # Chunks of 1 GiB, the default; the region straddles the end of the first.
    Case("default chunks", 1536 * MIB, range(1014 * MIB, 1034 * MIB), None),
    # Chunks of 64 pages, the smallest; the region begins and ends inside one.
    Case("smallest chunks", 64 * MIB, range(32 * MIB + 3 * PAGE, 62 * MIB - 5 * PAGE), 6),
]


def migrate_with_late_hint(accel: str, case: Case, extension: str) -> tuple[int, int]:
    """
    Sample, write, then hint. Returns how many pages of the region are wrong on
    the destination, and how many of UNTOUCHED were skipped.
    """
    extra = []
    if case.shift is not None:
        extra = ["-global", f"migration.x-clear-bitmap-shift={case.shift}"]
    with pair(accel, mem=case.mem, extension=extension, extra=extra) as (src, dst):
        src.wait_boot()
        for region in (FILLER, UNTOUCHED, case.region):
            src.write(region, OLD)
        src.start_hints()
        hold(src, dst)
        round_id = src.wait_round()
        src.publish(round_id, range(UNTOUCHED.start, case.region.stop))
        src.write(case.region, NEW)
        src.mark(round_id, UNTOUCHED)
        src.mark_fd(round_id, case.region, last=True)
        src.wait_applied((len(UNTOUCHED) + len(case.region)) // PAGE)
        check(src.query()["round"] == round_id, "the pass ended too early")
        release(src, dst)
        check(src.lost(case.region, NEW) == 0, "the source lost its own writes")
        check(dst.lost(FILLER, OLD) == 0, "pages nobody hinted are wrong")
        return dst.lost(case.region, NEW), dst.dump(UNTOUCHED).count(0)


def check_extension(accel: str, case: Case) -> None:
    """Nothing is lost, and the hints were worth something."""
    lost, skipped = migrate_with_late_hint(accel, case, EXTENSION)
    pages = len(case.region) // PAGE
    step(f"{accel}, {case.name}: {lost} of {pages} pages wrong, "
         f"{skipped} of {len(UNTOUCHED) // PAGE} skipped")
    check(lost == 0, f"{accel}, {case.name}: {lost} of {pages} writes are lost")
    check(skipped == len(UNTOUCHED) // PAGE, f"{accel}, {case.name}: hints do nothing")


def check_mutant(case: Case) -> None:
    """Without arming the same steps lose writes."""
    lost, _ = migrate_with_late_hint("kvm", case, mutant("no-arm"))
    step(f"kvm, {case.name}, no-arm: {lost} of {len(case.region) // PAGE} pages wrong")
    check(lost > 0, f"{case.name}: without arming nothing is lost; "
                    f"this test cannot see the bug it is for")


def test() -> None:
    """All cases on all accelerators, then the mutant on KVM."""
    build()
    accels = accelerators()
    for case in CASES:
        for accel in accels:
            check_extension(accel, case)
        if "kvm" in accels:
            check_mutant(case)
    if "kvm" not in accels:
        skip("only the TCG control ran; the rule itself needs /dev/kvm")


if __name__ == "__main__":
    run(test)
