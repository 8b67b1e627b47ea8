#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
The device is reset while its guest gives memory back, as an administrator does through sysfs:
behind a port the bus is reset, and for a second the device decodes no memory. Before, the module
ends the session and withdraws its hello; a host that has taken an offer is waited for. Then the
same without a warning: the link has a fatal error and is reset by the kernel's error recovery, and
decoding is switched off behind the module's back. No block of an offer
is used again before the host has answered, and a moment without decoding ends no session.
"""
from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from events import MEMORY, NOTHING, decode, our_device
from giving_guest import take_one
from support import check, check_kernel, comes_true, step, wait_for
from lib import accel, arch
from lib.machine import Machine, Spec
from lib.played_host import DONE, Offer, PlayedHost
from lib.result import run

MEMORY_MIB = 384
# Memory that is used and freed before an offer.
FILL_MIB = 200
# Long enough for a guest that does not wait.
AWHILE = 3.0
# Decoding is off for 5 ms, 200 times in all.
BURSTS, BLINKS, DARK_US = 5, 40, 5000

# One thread for all processors. With more of them a QEMU 7.2 without freehint has ended in the
# blinks with a segmentation fault: a processor read by the memory map that another one replaced.
ONE_THREAD = {"tcg": "tcg,thread=single"}


@contextmanager
def guest_behind_port() -> Iterator[tuple[Machine, PlayedHost]]:
    """A guest whose ivshmem device is alone behind a root port, so that it can be reset."""
    with tempfile.NamedTemporaryFile(prefix="freehint-ram-", dir="/dev/shm") as memory, \
         tempfile.NamedTemporaryFile(prefix="freehint-bar-", dir="/dev/shm") as bar:
        bar.truncate(1 << 20)
        spec = Spec(accel=ONE_THREAD.get(accel.chosen(), accel.chosen()),
                    memory_mib=MEMORY_MIB, ivshmem=False, extension=False, lifetime=600,
                    backend="memory-backend-file",
                    backend_opts=f",mem-path={memory.name},share=on",
                    extra=["-object",
                           f"memory-backend-file,id=region,mem-path={bar.name},size=1M,share=on",
                           "-device", "pcie-root-port,id=rp0,chassis=1,slot=1",
                           "-device", "ivshmem-plain,memdev=region,bus=rp0,master=on"])
        with Machine(spec, name="reset") as vm:
            try:
                vm.boot(module=False)
                host = PlayedHost(bar.name, memory.name)
                vm.load_module()
                host.wait_guest()
                yield vm, host
                check_kernel(vm.guest)
            except BaseException:
                print("\n".join(vm.console().splitlines()[-40:]))
                raise


def offer_now(vm: Machine, host: PlayedHost) -> Offer:
    """Free memory that is offered."""
    vm.guest.must(f"memfill {FILL_MIB}M", 120)
    host.ask()
    return host.wait_offer()


def spawn(vm: Machine, name: str, command: str) -> None:
    """Start a command whose status is in /run/`name`.done, whole, when it has ended."""
    vm.guest.must(f"rm -f /run/{name}.done")
    vm.guest.spawn(name, f"sh -c '{command}; echo $? >/run/{name}.new; "
                   f"mv /run/{name}.new /run/{name}.done'")


def reset(vm: Machine) -> None:
    """Reset the device; the command ends with the reset."""
    spawn(vm, "reset", f"echo 1 >{our_device(vm.guest)}/reset")


def reset_is_over(vm: Machine) -> bool:
    """Has the reset command ended? Fails if the reset was refused."""
    status, text = vm.guest.run("cat /run/reset.done")
    check(status or text.strip() == "0", f"the device could not be reset: {text}")
    return status == 0


def goes_on(host: PlayedHost, offer: Offer) -> None:
    """The module is back, and gives what is left."""
    host.wait_guest()
    host.wait_offer(offer.sequence)
    host.drain()
    host.stop_asking()


def reset_while_offered(vm: Machine, host: PlayedHost) -> None:
    """An offer that nobody took is withdrawn before the reset: nobody can take it after."""
    offer = offer_now(vm, host)
    reset(vm)
    # a busy host may look when the module is back already
    wait_for(lambda: not host.guest() or reset_is_over(vm), "the hello to be withdrawn", 30, 0.01)
    check(not host.take(offer.sequence), "an offer could be taken while the device is reset")
    wait_for(lambda: reset_is_over(vm), "the reset", 60)
    goes_on(host, offer)
    step("reset with an offer that nobody had taken")


def reset_while_taken(vm: Machine, host: PlayedHost) -> None:
    """The reset waits for the host's answer."""
    offer_now(vm, host)
    offer = take_one(host)
    reset(vm)
    check(not comes_true(lambda: reset_is_over(vm), AWHILE),
          "reset although the host has taken an offer")
    host.discard(offer)
    host.answer(offer.sequence, DONE)
    wait_for(lambda: reset_is_over(vm), "the reset", 60)
    goes_on(host, offer)
    step("reset after the host's answer")


def free_pages(vm: Machine) -> int:
    """The guest's free memory, MiB."""
    return vm.guest.mem_free_mib()


def dark_while_taken(vm: Machine, host: PlayedHost) -> None:
    """Loads of all ones are taken neither for an answer nor for another host."""
    offer_now(vm, host)
    offer = take_one(host)
    held = offer.pages() >> 8
    without = free_pages(vm)
    decode(vm.guest, NOTHING)
    time.sleep(AWHILE)
    check(free_pages(vm) < without + held // 2,
          f"{held} MiB that the host may discard are free again")
    decode(vm.guest, MEMORY)
    host.discard(offer)
    host.answer(offer.sequence, DONE)
    wait_for(lambda: free_pages(vm) >= without + held // 2 or host.offered(),
             "the blocks to come back", 60)
    goes_on(host, offer)
    step("decoded nothing while the host had an offer")


def dark_while_offered(vm: Machine, host: PlayedHost) -> None:
    """A withdrawal that was lost is repeated before the blocks are used."""
    offer = offer_now(vm, host)
    held = offer.pages() >> 8
    without = free_pages(vm)
    decode(vm.guest, NOTHING)
    time.sleep(AWHILE)
    if host.take(offer.sequence):
        check(free_pages(vm) < without + held // 2,
              f"{held} MiB are free again, and the host could take them")
        host.answer(offer.sequence, DONE)
    decode(vm.guest, MEMORY)
    goes_on(host, offer)
    step("decoded nothing while an offer stood")


def recovered(vm: Machine) -> int:
    """How many times the kernel has recovered from an error of the link."""
    said = vm.guest.must("dmesg")
    check("can't recover" not in said, "the kernel does not recover the device")
    return said.count("device recovery successful")


def error_while_taken(vm: Machine, host: PlayedHost) -> None:
    """A fatal error of the link: the kernel resets it, and the offer that the host has stands."""
    offer_now(vm, host)
    offer = take_one(host)
    held = offer.pages() >> 8
    without = free_pages(vm)
    before = recovered(vm)
    vm.qmp.hmp("pcie_aer_inject_error rp0 DLP")
    wait_for(lambda: recovered(vm) > before, "the kernel to recover the device", 60)
    check(free_pages(vm) < without + held // 2,
          f"{held} MiB that the host may discard are free again")
    host.discard(offer)
    host.answer(offer.sequence, DONE)
    goes_on(host, offer)
    step("an error of the link while the host had an offer")


def blinks_are_over(vm: Machine, host: PlayedHost) -> bool:
    """Serve offers for a while. Has the program ended? Fails if it could not do its work."""
    comes_true(lambda: bool(host.serve()), 0.5)
    status, text = vm.guest.run("cat /run/blink.done")
    check(status or text.strip() == "0", f"decoding could not be switched: {text}")
    return status == 0


def blinks(vm: Machine, host: PlayedHost) -> None:
    """Decoding is off for moments, which the module's polls may not see: the session goes on."""
    for _ in range(BURSTS):
        vm.guest.must(f"memfill {FILL_MIB}M", 120)
        spawn(vm, "blink", f"blinkbar {our_device(vm.guest)}/config {BLINKS} {DARK_US}")
        host.ask()
        wait_for(lambda: blinks_are_over(vm, host), "the last blink", 60)
        vm.guest.must(f"memfill {FILL_MIB}M", 120)
        # a guest that was drained waits until memory has stayed free
        wait_for(host.serve, "an offer after the device was dark for moments", 40, 0.001)
        host.stop_asking()
    step(f"decoded nothing for {DARK_US} us, {BURSTS * BLINKS} times")


def main() -> None:
    """One guest, six times."""
    arch.needs("amd64", "a root port of q35")
    accel.needs_distribution("PCI Express")
    with guest_behind_port() as (vm, host):
        reset_while_offered(vm, host)
        reset_while_taken(vm, host)
        error_while_taken(vm, host)
        dark_while_taken(vm, host)
        dark_while_offered(vm, host)
        blinks(vm, host)


if __name__ == "__main__":
    run(main)
