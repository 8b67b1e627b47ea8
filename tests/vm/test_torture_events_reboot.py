#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 1200 s
"""
A guest that sleeps, is reset, reboots or starts another kernel by kexec in the middle
of a round. What a sleeping guest holds survives; after a reboot, finished here or on
the destination, the guest comes up, its module publishes its hello and is asked again, in the
same migration and in the next.

FREEHINT_TORTURE_PLAIN=1 does the same without hints: the control for a failure.
"""
from __future__ import annotations

import time
from collections.abc import Callable

from support import (Hops, check, check_kernel, fill, hints_arrived, migration, patience, step,
                     wait_for)
from loads import PLAIN, Loads, Twist, passes_until, plain_or_ours, steady_pass
from lib import accel, arch, soak
from lib.initramfs import Extras
from lib.machine import Machine, Spec
from lib.result import run

MEMORY_MIB = 512
TWISTS = [Twist("thp", 32), Twist("fork", 8), Twist("file", 16, "/tmp/twist")]

# The slowest boot: a loaded machine that also migrates.
BOOT = 240.0

# Seconds for an answer that may be lost with a reset of the serial port, the first time,
# and by how much more each time: a slow guest's answer comes later, not never. A guest that
# is about to reboot answers at once and often.
PROBE, MORE, MOST = 2.0, 1.5, 60.0


def start_loads(vm: Machine) -> Loads:
    """Fresh programs, in memory that was used before."""
    fill(vm.guest, 150)
    return Loads(vm.guest, TWISTS, paced=True)


def is_awake(vm: Machine, limit: float) -> bool:
    """Has the command that put the guest to sleep come back? Says so within `limit` seconds."""
    return vm.guest.probe("test -d /proc/$(cat /run/sleep.pid)", limit)[0] == 1


def times_slept(vm: Machine) -> int:
    """How often the guest's kernel has slept and woken."""
    return int(vm.guest.must("cat /sys/power/suspend_stats/success"))


def put_to_sleep(vm: Machine, state: str) -> int:
    """
    The guest will go to sleep, again if something woke it on its way; how often it had slept.
    """
    before = times_slept(vm)
    vm.guest.fall_asleep(state)
    return before


def awake(vm: Machine, before: int) -> None:
    """
    Wait until the guest runs again, after it really slept. Every question can wake it: it is
    left more time to fall asleep after each.
    """
    deadline = patience.deadline(90)
    limit = PROBE
    while not is_awake(vm, limit):
        check(time.monotonic() < deadline, "the guest does not wake")
        time.sleep(limit / 2)
        limit *= MORE
    log = vm.guest.must("cat /run/sleep.log")
    check(times_slept(vm) > before, f"the guest did not sleep: {log}")
    step("asleep and awake again")


def sleep_deep(vm: Machine) -> None:
    """S3: the machine is reset when it wakes, memory stays."""
    vm.guest.must("echo deep >/sys/power/mem_sleep")
    before = put_to_sleep(vm, "mem")
    wait_for(lambda: vm.qemu.status() == "suspended", "the guest to suspend", 60)
    time.sleep(0.5)
    vm.qmp.command("system_wakeup")
    awake(vm, before)


def sleep_idle(vm: Machine) -> None:
    """s2idle: all is frozen, devices are suspended; a byte on the serial port wakes it."""
    vm.guest.must("echo enabled >/sys/class/tty/ttyS1/power/wakeup")
    before = put_to_sleep(vm, "freeze")
    time.sleep(3)
    awake(vm, before)


def reset(vm: Machine) -> None:
    """Reset the guest from the host, by system_reset."""
    vm.qmp.command("system_reset")


def reboot(vm: Machine) -> None:
    """Reboot by a command in the guest, without ending its processes first."""
    vm.guest.spawn("reboot", "sh -c 'sleep 0.2; reboot -f'")
    time.sleep(1)


def kexec(vm: Machine) -> None:
    """Another kernel, without firmware and without a reset of the machine."""
    vm.guest.must("kexec -l -i /boot/vmlinuz --initrd=/boot/initrd --reuse-cmdline", 120)
    vm.guest.spawn("kexec", "sh -c 'sleep 0.2; kexec -e'")
    time.sleep(1)


REBOOTS: list[Callable[[Machine], None]] = [reset, reboot, kexec]


def hold(hops: Hops) -> None:
    """A migration with hints that is in its second pass, or later, and stays there."""
    if not PLAIN:
        hops.here.start_agent()
        hops.here.start_hints()
    hops.hold()
    steady_pass(hops, 2)
    if not PLAIN:
        passes_until(hops, lambda: hops.here.counters()["pages-cleared"] > 0, "hints")


def next_round(hops: Hops) -> None:
    """
    Two more syncs; the second is surely later than the guest's hello. Others, if neither has
    opened a round.
    """
    if not PLAIN:
        wait_for(lambda: hops.here.query()["guest"]["present"], "the module's hello", 60)
        before = hops.here.counters()["rounds-sealed"]
    info = migration.info(hops.here.qemu)
    check(info["status"] == "active", f"the migration is {info['status']} already")
    steady_pass(hops, info["ram"]["dirty-sync-count"] + 2)
    if not PLAIN:
        passes_until(hops, lambda: hops.here.counters()["rounds-sealed"] > before,
                     "a round that the guest answers")


def arrive(hops: Hops) -> Machine:
    """The rest of the migration."""
    hops.release(120)
    if not PLAIN:
        step(f"counters: {hints_arrived(hops.here)}")
    return hops.arrive()


def asleep_and_back(hops: Hops, loads: Loads, event: Callable[[Machine], None]) -> None:
    """Sleep and wake while a round is open; everything survives."""
    step(f"event: {event.__name__}")
    hold(hops)
    event(hops.here)
    next_round(hops)
    loads.verify(arrive(hops).guest)


def boot_id(vm: Machine, limit: float = patience.seconds(30)) -> str:
    """What tells one boot from another; empty when the guest does not answer in time."""
    status, text = vm.guest.probe("cat /proc/sys/kernel/random/boot_id", limit)
    return text if status == 0 else ""


def come_up(vm: Machine, old: str) -> None:
    """Another kernel than `old` runs, and gets the module."""
    deadline = patience.deadline(BOOT)
    limit = PROBE
    while boot_id(vm, limit) in ("", old):
        check(time.monotonic() < deadline, "no other kernel comes up")
        time.sleep(0.2)
        limit = min(limit * MORE, MOST)
    if not PLAIN:
        vm.load_module()
    check_kernel(vm.guest)
    step(f"{vm.name} has booted")


def rebooted(hops: Hops, event: Callable[[Machine], None], here: bool) -> Loads:
    """A new kernel in the middle; it comes up `here` or on the destination."""
    step(f"event: {event.__name__}, comes up {'here' if here else 'there'}")
    old = boot_id(hops.here)
    hold(hops)
    event(hops.here)
    if here:
        come_up(hops.here, old)
        loads = start_loads(hops.here)
        next_round(hops)
    arrive(hops)
    if not here:
        come_up(hops.here, old)
        loads = start_loads(hops.here)
    loads.verify(hops.here.guest)
    return loads


def main() -> None:
    """All kinds of sleep, all kinds of reboot."""
    arch.needs("amd64", "S3 in QEMU")
    accel.needs_distribution("ACPI and no kexec")
    dice = soak.seeded()
    spec = plain_or_ours(Spec(memory_mib=MEMORY_MIB, lifetime=900,
                              extras=Extras(programs=("kexec",), boot=True)))
    with Hops(spec, module=not PLAIN) as hops:
        loads = start_loads(hops.here)
        # QEMU 7.2 wakes no guest from S3 that has migrated before, hints or not.
        asleep_and_back(hops, loads, sleep_deep)
        for hop in range(soak.times(1)):
            asleep_and_back(hops, loads, sleep_idle)
            places = [hop % 2 == 0, hop % 2 == 1, dice.random() < 0.5]
            for event, here in zip(dice.sample(REBOOTS, len(REBOOTS)), places):
                loads = rebooted(hops, event, here)


if __name__ == "__main__":
    run(main)
