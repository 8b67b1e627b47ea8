# SPDX-License-Identifier: GPL-2.0
"""
What is measured with what: each suite is a list of cases that take turns.
"""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

UNLIMITED = 0
SCALE_GIB = (2, 4, 8, 16, 32, 64)


@dataclass(frozen=True)
class Case:
    """
    One row to be.

    link_mbit   QEMU's rate limit, 0 for none
    memory_mib  0 for what the command line says
    cold        the destination's memory was never touched on this machine: warm.py
    """

    suite: str
    workload: str
    peer: str
    link_mbit: int = UNLIMITED
    memory_mib: int = 0
    cold: bool = False

    @property
    def link(self) -> int:
        """Bytes a second."""
        return self.link_mbit * 1_000_000 // 8

    @property
    def group(self) -> tuple[str, int, int]:
        """What the cases that are compared with each other have in common."""
        return self.workload, self.link_mbit, self.memory_mib


def _cases(suite: str, workload: str, peers: str, **more: Any) -> list[Case]:
    return [Case(suite, workload, peer, **more) for peer in peers.split()]


EVERY = "none multifd balloon inflated reporting init_on_free freehint freehint-multifd"

SUITES: dict[str, list[Case]] = {
    "peers": _cases("peers", "fresh", EVERY) + _cases("peers", "used", EVERY),
    "cold": _cases("cold", "used", "none balloon freehint", cold=True),
    "full": _cases("full", "full", "none multifd balloon freehint freehint-multifd"),
    "fragmented": _cases("fragmented", "fragmented", "none balloon reporting freehint"),
    "churn": _cases("churn", "churn", "none multifd balloon freehint"),
    "compile": _cases("compile", "compile", "none balloon freehint"),
    "cache": _cases("cache", "cache", "none balloon freehint freehint-drop"),
    "links": [case for workload, mbit in (("used", 10_000), ("used", 1_000),
                                          ("churn", 1_000))
              for case in _cases("links", workload, "none balloon freehint",
                                 link_mbit=mbit)],
    "scale": [case for gib in SCALE_GIB
              for case in _cases("scale", "fresh", "none balloon freehint",
                                 memory_mib=gib * 1024)],
}

# Measured in ways of their own: guest_cost.py, remains.py, converge.py, postcopy.py, give_back.py.
GUEST = "guest"
REMAINS = "remains"
CONVERGE = "converge"
POSTCOPY = "postcopy"
GIVE_BACK = "give_back"
NAMES = (*SUITES, GUEST, REMAINS, CONVERGE, POSTCOPY, GIVE_BACK)
