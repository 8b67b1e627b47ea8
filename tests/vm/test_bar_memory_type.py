#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The memory type of the BAR's mapping: write-combining below 4 GiB, where SeaBIOS's MTRRs
say uncached, and write-back above, where the recipes of freehint(4) put the BAR. If a process
has the BAR mapped uncached, the module's mapping is uncached, too. What the module reports is
compared with the kernel's list of memory types. A kernel without a PAT has no such list, and
the module reports that it cannot know.
"""
# time limit: 300 s
from __future__ import annotations

import os
import re

from support import check, check_kernel, step, wait_for
from lib import accel, arch
from lib.machine import Machine, Spec
from lib.paths import ROOT
from lib.result import run

OUR_SLOT = 0x10
DEVICE = f"/sys/bus/pci/devices/0000:00:{OUR_SLOT:02x}.0"
REPORTED = "/sys/kernel/debug/freehint/memory_type"
KERNELS_LIST = "/sys/kernel/debug/x86/pat_memtype_list"
ENTRY = re.compile(r"PAT: \[mem 0x([0-9a-f]+)-0x([0-9a-f]+)\] (\S+)")
ADVICE = "see MEMORY TYPE in freehint(4)"
MANUAL = os.path.join(ROOT, "docs", "man", "freehint.4.scd")
RECIPE = re.compile(r"^(-device) (\S+) +# (\w+)", re.MULTILINE)
FOUR_GIB = 1 << 32


def bar_of(vm: Machine) -> tuple[int, int]:
    """[start, end) of BAR 2."""
    start, last, _ = vm.guest.must(f"sed -n 3p {DEVICE}/resource").split()
    return int(start, 16), int(last, 16) + 1


def kernels_types(vm: Machine, start: int, end: int) -> set[str]:
    """The types of all mappings in [start, end), by the kernel's own list."""
    entries = ENTRY.findall(vm.guest.must(f"cat {KERNELS_LIST}"))
    return {kind.removesuffix("-minus") for low, high, kind in entries
            if int(low, 16) < end and int(high, 16) > start}


def logged(vm: Machine) -> str:
    """The module's line about the mapping; there is exactly one."""
    lines = [line for line in vm.guest.must("dmesg").splitlines()
             if "freehint" in line and " is mapped " in line]
    check(len(lines) == 1, f"lines of the kernel log about the mapping: {lines}")
    return lines[0]


def hold(vm: Machine) -> None:
    """A process maps the BAR, uncached, and keeps it."""
    vm.guest.spawn("hold", f"holdbar {DEVICE}/resource2 /run/hold")
    wait_for(lambda: vm.guest.numbers("/run/hold").get("rounds", 0) > 0, "the process to begin")


def boot(spec: Spec, expected: str, held: bool = False) -> tuple[str, int]:
    """Boot, compare what the module reports; the log's line and the BAR's start."""
    spec.memory_mib, spec.ivshmem_slot = 512, OUR_SLOT
    with Machine(spec, name="memory-type") as vm:
        vm.boot(module=False)
        if held:
            hold(vm)
        vm.load_module()
        wait_for(lambda: vm.query()["guest"]["present"], "the module's hello")
        start, end = bar_of(vm)
        reported = vm.guest.must(f"cat {REPORTED}").strip()
        check(reported == expected, f"{REPORTED} has {reported}, not {expected}")
        line = logged(vm)
        check(expected in line, f"{expected} is not in: {line}")
        if expected != "unknown":
            types = kernels_types(vm, start, end)
            check(types == {expected}, f"the kernel's list has {types}, not {expected}")
        check_kernel(vm.guest)
    step(f"BAR 2 at {start:#x} is {reported}")
    return line, start


def recipes() -> dict[str, list[str]]:
    """The manual's QEMU arguments for each machine type."""
    with open(MANUAL, encoding="utf-8") as manual:
        return {machine: [option, value]
                for option, value, machine in RECIPE.findall(manual.read())}


def main() -> None:
    """Below 4 GiB; above it, by the manual's recipes; held by a process; without a PAT."""
    arch.needs("amd64", "MTRRs, and always a write-back BAR")
    accel.needs_distribution("page attribute table")
    line, start = boot(Spec(), "write-combining")
    check(start < FOUR_GIB, f"BAR 2 is at {start:#x}, not below 4 GiB")
    check(ADVICE in line and "-device" not in line,
          f"the log names a device, which depends on the machine, or not {MANUAL}: {line}")
    check(set(recipes()) == {"q35", "pc"}, f"recipes of {MANUAL}: {recipes()}")
    for machine, extra in recipes().items():
        line, start = boot(Spec(machine=machine, extra=extra), "write-back")
        check(start >= FOUR_GIB, f"{machine}: BAR 2 is at {start:#x} with {extra}")
        check(ADVICE not in line, f"advice although nothing is wrong: {line}")
    boot(Spec(append="iomem=relaxed"), "uncached", held=True)
    boot(Spec(append="nopat"), "unknown")


if __name__ == "__main__":
    run(main)
