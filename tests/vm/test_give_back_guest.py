#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The guest module gives memory back, and this test is its host: it takes offers and punches
holes into the file behind the guest's memory while programs in the guest check theirs. Then
it is a host that is silent, declines, is slow, or is replaced by another one; and the module
is unloaded, the guest sleeps or runs out of memory, and rounds are answered meanwhile.
"""
from __future__ import annotations

import os

from giving_guest import MEMORY_MIB, guest_of_ours, page_kib, take_one, use_and_free
from support import Work, check, comes_true, free_mib, step, wait_for
from lib import arch, played_host
from lib.guest import Guest
from lib.machine import Machine
from lib.played_host import DECLINED, DONE, Offer, PlayedHost
from lib.result import Failure, run

LEAVE_TRIES = 4
# What a guest keeps besides the blocks that are too small.
KEEP_MIB = 100
# An offer that a guest misses.
HELD_MIB = 96
# What the guest may use again between the host's last answer and a look at the file.
SLACK_MIB = 32
ENABLED = "Free page reporting enabled"
LOADED = "test -d /sys/module/freehint/parameters"
PARAMETERS = "/sys/module/freehint/parameters"
# Seconds after which a task hangs, for the guest's kernel: longer than one may be without a
# processor. And for how long the host has an offer meanwhile.
HUNG, HELD_SECONDS = 3, 10
HUNG_TIMEOUT = "/proc/sys/kernel/hung_task_timeout_secs"


def nothing_before_the_host_asks(vm: Machine, host: PlayedHost) -> None:
    """The module registers with page reporting only for a session."""
    host.wait_guest()
    check(ENABLED not in vm.guest.must("dmesg"), "registered although nobody has asked")
    check(not host.offered(), "an offer that nobody has asked for")


def larger_blocks_than_there_are(vm: Machine, host: PlayedHost) -> None:
    """
    The guest has nothing, and says so at once. It does not register: its kernel would mark all
    free memory, and drained() would get nothing.
    """
    use_and_free(vm)
    host.ask(order=host.max_order() + 1)
    host.drain()
    check(not host.sequences, "an offer of blocks that do not exist")
    check(ENABLED not in vm.guest.must("dmesg"), "registered for blocks that do not exist")
    host.stop_asking()
    step("asked for blocks larger than the kernel's")


def drained(vm: Machine, host: PlayedHost) -> None:
    """All free memory comes back, and what is in use keeps its content."""
    work = Work(vm.guest, pages_mib=48, churn_mib=48, zero_mib=48)
    use_and_free(vm)
    before = host.resident_mib()
    with work.resting(vm.guest):
        session = host.ask()
        host.drain()
        state = host.state()
        free = vm.guest.mem_free_mib()
        resident = host.resident_mib()
    check(state.session == session and state.pages == host.pages,
          f"the guest counts {state.pages} pages, given were {host.pages}")
    check(state.offers >= len(host.sequences) > 1, f"{state.offers} offers")
    step(f"resident {before} MiB, then {resident}; {host.pages >> 8} MiB of "
         f"{free} MiB of free memory in {state.offers} offers")
    check(host.pages >> 8 > free // 2, "less than half of the free memory came back")
    check(resident < MEMORY_MIB - (host.pages >> 8) + SLACK_MIB,
          "the memory is still resident")
    serve_a_while(vm, host)
    work.verify(vm.guest)
    for name in work.names:
        vm.guest.kill(name)
    host.stop_asking()


def serve_a_while(vm: Machine, host: PlayedHost) -> None:
    """The guest uses and frees memory while the host goes on asking."""
    seen = len(host.sequences)
    host.forgetful = True
    vm.guest.spawn("fill", f"memfill {free_mib(vm.guest) // 2}M")
    wait_for(lambda: host.serve() and len(host.sequences) > seen + 1,
             "offers of what was freed again", 60, 0.001)
    host.forgetful = False
    step("what was used and freed again came back, too")


def withdrawn_from_a_silent_host(vm: Machine, host: PlayedHost) -> None:
    """An offer that nobody takes is withdrawn; it cannot be taken then."""
    use_and_free(vm)
    host.ask()
    offer = host.wait_offer()
    wait_for(lambda: host.state().withdrawn, "the offer to be withdrawn", 30)
    check(not host.take(offer.sequence), "a withdrawn offer was taken")
    again = take_one(host, offer.sequence)
    step("withdrawn, and offered again with another sequence")
    host.answer(again.sequence, DECLINED)
    later = host.wait_offer(again.sequence)
    check(not host.take(again.sequence), "a declined offer was taken once more")
    step("declined, and offered again")
    check(later.session == host.session, "an offer of another session")
    host.stop_asking()
    wait_for(lambda: not host.offered(), "the offer to be withdrawn with its session", 30)


def hold_one(vm: Machine, host: PlayedHost) -> Offer:
    """A taken offer that is not answered."""
    use_and_free(vm)
    host.ask()
    return take_one(host)


def rounds_beside_a_held_offer(vm: Machine, host: PlayedHost) -> None:
    """A slow host does not keep the guest from answering rounds."""
    offer = hold_one(vm, host)
    for _ in range(3):
        number = host.open_round()
        seal = wait_for(lambda number=number: host.sealed(number), "a sealed round", 30)
        check(seal.status == played_host.SEAL_COMPLETE, f"round sealed with {seal.status}")
        check(seal.free_pages, "no page is free")
        host.close_round()
    host.discard(offer)
    host.answer(offer.sequence, DONE)
    host.drain()
    host.stop_asking()
    step("rounds were answered while the host held an offer")


def hold_large(vm: Machine, host: PlayedHost) -> Offer:
    """Hold an offer whose memory the guest will need; small blocks are offered before."""
    for _ in range(LEAVE_TRIES):
        use_and_free(vm)
        host.ask()
        while not host.state().drained:
            offer = host.offered()
            if offer and offer.pages() >> 8 >= HELD_MIB and host.take(offer.sequence):
                return offer
            host.serve()
        host.stop_asking()
    raise Failure(f"no offer of {HELD_MIB} MiB")


def on_processors_mib(guest: Guest) -> int:
    """Free memory on the lists of processors, which is taken from there when it is needed."""
    counts = guest.must("sed -n 's/^ *count: *//p' /proc/zoneinfo").split()
    return sum(int(count) for count in counts) * page_kib(guest) >> 10


def needed_while_held(vm: Machine, host: PlayedHost) -> None:
    """
    A guest that runs out of memory while the host has an offer wants it back, waits for the
    host, and kills no program.
    """
    offer = hold_large(vm, host)
    held = offer.pages() >> 8
    size = vm.guest.mem_free_mib() + on_processors_mib(vm.guest) + held // 4
    vm.guest.spawn("needy", f"pagecheck {size}M /run/needy idle")
    # a guest that waits for memory answers no command
    wait_for(lambda: not host.offered(), "the offer to be called back", 60)
    host.discard(offer)
    host.answer(offer.sequence, DONE)
    wait_for(lambda: vm.guest.numbers("/run/needy").get("passes", 0), "a program's memory", 60)
    killed = vm.guest.must("dmesg | grep 'Out of memory' || true")
    check(not killed, f"a program was killed for memory that was in an offer: {killed}")
    vm.guest.kill("needy")
    host.stop_asking()
    step(f"{size} MiB were needed, so {held} MiB that the host had were called back")


def unloaded_while_held(vm: Machine, host: PlayedHost) -> None:
    """
    rmmod waits for the host that has taken an offer, whatever the time; a kernel that panics
    when a task hangs is not made to.
    """
    offer = hold_one(vm, host)
    vm.guest.must(f"test ! -f {HUNG_TIMEOUT} || echo {HUNG} >{HUNG_TIMEOUT}")
    vm.guest.spawn("rmmod", "rmmod freehint")
    check(not comes_true(lambda: vm.guest.run(LOADED)[0], HELD_SECONDS),
          "unloaded although the host has taken an offer")
    host.discard(offer)
    host.answer(offer.sequence, DONE)
    wait_for(lambda: vm.guest.run(LOADED)[0], "the module to be unloaded", 30)
    check(not host.guest(), "the hello of an unloaded module")
    check(not host.offered(), "the offer of an unloaded module")
    hung = vm.guest.must("dmesg | grep -E '(kworker|rmmod).* blocked for more than' || true")
    check(not hung, f"the wait for the host counts as a hung task: {hung}")
    vm.guest.must(f"test ! -f {HUNG_TIMEOUT} || echo 120 >{HUNG_TIMEOUT}")
    vm.load_module()
    host.wait_guest()
    step("unloaded after the answer, and loaded again")


def unloaded_while_offered(vm: Machine, host: PlayedHost) -> None:
    """rmmod does not wait for a host that has taken nothing."""
    use_and_free(vm)
    host.ask()
    host.wait_offer()
    vm.unload_module()
    check(not host.offered(), "the offer of an unloaded module")
    vm.load_module()
    host.wait_guest()
    host.drain()
    host.stop_asking()
    step("unloaded with an offer that nobody had taken")


def released_by_another_host(vm: Machine, host: PlayedHost) -> None:
    """A reset, a restart or a reverted snapshot: nobody will answer any more."""
    hold_one(vm, host)
    host.hello()
    host.wait_guest()
    use_and_free(vm)
    host.ask()
    host.drain()
    host.stop_asking()
    step("another host has released the offer")


def small_free_mib(guest: Guest, order: int) -> int:
    """Free memory in blocks below @order, of 4 KiB: too small to be given back."""
    zones = [line.split()[4:] for line in guest.must("cat /proc/buddyinfo").splitlines()]
    kib = page_kib(guest)
    return sum(int(count) * (kib << own) for zone in zones
               for own, count in enumerate(zone) if kib << own < 4 << order) >> 10


def some_stays(vm: Machine, host: PlayedHost) -> None:
    """
    `leave` is what the guest keeps; at most a batch more stays. Small blocks are kept first, so
    the guest is asked to leave more than they are.
    """
    before = given = 0
    # The first batch may be larger than what may go; then nothing does.
    for _ in range(LEAVE_TRIES):
        use_and_free(vm)
        before = vm.guest.mem_free_mib()
        leave = small_free_mib(vm.guest, host.usual_order()) + KEEP_MIB
        pages = host.pages
        host.ask(leave_mib=leave)
        host.drain()
        given = host.pages - pages >> 8
        step(f"{given} MiB of {before} MiB given back, {leave} MiB were to stay")
        check(given <= before - leave + 16, "less stays than was asked for")
        if given:
            break
    check(given > 0, "nothing came back")
    pages = host.pages
    host.ask()
    host.drain()
    rest = host.pages - pages >> 8
    check(rest >= KEEP_MIB // 2, f"only {rest} MiB had stayed in large blocks")
    check(rest <= KEEP_MIB + host.batch_mib() + SLACK_MIB,
          f"{rest} MiB had stayed, {KEEP_MIB} MiB and a batch were to")
    host.stop_asking()


def sleeps_meanwhile(vm: Machine, host: PlayedHost) -> None:
    """S3 in a session: nothing is offered meanwhile, and it goes on afterwards."""
    use_and_free(vm)
    vm.guest.must("echo deep >/sys/power/mem_sleep")
    host.ask()
    offer = host.wait_offer()
    vm.guest.fall_asleep()
    wait_for(lambda: vm.qemu.status() == "suspended", "the guest to suspend", 60)
    check(not host.offered(), "a guest that sleeps offers memory")
    check(not host.take(offer.sequence), "taken from a guest that sleeps")
    vm.qmp.command("system_wakeup")
    host.wait_guest()
    host.wait_offer(offer.sequence)
    host.drain()
    host.stop_asking()
    step("asleep, awake, and offers again")


def refused_by_the_administrator(vm: Machine, host: PlayedHost) -> None:
    """Both parameters refuse, also in the middle of a session."""
    use_and_free(vm)
    host.ask()
    host.wait_offer()
    vm.guest.must(f"echo 0 >{PARAMETERS}/give_back")
    host.wait_guest(played_host.ADMIN)
    wait_for(lambda: not host.offered(), "the offer to be withdrawn", 30)
    vm.guest.must(f"echo 0 >{PARAMETERS}/report")
    host.wait_guest(played_host.CONTRACT)
    vm.guest.must(f"echo 1 >{PARAMETERS}/report; echo 1 >{PARAMETERS}/give_back")
    host.wait_guest()
    host.drain()
    host.stop_asking()
    text = vm.guest.must("cat /sys/kernel/debug/freehint/give_back")
    check("possible" in text and "sessions" in text, f"debugfs says {text}")
    step("refused by the administrator, and permitted again")


def one_guest() -> None:
    """Everything that one guest can go through."""
    with guest_of_ours() as (vm, host):
        vm.guest.must("mkdir -p /sys/kernel/debug; "
                      "mount -t debugfs none /sys/kernel/debug 2>/dev/null; true")
        nothing_before_the_host_asks(vm, host)
        larger_blocks_than_there_are(vm, host)
        drained(vm, host)
        withdrawn_from_a_silent_host(vm, host)
        rounds_beside_a_held_offer(vm, host)
        needed_while_held(vm, host)
        unloaded_while_held(vm, host)
        unloaded_while_offered(vm, host)
        released_by_another_host(vm, host)
        some_stays(vm, host)
        if arch.chosen().name == "amd64":
            sleeps_meanwhile(vm, host)
        refused_by_the_administrator(vm, host)


def zeroed_when_freed() -> None:
    """With init_on_free=1 a page that was given back reads as zero, as the kernel expects."""
    with guest_of_ours(append="init_on_free=1") as (vm, host):
        host.wait_guest()
        drained(vm, host)


def least_mib(guest: Guest) -> int:
    """
    MiB that have to be free before the guest's page reporting reports anything: 32 blocks of
    the order that its first user has set, which stays.
    """
    order = int(guest.must("cat /sys/module/page_reporting/parameters/page_reporting_order"))
    return 32 * (page_kib(guest) << order) >> 10


def beside_a_balloon() -> None:
    """
    Where virtio-balloon has page reporting, the guest says so; then it has it no more. The host
    has started reporting before, and hears of both nevertheless.
    """
    device = ["-device", "virtio-balloon-pci,free-page-reporting=on"]
    with guest_of_ours(extra=device, balloon=True) as (vm, host):
        host.wait_guest()
        host.ready()
        host.ask()
        host.wait_guest(played_host.BUSY)
        check("another driver has page reporting" in vm.guest.must("dmesg"),
              "the log does not say who is in the way")
        check(not host.offered(), "an offer without page reporting")
        vm.guest.must("rmmod virtio_balloon")
        least = least_mib(vm.guest)
        if least >= free_mib(vm.guest):
            print(f"skipped: offers after the balloon: its blocks take {least} MiB that are free")
            return
        # What the balloon has reported is not offered before it was used again.
        use_and_free(vm)
        host.wait_offer()
        host.drain()
        host.wait_guest()
        step("busy with a balloon, and possible without it")


def main() -> None:
    """Three guests."""
    one_guest()
    zeroed_when_freed()
    beside_a_balloon()


if __name__ == "__main__":
    os.umask(0o077)
    run(main)
