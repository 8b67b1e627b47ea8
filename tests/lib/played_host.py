# SPDX-License-Identifier: GPL-2.0
"""
A test that plays the extension and the agent for a guest that gives memory back: it says
hello, asks, takes offers, punches holes into the file behind the guest's memory, and
answers. The bytes are written and read by the host's own code (proto/).
"""
from __future__ import annotations

import ctypes
import mmap
import os
import random
import time
from ctypes import POINTER, Structure, byref, c_char, c_int, c_uint32, c_uint64, c_void_p

from . import arch, paths, patience
from .compile import make
from .patience import wait_for
from .result import check

LIBRARY = os.path.join(paths.CACHE, "kvm", "libplayedhost.so")
PAGE_SHIFT = 12
ORDER_SHIFT = 56
# Orders that are asked for, of 4 KiB: a huge page of 2 MiB, which a small guest with larger
# pages hardly has whole, and 64 KiB; and the highest order of a guest with pages of 4 KiB.
HUGE, SMALL = 9, 4
MAX_ORDER_4K = 10
BATCH_BLOCKS = 32
PFN_MASK = (1 << 48) - 1
MAX_BLOCKS = 128
FALLOC_FL_KEEP_SIZE, FALLOC_FL_PUNCH_HOLE = 1, 2
EAGAIN, ESTALE = 11, 116

NONE, TAKEN, DONE, DECLINED = range(4)
POSSIBLE, NO_KERNEL, BUSY, CONTRACT, ADMIN = range(1, 6)
PHASE_READY, PHASE_ROUND = 1, 2
SEAL_COMPLETE = 1


class Reader(Structure):
    """struct freehint_reader"""
    _fields_ = [("shm", c_void_p), ("bitmap", c_void_p), ("capacity", c_uint64)]


class GuestHello(Structure):
    """struct freehint_guest_hello"""
    _fields_ = [("instance", c_uint64), ("version", ctypes.c_uint16),
                ("page_shift", ctypes.c_uint16), ("contract", ctypes.c_uint16),
                ("refusal", ctypes.c_uint16), ("max_order", c_uint32),
                ("give_back", c_uint32), ("end_pfn", c_uint64), ("incarnation", c_uint64),
                ("reserved", c_uint64 * 3)]


class Seal(Structure):
    """struct freehint_guest_seal"""
    _fields_ = [("round", c_uint64), ("status", c_uint32), ("hold_us", c_uint32),
                ("free_pages", c_uint64), ("end_pfn", c_uint64), ("scan_us", c_uint64),
                ("blocks", c_uint64), ("reserved", c_uint64 * 2)]


class State(Structure):
    """struct freehint_give_back_state"""
    _fields_ = [(name, c_uint64) for name in ("session", "drained", "offers", "pages",
                                              "withdrawn")] + [("reserved", c_uint64 * 3)]


class Offer(Structure):
    """struct freehint_offer"""
    _fields_ = [("sequence", c_uint64), ("session", c_uint64), ("count", c_uint32),
                ("pad", c_uint32), ("reserved", c_uint64 * 5),
                ("block", c_uint64 * MAX_BLOCKS)]

    def blocks(self) -> list[tuple[int, int]]:
        """First pfn and order of each block."""
        return [(word & PFN_MASK, word >> ORDER_SHIFT) for word in self.block[:self.count]]

    def pages(self) -> int:
        """Pages in all blocks."""
        return sum(1 << order for _, order in self.blocks())


def _load() -> ctypes.CDLL:
    """The host's code, with the types that ctypes does not guess."""
    make("tests", LIBRARY)
    library = ctypes.CDLL(LIBRARY)
    library.freehint_write_host_hello.argtypes = [c_void_p, c_uint64, c_uint64]
    library.freehint_write_request.argtypes = [c_void_p, c_uint64, c_uint32, c_uint32]
    library.freehint_write_give_back_request.argtypes = [c_void_p, c_uint64, c_uint32, c_uint64]
    library.freehint_write_give_back_request.restype = None
    library.freehint_reader_attach.argtypes = [POINTER(Reader), c_void_p, c_uint64]
    library.freehint_offer_sequence.argtypes = [POINTER(Reader)]
    library.freehint_offer_sequence.restype = c_uint64
    library.freehint_copy_offer.argtypes = [POINTER(Reader), POINTER(Offer)]
    library.freehint_take_offer.argtypes = [c_void_p, c_uint64]
    library.freehint_answer_offer.argtypes = [c_void_p, c_uint64, c_int]
    library.freehint_answer_offer.restype = None
    library.freehint_read_give_back_state.argtypes = [POINTER(Reader), c_uint64, POINTER(State)]
    library.freehint_read_seal.argtypes = [POINTER(Reader), c_uint64, POINTER(Seal)]
    library.freehint_read_guest_hello.argtypes = [POINTER(Reader), c_uint64,
                                                  POINTER(GuestHello)]
    return library


class PlayedHost:
    """
    The host of one guest, in this process.

    session    the session that asks, 0 when none does
    sequences  of every offer that was seen, in order
    pages      pages of the offers that were answered with DONE
    forgetful  an offer that stands is served again, as by agents that start again and again
    """

    def __init__(self, shm: str, memory: str) -> None:
        """`shm` is the file behind the region, `memory` that behind the guest's memory."""
        self._host = _load()
        self._memory = os.open(memory, os.O_RDWR)
        self._libc = ctypes.CDLL(None, use_errno=True)
        self._libc.fallocate.argtypes = [c_int, c_int, ctypes.c_long, ctypes.c_long]
        with open(shm, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._base = ctypes.addressof(c_char.from_buffer(self._map))
        self._reader = Reader()
        self._host.freehint_reader_attach(byref(self._reader), self._base, len(self._map))
        self._ids = random.randrange(1 << 40, 1 << 61)
        self.instance = 0
        self.session = 0
        self.sequences: list[int] = []
        self.pages = 0
        self.forgetful = False
        self._served = 0
        self.hello()

    def _new_id(self) -> int:
        """A number that was never used before."""
        self._ids += 1
        return self._ids

    def hello(self) -> None:
        """Publish a hello with a new instance; it asks for nothing."""
        self.instance = self._new_id()
        self.session = 0
        check(not self._host.freehint_write_host_hello(self._base, len(self._map),
                                                       self.instance), "no host hello")

    def guest(self) -> GuestHello | None:
        """The guest's hello, if it is for this instance."""
        hello = GuestHello()
        if self._host.freehint_read_guest_hello(byref(self._reader), self.instance,
                                                byref(hello)):
            return None
        return hello

    def wait_guest(self, give_back: int = POSSIBLE) -> None:
        """Wait until the guest says that it can give memory back, or why not."""
        wait_for(lambda: (hello := self.guest()) and hello.give_back == give_back,
                 f"a guest whose give_back is {give_back}", 30)

    def max_order(self) -> int:
        """The highest order of the guest's kernel."""
        hello = wait_for(self.guest, "the guest's hello", 30)
        return hello.max_order

    def batch_mib(self) -> int:
        """What the guest's kernel hands over at a time at most: blocks of the highest order."""
        return BATCH_BLOCKS << self.max_order() + PAGE_SHIFT >> 20

    def usual_order(self) -> int:
        """The order that is asked for, of 4 KiB."""
        return HUGE if self.max_order() <= MAX_ORDER_4K else SMALL

    def ask(self, leave_mib: int = 0, order: int = 0) -> int:
        """Begin a session, for blocks of a usual order unless another one is given."""
        order = order or self.usual_order()
        self.session = self._new_id()
        self._host.freehint_write_give_back_request(self._base, self.session, order, leave_mib << 8)
        return self.session

    def stop_asking(self) -> None:
        """End the session."""
        self.session = 0
        self._host.freehint_write_give_back_request(self._base, 0, 0, 0)

    def state(self) -> State:
        """The guest's counters; zeros while it counts no session or another one."""
        state = State()
        if self._host.freehint_read_give_back_state(byref(self._reader), self.session,
                                                    byref(state)):
            return State()
        return state

    def offered(self) -> Offer | None:
        """The offer in the region, if there is a whole one."""
        offer = Offer()
        ret = self._host.freehint_copy_offer(byref(self._reader), byref(offer))
        check(ret in (0, -EAGAIN), f"the guest's offer is malformed: {ret}")
        if ret:
            return None
        if offer.sequence not in self.sequences[-1:]:
            check(offer.sequence not in self.sequences, "a sequence was used twice")
            self.sequences.append(offer.sequence)
        return offer

    def wait_offer(self, other_than: int = 0) -> Offer:
        """Wait for an offer, one of another sequence."""
        return wait_for(lambda: (offer := self.offered()) and
                        offer.sequence != other_than and offer, "an offer", 60, 0.001)

    def take(self, sequence: int) -> bool:
        """Take an offer; False when it does not stand any more."""
        ret = self._host.freehint_take_offer(self._base, sequence)
        check(ret in (0, -ESTALE), f"take: {ret}")
        return ret == 0

    def answer(self, sequence: int, answer: int) -> None:
        """Answer an offer."""
        self._host.freehint_answer_offer(self._base, sequence, answer)

    def discard(self, offer: Offer) -> None:
        """Punch a hole for each block: the guest's memory is in one piece."""
        base = arch.chosen().ram_mib << 20
        for pfn, order in offer.blocks():
            done = self._libc.fallocate(self._memory,
                                        FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE,
                                        (pfn << PAGE_SHIFT) - base, 1 << order + PAGE_SHIFT)
            check(not done, f"fallocate: {os.strerror(ctypes.get_errno())}")

    def serve(self) -> Offer | None:
        """Take, discard and answer the offer in the region, if there is one."""
        offer = self.offered()
        if not offer or offer.session != self.session:
            return None
        again = offer.sequence == self._served
        if again and not self.forgetful or not self.take(offer.sequence):
            return None
        self.discard(offer)
        self.answer(offer.sequence, DONE)
        self.pages += 0 if again else offer.pages()
        self._served = offer.sequence
        return offer

    def drain(self) -> None:
        """Serve offers until the guest finds nothing more."""
        end = patience.deadline(60)
        while not self.state().drained:
            check(time.monotonic() < end, f"not drained after {patience.seconds(60):.0f} s")
            if not self.serve():
                time.sleep(0.0002)

    def resident_mib(self) -> int:
        """MiB of the guest's memory that the file holds."""
        return os.fstat(self._memory).st_blocks * 512 >> 20

    def ready(self) -> None:
        """Start reporting, as x-freehint-start does; no round is open."""
        self._host.freehint_write_request(self._base, 0, PHASE_READY, 0)

    def open_round(self) -> int:
        """Open a round of hints."""
        number = self._new_id()
        self._host.freehint_write_request(self._base, number, PHASE_ROUND, 1)
        return number

    def close_round(self) -> None:
        """Close it, and stop reporting."""
        self._host.freehint_write_request(self._base, 0, 0, 0)

    def sealed(self, number: int) -> Seal | None:
        """The seal of a round."""
        seal = Seal()
        if self._host.freehint_read_seal(byref(self._reader), number, byref(seal)):
            return None
        return seal
