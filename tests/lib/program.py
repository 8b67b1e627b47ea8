# SPDX-License-Identifier: GPL-2.0
"""
A program that a test has started: what it prints, what it is told, how it ends; and the
agent, which is one.
"""
from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from typing import Any, Self

from . import paths, patience
from .qemu import die_with_parent, end_process
from .result import check, require_file


class Program:
    """A process with its output in a file, so that it never waits for us; a context manager."""

    def __init__(self, line: Sequence[str], **how: Any) -> None:
        """Start it; `how` goes to Popen."""
        self._out = tempfile.TemporaryFile()
        self._proc = subprocess.Popen(line, stdout=self._out, stderr=self._out, **{
            "stdin": subprocess.DEVNULL, "preexec_fn": die_with_parent, **how})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._proc.pid

    def alive(self) -> bool:
        """Does it run (or is it stopped)?"""
        return self._proc.poll() is None

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._proc.send_signal(number)

    def log(self) -> str:
        """What it has printed so far."""
        # pread: the file offset is shared with the program, which writes at it
        size = os.fstat(self._out.fileno()).st_size
        return os.pread(self._out.fileno(), size, 0).decode(errors="replace")

    def wait_said(self, text: str, times: int = 1, timeout: float = 30.0) -> str:
        """Wait until it has printed `text` so often; all that it printed."""
        def said() -> bool:
            over = not self.alive()
            enough = self.log().count(text) >= times
            check(enough or not over, f"it ended with {self._proc.returncode} and did not say "
                                      f"'{text}':\n{self.log()}")
            return enough

        patience.wait_for(said, lambda: f"'{text}', it said:\n{self.log()}", timeout, 0.005)
        return self.log()

    def wait_end(self, status: int = 0, timeout: float = 30.0) -> str:
        """Wait for its end, which has to be with `status`; all that it printed."""
        patience.wait_for(lambda: not self.alive(), lambda: f"the end:\n{self.log()}", timeout)
        check(self._proc.returncode == status,
              f"it ended with {self._proc.returncode}, not {status}:\n{self.log()}")
        return self.log()

    def stop(self, grace: float = 30.0) -> int:
        """Ask it to end, kill it when it does not; returns its exit status."""
        return end_process(self._proc, patience.seconds(grace))

    def kill(self) -> None:
        """End it whatever it does; may be called twice."""
        self._proc.kill()
        self._proc.wait()


class Agent(Program):
    """A running freehint-agent."""

    def __init__(self, shm: str, qmp: str, options: Sequence[str] = (),
                 binary: str = paths.AGENT, **how: Any) -> None:
        """Start it on a region file and a QMP socket; `how` goes to Popen."""
        super().__init__([require_file(binary, "run make first"), "--shm", shm, "--qmp", qmp,
                          *options], **how)
