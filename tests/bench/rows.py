# SPDX-License-Identifier: GPL-2.0
"""
The CSV files: what was measured, row by row, and on what machine. A file is complete
up to the last row at any time.
"""
from __future__ import annotations

import csv
import os
import re
from collections.abc import Iterator
from typing import Any

from lib.initramfs import find_kernel
from lib.tlb_reset import qemu_version

Row = dict[str, Any]


def _first(path: str, pattern: str) -> str:
    """The first match of a pattern in a file of /proc."""
    with open(path, encoding="ascii", errors="replace") as file:
        found = re.search(pattern, file.read(), re.MULTILINE)
    return found[1].strip() if found else "unknown"


def machine(accel: str) -> str:
    """One line about this machine, without its name."""
    memory = int(_first("/proc/meminfo", r"^MemTotal:\s*(\d+)")) >> 20
    qemu = ".".join(str(part) for part in qemu_version())
    model = _first("/proc/cpuinfo", r"^model name\s*: (.*)$")
    return (f"{model}, {os.cpu_count()} cores, "
            f"{memory + 1} GiB, Linux {os.uname().release}; QEMU {qemu} with {accel}, "
            f"guest Linux {find_kernel().version}")


class Table:
    """A CSV file that grows."""

    def __init__(self, path: str, columns: tuple[str, ...], about: str) -> None:
        """Begin it anew."""
        os.makedirs(os.path.dirname(path), exist_ok=True)
        self.path = path
        self._columns = columns
        with open(path, "w", encoding="utf-8", newline="") as file:
            file.write(f"# {about}\n")
            csv.DictWriter(file, columns, lineterminator="\n").writeheader()

    def add(self, row: Row) -> None:
        """One more row; what is missing stays empty."""
        with open(self.path, "a", encoding="utf-8", newline="") as file:
            csv.DictWriter(file, self._columns, lineterminator="\n").writerow(row)


def about(path: str) -> str:
    """The line about the machine."""
    with open(path, encoding="utf-8") as file:
        return file.readline().lstrip("# ").rstrip("\n")


def read(path: str) -> Iterator[dict[str, str]]:
    """All rows of a file that did not fail; none when there is no file."""
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(line for line in file if not line.startswith("#")):
            if not row.get("failed"):
                yield row
