#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
A hint that slept over a sync, in a Linux guest with the real agent: the agent is
stopped before the first round; the guest answers it, then gives its free pages to a
program that writes them; the agent wakes when the next sync has found the writes.

The whole extension has closed the round and loses nothing. The mutant that does not
close it (no-gate) has to lose pages or the guest, or the tests with Linux guests could
not see such a bug. With init_on_free=1 later passes open no round of their own, so the
first one is what a late agent finds.
"""
from __future__ import annotations

import re
import signal

from support import (BROKEN, Hops, attach_agent, check, comes_true, expect_refusal, migration,
                     patience, step, wait_for)
from loads import CRAWL, steady_pass
from lib import soak
from lib.guest import Guest, GuestTimeout
from lib.machine import Machine, Spec, mutant
from lib.result import run

VICTIM_MIB = 96

# Seconds in which a kernel that finds itself broken says so, most often.
COMPLAINS = 3.0

# An agent that has waited so often since it was woken has long said what it had to say.
AWAKE = 50


def answered_round(hops: Hops) -> int:
    """The guest answers round 1, its agent is stopped; returns the round."""
    agent = attach_agent(hops.here)
    hops.here.start_hints()
    agent.signal(signal.SIGSTOP)
    hops.hold(bandwidth=CRAWL)
    wait_for(lambda: hops.here.query()["last-round"]["sync-to-seal-us"], "the guest's seal")
    return hops.here.query()["last-round"]["round"]


def use_what_was_free(hops: Hops) -> None:
    """The first pass sends the free pages; then a program gets them and writes them."""
    steady_pass(hops, 2, slow=True)
    hops.here.guest.spawn("pagecheck", f"pagecheck {VICTIM_MIB}M /run/pagecheck idle")
    wait_for(lambda: hops.here.guest.numbers("/run/pagecheck").get("passes", 0) > 0,
             "the program to own its pages", 120)


def next_pass(hops: Hops) -> None:
    """
    A sync finds what was written; hardly anything of it is sent yet: what is dirty when the
    late hints come must be so when the guest stops.
    """
    count = migration.ram(hops.here.qemu)["dirty-sync-count"]
    steady_pass(hops, count + 1, slow=True)
    info = migration.info(hops.here.qemu)
    step(f"next pass, {info['ram']['remaining'] >> 20} MiB to send")


def waits(pid: int) -> int:
    """How often a process has waited for something since it began."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status
                    if line.startswith("voluntary_ctxt_switches"))


def late_hints(hops: Hops, ident: int, whole: bool) -> None:
    """Wake the agent: the extension refuses its late hints, and the mutant takes them."""
    agent = hops.here.agent
    before = waits(agent.pid)
    agent.signal(signal.SIGCONT)
    if whole:
        expect_refusal(hops.here.qmp, "x-freehint-mark-clean", rf"round {ident} is closed",
                       {"round": ident, "ranges": [{"start": 16 << 20, "length": 4096}]})
        wait_for(lambda: waits(agent.pid) >= before + AWAKE, "the agent to be awake again")
    else:
        wait_for(lambda: hops.here.counters()["pages-accepted"], "the mutant to take hints")
    step(f"{hops.here.counters()['pages-accepted']} pages hinted too late")


def looked_at(guest: Guest, limit: float) -> int:
    """Pages of the programs that are wrong, after a look at each of them."""
    before = guest.numbers("/run/pagecheck").get("passes", 0)
    if not comes_true(lambda: guest.numbers("/run/pagecheck")["passes"] >= before + 2, limit):
        raise TimeoutError(f"waited {limit:.0f} s for two more passes of the program")
    return sum(guest.numbers(f"/run/{name}")["mismatches"] for name in ("pagecheck", "churn"))


def wrong_pages(vm: Machine, whole: bool) -> int:
    """As looked_at(); with the mutant all pages count if the guest is broken."""
    if whole:
        return looked_at(vm.guest, patience.seconds(60))
    # a broken guest keeps a processor busy for as long as it is asked
    if comes_true(lambda: re.search(BROKEN, vm.console()), COMPLAINS):
        return VICTIM_MIB << 8
    vm.guest.patience = 1
    try:
        return looked_at(vm.guest, 20)
    except (GuestTimeout, TimeoutError, KeyError, ValueError, RuntimeError):
        return VICTIM_MIB << 8


def migrate(plugin: str, whole: bool) -> int:
    """One guest, one migration; returns the number of wrong pages on the destination."""
    spec = Spec(memory_mib=512, append="init_on_free=1")
    with Hops(Spec(**{**vars(spec), "plugin": plugin})) as hops:
        # an idle guest's migration would end before the agent wakes
        hops.here.guest.spawn("churn", "churn 32M /run/churn 64M")
        ident = answered_round(hops)
        use_what_was_free(hops)
        next_pass(hops)
        late_hints(hops, ident, whole)
        hops.release(120)
        accepted = hops.here.counters()["pages-accepted"]
        check(not whole or not accepted, f"{accepted} pages of a closed round were hinted")
        return wrong_pages(hops.arrive(), whole)


def main() -> None:
    """The extension, then the mutant."""
    for _ in range(soak.times(1)):
        wrong = migrate(Spec().plugin, whole=True)
        check(wrong == 0, f"{wrong} pages are wrong")
        wrong = migrate(mutant("no-gate"), whole=False)
        step(f"no-gate: {wrong} of {VICTIM_MIB << 8} pages wrong, or the guest broken")
        check(wrong > 0, "without the gate nothing is lost: this test cannot see the bug")


if __name__ == "__main__":
    run(main)
