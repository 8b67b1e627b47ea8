#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Hints, and then a switch to postcopy: a skipped page is served while postcopy goes on, a page
that was written after its hint arrives as written, a free one as zeros, in next to no bytes.
After a late switch with many free pages the used ones between them are as they were.

The extension that does not set skipped pages dirty has to leave the guest waiting, and the
one that does not look at the log has to lose writes, or this test could not see either.
"""
from __future__ import annotations

from functools import partial

from baremetal import (CRAWL, EXTENSION, MIB, PAGE, PATIENT, RING, Failure, GuestStopped, Machine,
                       TooEarly, accelerators, build, check, hold, in_time, migration, mutant,
                       pair, release, run, step, wait_for)

OLD, NEW, THERE = 0x11111111, 0x22222222, 0x33333333
MEM = 256 * MIB

# Sent first, at a crawl, while everything else happens.
FILLER = range(1 * MIB, 9 * MIB)
# Hinted and never written again.
UNTOUCHED = range(16 * MIB, 112 * MIB)
# Reported free, then written, and hinted only then; across a word of any bitmap.
LATE = range(112 * MIB + 5 * PAGE, 128 * MIB + 3 * PAGE)
# Hinted, then written before the switch.
REUSED = range(140 * MIB, 148 * MIB)
# Written on the destination first thing; some of them hinted, some never.
TOUCHED = [range(at * MIB, at * MIB + 16 * PAGE) for at in (20, 60, 109, 200)]
CAPS = {"postcopy-ram": True}

# A late switch: one page in two is free, all that is used was sent but for the end of the tail.
MIXED = range(16 * MIB, 48 * MIB)
TAIL = range(200 * MIB, 240 * MIB)
PASS_SPEED = 64 * MIB
CRAWLS_FROM = 24 * MIB


def hint(src: Machine) -> int:
    """One round with late hints and pages that are used again; pages still skipped."""
    now = src.wait_round()
    src.publish(now, range(UNTOUCHED.start, REUSED.stop))
    src.write(LATE, NEW)
    src.mark_fd(now, UNTOUCHED, LATE, REUSED, last=True)
    src.wait_applied(sum(len(region) for region in (UNTOUCHED, LATE, REUSED)) // PAGE)
    src.write(REUSED, NEW)
    return len(UNTOUCHED) // PAGE


def begin(src: Machine, dst: Machine) -> int:
    """Written, hinted, and about to crawl into postcopy."""
    src.wait_boot()
    for region in (FILLER, UNTOUCHED, LATE, REUSED):
        src.write(region, OLD)
    src.start_hints()
    hold(src, dst, CAPS, {"max-postcopy-bandwidth": CRAWL})
    return hint(src)


def check_counters(src: Machine, skipped: int) -> None:
    """Every page that was still skipped was handed over and made zero, no other."""
    wait_for(lambda: src.counters()["pages-zeroed"] >= skipped, "the skipped pages to be zero")
    counters = src.counters()
    check(counters["switchovers"] == 1 and counters["rounds-refused"] == 0 and
          counters["pages-switchover"] == counters["pages-zeroed"] == skipped,
          f"{skipped} pages were skipped: {counters}")


def all_zero(src: Machine) -> bool:
    """Was every page made zero that was handed over?"""
    counters = src.counters()
    return counters["pages-zeroed"] >= counters["pages-switchover"] > 0


def check_extension(accel: str, share: bool) -> None:
    """Nothing waits, nothing is lost, nothing free is sent."""
    name = f"{accel}, {'shared' if share else 'private'} memory"
    with pair(accel, {"extension": EXTENSION + PATIENT}, mem=MEM, share=share) as (src, dst):
        skipped = begin(src, dst)
        migration.switch_to_postcopy(src, dst)
        for region in TOUCHED:
            dst.write(region, THERE)
        status = migration.info(src)["status"]
        check(status == "postcopy-active", f"{name}: {status}, postcopy ended too early")
        check_counters(src, skipped)
        sent = release(src, dst)["ram"]["postcopy-bytes"]
        for region, pattern in [(FILLER, OLD), (LATE, NEW), (REUSED, NEW),
                                *((region, THERE) for region in TOUCHED)]:
            lost = dst.lost(region, pattern)
            check(lost == 0, f"{name}: {lost} pages of {region} are wrong")
        zeros = dst.dump(UNTOUCHED).count(0)
        # next to a page that the guest touched, before they were made zero
        early = skipped - dst.lost(UNTOUCHED, OLD)
        touched = sum(len(region) // PAGE for region in TOUCHED[:3])
        check(zeros + early == skipped - touched and zeros > skipped // 2,
              f"{name}: of {skipped - touched} pages that are free {zeros} read as zero, "
              f"{early} as they were")
        # The filler, what was written, and nine bytes for each zero page.
        used = len(FILLER) + len(LATE) + len(REUSED) + early * PAGE
        check(sent < used + MEM // PAGE * 32, f"{name}: {sent} bytes after the switch")
        step(f"{name}: {skipped} skipped pages handed over, {sent >> 10} KiB sent after "
             f"the switch, {used >> 10} KiB of it in use")


def send_all_but_tail(src: Machine) -> None:
    """The first pass, until it is in TAIL."""
    src.bandwidth(PASS_SPEED)
    wait_for(lambda: migration.ram(src)["remaining"] < CRAWLS_FROM, "the pass", period=0.005)
    src.bandwidth(CRAWL)
    if migration.info(src)["status"] != "active":
        raise TooEarly("the pass is over")


def hint_every_second(src: Machine) -> int:
    """One page in two of MIXED; pages hinted."""
    now = src.wait_round()
    src.publish(now, MIXED, every=2)
    free = [range(at, at + PAGE) for at in MIXED[::2 * PAGE]]
    src.mark_fd(now, *free, last=True)
    src.wait_applied(len(free))
    return len(free)


def check_late(accel: str, share: bool) -> None:
    """After a pass each free page is a run of its own; the used ones between may come again."""
    with pair(accel, {"extension": EXTENSION + PATIENT}, mem=MEM, share=share) as (src, dst):
        src.wait_boot()
        src.write(MIXED, OLD)
        src.write(TAIL, OLD)
        src.start_hints()
        hold(src, dst, CAPS, {"downtime-limit": 1})
        free = hint_every_second(src)
        send_all_but_tail(src)
        migration.switch_to_postcopy(src, dst)
        check_counters(src, free)
        release(src, dst)
        words = dst.dump(MIXED)
        lost = sum(word != (MIXED.start + PAGE * i) ^ OLD
                   for i, word in enumerate(words) if i % 2)
        check(lost == 0, f"{accel}: {lost} used pages between free ones are wrong")
        check(dst.lost(TAIL, OLD) == 0, f"{accel}: writes are lost")
        step(f"{accel}, {'shared' if share else 'private'} memory: a late switch with {free} "
             f"free pages, {words.count(0)} of them read as zero")


def check_no_redirty(accel: str) -> None:
    """Without setting skipped pages dirty the guest waits for the first one it touches."""
    with pair(accel, {"extension": mutant("no-redirty") + PATIENT}, mem=MEM) as (src, dst):
        begin(src, dst)
        migration.switch_to_postcopy(src, dst)
        dst.patience = 5.0
        try:
            dst.write(TOUCHED[0], THERE)
        except (Failure, GuestStopped):
            step(f"{accel}, no-redirty: the guest waits for a skipped page")
        else:
            raise Failure("the guest got a page that nobody sends: this test cannot "
                          "see the bug it is for")


def check_no_log(accel: str) -> None:
    """Without looking at the log, pages that were used again arrive as zeros."""
    with pair(accel, {"extension": mutant("no-log") + PATIENT}, mem=MEM) as (src, dst):
        begin(src, dst)
        migration.switch_to_postcopy(src, dst)
        wait_for(lambda: all_zero(src), "the skipped pages to be zero")
        release(src, dst)
        lost = dst.lost(REUSED, NEW)
        step(f"{accel}, no-log: {lost} of {len(REUSED) // PAGE} writes are lost")
        check(lost > 0, "without the log nothing is lost: this test cannot see the bug "
                        "it is for")


def check_never_used(accel: str) -> None:
    """The capability alone changes nothing: hints count in full, and nothing is handed over."""
    with pair(accel, {"extension": EXTENSION + PATIENT}, mem=MEM) as (src, dst):
        skipped = begin(src, dst)
        release(src, dst)
        counters = src.counters()
        check(counters["switchovers"] == 0 and counters["pages-zeroed"] == 0,
              f"there was no switch: {counters}")
        check(dst.dump(UNTOUCHED).count(0) == skipped, "hints do nothing")
        check(dst.lost(LATE, NEW) == 0 and dst.lost(REUSED, NEW) == 0, "writes are lost")


def check_failed_switch(accel: str) -> None:
    """The link breaks at the switch: the guest runs on where it was, and keeps its writes."""
    caps = {**CAPS, "pause-before-switchover": True}
    with pair(accel, {"extension": EXTENSION + PATIENT}, mem=MEM) as (src, dst):
        migration.set_capabilities(src, caps)
        begin(src, dst)
        src.qmp.command("migrate-start-postcopy")
        migration.wait(src, 30, lambda now: now["status"] == "pre-switchover")
        dst.stop()
        src.qmp.command("migrate-continue", state="pre-switchover")
        info = migration.wait(src, 30)
        check(info["status"] == "failed", f"migration {info}")
        migration.go_on(src)
        src.write(UNTOUCHED, THERE)
        for region, pattern in (FILLER, OLD), (LATE, NEW), (REUSED, NEW), (UNTOUCHED, THERE):
            check(src.lost(region, pattern) == 0, f"{region} is damaged on the source")
        step(f"{accel}: a switch that fails: {src.counters()['pages-zeroed']} pages were "
             f"zero when the guest came back")


def test() -> None:
    """Every accelerator, private and shared memory; mutants on the first."""
    build()
    accels = accelerators()
    for accel in accels:
        for share in False, True:
            in_time(partial(check_extension, accel, share))
            in_time(partial(check_late, accel, share))
        in_time(partial(check_never_used, accel))
        in_time(partial(check_failed_switch, accel))
    if "kvm" in accels:
        in_time(partial(check_extension, RING, share=False))
    in_time(partial(check_no_redirty, accels[0]))
    in_time(partial(check_no_log, accels[0]))


if __name__ == "__main__":
    run(test)
