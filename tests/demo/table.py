# SPDX-License-Identifier: GPL-2.0
"""
The demo's one table: a block for each scenario, a column for each variant, then
how much the last one saves.
"""
from __future__ import annotations

import os
import sys
from collections.abc import Callable

from scenario import DOWNTIME_MS, Result
from settings import VARIANTS, Settings

NAMES = {"none": "no hints", "balloon": "virtio-balloon", "freehint": "freehint"}
LABEL_WIDTH = 32
COLUMN_WIDTH = 16

Row = tuple[str, Callable[[Result], str]]


def _rows() -> list[Row]:
    """Label and cell of every plain line."""
    return [
        ("total time", lambda r: f"{r.total_s:.2f} s"),
        ("downtime", lambda r: f"{r.downtime_s * 1e3:.0f} ms"),
        ("bytes sent", lambda r: f"{r.sent / 1e6:,.0f} MB"),
        ("pages sent whole", lambda r: f"{r.normal_pages:,}"),
        ("pages read, all zero", lambda r: f"{r.zero_pages:,}"),
        ("destination RSS", lambda r: f"{r.rss / 1e6:,.0f} MB"),
        ("first hint after the sync",
         lambda r: "-" if r.first_apply_us is None else f"{r.first_apply_us / 1e3:.1f} ms"),
        ("used pages verified", lambda r: f"{r.checked_pages:,} ok"),
    ]


def _ratio(base: Result | None, result: Result, value: Callable[[Result], float]) -> str:
    """How many times less than `base`; nobody asks how the base itself compares."""
    if base is None or VARIANTS.index(result.variant) <= VARIANTS.index(base.variant):
        return "-"
    return f"{value(base) / max(value(result), 1e-9):.1f}x"


def _bold(text: str) -> str:
    """Emphasis, on a terminal whose owner has not declined it."""
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return f"\x1b[1m{text}\x1b[0m"
    return text


def _line(label: str, cells: list[str]) -> str:
    """One line of the table."""
    return f"  {label:<{LABEL_WIDTH}}" + "".join(f"{c:>{COLUMN_WIDTH}}" for c in cells)


def _ratio_lines(results: list[Result]) -> list[str]:
    """Comparisons with the variants that were run."""
    by_variant = {result.variant: result for result in results}
    lines = []
    for variant in ("none", "balloon"):
        base = by_variant.get(variant)
        if base is None or len(results) < 2:
            continue
        for what, value in (("less time", lambda r: r.total_s),
                            ("fewer bytes", lambda r: r.sent)):
            cells = [_ratio(base, result, value) for result in results]
            lines.append(_line(f"{what} than {NAMES[variant]}", cells))
    return lines


def show(settings: Settings, results: list[Result], qemu: str, kernel: str) -> str:
    """The finished table as text."""
    titles = {"used": f"idle guest, {settings.fill} MiB written and freed before",
              "fresh": "idle guest, fresh from boot"}
    variants = [v for v in settings.variants if any(r.variant == v for r in results)]
    lines = ["", f"{settings.mem} MiB guest, {settings.smp} vCPU, {settings.accel}, "
             f"QEMU {qemu}, Linux {kernel}", ""]
    lines.append(_bold(_line("", [NAMES[v] for v in variants])))
    for scenario in settings.scenarios:
        block = [r for v in variants for r in results
                 if r.scenario == scenario and r.variant == v]
        lines.append(_bold(titles[scenario]))
        lines += [_line(label, [cell(r) for r in block]) for label, cell in _rows()]
        lines += _ratio_lines(block) + [""]
    lines.append(f"downtime-limit is {DOWNTIME_MS} ms, QEMU's default. Bytes and pages are the "
                 "method's. Times are this\nmachine's, too: other work, and a destination whose "
                 "memory its own host has yet to back.\n")
    return "\n".join(lines)
