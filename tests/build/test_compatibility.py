#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
docs/compatibility.md is as tests/matrix/page.py writes it, and agrees with the table of series
in the extension. A run of the matrix that was stopped goes on where it was.
"""
from __future__ import annotations

import io
import os
import re
import sys
import tempfile
from contextlib import redirect_stdout

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "matrix"))

import page  # noqa: E402
from lib.result import check, run, step  # noqa: E402
from results import FAILED, KEPT, SKIPPED, TESTED, Results, read  # noqa: E402

TESTED_SERIES = re.compile(r"^\t\{ (\d+), (\d+), .*QEMU_TESTED \},$", re.MULTILINE)


def page_is_generated() -> None:
    """Nobody has changed a result, a row or a series without the page."""
    check(page.page() == page.text_of(page.PAGE),
          "docs/compatibility.md is not up to date: run tests/matrix/page.py")
    step("the page is as it is generated")


def series_agree() -> None:
    """What the extension takes for tested was tested, and README names it."""
    known = {f"{major}.{minor}" for major, minor in
             TESTED_SERIES.findall(page.text_of(page.SERIES))}
    found = {".".join(result["qemu"].split(".")[:2]) for name, result in read(KEPT).items()
             if name.startswith("cell ") and result["result"] == TESTED}
    check(bool(known) and known == found, f"the extension: {known}, results: {found}")
    readme = page.text_of(os.path.join(page.ROOT, "README.md"))
    missing = [series for series in known if f"{series}" not in
               readme[readme.index("## Compatibility"):readme.index("## Limits")]]
    check(not missing, f"README does not name {missing}")
    check(len(page.inferred_series()) > 0, "no series is marked as inferred")
    step("series agree")


class Cells:
    """Stands in for the cells of a matrix, and counts what is run."""

    def __init__(self, *results: str) -> None:
        self.results = list(results)
        self.runs = 0

    def run(self) -> str:
        """The next result."""
        self.runs += 1
        return self.results.pop(0)


def ask(path: str, cells: Cells, state: str, version: str = "7.2.22") -> Results:
    """A run over two cells."""
    results = Results(path, state=state)
    with redirect_stdout(io.StringIO()):
        for name in ("cell a b", "cell a c"):
            results.get(name, {"qemu": version, "kernel": "6.1.0"}, cells.run)
    return results


def goes_on() -> None:
    """Only what passed, with the same sources and versions, is not run again."""
    with tempfile.TemporaryDirectory() as out:
        path = os.path.join(out, "sub", "results.json")
        cells = Cells(TESTED, FAILED, TESTED, TESTED, TESTED, TESTED, SKIPPED)
        ask(path, cells, "x")
        check(cells.runs == 2, f"{cells.runs} runs, 2 wanted")
        ask(path, cells, "x")
        check(cells.runs == 3, "what failed is tried again, and nothing else")
        ask(path, cells, "x")
        check(cells.runs == 3, "all was known")
        ask(path, cells, "y")
        check(cells.runs == 5, "other sources")
        last = ask(path, cells, "y", "7.2.23")
        check(cells.runs == 7, "another version")
        kept = os.path.join(out, "kept.json")
        last.keep(kept)
        check(set(read(kept)) == {"cell a b"}, "what was skipped is no result")
    step("a stopped run goes on")


def main() -> None:
    """Page, series, resumption."""
    page_is_generated()
    series_agree()
    goes_on()


if __name__ == "__main__":
    run(main)
