#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
`make bench` on a small scale: every part of it works, rows have numbers, tables and
plots come out of them. Nothing is said about speed.
"""
from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import tempfile

from support import check, step
from lib import accel, arch, paths
from lib.result import FAIL, Failure, run

BENCH = os.path.join(paths.ROOT, "tests", "bench")
# The bench itself has 1, 4 and 12.
SIMULATED_TIB = "0.03125"
CASES = ("--suite", "peers", "--workload", "used", "--peer", "none", "--peer", "balloon",
         "--peer", "freehint")

# So often these cases are measured at most, until freehint has skipped something. At full speed a
# migration does not wait long for the first hint: on a busy machine the guest or its agent can be
# too late for it, and all of memory is sent at once.
TRIES = 5


def bench(out: str, *arguments: str, ends: tuple[int, ...] = (0,)) -> None:
    """Run bench.py with one repetition; it has to end with one of these."""
    done = subprocess.run([sys.executable, f"{BENCH}/bench.py", "--mem", "512M", "--smp", "2",
                           "--reps", "1", "--accel", accel.chosen(), "--out", out, *arguments],
                          capture_output=True, text=True, check=False)
    print(done.stderr, flush=True)
    check(done.returncode in ends, f"bench.py ended with {done.returncode}: {done.stdout}")


def read(path: str) -> list[dict[str, str]]:
    """The rows of a CSV file without its comment."""
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(line for line in file if not line.startswith("#")))


def simulated(out: str) -> None:
    """A guest of 32 GiB; the program checks its dirty bitmap itself."""
    done = subprocess.run(["bash", f"{BENCH}/scale.sh", f"{out}/simulated.csv", "1"],
                          env=os.environ | {"SCALE_TIB": SIMULATED_TIB}, capture_output=True,
                          text=True, check=False)
    check(done.returncode == 0, f"scale.sh ended with {done.returncode}: {done.stderr}")
    check(len(read(f"{out}/simulated.csv")) == 3, "three patterns, three rows")
    step("simulated")


def scan(out: str) -> None:
    """The guest's scan in user space; the program checks what it reports itself."""
    done = subprocess.run(["bash", f"{BENCH}/scan.sh", f"{out}/scan.csv", "1"],
                          env=os.environ | {"SCAN_GIB": "1"}, capture_output=True,
                          text=True, check=False)
    check(done.returncode == 0, f"scan.sh ended with {done.returncode}: {done.stderr}")
    full = [row for row in read(f"{out}/scan.csv") if row["guest"] == "full: small pages"]
    check([float(row["holds/GiB"]) for row in full] == [0.0], f"nothing is free, yet: {full}")
    step("scan")


def expected_peers() -> set[str]:
    """Those of CASES that these guests can have, and the limit."""
    without_hints = arch.no_balloon_hints(accel.chosen())
    if without_hints:
        print(f"skipped: the row of virtio-balloon: {without_hints}")
        return {"none", "freehint", "limit"}
    return {"none", "balloon", "freehint", "limit"}


def hinted(out: str, peers: set[str]) -> bool:
    """Measure the cases; false when there is nothing wrong but that the hints came too late."""
    bench(out, *CASES, ends=(0, FAIL))
    rows = {row["peer"]: row for row in read(f"{out}/peers.csv")}
    check(set(rows) == peers, f"peers: {rows}")
    ours = rows["freehint"]
    if "no hint was applied" in ours["failed"]:
        ours["failed"] = ""
    check(not any(row["failed"] for row in rows.values()), f"a row failed: {rows}")
    return int(ours["pages_cleared"] or 0) > 0 and int(ours["sent"]) < int(rows["none"]["sent"])


def measure(out: str) -> str:
    """Measure until freehint has sent less than nobody; the directory with the numbers."""
    peers = expected_peers()
    for number in range(TRIES):
        if hinted(where := f"{out}/{number}", peers):
            return where
        step("the hints came too late, once more")
    raise Failure(f"freehint sent as much as nobody, {TRIES} times")


def main() -> None:
    """Rows, tables, plots."""
    accel.needs_distribution("virtio")
    with tempfile.TemporaryDirectory(prefix="freehint-bench-") as above:
        out = measure(above)
        simulated(out)
        scan(out)
        bench(out, "--report-only")
        with open(f"{out}/performance.md", encoding="utf-8") as file:
            text = file.read()
        check("**freehint**" in text and f"{SIMULATED_TIB} TiB, worst" in text and
              "full: small pages" in text, f"tables: {text}")
        if not shutil.which("gnuplot"):
            print("skipped: plots: no gnuplot; run tests/deps.sh bench")
        else:
            check(os.path.getsize(f"{out}/used.svg") > 2000, "the plot is empty")


if __name__ == "__main__":
    run(main)
