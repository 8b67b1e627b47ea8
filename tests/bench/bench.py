#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
`make bench`: freehint against what a user would pick instead, in turn, in one run;
CSV files, tables in docs/performance.md and plots.
"""
from __future__ import annotations

import argparse
import dataclasses
import itertools
import os
import signal
import sys
import time
from collections.abc import Iterator
from typing import Any

import converge
import give_back
import guest_cost
import measure
import plots
import postcopy
import remains
import report
import suites
from limit import copy_bandwidth
from peers import BY_NAME, HINTING
from rows import Row, Table, machine
from workloads import FRESH_MIB, WORKLOADS
from lib import arch, paths
from lib.guest import GuestTimeout
from lib.host_memory import available_mib
from lib.qmp import QmpClosed, QmpError
from lib.result import FAIL, SKIP, Failure, Skip, interrupted

sys.path.insert(0, os.path.join(paths.ROOT, "tests", "demo"))

from settings import accelerator, default_mem, mib  # noqa: E402

STUMBLES = (Failure, GuestTimeout, OSError, QmpClosed, QmpError, RuntimeError, TimeoutError,
            KeyError)
# Suites that are a module each.
PAIRS = {suites.CONVERGE: converge, suites.POSTCOPY: postcopy,
         suites.GIVE_BACK: give_back}
OUT = os.path.join(paths.ROOT, "docs", "performance")


def say(text: str) -> None:
    """A line of progress."""
    print(f"[{time.strftime('%H:%M:%S')}] {text}", file=sys.stderr, flush=True)


def read_options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure freehint against its peers.")
    parser.add_argument("--suite", action="append", choices=suites.NAMES,
                        help="run this one only; may be given again")
    parser.add_argument("--peer", action="append",
                        choices=list(dict.fromkeys((*BY_NAME, *give_back.WAYS))))
    parser.add_argument("--workload", action="append", choices=list(WORKLOADS))
    parser.add_argument("--reps", type=int, default=3, help="default 3")
    parser.add_argument("--mem", type=mib, default=default_mem(), help="default 8G")
    parser.add_argument("--smp", type=int, default=4, help="default 4")
    parser.add_argument("--accel", help="kvm or tcg (default: kvm where it runs any Linux)")
    parser.add_argument("--out", default=OUT, help="where CSV files and plots go")
    parser.add_argument("--report-only", action="store_true",
                        help="tables and plots of what was measured before")
    options = parser.parse_args()
    if not options.report_only:
        try:
            options.accel = accelerator(options.accel)
        except Failure as failure:
            parser.error(str(failure))
    return options


def wanted(options: argparse.Namespace, suite: str) -> list[suites.Case]:
    """The cases of a suite, those left out that this machine has no memory or no QEMU for."""
    without_hints = arch.no_balloon_hints(options.accel)
    cases = []
    for case in suites.SUITES[suite]:
        if options.peer and case.peer not in options.peer:
            continue
        if options.workload and case.workload not in options.workload:
            continue
        if without_hints and BY_NAME[case.peer].balloon == HINTING:
            say(f"skipped: {suite}, {case.peer}: {without_hints}")
            continue
        memory = case.memory_mib or options.mem
        if case.memory_mib and 3 * (memory // 32 + FRESH_MIB) > available_mib():
            say(f"skipped: {suite}, {memory} MiB: {available_mib()} MiB are available")
            continue
        cases.append(dataclasses.replace(case, memory_mib=memory))
    return cases


def run_case(case: suites.Case, smp: int) -> Row:
    """One row; a failed one says why."""
    workload = WORKLOADS[case.workload](case.memory_mib, smp)
    try:
        return measure.run(BY_NAME[case.peer], workload, case.link, case.cold)
    except STUMBLES as error:
        return {"failed": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
    finally:
        workload.close()


def tell(case: suites.Case, row: Row) -> None:
    """What came out, for those who wait."""
    if row.get("failed"):
        say(f"{case.suite}: {case.workload}, {case.peer}: FAILED: {row['failed']}")
        return
    say(f"{case.suite}: {case.workload}, {case.memory_mib} MiB, {case.peer}: "
        f"{row['total_s']:.2f} s, {row['sent'] / 1e6:.0f} MB")


def run_suite(options: argparse.Namespace, suite: str, table: Table) -> int:
    """All repetitions; every group ends with its limit. Returns the failed rows."""
    failed = 0
    cases = wanted(options, suite)
    for rep in range(1, options.reps + 1):
        for _, group in itertools.groupby(cases, key=lambda case: case.group):
            free = 0
            for case in group:
                row = run_case(case, options.smp)
                failed += bool(row.get("failed"))
                free = row.get("free_mib", 0) or free
                add(table, case, rep, options.smp, row)
                tell(case, row)
            if free:
                found = measure.limit(case.memory_mib, free, copy_bandwidth(case.cold),
                                      case.link)
                add(table, dataclasses.replace(case, peer="limit"), rep, options.smp, found)
    return failed


def add(table: Table, case: suites.Case, rep: int, smp: int, row: Row) -> None:
    """Write a row with what identifies it."""
    table.add({"suite": case.suite, "rep": rep, "workload": case.workload,
               "peer": case.peer, "link_mbit": case.link_mbit,
               "mem_mib": case.memory_mib, "smp": smp} | row)


def sample(table: Table, base: Row, samples: Iterator[tuple[str, float]]) -> int:
    """A row for each sample. Returns 1 when they did not come to their end."""
    about = ", ".join(str(value) for value in base.values())
    try:
        for metric, value in samples:
            table.add(base | {"metric": metric, "value": round(value, 2)})
        say(about)
        return 0
    except STUMBLES as error:
        table.add(base | {"failed": str(error)[:300]})
        say(f"{about}: FAILED: {error}")
        return 1


def run_guest(options: argparse.Namespace, table: Table) -> int:
    """What the module costs the guest. Returns the failed rows."""
    return sum(sample(table, {"suite": suites.GUEST, "rep": rep, "mem_mib": gib * 1024},
                      guest_cost.samples(gib * 1024, options.smp))
               for rep in range(1, options.reps + 1) for gib in guest_cost.GIB)


def run_remains(options: argparse.Namespace, table: Table) -> int:
    """What still travels. Returns the failed rows."""
    return sum(sample(table, {"suite": suites.REMAINS, "rep": rep, "workload": state},
                      remains.samples(state, options.mem, options.smp))
               for rep in range(1, options.reps + 1) for state in remains.STATES)


def run_pairs(options: argparse.Namespace, suite: str, module: Any, table: Table) -> int:
    """A module's cases of workload and peer, which take turns. Returns the failed rows."""
    failed = 0
    for rep, case in itertools.product(range(1, options.reps + 1), module.CASES):
        base = {"suite": suite, "rep": rep, "mem_mib": options.mem,
                "workload": case.workload, "peer": case.peer}
        if (options.peer and case.peer not in options.peer or
                options.workload and case.workload not in options.workload):
            continue
        try:
            row = module.run(case, options.mem, options.smp)
        except STUMBLES as error:
            row = {"failed": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
        failed += "failed" in row
        table.add(base | row)
        say(f"{suite}: {case.workload}, {case.peer}: {row}")
    return failed


def run_all(options: argparse.Namespace) -> int:
    """Every suite into a file of its own. Returns the failed rows."""
    failed = 0
    about = machine(options.accel)
    say(about)
    for suite in options.suite or suites.NAMES:
        path = os.path.join(options.out, f"{suite}.csv")
        if suite == suites.GUEST:
            failed += run_guest(options, Table(path, guest_cost.COLUMNS, about))
        elif suite == suites.REMAINS:
            failed += run_remains(options, Table(path, remains.COLUMNS, about))
        elif suite in PAIRS:
            failed += run_pairs(options, suite, PAIRS[suite],
                                Table(path, PAIRS[suite].COLUMNS, about))
        else:
            failed += run_suite(options, suite, Table(path, measure.COLUMNS, about))
    return failed


def main() -> int:
    """Measure, then write it up."""
    signal.signal(signal.SIGTERM, interrupted)
    options = read_options()
    failed = 0
    try:
        if not options.report_only:
            failed = run_all(options)
    except Skip as reason:
        print(f"bench: cannot run here: {reason}", file=sys.stderr)
        return SKIP
    except KeyboardInterrupt:
        say("interrupted; what was measured is kept")
        return 130
    report.write(options.out)
    plots.draw(options.out)
    say(f"{failed} rows failed" if failed else "done")
    return FAIL if failed else 0


if __name__ == "__main__":
    sys.exit(main())
