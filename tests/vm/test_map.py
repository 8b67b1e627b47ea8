#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The picture of memory after a real migration: its sums are the counters', its files are
pictures, and colours are there when and only when they are wanted. The picture of what was
given back: as much as QEMU counts, and what the guest uses again is told apart.
"""
from __future__ import annotations

import os
import pty
import re
import struct
import subprocess
import tempfile
import xml.etree.ElementTree

from support import Hops, Work, attach_agent, check, fill, step
from lib import paths
from lib.machine import Machine, Spec
from lib.result import run
from lib.tool import tool

MEMORY_MIB = 512
PAGE_MB = 4096 / 1e6
CLASSES = ("in use, sent", "hinted, used again", "free, kept off the wire",
           "free, not hinted")
GIVEN_CLASSES = ("never given back", "given back, used again", "given back")
FILL_MIB = 200


def picture(vm: Machine, *options: str, status: int = 0, **environment: str) -> str:
    """freehint map on a machine; returns what it printed."""
    return tool("map", "--qmp", vm.qemu.spare_qmp, "--shm", vm.shm, *options, status=status,
                **environment)


def sums(text: str, classes: tuple[str, ...] = CLASSES) -> dict[str, float]:
    """Pages of each class, from the legend."""
    found = {name: re.search(rf"^. {re.escape(name)} +([\d.]+) MB", text, re.MULTILINE)
             for name in classes}
    check(all(found.values()), f"the legend is not complete:\n{text}")
    return {name: float(match[1]) / PAGE_MB for name, match in found.items() if match}


def near(what: str, one: float, other: float) -> None:
    """Equal but for the legend's rounding."""
    check(abs(one - other) < 30, f"{what}: {one:.0f}, {other:.0f} pages")


def hinted_agrees(vm: Machine) -> None:
    """With a bitmap for each page, cells as small as they get lose nothing of note."""
    answer = vm.qmp.command("x-freehint-map", cells=4096)
    hinted, ram = sum(answer["hinted"]), sum(answer["ram"])
    # video memory and ROMs lie below 1 MiB
    check(0 <= (MEMORY_MIB << 8) - ram <= 96, f"{ram} pages of RAM")
    first = vm.query()["first-round"]["pages-accepted"]
    total = vm.counters()["pages-accepted"]
    check(first <= hinted <= total, f"{hinted} pages hinted, {first} to {total} accepted")
    pages = sums(picture(vm, "--cells", "4096"))
    near("hinted", pages[CLASSES[1]] + pages[CLASSES[2]], hinted)
    near("all", sum(pages.values()), ram)
    check(pages[CLASSES[2]] > ram / 3, f"hardly anything was kept off the wire: {pages}")
    step(f"the map agrees with the counters: {pages}")


def given_back(vm: Machine) -> dict[str, float]:
    """Pages of each class of what was given back."""
    return sums(tool("map", "--qmp", vm.qemu.spare_qmp, "--given-back"), GIVEN_CLASSES)


def given_back_is_drawn(vm: Machine) -> None:
    """Nothing at first; then what QEMU discarded, and of that what the guest uses again."""
    never, again, away = (given_back(vm)[name] for name in GIVEN_CLASSES)
    check(again == 0 and away == 0, f"given back before it was asked for: {again}, {away}")
    agent = attach_agent(vm)
    tool("give-back", "--qmp", vm.qemu.spare_qmp)
    agent.stop()
    pages = given_back(vm)
    near("all", sum(pages.values()), never)
    discarded = vm.query()["give-back"]["bytes"] / 4096
    distinct = pages[GIVEN_CLASSES[1]] + pages[GIVEN_CLASSES[2]]
    # what the guest used and freed meanwhile is given back once more
    check(discarded * 0.9 < distinct < discarded + 30, f"{distinct} pages, given {discarded}")
    check(pages[GIVEN_CLASSES[2]] > discarded / 2, f"hardly anything is away: {pages}")
    fill(vm.guest, FILL_MIB)
    after = given_back(vm)
    gone = pages[GIVEN_CLASSES[2]] - after[GIVEN_CLASSES[2]]
    # what was free and not given back may be used first
    check(gone > FILL_MIB * 256 / 4, f"the guest used {gone:.0f} pages again: {pages}, {after}")
    near("given back", after[GIVEN_CLASSES[1]] + after[GIVEN_CLASSES[2]], distinct)
    longest = vm.counters()["bql-max-us"]
    step(f"what was given back is drawn: {pages}, {after}, longest hold {longest} us")


def files_are_pictures(vm: Machine) -> None:
    """PNG and SVG."""
    with tempfile.TemporaryDirectory(prefix="freehint-map-") as home:
        png, svg = os.path.join(home, "map.png"), os.path.join(home, "map.svg")
        picture(vm, "-o", png)
        with open(png, "rb") as file:
            head = file.read(24)
        check(head[:8] == b"\x89PNG\r\n\x1a\n", f"no PNG: {head!r}")
        width, height = struct.unpack(">II", head[16:24])
        check(width == 768 and 0 < height <= 768, f"{width} x {height} pixels")
        tool("map", "--qmp", vm.qemu.spare_qmp, "--given-back", "-o", svg)
        with open(svg, encoding="utf-8") as file:
            check("given back to the host" in file.read(), "the title is another one")
        picture(vm, "-o", svg)
        tree = xml.etree.ElementTree.parse(svg)
        check(len(tree.findall(".//{*}rect/{*}title")) > 900, "the SVG has few cells")
        picture(vm, "-o", os.path.join(home, "map.gif"), status=1)
        picture(vm, "-o", "/nowhere/map.svg", status=4)
    step("files are pictures")


def on_a_terminal(vm: Machine, **environment: str) -> str:
    """What the tool writes to a terminal."""
    master, slave = pty.openpty()
    line = [paths.TOOL, "map", "--qmp", vm.qemu.spare_qmp, "--shm", vm.shm]
    clean = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    with subprocess.Popen(line, stdout=slave,
                          env={**clean, "TERM": "xterm", **environment}) as proc:
        os.close(slave)
        text = b""
        try:
            while piece := os.read(master, 65536):
                text += piece
        except OSError:
            pass
        os.close(master)
    check(proc.returncode == 0, f"{line}: {proc.returncode}")
    return text.decode()


def colours_where_wanted(vm: Machine) -> None:
    """A terminal has them, a pipe and NO_COLOR have not."""
    check("\033[48;5;" in on_a_terminal(vm), "no colours on a terminal")
    check("\033" not in on_a_terminal(vm, NO_COLOR="1"), "colours in spite of NO_COLOR")
    plain = picture(vm, COLUMNS="40")
    check("\033" not in plain, "colours in a pipe")
    widest = max(len(line) for line in plain.splitlines() if "GiB" in line)
    check(widest <= 40, f"lines of {widest} columns, there are 40")
    step("colours where they are wanted")


def main() -> None:
    """A used guest, migrated in several passes."""
    with Hops(Spec(memory_mib=MEMORY_MIB)) as hops:
        fill(hops.here.guest, FILL_MIB)
        given_back_is_drawn(hops.here)
        Work(hops.here.guest, pages_mib=32, churn_mib=48)
        hops.hinted(3)
        hinted_agrees(hops.here)
        files_are_pictures(hops.here)
        colours_where_wanted(hops.here)
        keep = os.environ.get("FREEHINT_KEEP_MAP")
        if keep:
            picture(hops.here, "-o", keep)


if __name__ == "__main__":
    run(main)
