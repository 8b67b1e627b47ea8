# SPDX-License-Identifier: GPL-2.0
"""
One row: boot a guest, bring it into a state, migrate it one way, write down what that
cost, verify that all of it has arrived.
"""
from __future__ import annotations

import os
import time
from typing import Any

from peers import MIB, Peer
from warm import WarmPool
from workloads import Workload
from lib import migration
from lib.machine import Machine, Spec
from lib.result import check

MIGRATION_TIMEOUT = 900.0
LIFETIME = 2400.0
TICK = os.sysconf("SC_CLK_TCK")

# Names in x-query-freehint to columns of the CSV.
COUNTERS = ("pages-cleared", "pages-late", "rounds", "rounds-empty", "commands",
            "commands-refused", "ranges", "arm-us", "bql-total-us", "bql-max-us")
FIRST_ROUND = ("sync-to-request-us", "sync-to-command-us", "sync-to-seal-us",
               "sync-to-first-apply-us", "sync-to-last-apply-us", "waited-us")

COLUMNS = ("suite", "rep", "workload", "peer", "link_mbit", "mem_mib", "smp", "failed",
           "total_s", "cost_s", "downtime_s", "setup_s", "before_s", "after_s", "sent",
           "normal_pages", "zero_pages", "passes", "rss", "free_mib", "cpu_src_s",
           "cpu_dst_s", "cpu_agent_s", "work_before", "work_during", "per_round",
           *(name.replace("-", "_") for name in COUNTERS + FIRST_ROUND))

Row = dict[str, Any]


def cpu_seconds(pid: int) -> float:
    """User and system time of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def spec_for(peer: Peer, workload: Workload) -> Spec:
    """The machine: only freehint's has freehint's parts."""
    extra = workload.arguments()
    if peer.balloon is not None:
        options = f",{peer.balloon}" if peer.balloon else ""
        extra = ["-object", "iothread,id=io0", *extra,
                 "-device", f"virtio-balloon-pci{options}"]
    return Spec(memory_mib=workload.memory_mib, smp=workload.smp, append=peer.append,
                ivshmem=peer.ours, extension=peer.ours, with_module=peer.ours,
                tlb_reset=not peer.ours, extras=workload.extras, extra=extra,
                # a guest larger than this machine: hardly any of it is touched
                backend_opts=",reserve=off", lifetime=LIFETIME)


def _timed(action: Any, vm: Machine) -> float:
    """Seconds that an action of a peer takes."""
    start = time.monotonic()
    action(vm)
    return time.monotonic() - start


def _migrate(src: Machine, dst: Machine, peer: Peer, link: int) -> dict[str, Any]:
    """Migrate with QEMU's own downtime limit; returns the last query-migrate."""
    if peer.caps:
        for side in (src.qemu, dst.qemu):
            migration.set_capabilities(side, dict.fromkeys(peer.caps, True))
            migration.set_parameters(side, peer.params)
    migration.begin(src.qemu, dst.qemu,
                    params={"downtime-limit": 300, "max-bandwidth": link})
    info = migration.wait(src.qemu, MIGRATION_TIMEOUT, period=0.02)
    check(info["status"] == "completed",
          f"migration {info['status']}: {info.get('error-desc', src.qemu.log())}")
    migration.wait_running(dst.qemu)
    return info


def _ram(info: dict[str, Any]) -> Row:
    """The numbers of query-migrate."""
    ram = info["ram"]
    return {"total_s": info["total-time"] / 1e3, "downtime_s": info["downtime"] / 1e3,
            "setup_s": info["setup-time"] / 1e3, "sent": ram["transferred"],
            "normal_pages": ram["normal"], "zero_pages": ram["duplicate"],
            "passes": ram["dirty-sync-count"]}


def _hints(src: Machine) -> Row:
    """The numbers of x-query-freehint; a row of ours without a single hint has failed."""
    query = src.query()
    first = query.get("first-round", {})
    row = {name.replace("-", "_"): query["counters"][name] for name in COUNTERS}
    row |= {name.replace("-", "_"): first.get(name) for name in FIRST_ROUND}
    row["per_round"] = " ".join(f"{r['pass']}:{r['pages-cleared']}"
                                for r in query["rounds"])
    log = src.agent.log() if src.agent else "there is no agent"
    check(row["pages_cleared"], f"no hint was applied: {log}")
    return row


def _cost(src: Machine, dst: Machine) -> Row:
    """Processor time so far."""
    row = {"cpu_src_s": cpu_seconds(src.qemu.pid), "cpu_dst_s": cpu_seconds(dst.qemu.pid)}
    if src.agent:
        row["cpu_agent_s"] = cpu_seconds(src.agent.pid)
    return row


def prepare(vm: Machine, peer: Peer, workload: Workload) -> None:
    """Boot, load the peer's driver, bring the guest's memory into its state."""
    vm.boot(module=peer.ours)
    if peer.balloon is not None:
        vm.load_balloon()
    workload.start(vm)


def run(peer: Peer, workload: Workload, link: int, cold: bool) -> Row:
    """
    Everything from boot to verification; `link` is in bytes a second, 0 for no limit. With
    `cold` the destination gets memory that was not touched before.
    """
    spec = spec_for(peer, workload)
    with Machine(spec, name="bench-src") as src, \
         Machine(spec, name="bench-dst", incoming=True) as dst:
        prepare(src, peer, workload)
        free = src.guest.mem_free_mib()
        pool = WarmPool(dst.qemu, 0 if cold else workload.warm_mib)
        before = _timed(peer.before, src)
        workload.mark(src)
        with pool:
            used, start = _cost(src, dst), time.monotonic()
            row = _ram(_migrate(src, dst, peer, link))
        row |= {key: round(value - used[key], 2) for key, value in _cost(src, dst).items()}
        row["rss"] = dst.qemu.rss()
        row |= _hints(src) if peer.ours else {}
        row |= workload.during(dst, start)
        after = _timed(peer.after, dst)
        workload.verify(dst)
        total = row["total_s"] + (before + after if peer.counts else 0)
        row |= {"free_mib": free, "before_s": round(before, 3), "after_s": round(after, 3),
                "cost_s": round(total, 3)}
    return row


def limit(memory_mib: int, free_mib: int, bandwidth: float, link: int) -> Row:
    """The row of the limit: what was not free, at the speed of a plain copy."""
    used = (memory_mib - free_mib) * MIB
    speed = min(bandwidth, link) if link else bandwidth
    return {"total_s": round(used / speed, 3), "cost_s": round(used / speed, 3),
            "sent": used, "free_mib": free_mib}
