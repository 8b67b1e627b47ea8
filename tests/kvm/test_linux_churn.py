#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
A Linux guest under load goes from host to host under KVM, back and forth on the old
shared-memory files, with each of KVM's logs, one processor and two. The agent is the real
one, or one that the test plays and that is late at random and holds hints back over a sync.
On the way a migration is cancelled and begun again, or the module is reloaded in the middle
of a round: each variant takes one of these ways, and all of them in a soak. Every page of a
program is compared after every migration, the programs check theirs, and the audit watches.
A guest goes on travelling until it has written pages that were skipped.
"""
from __future__ import annotations

import random
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace

from baremetal import OVER, TooEarly, build
from linux_guest import (BITMAP, INSMOD, RING, KvmHops, Tally, check, chunks, migration,
                         processors, step, usable)
from played_agent import PlayedAgent
from support import attach_agent
from lib import host_kvm, linux_kvm
from lib.qmp import QmpError
from lib.result import run
from lib.soak import factor, seeded

# Longest delay of a played agent, seconds: some scans long.
DELAY = 0.4
# Passes of an ordinary migration.
PASSES = 4
# Migrations after the chosen ones, in which a guest that gets little of a busy machine has time
# to write a skipped page again. Without such a page nothing was tried.
MORE = 10


@dataclass
class Variant:
    """The log, processors, and who the agent is."""
    accel: str
    extra: list[str] = field(default_factory=list)
    cpus: int = 1
    played: bool = False


VARIANTS = [
    Variant(BITMAP, chunks(6), cpus=2),
    Variant(BITMAP, chunks(6), played=True),
    Variant(BITMAP, chunks(18), cpus=2, played=True),
    Variant(RING, cpus=2),
    Variant(RING, played=True),
]


# A way to get from one machine to the next: guest, dice, file of the next one.
Way = Callable[[KvmHops, random.Random, str], None]


def too_late(error: QmpError) -> bool:
    """Was a hint refused because its round is over?"""
    return any(words in error.desc for words in OVER)


def attach(hops: KvmHops, variant: Variant, rng: random.Random) -> None:
    """An agent, and reporting."""
    here = hops.here
    if variant.played:
        hops.player = PlayedAgent(here.shm, here.qemu.agent_qmp, rng, DELAY, too_late)
    else:
        attach_agent(here)
    here.start_hints()


def ordinary(hops: KvmHops, rng: random.Random, shm: str) -> None:
    """Some passes: in some of them the hints are awaited, in others they are not."""
    hops.depart(shm=shm)
    hops.hinted()
    for _ in range(PASSES):
        hops.next_pass()
        if rng.random() < 0.5:
            hops.hinted()


def cancelled(hops: KvmHops, rng: random.Random, shm: str) -> None:
    """A migration is cancelled in some pass, and begun again."""
    hops.depart(shm=shm)
    hops.passes(rng.randrange(3))
    time.sleep(rng.random() / 2)
    hops.cancel()
    migration.go_on(hops.here.qemu)
    step("cancelled")
    hops.depart(shm=shm)
    hops.hinted()
    hops.passes(2)


def reloaded(hops: KvmHops, _: random.Random, shm: str) -> None:
    """The module goes while a round is open, perhaps in its scan, and comes back."""
    hops.depart(shm=shm)
    hops.hinted()
    hops.next_pass()
    hops.wait_round()
    ident = hops.here.query()["round"]
    with hops.guest_is_here():
        hops.here.guest.must(f"rmmod freehint; {INSMOD}", 60)
    step(f"reloaded in {'a' if hops.here.query()['round'] == ident else 'more than one'} round")
    hops.next_pass()
    hops.hinted()


WAYS = [ordinary, cancelled, reloaded]


def until_rewritten(hops: KvmHops, ways: list[Way]) -> Iterator[Way]:
    """These ways, then ordinary ones while no skipped page was written again."""
    yield from ways
    for _ in range(MORE):
        if hops.tally.rewritten or not hops.audited:
            return
        yield ordinary


def travel(variant: Variant, rng: random.Random, ways: list[Way]) -> Tally:
    """One guest, there and back on two files."""
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.NamedTemporaryFile(
            prefix="freehint-test-", dir="/dev/shm")).name for _ in range(2)]
        spec = linux_kvm.spec(accel=variant.accel, smp=variant.cpus, plugin_opts=",audit=on")
        hops = stack.enter_context(KvmHops(spec, variant.extra, shm=files[0]))
        for number, way in enumerate(until_rewritten(hops, ways), 1):
            attach(hops, variant, rng)
            early = False
            try:
                way(hops, rng, files[number % 2])
            except TooEarly as why:
                early = True
                step(f"the guest is there already: {why}")
            tally = hops.release_compared()
            check(tally.skipped > 0 or variant.played or early, f"nothing was hinted: {tally}")
            step(f"{way.__name__}: {tally}")
        hops.verify()
        check(hops.tally.skipped > 0, f"nothing was hinted: {hops.tally}")
        check(not hops.audited or hops.tally.rewritten > 0,
              f"no skipped page was written again: {hops.tally}")
        return hops.tally


def chosen(rng: random.Random) -> list[Variant]:
    """
    All variants. Where kernel mode is interpreted one takes a minute: an ordinary run has one with
    the real agent and one with a played agent, whose chunks are small or large, by the dice, and
    as many processors as the other tests of the run have. A soak has all.
    """
    if factor() > 1 or not host_kvm.interprets():
        return VARIANTS
    cpus, = processors((1, 2))
    played = [one for one in VARIANTS if one.accel == BITMAP and one.played]
    return [replace(one, cpus=cpus) for one in (VARIANTS[0], rng.choice(played), *VARIANTS[3:])]


def test() -> None:
    """The chosen variants."""
    linux_kvm.spec()
    build()
    rng = seeded()
    total = Tally()
    offset = rng.randrange(len(WAYS))
    for number, variant in enumerate(chosen(rng)):
        if not usable(variant.accel):
            continue
        ways = [WAYS[(number + offset) % len(WAYS)], ordinary]
        if factor() > 1:
            ways = rng.sample(WAYS * factor(), len(WAYS) * factor())
        total.add(travel(variant, rng, ways))
    step(f"all: {total}")


if __name__ == "__main__":
    run(test)
