# SPDX-License-Identifier: GPL-2.0
"""
The torture guest and its travels: it uses memory at random, publishes rounds with the
guest module's code, and goes from QEMU to QEMU. After every migration, before
the guest runs on, each page in use is compared between the two sides; then the guest
compares each with what it has written there.
"""
from __future__ import annotations

import mmap
import os
import random
import struct
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import chain

from baremetal import BUILD, EXTENSION, MIB, PAGE, Machine, check, migration, step, wait_for
from lib.program import Agent
from lib.soak import Sums
from played_agent import PlayedAgent

ROM = os.path.join(BUILD, "tests", "kvm", "torture.rom")

# torture/machine.h and torture/report.h
ORDERS, REPORT, SHADOW, PAGES = 0x1000, 0x100000, 0x101000, 0x400000
REPORTED = ("fault", "level", "cpus", "arrivals", "compared", "wrong", "rounds", "aborted",
            "reported", "reused", "taken", "freed", "written", "offered", "given", "taken_back",
            "nonzero")
# torture/pages.h
FREE, OWNED = 0, 0x80000000
# No RAM: the VGA hole and the ROM's shadow
HOLE = range(0xa0000, 0x100000)

# QEMU sends in slices of 100 ms. The first pass takes some; then the guest writes
# about as much as QEMU may send, and a slice holds a pass or two.
FIRST_PASS = 64 * MIB

# Syncs of a migration until it is told to end.
HOP = 25

# The part of migrations before which another one is cancelled.
CANCELLED = 0.1

POLL = 0.005
DEADLINE = 60.0
LIFETIME = 400.0


def chunks(shift: int) -> list[str]:
    """How QEMU cuts the dirty log: 2^shift pages are armed, or not, at once."""
    return ["-global", f"migration.x-clear-bitmap-shift={shift}"]


@dataclass
class Variant:
    """
    One cell of the matrix.

    accel     -accel of QEMU
    extra     more arguments of QEMU, on both sides
    cpus      1, or 2: the second one uses memory while the first scans
    played    the test plays the agent; otherwise it is the real one
    mem       guest memory
    first     memory is used from this address on; what lies below is always free
    heat      pages that the guest writes again and again
    beat      pause between two such writes, cycles
    pause     longest pause of the guest between two polls, cycles
    linger    longest pause of the guest in the middle of a scan, cycles
    delay     longest delay of a played agent, seconds
    bandwidth bytes per second to choose from, after the first pass
    """
    name: str
    accel: str = "kvm"
    extra: list[str] = field(default_factory=list)
    cpus: int = 1
    played: bool = False
    mem: int = 64 * MIB
    first: int = PAGES
    heat: int = 160
    beat: int = 100000
    pause: int = 4000000
    linger: int = 200000
    delay: float = 0.01
    bandwidth: tuple[int, ...] = (8 * MIB, 10 * MIB, 12 * MIB)


@dataclass
class Tally(Sums):
    """What was seen, summed over migrations."""
    migrations: int = 0
    rounds: int = 0
    hinting: int = 0
    sealed: int = 0
    hinted: int = 0
    cleared: int = 0
    late: int = 0
    reused: int = 0
    compared: int = 0
    differing: int = 0
    checked: int = 0
    wrong: int = 0

    def lost(self) -> int:
        """Pages that did not arrive, by either count."""
        return max(self.differing, self.wrong)

    def __str__(self) -> str:
        return (f"{self.migrations} migrations, {self.rounds} rounds ({self.sealed} sealed, "
                f"{self.hinting} with hints), "
                f"{self.hinted} pages hinted, {self.cleared} skipped, {self.late} too late, "
                f"{self.reused} re-dirtied, {self.compared} compared between the sides, "
                f"{self.differing} differ, {self.checked} checked by the guest, "
                f"{self.wrong} wrong")


class TortureMachine(Machine):
    """A machine whose memory is a file that we look into; it waits for `cont`."""

    def __init__(self, variant: Variant, *, name: str, extension: str = EXTENSION,
                 incoming: bool = False) -> None:
        handle, self.ram_path = tempfile.mkstemp(prefix="freehint-ram-", dir="/dev/shm")
        os.ftruncate(handle, variant.mem)
        self.ram = mmap.mmap(handle, variant.mem)
        os.close(handle)
        extra = ["-S", "-no-reboot", "-smp", str(variant.cpus), *variant.extra]
        super().__init__(variant.accel, name=name, mem=variant.mem, extension=extension,
                         incoming=incoming, extra=extra, rom=ROM, ram=self.ram_path,
                         lifetime=LIFETIME)
        self.variant = variant
        self.agent: Agent | PlayedAgent | None = None

    def stop(self) -> None:
        """End agent and QEMU, drop the memory."""
        self.stop_agent()
        super().stop()
        self.ram.close()
        if os.path.exists(self.ram_path):
            os.unlink(self.ram_path)

    def stop_agent(self) -> None:
        """End the agent, if there is one."""
        agent, self.agent = self.agent, None
        if agent:
            agent.stop()

    def give_orders(self, seed: int) -> None:
        """Before the guest runs for the first time."""
        variant = self.variant
        struct.pack_into("<8Q", self.ram, ORDERS, seed, variant.mem // PAGE,
                         variant.first // PAGE, variant.cpus, variant.heat, variant.beat,
                         variant.pause, variant.linger)

    def report(self) -> dict[str, int]:
        """The guest's own numbers."""
        values = struct.unpack_from(f"<{len(REPORTED)}Q", self.ram, REPORT)
        report = dict(zip(REPORTED, values))
        check(report["fault"] == 0, f"{self.name}: the guest gave up: {report}")
        return report

    def run_guest(self, arrivals: int) -> dict[str, int]:
        """Let it run until it has greeted so many hosts; its report."""
        self.qmp.command("cont")
        def arrived() -> bool:
            check(self.alive(), f"{self.name} has ended:\n{self.log()}")
            return self.report()["arrivals"] >= arrivals

        wait_for(arrived, lambda: f"the guest of {self.name} to publish its hello: "
                 f"{self.report()}, {self.status()}\n{self.log()}", DEADLINE, POLL)
        return self.report()

    def start_agent(self, rng: random.Random) -> None:
        """The real one or a played one, and reporting."""
        if self.variant.played:
            self.agent = PlayedAgent(self.shm, self.agent_qmp, rng, self.variant.delay,
                                     self.too_late)
        else:
            poll = rng.choice((50, 200, 1000))
            self.agent = Agent(self.shm, self.agent_qmp, [f"--poll-us={poll}"])
        self.qmp.command("x-freehint-start")


def differing_pages(src: TortureMachine, dst: TortureMachine) -> tuple[int, list[int]]:
    """
    Compare every page in use, byte for byte, with both guests at rest: the guest's own
    memory and all that the shadow table calls filled. How many, and which differ.
    """
    shadow = struct.unpack_from(f"<{src.mem // PAGE}I", src.ram, SHADOW)
    own = (page for page in range(PAGES // PAGE) if page * PAGE not in HOLE)
    filled = (page for page in range(src.variant.first // PAGE, src.mem // PAGE)
              if shadow[page] != FREE and not shadow[page] & OWNED)
    compared, differing = 0, []
    for page in chain(own, filled):
        at = page * PAGE
        compared += 1
        if src.ram[at:at + PAGE] != dst.ram[at:at + PAGE]:
            differing.append(page)
    return compared, differing


class Traveller:
    """A torture guest on its way from machine to machine; a context manager."""

    def __init__(self, variant: Variant, rng: random.Random,
                 extension: str = EXTENSION) -> None:
        self.variant = variant
        self.rng = rng
        self.extension = extension
        self._hops = 0
        self._known: dict[str, int] = {}
        self.here = TortureMachine(variant, name="t0", extension=extension)

    def __enter__(self) -> "Traveller":
        try:
            self.here.start()
            self.here.give_orders(self.rng.getrandbits(63))
            self._known = self.here.run_guest(1)
        except BaseException:
            self.here.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.here.stop()

    def hop(self, rounds: int, extra: Iterable[str] = ()) -> Tally:
        """
        One migration to a fresh machine, of about so many rounds; `extra` are arguments of its
        QEMU alone.
        """
        self._hops += 1
        src = self.here
        there = replace(self.variant, extra=[*self.variant.extra, *extra])
        dst = TortureMachine(there, name=f"t{self._hops}", extension=self.extension,
                             incoming=True)
        try:
            src.start_agent(self.rng)
            dst.start()
            if self.rng.random() < CANCELLED:
                self._cancel(src)
            self._migrate(src, dst, rounds)
            tally = self._count(src, dst)
        except BaseException:
            dst.stop()
            raise
        src.stop()
        self.here = dst
        return tally

    def _migrate(self, src: TortureMachine, dst: TortureMachine, rounds: int) -> None:
        """A quick first pass, many short ones, then no more."""
        migration.begin(src, dst, params={"max-bandwidth": FIRST_PASS, "downtime-limit": 1})
        self._watch(src, lambda ram: 0 < ram.get("remaining", 0) < FIRST_PASS // 10)
        src.bandwidth(self.rng.choice(self.variant.bandwidth))
        self._watch(src, lambda ram: ram.get("dirty-sync-count", 0) >= rounds)
        migration.set_parameters(src, {"downtime-limit": 2000, "max-bandwidth": 0})
        info = migration.wait(src, DEADLINE, period=POLL)
        check(info["status"] == "completed", f"migration {info}\n{src.log()}{dst.log()}")
        migration.wait_loaded(dst)

    def _cancel(self, src: TortureMachine) -> None:
        """A migration that comes to nothing after a few rounds."""
        with TortureMachine(self.variant, name="nowhere", extension=self.extension,
                            incoming=True) as nowhere:
            migration.begin(src, nowhere, params={"max-bandwidth": FIRST_PASS,
                                                  "downtime-limit": 1})
            few = self.rng.randrange(4)
            self._watch(src, lambda ram: ram.get("dirty-sync-count", 0) >= few)
            # also when it was quicker than we: the other guest does not run, ours goes on
            migration.cancel(src)
            migration.go_on(src)

    def _watch(self, src: TortureMachine, until: Callable[[dict[str, int]], bool]) -> None:
        """Until the migration has come so far, or is over."""
        migration.wait(src, DEADLINE, lambda now: until(now.get("ram", {})), POLL)

    def _count(self, src: TortureMachine, dst: TortureMachine) -> Tally:
        """Compare, let the guest go on and check; all numbers of this migration."""
        counters = src.counters()
        src.stop_agent()
        compared, differing = differing_pages(src, dst)
        if differing:
            step(f"pages differ: {differing[:8]}")
        before, self._known = self._known, dst.run_guest(self._known["arrivals"] + 1)
        news = {name: self._known[name] - before[name] for name in REPORTED}
        return Tally(migrations=1, rounds=counters["rounds"],
                     hinting=counters["rounds"] - counters["rounds-empty"],
                     sealed=counters["rounds-sealed"], hinted=counters["pages-accepted"],
                     cleared=counters["pages-cleared"],
                     late=counters["refused-stale"] + counters["refused-closed"],
                     reused=news["reused"], compared=compared, differing=len(differing),
                     checked=news["compared"], wrong=news["wrong"])


def torture(variant: Variant, rng: random.Random, rounds: int) -> Tally:
    """Migrate until there were enough rounds; fail as soon as anything is lost."""
    total = Tally()
    with Traveller(variant, rng) as guest:
        while total.hinting < rounds or not total.reused:
            total.add(guest.hop(HOP))
            check(not total.lost(), f"{variant.name}: pages are lost: {total}")
            check(total.migrations < 10 + rounds, f"{variant.name}: no rounds come "
                  f"about, or no page is taken after it was reported: {total}")
    step(f"{variant.name}: {total}")
    return total
