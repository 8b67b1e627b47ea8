#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A round id is good for one round, once, in one QEMU. Ids from before a sync, from a
cancelled migration, from before its device decoded no memory, from before a snapshot revert,
from the other host and from an old shared-memory file are given by hand and must be refused
by name.
"""
from __future__ import annotations

import tempfile

from events import MEMORY, NOTHING, decode
from snapshots import create_disk, snapshot
from support import Hops, Work, check, expect_refusal, migration, step, wait_for
from lib.machine import Machine, Spec
from lib.result import run

# Any page of RAM: the command that names it must be refused.
PAGE = {"start": 16 << 20, "length": 4096}


class History:
    """All round ids this guest has seen."""

    def __init__(self) -> None:
        self._ids: list[int] = []

    def open_round(self, vm: Machine) -> int:
        """Wait for a round that is new, check that it is taken, and remember it."""
        ident = 0

        def is_new() -> bool:
            nonlocal ident
            ident = vm.query()["round"]
            return ident not in (0, *self._ids)

        wait_for(is_new, "a new round")
        vm.qmp.command("x-freehint-mark-clean", round=ident, ranges=[], last=True)
        self._ids.append(ident)
        return ident

    def refused(self, vm: Machine, when: str) -> None:
        """Every remembered id but the open one is refused, and the error names it."""
        current = vm.query()["round"]
        stale = [ident for ident in self._ids if ident != current]
        for ident in stale:
            expect_refusal(vm.qmp, "x-freehint-mark-clean",
                           rf"round {ident} is (stale|closed)",
                           {"round": ident, "ranges": [PAGE]})
        step(f"{len(stale)} ids refused {when}")


def later_pass(hops: Hops, history: History) -> None:
    """The id of the pass before is refused in the next one."""
    history.open_round(hops.here)
    hops.wait_pass(2)
    history.open_round(hops.here)
    history.refused(hops.here, "in a later pass")


def dark(hops: Hops, history: History) -> None:
    """The device decodes no memory for a moment: what the guest stored meanwhile is lost."""
    ident = history.open_round(hops.here)
    decode(hops.here.guest, NOTHING, MEMORY)
    check(hops.here.query()["round"] != ident, f"round {ident} goes on: {hops.here.query()}")
    history.refused(hops.here, "after the device decoded no memory")


def cancelled(hops: Hops, history: History) -> None:
    """Ids of a cancelled migration are refused after it and during the next."""
    hops.cancel()
    history.refused(hops.here, "after the cancel")
    hops.hold()
    dark(hops, history)
    hops.cancel()
    hops.hold()
    history.open_round(hops.here)
    history.refused(hops.here, "in the next migration")
    hops.cancel()


def reverted(hops: Hops, history: History) -> None:
    """
    The region comes back with the snapshot, and with it the guest's words about a
    round that was open before.
    """
    with tempfile.TemporaryDirectory(prefix="freehint-disk-") as directory:
        create_disk(hops.here.qmp, f"{directory}/disk.qcow2")
        snapshot(hops.here, "snapshot-save")
        hops.hold()
        history.open_round(hops.here)
        hops.cancel()
        snapshot(hops.here, "snapshot-load")
        migration.go_on(hops.here.qemu)
        hops.here.start_hints()
        history.refused(hops.here, "after the snapshot revert")
        hops.hold()
        history.open_round(hops.here)
        history.refused(hops.here, "in a migration after the snapshot revert")
        hops.release()


def ping_pong(hops: Hops, history: History, old_shm: str) -> None:
    """To the other host and back to a fresh process on the old file."""
    hops.arrive().start_hints()
    history.refused(hops.here, "on the destination")
    hops.hold(shm=old_shm)
    history.open_round(hops.here)
    history.refused(hops.here, "on the way back")
    hops.release()
    hops.arrive().start_hints()
    history.refused(hops.here, "back on the old shared-memory file")
    hops.hold()
    history.open_round(hops.here)
    history.refused(hops.here, "in a migration from the old shared-memory file")
    hops.release()


def main() -> None:
    """One guest and everything that may bring an old id back."""
    with tempfile.NamedTemporaryFile(prefix="freehint-test-", dir="/dev/shm") as shm:
        spec = Spec(memory_mib=512)
        with Hops(spec, shm=shm.name) as hops:
            work = Work(hops.here.guest, pages_mib=48, churn_mib=48)
            history = History()
            hops.here.start_hints()
            hops.hold()
            later_pass(hops, history)
            cancelled(hops, history)
            reverted(hops, history)
            ping_pong(hops, history, shm.name)
            work.verify(hops.arrive().guest)


if __name__ == "__main__":
    run(main)
