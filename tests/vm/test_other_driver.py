#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Another driver has our device, before the module comes or after it was there: the
guest's log names slot and driver and says how to have it, and what it says works.
"""
from __future__ import annotations

import re

from support import Hops, check, check_kernel, expect_refusal, step, wait_for
from lib import initramfs
from lib.machine import Machine, Spec
from lib.result import run, skip

OTHER = "uio_pci_generic"
EXTRAS = initramfs.Extras(modules=("uio", OTHER))
SLOT = 0x10
NAME = f"0000:00:{SLOT:02x}.0"
DEVICE = f"/sys/bus/pci/devices/{NAME}"


def present(vm: Machine) -> bool:
    """Has the module published its hello for this QEMU?"""
    return vm.query()["guest"]["present"]


def driver(vm: Machine) -> str:
    """Name of the driver that has the device, or nothing."""
    link = vm.guest.must(f"readlink {DEVICE}/driver || true").strip()
    return link.rsplit("/", 1)[-1]


def recipe(vm: Machine) -> str:
    """The commands in the guest's log, said once."""
    log = vm.guest.must("dmesg")
    found = re.findall(rf"freehint: {NAME} is bound to driver {OTHER};.*?: (cd .*)", log)
    check(len(found) == 1, f"the log should name {NAME} and {OTHER} once:\n{log}")
    vm.guest.must("dmesg -c >/dev/null")
    return found[0]


def give_over(vm: Machine, commands: str) -> None:
    """Run the commands that the log names: the module then gets the device."""
    vm.guest.must(commands)
    check(driver(vm) == "freehint", f"{commands!r} gave the device to {driver(vm)!r}")
    wait_for(lambda: present(vm), "the hello of a device that was given over")


def taken_before(vm: Machine) -> None:
    """The other driver was there first."""
    vm.guest.must(f"echo 1af4 1110 >/sys/bus/pci/drivers/{OTHER}/new_id")
    check(driver(vm) == OTHER, f"{OTHER} has not taken the device")
    vm.guest.must("dmesg -c >/dev/null")
    vm.load_module()
    expect_refusal(vm.qmp, "x-freehint-start", "no guest module has published its hello")
    give_over(vm, recipe(vm))
    step("taken before the module was loaded, and given over")


def taken_later(vm: Machine) -> None:
    """The administrator, or a script of theirs, hands it over while the module runs."""
    vm.guest.must(f"cd /sys/bus/pci; echo {OTHER} >devices/{NAME}/driver_override; "
                  f"echo {NAME} >drivers/freehint/unbind; echo {NAME} >drivers_probe")
    check(driver(vm) == OTHER, f"{OTHER} has not taken the device")
    give_over(vm, recipe(vm))
    vm.unload_module()
    step("taken while the module ran, and given back")


def main() -> None:
    """One boot."""
    if initramfs.kernel_module(initramfs.find_kernel(), OTHER) is None:
        skip(f"the guests' kernel has no {OTHER}")
    with Hops(Spec(memory_mib=512, ivshmem_slot=SLOT, extras=EXTRAS), module=False) as hops:
        hops.here.load_extras()
        taken_before(hops.here)
        taken_later(hops.here)
        check_kernel(hops.here.guest)


if __name__ == "__main__":
    run(main)
