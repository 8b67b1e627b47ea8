#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Guest kernels that fill, check, unmap or keep books about their free pages. Each
option either does not mind a free page that was left behind, and then all memory is
used again on the destination to prove it, or it does, and then the guest refuses
with a reason that both sides show. init_on_free=1 has a test of its own.
"""
# time limit: 1800 s
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from support import Hops, Work, check, check_kernel, expect_refusal, free_mib, \
    hints_arrived, step, wait_for
from lib import initramfs
from lib.machine import Spec
from lib.result import run

MEMORY_MIB = 512


@dataclass(frozen=True)
class Case:
    """
    One guest kernel.

    options    on its command line
    in_effect  guest commands that fail unless it took them
    needs      what the kernel must be built with
    contract   what its module must say
    share      one in so many free pages can be had at once (guard pages cannot)
    after      guest commands for the destination, after all memory was used
    """

    options: str
    in_effect: tuple[str, ...]
    needs: tuple[str, ...] = ()
    contract: str = "dead"
    share: int = 1
    after: tuple[str, ...] = ()


UNMAPPED = r"grep -q '^DirectMap2M: *0 kB' /proc/meminfo"
POISONED = "dmesg | grep -q 'CONFIG_PAGE_POISONING is on, will take precedence'"

CASES = (
    Case("init_on_alloc=1 slub_debug=FZPU page_alloc.shuffle=1",
         ("dmesg | grep -q 'mem auto-init:.*heap alloc:on'",
          "grep -q 1 /sys/kernel/slab/kmalloc-128/poison",
          "grep -q 1 /sys/kernel/slab/kmalloc-128/sanity_checks",
          "grep -q Y /sys/module/page_alloc/parameters/shuffle"),
         ("SLUB_DEBUG", "SHUFFLE_PAGE_ALLOCATOR")),
    Case("debug_pagealloc=on debug_guardpage_minorder=1 init_on_alloc=0",
         (UNMAPPED, "dmesg | grep -q 'Setting debug_guardpage_minorder to 1'"),
         ("DEBUG_PAGEALLOC",), share=3),
    Case("page_owner=on page_table_check=on kmemleak=on",
         ("test -e /sys/kernel/debug/page_owner",
          "echo scan >/sys/kernel/debug/kmemleak"),
         ("PAGE_OWNER", "PAGE_TABLE_CHECK", "DEBUG_KMEMLEAK"),
         after=("echo scan >/sys/kernel/debug/kmemleak",
                "test $(head -c 65536 /sys/kernel/debug/page_owner | wc -l) -gt 10")),
    Case("page_poison=1 debug_pagealloc=on init_on_free=1 init_on_alloc=1",
         (POISONED, UNMAPPED), ("PAGE_POISONING", "DEBUG_PAGEALLOC"),
         contract="refused"),
)


def use_memory(hops: Hops, work: Work, share: int = 1) -> None:
    """Free pages are allocated, hence checked by whoever checks, and written."""
    hops.here.guest.must("echo 1 >/proc/sys/vm/compact_memory")
    with work.resting(hops.here.guest):
        size = free_mib(hops.here.guest) // share
        hops.here.guest.must(f"memfill {size}M", 240)
    step(f"{size} MiB of free memory used on the destination")


def migrate(hops: Hops, rounds: int = 0) -> None:
    """Two passes, as many as it takes for so many rounds, and the rest, to a fresh machine."""
    hops.hold()
    hops.wait_pass(2)
    # QEMU counts a sync when it begins
    wait_for(lambda: hops.here.query()["pass"] >= 2, "the second pass")
    if rounds:
        hops.wait_hints(rounds)
    hops.release(120)


def works(hops: Hops, case: Case) -> None:
    """Hint in later passes, too; no check on the destination finds a fault."""
    hops.here.guest.must(f"memfill {min(200, free_mib(hops.here.guest) // 2)}M", 120)
    work = Work(hops.here.guest, pages_mib=32, churn_mib=48, zero_mib=48)
    hops.here.start_hints()
    migrate(hops, rounds=2)
    hints_arrived(hops.here)
    hops.arrive()
    work.verify(hops.here.guest)
    use_memory(hops, work, case.share)
    for command in case.after:
        hops.here.guest.must(command, 120)
    work.verify(hops.here.guest)


def expect_reason(hops: Hops, why: str, refusal: str) -> None:
    """The reason is in the error of start, in query and in the guest's log."""
    expect_refusal(hops.here.qmp, "x-freehint-start", why)
    query = hops.here.query()
    check(why in query["refused"], f"query says {query.get('refused')}")
    check(query["guest"]["refusal"] == refusal, f"query says {query['guest']}")
    log = hops.here.guest.must("dmesg")
    check(f"no page will be reported, {why}" in log,
          f"the guest's log does not say why not:\n{log}")
    step(f"refused on both sides: {why}")


def refuses(hops: Hops, _case: Case) -> None:
    """No hint is taken, and the migration is an ordinary one."""
    work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
    expect_reason(hops, "page_poison=1", "page-poison")
    migrate(hops)
    counters = hops.here.counters()
    check(counters["rounds"] == 0 and counters["pages-offered"] == 0,
          f"pages were offered in spite of the refusal: {counters}")
    hops.arrive()
    use_memory(hops, work)
    work.verify(hops.here.guest)


def set_report(hops: Hops, value: str) -> None:
    """Set the module parameter `report`, as the guest's administrator does."""
    hops.here.guest.must(f"echo {value} >/sys/module/freehint/parameters/report")


def administrator_says_no(hops: Hops) -> None:
    """Reporting is on when report=0 comes, in the middle of a migration."""
    work = Work(hops.here.guest, pages_mib=32, churn_mib=96)
    hops.here.start_agent()
    hops.here.start_hints()
    hops.hold()
    hops.wait_pass(2)
    hops.wait_hints()
    set_report(hops, "0")
    wait_for(lambda: "report=0" in hops.here.query().get("refused", ""), "the refusal")
    now = hops.here.query()["pass"]
    hops.wait_pass(now + 1)
    wait_for(lambda: hops.here.query()["pass"] > now, "the next pass")
    before = hops.here.counters()
    expect_reason(hops, "report=0", "admin")
    hops.wait_pass(now + 3)
    hops.release()
    counters = hints_arrived(hops.here)
    for name in ("rounds", "pages-offered"):
        check(counters[name] == before[name], f"{name} rose after report=0: {counters}")
    hops.arrive()
    work.verify(hops.here.guest)
    expect_reason(hops, "report=0", "admin")
    set_report(hops, "1")
    wait_for(lambda: "refused" not in hops.here.query(), "the end of the refusal")
    hops.here.start_hints()


def try_case(case: Case, then: Callable[[Hops], None] | None = None) -> None:
    """Boot, see that the options are in effect and that the module knows."""
    step(f"--- {case.options}: {case.contract}")
    with Hops(Spec(append=case.options, memory_mib=MEMORY_MIB, lifetime=600)) as hops:
        for command in case.in_effect:
            hops.here.guest.must(command, 60)
        wait_for(lambda: hops.here.query()["guest"]["present"], "the module's hello")
        contract = hops.here.query()["guest"]["contract"]
        check(contract == case.contract, f"the guest's contract is {contract}")
        hops.here.start_agent()
        (refuses if contract == "refused" else works)(hops, case)
        if then:
            then(hops)
        check_kernel(hops.here.guest)


def poison_needs_its_refusal() -> None:
    """Without the refusal the kernel of a guest with page_poison=1 finds a wrong pattern."""
    step("--- page_poison=1 with the mutant always-dead")
    with Hops(Spec(append="page_poison=1", memory_mib=MEMORY_MIB, lifetime=600,
                   extras=initramfs.Extras(mutant="always-dead"))) as hops:
        check_kernel(hops.here.guest)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=0)
        hops.here.start_agent()
        hops.here.start_hints()
        migrate(hops, rounds=1)
        hints_arrived(hops.here)
        hops.arrive()
        use_memory(hops, work)
        count = hops.here.guest.must("dmesg | grep -c 'pagealloc: memory corruption' || true")
        check(int(count) > 0, "the kernel found nothing wrong: is the refusal needed?")
        step(f"the kernel complains {int(count)} times, as it must")


def main() -> None:
    """All cases that the guests' kernel can show."""
    kernel = initramfs.find_kernel()
    missing = [case for case in CASES if not all(map(kernel.has, case.needs))]
    for case in CASES:
        if case not in missing:
            try_case(case, administrator_says_no if case is CASES[0] else None)
    if kernel.has("PAGE_POISONING"):
        poison_needs_its_refusal()
    if missing:
        print(f"skipped: {'; '.join(case.options for case in missing)}: the kernel of the "
              "guests is built without them; make check-contracts builds one")


if __name__ == "__main__":
    run(main)
