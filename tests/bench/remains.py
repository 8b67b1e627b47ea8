# SPDX-License-Identifier: GPL-2.0
"""
What still travels with freehint, by name: what the guest's kernel says it uses, what
it holds in its per-CPU lists, and what QEMU sent.
"""
from __future__ import annotations

import re
from collections.abc import Iterator

from peers import BY_NAME, MIB
from workloads import WORKLOADS
from lib import migration
from lib.machine import Machine, Spec

STATES = ("fresh", "used")
COLUMNS = ("suite", "rep", "workload", "metric", "value", "failed")
PAGE = 4096
STRUCT_PAGE = 64

# /proc/meminfo, kB; page cache is clean but for what is in tmpfs (Shmem).
MEMINFO = {"AnonPages": "programs", "Cached": "page cache and tmpfs", "Slab": "slab",
           "PageTables": "page tables", "KernelStack": "kernel stacks",
           "Percpu": "per-CPU data"}

Sample = tuple[str, float]


def _meminfo(vm: Machine) -> dict[str, int]:
    """Bytes of every line."""
    text = vm.guest.must("cat /proc/meminfo")
    return {name: int(kib) * 1024
            for name, kib in re.findall(r"^(\w+):\s+(\d+) kB$", text, re.MULTILINE)}


def _per_cpu_lists(vm: Machine) -> int:
    """Bytes of free pages in the allocator's per-CPU lists."""
    text = vm.guest.must("cat /proc/zoneinfo")
    return PAGE * sum(map(int, re.findall(r"^\s+count:\s+(\d+)$", text, re.MULTILINE)))


def _guest(vm: Machine) -> Iterator[Sample]:
    """What the kernel knows."""
    info, memory = _meminfo(vm), vm.spec.memory_mib * MIB
    struct_pages = memory // PAGE * STRUCT_PAGE
    yield "struct pages", struct_pages
    yield "kernel image, firmware, other reserved memory", \
        memory - info["MemTotal"] - struct_pages
    for name, label in MEMINFO.items():
        yield label, info[name]
    known = sum(info[name] for name in MEMINFO)
    yield "other kernel memory", info["MemTotal"] - info["MemFree"] - known
    yield "free, in per-CPU lists", _per_cpu_lists(vm)
    yield "free, in the buddy allocator", info["MemFree"] - _per_cpu_lists(vm)


def samples(state: str, memory_mib: int, smp: int) -> Iterator[Sample]:
    """Boot, look, migrate, look."""
    workload = WORKLOADS[state](memory_mib, smp)
    spec = Spec(memory_mib=memory_mib, smp=smp, lifetime=900.0)
    with Machine(spec, name="bench-src") as src, \
         Machine(spec, name="bench-dst", incoming=True) as dst:
        src.boot()
        workload.start(src)
        BY_NAME["freehint"].before(src)
        yield from _guest(src)
        ram = migration.migrate(src.qemu, dst.qemu)["ram"]
        counters = src.counters()
        workload.verify(dst)
    yield "hinted, all passes", counters["pages-offered"] * PAGE
    yield "sent: pages with content", ram["normal"] * PAGE
    yield "sent: pages of zeros, nine bytes each", ram["duplicate"] * PAGE
    yield "sent: bytes on the wire", ram["transferred"]
