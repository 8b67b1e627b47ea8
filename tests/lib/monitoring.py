# SPDX-License-Identifier: GPL-2.0
"""
The dashboard and the alerts that are installed: which metrics they name, and Prometheus with
node_exporter, installed or unpacked from Debian's packages, to run them on.
"""
from __future__ import annotations

import glob
import json
import os
import re
import shutil
import subprocess
import urllib.parse
import urllib.request
from typing import Any

from . import paths
from .compile import cache_lock
from .result import check, skip

PACKAGING = os.path.join(paths.ROOT, "host-agent", "packaging")
DASHBOARD = os.path.join(PACKAGING, "dashboard.json")
ALERTS = os.path.join(PACKAGING, "alerts.yml")
CASES = os.path.join(paths.ROOT, "tests", "build", "alerts_test.yml")

# Debian's packages and their programs, for a machine that does not have them.
PACKAGES = ("prometheus", "prometheus-node-exporter")
UNPACKED = os.path.join(paths.BUILD, "monitoring")


def dashboard() -> dict[str, Any]:
    """The dashboard."""
    with open(DASHBOARD, encoding="utf-8") as file:
        return json.load(file)


def queries() -> list[tuple[str, str]]:
    """Title of the panel and query, of each query of the dashboard."""
    return [(panel["title"], target["expr"])
            for panel in dashboard()["panels"] for target in panel["targets"]]


def alert_expressions() -> list[str]:
    """The expressions of all alerts, on one line each."""
    with open(ALERTS, encoding="utf-8") as file:
        text = re.sub(r">-\n\s*", "", file.read())
    return re.findall(r"^\s*expr: (.*)$", text, re.M)


def names_in(text: str) -> set[str]:
    """The metrics that an expression names, without the values of labels."""
    return set(re.findall(r"\b(?:freehint|node)_[a-z0-9_]+", re.sub(r'"[^"]*"', "", text)))


def program(name: str) -> str | None:
    """Path of a program of Prometheus: installed, or unpacked before."""
    return shutil.which(name) or shutil.which(name, path=os.path.join(UNPACKED, "usr", "bin"))


def unpack() -> None:
    """Fetch the packages and unpack them below build/; installs and starts nothing."""
    if all(program(name) for name in ("promtool", *PACKAGES)):
        return
    if not shutil.which("apt-get"):
        skip(f"no {' or '.join(PACKAGES)}, and no apt-get to fetch them")
    with cache_lock():
        os.makedirs(UNPACKED, exist_ok=True)
        done = subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=UNPACKED, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        check(done.returncode == 0, f"apt-get download: {done.stdout}")
        for archive in glob.glob(os.path.join(UNPACKED, "*.deb")):
            subprocess.run(["dpkg-deb", "-x", archive, UNPACKED], check=True)


def check_alerts(promtool: str, directory: str) -> None:
    """The file of alerts is one, and each alert does what its cases say."""
    cases = os.path.join(directory, "cases.yml")
    with open(CASES, encoding="utf-8") as file, open(cases, "w", encoding="utf-8") as copy:
        copy.write(file.read().replace("ALERTS", ALERTS))
    for arguments in ("check", "rules", ALERTS), ("test", "rules", cases):
        done = subprocess.run([promtool, *arguments], text=True, check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        check(done.returncode == 0, f"promtool {' '.join(arguments)}:\n{done.stdout}")


def ask(port: int, path: str, **arguments: str) -> Any:
    """The data of an answer of Prometheus on this port."""
    url = f"http://127.0.0.1:{port}/api/v1/{path}?{urllib.parse.urlencode(arguments)}"
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)["data"]
