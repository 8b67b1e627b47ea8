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
from lib.result import run

BENCH = os.path.join(paths.ROOT, "tests", "bench")
# The bench itself has 1, 4 and 12.
SIMULATED_TIB = "0.03125"
CASES = ("--suite", "peers", "--workload", "used", "--peer", "none", "--peer", "balloon",
         "--peer", "freehint")


def bench(out: str, *arguments: str) -> None:
    """Run bench.py with one repetition."""
    done = subprocess.run([sys.executable, f"{BENCH}/bench.py", "--mem", "512M", "--smp", "2",
                           "--reps", "1", "--accel", accel.chosen(), "--out", out, *arguments],
                          capture_output=True, text=True, check=False)
    print(done.stderr, flush=True)
    check(done.returncode == 0, f"bench.py ended with {done.returncode}: {done.stdout}")


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


def main() -> None:
    """Rows, tables, plots."""
    accel.needs_distribution("virtio")
    with tempfile.TemporaryDirectory(prefix="freehint-bench-") as out:
        bench(out, *CASES)
        rows = {row["peer"]: row for row in read(f"{out}/peers.csv")}
        check(set(rows) == expected_peers(), f"peers: {rows}")
        check(not any(row["failed"] for row in rows.values()), f"a row failed: {rows}")
        check(int(rows["freehint"]["pages_cleared"]) > 0, "freehint skipped nothing")
        check(int(rows["freehint"]["sent"]) < int(rows["none"]["sent"]),
              "freehint sent as much as nobody")
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
