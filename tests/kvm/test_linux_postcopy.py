#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
A Linux guest under KVM is switched to postcopy at random moments: while the guest looks at
its free pages, while hints are applied, in a later pass. It goes on at once, takes pages that
were skipped, and its programs find their memory as they left it, with each of KVM's logs. The
audit watches the sync of the switch, too.
"""
from __future__ import annotations

import random
import time

from baremetal import build, in_time
from linux_guest import BITMAP, RING, KvmHops, Tally, check, chunks, processors, step, usable
from support import attach_agent, switch_to_postcopy
from lib import linux_kvm
from lib.result import run
from lib.soak import seeded, times

CAPS = {"postcopy-ram": True}
# Touched first thing on the destination, from what is free.
FIRST = "256K"
# A round of the guest takes some tenths of a second.
MOMENT = 0.6
# Switches of each guest.
SWITCHES = 2


def switch(hops: KvmHops, rng: random.Random) -> Tally:
    """One migration, switched after its first hints or at any moment, perhaps before them."""
    waited = False

    def depart() -> None:
        nonlocal waited
        attach_agent(hops.here)
        hops.here.start_hints()
        hops.depart(caps=CAPS)
        waited = rng.random() < 0.7
        if waited:
            hops.hinted()
            hops.passes(rng.randrange(2))
        time.sleep(rng.random() * MOMENT)

    switch_to_postcopy(hops, depart)
    assert hops.there is not None
    step(hops.there.guest.must(f"firsttouch {FIRST}", 120).strip())
    tally = hops.release_compared()
    check(tally.switched == 1, f"not switched: {tally}")
    check(tally.handed > 0 or not (waited or tally.hinted), f"nothing was handed over: {tally}")
    step(f"{tally}")
    return tally


def travel(accel: str, extra: list[str], cpus: int, number: int, rng: random.Random) -> Tally:
    """One guest, some switches."""
    spec = linux_kvm.spec(accel=accel, smp=cpus, plugin_opts=",audit=on")
    with KvmHops(spec, extra, seen=False) as hops:
        for _ in range(number):
            switch(hops, rng)
        hops.verify()
        return hops.tally


def test() -> None:
    """Each log."""
    linux_kvm.spec()
    build()
    rng = seeded()
    total = Tally()
    cpus = processors((1, 2))
    for accel, extra, smp in ((BITMAP, chunks(6), cpus[0]), (BITMAP, chunks(18), cpus[-1]),
                              (RING, [], cpus[0])):
        if usable(accel):
            total.add(in_time(lambda log=accel, more=extra, count=smp:
                              travel(log, more, count, times(SWITCHES), rng)))
    step(f"all: {total}")


if __name__ == "__main__":
    run(test)
