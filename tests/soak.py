#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
The tests that need hours to be convincing, in steps of minutes: each step is one run of
tests/run.sh. What a step did is counted from its logs and kept in build/soak/state.json,
so that the next call goes on where this one was stopped.

    tests/soak.py                 all parts, until each has reached its goal
    tests/soak.py kvm fuzz        only these
    tests/soak.py --minutes 90    begin no step after that time
    tests/soak.py --at-once 6 kvm six steps at a time; those of kvm wait most of their time
    tests/soak.py --list          what was reached, run nothing
    tests/soak.py --reset         forget what was reached

It stops at the first step that fails, with all that run; its logs stay in
build/soak/PART-NUMBER.
"""
from __future__ import annotations

import argparse
import fcntl
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOME = os.path.join(ROOT, "build", "soak")
STATE = os.path.join(HOME, "state.json")

# Seconds after which a step counts as hung.
HUNG = 4 * 3600
FUZZ_STEP = 120
LOOK_EVERY = 0.1


@dataclass(frozen=True)
class Part:
    """
    Something to do for long.

    goal     how much of `unit` is wanted
    tests    arguments of tests/run.sh, one step
    unit     what is counted
    counts   what to sum: name of a number, regular expression whose group is the number;
             an expression without a group counts its matches
    env      environment of a step
    each     so much of `unit` is a step by itself, where its logs do not say
    at_most  names of numbers of which the largest is kept, not the sum
    """

    goal: int
    tests: list[str]
    unit: str
    counts: dict[str, str]
    env: dict[str, str] = field(default_factory=dict)
    each: int = 0
    at_most: tuple[str, ...] = ()


def kvm_counts() -> dict[str, str]:
    """The numbers of a line "all: ..." of kvm/test_torture_kvm, mutants left out."""
    line = r"all: .*?"
    return {"rounds": line + r"(\d+) rounds", "migrations": line + r"(\d+) migrations",
            "pages hinted": line + r"(\d+) pages hinted",
            "pages skipped": line + r"(\d+) skipped",
            "pages compared": line + r"(\d+) compared",
            "pages that differ": line + r"(\d+) differ",
            "pages checked by the guest": line + r"(\d+) checked",
            "pages wrong": line + r"(\d+) wrong"}


def fuzz_counts() -> dict[str, str]:
    """Inputs and coverage of each target."""
    listed = subprocess.run(["make", "-s", "-C", os.path.join(ROOT, "tests", "fuzz"), "list"],
                            capture_output=True, text=True, check=False).stdout.split()
    counts = {}
    for target in listed:
        counts[f"{target} inputs"] = rf"^{target}: (\d+) runs"
        counts[f"{target} edges"] = rf"^{target}: \d+ runs, cov: (\d+)"
    return counts


def all_parts() -> dict[str, Part]:
    """What `make soak` does, in this order."""
    fuzz = fuzz_counts()
    return {
        "models": Part(1, ["model"], "runs of all models", {}, {"FREEHINT_SOAK": "2"}, 1),
        "kvm": Part(100_000, ["kvm/test_torture_kvm"], "rounds", kvm_counts(),
                    {"FREEHINT_SOAK": "2"}),
        "give-back": Part(200_000, ["kvm/test_give_back_torture"], "blocks given back",
                          {"blocks given back": r"all: .*?(\d+) given back",
                           "offers taken back": r"all: .*?(\d+) offers taken back",
                           "pages compared": r"all: .*?(\d+) pages compared",
                           "pages wrong": r"all: .*?(\d+) wrong"}, {"FREEHINT_SOAK": "8"}),
        "linux-kvm": Part(200, ["kvm/test_linux_*"], "migrations",
                          {"migrations": r"^\[ *[\d.]+\] all: (\d+) migrations",
                           "pages compared": r"all: .*?(\d+) compared",
                           "pages that differ": r"all: .*?(\d+) differ"},
                          {"FREEHINT_SOAK": "2"}),
        "linux": Part(200, ["vm/test_torture_*"], "migrations",
                      {"migrations": r"content verified by"}),
        "postcopy": Part(200, ["vm/test_postcopy"], "switches",
                         {"switches": r"^\[ *[\d.]+\] switched$",
                          "pages touched": r"(\d+) free pages touched"},
                         {"FREEHINT_SOAK": "2"}),
        "fuzz": Part(3600, ["fuzz/test_fuzz"], "seconds for each target", fuzz,
                     {"FUZZ_TIME": str(FUZZ_STEP)}, FUZZ_STEP,
                     tuple(name for name in fuzz if name.endswith(" edges"))),
    }


def read_state() -> dict[str, dict[str, int]]:
    """Part -> numbers of the steps that came to their end."""
    try:
        with open(STATE, encoding="ascii") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def write_state(state: dict[str, dict[str, int]]) -> None:
    """Whole or not at all: a call may be killed at any time."""
    with open(STATE + ".new", "w", encoding="ascii") as file:
        json.dump(state, file, indent=1)
    os.replace(STATE + ".new", STATE)


def logs_of(directory: str) -> str:
    """The logs of all tests of a step, one after the other."""
    text = ""
    for name in sorted(os.listdir(directory)):
        if name.endswith(".log") and name != "run.log":
            with open(os.path.join(directory, name), encoding="utf-8",
                      errors="replace") as log:
                text += log.read() + "\n"
    return text


def numbers_of(part: Part, text: str) -> Iterator[tuple[str, int]]:
    """What the logs of a step count to."""
    for name, pattern in part.counts.items():
        found = re.findall(pattern, text, re.MULTILINE)
        yield name, sum(int(match) if match.isdigit() else 1 for match in found)


def add_step(done: dict[str, int], part: Part, text: str, seconds: int) -> None:
    """The numbers of one more step."""
    done[part.unit] = done.get(part.unit, 0) + part.each
    for name, number in numbers_of(part, text):
        before = done.get(name, 0)
        done[name] = max(before, number) if name in part.at_most else before + number
    done["steps"] = done.get("steps", 0) + 1
    done["wall seconds"] = done.get("wall seconds", 0) + seconds


class Step:
    """One run of the tests for a part; the `number`-th one."""

    def __init__(self, name: str, part: Part, number: int) -> None:
        self.name = name
        self.part = part
        self.logs = os.path.join(HOME, f"{name}-{number}")
        self.begin = time.monotonic()
        os.makedirs(self.logs, exist_ok=True)
        env = {**os.environ, "TEST_TIMEOUT": str(HUNG), **part.env, "TEST_LOGS": self.logs}
        with open(os.path.join(self.logs, "run.log"), "wb") as log:
            self._proc = subprocess.Popen(
                [os.path.join(ROOT, "tests", "run.sh"), *part.tests], env=env,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def status(self) -> int | None:
        """Exit status, None while it runs."""
        return self._proc.poll()

    def seconds(self) -> int:
        """Since it began."""
        return round(time.monotonic() - self.begin)

    def stop(self) -> None:
        """End it, with its tests."""
        self._proc.terminate()
        self._proc.wait()


def show(parts: dict[str, Part], state: dict[str, dict[str, int]]) -> None:
    """One line for each part, and what else was counted."""
    for name, part in parts.items():
        done = state.get(name, {})
        print(f"{name}: {done.get(part.unit, 0)} of {part.goal} {part.unit}")
        rest = [f"{number} {what}" for what, number in done.items() if what != part.unit]
        if rest:
            print("    " + ", ".join(rest))


def expected(part: Part, done: dict[str, int], running: int) -> float:
    """What a part will have reached when the steps that run are over, as far as one can know."""
    steps = done.get("steps", 0)
    each = done.get(part.unit, 0) / steps if steps else part.each
    return done.get(part.unit, 0) + running * each


class Soak:
    """The parts to do, what was reached, and the steps that run."""

    def __init__(self, parts: dict[str, Part]) -> None:
        self.parts = parts
        self.state = read_state()
        self._running: list[Step] = []

    def _count(self, name: str) -> int:
        """Steps of a part that run."""
        return sum(step.name == name for step in self._running)

    def next_part(self) -> str | None:
        """Of the parts that need one more step, the one that has come least far."""
        share = {name: (expected(part, self.state.get(name, {}), self._count(name)) / part.goal,
                        self._count(name)) for name, part in self.parts.items()}
        return min((name for name in share if share[name][0] < 1), key=share.__getitem__,
                   default=None)

    def begin(self, name: str) -> None:
        """Start a step."""
        number = self.state.get(name, {}).get("steps", 0) + self._count(name) + 1
        self._running.append(Step(name, self.parts[name], number))

    def wait(self) -> Step | None:
        """A step that has ended, which is forgotten; None when none runs."""
        while self._running:
            for step in self._running:
                if step.status() is not None:
                    self._running.remove(step)
                    return step
            time.sleep(LOOK_EVERY)
        return None

    def add(self, step: Step) -> bool:
        """Add the numbers of a step that has ended. False when it failed or did nothing."""
        where = f"build/soak/{os.path.basename(step.logs)}"
        if step.status():
            print(f"{step.name}: a step failed, its logs are in {where}")
            return False
        done = self.state.setdefault(step.name, {})
        before = done.get(step.part.unit, 0)
        add_step(done, step.part, logs_of(step.logs), step.seconds())
        if done[step.part.unit] == before:
            print(f"{step.name}: a step did nothing, see {where}")
            return False
        write_state(self.state)
        print(f"{step.name}: {done[step.part.unit]} of {step.part.goal} {step.part.unit}",
              flush=True)
        return True

    def stop(self) -> None:
        """End all steps that run; they are not counted."""
        while self._running:
            self._running.pop().stop()


def soak(parts: dict[str, Part], minutes: float, at_once: int) -> int:
    """Step after step, or some at a time; 0 when no step failed."""
    work = Soak(parts)
    deadline = time.monotonic() + minutes * 60
    try:
        running = 0
        while True:
            while running < at_once and time.monotonic() < deadline and \
                    (name := work.next_part()):
                work.begin(name)
                running += 1
            step = work.wait()
            if not step:
                break
            running -= 1
            if not work.add(step):
                return 1
    finally:
        work.stop()
    show(parts, work.state)
    return 0


def arguments(names: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description="Tests that need hours, in steps.")
    parser.add_argument("parts", nargs="*", metavar="PART", help=", ".join(names))
    parser.add_argument("--minutes", type=float, default=float("inf"),
                        help="begin no step after that time")
    parser.add_argument("--at-once", type=int, default=1, metavar="N",
                        help="steps at a time, default 1")
    parser.add_argument("--list", action="store_true", help="what was reached, run nothing")
    parser.add_argument("--reset", action="store_true", help="forget what was reached")
    args = parser.parse_args()
    if args.at_once < 1:
        parser.error(f"--at-once {args.at_once}: at least one step at a time")
    for name in args.parts:
        if name not in names:
            parser.error(f"no part {name}; there are {', '.join(names)}")
    return args


def main() -> int:
    """Parts of the command line, or all."""
    parts = all_parts()
    args = arguments(list(parts))
    parts = {name: part for name, part in parts.items() if not args.parts or name in args.parts}
    os.makedirs(HOME, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))
    if args.list:
        show(parts, read_state())
        return 0
    with open(os.path.join(HOME, "lock"), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("soak.py: another one runs in this tree")
            return 2
        if args.reset:
            write_state({name: done for name, done in read_state().items()
                         if name not in parts})
            return 0
        return soak(parts, args.minutes, args.at_once)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("interrupted; the same command goes on")
        sys.exit(130)
