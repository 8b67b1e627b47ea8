#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A destination without the extension takes a hinted migration like any other; the
guest's module stays quiet there and is used again after the way back.
"""
from __future__ import annotations

import dataclasses
import time

from support import Hops, Work, fill, step
from lib.machine import Spec
from lib.result import run


def main() -> None:
    """Extension, none, extension."""
    ours = Spec(memory_mib=512)
    plain = dataclasses.replace(ours, extension=False, tlb_reset=True)
    with Hops(ours) as hops:
        fill(hops.here.guest, 200)
        work = Work(hops.here.guest, pages_mib=48, churn_mib=48)
        hops.hinted(2, plain)
        work.verify(hops.arrive().guest)
        step("the guest runs without the extension")
        time.sleep(2)
        hops.hold(ours)
        hops.release()
        work.verify(hops.arrive().guest)
        hops.hinted(1, plain)
        work.verify(hops.arrive().guest)


if __name__ == "__main__":
    run(main)
