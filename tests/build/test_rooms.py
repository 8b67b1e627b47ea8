#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Which folder may include which: the table in docs/architecture.md against the includes of
the sources. Neither folders nor files may include each other in a circle.
"""
from __future__ import annotations

import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib.paths import ROOT, project_files  # noqa: E402
from lib.result import check, run  # noqa: E402

INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)
TABLE = re.compile(r"<!-- table: rooms -->\n(.*?)<!-- end -->", re.DOTALL)
PRODUCT = ("include/", "proto/", "guest-kmod/", "host-agent/")

Graph = dict[str, set[str]]


def sources() -> list[str]:
    """C files of the product, from the top of the tree."""
    return [path for path in project_files("*.c", "*.h") if path.startswith(PRODUCT)]


def allowed() -> Graph:
    """The table: folder, and what it may use."""
    with open(os.path.join(ROOT, "docs", "architecture.md"), encoding="utf-8") as file:
        table = TABLE.search(file.read())
    check(table, "docs/architecture.md has no table of rooms")
    assert table is not None
    rows = re.findall(r"^\| `([^`]+)` \|[^|]*\|([^|]*)\|$", table[1], re.MULTILINE)
    return {room: set(re.findall(r"`([^`]+)`", uses)) for room, uses in rows}


def room_of(path: str, rooms: Graph) -> str:
    """The deepest folder of the table that a file is in."""
    found = [room for room in rooms if path.startswith(room + "/")]
    check(found, f"{path} is in no folder of docs/architecture.md")
    return max(found, key=len)


def target_of(path: str, name: str, there: set[str]) -> str | None:
    """The file that an include means, None for one that is not ours."""
    for base in (os.path.dirname(path), ""):
        candidate = os.path.normpath(os.path.join(base, name))
        if candidate in there:
            return candidate
    return None


def includes(paths: list[str]) -> list[tuple[str, str]]:
    """Pairs of files: who includes whom."""
    there = set(paths)
    pairs = []
    for path in paths:
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            for name in INCLUDE.findall(file.read()):
                target = target_of(path, name, there)
                if target:
                    pairs.append((path, target))
    return pairs


def circle(graph: Graph) -> list[str]:
    """A circle of the graph, empty if there is none."""
    done: set[str] = set()

    def walk(node: str, way: list[str]) -> list[str]:
        if node in way:
            return way[way.index(node):] + [node]
        if node in done:
            return []
        for after in sorted(graph.get(node, ())):
            found = walk(after, way + [node])
            if found:
                return found
        done.add(node)
        return []

    for start in sorted(graph):
        found = walk(start, [])
        if found:
            return found
    return []


def stem(path: str) -> str:
    """A source and its header are one."""
    return path.rsplit(".", 1)[0]


def the_check_sees_a_circle() -> None:
    """A check that never complains is no check."""
    check(circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"],
          "a circle of three is not seen")
    check(not circle({"a": {"b", "c"}, "b": {"c"}}), "a circle is seen where none is")


def main() -> None:
    """Folders, then files."""
    the_check_sees_a_circle()
    rooms = allowed()
    unknown = {use for uses in rooms.values() for use in uses} - set(rooms)
    check(not unknown, f"the table uses folders that it does not have: {sorted(unknown)}")
    check(not circle(rooms), f"folders in a circle: {' -> '.join(circle(rooms))}")
    files: Graph = {}
    wrong = []
    pairs = includes(sources())
    check(len(pairs) > 100, f"only {len(pairs)} includes were found")
    for path, target in pairs:
        here, there = room_of(path, rooms), room_of(target, rooms)
        if here != there and there not in rooms[here]:
            wrong.append(f"{path} includes {target}: {here} may not use {there}")
        if stem(path) != stem(target):
            files.setdefault(stem(path), set()).add(stem(target))
    check(not wrong, "\n".join(wrong))
    check(not circle(files), f"files in a circle: {' -> '.join(circle(files))}")


if __name__ == "__main__":
    run(main)
