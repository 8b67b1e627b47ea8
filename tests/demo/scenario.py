# SPDX-License-Identifier: GPL-2.0
"""
One row of the demo: boot a guest, bring its memory into the wanted state, migrate
it, look at the numbers, and verify the content on the destination.
"""
from __future__ import annotations

import os
import sys
import time
from dataclasses import dataclass
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import migration  # noqa: E402
from lib.machine import Machine, Spec  # noqa: E402
from lib.result import check  # noqa: E402
from lib.used_memory import FILE_MIB, PAGES, USED_MIB, UsedMemory  # noqa: E402

from progress import Progress  # noqa: E402
from settings import Settings  # noqa: E402

# QEMU's own default
DOWNTIME_MS = 300
MIGRATION_TIMEOUT = 300.0
FILL_TIMEOUT = 300.0


@dataclass
class Result:
    """What one migration cost; sizes in bytes, times in seconds."""

    scenario: str
    variant: str
    total_s: float
    downtime_s: float
    sent: int
    normal_pages: int
    zero_pages: int
    rss: int
    checked_pages: int
    first_apply_us: int | None = None
    pages_cleared: int | None = None


def _spec(settings: Settings, variant: str) -> Spec:
    """The machine of a variant: only freehint's has freehint's parts."""
    ours = variant == "freehint"
    return Spec(memory_mib=settings.mem, smp=settings.smp, accel=settings.accel,
                ivshmem=ours, extension=ours, with_module=ours,
                balloon=variant == "balloon", tlb_reset=not ours, lifetime=900.0)


def _prepare(vm: Machine, settings: Settings, scenario: str, variant: str,
             progress: Progress) -> UsedMemory:
    """Boot, load the variant's driver, make used and freed memory."""
    progress.say("booting the guest")
    vm.boot(module=variant == "freehint")
    if variant == "balloon":
        vm.load_balloon()
    progress.say(f"writing {USED_MIB + FILE_MIB} MiB that stay in use")
    used = UsedMemory(vm)
    if scenario == "used":
        progress.say(f"writing and freeing {settings.fill} MiB")
        vm.guest.must(f"memfill {settings.fill}M", FILL_TIMEOUT)
    vm.guest.must("sync; sleep 1")
    return used


def _migrate(src: Machine, dst: Machine, progress: Progress) -> dict[str, Any]:
    """Migrate with a moving display; returns the last query-migrate."""
    def show(now: dict[str, Any]) -> bool:
        ram = now.get("ram", {})
        progress.say(f"migrating, {ram.get('transferred', 0) / 1e6:.0f} MB sent, "
                     f"{ram.get('remaining', 0) / 1e6:.0f} MB left", tick=True)
        return False

    progress.say("migrating")
    migration.begin(src.qemu, dst.qemu, params={"downtime-limit": DOWNTIME_MS})
    info = migration.wait(src.qemu, MIGRATION_TIMEOUT, until=show, period=0.1)
    check(info["status"] == "completed",
          f"migration {info['status']}: {info.get('error-desc', src.qemu.log())}")
    migration.wait_running(dst.qemu)
    return info


def run(settings: Settings, scenario: str, variant: str, progress: Progress) -> Result:
    """Run one variant of one scenario from boot to verification."""
    spec = _spec(settings, variant)
    with Machine(spec, name="demo-src") as src, \
         Machine(spec, name="demo-dst", incoming=True) as dst:
        used = _prepare(src, settings, scenario, variant, progress)
        if variant == "freehint":
            src.start_agent()
            src.start_hints()
            # A guest that was asked for nothing looks every 100 ms.
            time.sleep(0.3)
        info = _migrate(src, dst, progress)
        rss = dst.qemu.rss()
        progress.say("checking content on the destination")
        used.verify(dst)
        ram = info["ram"]
        result = Result(scenario, variant, info["total-time"] / 1e3,
                        info["downtime"] / 1e3, ram["transferred"], ram["normal"],
                        ram["duplicate"], rss, PAGES)
        if variant == "freehint":
            _add_hint_numbers(result, src)
        return result


def _add_hint_numbers(result: Result, src: Machine) -> None:
    """What the extension counted; a demo without a single hint has failed."""
    query = src.query()
    result.pages_cleared = query["counters"]["pages-cleared"]
    result.first_apply_us = query.get("first-round", {}).get("sync-to-first-apply-us")
    agent_log = src.agent.log() if src.agent else ""
    check(result.pages_cleared, f"no hint was applied; the agent says:\n{agent_log}")
