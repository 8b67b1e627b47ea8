#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
Boards and ways to give a guest its memory: each is migrated twice with hints, under load,
and the content checked; the second time with a switch to postcopy. pc-dimm and virtio-mem
come and go in test_torture_events.
"""
from __future__ import annotations

from support import (HOLD_BANDWIDTH, Hops, Work, attach_agent, check, fill, migration, step,
                     switch_to_postcopy, wait_for)
from lib import accel, arch
from lib.huge_pages import huge_pages
from lib.machine import Spec
from lib.result import run
from lib.soak import factor, seeded

MEMORY_MIB = 512
HUGE_MIB = 2

# pc-i440fx and q35 place PCI devices and the hole below 4 GiB differently.
KINDS = {
    "i440fx": Spec(memory_mib=MEMORY_MIB, machine="pc"),
    "memfd": Spec(memory_mib=MEMORY_MIB, backend="memory-backend-memfd",
                  backend_opts=",share=on"),
    "private memfd": Spec(memory_mib=MEMORY_MIB, backend="memory-backend-memfd",
                          backend_opts=",share=off"),
    "file": Spec(memory_mib=MEMORY_MIB, backend="memory-backend-file",
                 backend_opts=",share=on,mem-path=/dev/shm"),
    "two NUMA nodes": Spec(memory_mib=MEMORY_MIB, nodes=2),
    "above 4 GiB": Spec(memory_mib=3072),
}
HUGE = Spec(memory_mib=MEMORY_MIB, backend="memory-backend-memfd",
            backend_opts=f",hugetlb=on,hugetlbsize={HUGE_MIB}M,prealloc=on")


def hop_by_postcopy(hops: Hops) -> None:
    """The guest runs there first, and its memory follows."""
    def depart() -> None:
        attach_agent(hops.here)
        hops.here.start_hints()
        hops.hold(caps={"postcopy-ram": True})
        hops.wait_hints()
        # what was skipped is made zero while the rest is sent
        migration.set_parameters(hops.here.qemu, {"max-postcopy-bandwidth": HOLD_BANDWIDTH})

    switch_to_postcopy(hops, depart)
    wait_for(lambda: hops.here.counters()["pages-zeroed"] > 0, "skipped pages to be zero")
    migration.set_parameters(hops.here.qemu, {"max-postcopy-bandwidth": 0})
    hops.release()
    counters = hops.here.counters()
    check(counters["switchovers"] == 1, f"nothing was handed over: {counters}")
    step(f"{counters['pages-switchover']} pages skipped at the switch, "
         f"{counters['pages-zeroed']} made zero")


def there_and_on(spec: Spec) -> None:
    """Two hops, each with several passes, each verified."""
    with Hops(spec) as hops:
        nodes = hops.here.guest.must("ls -d /sys/devices/system/node/node[0-9]*").split()
        check(len(nodes) == spec.nodes, f"the guest has {len(nodes)} nodes")
        fill(hops.here.guest, 200)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
        hops.hinted(3)
        work.verify(hops.arrive().guest)
        hop_by_postcopy(hops)
        work.verify(hops.arrive().guest)


def main() -> None:
    """
    One kind after the other. Of memory that is shared by a memfd and by a file the dice say
    which, unless this is a soak.
    """
    accel.needs_distribution("ACPI, which says what NUMA nodes there are")
    same = ("memfd", "file")
    leave_out = seeded().choice(same) if factor() == 1 else ""
    for name, spec in KINDS.items():
        if name == leave_out or spec.machine == "pc" and arch.chosen().name != "amd64":
            continue
        step(f"memory: {name}")
        there_and_on(spec)
    with huge_pages(2 * MEMORY_MIB // HUGE_MIB) as lacking:
        if lacking:
            print(f"skipped: memory on huge pages: {lacking}", flush=True)
        else:
            step("memory: huge pages")
            there_and_on(HUGE)


if __name__ == "__main__":
    run(main)
