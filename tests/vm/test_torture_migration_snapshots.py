#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
Snapshots and files around hinted migrations and between them: a guest that was
migrated with hints is saved and reverted, a reverted one is migrated; one that was
written to a file goes on where it was, and the file is loaded twice. Each of these
guests finds its memory as it left it.
"""
from __future__ import annotations

import tempfile

from modes import MODES, Features, Mode
from snapshots import create_disk, snapshot
from support import Work, check, fill, migration, step
from tour import Files, Tour
from lib.machine import Machine, Spec
from lib.result import Failure, run
from lib.soak import times

ROUNDS = 1


class Guest:
    """The guest's programs and files, and how to verify them anywhere."""

    def __init__(self, tour: Tour) -> None:
        guest = tour.here.guest
        fill(guest, 150)
        self.work = Work(guest, pages_mib=32, churn_mib=48)
        self.files = Files(guest)

    def verify(self, vm: Machine) -> None:
        """Programs and files of the guest, wherever it runs."""
        self.work.verify(vm.guest)
        self.files.verify(vm.guest)


def equip(vm: Machine) -> None:
    """Agent and reporting, also after a revert that brought an old hello back."""
    if not vm.agent:
        vm.start_agent()
    vm.start_hints()


def revert(vm: Machine, tag: str) -> None:
    """Load a snapshot and let the guest run."""
    snapshot(vm, "snapshot-load", tag)
    migration.go_on(vm.qemu)
    equip(vm)
    step(f"{vm.name} is back at {tag}")


def no_snapshot_meanwhile(tour: Tour) -> None:
    """QEMU refuses a snapshot during a migration, with the guest stopped for a moment."""
    try:
        snapshot(tour.here, "snapshot-save", "meanwhile")
    except Failure as failure:
        step(f"as it should: {failure}")
    else:
        check(False, "a snapshot was taken in the middle of a migration")
    migration.wait_running(tour.here.qemu)


def saved_and_reverted(tour: Tour, guest: Guest) -> None:
    """Save, cancel a hinted migration, revert to what was saved, and migrate with hints."""
    vm = tour.here
    equip(vm)
    snapshot(vm, "snapshot-save", "start")
    tour.depart()
    no_snapshot_meanwhile(tour)
    tour.wait_pass(3)
    tour.wait_skipped()
    check(tour.newly_skipped() > 0, f"no page was skipped: {vm.counters()}")
    tour.cancel()
    guest.files.renew(vm.guest)
    revert(vm, "start")
    guest.verify(vm)
    tour.depart()
    tour.wait_pass(2)
    tour.wait_skipped()
    tour.release()
    check(tour.newly_skipped() > 0, f"no page was skipped: {vm.counters()}")
    guest.verify(tour.arrive())


def saved_on_arrival(tour: Tour, guest: Guest, disk: str) -> None:
    """A guest that came with pages skipped is saved and reverted at once."""
    vm = tour.here
    create_disk(vm.qmp, disk)
    snapshot(vm, "snapshot-save", "arrived")
    guest.files.renew(vm.guest)
    revert(vm, "arrived")
    guest.verify(vm)


def through_a_file(tour: Tour, guest: Guest, mode: Mode) -> None:
    """
    A checkpoint: the guest is written to a file and goes on where it was. Both of it
    are right, and the one that went on is migrated with hints again.
    """
    vm = tour.here
    equip(vm)
    tour.depart(mode)
    tour.wait_pass(2)
    tour.wait_skipped()
    tour.release()
    check(tour.newly_skipped() > 0, f"no page was skipped: {vm.counters()}")
    assert tour.there is not None
    guest.verify(tour.there)
    tour.there.stop()
    again = tour.restore()
    migration.wait_running(again.qemu, 120)
    guest.verify(again)
    again.stop()
    step(f"the file of {mode.name} was loaded twice")
    migration.go_on(vm.qemu)
    guest.files.renew(vm.guest)
    equip(vm)
    tour.depart()
    tour.wait_pass(2)
    tour.wait_skipped()
    tour.release()
    check(tour.newly_skipped() > 0, f"no page was skipped: {vm.counters()}")
    guest.verify(tour.arrive())


def main() -> None:
    """One guest, all of it."""
    with tempfile.TemporaryDirectory(prefix="freehint-disk-") as directory, \
            Tour(Spec(memory_mib=384, lifetime=900)) as tour:
        guest = Guest(tour)
        missing = Features(tour.here.qmp).missing
        files = [mode for mode in MODES if mode.to_file and not missing(mode)]
        create_disk(tour.here.qmp, f"{directory}/first.qcow2")
        for number in range(times(ROUNDS)):
            saved_and_reverted(tour, guest)
            saved_on_arrival(tour, guest, f"{directory}/{number}.qcow2")
            # the newest way that this QEMU has, then the others
            through_a_file(tour, guest, files[-1 - number % len(files)])
            create_disk(tour.here.qmp, f"{directory}/{number}b.qcow2")


if __name__ == "__main__":
    run(main)
