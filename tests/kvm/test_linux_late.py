#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
Hints that come late, in a Linux guest under KVM: the guest reports its free pages, the test,
which plays the agent, keeps the hints to itself, and a program of the guest gets and writes
those pages. Then the hints are given, in their round, or after the next sync.

In its round the extension takes them and sends what was written nevertheless, and the audit
has seen the writes; the mutant that does not arm the log (no-arm) loses them. After the
sync the extension refuses them; the mutant that does not close the round (no-gate) takes
them and loses the pages. Found twice: by comparison of both sides, and by the program.
"""
from __future__ import annotations

import os

from baremetal import HintTooLate, TooEarly, build, in_time, while_round_is_open
from linux_guest import BITMAP, RING, KvmHops, check, chunks, step, usable, wait_for
from played_agent import MAX_COMMAND, Range, Region, View
from lib import host_kvm, linux_kvm
from lib.guest import Guest, GuestTimeout
from lib.machine import mutant
from lib.qmp import Qmp
from lib.result import run
from lib.soak import factor, times

VICTIM_MIB = 1
# Where kernel mode is interpreted a log takes a minute; test_linux_churn and test_torture_kvm
# have the large chunks, too, and the soak of this test has all logs.
LOGS = [(BITMAP, chunks(6)), (RING, [])]
if factor() > 1 or not host_kvm.interprets():
    LOGS.append((BITMAP, chunks(18)))
MUTANT_TRIES = 5
# Programs, by when the hints come.
IN_TIME, TOO_LATE = "in_time", "too_late"


def sampled(hops: KvmHops) -> tuple[int, list[Range]]:
    """The first round, and all that the guest reports in it."""
    hops.here.start_hints()
    hops.depart()
    wait_for(lambda: hops.here.query()["state"] == "round", "the first round")
    ident = hops.here.query()["round"]
    region, view, ranges = Region(hops.here.shm), View(round=ident), []

    def sealed() -> bool:
        ranges.extend(region.look(view) or [])
        return bool(view.sealed)

    wait_for(sealed, "the guest's seal")
    step(f"{sum(size for _, size in ranges) >> 12} pages reported")
    return ident, ranges


def use_free_pages(hops: KvmHops, victim: str) -> None:
    """The program `victim` gets pages that were free, and writes each once."""
    with hops.guest_is_here():
        hops.here.guest.spawn(victim, f"pagecheck {VICTIM_MIB}M /run/{victim} idle")
        wait_for(lambda: hops.here.guest.numbers(f"/run/{victim}").get("passes", 0) > 0,
                 "the program to own its pages", 60)


def mark(hops: KvmHops, ident: int, ranges: list[Range]) -> None:
    """What the agent says of a round; HintTooLate when that is over."""
    with while_round_is_open():
        mark_in_pieces(hops.here.qmp, ident, ranges)


def mark_in_pieces(qmp: Qmp, ident: int, ranges: list[Range]) -> None:
    """Commands as long as the agent's."""
    for at in range(0, len(ranges), MAX_COMMAND):
        piece = ranges[at:at + MAX_COMMAND]
        fd = os.memfd_create("ranges", os.MFD_CLOEXEC)
        try:
            os.write(fd, b"".join(start.to_bytes(8, "little") + size.to_bytes(8, "little")
                                  for start, size in piece))
            qmp.send_fd(fd, "ranges")
        finally:
            os.close(fd)
        qmp.command("x-freehint-mark-clean", round=ident, fdname="ranges", count=len(piece),
                    last=at + MAX_COMMAND >= len(ranges))


def in_its_round(hops: KvmHops) -> None:
    """Late, but not too late."""
    ident, ranges = sampled(hops)
    use_free_pages(hops, IN_TIME)
    mark(hops, ident, ranges)
    pages = sum(size for _, size in ranges) >> 12
    hops.wait_before_end(lambda: hops.here.counters()["pages-accepted"] >= pages,
                         "the hints to be applied")


def over_a_sync(hops: KvmHops, refused: bool) -> None:
    """Too late: the free pages have been sent, then used, and a sync has found that."""
    ident, ranges = sampled(hops)
    hops.next_pass()
    hops.crawl()
    use_free_pages(hops, TOO_LATE)
    hops.next_pass()
    if not hops.opened():
        raise TooEarly("the sync that has found the written pages opened no round")
    try:
        mark(hops, ident, ranges)
        check(not refused, f"hints of round {ident} were taken after it")
        hops.wait_before_end(lambda: hops.here.counters()["pages-accepted"] > 0,
                             "the hints of the mutant")
    except HintTooLate as error:
        check(refused, error.desc)


def looked_at(guest: Guest, paths: list[str], limit: float) -> int:
    """Pages that programs find wrong, after a look at each of their pages."""
    before = {path: guest.numbers(path)["passes"] for path in paths}
    wait_for(lambda: all(guest.numbers(path)["passes"] >= before[path] + 2 for path in paths),
             "the programs to look at their pages", limit)
    return sum(guest.numbers(path)["mismatches"] for path in paths)


def found_by_guest(hops: KvmHops, victims: list[str]) -> int:
    """What they say in the guest."""
    return looked_at(hops.here.guest, [f"/run/{victim}" for victim in victims], 60)


def found_in_broken(hops: KvmHops, victim: str, lost: bool) -> int:
    """
    The same in the guest of a mutant. If that gives no answer all pages are wrong, when others
    say that some were `lost`; else it is slow.
    """
    hops.here.guest.patience = 1
    try:
        return looked_at(hops.here.guest, [f"/run/{victim}"], 5)
    except (GuestTimeout, TimeoutError, KeyError, ValueError):
        return VICTIM_MIB << 8 if lost else 0


def check_whole(accel: str, extra: list[str]) -> None:
    """Nothing is lost, and the audit has seen what would have been."""
    with KvmHops(linux_kvm.spec(accel=accel, plugin_opts=",audit=on"), extra) as hops:
        in_its_round(hops)
        tally = hops.release_compared()
        check(tally.rewritten >= VICTIM_MIB << 7 or not hops.audited,
              f"few pages were used meanwhile: {tally}")
        over_a_sync(hops, refused=True)
        tally = hops.release_compared()
        check(tally.late > 0 and tally.hinted == 0, f"not too late: {tally}")
        wrong = found_by_guest(hops, [IN_TIME, TOO_LATE])
        check(wrong == 0, f"{wrong} pages are wrong: {hops.tally}")
        step(f"{hops.tally}")


def lost_by(name: str) -> int:
    """One migration with a mutant; pages that the program in the guest has lost."""
    spec = linux_kvm.spec(plugin=mutant(name), plugin_opts=",audit=on")
    with KvmHops(spec, chunks(6)) as hops:
        victim = IN_TIME if name == "no-arm" else TOO_LATE
        if victim == IN_TIME:
            in_its_round(hops)
        else:
            over_a_sync(hops, refused=False)
        tally = hops.release_compared(whole=False)
        differing = bool(tally.differing or not tally.compared)
        witnessed = bool(tally.witnessed or not hops.audited)
        wrong = found_in_broken(hops, victim, differing and witnessed)
        step(f"{name}: {wrong} of {VICTIM_MIB << 8} pages are wrong, says the guest; {tally}")
        check(not wrong or differing, f"but no page differs: {tally}")
        check(not wrong or witnessed, f"but the audit has seen nothing: {tally}")
        return wrong


def check_mutant(name: str) -> None:
    """The same must lose pages; on a busy machine some are sent before the hints come."""
    for _ in range(MUTANT_TRIES):
        if in_time(lambda: lost_by(name)):
            return
    check(False, f"{name} loses nothing: this test cannot see the bug")


def test() -> None:
    """The extension with each log, then the mutants."""
    linux_kvm.spec()
    build()
    for _ in range(times(1)):
        for accel, extra in LOGS:
            if usable(accel):
                in_time(lambda log=accel, more=extra: check_whole(log, more))
    for name in "no-arm", "no-gate":
        check_mutant(name)


if __name__ == "__main__":
    run(test)
