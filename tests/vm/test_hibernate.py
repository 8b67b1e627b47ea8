#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
A guest hibernates where no ACPI S4 ends it: the kernel writes its image with its threads frozen,
and then reboots or powers off through shutdown() of the drivers. The module must let it. When the
guest has come back from the image, in a region that another host instance uses, the module
publishes its hello, takes no old offer for its own, answers a round and gives memory back.
"""
from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

from support import Work, check, check_kernel, free_mib, patience, step, wait_for
from lib import accel, arch, played_host
from lib.initramfs import VIRTIO_MODULES, Extras
from lib.machine import UP, Machine, Spec
from lib.played_host import PlayedHost
from lib.result import run

MEMORY_MIB = 384
SWAP_MIB = 384
KEPT_MIB = 48
MODULES = (*VIRTIO_MODULES, "virtio_blk")
# An offer that an earlier guest has left behind, and where (proto/SPEC.md, line 9).
OLD_OFFER, SEQUENCE_AT = 0x1234, 576

# Seconds for an answer of a guest that is busy or not there, and by how much more each time.
PROBE, MORE = 2.0, 1.3


@contextmanager
def guest_with_swap() -> Iterator[tuple[Machine, PlayedHost]]:
    """A guest without extension and agent that has a disk to hibernate to."""
    with tempfile.NamedTemporaryFile(prefix="freehint-ram-", dir="/dev/shm") as memory, \
         tempfile.NamedTemporaryFile(prefix="freehint-swap-", dir="/dev/shm") as swap:
        swap.truncate(SWAP_MIB << 20)
        spec = Spec(memory_mib=MEMORY_MIB, extension=False, lifetime=900,
                    backend="memory-backend-file",
                    backend_opts=f",mem-path={memory.name},share=on",
                    extra=["-drive", f"file={swap.name},format=raw,if=none,id=swap",
                           "-device", "virtio-blk-pci,drive=swap"],
                    extras=Extras(modules=MODULES))
        with Machine(spec, name="hibernate") as vm:
            try:
                vm.boot(module=False)
                yield vm, PlayedHost(vm.shm, memory.name)
            except BaseException:
                print("\n".join(vm.console().splitlines()[-40:]))
                raise


def load_disk(vm: Machine) -> None:
    """The drivers that the disk needs."""
    for name in MODULES:
        vm.guest.must(f"test ! -e /modules/{name}.ko || insmod /modules/{name}.ko")


def ask_later(vm: Machine, command: str) -> None:
    """Run what may never answer."""
    vm.guest.probe(f"setsid sh -c '{command}' </dev/null >/run/later.log 2>&1 &", PROBE)


def hibernate(vm: Machine, mode: str) -> None:
    """Write the image, and end as `mode` says."""
    vm.guest.must(f"sync; echo {mode} >/sys/power/disk; echo 0 >/sys/power/image_size")
    ask_later(vm, "sleep 0.2; echo disk >/sys/power/state")


def boot_id(vm: Machine, limit: float) -> str:
    """What tells one boot from another; empty when the guest does not answer in time."""
    status, text = vm.guest.probe("cat /proc/sys/kernel/random/boot_id", limit)
    return text if status == 0 else ""


def wait_boot_id(vm: Machine, old: str) -> None:
    """The guest that hibernated is back."""
    deadline = patience.deadline(90)
    limit = PROBE
    while (found := boot_id(vm, limit)) != old:
        check(time.monotonic() < deadline, "the guest does not come back from its image")
        # The boot that reads the image answers for a while.
        if found:
            time.sleep(0.2)
        else:
            limit *= MORE


def resume(vm: Machine) -> None:
    """Another boot of the kernel reads the image, and is gone."""
    wait_for(lambda: vm.console().count(UP) == 2, "the guest to boot again", 90)
    vm.guest.wait_boot()
    load_disk(vm)
    ask_later(vm, "cat /sys/block/vda/dev >/sys/power/resume")


def leave_old_offer(vm: Machine) -> None:
    """What an earlier guest may have left in the region: it stands, nobody holds its blocks."""
    with open(vm.shm, "r+b") as file:
        file.seek(SEQUENCE_AT)
        file.write(OLD_OFFER.to_bytes(8, "little"))


def works(vm: Machine, host: PlayedHost) -> None:
    """A round is answered, and free memory given back."""
    number = host.open_round()
    seal = wait_for(lambda: host.sealed(number), "a sealed round", 30)
    check(seal.status == played_host.SEAL_COMPLETE, f"round sealed with {seal.status}")
    host.close_round()
    vm.guest.must(f"memfill {free_mib(vm.guest) // 2}M", 120)
    pages = host.pages
    host.ask()
    host.drain()
    check(host.pages > pages, "nothing was given back")
    host.stop_asking()


def reboots_and_resumes(vm: Machine, host: PlayedHost) -> None:
    """The image is written, the guest reboots, reads it and goes on."""
    old = boot_id(vm, patience.seconds(30))
    host.ask()
    host.wait_offer()
    hibernate(vm, "reboot")
    wait_for(lambda: vm.console().count(UP) == 2,
             "a guest that hibernates to reboot; a driver's shutdown() may hang", 180)
    check(not host.guest(), "a hello of a guest that has hibernated")
    check(not host.offered(), "an offer of a guest that has hibernated")
    host.hello()
    leave_old_offer(vm)
    resume(vm)
    wait_boot_id(vm, old)
    host.wait_guest()
    check(not host.offered(), "the offer of an earlier guest still stands")
    works(vm, host)
    step("hibernated, rebooted, back from the image")


def powers_off(vm: Machine, host: PlayedHost) -> None:
    """The image is written, and the guest powers off."""
    hibernate(vm, "shutdown")
    wait_for(lambda: not vm.qemu.alive(),
             "a guest that hibernates to power off; a driver's shutdown() may hang", 180)
    check(not host.guest(), "a hello of a guest that is off")
    step("hibernated and off")


def main() -> None:
    """One guest, twice."""
    arch.needs("amd64", "a kernel that hibernates")
    accel.needs_distribution("hibernation and virtio-blk")
    with guest_with_swap() as (vm, host):
        load_disk(vm)
        vm.guest.must("mkswap /dev/vda && swapon /dev/vda && "
                      "cat /sys/block/vda/dev >/sys/power/resume")
        vm.load_module()
        host.wait_guest()
        work = Work(vm.guest, pages_mib=KEPT_MIB, churn_mib=KEPT_MIB)
        reboots_and_resumes(vm, host)
        work.verify(vm.guest)
        check_kernel(vm.guest)
        powers_off(vm, host)


if __name__ == "__main__":
    run(main)
