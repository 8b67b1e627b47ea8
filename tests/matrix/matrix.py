#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
`make check-matrix`: every tested QEMU with every tested guest kernel, each cell a run of
tests in a world of its own (world.sh), and migrations from QEMU to QEMU. Writes the
table of docs/compatibility.md. A run that was stopped goes on with the next one.
"""
from __future__ import annotations

import argparse
import os
import re
import subprocess
import sys

import page
from results import FAILED, ROOT, SKIPPED, TESTED, Results

HERE = os.path.join(ROOT, "tests", "matrix")
WORLD = os.path.join(HERE, "world.sh")
WORLDS = os.environ.get("FREEHINT_WORLDS") or os.path.join(ROOT, "build", "worlds")
# Worlds, and where a reader finds what is in them.
NAMES = {"bookworm": "Debian 12", "trixie": "Debian 13", "backports": "its backports"}
# Series of QEMU that no release has, and the world in which they are built and run.
BUILT = {"10.2": "trixie"}
# Guest kernels that no world has: the world whose compiler suits them, and what archive.sh
# is to fetch there. 6.18 is not among them: the backports have its images, and headers of newer
# kernels only.
KERNELS = {"5.10": ("bookworm", "-s", "bullseye", "cloud-amd64"),
           "rt": ("trixie", "rt-amd64"),
           "newest": ("trixie", "-s", "sid", "cloud-amd64")}
NOT_HERE = 77

# What a cell has to pass: content under churn, a cancelled and retried migration.
TESTS = ("vm/test_content", "vm/test_cancel_retry")
# What each world has to pass with its own kernel besides.
OWN_TESTS = ("vm/test_init_on_free", "vm/test_agent_faults", "vm/test_plain_destination",
             "vm/test_torture_migration_modes", "vm/test_torture_migration_cancel",
             "vm/test_module_absent", "vm/test_refused", "vm/test_stale_rounds",
             "vm/test_memory_kinds", "vm/test_map", "vm/test_postcopy", "kvm/test_postcopy",
             "kvm/test_rounds_pay", "kvm/test_stop_hold", "kvm/test_audit", "vm/test_audit")
# The same for a QEMU that was built: what depends on the series.
BUILT_TESTS = ("vm/test_postcopy", "kvm/test_postcopy", "kvm/test_rounds_pay",
               "kvm/test_stop_hold", "vm/test_audit")


def output_of(*command: str) -> str:
    """The last line of a command's output, empty where the archive lacks what it needs."""
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode not in (0, NOT_HERE):
        raise subprocess.CalledProcessError(done.returncode, command)
    return "" if done.returncode else done.stdout.strip().splitlines()[-1]


def link(target: str, name: str) -> None:
    """Whatever the name was before."""
    path = os.path.join(WORLDS, name)
    if os.path.lexists(path):
        os.unlink(path)
    os.symlink(target, path)


def make_built(series: str, world: str) -> bool:
    """A QEMU of our own beside a world, with files of the same names as a world's."""
    qemu = output_of(os.path.join(HERE, "build_qemu.sh"), series, "stock")
    if not qemu:
        return False
    link(f"{world}.out", f"{series}.out")
    link(f"{world}.kernel", f"{series}.kernel")
    script = os.path.join(WORLDS, f"{series}.qemu")
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nexec '{WORLD}' run '{world}' '{qemu}' \"$@\"\n")
    os.chmod(script, 0o755)
    return True


def make_kernel(name: str, world: str, *arguments: str) -> bool:
    """A guest kernel with its module, under the name that a world's has."""
    directory = output_of(WORLD, "run", world, "tests/kernel/archive.sh", *arguments)
    if directory:
        link(directory, f"{name}.kernel")
    return bool(directory)


def run(qemu: str, *command: str, kernel: str = "") -> subprocess.CompletedProcess[str]:
    """Run a command in the world of a QEMU, with another world's kernel for the guests."""
    more = [f"FREEHINT_TEST_KERNEL={WORLDS}/{kernel}.kernel"] if kernel else []
    if qemu in BUILT:
        more.append(f"FREEHINT_TEST_QEMU={ROOT}/build/qemu/{qemu}/stock/qemu-system-x86_64")
    return subprocess.run([WORLD, "run", BUILT.get(qemu, qemu), "env", *more, *command],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)


def qemu_of(name: str) -> str:
    """The version of a QEMU."""
    program = f"{WORLDS}/{name}.qemu"
    text = subprocess.run([program, "--version"], stdout=subprocess.PIPE, text=True,
                          check=False).stdout
    found = re.search(r"version (\d+\.\d+\.\d+)", text)
    return found[1] if found else "?"


def kernel_of(name: str) -> str:
    """The version of a guest kernel."""
    with open(f"{WORLDS}/{name}.kernel/include/config/kernel.release",
              encoding="ascii") as file:
        version = file.read().strip()
    return re.sub(r"-(cloud-)?amd64$", "", version)


def facts_of(qemu: str, kernel: str) -> dict[str, str]:
    """What the page says of a cell."""
    return {"qemu": qemu_of(qemu), "kernel": kernel_of(kernel),
            "qemu-from": NAMES.get(qemu, "built from Debian's source")}


def cell(qemu: str, kernel: str, quick: bool) -> str:
    """One cell; says what happened, and returns a word for the table."""
    tests = TESTS
    if not quick and qemu == kernel:
        tests += OWN_TESTS
    elif not quick and BUILT.get(qemu) == kernel:
        tests += BUILT_TESTS
    done = run(qemu, f"TEST_LOGS={WORLDS}/{qemu}-{kernel}.logs", "tests/run.sh", *tests,
               kernel=kernel)
    last = done.stdout.strip().splitlines()[-1]
    print(f"QEMU of {qemu}, kernel of {kernel}: {last}", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
        return FAILED
    return SKIPPED if last.startswith("0 passed") else TESTED


def cross(source: str, target: str) -> str:
    """A migration from one world's QEMU to another's."""
    done = subprocess.run([sys.executable, os.path.join(HERE, "cross.py"), source, target],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    print(f"from QEMU of {source} to that of {target}: {done.returncode}", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return {0: TESTED, NOT_HERE: SKIPPED}.get(done.returncode, FAILED)


def packages(world: str) -> str:
    """Packages built, installed and removed in a world."""
    done = run(world, "tests/matrix/packages.sh")
    print(f"packages on {world}: {done.stdout.strip().splitlines()[-1]}", flush=True)
    if done.returncode:
        print(done.stdout, flush=True)
    return FAILED if done.returncode else TESTED


def make(worlds: list[str]) -> tuple[list[str], dict[str, str]]:
    """
    Build the worlds and what belongs to them. Returns the QEMUs, and the kernels beside the
    worlds' own with the world of each.
    """
    for world in worlds:
        subprocess.run([WORLD, "make", world], stdout=subprocess.DEVNULL, check=True)
    qemus = worlds + [series for series, world in BUILT.items()
                      if world in worlds and make_built(series, world)]
    kernels = {name: how[0] for name, how in KERNELS.items()
               if how[0] in worlds and make_kernel(name, *how)}
    for qemu in qemus:
        print(f"{qemu}: QEMU {qemu_of(qemu)}, guest kernel {kernel_of(qemu)}", flush=True)
    for kernel in kernels:
        print(f"{kernel}: guest kernel {kernel_of(kernel)}", flush=True)
    return qemus, kernels


def run_all(results: Results, worlds: list[str], quick: bool) -> None:
    """Every cell, every pair, every package."""
    qemus, kernels = make(worlds)
    cells = [(qemu, world) for qemu in qemus for world in worlds]
    cells += [(world, kernel) for kernel, world in kernels.items()]
    for qemu, kernel in cells:
        results.get(f"cell {qemu} {kernel}", facts_of(qemu, kernel),
                    lambda qemu=qemu, kernel=kernel: cell(qemu, kernel, quick))
    for source in qemus:
        for target in qemus:
            if source != target:
                results.get(f"cross {source} {target}",
                            {"from": qemu_of(source), "to": qemu_of(target)},
                            lambda source=source, target=target: cross(source, target))
    for world in worlds:
        results.get(f"packages {world}", {}, lambda world=world: packages(world))


def main() -> int:
    """Build, run, write."""
    parser = argparse.ArgumentParser(description="Test every QEMU with every guest kernel.")
    parser.add_argument("--world", action="append", choices=list(NAMES),
                        help="only these, and what belongs to them; may be given again")
    parser.add_argument("--quick", action="store_true",
                        help="content and cancel in every cell, no more in any, and no table")
    parser.add_argument("--again", action="store_true",
                        help="also what an earlier run has done with the same sources")
    options = parser.parse_args()
    kind = "quick" if options.quick else "whole"
    results = Results(f"{WORLDS}/results-{kind}.json", options.again)
    run_all(results, options.world or list(NAMES), options.quick)
    if not options.quick:
        results.keep()
        page.write()
    words = [sum(found["result"] == word for found in results.now.values())
             for word in (TESTED, FAILED, SKIPPED)]
    print("{} passed, {} failed, {} skipped".format(*words))
    return 1 if words[1] else 0


if __name__ == "__main__":
    sys.exit(main())
