# SPDX-License-Identifier: GPL-2.0
"""Where things are: the source tree, what the build made, what tests cache."""
from __future__ import annotations

import os

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("OUT") or os.path.join(ROOT, "build")
CACHE = os.path.join(BUILD, "tests")

PLUGIN = os.path.join(BUILD, "freehint-qemu.so")
AGENT = os.path.join(BUILD, "freehint-agent")
TOOL = os.path.join(BUILD, "freehint")
MODULE = os.path.join(BUILD, "freehint.ko")
MUTANTS = os.path.join(BUILD, "mutants")
GUEST_SOURCES = os.path.join(ROOT, "tests", "vm", "guest")
