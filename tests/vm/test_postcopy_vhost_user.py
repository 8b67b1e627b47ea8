#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
The disk of another process works while rounds are open and a switch to postcopy may come: the
process has the guest's memory mapped all the time, and every byte is as expected.
"""
from __future__ import annotations

import tempfile

import disk_work
from support import CRAWL, Hops, Work, attach_agent, check, migration, step, wait_for
from lib.machine import Spec
from lib.result import run
from lib.sink import Sink
from lib.vhost_disk import vhost_disk

MIB = 1 << 20
PASSES = 3


def go_on(hops: Hops, when: str) -> None:
    """The disk does some more passes."""
    disk_work.go_on(hops, disk_work.passes(hops) + PASSES - 1, when)


def main() -> None:
    """A migration that is cancelled after a while; its destination keeps nothing."""
    with tempfile.TemporaryDirectory(prefix="freehint-disk-", dir="/dev/shm") as place, \
            vhost_disk(place, disk_work.DISK_MIB * MIB) as disk:
        spec = Spec(memory_mib=640, backend="memory-backend-memfd", backend_opts=",share=on",
                    extra=disk, lifetime=500, extras=disk_work.extras(place))
        with Hops(spec) as hops:
            vm = hops.here
            disk_work.start(hops)
            attach_agent(vm)
            work = Work(vm.guest, pages_mib=32, churn_mib=48)
            go_on(hops, "before the migration")
            vm.start_hints()
            migration.set_capabilities(vm.qemu, {"postcopy-ram": True})
            migration.set_parameters(vm.qemu, {"max-bandwidth": CRAWL})
            vm.qemu.qmp.command("migrate", uri=Sink(place).uri)
            wait_for(lambda: vm.counters()["pages-cleared"],
                     lambda: f"hints: {vm.counters()}", 60)
            go_on(hops, "while a round is open")
            check(vm.query()["round"], f"the round is over: {vm.query()}")
            migration.cancel(vm.qemu)
            go_on(hops, "after the migration")
            work.verify(vm.guest)
            step(f"{disk_work.passes(hops)} pieces written and read back, "
                 f"{vm.counters()['pages-cleared']} pages taken out of the bitmap")


if __name__ == "__main__":
    run(main)
