# SPDX-License-Identifier: GPL-2.0
"""
Plots of the CSV files, drawn by gnuplot: bars of time and bytes by peer, and curves
over the size of the guest.
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys

from peers import LABELS
import rows
from report import by, median

SIZE = "1100,480"
STYLE = """set terminal {terminal}
set output '{target}'
set grid y lc rgb '#dddddd'
set border 3
set tics nomirror
set key top right
"""
BARS = """set title '{title}'
set style fill solid 0.85 border -1
set boxwidth 0.8
set xtics rotate by -35 font ',9'
set lmargin 9
set rmargin 6
set bmargin 9
set logscale y
set multiplot layout 1,2
set ylabel 'seconds'
unset key
plot $data using 1:3:(stringcolumn(5) eq 'ours' ? 0x2a7f3f : 0x8899aa):xtic(2) with boxes \\
  lc rgb variable, $data using 1:3:(sprintf('%.2f', $3)) with labels font ',9' offset 0,0.6
set ylabel 'MB sent'
plot $data using 1:4:(stringcolumn(5) eq 'ours' ? 0x2a7f3f : 0x8899aa):xtic(2) with boxes \\
  lc rgb variable, $data using 1:4:(sprintf('%.0f', $4)) with labels font ',9' offset 0,0.6
unset multiplot
"""
CURVES = """set title 'fresh idle guest, total time'
set logscale xy 2
set logscale y 10
set xlabel 'guest memory, GiB'
set ylabel 'seconds'
set key top left
plot {lines}
"""


def _run(script: str) -> None:
    """Let gnuplot draw."""
    done = subprocess.run(["gnuplot", "-"], input=script, text=True, capture_output=True,
                          check=False)
    if done.returncode:
        raise RuntimeError(f"gnuplot: {done.stderr}")


def _style(target: str) -> str:
    """Terminal by the target's ending."""
    kind = "pngcairo" if target.endswith(".png") else "svg dynamic background 'white'"
    kind += f" size {SIZE} noenhanced font 'Sans,11'"
    return STYLE.format(terminal=kind, target=target)


def bars(target: str, title: str, found: list[dict[str, str]]) -> None:
    """Time and bytes of every peer; with log scales, for they differ by decades."""
    lines = []
    for number, ((peer,), group) in enumerate(by(found, "peer").items()):
        kind = "ours" if peer.startswith("freehint") else "theirs"
        lines.append(f"{number} \"{LABELS[peer]}\" {median(group, 'cost_s')} "
                     f"{(median(group, 'sent') or 0) / 1e6} {kind}")
    data = "$data << EOD\n" + "\n".join(lines) + "\nEOD\n"
    reach = f"set xrange [-0.7:{len(lines) - 0.3}]\n"
    _run(_style(target) + data + reach + "set yrange [*:*]\nset offsets 0,0,graph 0.1,0\n" +
         BARS.format(title=title))


def curves(target: str, found: list[dict[str, str]]) -> None:
    """Total time over the size of the guest."""
    blocks, lines = [], []
    for number, ((peer,), group) in enumerate(by(found, "peer").items()):
        points = "\n".join(f"{int(mib) // 1024} {median(some, 'total_s')}"
                           for (mib,), some in by(group, "mem_mib").items())
        blocks.append(f"$d{number} << EOD\n{points}\nEOD\n")
        width = 3 if peer == "freehint" else 1.5
        lines.append(f"$d{number} with linespoints lw {width} pt 7 title '{LABELS[peer]}'")
    _run(_style(target) + "".join(blocks) + CURVES.format(lines=", ".join(lines)))


def draw(out: str, ending: str = "svg") -> None:
    """Every plot that there are rows for, beside the CSV files."""
    if not shutil.which("gnuplot"):
        print("bench: no plots: no gnuplot; run tests/deps.sh bench", file=sys.stderr)
        return
    for suite in ("peers", "fragmented", "churn", "compile", "cache", "links"):
        found = list(rows.read(os.path.join(out, f"{suite}.csv")))
        for (workload, mbit), group in by(found, "workload", "link_mbit").items():
            link = f", {int(mbit) // 1000} Gbit/s" if int(mbit) else ""
            name = workload + (f"-{int(mbit) // 1000}g" if int(mbit) else "")
            bars(os.path.join(out, f"{name}.{ending}"), workload + link, group)
    found = list(rows.read(os.path.join(out, "scale.csv")))
    if found:
        curves(os.path.join(out, f"scale.{ending}"), found)
