#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A hinted migration from the QEMU of one world to that of another: cross.py SOURCE TARGET.
The agent is this machine's; extension and QEMU are the worlds' own. The world "here" is
this machine.
"""
from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))

from support import Hops, Work, fill, step  # noqa: E402
from lib import accel, paths  # noqa: E402
from lib.machine import Spec  # noqa: E402
from lib.result import require_file, run  # noqa: E402

WORLDS = os.environ.get("FREEHINT_WORLDS") or os.path.join(paths.BUILD, "worlds")

# Known to every series that is tested.
MACHINE = "pc-q35-7.2"
HERE = "here"


def spec(world: str, extension: bool = True) -> Spec:
    """A machine in a world."""
    # two series of QEMU do not take the same things for what a host's processor has
    cpu = "kvm64" if accel.chosen() == "kvm" else ""
    if world == HERE:
        return Spec(memory_mib=512, machine=MACHINE, extension=extension, cpu=cpu)
    return Spec(memory_mib=512, machine=MACHINE, extension=extension, cpu=cpu,
                qemu=require_file(f"{WORLDS}/{world}.qemu", "run world.sh make"),
                plugin=f"{WORLDS}/{world}.out/freehint-qemu.so")


def hop(hops: Hops, work: Work, there: Spec) -> None:
    """There, with hints, under load."""
    hops.hinted(3, there)
    work.verify(hops.arrive().guest)


def main() -> None:
    """To the other QEMU, and on to one that has no freehint at all."""
    source, target = sys.argv[1:]
    # this machine's own kernel is in no world's /boot
    kernel = target if source == HERE else source
    os.environ["FREEHINT_TEST_KERNEL"] = f"{WORLDS}/{kernel}.kernel"
    with Hops(spec(source)) as hops:
        fill(hops.here.guest, 200)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
        hop(hops, work, spec(target))
        step(f"from {source} to {target}")
        hop(hops, work, spec(target, extension=False))


if __name__ == "__main__":
    run(main)
