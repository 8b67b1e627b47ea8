#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
`make check-matrix`: every tested QEMU with every tested guest kernel, each cell a run of
tests in a world of its own (world.sh), and migrations from QEMU to QEMU. Writes the
table of docs/compatibility.md.
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
WORLD = os.path.join(ROOT, "tests", "matrix", "world.sh")
WORLDS = os.environ.get("FREEHINT_WORLDS") or os.path.join(ROOT, "build", "worlds")
NAMES = ("bookworm", "trixie", "backports")
PAGE = os.path.join(ROOT, "docs", "compatibility.md")
MARKED = re.compile(r"(<!-- table: matrix -->\n).*?(<!-- end -->)", re.DOTALL)

# What a cell has to pass: content under churn, a cancelled and retried migration.
TESTS = ("vm/test_content", "vm/test_cancel_retry")
# What each world has to pass with its own kernel besides.
OWN_TESTS = ("vm/test_init_on_free", "vm/test_agent_faults", "vm/test_plain_destination",
             "vm/test_torture_migration_modes", "vm/test_torture_migration_cancel",
             "vm/test_module_absent", "vm/test_refused", "vm/test_stale_rounds",
             "vm/test_memory_kinds", "vm/test_map", "vm/test_postcopy", "kvm/test_postcopy",
             "kvm/test_rounds_pay", "kvm/test_audit", "vm/test_audit")


def make(world: str) -> str:
    """Build a world; returns its directory."""
    return subprocess.run([WORLD, "make", world], stdout=subprocess.PIPE, text=True,
                          check=True).stdout.strip()


def run(world: str, *command: str, kernel: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in a world, with another world's kernel for the guests."""
    more = [f"FREEHINT_TEST_KERNEL={WORLDS}/{kernel}.kernel"] if kernel else []
    return subprocess.run([WORLD, "run", world, "env", *more, *command],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)


def qemu_of(world: str) -> str:
    """The version of a world's QEMU."""
    text = run(world, "qemu-system-x86_64", "--version").stdout
    found = re.search(r"version (\d+\.\d+\.\d+)", text)
    return found[1] if found else "?"


def kernel_of(world: str) -> str:
    """The version of a world's guest kernel."""
    with open(f"{WORLDS}/{world}.kernel/include/config/kernel.release",
              encoding="ascii") as file:
        return file.read().split("-", maxsplit=1)[0]


def cell(world: str, kernel: str, quick: bool) -> str:
    """One cell; says what happened, and returns a word for the table."""
    tests = TESTS + (OWN_TESTS if world == kernel and not quick else ())
    done = run(world, f"TEST_LOGS={WORLDS}/{world}-{kernel}.logs", "tests/run.sh", *tests,
               kernel=kernel)
    last = done.stdout.strip().splitlines()[-1]
    print(f"QEMU of {world}, kernel of {kernel}: {last}", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
        return "**failed**"
    return "skipped" if last.startswith("0 passed") else "tested"


def cross(source: str, target: str) -> str:
    """A migration from one world's QEMU to another's."""
    done = subprocess.run([sys.executable, f"{ROOT}/tests/matrix/cross.py", source, target],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    print(f"from QEMU of {source} to that of {target}: {done.returncode}", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return {0: "tested", 77: "skipped"}.get(done.returncode, "**failed**")


def packages(world: str) -> str:
    """Packages built, installed and removed in a world."""
    done = run(world, "tests/matrix/packages.sh")
    print(f"packages on {world}: {done.stdout.strip().splitlines()[-1]}", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return "**failed**" if done.returncode else "tested"


def table(worlds: list[str], cells: dict[tuple[str, str], str],
          crossed: dict[tuple[str, str], str]) -> str:
    """Markdown for docs/compatibility.md."""
    kernels = [f"Linux {kernel_of(world)}" for world in worlds]
    targets = [f"to QEMU {qemu_of(world)}" for world in worlds]
    lines = ["| | " + " | ".join(kernels + targets) + " |",
             "|---|" + "---|" * (2 * len(worlds))]
    for world in worlds:
        row = [cells[world, kernel] for kernel in worlds]
        row += ["tested" if target == world else crossed[world, target]
                for target in worlds]
        lines.append(f"| **QEMU {qemu_of(world)}** ({world}) | " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Build, run, write."""
    parser = argparse.ArgumentParser(description="Test every QEMU with every guest kernel.")
    parser.add_argument("--world", action="append", choices=NAMES,
                        help="only these, and no table; may be given again")
    parser.add_argument("--quick", action="store_true",
                        help="content and cancel in every cell, and no more in any")
    options = parser.parse_args()
    worlds = options.world or list(NAMES)
    for world in worlds:
        make(world)
        print(f"{world}: QEMU {qemu_of(world)}, guest kernel {kernel_of(world)}", flush=True)
    cells = {(world, kernel): cell(world, kernel, options.quick)
             for world in worlds for kernel in worlds}
    crossed = {(source, target): cross(source, target) for source in worlds
               for target in worlds if source != target}
    results = [*cells.values(), *crossed.values(), *map(packages, worlds)]
    if tuple(worlds) == NAMES:
        with open(PAGE, encoding="utf-8") as file:
            text = file.read()
        made = table(worlds, cells, crossed)
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(MARKED.sub(lambda found: found[1] + "\n" + made + "\n" + found[2],
                                  text))
    words = [sum(result == word for result in results)
             for word in ("tested", "**failed**", "skipped")]
    print("{} passed, {} failed, {} skipped".format(*words))
    return 1 if words[1] else 0


if __name__ == "__main__":
    sys.exit(main())
