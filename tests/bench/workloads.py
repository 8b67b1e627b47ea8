# SPDX-License-Identifier: GPL-2.0
"""
States that a guest's memory is in when it migrates, each and a check that what was
in use has arrived whole.
"""
from __future__ import annotations

import glob
import os
import subprocess
import tempfile
import time
from typing import Any

from peers import MIB
from lib import paths
from lib.initramfs import VIRTIO_MODULES, Extras
from lib.machine import Machine
from lib.patience import wait_for
from lib.result import check, skip
from lib.used_memory import SleepingPages, UsedMemory

FILL_TIMEOUT = 600.0
# Struct pages apart, a fresh guest touches less than this.
FRESH_MIB = 1024
# What the kernel and a shell need besides.
RESERVE_MIB = 128
COMPILE_JOBS = 4
# Guest seconds over which the undisturbed compile is watched.
COMPILE_BEFORE = 15
VIRTIO_BLK = (*VIRTIO_MODULES, "virtio_blk")


class Workload:
    """
    A fresh, idle guest with 32 MiB of checked memory; the base of the others.

    name    in the CSV and on the command line
    extras  more programs, modules and files in the guest
    """

    name = "fresh"
    extras = Extras()

    def __init__(self, memory_mib: int, smp: int) -> None:
        self.memory_mib = memory_mib
        self.smp = smp
        self.fill_mib = max(memory_mib * 3 // 4, 1)
        self._used: UsedMemory | None = None

    @property
    def warm_mib(self) -> int:
        """What the destination may come to hold, without hints: see warm.py."""
        return self.memory_mib // 32 + FRESH_MIB

    def arguments(self) -> list[str]:
        """More QEMU arguments, of both sides."""
        return []

    def start(self, vm: Machine) -> None:
        """Bring the guest into the state."""
        self._used = UsedMemory(vm)
        self.fill(vm)
        vm.guest.must("sync; sleep 1")

    def fill(self, vm: Machine) -> None:
        """What makes this workload different."""

    def mark(self, _src: Machine) -> None:
        """Just before the migration."""

    def during(self, _dst: Machine, _start: float) -> dict[str, Any]:
        """After the migration: numbers of what the guest did meanwhile."""
        return {}

    def verify(self, vm: Machine) -> None:
        """Everything in use is as it was."""
        assert self._used is not None
        self._used.verify(vm)

    def close(self) -> None:
        """Remove what start() made on this machine."""


class _Full(Workload):
    """Most of the memory was touched."""

    @property
    def warm_mib(self) -> int:
        return self.memory_mib + FRESH_MIB


class Used(_Full):
    """Three quarters of the memory were written and freed."""

    name = "used"

    def fill(self, vm: Machine) -> None:
        vm.guest.must(f"memfill {self.fill_mib}M", FILL_TIMEOUT)


class NothingFree(_Full):
    """All memory is in use and nothing of it is zero: there is nothing to hint."""

    name = "full"
    _pages: SleepingPages | None = None

    def fill(self, vm: Machine) -> None:
        size = vm.guest.mem_free_mib() - RESERVE_MIB
        self._pages = SleepingPages(vm.guest, size, "full")

    def verify(self, vm: Machine) -> None:
        super().verify(vm)
        assert self._pages is not None
        self._pages.verify(vm.guest)


class _Checked(_Full):
    """A program of the guest that counts wrong pages in a status file."""

    program = ""
    progress = ""

    def fill(self, vm: Machine) -> None:
        vm.guest.spawn(self.program, self.command())
        self._await(vm, 1)

    def command(self) -> str:
        """What is run in the guest."""
        raise NotImplementedError

    def _numbers(self, vm: Machine) -> dict[str, int]:
        return vm.guest.numbers(f"/run/{self.program}")

    def _await(self, vm: Machine, count: int) -> None:
        wait_for(lambda: self._numbers(vm).get(self.progress, 0) >= count,
                 f"{self.program} to go on", FILL_TIMEOUT, 0.5)

    def verify(self, vm: Machine) -> None:
        super().verify(vm)
        self._await(vm, self._numbers(vm)[self.progress] + 2)
        numbers = self._numbers(vm)
        check(numbers["mismatches"] == 0, f"{self.program} found wrong pages: {numbers}")


class Fragmented(_Checked):
    """The same, but one page in use between each two pieces of 4 KiB to 1 MiB."""

    name = "fragmented"
    program = "fragment"
    progress = "passes"

    def command(self) -> str:
        return f"fragment {self.fill_mib}M /run/fragment"


class Churn(_Checked):
    """A program allocates, writes, checks and frees at a steady rate."""

    name = "churn"
    program = "churn"
    progress = "blocks"

    def command(self) -> str:
        size, rate = self.memory_mib // 8, max(self.memory_mib // 80, 16)
        return f"churn {size}M /run/churn {rate}M"

    def fill(self, vm: Machine) -> None:
        vm.guest.must(f"memfill {self.fill_mib // 2}M", FILL_TIMEOUT)
        super().fill(vm)
        time.sleep(5)


class Compile(_Full):
    """Four jobs compile C files, over and over, in a guest that has used its memory."""

    name = "compile"

    def __init__(self, memory_mib: int, smp: int) -> None:
        super().__init__(memory_mib, smp)
        self._dir = tempfile.TemporaryDirectory(prefix="freehint-bench-")
        self.extras = Extras(programs=("cc1",), files=self._units())
        self._before = 0.0
        self._mark = 0

    @staticmethod
    def _sources() -> list[str]:
        """C files of the agent and the tool."""
        return sorted(source for top in ("agent", "cli", "common") for source in
                      glob.glob(f"{paths.ROOT}/host-agent/{top}/**/*.c", recursive=True))

    def _units(self) -> tuple[tuple[str, str], ...]:
        """Preprocessed files of this project: what the compiler needs and no more."""
        found = subprocess.run(["gcc", "-print-prog-name=cc1"], capture_output=True,
                               text=True, check=True).stdout.strip()
        if not os.path.exists(found):
            skip("no cc1; run tests/deps.sh build")
        os.environ["PATH"] += ":" + os.path.dirname(found)
        flags = subprocess.run(["pkg-config", "--cflags", "libxml-2.0"], capture_output=True,
                               text=True, check=True).stdout.split()
        units = []
        for source in self._sources():
            target = f"{self._dir.name}/{os.path.basename(source)[:-2]}.i"
            subprocess.run(["gcc", "-E", "-P", f"-I{paths.ROOT}", *flags, "-o", target,
                            source], check=True)
            units.append((f"units/{os.path.basename(target)}", target))
        return tuple(units)

    def fill(self, vm: Machine) -> None:
        vm.guest.must(f"memfill {self.fill_mib}M", FILL_TIMEOUT)
        for job in range(COMPILE_JOBS):
            script = (f"cd /units; while :; do for u in *.i; do cc1 -quiet -fpreprocessed -O2 $u "
                      f"-o /tmp/{job}.s && read up rest </proc/uptime && "
                      f"echo $up >>/run/built.{job}; done; done")
            vm.guest.must(f"echo '{script}' >/run/job{job}.sh")
            vm.guest.spawn(f"job{job}", f"sh /run/job{job}.sh")
        time.sleep(5)
        self._before = self._rate(vm, COMPILE_BEFORE)

    def _built(self, vm: Machine) -> int:
        """Files compiled so far."""
        return int(vm.guest.must("cat /run/built.* 2>/dev/null | wc -l"))

    def _rate(self, vm: Machine, seconds: float) -> float:
        """Files a second, by the clock of this machine."""
        start, built = time.monotonic(), self._built(vm)
        time.sleep(seconds)
        now = self._built(vm)
        return (now - built) / (time.monotonic() - start)

    def mark(self, src: Machine) -> None:
        self._mark = self._built(src)

    def during(self, dst: Machine, start: float) -> dict[str, Any]:
        """Files a second before, and from the start of the migration on."""
        elapsed = time.monotonic() - start
        time.sleep(max(COMPILE_BEFORE - elapsed, 0))
        built = self._built(dst) - self._mark
        return {"work_before": round(self._before, 3),
                "work_during": round(built / (time.monotonic() - start), 3)}

    def close(self) -> None:
        self._dir.cleanup()


class Cache(_Full):
    """A quarter of the memory is clean page cache, of a disk that was read."""

    name = "cache"
    extras = Extras(modules=VIRTIO_BLK)

    def __init__(self, memory_mib: int, smp: int) -> None:
        super().__init__(memory_mib, smp)
        handle, self._disk = tempfile.mkstemp(prefix="freehint-bench-", dir="/dev/shm")
        piece = os.urandom(MIB)
        with os.fdopen(handle, "wb") as disk:
            for _ in range(memory_mib // 4):
                disk.write(piece)

    def arguments(self) -> list[str]:
        return ["-drive", f"file={self._disk},format=raw,if=none,id=disk,readonly=on",
                "-device", "virtio-blk-pci,drive=disk"]

    def fill(self, vm: Machine) -> None:
        for name in VIRTIO_BLK:
            vm.guest.must(f"test ! -e /modules/{name}.ko || grep -q '^{name} ' /proc/modules "
                          f"|| insmod /modules/{name}.ko")
        vm.guest.must("cat /sys/class/block/vda/dev | tr : ' ' | "
                      "{ read major minor; test -b /dev/vda || "
                      "mknod /dev/vda b $major $minor; }")
        # its cache goes with the last one who has it open
        vm.guest.must("sleep 100000 </dev/vda >/dev/null 2>&1 & "
                      "cat /dev/vda >/dev/null", FILL_TIMEOUT)

    def close(self) -> None:
        os.unlink(self._disk)


WORKLOADS = {cls.name: cls for cls in (Workload, Used, NothingFree, Fragmented, Churn, Compile,
                                  Cache)}
