#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A Linux guest under load, with the audit (audit=on): precopies of several passes and a
switch to postcopy, in which it sees skipped pages written again, and none of them lost.
"""
from __future__ import annotations

from support import Hops, Work, attach_agent, check, fill, step, switch_to_postcopy
from lib.machine import Machine, Spec
from lib.result import run, skip

PASSES = 5
CAPS = {"postcopy-ram": True}


def check_audit(vm: Machine, least: int) -> None:
    """Something was seen, nothing was lost."""
    said = vm.query()["audit"]
    if "impossible" in said:
        skip(f"no audit here: {said['impossible']}")
    check(said["violations"] == 0 and said["hints-late"] == 0, f"lost writes: {said}")
    check(said["checks"] >= least and said["pages-written"] > 0, f"nothing was seen: {said}")
    check("audit: " not in vm.qemu.log(), vm.qemu.log())
    step(f"{said['pages-skipped']} skipped pages checked in {said['checks']} syncs, "
         f"{said['pages-written']} of them written, none lost")


def hold(hops: Hops, caps: dict[str, bool] | None = None) -> None:
    """Begin; skipped pages are used again in the first round."""
    attach_agent(hops.here)
    hops.here.start_hints()
    hops.hold(caps=caps)
    hops.wait_hints()
    fill(hops.here.guest, 100)


def precopy(hops: Hops, work: Work) -> None:
    """Several passes; fewer, if the guest had no time to write in one of them."""
    hold(hops)
    hops.wait_pass(PASSES)
    syncs = hops.release()["ram"]["dirty-sync-count"]
    # nothing was skipped before the first one
    check_audit(hops.here, min(PASSES, syncs - 1))
    work.verify(hops.arrive().guest)


def postcopy(hops: Hops, work: Work) -> None:
    """The sync of the switch counts as well."""
    switch_to_postcopy(hops, lambda: hold(hops, CAPS))
    hops.release()
    check(hops.here.counters()["switchovers"] == 1, "there was no switch")
    check_audit(hops.here, 1)
    work.verify(hops.arrive().guest)


def main() -> None:
    """Two hinted precopies, then a migration that switches to postcopy."""
    with Hops(Spec(memory_mib=512, plugin_opts=",audit=on")) as hops:
        fill(hops.here.guest, 250)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=96)
        precopy(hops, work)
        precopy(hops, work)
        postcopy(hops, work)


if __name__ == "__main__":
    run(main)
