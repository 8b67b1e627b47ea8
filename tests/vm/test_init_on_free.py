#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A guest with init_on_free=1 relies on free pages that are zero. They may be skipped
only while they were never sent: hints count in the first pass, and fresh memory on
the destination reads as zero.
"""
from __future__ import annotations

from support import Hops, Work, check, hints_arrived, step, wait_for
from lib.machine import Spec
from lib.result import run


def main() -> None:
    """Several passes; hints in the first one only."""
    with Hops(Spec(append="init_on_free=1")) as hops:
        hops.here.guest.must("memfill 300M", 60)
        work = Work(hops.here.guest, pages_mib=48, churn_mib=64, zero_mib=64)
        hops.here.start_agent()
        hops.here.start_hints()
        contract = hops.here.query()["guest"]["contract"]
        check(contract == "zero", f"the guest's contract is {contract}, not zero")
        hops.hold()
        hops.wait_pass(2)
        # QEMU counts a sync when it begins
        wait_for(lambda: hops.here.query()["pass"] >= 2, "the second pass")
        early = hops.here.counters()
        refused = hops.here.query().get("refused", "")
        check("first pass only" in refused, f"query does not say why not: {refused!r}")
        hops.wait_pass(4)
        hops.release()
        counters = hints_arrived(hops.here)
        check(counters["pages-accepted"] == early["pages-accepted"],
              "hints were accepted after the first pass")
        check(counters["rounds"] == 1, f"{counters['rounds']} rounds instead of 1")
        step("hints in the first pass only")
        work.prove(hops.arrive().guest)


if __name__ == "__main__":
    run(main)
