#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Dashboard and alerts name only metrics that the agent writes, and leave none out; counters are
shown as what they grow by. Where promtool is, each alert comes when it has to.
"""
from __future__ import annotations

import os
import re
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))

# pylint: disable=wrong-import-position
from lib import monitoring  # noqa: E402
from lib.result import check, run, step  # noqa: E402

SOURCE = os.path.join(ROOT, "host-agent", "agent", "metrics", "metrics.c")
PAGE = os.path.join(ROOT, "docs", "man", "freehint-agent.8.scd")

# What node_exporter adds: of the textfile collector, and of the collector of systemd.
EXPORTER = {"node_textfile_mtime_seconds", "node_systemd_unit_state"}
# Counted for those who look for time lost; shown by no panel.
NOT_SHOWN = {"freehint_arm_seconds_total", "freehint_big_lock_seconds_total",
             "freehint_hinted_migrations_total", "freehint_give_back_discard_seconds_total",
             "freehint_give_back_asking", "freehint_give_back_drained"}
# What only alerts need.
ALERTS_ONLY = {"freehint_give_back_enabled", "freehint_give_back_refused",
               "freehint_pressure_watched"}


def written() -> set[str]:
    """The metrics that the agent writes, by its source."""
    with open(SOURCE, encoding="utf-8") as file:
        text = file.read()
    found = re.findall(r'prom_(?:number|seconds|head)\(out, "([a-z_]+)"', text)
    found += re.findall(r'static const char name\[\] = "([a-z_]+)"', text)
    return {f"freehint_{name}" for name in found}


def described() -> set[str]:
    """The metrics that the man page explains, below its heading."""
    with open(PAGE, encoding="utf-8") as file:
        text = re.search(r"# METRICS\n(.*?)\n# ", file.read(), re.S)
    assert text
    heads = " ".join(line for line in text[1].split("\n") if line.startswith("*"))
    return {f"freehint_{name}" for name in re.findall(r"\*([a-z_]+)\*", heads)}


def test_names() -> None:
    """Names of the agent, the man page, the dashboard and the alerts."""
    names = written()
    check(len(names) > 30, f"only {len(names)} metrics were found in {SOURCE}")
    differ = names ^ described()
    check(not differ, f"source and man page differ: {sorted(differ)}")
    shown = set().union(*(monitoring.names_in(expr) for _, expr in monitoring.queries()))
    alerts = set().union(*map(monitoring.names_in, monitoring.alert_expressions()))
    for what, used in ("dashboard", shown), ("alerts", alerts):
        check(used, f"the {what} name no metric")
        unknown = used - names - EXPORTER
        check(not unknown, f"the {what} name what nobody writes: {sorted(unknown)}")
    left_out = names - shown - NOT_SHOWN - ALERTS_ONLY
    check(not left_out, f"no panel shows {sorted(left_out)}")


def test_panels() -> None:
    """Each has a title, a place and a unit of its own; counters grow only."""
    panels = monitoring.dashboard()["panels"]
    ids = [panel["id"] for panel in panels]
    check(len(set(ids)) == len(ids), f"panels with the same id: {ids}")
    places = set()
    for panel in panels:
        grid = panel["gridPos"]
        mine = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
                for y in range(grid["y"], grid["y"] + grid["h"])}
        check(grid["x"] + grid["w"] <= 24 and not places & mine,
              f"'{panel['title']}' is where another panel is, or outside")
        places |= mine
    for title, expr in monitoring.queries():
        bare = re.sub(r"(?:rate|increase)\([a-z_]+\{[^}]*\}\[", "", expr)
        check("_total" not in bare, f"'{title}' shows a counter as it is: {expr}")


def main() -> None:
    """Without Prometheus, and with what there is of it."""
    test_names()
    test_panels()
    promtool = monitoring.program("promtool")
    if not promtool:
        print("skipped: cases of the alerts: no promtool; install prometheus, or run make "
              "check-dashboard once")
        return
    with tempfile.TemporaryDirectory(prefix="freehint-alerts-") as directory:
        monitoring.check_alerts(promtool, directory)
    step("each alert comes when it has to")


if __name__ == "__main__":
    run(main)
