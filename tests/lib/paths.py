# SPDX-License-Identifier: GPL-2.0
"""Where things are: the source tree, what the build made, what tests cache."""
from __future__ import annotations

import os
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("OUT") or os.path.join(ROOT, "build")
CACHE = os.path.join(BUILD, "tests")

EXTENSION = os.path.join(BUILD, "freehint-qemu.so")
AGENT = os.path.join(BUILD, "freehint-agent")
TOOL = os.path.join(BUILD, "freehint")
MODULE = os.path.join(BUILD, "freehint.ko")
MUTANTS = os.path.join(BUILD, "mutants")
GUEST_SOURCES = os.path.join(ROOT, "tests", "vm", "guest")


def project_files(*patterns: str) -> list[str]:
    """Files that belong to the project and match, from the top of the tree."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", *patterns],
        cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    return [path for path in listed if os.path.isfile(os.path.join(ROOT, path))]
