# SPDX-License-Identifier: GPL-2.0
"""
Free memory that goes back to the host: how long from the wish until the host has it, what
stays resident, what the next use costs, and what a guest that compiles loses meanwhile.
"""
from __future__ import annotations

import dataclasses
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from measure import LIFETIME
from peers import BY_NAME, MIB, Peer
from workloads import WORKLOADS, Workload
from lib import paths
from lib.initramfs import Extras, find_kernel
from lib.machine import Machine, Spec
from lib.patience import wait_for
from lib.result import check

# Resident memory is at rest when it loses less than a hundredth of all in this time; free
# page reporting pauses for 2 s between its passes.
REST = 5.0
LONGEST = 120.0
TICK = 0.01
# A compile is watched for so long.
WATCHED = 60.0
TOUCH_MIB = 256
# A guest whose other memory is virtio-mem's boots with so much: its kernel and all struct pages.
# No other mapping of a QEMU is as large.
BOOT_MIB = 1536
VIRTIO_MEM = "/machine/peripheral/vmem0"
COLUMNS = ("suite", "rep", "workload", "peer", "mem_mib", "failed", "back_s", "rss_before",
           "rss_after", "guest_after", "used_mib", "given", "touch_ms", "median_us",
           "hold_max_us", "work", "rss_mean", "hold_cpu_max_us")

Row = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One row to be."""

    workload: str
    peer: str


def _tool(vm: Machine, *options: str) -> None:
    """The administrator's command; returns when the guest has nothing more to offer."""
    done = subprocess.run([paths.TOOL, "give-back", "--qmp", vm.qemu.path("spare.qmp"),
                           *options], capture_output=True, text=True, timeout=LONGEST,
                          check=False)
    check(done.returncode == 0, f"freehint give-back: {done.stdout}{done.stderr}")


def _small_blocks(vm: Machine) -> None:
    """The same, down to blocks of 8 KiB."""
    _tool(vm, "--order", "1")


def _nothing(_vm: Machine) -> None:
    """It works by itself, or not at all."""


def _inflate_and_deflate(vm: Machine) -> None:
    """Take all that is free, and return it."""
    BY_NAME["inflated"].before(vm)
    BY_NAME["inflated"].after(vm)


def _virtio_mem_to(vm: Machine, mib: int) -> None:
    """Ask for another size of virtio-mem's memory; the guest keeps blocks that it cannot empty."""
    vm.qmp.command("qom-set", path=VIRTIO_MEM, property="requested-size", value=mib * MIB)
    sizes = [vm.qmp.command("qom-get", path=VIRTIO_MEM, property="size")]
    rested = time.monotonic() + REST
    while sizes[-1] != mib * MIB and time.monotonic() < rested:
        time.sleep(TICK)
        sizes.append(vm.qmp.command("qom-get", path=VIRTIO_MEM, property="size"))
        if sizes[-1] != sizes[-2]:
            rested = time.monotonic() + REST


def _unplug_and_plug(vm: Machine) -> None:
    """Take all of virtio-mem's memory away, and plug it in again."""
    _virtio_mem_to(vm, 0)
    _virtio_mem_to(vm, _plugged_mib(vm.spec))


@dataclass(frozen=True)
class Way:
    """
    One way to have memory come back.

    label       for people
    peer        the machine it needs
    agent       more options of freehint's agent
    ask         the wish; memory may come back while it lasts and after it
    virtio_mem  all but BOOT_MIB of the guest's memory is virtio-mem's
    """

    label: str
    peer: Peer
    agent: tuple[str, ...] = ()
    ask: Callable[[Machine], None] = _nothing
    virtio_mem: bool = False


OURS = BY_NAME["freehint"]
WAYS = {
    "none": Way("nothing", BY_NAME["none"]),
    "freehint": Way("freehint give-back", OURS, ask=_tool),
    "freehint-small": Way("freehint give-back --order 1", OURS, ask=_small_blocks),
    "freehint-always": Way("freehint, always", OURS, ("--give-back=always",)),
    "freehint-pressure": Way("freehint, pressure", OURS, ("--give-back=pressure",)),
    "reporting": Way("free page reporting", BY_NAME["reporting"]),
    "inflated": Way("balloon inflated and deflated", BY_NAME["inflated"],
                    ask=_inflate_and_deflate),
    "virtio-mem": Way("virtio-mem, unplugged and plugged", BY_NAME["none"],
                      ask=_unplug_and_plug, virtio_mem=True),
}

CASES = (*(Case("used", way) for way in ("freehint", "freehint-small", "reporting",
                                         "inflated", "virtio-mem")),
         *(Case("fragmented", way) for way in ("freehint", "freehint-small", "reporting")),
         *(Case("compile", way) for way in ("none", "freehint-pressure", "freehint-always",
                                            "reporting")))


class Resident:
    """Samples of a process's resident memory, by a thread."""

    def __init__(self, vm: Machine) -> None:
        self._vm = vm
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)
        self.samples: list[tuple[float, int]] = []

    def __enter__(self) -> "Resident":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while not self._stop.is_set():
            self.samples.append((time.monotonic(), self._vm.qemu.rss()))
            time.sleep(TICK)

    def at_rest(self, most: int) -> bool:
        """Has it lost less than a hundredth of `most` in the last REST seconds?"""
        now, rss = self.samples[-1]
        old = [size for when, size in self.samples if when <= now - REST]
        return bool(old) and old[-1] - rss < most // 100

    def came_down(self, start: float) -> float:
        """Seconds until all but a hundredth of what came back had come back."""
        first, last = self.samples[0][1], self.samples[-1][1]
        enough = last + (first - last) // 100
        return max(0.0, next(when for when, size in self.samples if size <= enough) - start)

    def mean(self) -> int:
        """Over all samples, bytes."""
        return sum(size for _, size in self.samples) // len(self.samples)


def _resident_of_guest(vm: Machine) -> int:
    """Resident bytes of the guest's memory alone, the largest mappings of its QEMU."""
    size, mappings = 0, []
    with open(f"/proc/{vm.qemu.pid}/smaps", encoding="ascii") as smaps:
        for line in smaps:
            if line.startswith("Size:"):
                size = int(line.split()[1])
            elif line.startswith("Rss:"):
                mappings.append((size, int(line.split()[1])))
    blocks = 2 if vm.spec.memory_opts else 1
    return sum(resident for _, resident in sorted(mappings)[-blocks:]) << 10


def _plugged_mib(spec: Spec) -> int:
    """What virtio-mem can add to a guest of that kind: `maxmem` without what it boots with."""
    return int(spec.memory_opts.removeprefix(",maxmem=").removesuffix("M")) - spec.memory_mib


def _spec(way: Way, workload: Workload) -> Spec:
    spec = Spec(memory_mib=workload.memory_mib, smp=workload.smp, ivshmem=way.peer.ours,
                extension=way.peer.ours, with_module=way.peer.ours, extras=workload.extras,
                extra=workload.arguments(), lifetime=LIFETIME)
    if way.peer.balloon is not None:
        options = f",{way.peer.balloon}" if way.peer.balloon else ""
        spec.extra += ["-device", f"virtio-balloon-pci{options}"]
    return _with_virtio_mem(spec) if way.virtio_mem else spec


def _with_virtio_mem(spec: Spec) -> Spec:
    """The same memory, most of it plugged in."""
    size = spec.memory_mib - BOOT_MIB
    drivers = () if find_kernel().has("VIRTIO_MEM") else ("virtio_mem",)
    return dataclasses.replace(
        spec, memory_mib=BOOT_MIB, memory_opts=f",maxmem={spec.memory_mib}M",
        extras=Extras(modules=drivers),
        extra=[*spec.extra, "-object", f"memory-backend-ram,id=vmem,size={size}M", "-device",
               f"virtio-mem-pci,id=vmem0,memdev=vmem,requested-size={size}M"])


def _boot(vm: Machine, way: Way) -> None:
    vm.boot(module=way.peer.ours)
    if way.peer.balloon is not None or way.virtio_mem:
        vm.load_balloon()
    if way.virtio_mem:
        vm.guest.must("echo online_movable >/sys/devices/system/memory/auto_online_blocks")
        vm.load_extras()
        _virtio_mem_to(vm, _plugged_mib(vm.spec))
    if way.peer.ours:
        vm.start_agent(*way.agent).wait_said("attached")


def _touch(vm: Machine) -> Row:
    """What using memory again costs the guest."""
    words = vm.guest.must(f"firsttouch {TOUCH_MIB}M", 300).split()
    numbers = {name: float(number) for name, number in zip(words[::2], words[1::2])}
    return {"touch_ms": numbers["all_ms"], "median_us": numbers["median_us"]}


def _give_back(vm: Machine, way: Way, workload: Workload) -> Row:
    """The guest has just freed its memory; from the wish until the host has it."""
    workload.start(vm)
    used = workload.memory_mib - vm.guest.mem_free_mib()
    with Resident(vm) as resident:
        wait_for(lambda: bool(resident.samples), "a first sample")
        before, start = resident.samples[0][1], time.monotonic()
        way.ask(vm)
        wait_for(lambda: resident.at_rest(before), "resident memory to be at rest", LONGEST)
    row = {"back_s": round(resident.came_down(start), 3), "rss_before": before,
           "rss_after": vm.qemu.rss(), "guest_after": _resident_of_guest(vm),
           "used_mib": used, **_touch(vm)}
    row["given"] = before - row["rss_after"]
    return row


def _compile(vm: Machine, workload: Workload) -> Row:
    """What a guest that works loses, and how much memory it holds meanwhile."""
    workload.start(vm)
    with Resident(vm) as resident:
        workload.mark(vm)
        start = time.monotonic()
        time.sleep(WATCHED)
        done = workload.during(vm, start)
    return {"work": done["work_during"], "rss_mean": resident.mean(),
            "rss_after": vm.qemu.rss()}


def run(case: Case, memory_mib: int, smp: int) -> Row:
    """Everything from boot to verification."""
    way, workload = WAYS[case.peer], WORKLOADS[case.workload](memory_mib, smp)
    try:
        with Machine(_spec(way, workload), name="bench-back") as vm:
            _boot(vm, way)
            if case.workload == "compile":
                row = _compile(vm, workload)
            else:
                row = _give_back(vm, way, workload)
            if way.peer.ours:
                back = vm.query()["give-back"]
                row |= {"given": back["bytes"], "hold_max_us": back["hold-max-us"],
                        "hold_cpu_max_us": back["hold-cpu-max-us"]}
            workload.verify(vm)
            return row
    finally:
        workload.close()
