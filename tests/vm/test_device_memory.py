#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Memory of a device that has struct pages, at the end of the address space: no page of it
is ever free, so the region need not have room for it, and nothing of it is hinted.
"""
from __future__ import annotations

from support import Hops, Work, check, fill, step, wait_for
from lib import arch, initramfs
from lib.machine import Machine, Spec
from lib.result import run, skip

MEMORY_MIB = 768
RAM_MIB = 576
PMEM_MIB = 128
PAGES_PER_MIB = 256
END = RAM_MIB * PAGES_PER_MIB
# The firmware keeps the end of memory to itself, which must not border on the device's.
MEMMAP = (f"memmap={PMEM_MIB}M!{RAM_MIB}M "
          f"memmap={MEMORY_MIB - RAM_MIB - PMEM_MIB}M${RAM_MIB + PMEM_MIB}M")
# In load order; nd_e820 makes a device of what the command line takes from memory.
MODULES = ("libnvdimm", "nd_btt", "nd_pmem", "nd_e820")
SPEC = Spec(memory_mib=MEMORY_MIB, extras=initramfs.Extras(modules=MODULES),
            append=MEMMAP)


def hello(vm: Machine) -> dict[str, int]:
    """The guest's hello, once it is published."""
    wait_for(lambda: vm.query()["guest"]["present"], "the module's hello")
    return vm.query()["guest"]


def has_device_zone(vm: Machine) -> bool:
    """Has the guest's kernel a zone for memory of devices, with pages in it?"""
    text = vm.guest.must("sed -n '/zone *Device/,/spanned/s/ *spanned *//p' /proc/zoneinfo")
    return any(int(line) for line in text.split())


def main() -> None:
    """Load the module before the device's memory is there, and after; then migrate."""
    arch.needs("amd64", "ACPI without firmware, and so no NVDIMM")
    kernel = initramfs.find_kernel()
    if any(initramfs.kernel_module(kernel, name) is None for name in MODULES):
        skip(f"the guests' kernel has not all of {', '.join(MODULES)}")
    with Hops(SPEC) as hops:
        end = hello(hops.here)["end-pfn"]
        check(end == END, f"memory ends at page {end}, not {END}, without the device")
        hops.here.load_extras()
        wait_for(lambda: has_device_zone(hops.here), "the kernel to make a zone of the device")
        hops.here.unload_module()
        hops.here.load_module()
        end = hello(hops.here)["end-pfn"]
        check(end == END, f"memory ends at page {end}, not {END}: the device's is in it")
        step("memory of a device is not in what the guest says")
        fill(hops.here.guest, 150)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
        hops.hinted(2)
        work.verify(hops.arrive().guest)


if __name__ == "__main__":
    run(main)
