# SPDX-License-Identifier: GPL-2.0
"""
A Linux guest that travels under KVM: it starts from a state that was saved once, programs in
it verify their memory, and after each migration, before it runs on, every page of a program
or a file is compared between the two sides where the kernel is ours (linux_pages.py). The
audit (audit=on) watches all of it.
"""
from __future__ import annotations

import mmap
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path[:0] = [os.path.join(ROOT, "tests"), os.path.join(ROOT, "tests", "vm")]

# pylint: disable=wrong-import-position
import linux_pages  # noqa: E402
from baremetal import Failure, TooEarly  # noqa: E402
from played_agent import PlayedAgent  # noqa: E402
from support import Hops, check, comes_true, migration, step, wait_for  # noqa: E402
from lib import host_kvm, interpreted, linux_kvm, patience  # noqa: E402
from lib.guest import Guest, GuestTimeout  # noqa: E402
from lib.machine import Machine, Spec  # noqa: E402
from lib.qemu import Qemu  # noqa: E402
from lib.saved_state import booted  # noqa: E402
from lib.soak import Sums, factor, one_of_run  # noqa: E402

# KVM's two logs. A ring of this size is never full (baremetal.py).
BITMAP, RING = "kvm", "kvm,dirty-ring-size=65536"

# The first pass takes a second or two. Its end, and the later ones, are so slow that a test on
# a busy machine acts before all that was written is sent.
FIRST_PASS = 24 << 20
SPEED = 2 << 20
# Nothing to speak of is sent.
CRAWL = 64 << 10

# Passes in which somebody looks for a round at most, and how long in each, seconds of a quiet
# machine: a sync opens none where it would cost more than it saves.
ROUND_TRIES, ROUND_WAIT = 10, 2

# Programs of the guest: memory that is written all the time, so that no pass is the last one,
# and memory that comes and goes. Where kernel mode is interpreted they could use a processor for
# as long as a test lasts: their pace leaves most of it to what the test waits for.
PACE = ("2M", "512K") if host_kvm.interprets() and factor() == 1 else ("", "")
WORK = {"pagecheck": f"pagecheck 2M /run/pagecheck {PACE[0]}",
        "churn": f"churn 12M /run/churn {PACE[1]}"}

# Loads the module. It looks for the host's requests every millisecond unless told otherwise, and
# a look takes several milliseconds of an interpreter: the guest would do nothing else.
INSMOD = "insmod /modules/freehint.ko" + \
    (" poll_fast_us=50000" if host_kvm.interprets() else "")

# What the guest has done when it is saved, with one shell: what begins with "spawn" needs none.
PREPARE = (f"{interpreted.ENABLE}; {INSMOD}",
           *(f"spawn {name} {command}" for name, command in WORK.items()))
READY = tuple(f"/run/{name}" for name in WORK)

# Bits of /proc/sys/kernel/tainted: a bad page, an oops, a warning.
BROKEN = 1 << 5 | 1 << 7 | 1 << 9


def processors(every: tuple[int, ...]) -> tuple[int, ...]:
    """
    Numbers of processors that a test's guests have: `every` one. Where kernel mode is interpreted
    a guest boots for a minute, so an ordinary run has one of them by the dice.
    """
    if factor() > 1 or not host_kvm.interprets():
        return every
    return (1 + one_of_run(2),)


def usable(accel: str) -> bool:
    """
    Can a Linux guest be tried with this log? Where kernel mode is interpreted, a guest gave no
    answer for 160 s while it was migrated with the ring.
    """
    if accel != RING:
        return True
    if host_kvm.interprets():
        print("skipped: the dirty ring: Linux guests stand still with it where KVM interprets "
              "kernel mode", flush=True)
        return False
    try:
        with Qemu(["-accel", RING, "-machine", "none", "-display", "none", "-S"], name="ring"):
            return True
    except RuntimeError as error:
        print(f"skipped: the dirty ring: {str(error).splitlines()[-1]}", flush=True)
        return False


def chunks(shift: int) -> list[str]:
    """How QEMU cuts KVM's log: 2^shift pages are armed, or not, at once."""
    return ["-global", f"migration.x-clear-bitmap-shift={shift}"]


@dataclass
class Tally(Sums):
    """What was seen, summed over migrations."""
    migrations: int = 0
    rounds: int = 0
    hinted: int = 0
    skipped: int = 0
    late: int = 0
    rewritten: int = 0
    compared: int = 0
    differing: int = 0
    witnessed: int = 0
    switched: int = 0
    handed: int = 0

    def __str__(self) -> str:
        return (f"{self.migrations} migrations, {self.rounds} rounds, {self.hinted} pages "
                f"hinted, {self.skipped} skipped, {self.late} hints too late, "
                f"{self.rewritten} skipped pages written again, {self.compared} compared "
                f"between the sides, {self.differing} differ, {self.witnessed} lost writes "
                f"witnessed, {self.switched} switches to postcopy with {self.handed} pages "
                "handed over")


class OpenMachine(linux_kvm.KvmMachine):
    """A machine whose memory is a file that the test looks into."""

    def __init__(self, spec: Spec, **more: object) -> None:
        handle, self.ram_path = tempfile.mkstemp(prefix="freehint-ram-", dir="/dev/shm")
        os.ftruncate(handle, spec.memory_mib << 20)
        self.ram = mmap.mmap(handle, spec.memory_mib << 20)
        os.close(handle)
        super().__init__(replace(spec, backend="memory-backend-file",
                                 backend_opts=f",mem-path={self.ram_path},share=on"),
                         **more)  # type: ignore[arg-type]

    def stop(self) -> None:
        """End agent and QEMU, drop the memory."""
        super().stop()
        if not self.ram.closed:
            self.ram.close()
            os.unlink(self.ram_path)


def mismatches(guest: Guest) -> int:
    """What the programs have found wrong since they began."""
    total = 0
    for name in WORK:
        numbers = guest.numbers(f"/run/{name}")
        check("mismatches" in numbers, f"{name} says nothing")
        total += numbers["mismatches"]
    return total


class KvmHops(Hops):
    """
    Hops of a guest under KVM, with the programs of WORK in it; `tally` sums what was seen.

    The machines are made from the spec of the constructor, what linux_kvm.spec() returns and
    the log that the test is about. `extra` are more arguments of QEMU that the guest does not
    see. `player` is an agent that the test plays, which is stopped with its migration.
    """

    def __init__(self, spec: Spec, extra: list[str], shm: str | None = None,
                 seen: bool = True) -> None:
        """`seen`: memory is compared; without that a machine goes on when it can."""
        self.tally = Tally()
        self.audited = False
        self.player: PlayedAgent | None = None
        self._seen = seen
        self._spec = replace(spec, extra=[*spec.extra, *extra])
        self._plain = spec
        super().__init__(self._spec, shm=shm)
        step(f"{spec.accel} {' '.join(extra[1:])}, {spec.smp} CPUs: the guest works")

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        try:
            self._stop_player()
        finally:
            super().__exit__(kind, *rest)

    def _stop_player(self) -> None:
        """End an agent that the test plays."""
        player, self.player = self.player, None
        if player:
            player.stop()

    def add(self, spec: Spec, incoming: bool = False, shm: str | None = None) -> Machine:
        """
        The first machine loads the saved state; the others wait for a migration, and for
        `cont` after it.
        """
        self._count += 1
        state = None
        if not incoming:
            state = booted(self._plain, linux_kvm.KvmMachine, PREPARE, READY, interpreted.BOOT)
        elif self._seen:
            spec = replace(spec, extra=[*spec.extra, "-S"])
        kind = OpenMachine if self._seen else linux_kvm.KvmMachine
        vm = kind(spec, name=f"linux{self._count}", incoming=incoming, shm=shm, state=state)
        return self._stack.enter_context(vm)

    def depart(self, caps: dict[str, bool] | None = None, shm: str | None = None,
               bandwidth: int = CRAWL) -> None:
        """Begin a migration that stays in its first pass."""
        self.hold(self._spec, caps, shm, bandwidth)

    def syncs(self) -> int:
        """How often the migration has looked at the dirty log."""
        return migration.ram(self.here.qemu)["dirty-sync-count"]

    def wait_before_end(self, condition: Callable[[], object], what: str,
                        timeout: float = 30.0) -> None:
        """As wait_for(); TooEarly when the migration completes without that."""
        if not migration.comes_before_end(self.here.qemu, condition, what, timeout):
            migration.completed(self.here.qemu)
            raise TooEarly(f"it is over, without {what}")

    @contextmanager
    def guest_is_here(self) -> Iterator[None]:
        """TooEarly when the guest gives no answer because the migration has completed."""
        try:
            yield
        except (GuestTimeout, TimeoutError) as error:
            if migration.completed(self.here.qemu):
                raise TooEarly(f"the guest is elsewhere: {error}") from error
            raise

    def crawl(self) -> None:
        """Hold the pass."""
        migration.set_parameters(self.here.qemu, {"max-bandwidth": CRAWL})

    def hinted(self) -> None:
        """
        Hold the pass until the guest has answered, and something of that was taken; an agent
        that the test plays may keep all of it for later.
        """
        self.crawl()

        def taken() -> bool:
            now = self.here.query()["last-round"]
            heard = now["pages-accepted"] or (self.player and now["sync-to-command-us"])
            return bool(now["sync-to-seal-us"] and heard)

        self.wait_before_end(taken, "the hints of a round", 60)

    def opened(self) -> bool:
        """Hold the pass. Has the sync before it opened a round?"""
        self.crawl()
        return comes_true(lambda: self.here.query()["state"] == "round",
                          patience.seconds(ROUND_WAIT))

    def wait_round(self) -> None:
        """Hold a pass that has a round, this one or one of the next."""
        for _ in range(ROUND_TRIES):
            if self.opened():
                return
            self.next_pass()
        check(False, f"no round in {ROUND_TRIES} passes: {self.here.query()}")

    def next_pass(self) -> None:
        """
        Send what is dirty. TooEarly when the guest had no time to write more and the migration
        completes, on a machine with other work.
        """
        before = self.syncs()
        if before <= 1:
            migration.set_parameters(self.here.qemu, {"max-bandwidth": FIRST_PASS})
            migration.wait(self.here.qemu, 60,
                           lambda now: now["ram"]["remaining"] < 2 * SPEED, 0.01)
        migration.set_parameters(self.here.qemu, {"max-bandwidth": SPEED})
        info = migration.wait(self.here.qemu, 60,
                              lambda now: now["ram"]["dirty-sync-count"] > before, 0.01)
        if info["status"] == "completed":
            raise TooEarly(f"completed after {before} syncs")
        check(info["status"] == "active", f"the migration {info['status']}")

    def passes(self, number: int) -> None:
        """Some passes, each as short as it happens to be."""
        for _ in range(number):
            self.next_pass()

    def cancel(self) -> None:
        """As in Hops; TooEarly when the migration was over before."""
        if migration.cancel(self.here.qemu)["status"] == "completed":
            raise TooEarly("it was over before it could be cancelled")
        super().cancel()

    def release_compared(self, whole: bool = True) -> Tally:
        """
        Let the migration end, compare, let the guest go on, which is `here` then. Unless
        `whole`, an extension with a fault may lose pages.
        """
        assert self.there is not None
        migration.set_parameters(self.here.qemu, {"max-bandwidth": 0, "downtime-limit": 10000})
        info = migration.wait(self.here.qemu, 60)
        check(info["status"] == "completed",
              f"migration {info}\n{self.here.qemu.log()}{self.there.qemu.log()}")
        self._stop_player()
        if self._seen:
            wait_for(lambda: self.there.qemu.status() == "paused", "the guest to arrive")
        tally = self._count_up(whole)
        if self._seen:
            self.there.qmp.command("cont")
        migration.wait_running(self.there.qemu)
        self.arrive()
        return tally

    def _count_up(self, whole: bool) -> Tally:
        """What this migration was; both guests are at rest."""
        counters = self.here.counters()
        said = self.here.query().get("audit", {})
        if "impossible" in said:
            print(f"skipped: the audit: {said['impossible']}", flush=True)
            said = {}
        lost = said.get("violations", 0) + said.get("hints-late", 0)
        self.audited = bool(said)
        compared, differing = 0, []
        if self._seen and host_kvm.interprets():
            compared, differing = linux_pages.compare(self.here.ram, self.there.ram)
        tally = Tally(1, counters["rounds"], counters["pages-accepted"],
                      counters["pages-cleared"],
                      counters["refused-stale"] + counters["refused-closed"],
                      said.get("pages-written", 0), compared, len(differing), lost,
                      counters["switchovers"], counters["pages-switchover"])
        self.tally.add(tally)
        check(not whole or not (differing or lost),
              f"pages differ: {differing[:8]}, the audit says {said}: {tally}")
        return tally

    def verify(self) -> None:
        """The programs go on, and have found nothing wrong; nor has the kernel."""
        def checks() -> int:
            return self.here.guest.numbers("/run/pagecheck").get("checks", 0)

        before = checks()
        wait_for(lambda: checks() > before, "the guest's programs to go on", 60)
        wrong = mismatches(self.here.guest)
        check(not wrong, f"the guest's programs have found {wrong} wrong pages")
        if int(self.here.guest.must("cat /proc/sys/kernel/tainted")) & BROKEN:
            # minutes, where KVM interprets the kernel that writes it to a serial port
            said = self.here.guest.must("dmesg | tail -n 40", 120)
            raise Failure(f"the guest's kernel is broken: {said}")
