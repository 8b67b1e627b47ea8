# SPDX-License-Identifier: GPL-2.0
"""
How long a torture test goes on: some rounds in an ordinary run, many when
`make soak` has set FREEHINT_SOAK to the factor.
"""
from __future__ import annotations

import os
import random

from .result import check, step


def factor() -> int:
    """1 in an ordinary run."""
    text = os.environ.get("FREEHINT_SOAK") or "1"
    check(text.isdigit() and int(text) > 0, f"FREEHINT_SOAK={text} is no number above 0")
    return int(text)


def one_of_run(variants: int) -> int:
    """
    Which of several equal variants an ordinary run has, from 0: the same in all its tests, so
    that they can share what takes long to make. run.sh draws the number, FREEHINT_RUN repeats it.
    """
    number = int(os.environ.get("FREEHINT_RUN") or random.randrange(1 << 15))
    step(f"FREEHINT_RUN={number}")
    return number % variants


def times(ordinary: int) -> int:
    """How often to do what an ordinary run does `ordinary` times."""
    return ordinary * factor()


class Sums:
    """Numbers that rounds add up to: the fields of a dataclass."""

    def add(self, other: Sums) -> None:
        """Sum field by field."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


def seeded() -> random.Random:
    """A generator whose seed is printed; FREEHINT_SEED repeats a run."""
    seed = int(os.environ.get("FREEHINT_SEED") or random.randrange(1 << 32))
    step(f"FREEHINT_SEED={seed}")
    return random.Random(seed)
