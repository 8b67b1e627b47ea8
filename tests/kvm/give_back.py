# SPDX-License-Identifier: GPL-2.0
"""
The torture guest as one that gives memory back: it offers free blocks with the guest module's
code, takes some offers back, and fills its pages again as soon as they are its own. The test
plays the agent, which passes the offers on, late at random, and some of them twice.
"""
from __future__ import annotations

import ctypes
import mmap
import os
import random
import struct
import tempfile
import time
from collections.abc import Iterable

from baremetal import EXTENSION, MIB, PAGE, Machine, check, wait_for
from lib.qmp import QmpError
from played_agent import LIBRARY, PlayedThread
from torture import FREE, HOLE, ORDERS, OWNED, PAGES, REPORT, REPORTED, ROM, SHADOW

MEM = 64 * MIB
BLOCKS = 128
# report.h: content of a filled page
FACTOR = 0x9e3779b97f4a7c15
FILLING = 0x3fffffff
WORD = (1 << 64) - 1

PRIVATE = "memory-backend-ram,id=mainram,size={},share=off"
MEMFD = "memory-backend-memfd,id=mainram,size={},share=on"

# What an answer may be when an offer is not taken: it is the guest's again, or it was late.
NOT_TAKEN = ("is stale", "is closed", "comes too early", "cannot be discarded")


def orders(seed: int, mem: int, *, cpus: int, gives: int) -> bytes:
    """struct orders of torture/report.h: as busy as can be."""
    return struct.pack("<9Q", seed, mem // PAGE, PAGES // PAGE, cpus, 0, 0, 100000, 20000, gives)


class GivingMachine(Machine):
    """
    A machine with the giving guest. `memory` is its backend; `gives` is in how many offers it
    says once that it is drained.
    """

    def __init__(self, memory: str = PRIVATE, *, accel: str = "kvm", name: str = "gives",
                 seed: int = 1, cpus: int = 1, gives: int = 1000, extension: str = EXTENSION,
                 options: str = "", incoming: bool = False,
                 extra: Iterable[str] = (), lifetime: float = 400.0) -> None:
        handle, self.orders_path = tempfile.mkstemp(prefix="freehint-orders-", dir="/dev/shm")
        os.write(handle, orders(seed, MEM, cpus=cpus, gives=gives))
        os.close(handle)
        loader = f"loader,file={self.orders_path},addr={ORDERS},force-raw=on"
        super().__init__(accel, name=name, mem=MEM, extension=extension, rom=ROM,
                         incoming=incoming, lifetime=lifetime,
                         extra=["-smp", str(cpus), "-device", loader, *extra])
        at = next(i for i, arg in enumerate(self.args) if "id=mainram" in arg)
        self.args[at] = memory.format(MEM)
        if options:
            self.args[self.args.index("-plugin") + 1] += "," + options

    def stop(self) -> None:
        """End QEMU, remove the orders."""
        super().stop()
        if os.path.exists(self.orders_path):
            os.unlink(self.orders_path)

    def look(self, start: int, size: int) -> bytes:
        """Guest memory, read by QEMU."""
        path = self.path("look")
        self.qmp.command("pmemsave", val=start, size=size, filename=path)
        with open(path, "rb") as file:
            data = file.read()
        os.unlink(path)
        return data

    def report(self) -> dict[str, int]:
        """The guest's own numbers."""
        values = struct.unpack(f"<{len(REPORTED)}Q", self.look(REPORT, 8 * len(REPORTED)))
        report = dict(zip(REPORTED, values))
        check(report["fault"] == 0, f"{self.name}: the guest gave up: {report}")
        return report

    def back(self) -> dict:
        """The member give-back of x-query-freehint."""
        return self.query()["give-back"]

    def wait_hello(self) -> None:
        """The guest's module is there."""
        wait_for(lambda: self.query()["guest"].get("give-back") == "possible",
                 lambda: f"a hello: {self.query()['guest']}, {self.log()}", 60.0, 0.01)

    def ask(self, mode: str, **more: int) -> None:
        """x-freehint-give-back."""
        self.qmp.command("x-freehint-give-back", mode=mode, **more)

    def refused(self, mode: str = "always") -> str:
        """Why x-freehint-give-back was refused."""
        try:
            self.ask(mode)
        except QmpError as error:
            return error.desc
        check(False, f"{self.name}: nothing stands against giving back: {self.back()}")
        return ""

    def wrong_pages(self) -> list[int]:
        """Stop the guest and compare every filled page's first and last word."""
        self.qmp.command("stop")
        data = self.look(0, self.mem)
        shadow = struct.unpack_from(f"<{self.mem // PAGE}I", data, SHADOW)
        wrong = []
        for page in range(PAGES // PAGE, self.mem // PAGE):
            entry = shadow[page]
            if entry == FREE or entry & OWNED or page * PAGE in HOLE:
                continue
            first = (page << 32 | entry & FILLING) * FACTOR & WORD
            word, = struct.unpack_from("<Q", data, page * PAGE)
            last, = struct.unpack_from("<Q", data, page * PAGE + PAGE - 8)
            if word != first or last != (first + 511) & WORD:
                wrong.append(page)
        self.qmp.command("cont")
        return wrong


class Offers:
    """The guest's offers, read with the agent's code (reader.c)."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._library.reader_offer.restype = ctypes.c_uint64
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._base = ctypes.byref(ctypes.c_char.from_buffer(self._map))
        self._size = ctypes.c_uint64(len(self._map))
        self._blocks = (ctypes.c_uint64 * (1 + 2 * BLOCKS))()

    def look(self) -> tuple[int, list[dict[str, int]]]:
        """Sequence and ranges, sorted and merged; 0 and nothing."""
        sequence = self._library.reader_offer(self._base, self._size, self._blocks)
        if not sequence:
            return 0, []
        count = self._blocks[0]
        numbers = self._blocks[1:1 + 2 * count]
        ranges: list[dict[str, int]] = []
        for pfn, pages in sorted(zip(numbers[::2], numbers[1::2])):
            if ranges and ranges[-1]["start"] + ranges[-1]["length"] == pfn * PAGE:
                ranges[-1]["length"] += pages * PAGE
            else:
                ranges.append({"start": pfn * PAGE, "length": pages * PAGE})
        return sequence, ranges


class Discarder(PlayedThread):
    """
    Plays the agent that passes offers on. One offer in `odd` is sent late, twice, or again when
    it is over.
    """

    def __init__(self, machine: GivingMachine, rng: random.Random, odd: int = 4,
                 linger: float = 0.003) -> None:
        super().__init__(machine.agent_qmp, rng, linger)
        self._offers = Offers(machine.shm)
        self._odd = odd
        self.start()

    def _step(self) -> None:
        """One offer."""
        sequence, ranges = self._offers.look()
        if sequence in (0, self._served):
            time.sleep(0.0002)
            return
        self._served = sequence
        self._serve(sequence, ranges)

    def _serve(self, sequence: int, ranges: list[dict[str, int]]) -> None:
        odd = self._rng.randrange(self._odd) == 0
        if odd:
            self._be_late()
        self._send(sequence, ranges)
        if odd and self._rng.random() < 0.5:
            self._be_late()
            self._send(sequence, ranges)

    def _send(self, sequence: int, ranges: list[dict[str, int]]) -> None:
        try:
            self._qmp.command("x-freehint-discard", {"offer": sequence, "ranges": ranges})
            self.sent += 1
        except QmpError as error:
            check(any(words in error.desc for words in NOT_TAKEN), error.desc)
            self.late += 1
