# SPDX-License-Identifier: GPL-2.0
"""
Results of `make check-matrix`: those of a run that was stopped, so that the next one goes on
there, and those that docs/compatibility.md shows.
"""
from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Callable
from typing import Any

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Results that are kept with the sources.
KEPT = os.path.join(ROOT, "tests", "matrix", "results.json")
# What a result depends on.
SOURCES = ("guest-kmod", "host-agent", "include", "proto", "tests/kernel", "tests/kvm",
           "tests/lib", "tests/matrix", "tests/vm")
SUFFIXES = (".c", ".h", ".py", ".sh", ".patch", "Makefile")

TESTED = "tested"
FAILED = "**failed**"
SKIPPED = "skipped"

Result = dict[str, Any]


def read(path: str) -> dict[str, Result]:
    """Results by name; none where there is no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except FileNotFoundError:
        return {}


def write(path: str, results: dict[str, Result]) -> None:
    """Whole, or as it was."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1, sort_keys=True)
        file.write("\n")
    os.rename(path + ".new", path)


def sources_state() -> str:
    """Changes with every source that a test runs or is."""
    state = hashlib.sha256()
    for top in SOURCES:
        for folder, folders, names in os.walk(os.path.join(ROOT, top)):
            folders.sort()
            for name in sorted(names):
                if name.endswith(SUFFIXES):
                    path = os.path.join(folder, name)
                    state.update(os.path.relpath(path, ROOT).encode())
                    with open(path, "rb") as file:
                        state.update(file.read())
    return state.hexdigest()


class Results:
    """
    Results of this run and of the one before, if that was stopped. A result counts as long as
    neither sources nor versions have changed; a failure is tried again.
    """

    def __init__(self, path: str, again: bool = False, state: str = "") -> None:
        self._path = path
        self._state = state or sources_state()
        self._known = {} if again else read(path)
        self.now: dict[str, Result] = {}

    def get(self, name: str, facts: dict[str, str], run: Callable[[], str]) -> str:
        """The result of a name: as it is known, or by running it."""
        known = self._known.get(name, {})
        if known.get("state") == self._state and known.get("facts") == facts and \
                known.get("result") == TESTED:
            print(f"{name}: {TESTED} on {known['date']}, not again", flush=True)
        else:
            known = {"state": self._state, "facts": facts, "result": run(),
                     "date": datetime.date.today().isoformat()}
            self._known[name] = known
            write(self._path, self._known)
        self.now[name] = known
        return known["result"]

    def keep(self, path: str = KEPT) -> None:
        """Into the sources, for the page: what was run, and not what was skipped."""
        kept = read(path)
        for name, found in self.now.items():
            if found["result"] != SKIPPED:
                kept[name] = {"result": found["result"], "date": found["date"],
                              **found["facts"]}
        write(path, kept)
