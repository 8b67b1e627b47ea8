#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
Memory goes back while another process has it mapped, too: a vhost-user disk of
qemu-storage-daemon reads and writes the guest's buffers, and every byte is as expected.
"""
from __future__ import annotations

import tempfile

import disk_work
from support import Hops, Work, attach_agent, step, wait_for
from lib.machine import Spec
from lib.result import run
from lib.soak import times
from lib.tool import tool
from lib.vhost_disk import vhost_disk

MIB = 1 << 20
FILL_MIB = 180
BACK_MIB = 120
ROUNDS = 3
# The guest's programs have pages everywhere: few blocks of 2 MiB are whole after a while.
ORDER = "4"


def give_back(hops: Hops) -> None:
    """Fill, free and give back, again and again, while the disk works."""
    vm = hops.here
    tool("give-back", "--qmp", vm.qemu.path("spare.qmp"), "--always", "--order", ORDER)
    for _ in range(times(ROUNDS)):
        passes = disk_work.passes(hops)
        given = vm.query()["give-back"]["bytes"]
        # memory that was free and not given back may be used first
        wait_for(lambda: vm.guest.must(f"memfill {FILL_MIB}M", 120) is not None and
                 vm.query()["give-back"]["bytes"] > given + BACK_MIB * MIB,
                 lambda: f"memory to go back: {vm.query()['give-back']}", 60, 12)
        disk_work.go_on(hops, passes, "while memory goes back")
    step(f"{disk_work.passes(hops)} pieces of {disk_work.PIECE_MIB} MiB written and read back")


def main() -> None:
    """A guest in shared memory, whose disk is another process."""
    with tempfile.TemporaryDirectory(prefix="freehint-disk-", dir="/dev/shm") as place, \
            vhost_disk(place, disk_work.DISK_MIB * MIB) as disk:
        spec = Spec(memory_mib=640, backend="memory-backend-memfd", backend_opts=",share=on",
                    extra=disk, lifetime=500, extras=disk_work.extras(place))
        with Hops(spec) as hops:
            disk_work.start(hops)
            attach_agent(hops.here)
            work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
            give_back(hops)
            work.verify(hops.here.guest)


if __name__ == "__main__":
    run(main)
