# SPDX-License-Identifier: GPL-2.0
"""
An agent that a test plays: it reads the region with the agent's own code, but when it
reads, how much it sends at once, and how late, is left to chance. Every hint it sends
names the round it was sampled in, as the real agent's do.
"""
from __future__ import annotations

import ctypes
import mmap
import os
import random
import struct
import threading
import time
from collections.abc import Callable

from baremetal import BUILD, check, patience
from lib.qmp import Qmp, QmpClosed, QmpError

LIBRARY = os.path.join(BUILD, "tests", "kvm", "libreader.so")
MAX_RANGES = 1 << 16
MAX_COMMAND = 4096
MAX_JSON = 64
POLL = 0.0005

Range = tuple[int, int]


class View(ctypes.Structure):
    """struct reader_view."""
    _fields_ = [(name, ctypes.c_uint64) for name in ("round", "from_", "sealed", "max")]


class Region:
    """The shared memory, read with reader.c."""

    def __init__(self, path: str) -> None:
        self._library = ctypes.CDLL(LIBRARY)
        self._library.reader_round.restype = ctypes.c_uint64
        with open(path, "r+b") as file:
            self._map = mmap.mmap(file.fileno(), 0)
        self._size = ctypes.c_uint64(len(self._map))
        # by reference, so that nothing is copied
        self._base = ctypes.byref(ctypes.c_char.from_buffer(self._map))
        self._ranges = (ctypes.c_uint64 * (2 * MAX_RANGES))()

    def open_round(self) -> int:
        """Id of the round the host asks for, or 0."""
        return self._library.reader_round(self._base, self._size)

    def look(self, view: View) -> list[Range] | None:
        """What became visible since the last look; None when the guest is elsewhere."""
        view.max = MAX_RANGES
        count = self._library.reader_look(self._base, self._size, ctypes.byref(view),
                                          self._ranges)
        if count < 0:
            return None
        numbers = self._ranges[:2 * count]
        return list(zip(numbers[::2], numbers[1::2]))


class PlayedThread(threading.Thread):
    """
    The agent's part until stop(): one _step() after the other. Whoever says what a step is
    calls start().

    late  commands that were refused because they came too late
    sent  commands that were taken
    """

    def __init__(self, qmp: str, rng: random.Random, linger: float) -> None:
        """`linger` is the longest delay before a step, seconds."""
        super().__init__(daemon=True)
        self.late = 0
        self.sent = 0
        self.trouble: BaseException | None = None
        self._qmp = Qmp(qmp)
        self._rng = rng
        self._linger = linger
        self._over = threading.Event()
        self._served = 0

    def run(self) -> None:
        """The thread."""
        try:
            while not self._over.is_set():
                self._step()
        except QmpClosed:
            pass
        except BaseException as trouble:  # pylint: disable=broad-except
            self.trouble = trouble

    def stop(self) -> None:
        """End the thread; fails the test when the agent had trouble."""
        self._over.set()
        self.join(patience.seconds(30))
        self._qmp.close()
        check(self.trouble is None, f"the played agent stumbled: {self.trouble!r}")

    def _step(self) -> None:
        """Serve what is there and was not served, or sleep for a moment."""
        raise NotImplementedError

    def _be_late(self) -> None:
        """Mostly by little."""
        time.sleep(self._rng.random() ** 3 * self._linger)


class PlayedAgent(PlayedThread):
    """Plays the agent of a migration: it answers the rounds."""

    def __init__(self, shm: str, qmp: str, rng: random.Random, linger: float,
                 too_late: Callable[[QmpError], bool]) -> None:
        """`too_late` tells whether a hint was refused because its round is over."""
        super().__init__(qmp, rng, linger)
        self._region = Region(shm)
        self._too_late = too_late
        self._held_back: list[tuple[int, list[Range]]] = []
        self.start()

    def _step(self) -> None:
        """One round."""
        now = self._region.open_round()
        if now in (0, self._served):
            time.sleep(POLL)
            return
        self._served = now
        self._send_held_back()
        self._serve(now)
        if self._rng.random() < 0.5:
            self._send_held_back()

    def _delay(self) -> None:
        """Half of the time none at all."""
        if self._rng.random() < 0.5:
            self._be_late()

    def _serve(self, round_id: int) -> None:
        """One round, to its end or ours."""
        view = View(round=round_id)
        while not self._over.is_set() and self._region.open_round() == round_id:
            self._delay()
            ranges = self._region.look(view)
            if ranges is None:
                time.sleep(POLL)
                continue
            self._delay()
            if not self._send_in_pieces(round_id, ranges, bool(view.sealed)) or view.sealed:
                return

    def _send_in_pieces(self, round_id: int, ranges: list[Range], last: bool) -> bool:
        """Commands of any size; false when the round is over."""
        while True:
            size = self._rng.choice((1, 16, 256, MAX_COMMAND))
            piece, ranges = ranges[:size], ranges[size:]
            if piece and self._rng.random() < 0.1:
                self._held_back.append((round_id, piece))
            elif piece and not self._mark(round_id, piece):
                return False
            if not ranges:
                return not last or self._mark(round_id, [])
            if self._rng.random() < 0.2:
                self._delay()

    def _send_held_back(self) -> None:
        """What was kept for later, under the name of the round it belongs to."""
        for round_id, ranges in self._held_back:
            self._mark(round_id, ranges)
        self._held_back.clear()

    def _mark(self, round_id: int, ranges: list[Range]) -> bool:
        """mark-clean in one of its two ways, `last` without ranges; was it taken?"""
        arguments: dict[str, object] = {"round": round_id, "last": not ranges}
        if ranges and len(ranges) <= MAX_JSON and self._rng.random() < 0.5:
            arguments["ranges"] = [{"start": s, "length": n} for s, n in ranges]
        elif ranges:
            self._pass_memory(ranges)
            arguments.update(fdname="ranges", count=len(ranges))
        try:
            self._qmp.command("x-freehint-mark-clean", arguments)
        except QmpError as error:
            check(self._too_late(error), error.desc)
            self.late += 1
            return False
        self.sent += 1
        return True

    def _pass_memory(self, ranges: list[Range]) -> None:
        """A memfd with the binary records."""
        fd = os.memfd_create("ranges", os.MFD_CLOEXEC)
        try:
            os.write(fd, b"".join(struct.pack("<QQ", *entry) for entry in ranges))
            self._qmp.send_fd(fd, "ranges")
        finally:
            os.close(fd)
