# SPDX-License-Identifier: GPL-2.0
"""
Running the administrator's tool, freehint.
"""
from __future__ import annotations

import os
import signal
import subprocess

from . import paths, patience
from .program import Program
from .qemu import die_with_parent
from .result import check, require_file

TIMEOUT = patience.seconds(120)


def tool(*arguments: str, status: int = 0, **environment: str) -> str:
    """Run the tool, which has to end so; returns what it printed."""
    line = [require_file(paths.TOOL, "run make first"), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, timeout=TIMEOUT, check=False,
                          env={**os.environ, **environment})
    check(done.returncode == status, f"freehint {arguments} ended with {done.returncode}: "
                                     f"{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def _as_on_a_terminal() -> None:
    """The runner is a script, and has its background ignore Ctrl-C."""
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Running(Program):
    """The tool at work in the background."""

    def __init__(self, *arguments: str) -> None:
        super().__init__([require_file(paths.TOOL, "run make first"), *arguments],
                         preexec_fn=_as_on_a_terminal)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.signal(signal.SIGINT)
