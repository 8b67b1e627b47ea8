#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Runs the unit tests that arm64.sh has built, and the agent that some of them start, under an
arm64 Linux. Usage: in_guest.py DIRECTORY, where arm64.sh has built them. An emulated process
has no system call filters, SIGBUS, userfaultfd or io_uring; a guest has what its kernel has.
FREEHINT_TEST_KERNEL names another kernel, as for the tests of the vm group.
"""
from __future__ import annotations

import glob
import os
import re
import subprocess
import sys
from dataclasses import dataclass

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import arch, paths  # noqa: E402
from lib.initramfs import Extras  # noqa: E402
from lib.machine import Machine, Spec  # noqa: E402
from lib.patience import wait_for  # noqa: E402
from lib.result import check, require_file, run, step  # noqa: E402

NAME = "arm64"
TRIPLET = "aarch64-linux-gnu"
# What tests read beside themselves. All is in the guest where it is here: tests look for the
# agent from where they are, and for data where they were compiled.
DATA = ("tests/golden/*", "tests/unit/domains/*")
LOGS = "/run/logs"
# Seconds of a quiet machine that one of them may take, and all of them.
LIMIT = 300
ALL = 1800.0
LOG_TAIL = 25

# One test, whose path is $0. Its status is there, whole, when it has ended.
ONE = (f"log={LOGS}/${{{{0##*/}}}}; timeout {{limit}} $0 </dev/null >$log 2>&1; "
       "echo $? >$log.new; mv $log.new $log.status")


@dataclass(frozen=True)
class Result:
    """
    How a test program ended.

    status   its exit status
    log      what it printed
    passed   cases that passed
    skipped  cases that said that they cannot run there
    """

    status: int
    log: str
    passed: int
    skipped: int

    def verdict(self) -> str:
        """As the runner of the tests has it."""
        if self.status:
            return "failed"
        return "passed" if self.passed else "skipped"


def needed(program: str) -> list[str]:
    """Names of the shared libraries that a program or a library asks for."""
    done = subprocess.run(["readelf", "-d", program], capture_output=True, text=True,
                          check=True)
    return re.findall(r"\(NEEDED\).*\[(.+)\]", done.stdout)


def libraries(directory: str, programs: list[str]) -> dict[str, str]:
    """What the programs need, and what that needs: path in the guest to path here."""
    places = [f"{directory}/sysroot/usr/lib/{TRIPLET}", f"{directory}/sysroot/lib/{TRIPLET}",
              f"/usr/{TRIPLET}/lib"]
    found: dict[str, str] = {}
    missing = {name for program in programs for name in needed(program)}
    missing.add("ld-linux-aarch64.so.1")
    while missing:
        name = missing.pop()
        here = [path for place in places if os.path.exists(path := f"{place}/{name}")]
        check(here, f"there is no {name} in {places}")
        found[f"lib/{name}"] = here[0]
        missing |= {more for more in needed(here[0]) if f"lib/{more}" not in found}
    return found


def files_for(directory: str, tests: list[str]) -> dict[str, str]:
    """All that the guest gets: path in the guest to path here."""
    agent = require_file(f"{directory}/freehint-agent", "run tests/cross/arm64.sh")
    data = [os.path.join(paths.ROOT, path) for path in paths.project_files(*DATA)]
    files = {path.lstrip("/"): path for path in (agent, *tests, *data)}
    # any program with symbols, and any text, will do
    files |= {"bin/true": min(tests, key=os.path.getsize), "etc/passwd": "/etc/passwd"}
    return files | libraries(directory, [agent, *tests])


def result_of(vm: Machine, name: str) -> Result:
    """Read what a test left; without a status it did not end."""
    status = vm.guest.run(f"cat {LOGS}/{name}.status")[1].strip()
    log = vm.guest.run(f"tail -c 20000 {LOGS}/{name}")[1]
    counts = {word: sum(int(number) for number in re.findall(rf"\[  {word} +\] (\d+) test", log))
              for word in ("PASSED", "SKIPPED")}
    return Result(int(status or -1), log, counts["PASSED"], counts["SKIPPED"])


def run_all(vm: Machine, tests: list[str]) -> dict[str, Result]:
    """Run the tests, one for each processor at a time."""
    one = ONE.format(limit=int(LIMIT * vm.guest.patience))
    vm.guest.must(f"mkdir -p {LOGS} /dev/shm && mount -t tmpfs shm /dev/shm")
    vm.guest.must("cat >/run/all <<'END'\n" + "\n".join(
        (f"cd {paths.ROOT}", f"ls {os.path.dirname(tests[0])}/test_* | "
         f"xargs -n 1 -P {vm.spec.smp} sh -c '{one}'", "")) + "END")
    vm.guest.spawn("all", "sh /run/all")
    results: dict[str, Result] = {}

    def ended() -> bool:
        for path in vm.guest.must(f"ls {LOGS}").split():
            name = path.removesuffix(".status")
            if path.endswith(".status") and name not in results:
                results[name] = result_of(vm, name)
                step(f"{results[name].verdict()}: {name}")
        return len(results) == len(tests)

    wait_for(ended, lambda: f"the tests; running:\n{vm.guest.must('ps')}", ALL, 1)
    return results


def report(results: dict[str, Result]) -> None:
    """What each test said that did not simply pass, and the sums."""
    for name, result in results.items():
        for case in dict.fromkeys(re.findall(r"\[  SKIPPED \] (\w+)$", result.log, re.MULTILINE)):
            print(f"      {name}: skipped: {case}")
        if result.verdict() == "failed":
            print(f"FAIL  {name}, status {result.status}")
            print("\n".join(result.log.splitlines()[-LOG_TAIL:]))
    step(f"{sum(result.passed for result in results.values())} cases passed, "
         f"{sum(result.skipped for result in results.values())} skipped")
    verdicts = [result.verdict() for result in results.values()]
    print(", ".join(f"{verdicts.count(word)} {word}"
                    for word in ("passed", "failed", "skipped")), flush=True)
    check("failed" not in verdicts, "a unit test fails under an arm64 Linux")


def main() -> None:
    """Build the guest, run all, say how many passed."""
    directory = os.path.realpath(sys.argv[1])
    os.environ[arch.VARIABLE] = NAME
    tests = [path for path in sorted(glob.glob(f"{directory}/tests/unit/test_*"))
             if os.access(path, os.X_OK)]
    check(tests, f"no tests in {directory}: run tests/cross/arm64.sh")
    files = files_for(directory, tests)
    spec = Spec(memory_mib=2048, ivshmem=False, extension=False, with_module=False,
                extras=Extras(files=tuple(files.items()), own=()), lifetime=7200.0)
    with Machine(spec, name="units") as vm:
        vm.boot(module=False)
        step("guest is up: Linux " + vm.guest.must("uname -r").strip())
        report(run_all(vm, tests))


if __name__ == "__main__":
    run(main)
