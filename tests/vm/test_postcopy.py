#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
Hints, and then a switch to postcopy at a random moment, under load: the guest goes on at once,
also on pages that were skipped, content is verified, and free memory is neither sent nor
populated. With preemption, with a link that breaks, and on a host that allows no
userfaultfd.
"""
from __future__ import annotations

import dataclasses
import os
import random
import subprocess
import time
from collections.abc import Callable
from typing import Any

from support import (HOLD_BANDWIDTH, SWITCH_TRIES, Hops, Work, attach_agent, cancel, check,
                     check_kernel, fill, migration, step, switch_to_postcopy, wait_for)
from lib.machine import Spec
from lib.qemu import BINARY
from lib.qmp import QmpError
from lib.result import run
from lib.soak import seeded, times
from lib.used_memory import SleepingPages

MEMORY_MIB = 512
# Switches at random moments, in an ordinary run; the soak has 200.
RUNS = 1
CAPS = {"postcopy-ram": True, "postcopy-preempt": False}
# Touched first thing on the destination, from what is free.
FIRST_MIB = 32
# Slow enough that postcopy goes on while its link is broken.
HOLD_POSTCOPY = 3 << 20
# Slow enough that it goes on while there is memory that nobody asks for. QEMU sends requested
# pages within the same limit: few are touched then.
SLOW_POSTCOPY = 8 << 20
COLD_MIB = 128
FIRST_SLOW_MIB = 4
SYSCTL = "/proc/sys/vm/unprivileged_userfaultfd"


def report(hops: Hops) -> None:
    """The guest's free pages are reported, to the agent that is there or to a new one."""
    if not hops.here.agent:
        attach_agent(hops.here)
    hops.here.start_hints()


def hold(hops: Hops, caps: dict[str, bool], hints: bool = True,
         speed: int = HOLD_BANDWIDTH, spec: Spec | None = None) -> None:
    """
    A migration that can end in postcopy only, with something hinted; `speed` is that of
    postcopy until release(): skipped pages are to be zero before the rest is sent.
    """
    before = hops.here.counters()["pages-cleared"]
    if hints:
        report(hops)
    hops.hold(spec, caps=caps)
    if hints:
        wait_for(lambda: hops.here.counters()["pages-cleared"] > before, "the first hints")
    migration.set_parameters(hops.here.qemu, {"max-postcopy-bandwidth": speed})


def touch_free_memory(hops: Hops, mib: int = FIRST_MIB) -> str:
    """Have pages that were free before the switch."""
    assert hops.there is not None
    numbers = hops.there.guest.must(f"firsttouch {mib}M", 120).split()
    return f"{numbers[1]} free pages touched, {numbers[3]} us each, {numbers[5]} us at worst"


def all_zero(hops: Hops) -> bool:
    """Has the extension made every page zero that it handed over, if postcopy goes on?"""
    now = hops.here.counters()
    return (now["pages-zeroed"] == now["pages-switchover"] or
            migration.info(hops.here.qemu)["status"] == "completed")


def switch(hops: Hops, depart: Callable[[], object]) -> int:
    """
    Switch the migration that `depart` begins, and wait until skipped pages are zero: before
    that QEMU may send old bytes of theirs. Returns the MiB that were sent by then.
    """
    switch_to_postcopy(hops, depart)
    wait_for(lambda: all_zero(hops), "the skipped pages to be zero")
    return migration.ram(hops.here.qemu)["postcopy-bytes"] >> 20


def release(hops: Hops) -> dict[str, Any]:
    """Let postcopy end."""
    migration.set_parameters(hops.here.qemu, {"max-bandwidth": 0, "max-postcopy-bandwidth": 0})
    info = migration.wait(hops.here.qemu, 120)
    check(info["status"] == "completed", f"migration {info}\n{hops.here.qemu.log()}")
    return info


def check_handed_over(hops: Hops, info: dict[str, Any], early: int,
                      before: dict[str, int]) -> None:
    """What was skipped was set dirty and is zero; next to nothing of it was sent from then on."""
    assert hops.there is not None
    now = hops.here.counters()
    pages, zeroed = (now[name] - before.get(name, 0)
                     for name in ("pages-switchover", "pages-zeroed"))
    check(now["switchovers"] == before.get("switchovers", 0) + 1 and pages > 0,
          f"nothing was handed over: {now}")
    check(0 < zeroed <= pages, f"{zeroed} of {pages} pages were made zero")
    skipped = pages >> 8
    sent = (info["ram"]["postcopy-bytes"] >> 20) - early
    step(f"{skipped} MiB were skipped at the switch, {early} MiB and then {sent} MiB were sent "
         f"after it, {now['switchover-us']} us with the guest stopped, the destination has "
         f"{hops.there.qemu.rss() >> 20} MiB resident")
    check(sent < MEMORY_MIB - skipped + 32, f"free memory was sent: {sent} MiB")


def arrive(hops: Hops, work: Work, early: int, before: dict[str, int] | None = None) -> None:
    """Let postcopy end, look at what was handed over since `before`, verify the content."""
    check_handed_over(hops, release(hops), early, before or {})
    work.verify(hops.arrive().guest)


def random_switch(hops: Hops, work: Work, rng: random.Random, caps: dict[str, bool]) -> None:
    """In some pass, some time after its beginning."""
    def depart() -> None:
        hold(hops, caps)
        hops.wait_pass(rng.randrange(1, 4))
        time.sleep(rng.random() * 0.3)

    fill(hops.here.guest, 250)
    early = switch(hops, depart)
    step(touch_free_memory(hops))
    arrive(hops, work, early)


def touched_in_time(hops: Hops, work: Work, cold: SleepingPages) -> bool:
    """A slow switch; were the pages that were free had before postcopy ended?"""
    early = switch(hops, lambda: hold(hops, CAPS, speed=SLOW_POSTCOPY))
    text = touch_free_memory(hops, FIRST_SLOW_MIB)
    now = migration.info(hops.here.qemu)
    check(now["status"] in ("postcopy-active", "completed"), f"postcopy {now}")
    step(f"slow: {text}, {now['ram']['remaining'] >> 20} MiB still to come")
    arrive(hops, work, early)
    cold.verify(hops.here.guest)
    return now["status"] == "postcopy-active"


def slow_switch(hops: Hops, work: Work) -> None:
    """Pages that were free are had while postcopy goes on: nobody waits for its end."""
    for _ in range(SWITCH_TRIES):
        fill(hops.here.guest, 250)
        # nobody asks for it: postcopy cannot end before it is sent
        cold = SleepingPages(hops.here.guest, COLD_MIB, "cold")
        done = touched_in_time(hops, work, cold)
        hops.here.guest.kill("cold")
        if done:
            return
    check(False, f"{SWITCH_TRIES} times postcopy ended before a few free pages were had")


def recover(hops: Hops) -> None:
    """
    Give a broken postcopy a new link. Out of band: a vCPU can wait for a page with QEMU's big
    lock held (TCG delivers interrupts under it), and the monitor's other commands with it.
    """
    assert hops.there is not None
    qmp, uri = hops.there.qmp, f"unix:{hops.there.qemu.path('again.sock')}"
    migration.wait(hops.here.qemu, 30, lambda now: now["status"] == "postcopy-paused")

    def paused_too() -> bool:
        try:
            qmp.out_of_band("migrate-recover", uri=uri)
        except QmpError as error:
            check("postcopy is paused" in error.desc, f"migrate-recover: {error}")
            return False
        return True

    wait_for(paused_too, "the destination to see that the link is broken")
    hops.here.qmp.command("migrate", uri=uri, resume=True)
    migration.wait(hops.here.qemu, 30, lambda now: now["status"] == "postcopy-active")


def broke(hops: Hops) -> bool:
    """Break the link of a postcopy; False when all of it has arrived."""
    try:
        hops.here.qmp.out_of_band("migrate-pause")
    except QmpError as error:
        status = migration.info(hops.here.qemu)["status"]
        check(status == "completed", f"the link of a migration that is {status}: {error}")
        return False
    return True


def broken_link(hops: Hops, work: Work, preempt: bool) -> None:
    """The link breaks in postcopy and a new one is given."""
    caps = {**CAPS, "postcopy-preempt": preempt}
    for _ in range(SWITCH_TRIES):
        before = hops.here.counters()
        early = switch(hops, lambda: hold(hops, caps, speed=HOLD_POSTCOPY))
        broken = broke(hops)
        if broken:
            recover(hops)
            migration.set_parameters(hops.here.qemu, {"max-postcopy-bandwidth": HOLD_BANDWIDTH})
            step(f"recovered, preemption {preempt}; " + touch_free_memory(hops))
        arrive(hops, work, early, before)
        if broken:
            return
        step("postcopy had ended before its link could break")
    check(False, f"{SWITCH_TRIES} times postcopy ended before its link broke")


def never_used(hops: Hops, work: Work) -> None:
    """The capability alone: hints count, and nothing is handed over."""
    hold(hops, CAPS)
    hops.wait_pass(3)
    hops.release()
    counters = hops.here.counters()
    check(counters["pages-cleared"] > 0 and counters["switchovers"] == 0,
          f"postcopy-ram set and not used: {counters}")
    step(f"{counters['pages-cleared']} pages skipped with postcopy-ram set")
    work.verify(hops.arrive().guest)


def cancelled(hops: Hops, work: Work) -> None:
    """A migration that might have used postcopy is cancelled, and begun anew."""
    def depart() -> None:
        hold(hops, CAPS)
        hops.wait_pass(2)

    cancel(hops, depart)
    before = hops.here.counters()
    check(before["switchovers"] == 0, f"nothing was switched: {before}")
    check_kernel(hops.here.guest)
    early = switch(hops, lambda: hold(hops, CAPS))
    step("after a cancelled one: " + touch_free_memory(hops))
    arrive(hops, work, early, before)


def without_hints(hops: Hops, work: Work) -> None:
    """The same without an agent, to compare."""
    switch_to_postcopy(hops, lambda: hold(hops, CAPS, hints=False))
    step("without hints: " + touch_free_memory(hops))
    info = release(hops)
    check(hops.here.counters()["pages-switchover"] == 0, "nothing was hinted")
    step(f"without hints: {info['ram']['postcopy-bytes'] >> 20} MiB were sent after the switch")
    work.verify(hops.arrive().guest)


def as_nobody() -> list[str]:
    """QEMU's option for another user; it has a new name since 9.1."""
    text = subprocess.run([BINARY, "-help"], capture_output=True, text=True, check=True).stdout
    return ["-runas", "nobody"] if "\n-runas " in text else ["-run-with", "user=nobody"]


def no_permission(hops: Hops, work: Work) -> None:
    """A destination that is no root where userfaultfd is root's: nothing is lost."""
    with open(SYSCTL, encoding="ascii") as file:
        if file.read().strip() != "0":
            print(f"skipped: no permission for userfaultfd: {SYSCTL} allows it", flush=True)
            return
    spec = Spec(memory_mib=MEMORY_MIB, extra=as_nobody())
    report(hops)
    there = hops.add(spec, incoming=True)
    os.chmod(there.qemu.dir, 0o777)
    try:
        migration.set_capabilities(there.qemu, CAPS)
        check(False, "QEMU as nobody allows postcopy-ram")
    except QmpError as error:
        step(f"the destination says: {error.desc}")
    migration.set_capabilities(hops.here.qemu, CAPS)
    migration.begin(hops.here.qemu, there.qemu, None, {"max-bandwidth": HOLD_BANDWIDTH})
    info = migration.wait(hops.here.qemu, 60)
    check(info["status"] == "failed", f"it went well, without postcopy on the other side: {info}")
    migration.wait_running(hops.here.qemu)
    there.stop()
    work.verify(hops.here.guest)


def plain_destination(hops: Hops, work: Work) -> None:
    """The other side has nothing of freehint, and needs nothing."""
    spec = dataclasses.replace(hops.here.spec, extension=False)
    early = switch(hops, lambda: hold(hops, CAPS, spec=spec))
    step("a destination without freehint: " + touch_free_memory(hops))
    arrive(hops, work, early)


def zeros_on_both_sides() -> None:
    """With init_on_free=1 free pages have to read as zero there, and are hinted once only."""
    with Hops(Spec(memory_mib=MEMORY_MIB, append="init_on_free=1")) as hops:
        fill(hops.here.guest, 200)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=48, zero_mib=64)
        early = switch(hops, lambda: hold(hops, CAPS))
        step("init_on_free=1: " + touch_free_memory(hops))
        arrive(hops, work, early)


def main() -> None:
    """One guest that travels, and one whose free pages have to be zero."""
    rng = seeded()
    with Hops(Spec(memory_mib=MEMORY_MIB, lifetime=900)) as hops:
        fill(hops.here.guest, 250)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
        without_hints(hops, work)
        slow_switch(hops, work)
        for _ in range(times(RUNS)):
            random_switch(hops, work, rng, CAPS)
        random_switch(hops, work, rng, {**CAPS, "postcopy-preempt": True})
        for preempt in False, True:
            broken_link(hops, work, preempt)
        never_used(hops, work)
        cancelled(hops, work)
        no_permission(hops, work)
        plain_destination(hops, work)
    zeros_on_both_sides()


if __name__ == "__main__":
    run(main)
