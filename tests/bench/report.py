# SPDX-License-Identifier: GPL-2.0
"""
Tables of docs/performance.md from the CSV files: medians with the smallest and the
largest value, and ratios against peers of the same run. The text around stays.
"""
from __future__ import annotations

import os
import re
import statistics
from collections.abc import Callable, Iterable
from typing import Any

import give_back
from peers import LABELS, MIB
import rows
import suites

DOCUMENT = "performance.md"
MARKED = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)

Row = dict[str, str]
Cell = Callable[[list[Row]], str]


def values(found: Iterable[Row], column: str) -> list[float]:
    """The numbers of a column that are there."""
    return [float(row[column]) for row in found if row.get(column)]


def median(found: Iterable[Row], column: str) -> float | None:
    """Of a column, None when it is empty."""
    numbers = values(found, column)
    return statistics.median(numbers) if numbers else None


def spread(found: list[Row], column: str, form: str, scale: float = 1.0) -> str:
    """Median, and in brackets the range where there is one."""
    numbers = [number * scale for number in values(found, column)]
    if not numbers:
        return ""
    middle, low, high = (format(number, form) for number in
                         (statistics.median(numbers), min(numbers), max(numbers)))
    return middle if low == high else f"{middle} ({low} to {high})"


def ratio(found: list[Row], base: list[Row], column: str) -> str:
    """How many times less than the base, of medians."""
    ours, theirs = median(found, column), median(base, column)
    if not ours or theirs is None or found is base:
        return ""
    return f"{theirs / ours:.2f}" if theirs / ours < 10 else f"{theirs / ours:.0f}"


def markdown(head: list[str], lines: Iterable[list[str]]) -> str:
    """A table."""
    parts = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    parts += ["| " + " | ".join(line) + " |" for line in lines]
    return "\n".join(parts) + "\n"


def by(found: Iterable[Row], *columns: str) -> dict[tuple[str, ...], list[Row]]:
    """Rows that agree in some columns, in the order of the file."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in found:
        groups.setdefault(tuple(row[column] for column in columns), []).append(row)
    return groups


HEAD = ["", "time, s", "sent, MB", "destination RSS, MB", "downtime, ms", "CPU, s",
        "time: no hints / this", "time: balloon hinting / this",
        "bytes: this / limit"]


def _line(peer: str, found: list[Row], peers: dict[str, list[Row]]) -> list[str]:
    """One peer against the others of its group."""
    name = LABELS.get(peer, peer)
    cpu = sum(median(found, column) or 0 for column in ("cpu_src_s", "cpu_dst_s",
                                                        "cpu_agent_s"))
    sent, least = median(found, "sent"), median(peers.get("limit", []), "sent")
    return [f"**{name}**" if peer.startswith("freehint") else name,
            spread(found, "cost_s", ".2f"), spread(found, "sent", ".0f", 1e-6),
            spread(found, "rss", ".0f", 1e-6), spread(found, "downtime_s", ".0f", 1e3),
            f"{cpu:.1f}" if cpu else "", ratio(found, peers.get("none", []), "cost_s"),
            ratio(found, peers.get("balloon", []), "cost_s"),
            f"{sent / least:.2f}" if sent and least and peer != "limit" else ""]


def compare(found: list[Row]) -> str:
    """Peers of one workload, one link and one size."""
    peers = {key[0]: group for key, group in by(found, "peer").items()}
    return markdown(HEAD, [_line(peer, group, peers) for peer, group in peers.items()])


def compare_each(found: list[Row], *columns: str,
                 title: Callable[..., str] = lambda *key: ", ".join(key)) -> str:
    """The same for each value of some columns."""
    return "\n".join(f"**{title(*key)}**\n\n{compare(group)}"
                     for key, group in by(found, *columns).items())


def _link(workload: str, mbit: str) -> str:
    return f"{workload}, {int(mbit) // 1000} Gbit/s"


def scale(found: list[Row]) -> str:
    """Fresh guests of many sizes."""
    lines = []
    for (mib,), group in by(found, "mem_mib").items():
        peers = {key[0]: some for key, some in by(group, "peer").items()}
        ours = peers.get("freehint", [])
        lines.append([f"{int(mib) // 1024} GiB",
                      *(spread(peers.get(name, []), "total_s", ".2f")
                        for name in ("none", "balloon", "freehint", "limit")),
                      spread(ours, "sent", ".0f", 1e-6),
                      spread(ours, "sync_to_seal_us", ".1f", 1e-3),
                      spread(ours, "sync_to_last_apply_us", ".1f", 1e-3),
                      ratio(ours, peers.get("none", []), "total_s"),
                      ratio(ours, peers.get("balloon", []), "total_s")])
    return markdown(["guest", "no hints, s", "balloon hinting, s", "**freehint**, s",
                     "limit, s", "freehint sent, MB", "sync to seal, ms",
                     "sync to last hint, ms", "no hints / freehint",
                     "balloon / freehint"], lines)


def latency(found: list[Row]) -> str:
    """From the sync to the hints, and what that costs QEMU."""
    columns = (("sync_to_request_us", "asked"), ("sync_to_command_us", "first command"),
               ("sync_to_first_apply_us", "first range applied"),
               ("sync_to_last_apply_us", "last range applied"),
               ("sync_to_seal_us", "sealed by the guest"), ("waited_us", "waited"),
               ("bql_max_us", "longest hold of the big lock"))
    ours = [row for row in found if row["peer"] == "freehint"]
    groups = {key: group for key, group in by(ours, "workload", "mem_mib").items()}
    return markdown(["ms since the sync", *(name for _, name in columns), "ranges"],
                    [[f"{workload}, {int(mib) // 1024} GiB",
                      *(spread(group, column, ".2f", 1e-3) for column, _ in columns),
                      spread(group, "ranges", ".0f")]
                     for (workload, mib), group in groups.items()])


def rounds(found: list[Row]) -> str:
    """What each pass kept off the wire."""
    lines = []
    for row in sorted(found, key=lambda row: int(row["link_mbit"])):
        passes = [part.split(":") for part in row.get("per_round", "").split()]
        if row["peer"] != "freehint" or len(passes) < 2:
            continue
        kept = ", ".join(f"{int(pages) * 4096 / 1e6:.0f}" for _, pages in passes)
        link = f", {int(row['link_mbit']) // 1000} Gbit/s" if int(row["link_mbit"]) else ""
        sent = f"{float(row['sent']) / 1e6:.0f}"
        lines.append([row["workload"] + link, row["rep"], kept, sent, row["pages_late"]])
    return markdown(["workload", "run", "kept off the wire in each pass, MB", "sent, MB",
                     "pages too late"], lines)


def work(found: list[Row]) -> str:
    """The compile's own speed."""
    lines = []
    for (peer,), group in by(found, "peer").items():
        before, during = median(group, "work_before"), median(group, "work_during")
        if before and during is not None:
            lines.append([LABELS[peer], spread(group, "work_before", ".2f"),
                          spread(group, "work_during", ".2f"),
                          f"{100 * (1 - during / before):.0f} %"])
    return markdown(["", "files a second before", "from the start of the migration on",
                     "slower by"], lines)


def guest(found: list[Row]) -> str:
    """What the module costs, by size of the guest."""
    groups = by(found, "metric", "mem_mib")
    sizes = sorted({int(row["mem_mib"]) for row in found})
    metrics = list(dict.fromkeys(row["metric"] for row in found))
    return markdown(["", *(f"{size // 1024} GiB" for size in sizes)],
                    [[metric, *(spread(groups.get((metric, str(size)), []), "value", ".0f")
                                for size in sizes)] for metric in metrics])


def what_remains(found: list[Row]) -> str:
    """By name, for a fresh guest and a used one."""
    groups = by(found, "metric", "workload")
    states = list(dict.fromkeys(row["workload"] for row in found))
    return markdown(["MB", *states],
                    [[metric, *(spread(groups.get((metric, state), []), "value", ".1f", 1e-6)
                                for state in states)]
                     for metric in dict.fromkeys(row["metric"] for row in found)])


Columns = tuple[tuple[tuple[Any, ...], str], ...]


def against_none(found: list[Row], columns: Columns, column: str, title: str) -> str:
    """Peers of each workload, and how much less of one column than without hints."""
    lines = []
    for (workload, peer), group in by(found, "workload", "peer").items():
        base = [row for row in found if row["peer"] == "none" and row["workload"] == workload]
        name = LABELS[peer]
        lines.append([workload, f"**{name}**" if peer.startswith("freehint") else name,
                      *(spread(group, *what) for what, _ in columns),
                      ratio(group, base, column)])
    return markdown(["guest", "", *(name for _, name in columns),
                     f"{title}: no hints / this"], lines)


def converge(found: list[Row]) -> str:
    """How QEMU slows down a guest that writes faster than the link sends."""
    return against_none(found, (
        (("total_s", ".1f"), "in all, s"), (("downtime_s", ".0f", 1e3), "downtime, ms"),
        (("sent", ".0f", 1e-6), "sent, MB"), (("passes", ".0f"), "syncs"),
        (("first_throttled_s", ".1f"), "first throttled after s"),
        (("highest", ".0f"), "highest %"), (("throttled", ".0f"), "throttled")),
        "throttled", "throttled")


def postcopy(found: list[Row]) -> str:
    """Switches to postcopy."""
    return against_none(found, (
        (("switch_s", ".2f"), "until it runs there, s"),
        (("downtime_s", ".0f", 1e3), "downtime, ms"),
        (("total_s", ".2f"), "until all is there, s"), (("sent", ".0f", 1e-6), "sent, MB"),
        (("sent_after", ".0f", 1e-6), "after the switch, MB"),
        (("touch_before_ms", ".0f"), "256 MiB touched before, ms"),
        (("touch_ms", ".0f"), "after the switch, ms"), (("worst_ms", ".1f"), "worst page, ms"),
        (("rss", ".0f", 1e-6), "destination RSS, MB")),
        "total_s", "until all is there")


def back(found: list[Row]) -> str:
    """Memory that came back, and what its next use costs."""
    columns: tuple[tuple[tuple[Any, ...], str], ...] = (
        (("back_s", ".2f"), "until the host has it, s"),
        (("rss_before", ".0f", 1 / MIB), "resident before, MiB"),
        (("rss_after", ".0f", 1 / MIB), "after, MiB"),
        (("guest_after", ".0f", 1 / MIB), "of it the guest's memory, MiB"),
        (("used_mib", ".0f"), "in use, MiB"),
        (("given", ".0f", 1 / MIB), "given back, MiB"),
        (("touch_ms", ".0f"), "256 MiB used again, ms"))
    lines = []
    for (workload, peer), group in by(found, "workload", "peer").items():
        if workload == "compile":
            continue
        base = [row for row in found
                if row["peer"] == "reporting" and row["workload"] == workload]
        lines.append([workload, give_back.WAYS[peer].label,
                      *(spread(group, *column) for column, _ in columns),
                      ratio(group, base, "back_s")])
    return markdown(["guest", "", *(title for _, title in columns),
                     "time: free page reporting / this"], lines)


def back_work(found: list[Row]) -> str:
    """What a guest that compiles loses, and how much it holds meanwhile."""
    base = [row for row in found if row["peer"] == "none"]
    lines = []
    for (peer,), group in by((row for row in found if row["workload"] == "compile"),
                             "peer").items():
        work, undisturbed = median(group, "work"), median(base, "work")
        lines.append([give_back.WAYS[peer].label, spread(group, "work", ".2f"),
                      f"{100 * (1 - work / undisturbed):.1f} %" if work and undisturbed else "",
                      spread(group, "rss_mean", ".0f", 1 / MIB)])
    return markdown(["", "files a second", "slower by", "resident on average, MiB"], lines)


def simulated(found: list[Row]) -> str:
    """The host's side alone, for guests that fit no machine here."""
    columns = [column for column in found[0] if column not in ("tib", "pattern")] \
        if found else []
    return markdown(["guest", *columns],
                    [[f"{tib} TiB, {pattern}",
                      *(f"{median(group, column):.6g}" for column in columns)]
                     for (tib, pattern), group in by(found, "tib", "pattern").items()])


def scan(found: list[Row]) -> str:
    """The guest's scan in user space, before and after a change if there are both."""
    columns = [column for column in found[0] if column not in ("guest", "scan")] if found else []
    scans = list(dict.fromkeys(row["scan"] for row in found))
    title = (lambda name, column: f"{column}, {name}") if len(scans) > 1 else \
        (lambda name, column: column)
    groups = by(found, "guest", "scan")
    return markdown(["guest", *(title(name, column) for column in columns for name in scans)],
                    [[kind, *(f"{median(groups[(kind, name)], column):.0f}"
                              for column in columns for name in scans)]
                     for kind in dict.fromkeys(row["guest"] for row in found)])


def tables(out: str) -> dict[str, str]:
    """Every table that the CSV files have rows for; the name as in the markers."""
    found = {name: list(rows.read(os.path.join(out, f"{name}.csv")))
             for name in (*suites.NAMES, "simulated", "scan")}
    every = [row for name in suites.SUITES for row in found[name]]
    makers: dict[str, tuple[list[Row], Callable[[list[Row]], str]]] = {
        "peers": (found["peers"], lambda some: compare_each(some, "workload")),
        "cold": (found["cold"], compare), "full": (found["full"], compare),
        "fragmented": (found["fragmented"], compare),
        "churn": (found["churn"], compare),
        "compile": (found["compile"], compare), "work": (found["compile"], work),
        "cache": (found["cache"], compare),
        "links": (found["links"],
                  lambda some: compare_each(some, "workload", "link_mbit", title=_link)),
        "scale": (found["scale"], scale), "latency": (every, latency),
        "rounds": (found["churn"] + found["compile"] + found["links"], rounds),
        "guest": (found["guest"], guest), "remains": (found["remains"], what_remains),
        "converge": (found["converge"], converge),
        "postcopy": (found["postcopy"], postcopy),
        "give_back": (found["give_back"], back),
        "give_back_work": (found["give_back"], back_work),
        "simulated": (found["simulated"], simulated), "scan": (found["scan"], scan),
    }
    done = {name: make(some) for name, (some, make) in makers.items() if some}
    path = os.path.join(out, "peers.csv")
    if os.path.exists(path):
        done["machine"] = rows.about(path) + "\n"
    return done


def write(out: str) -> None:
    """Put the tables between their markers; a document of its own elsewhere."""
    made = tables(out)
    path = os.path.join(os.path.dirname(out.rstrip("/")), DOCUMENT)
    if not os.path.exists(path):
        path = os.path.join(out, DOCUMENT)
        with open(path, "w", encoding="utf-8") as file:
            file.writelines(f"<!-- table: {name} -->\n<!-- end -->\n\n" for name in made)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    text = MARKED.sub(lambda found: found[1] + "\n" * (found[2] in made) +
                      made.get(found[2], "") + "\n" * (found[2] in made) + found[3], text)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
