# SPDX-License-Identifier: GPL-2.0
"""
What the migration tests share: work that verifies memory content, migrations held
open for as long as a test needs them, and hops of one guest from QEMU to QEMU.
"""
from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import accel, interpreted, migration, patience  # noqa: E402
from lib.guest import Guest, GuestTimeout  # noqa: E402
from lib.machine import Machine, Spec  # noqa: E402
from lib.patience import comes_true, wait_for  # noqa: E402,F401
from lib.program import Agent  # noqa: E402
from lib.qemu import Qemu  # noqa: E402
from lib.qmp import Qmp, QmpError  # noqa: E402
from lib.result import Failure, Skip, check, step  # noqa: E402
from lib.saved_state import booted, is_common  # noqa: E402
from lib.soak import factor  # noqa: E402

# Slow enough that the work below dirties memory faster than it is sent.
HOLD_BANDWIDTH = (24 << 20) // accel.writes_slower(accel.chosen())

# So slow that a pass does not end before somebody wants the next one.
CRAWL = 64 << 10

# How fast the first pass is sent when a test waits for a later one, and how fast the others:
# no faster than the work below writes. At full speed a pass is over while a busy machine lets
# the guest wait, finds nothing written, and is the last.
FIRST_BANDWIDTH = (160 << 20) // accel.writes_slower(accel.chosen())
PASS_BANDWIDTH = (96 << 20) // accel.writes_slower(accel.chosen())

# MiB that each program of the work below deals with in a second: a tenth of what an emulated
# processor can do. More would only take processors from the migration: the guests of
# test_torture_work and kvm/test_linux_churn work as fast as they can, and so do these in a soak.
PACE = {"pagecheck": 128, "churn": 32, "zerocheck": 32}

# Seconds between two questions to a guest: each takes its processor milliseconds.
LOOK_EVERY = 0.2

# Left to a guest when it fills what is free.
SPARE_MIB = 40

# Migrations that may end before they are switched to postcopy.
SWITCH_TRIES = 20

# Lines of each log that a failed test shows.
LOG_TAIL = 40

# Lines of the guest kernel's first complaint that it shows; lockdep's are that long.
REPORT_LINES = 160

# Lines of a guest kernel that finds itself broken, for grep -E. Lockdep's that say INFO, and
# those with which a checker ends its work, are among them.
BROKEN = (r"\bBUG\b|Oops|general protection|Bad page|WARNING:|Kernel panic|pagealloc: |"
          r"INFO: (possible|inconsistent|trying|lockdep)|turning off the locking|ODEBUG|"
          r"(list|slab|memory) corruption")

# Stalls are left out: an overloaded test machine makes them.
STALLED = re.compile(r"watchdog: BUG|BUG: workqueue lockup")


def fitting(mib: int) -> int:
    """What to write in place of `mib` MiB: so much less as guests are slower."""
    return mib // accel.slower(accel.chosen())


def fill(guest: Guest, mib: int) -> None:
    """Write memory and free it: what is free then has old content."""
    guest.must(f"memfill {fitting(mib)}M", 120)


class Work:
    """Programs in the guest that own memory and check it for ever."""

    def __init__(self, guest: Guest, pages_mib: int = 64, churn_mib: int = 96,
                 zero_mib: int = 0) -> None:
        """Start them and wait until each has done a first round."""
        programs = {"pagecheck": fitting(pages_mib), "churn": fitting(churn_mib),
                    "zerocheck": fitting(zero_mib)}
        self.names = [name for name, size in programs.items() if size]
        for name in self.names:
            pace = f"{PACE[name]}M" if factor() == 1 else ""
            guest.spawn(name, f"{name} {programs[name]}M /run/{name} {pace}")
        wait_for(lambda: all(self._progress(guest, name) > 0 for name in self.names),
                 "the guest's programs to begin", 30, LOOK_EVERY)

    @contextmanager
    def resting(self, guest: Guest) -> Iterator[None]:
        """Stop them meanwhile: what is free then, they do not take."""
        for name in self.names:
            guest.must(f"kill -STOP $(cat /run/{name}.pid)")
        yield
        for name in self.names:
            guest.must(f"kill -CONT $(cat /run/{name}.pid)")

    @staticmethod
    def _progress(guest: Guest, name: str) -> int:
        """A number that grows with whole rounds of a program."""
        key = {"pagecheck": "passes", "churn": "blocks", "zerocheck": "pages"}[name]
        return guest.numbers(f"/run/{name}").get(key, 0)

    def verify(self, guest: Guest) -> None:
        """
        Check on the destination that every program went on and found no error.

        Two more passes of pagecheck look at each of its pages at least once.
        """
        before = {name: self._progress(guest, name) for name in self.names}
        wait_for(lambda: all(self._progress(guest, name) >= before[name] + 2
                             for name in self.names),
                 "the guest's programs to go on", 60, LOOK_EVERY)
        for name in self.names:
            numbers = guest.numbers(f"/run/{name}")
            wrong = numbers.get("mismatches", 0) + numbers.get("violations", 0)
            check(wrong == 0, f"{name} found wrong content: {numbers}")
        check_kernel(guest)
        step(f"content verified by {', '.join(self.names)}")


def complaints(guest: Guest) -> list[str]:
    """Lines of the guest kernel's log that say that something is broken."""
    log = guest.must(f"dmesg | grep -E '{BROKEN}' || true")
    return [line for line in log.splitlines() if not STALLED.search(line)]


def check_kernel(guest: Guest) -> None:
    """The guest's kernel has nothing to complain about."""
    bad = complaints(guest)
    if bad:
        step(guest.run(f"dmesg | grep -E -m 1 -A {REPORT_LINES} '{BROKEN}'")[1])
    check(not bad, "the guest's kernel is broken:\n" + "\n".join(bad[:10]))


def free_mib(guest: Guest) -> int:
    """
    MiB of free memory, less what the guest needs so as not to kill anything. Worth something
    only while nobody takes it: see Work.resting().
    """
    return guest.mem_free_mib() - SPARE_MIB


def attach_agent(vm: Machine) -> Agent:
    """Start the machine's agent; it has its connection and the region on return."""
    agent = vm.start_agent()
    agent.wait_said("attached")
    return agent


def expect_refusal(qmp: Qmp, command: str, pattern: str,
                   arguments: dict[str, Any] | None = None) -> str:
    """A command must fail with a description that matches; returns it."""
    try:
        answer = qmp.command(command, arguments or {})
    except QmpError as error:
        check(re.search(pattern, error.desc),
              f"{command} was refused, but not with /{pattern}/: {error.desc}")
        return error.desc
    check(False, f"{command} {arguments} was not refused but returned {answer}")
    return ""


def _pass(info: dict[str, Any]) -> int:
    """The pass that a migration is in."""
    return info.get("ram", {}).get("dirty-sync-count", 0)


def wait_pass(src: Qemu, number: int, timeout: float, hold: int = HOLD_BANDWIDTH,
              speeds: tuple[int, int] = (FIRST_BANDWIDTH, PASS_BANDWIDTH),
              until: Callable[[dict[str, Any]], bool] = lambda now: False) -> dict[str, Any]:
    """
    Wait until a held migration is in pass `number`, or `until` holds; then `hold` it again.
    `speeds` are those of the first pass and of later ones meanwhile.
    """
    for speed, end in zip(speeds, (min(number, 2), number)):
        if _pass(info := migration.info(src)) < end:
            migration.set_parameters(src, {"max-bandwidth": speed})
            info = migration.wait(src, timeout,
                                  lambda now, end=end: until(now) or _pass(now) >= end, 0.01)
    migration.set_parameters(src, {"max-bandwidth": hold})
    return info


class Hops:
    """
    One guest that travels: `here` is the machine it runs in, hold() and release()
    drive a migration to a fresh machine. A context manager.
    """

    def __init__(self, spec: Spec, module: bool = True, shm: str | None = None,
                 common: bool = False) -> None:
        """
        Boot the guest in a first machine; `shm` as for Machine. With `common` another test
        begins with the same guest, and so it is saved.
        """
        self._common = common
        self._stack = ExitStack()
        self._count = 0
        self.there: Machine | None = None
        try:
            self.here = self._up(spec, module, shm)
        except BaseException as error:
            self.__exit__(type(error))
            raise
        step("guest is up")

    def __enter__(self) -> "Hops":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind and kind is not Skip:
            self._show_logs()
        self._stack.close()

    def _up(self, spec: Spec, module: bool, shm: str | None) -> Machine:
        """
        A machine with a guest that answers. A kernel that hangs before its first word was seen
        once, on a busy machine, long before it has a module: it is shown, and another begins.
        """
        self.here = self.add(spec, shm=shm)
        try:
            return self.here.boot(module=module)
        except GuestTimeout as error:
            if self.here.console():
                raise
            print(f"a guest hung in its boot, another one begins: {error}", flush=True)
        self.here.stop()
        self.here = self.add(spec, shm=shm)
        return self.here.boot(module=module)

    def _show_logs(self) -> None:
        """Whatever may tell why the test failed."""
        # there is no machine yet if the first cannot be made
        for vm in (getattr(self, "here", None), self.there):
            if vm is None or not os.path.exists(vm.qemu.dir):
                continue
            agent_log = vm.agent.log() if vm.agent else ""
            for title, text in (("console", vm.console()), ("QEMU", vm.qemu.log()),
                                ("agent", agent_log)):
                for line in text.splitlines()[-LOG_TAIL:]:
                    print(f"{vm.name} {title}: {line}")

    def add(self, spec: Spec, incoming: bool = False, shm: str | None = None) -> Machine:
        """Start a machine that ends with the test at the latest."""
        self._count += 1
        state = None
        # an interpreted guest boots for minutes; arguments of a test's own may name files of
        # this run
        if not (incoming or spec.extra) and accel.interpreted(spec.accel):
            state = booted(spec, commands=(interpreted.ENABLE,), lifetime=interpreted.BOOT)
        elif not incoming and (is_common(spec) or self._common and spec.accel == "tcg"):
            state = booted(spec)
        vm = Machine(spec, name=f"vm{self._count}", incoming=incoming, shm=shm, state=state)
        return self._stack.enter_context(vm)

    def hold(self, spec: Spec | None = None, caps: dict[str, bool] | None = None,
             shm: str | None = None, bandwidth: int = HOLD_BANDWIDTH,
             at_once: Callable[[], object] = lambda: None) -> None:
        """
        Begin a migration to a fresh machine that cannot end before release();
        `at_once` is called while it is still being set up.
        """
        self.there = self.add(spec or self.here.spec, incoming=True, shm=shm)
        migration.begin(self.here.qemu, self.there.qemu, caps,
                        {"max-bandwidth": bandwidth, "downtime-limit": 1})
        at_once()
        migration.wait(self.here.qemu, 20, lambda now: now["status"] == "active")

    def wait_pass(self, number: int, timeout: float = 60.0) -> dict[str, Any]:
        """
        Wait until the held migration is in pass `number`; passes are short meanwhile. It may end
        before, when a busy machine lets the guest write nothing in one.
        """
        return wait_pass(self.here.qemu, number, timeout)

    def release(self, timeout: float = 60.0) -> dict[str, Any]:
        """Let the held migration end; the guest is `here` afterwards."""
        assert self.there is not None
        migration.set_parameters(self.here.qemu,
                                 {"max-bandwidth": 0, "downtime-limit": 5000})
        info = migration.wait(self.here.qemu, timeout)
        check(info["status"] == "completed",
              f"migration {info['status']}: {info.get('error-desc')} "
              f"{self.here.qemu.log()} {self.there.qemu.log()}")
        migration.wait_running(self.there.qemu)
        step(f"migrated in {info['total-time']} ms, {info['ram']['dirty-sync-count']} "
             f"syncs, {info['ram']['transferred'] >> 20} MiB")
        return info

    def _hints_come(self, rounds: int) -> bool:
        """As wait_hints(); False when the migration ends before."""
        def came() -> bool:
            now = self.here.counters()
            return now["rounds"] >= rounds and now["pages-cleared"] > 0

        return migration.comes_before_end(
            self.here.qemu, came, lambda: f"hints of {rounds} rounds: {self.here.counters()}, "
            f"{migration.info(self.here.qemu)}", 60)

    def wait_hints(self, rounds: int = 1) -> None:
        """
        Wait until so many rounds were opened and pages skipped in the held migration. Further
        passes come meanwhile: a sync opens no round where it would cost more than it saves.
        """
        check(self._hints_come(rounds), f"it ended before the hints of {rounds} rounds: "
              f"{self.here.counters()}, {migration.info(self.here.qemu)}")

    def hinted(self, passes: int, spec: Spec | None = None, rounds: int = 1) -> dict[str, int]:
        """
        A hinted migration to a fresh machine, of so many rounds or more, and of so many passes
        unless it ends before; `here` stays the old one until arrive(). One that ends before its
        rounds is followed by another. Returns the counters.
        """
        for _ in range(SWITCH_TRIES):
            attach_agent(self.here)
            self.here.start_hints()
            # the first hints have to come before the end, however soon that is then
            self.hold(spec, bandwidth=CRAWL)
            self.wait_hints()
            if passes > 1:
                self.wait_pass(passes)
            enough = self._hints_come(rounds)
            self.release()
            if enough:
                return hints_arrived(self.here)
            step("it ended before its last round")
            self.arrive()
        raise Failure(f"{SWITCH_TRIES} migrations ended before {rounds} rounds")

    def arrive(self) -> Machine:
        """The source of a completed migration is ended; returns the new machine."""
        assert self.there is not None
        self.here.stop()
        self.here, self.there = self.there, None
        return self.here

    def cancel(self) -> None:
        """Cancel the held migration, unless it was cancelled before, and end its destination."""
        assert self.there is not None
        info = migration.cancel(self.here.qemu)
        check(migration.is_cancelled(self.here.qemu, info),
              f"migration {info['status']}, not cancelled")
        self.there.stop()
        self.there = None


def switch_to_postcopy(hops: Hops, depart: Callable[[], object]) -> None:
    """
    `depart` begins a migration, and it is switched: the guest runs there on return, which at
    full speed can be the end of it. A precopy that ends before the switch is followed by
    another.
    """
    for _ in range(SWITCH_TRIES):
        depart()
        assert hops.there is not None
        info = migration.switch_to_postcopy(hops.here.qemu, hops.there.qemu)
        if info["ram"]["postcopy-bytes"] or info["status"] == "postcopy-active":
            step("switched")
            return
        step("it ended before the switch")
        hops.arrive()
    check(False, f"{SWITCH_TRIES} migrations ended before the switch")


def cancel(hops: Hops, depart: Callable[[], object]) -> None:
    """
    `depart` begins a migration, and it is cancelled. One that ends before, because a busy machine
    lets the guest write nothing in a pass, is followed by another.
    """
    for _ in range(SWITCH_TRIES):
        depart()
        assert hops.there is not None
        info = migration.cancel(hops.here.qemu)
        if info["status"] != "completed":
            hops.cancel()
            return
        step("it ended before it could be cancelled")
        hops.arrive()
    raise Failure(f"{SWITCH_TRIES} migrations ended before they could be cancelled")


def hints_arrived(vm: Machine) -> dict[str, int]:
    """The extension took pages out of the dirty bitmap; returns its counters."""
    counters = vm.counters()
    log = vm.agent.log() if vm.agent else "(no agent)"
    check(counters["pages-cleared"] > 0,
          f"no page was skipped: {counters}\nthe agent says:\n{log}")
    step(f"{counters['pages-cleared']} pages skipped in {counters['rounds']} rounds")
    return counters
