#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Migration capabilities under which a skipped page would be lost keep hinting off, whether
they were set before x-freehint-start or after, and query says why.
"""
from __future__ import annotations

from support import Hops, Work, check, expect_refusal, migration, step
from lib.machine import Machine, Spec
from lib.qmp import QmpError
from lib.result import run

CAPABILITIES = ("background-snapshot", "x-colo")


def refused_before_and_after(vm: Machine, capability: str) -> None:
    """Set, try to start, look at query; then start first and set afterwards."""
    reason = f"{capability} capability is set"
    try:
        migration.set_capabilities(vm.qemu, {capability: True})
    except QmpError as error:
        step(f"not here: {capability}: {error.desc}")
        return
    expect_refusal(vm.qmp, "x-freehint-start", reason)
    check(vm.query().get("refused", "").startswith(reason), f"query says {vm.query()}")
    migration.set_capabilities(vm.qemu, {capability: False})
    vm.start_hints()
    migration.set_capabilities(vm.qemu, {capability: True})
    check(vm.query().get("refused", "").startswith(reason), f"query says {vm.query()}")
    migration.set_capabilities(vm.qemu, {capability: False})
    vm.qmp.command("x-freehint-stop")
    step(f"refused: {capability}")


def ordinary_again(hops: Hops, work: Work) -> None:
    """Without them the same guest is hinted."""
    hops.hinted(1)
    work.verify(hops.arrive().guest)


def main() -> None:
    """One guest, all capabilities."""
    with Hops(Spec(memory_mib=512)) as hops:
        for capability in CAPABILITIES:
            refused_before_and_after(hops.here, capability)
        work = Work(hops.here.guest, pages_mib=48, churn_mib=48)
        ordinary_again(hops, work)


if __name__ == "__main__":
    run(main)
