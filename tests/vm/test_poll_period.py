#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Host and guest know the same period: the guest says how long it may take until it looks
at the request line, the host waits as long as that or says that it does not, and a
second x-freehint-start makes a guest look often again that has begun to look seldom. While
nothing migrates a guest looks ten times a second at most, once it looks seldom.
"""
from __future__ import annotations

from support import Hops, Work, check, step, wait_for
from lib.machine import Machine, Spec
from lib.result import run

SLEEPY_MS = 10000
FAST_US = 1000
# Bytes a second: no pass ends.
CRAWL = 4096
# 10 seconds later: the guest migrates, or it does not.
MIGRATING_US = 10000
QUIET_US = 100000
WARNING = f"the guest polls only every {SLEEPY_MS} ms"


def poll_us(vm: Machine) -> int:
    """What the guest says, as the host tells it."""
    return int(vm.query()["guest"]["poll-us"])


def wait_poll_us(vm: Machine, wanted: int) -> None:
    """A guest that sleeps takes its old period to notice the new one."""
    wait_for(lambda: poll_us(vm) == wanted, f"a period of {wanted} us", 60)


def quiet_guest_is_kicked(vm: Machine) -> None:
    """Nothing happens for a while, then reporting is started once more."""
    vm.start_hints()
    wait_poll_us(vm, FAST_US)
    wait_poll_us(vm, QUIET_US)
    vm.qmp.command("x-freehint-start")
    wait_poll_us(vm, FAST_US)
    vm.qmp.command("x-freehint-stop")
    step("a second start makes the guest look often again")


def migrating_guest_looks_more_often(hops: Hops) -> None:
    """A pass that takes long, and a migration that comes to nothing."""
    vm = hops.here
    vm.start_hints()
    hops.hold(bandwidth=CRAWL)
    wait_poll_us(vm, MIGRATING_US)
    hops.cancel()
    wait_poll_us(vm, FAST_US)
    wait_poll_us(vm, QUIET_US)
    vm.qmp.command("x-freehint-stop")
    step("a guest that migrates looks more often than one that does not")


def sleepy_guest_is_told_of(hops: Hops, work: Work) -> None:
    """Reporting starts with the migration: the guest sleeps in its first pass."""
    vm = hops.here
    vm.guest.must(f"echo {SLEEPY_MS} > /sys/module/freehint/parameters/poll_idle_ms")
    wait_poll_us(vm, SLEEPY_MS * 1000)
    vm.start_agent()
    vm.start_hints()
    hops.hold()
    waited = vm.query()["first-round"]["waited-us"] > 0
    # The guest may have woken between the two commands: then there was a wait.
    check(waited != (WARNING in vm.qemu.log()),
          f"waited: {waited}, but QEMU says:\n{vm.qemu.log()}")
    hops.release()
    work.verify(hops.arrive().guest)
    step("waited for" if waited else "warned and not waited for")


def main() -> None:
    """One guest, one migration."""
    with Hops(Spec(memory_mib=512)) as hops:
        quiet_guest_is_kicked(hops.here)
        migrating_guest_looks_more_often(hops)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=32)
        sleepy_guest_is_told_of(hops, work)


if __name__ == "__main__":
    run(main)
