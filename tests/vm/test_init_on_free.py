#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A guest with init_on_free=1 relies on free pages that are zero. They may be skipped
only while they were never sent: hints count in the first pass, and fresh memory on
the destination reads as zero. A guest that does not know its kernel (the mutant
always-dead) finds old bytes where it relies on zeros.
"""
from __future__ import annotations

import re

from loads import passes_until, steady_pass
from support import (CRAWL, Hops, Work, attach_agent, check, comes_true, fill, free_mib,
                     hints_arrived, patience, step, wait_for)
from lib.guest import Guest, GuestTimeout
from lib.initramfs import Extras
from lib.machine import Machine, Spec
from lib.result import run

VICTIM_MIB = 128

# So often it is tried to damage a guest; on a busy machine hints come late.
MUTANT_TRIES = 5

# Seconds in which a kernel that finds itself broken says so, most often.
COMPLAINS = 3.0

# What the kernel says of page tables and the like that were not zero.
DAMAGE = re.compile(r"bad p[tmug4][ed]|BUG: .*|Bad page .*|general protection|Oops")


def old_bytes(guest: Guest, limit: float = patience.seconds(240)) -> int:
    """Allocate free memory until a page is not zero; 0 when all of it was."""
    size = free_mib(guest)
    guest.spawn("last", f"zerocheck {size}M /run/last")
    seen: dict[str, int] = {}

    def looked() -> bool:
        seen.update(guest.numbers("/run/last"))
        return seen.get("pages", 0) >= size << 8 or seen.get("violations", 0) > 0

    if not comes_true(looked, limit):
        raise TimeoutError(f"waited {limit:.0f} s for a look at {size} MiB of free memory: {seen}")
    step(f"looked at free memory, {size} MiB in all")
    return seen["violations"]


def spawn_victim(guest: Guest) -> None:
    """A program with much memory that is to be killed between two passes."""
    guest.spawn("victim", f"pagecheck {VICTIM_MIB}M /run/victim idle")
    wait_for(lambda: guest.numbers("/run/victim").get("passes", 0) > 1,
             "the victim to own its memory", 120)


def hints_in_the_first_pass() -> None:
    """Several passes; hints in the first one only."""
    with Hops(Spec(append="init_on_free=1", memory_mib=512, lifetime=600)) as hops:
        fill(hops.here.guest, 200)
        spawn_victim(hops.here.guest)
        work = Work(hops.here.guest, pages_mib=48, churn_mib=64, zero_mib=64)
        attach_agent(hops.here)
        hops.here.start_hints()
        contract = hops.here.query()["guest"]["contract"]
        check(contract == "zero", f"the guest's contract is {contract}, not zero")
        # no hints come after the first pass
        hops.hold(bandwidth=CRAWL)
        hops.wait_hints()
        hops.wait_pass(2)
        # QEMU counts a sync when it begins
        wait_for(lambda: hops.here.query()["pass"] >= 2, "the second pass")
        early = hops.here.counters()
        refused = hops.here.query().get("refused", "")
        check("first pass only" in refused, f"query does not say why not: {refused!r}")
        hops.here.guest.kill("victim")
        hops.wait_pass(4)
        hops.release()
        counters = hints_arrived(hops.here)
        check(counters["pages-accepted"] == early["pages-accepted"],
              "hints were accepted after the first pass")
        check(counters["rounds"] == 1, f"{counters['rounds']} rounds instead of 1")
        step("hints in the first pass only")
        work.verify(hops.arrive().guest)
        for name in work.names:
            hops.here.guest.kill(name)
        check(not old_bytes(hops.here.guest), "free memory was not zero")


def free_what_was_sent(hops: Hops) -> bool:
    """
    The victim's memory is freed after it was sent; a slow pass hints it. False if most of it
    was sent once more before the hints came, as zeros: they were too late to do harm.
    """
    steady_pass(hops, 2, slow=True)
    hops.here.guest.kill("victim")
    now = hops.here.query()["pass"]
    # it crawls from its beginning, so that hints overtake it
    steady_pass(hops, now + 1, slow=True)

    def hinted() -> bool:
        last = hops.here.query()["last-round"]
        return last["pass"] > now and last["pages-accepted"] > VICTIM_MIB * 256

    passes_until(hops, hinted, "hints of a pass after the victim's end", slow=True)
    cleared = hops.here.query()["last-round"]["pages-cleared"]
    step(f"{cleared} pages skipped after the victim's end")
    return cleared > VICTIM_MIB * 256 // 4


def damaged() -> list[str]:
    """What was sent in an earlier pass and hinted in a later one reads as it was."""
    with Hops(Spec(append="init_on_free=1", memory_mib=512, lifetime=600,
                   extras=Extras(mutant="always-dead"))) as hops:
        spawn_victim(hops.here.guest)
        Work(hops.here.guest, pages_mib=32, churn_mib=0)
        hops.here.start_agent()
        hops.here.start_hints()
        hops.hold()
        if not free_what_was_sent(hops):
            return []
        hops.release()
        hops.arrive()
        return look_at_the_damage(hops.here)


def zeros_need_the_contract() -> None:
    """A guest that ignores the contract and hints in a later pass is damaged."""
    for _ in range(MUTANT_TRIES):
        damage = damaged()
        if damage:
            step(f"as it must be: {'; '.join(damage)}")
            return
    check(False, "nobody found an old byte: is the contract needed?")


def look_at_the_damage(vm: Machine) -> list[str]:
    """
    Pages that were not zero, what the kernel says of its own memory, and whether
    programs still start: theirs have to be zero, too.
    """
    # a broken guest keeps a processor busy for as long as it is asked
    comes_true(lambda: DAMAGE.search(vm.console()), COMPLAINS)
    damage: list[str] = DAMAGE.findall(vm.console())[:3]
    if damage:
        return damage
    try:
        # most often nobody is left to answer
        vm.guest.patience = 1
        found = old_bytes(vm.guest, 20)
        damage += [f"{found} pages and more are not zero"] if found else []
    except (GuestTimeout, RuntimeError, TimeoutError) as error:
        damage.append(f"the guest is past answering: {error}")
    return damage + DAMAGE.findall(vm.console())[:3]


def main() -> None:
    """With the contract, and without it."""
    hints_in_the_first_pass()
    zeros_need_the_contract()


if __name__ == "__main__":
    run(main)
