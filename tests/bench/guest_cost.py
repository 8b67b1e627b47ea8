# SPDX-License-Identifier: GPL-2.0
"""
What the module costs the guest: the scan, the longest hold of a zone's lock, the CPU
of its poll, and the speed of a program that does nothing but walk memory.
"""
from __future__ import annotations

import time
from collections.abc import Iterator

from peers import BY_NAME
from lib import migration
from lib.machine import Machine, Spec

GIB = (2, 8, 32, 64)
WATCH = 10.0
COLUMNS = ("suite", "rep", "mem_mib", "metric", "value", "failed")

Sample = tuple[str, float]


def _stats(vm: Machine) -> dict[str, int]:
    """What debugfs shows."""
    vm.guest.run("mount -t debugfs d /sys/kernel/debug")
    return vm.guest.numbers("/sys/kernel/debug/freehint/stats")


def _thread_ns(vm: Machine) -> int:
    """CPU time of the module's thread."""
    return int(vm.guest.must("set -- $(pidof freehint || ps | sed -n "
                             "'s/^ *\\([0-9]*\\).*\\[freehint\\].*/\\1/p'); "
                             "cat /proc/$1/schedstat").split()[0])


def _poll(vm: Machine) -> float:
    """Microseconds of CPU that the thread takes in a second."""
    start, before = time.monotonic(), _thread_ns(vm)
    time.sleep(WATCH)
    return (_thread_ns(vm) - before) / 1e3 / (time.monotonic() - start)


def _walk(vm: Machine) -> float:
    """Pages a second that a program writes and checks."""
    def pages() -> int:
        return vm.guest.numbers("/run/walk").get("checks", 0)

    start, before = time.monotonic(), pages()
    time.sleep(WATCH)
    return (pages() - before) / (time.monotonic() - start)


def samples(memory_mib: int, smp: int) -> Iterator[Sample]:
    """Boot, watch without the module, with it, told to report, and after a round."""
    spec = Spec(memory_mib=memory_mib, smp=smp, lifetime=900.0,
                backend_opts=",reserve=off")
    with Machine(spec, name="bench-src") as src, \
         Machine(spec, name="bench-dst", incoming=True) as dst:
        src.boot(module=False)
        src.guest.spawn("walk", "pagecheck 64M /run/walk")
        time.sleep(2)
        yield "walk, no module", _walk(src)
        src.load_module()
        yield "walk, loaded", _walk(src)
        yield "poll us/s, loaded", _poll(src)
        BY_NAME["freehint"].before(src)
        yield "poll us/s, started", _poll(src)
        # a request line that stays as it is is polled more slowly after ten seconds
        src.qmp.command("x-freehint-stop")
        src.start_hints()
        yield "walk, started", _walk(src)
        migration.migrate(src.qemu, dst.qemu)
        yield from _scan(dst, memory_mib)


def _scan(vm: Machine, memory_mib: int) -> Iterator[Sample]:
    """The last scan of the guest that has just arrived."""
    stats = _stats(vm)
    for name in ("scan-us-last", "hold-us-last", "held-us-last", "irq-off-us-max",
                 "holds-last", "pages-last"):
        yield name, float(stats[name])
    yield "scan us/GiB", stats["scan-us-last"] / (memory_mib / 1024)
    yield "held us/GiB", stats["held-us-last"] / (memory_mib / 1024)
