#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Writes the table of docs/compatibility.md: what `make check-matrix` has found (results.json),
the series of QEMU that were not run (qemu_abi.c), and what rows.tsv says besides. With
--check it only compares.
"""
from __future__ import annotations

import os
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from results import KEPT, ROOT, TESTED, Result, read  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "compatibility.md")
ROWS = os.path.join(ROOT, "tests", "matrix", "rows.tsv")
SERIES = os.path.join(ROOT, "host-agent", "qemu-module", "core", "qemu_abi.c")
MARKED = re.compile(r"(<!-- table: compatibility -->\n).*?(<!-- end -->)", re.DOTALL)
PARTS = ("QEMU", "host", "guest", "memory", "migration")
INFERRED = ("inferred from 7.2, 10.0, 10.2 and the patches in between; loads without effect, "
            "unless `allow-untested=on`; then its first migration is checked")

Row = tuple[str, str, str]


def text_of(path: str) -> str:
    """A file."""
    with open(path, encoding="utf-8") as file:
        return file.read()


def by_number(version: str) -> tuple[list[int], str]:
    """For sorting; two versions may have the same numbers."""
    return [int(number) for number in re.findall(r"\d+", version)], version


def listed(words: set[str]) -> str:
    """Versions in their order."""
    return ", ".join(sorted(words, key=by_number))


def state_of(found: list[Result]) -> str:
    """All of them tested, and when last; or that one failed."""
    failed = [result for result in found if result["result"] != TESTED]
    return failed[0]["result"] if failed else "tested " + max(result["date"] for result in found)


def measured(results: dict[str, Result], own: str, other: str, title: str) -> list[Row]:
    """A row for each version of QEMU or kernel: with which of the other."""
    cells = [result for name, result in results.items() if name.startswith("cell ")]
    rows = []
    for version in sorted({cell[own] for cell in cells}, key=by_number):
        found = [cell for cell in cells if cell[own] == version]
        where = found[0].get(own + "-from", "")
        rows.append((f"**{title} {version}**" + (f" ({where})" if where else ""),
                     state_of(found),
                     ("Linux " if other == "kernel" else "QEMU ") +
                     listed({cell[other] for cell in found})))
    return rows


def crossed(results: dict[str, Result]) -> list[Row]:
    """Migrations between versions of QEMU."""
    found = [result for name, result in results.items() if name.startswith("cross ")]
    if not found:
        return []
    versions = {result["from"] for result in found} | {result["to"] for result in found}
    pairs = {(result["from"], result["to"]) for result in found}
    missing = [f"{source} to {target}" for source in sorted(versions, key=by_number)
               for target in sorted(versions, key=by_number)
               if source != target and (source, target) not in pairs]
    return [("from each QEMU to each other", state_of(found), listed(versions) +
             (f"; not yet from {', '.join(missing)}" if missing else ""))]


def inferred_series() -> list[Row]:
    """Series that are in the product's table without a test."""
    return [(f"QEMU {major}.{minor}", "inferred", INFERRED) for major, minor in
            re.findall(r"^\t\{ (\d+), (\d+), .*QEMU_INFERRED \},$", text_of(SERIES), re.MULTILINE)]


def written(part: str) -> list[Row]:
    """The rows of rows.tsv for a part."""
    rows = []
    for line in text_of(ROWS).splitlines():
        if line and not line.startswith("#"):
            where, subject, state, why = line.split("\t")
            if where not in PARTS or not re.fullmatch(
                    r"tested \d{4}-\d\d-\d\d|inferred|yes|refused", state):
                raise ValueError(f"rows.tsv: {line}")
            if where == part:
                rows.append((subject, state, why))
    return rows


def table(results: dict[str, Result]) -> str:
    """All of it, as Markdown."""
    rows = {"QEMU": measured(results, "qemu", "kernel", "QEMU") + inferred_series(),
            "guest": measured(results, "kernel", "qemu", "Linux"),
            "migration": crossed(results)}
    lines = ["| part | | state | with what, or why |", "|---|---|---|---|"]
    for part in PARTS:
        lines += [f"| {part} | {subject} | {state} | {why} |"
                  for subject, state, why in rows.get(part, []) + written(part)]
    return "\n".join(lines) + "\n"


def page() -> str:
    """The page as it ought to be."""
    made = table(read(KEPT))
    return MARKED.sub(lambda found: found[1] + "\n" + made + "\n" + found[2], text_of(PAGE))


def write() -> None:
    """Bring the page up to date."""
    wanted = page()
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(wanted)


def main() -> int:
    """Write or compare."""
    if sys.argv[1:] == ["--check"]:
        return 0 if page() == text_of(PAGE) else 1
    write()
    return 0


if __name__ == "__main__":
    sys.exit(main())
