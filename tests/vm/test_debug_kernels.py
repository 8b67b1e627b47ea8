#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The module in kernels that check what it does, and in one whose spinlocks sleep: it is loaded
and scans under load, memory comes and goes, the guest migrates and suspends, the module is
reloaded in a round. The kernel has nothing to say, and its checkers were still at work
afterwards: they find what is wrong with the mutants of the module.
"""
# time limit: 2400 s
from __future__ import annotations

from dataclasses import dataclass

from support import Hops, attach_agent, check, check_kernel, complaints, step, wait_for
from events import EVENTS, Event, memory_total, plug_or_unplug, prepare, refused_plug, \
    reload_module, spec, travel
from loads import Loads, Twist
from lib import initramfs, soak
from lib.guest import Guest
from lib.initramfs import Kernel
from lib.machine import Spec
from lib.result import run, skip

MEMORY_MIB = 768
LIFETIME = 2400

# The kernel's words, from the first on.
APPEND = "log_buf_len=4M"

TWISTS = [Twist("fork", 8), Twist("file", 16, "/tmp/twist")]
HUGE = Twist("thp", 32)

# All devices are suspended and resumed, and then the kernel goes on.
SUSPEND = "echo devices >/sys/power/pm_test && echo freeze >/sys/power/state"

STATS = "/sys/kernel/debug/freehint/stats"
HELLOS = f"sed -n 's/^hellos *//p' {STATS}"


@dataclass(frozen=True)
class Checker:
    """
    Something in the kernel that looks for faults.

    option  of the kernel's configuration
    alive   guest command that fails unless it is at work
    """

    option: str
    alive: str


CHECKERS = (
    Checker("PROVE_LOCKING", "grep -q '^ *debug_locks: *1$' /proc/lockdep_stats"),
    Checker("PROVE_RCU", "dmesg | grep -q 'RCU lockdep checking is enabled'"),
    Checker("KASAN", "dmesg | grep -q 'KernelAddressSanitizer initialized'"),
    Checker("PREEMPT_RT", "grep -q PREEMPT_RT /proc/version"),
)


@dataclass(frozen=True)
class Fault:
    """
    A fault that was planted.

    mutant  of the module that has it
    option  that a kernel which finds it is built with
    said    what that kernel says, for grep -E
    """

    mutant: str
    option: str
    said: str


FAULTS = (
    Fault("sleeps-in-scan", "DEBUG_ATOMIC_SLEEP",
          "BUG: sleeping function called from invalid context"),
    Fault("sleeps-in-scan", "PREEMPT_RCU",
          "WARNING: .* rcu_note_context_switch"),
    Fault("mutex-in-lock", "PROVE_LOCKING", "BUG: Invalid wait context"),
    Fault("reads-freed", "KASAN", "BUG: KASAN: (slab-)?use-after-free"),
)


def checkers(kernel: Kernel) -> list[Checker]:
    """Those that this kernel has; skips the test when there is none."""
    found = [checker for checker in CHECKERS if kernel.has(checker.option)]
    if not found:
        skip(f"{kernel.version} checks nothing; make check-debug-kernels brings kernels that do")
    return found


def all_alive(hops: Hops, kernel: Kernel) -> None:
    """None of the checkers has given up, as many do when they have found something."""
    for checker in checkers(kernel):
        status, text = hops.here.guest.run(checker.alive)
        check(status == 0, f"{checker.option} is not at work: {text}")
    step("at work: " + ", ".join(checker.option for checker in checkers(kernel)))


def reload(hops: Hops) -> None:
    """Without a round."""
    for _ in range(3):
        hops.here.unload_module()
        hops.here.load_module()
    wait_for(lambda: hops.here.query()["guest"]["present"], "the module's hello")
    step("reloaded")


def twists(kernel: Kernel) -> list[Twist]:
    """Kinds of memory that this kernel has: no huge pages where spinlocks sleep."""
    return TWISTS + [HUGE] * kernel.has("TRANSPARENT_HUGEPAGE")


def interrupts_off(hops: Hops, kernel: Kernel) -> None:
    """The time that debugfs shows: none where a spinlock leaves interrupts on."""
    stats = dict(line.split() for line in hops.here.guest.must(f"cat {STATS}").splitlines())
    check(int(stats["rounds-sealed"]) > 0, f"no round yet: {stats}")
    check((stats["irq-off-us-max"] == "0") == kernel.has("PREEMPT_RT"),
          f"interrupts were off for {stats['irq-off-us-max']} us")
    step(f"interrupts off for {stats['irq-off-us-max']} us, {stats['hold-us-max']} us in a lock")


def works(kernel: Kernel, stirrers: tuple[str, ...], events: list[Event], count: int) -> None:
    """
    So many hops under load, at most two: the DIMM comes before the first and goes before the
    second.
    """
    dice = soak.seeded()
    with Hops(spec(MEMORY_MIB, LIFETIME, append=APPEND), module=False) as hops:
        prepare(hops)
        all_alive(hops, kernel)
        check_kernel(hops.here.guest)
        hops.here.load_module()
        loads = Loads(hops.here.guest, twists(kernel), stirrers)
        for hop in range(count):
            travel(hops, plug_or_unplug(hops), dice, dice.sample(events, len(events)))
            hops.arrive()
            loads.verify(hops.here.guest)
            step(f"hop {hop + 1} is whole, {memory_total(hops)} MiB online")
        interrupts_off(hops, kernel)
        reload(hops)
        hops.here.unload_module()
        check_kernel(hops.here.guest)
        all_alive(hops, kernel)
        step("the kernel has nothing to say")


def calm(mutant: str = "") -> Spec:
    """A guest without load."""
    return Spec(memory_mib=MEMORY_MIB, lifetime=LIFETIME, append=APPEND,
                extras=initramfs.Extras(mutant=mutant))


def suspends() -> None:
    """The module's hello goes and comes back. No guest with virtio-mem can be suspended."""
    with Hops(calm()) as hops:
        guest = hops.here.guest
        hops.here.start_hints()
        hellos = int(guest.must(HELLOS))
        guest.must(SUSPEND, 60)
        wait_for(lambda: int(guest.must(HELLOS)) > hellos, "the hello after suspend")
        hops.here.unload_module()
        check_kernel(guest)
        step("suspended and resumed, the kernel has nothing to say")


def one_round(hops: Hops) -> None:
    """A migration with a round, which is cancelled."""
    attach_agent(hops.here)
    hops.here.start_hints()
    before = hops.here.counters()["pages-cleared"]
    hops.hold()
    wait_for(lambda: hops.here.counters()["pages-cleared"] > before, "hints", 60)
    hops.cancel()


def wait_said(guest: Guest, mutant: str, pattern: str) -> None:
    """The kernel says this of the mutant."""
    wait_for(lambda: guest.run(f"dmesg | grep -qE '{pattern}'")[0] == 0,
             lambda: f"/{pattern}/ about {mutant}, the kernel says:\n" +
                     guest.must("dmesg | tail -n 60"), 10)
    step(f"{mutant}: {pattern}")


def finds(kernel: Kernel, mutant: str, said: list[str]) -> None:
    """The mutant is loaded, serves a round and is unloaded: the kernel minds."""
    with Hops(calm(mutant), module=False) as hops:
        all_alive(hops, kernel)
        hops.here.load_module()
        one_round(hops)
        hops.here.unload_module()
        for pattern in said:
            wait_said(hops.here.guest, mutant, pattern)
        check(complaints(hops.here.guest), f"what the kernel says of {mutant} is no complaint")


def finds_faults(kernel: Kernel) -> None:
    """
    Every fault that this kernel can find, each in a guest of its own: lockdep stops at the
    first, and some warnings come once.
    """
    faults = [fault for fault in FAULTS if kernel.has(fault.option)]
    for mutant in dict.fromkeys(fault.mutant for fault in faults):
        finds(kernel, mutant, [fault.said for fault in faults if fault.mutant == mutant])


def main() -> None:
    """
    The kernel of the guests, if it checks anything. Memory blocks go offline by hand where no
    memory is removed: lockdep minds both in one kernel, whose own locks these are. It does not
    know of lock_device_hotplug_sysfs().
    """
    kernel = initramfs.find_kernel()
    checkers(kernel)
    works(kernel, ("compact", "cpus"), EVENTS, 2)
    works(kernel, ("blocks", "compact"), [refused_plug, reload_module], 1)
    suspends()
    finds_faults(kernel)


if __name__ == "__main__":
    run(main)
