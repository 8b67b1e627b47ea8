# SPDX-License-Identifier: GPL-2.0
"""
Switches to postcopy: how long until the guest runs on the destination, how long until all
of it is there, what travels after the switch, and how long the guest stands still for free
memory. virtio-balloon's hinting is off with postcopy-ram, so it has to be as slow as none.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from measure import MIGRATION_TIMEOUT, prepare, spec_for
from peers import BY_NAME
from warm import WarmPool
from workloads import WORKLOADS
from lib import migration
from lib.machine import Machine
from lib.result import check

# Of a fast link; unlimited, most of a guest has come before the switch.
LINK = 10_000_000_000 // 8
# Touched first thing on the destination, from what is free.
TOUCH_MIB = 256
COLUMNS = ("suite", "rep", "workload", "peer", "mem_mib", "failed", "switch_s", "downtime_s",
           "total_s", "sent", "sent_after", "requests", "touch_before_ms", "touch_ms",
           "median_us", "worst_ms", "rss", "pages_switchover", "switchover_us", "pages_zeroed")

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One row to be."""

    workload: str
    peer: str


CASES = tuple(Case(workload, peer) for workload in ("used", "churn")
              for peer in ("none", "balloon", "freehint"))


def _touch(vm: Machine) -> dict[str, float]:
    """Have the guest use memory that was free."""
    words = vm.guest.must(f"firsttouch {TOUCH_MIB}M", 300).split()
    return {name: float(number) for name, number in zip(words[::2], words[1::2])}


def _switch(src: Machine, dst: Machine) -> float:
    """Migrate and switch at once; seconds until the guest runs there."""
    caps = {"postcopy-ram": True}
    start = time.monotonic()
    migration.begin(src.qemu, dst.qemu, caps, {"max-bandwidth": LINK, "downtime-limit": 300,
                                               "max-postcopy-bandwidth": LINK})
    migration.wait(src.qemu, 60, lambda now: now["status"] == "active", period=0.002)
    src.qmp.command("migrate-start-postcopy")
    while dst.qemu.status() != "running":
        check(migration.info(src.qemu)["status"] != "failed", src.qemu.log())
        time.sleep(0.002)
    return time.monotonic() - start


def _handed_over(src: Machine) -> Row:
    """What the extension did at the switch."""
    counters = src.counters()
    check(counters["switchovers"] == 1, f"nothing was handed over: {counters}")
    return {name.replace("-", "_"): counters[name]
            for name in ("pages-switchover", "switchover-us", "pages-zeroed")}


def run(case: Case, memory_mib: int, smp: int) -> Row:
    """Everything from boot to verification."""
    peer, workload = BY_NAME[case.peer], WORKLOADS[case.workload](memory_mib, smp)
    spec = spec_for(peer, workload)
    with Machine(spec, name="bench-src") as src, \
         Machine(spec, name="bench-dst", incoming=True) as dst:
        prepare(src, peer, workload)
        before = _touch(src)
        pool = WarmPool(dst.qemu, workload.warm_mib)
        peer.before(src)
        workload.mark(src)
        with pool:
            switched = _switch(src, dst)
            after = _touch(dst)
            info = migration.wait(src.qemu, MIGRATION_TIMEOUT, period=0.02)
        check(info["status"] == "completed", f"migration {info}\n{src.qemu.log()}")
        ram = info["ram"]
        row = {"switch_s": round(switched, 3), "downtime_s": info["downtime"] / 1e3,
               "total_s": info["total-time"] / 1e3, "sent": ram["transferred"],
               "sent_after": ram["postcopy-bytes"], "requests": ram["postcopy-requests"],
               "touch_before_ms": before["all_ms"], "touch_ms": after["all_ms"],
               "median_us": after["median_us"], "worst_ms": after["worst_us"] / 1e3,
               "rss": dst.qemu.rss()}
        row |= _handed_over(src) if peer.ours else {}
        workload.verify(dst)
    workload.close()
    return row
