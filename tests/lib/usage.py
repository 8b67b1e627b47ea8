# SPDX-License-Identifier: GPL-2.0
"""
What processes cost: processor time, wake-ups and memory of some processes and their children.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass

KIB = 1024


def _read(*parts: str | int) -> str:
    """A file below /proc, empty when the process is gone."""
    try:
        with open(os.path.join("/proc", *map(str, parts)), encoding="ascii") as file:
            return file.read()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def _number(text: str, name: str) -> int:
    """The number of a line `name: number`, 0 without one."""
    found = re.search(rf"^{name}:\s+(\d+)", text, re.M)
    return int(found[1]) if found else 0


def with_children(pids: Iterable[int]) -> list[int]:
    """These processes and those that they have started."""
    wanted = set(pids)
    return sorted(wanted.union(
        int(name) for name in os.listdir("/proc")
        if name.isdigit() and _number(_read(name, "status"), "PPid") in wanted))


@dataclass(frozen=True)
class Usage:
    """
    What some processes have used since they began.

    cpu       seconds of a processor
    wakes     how often a thread of theirs has slept and was woken
    resident  bytes, those that are shared counted in each
    own       bytes, those that are shared divided among their users
    processes how many there are
    """
    cpu: float = 0.0
    wakes: int = 0
    resident: int = 0
    own: int = 0
    processes: int = 0

    def since(self, before: "Usage") -> "Usage":
        """What was used meanwhile; memory as it is now."""
        return Usage(self.cpu - before.cpu, self.wakes - before.wakes, self.resident, self.own,
                     self.processes)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(self.cpu + other.cpu, self.wakes + other.wakes,
                     self.resident + other.resident, self.own + other.own,
                     self.processes + other.processes)

    def spent(self) -> "Usage":
        """What is left of it when the processes have ended: they hold no memory any more."""
        return Usage(self.cpu, self.wakes)


def _of_one(pid: int) -> Usage:
    """Of one process, all its threads."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except FileNotFoundError:
        return Usage()
    nanoseconds = wakes = 0
    for thread in threads:
        nanoseconds += int((_read(pid, "task", thread, "schedstat").split() or ["0"])[0])
        wakes += _number(_read(pid, "task", thread, "status"), "voluntary_ctxt_switches")
    memory = _read(pid, "smaps_rollup")
    return Usage(nanoseconds / 1e9, wakes, _number(memory, "Rss") * KIB,
                 _number(memory, "Pss") * KIB, 1)


def usage(pids: Iterable[int]) -> Usage:
    """Of these processes and their children, together."""
    return sum((_of_one(pid) for pid in with_children(pids)), Usage())
