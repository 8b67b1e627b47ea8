# SPDX-License-Identifier: GPL-2.0
"""
Auto-converge: how long and how hard QEMU slows a guest down that writes faster than the
link sends. QEMU compares what was written with what was sent, so hints, which make a pass
short, must not make it throttle a guest that it would have left alone.
"""
from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from measure import MIGRATION_TIMEOUT, prepare, spec_for
from peers import BY_NAME
from workloads import Churn, Workload
from lib import migration
from lib.machine import Machine
from lib.result import check

# Small, so that a first pass without hints ends within a minute on a link that this guest
# can outrun under TCG, too.
MEMORY_MIB = 1024
LINK = 24 << 20
PERIOD = 0.05
# What the program writes: as fast as it can, or less than the link takes.
RATES = {"busy": 0, "steady": 16}
COLUMNS = ("suite", "rep", "workload", "peer", "mem_mib", "failed", "total_s", "downtime_s",
           "sent", "passes", "first_throttled_s", "highest", "throttled", "per_round")

Row = dict[str, Any]


class Writer(Churn):
    """Blocks are allocated, written and freed in three tenths of the memory."""

    def __init__(self, memory_mib: int, smp: int, rate_mib: int) -> None:
        super().__init__(memory_mib, smp)
        self._rate_mib = rate_mib

    def command(self) -> str:
        rate = f" {self._rate_mib}M" if self._rate_mib else ""
        return f"churn {self.memory_mib * 3 // 10}M /run/churn{rate}"


@dataclass(frozen=True)
class Case:
    """One row to be."""

    workload: str
    peer: str


CASES = tuple(Case(workload, peer) for workload in RATES
              for peer in ("none", "balloon", "freehint"))


class Throttle:
    """What query-migrate says of it, over time."""

    def __init__(self) -> None:
        self._start = self._last = time.monotonic()
        self.first_s: float | None = None
        self.highest = 0
        self.sum = 0.0

    def look(self, info: dict[str, Any]) -> bool:
        """Note one answer; never asks to stop looking."""
        now, percent = time.monotonic(), info.get("cpu-throttle-percentage", 0)
        if percent and self.first_s is None:
            self.first_s = now - self._start
        self.highest = max(self.highest, percent)
        self.sum += percent * (now - self._last)
        self._last = now
        return False


def _migrate(src: Machine, dst: Machine) -> tuple[dict[str, Any], Throttle]:
    migration.begin(src.qemu, dst.qemu, {"auto-converge": True},
                    {"max-bandwidth": LINK, "downtime-limit": 300})
    throttle = Throttle()
    info = migration.wait(src.qemu, MIGRATION_TIMEOUT, throttle.look, period=PERIOD)
    check(info["status"] == "completed", f"migration {info}\n{src.qemu.log()}")
    migration.wait_running(dst.qemu)
    return info, throttle


def _per_round(src: Machine) -> str:
    """Pages that each pass kept off the wire."""
    return " ".join(f"{found['pass']}:{found['pages-cleared']}"
                    for found in src.query()["rounds"])


def _writer(case: Case, smp: int) -> Workload:
    return Writer(MEMORY_MIB, smp, RATES[case.workload])


def run(case: Case, _memory_mib: int, smp: int) -> Row:
    """Everything from boot to verification."""
    peer, workload = BY_NAME[case.peer], _writer(case, smp)
    spec = spec_for(peer, workload)
    with Machine(spec, name="bench-src") as src, \
         Machine(spec, name="bench-dst", incoming=True) as dst:
        prepare(src, peer, workload)
        peer.before(src)
        info, throttle = _migrate(src, dst)
        first = throttle.first_s
        row = {"mem_mib": MEMORY_MIB, "total_s": info["total-time"] / 1e3,
               "downtime_s": info["downtime"] / 1e3, "sent": info["ram"]["transferred"],
               "passes": info["ram"]["dirty-sync-count"],
               "first_throttled_s": "" if first is None else round(first, 1),
               "highest": throttle.highest, "throttled": round(throttle.sum)}
        row |= {"per_round": _per_round(src)} if peer.ours else {}
        workload.verify(dst)
    return row
