#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
audit=on: a record of writes that is not the dirty log agrees that nothing is lost, in precopy
and at a switch to postcopy; and it reports what really is lost: by the extension that does not arm
the log, and by the one that takes hints of a round that is over.
"""
from __future__ import annotations

import os
import tempfile
from functools import partial
from typing import Any

from baremetal import (CRAWL, EXTENSION, MIB, PAGE, PATIENT, RING, Machine, TooEarly,
                       accelerators, build, check, hold, in_time, migration, mutant, pair, release,
                       run, skip, step)
from lib.qemu import BINARY
from lib.qmp import QmpError

OLD, NEW = 0x11111111, 0x22222222
MEM = 128 * MIB
AUDIT = ",audit=on"
# Whatever the host's KSM does.
NO_MERGE = ["-machine", "mem-merge=off"]
KSM_SWITCH = "/sys/kernel/mm/ksm/run"

FILLER = range(1 * MIB, 9 * MIB)
UNTOUCHED = range(16 * MIB, 32 * MIB)
# Sampled free, then written, and hinted only then.
LATE = range(32 * MIB + 5 * PAGE, 64 * MIB + 3 * PAGE)
# A pass over all of LATE takes some seconds.
SPEED = 12 * MIB


def audit(src: Machine) -> dict[str, Any]:
    """What the audit says."""
    said = src.query()["audit"]
    if "impossible" in said:
        skip(f"no audit here: {said['impossible']}")
    return said


def begin(src: Machine, dst: Machine, caps: dict[str, bool] | None = None) -> None:
    """One round with late hints; both ranges are skipped afterwards."""
    src.wait_boot()
    for region in (FILLER, UNTOUCHED, LATE):
        src.write(region, OLD)
    src.start_hints()
    hold(src, dst, caps)
    now = src.wait_round()
    src.publish(now, range(UNTOUCHED.start, LATE.stop))
    src.write(LATE, NEW)
    src.mark_fd(now, UNTOUCHED, LATE, last=True)
    src.wait_applied((len(UNTOUCHED) + len(LATE)) // PAGE)


def precopy(accel: str, extension: str, share: bool = False) -> tuple[dict[str, Any], int]:
    """A migration with late hints; what the audit says, and pages that are lost."""
    with pair(accel, {"extension": extension, "extra": NO_MERGE}, mem=MEM,
              share=share) as (src, dst):
        begin(src, dst)
        release(src, dst)
        return audit(src), dst.lost(LATE, NEW)


def check_agrees(accel: str, share: bool) -> None:
    """Every write is known to both, and nothing is lost."""
    said, lost = precopy(accel, EXTENSION + AUDIT, share)
    check(said["violations"] == 0 and said["hints-late"] == 0 and lost == 0,
          f"{accel}: {lost} pages lost, {said}")
    check(said["pages-written"] >= len(LATE) // PAGE and
          said["pages-skipped"] >= (len(LATE) + len(UNTOUCHED)) // PAGE and
          said["checks"] > 0, f"{accel}: the audit saw too little: {said}")
    step(f"{accel}, {'shared' if share else 'private'} memory: {said}")


def check_switch(accel: str) -> None:
    """The sync of a switch to postcopy is looked at, too."""
    caps = {"postcopy-ram": True}
    with pair(accel, {"extension": EXTENSION + AUDIT + PATIENT, "extra": NO_MERGE},
              mem=MEM) as (src, dst):
        begin(src, dst, caps)
        migration.switch_to_postcopy(src, dst)
        release(src, dst)
        said = audit(src)
        check(said["violations"] == 0 and said["pages-written"] >= len(LATE) // PAGE,
              f"{accel}: {said}")
        check(src.counters()["switchovers"] == 1, f"{accel}: there was no switch")
        check(dst.lost(LATE, NEW) == 0, f"{accel}: writes are lost")


def check_no_arm() -> None:
    """What KVM's log has lost, the audit has seen."""
    said, lost = precopy("kvm", mutant("no-arm") + AUDIT)
    check(lost > 0, "without arming nothing is lost: nothing to see here")
    check(said["violations"] >= lost and "first-block" in said,
          f"{lost} pages are lost, the audit says {said}")
    step(f"kvm, no-arm: {lost} pages lost, {said['violations']} violations, the first in "
         f"{said['first-block']} at {said['first-offset']:#x}")


def hint_too_late(accel: str) -> None:
    """A hint of a round that is over is told by its round."""
    with pair(accel, {"extension": mutant("no-gate") + AUDIT, "extra": NO_MERGE},
              mem=MEM) as (src, dst):
        src.wait_boot()
        src.write(FILLER, OLD)
        src.write(LATE, OLD)
        src.start_hints()
        hold(src, dst)
        old = src.wait_round()
        src.mark(old, UNTOUCHED, last=True)
        src.wait_applied(len(UNTOUCHED) // PAGE)
        check(audit(src)["hints-late"] == 0, f"too early: {audit(src)}")
        # the pass ends, and the next one has something to send
        src.write(LATE, NEW)
        migration.set_parameters(src, {"downtime-limit": 1, "max-bandwidth": SPEED})
        new = src.wait_round(other_than=old)
        src.bandwidth(CRAWL)
        try:
            src.mark(old, LATE, last=True)
        except QmpError as error:
            check(src.too_late(error), error.desc)
            raise TooEarly(error.desc) from error
        src.wait_applied((len(UNTOUCHED) + len(LATE)) // PAGE)
        said = audit(src)
        check(said["hints-late"] == len(LATE) // PAGE, f"a hint of round {old} in {new}: {said}")
        step(f"{accel}, no-gate: {said['hints-late']} pages hinted too late")
        migration.cancel(src)


def check_no_gate(accel: str) -> None:
    """The same, in a pass that lasts until the hint is there."""
    in_time(lambda: hint_too_late(accel))


def merging_qemu(directory: str) -> str:
    """
    A QEMU that sees a KSM of its own: in its mount namespace the switch is a file in
    `directory`. The host's KSM is everybody's.
    """
    path = os.path.join(directory, "qemu")
    with open(path, "w", encoding="ascii") as script:
        # the root of a chroot is no mount of its own, and private already
        script.write("#!/bin/sh\nexec unshare --mount --propagation unchanged sh -c "
                     "'mount --make-rprivate / 2>/dev/null; "
                     f"mount --bind {directory}/run {KSM_SWITCH} && exec {BINARY} \"$@\"' "
                     'sh "$@"\n')
    os.chmod(path, 0o755)
    return path


def merging(accel: str, before: str, later: str, *extra: str) -> dict[str, Any]:
    """A migration with late hints, and KSM's switch before and in it; what the audit says."""
    with tempfile.TemporaryDirectory(prefix="freehint-ksm-") as directory:
        switch = os.path.join(directory, "run")
        write_line(switch, before)
        src = Machine(accel, name="src", mem=MEM, extra=extra, extension=EXTENSION + AUDIT)
        src.binary = merging_qemu(directory)
        with src, Machine(accel, name="dst", mem=MEM, incoming=True) as dst:
            begin(src, dst)
            write_line(switch, later)
            release(src, dst)
            check(dst.lost(LATE, NEW) == 0, f"{accel}: writes are lost")
            return src.query()["audit"]


def write_line(path: str, line: str) -> None:
    """As the shell's echo."""
    with open(path, "w", encoding="ascii") as file:
        file.write(line + "\n")


def check_merging(accel: str) -> None:
    """Memory that KSM may merge is not watched, from when it runs; other memory is."""
    if os.geteuid() or not os.path.exists(KSM_SWITCH):
        print("skipped: the audit beside KSM needs root and a kernel with KSM", flush=True)
        return
    for before, later in ("1", "1"), ("0", "1"):
        said = merging(accel, before, later)
        check("KSM" in said.get("impossible", "") and said["violations"] == 0,
              f"{accel}: KSM is {before}, then {later}: {said}")
    for said in (merging(accel, "1", "1", *NO_MERGE),
                 merging(accel, "0", "0")):
        check("impossible" not in said and said["checks"] > 0 and
              said["violations"] == 0, f"{accel}: {said}")
    step(f"{accel}: memory that may be merged is not watched")


def check_off(accel: str) -> None:
    """Nobody is watched who did not ask for it."""
    with Machine(accel, name="src", mem=MEM) as src:
        check("audit" not in src.query(), "an audit that nobody wanted")


def test() -> None:
    """The extension, then the mutants."""
    build()
    accels = accelerators()
    for accel in accels:
        for share in False, True:
            in_time(partial(check_agrees, accel, share))
        in_time(partial(check_switch, accel))
    if "kvm" in accels:
        in_time(partial(check_agrees, RING, share=False))
    check_no_gate(accels[0])
    in_time(partial(check_merging, accels[0]))
    check_off(accels[0])
    if "kvm" in accels:
        in_time(check_no_arm)
    else:
        skip("the lost writes that the audit is for need /dev/kvm")


if __name__ == "__main__":
    run(test)
