# SPDX-License-Identifier: GPL-2.0
"""
Running the administrator's tool, freehint.
"""
from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time

from . import paths, patience
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


class Running:
    """The tool at work in the background; a context manager that ends it."""

    def __init__(self, *arguments: str) -> None:
        """Start it; what it prints is kept in a file, so that it never waits for us."""
        self._out = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self._proc = subprocess.Popen(
            [require_file(paths.TOOL, "run make first"), *arguments], stdin=subprocess.DEVNULL,
            stdout=self._out, stderr=self._out, preexec_fn=die_with_parent)

    def __enter__(self) -> "Running":
        return self

    def __exit__(self, *_: object) -> None:
        self._proc.kill()
        self._proc.wait()
        self._out.close()

    def text(self) -> str:
        """What it has printed so far."""
        size = os.fstat(self._out.fileno()).st_size
        return os.pread(self._out.fileno(), size, 0).decode(errors="replace")

    def interrupt(self) -> None:
        """Ctrl-C."""
        self._proc.send_signal(signal.SIGINT)

    def wait_says(self, what: str) -> str:
        """Wait until it has printed `what`; all of its text."""
        deadline = time.monotonic() + TIMEOUT
        while what not in self.text():
            check(self._proc.poll() is None, f"the tool ended with {self._proc.returncode} and "
                                             f"did not say '{what}': {self.text()}")
            check(time.monotonic() < deadline, f"the tool does not say '{what}': {self.text()}")
            time.sleep(0.05)
        return self.text()

    def wait_ends(self, status: int) -> str:
        """Wait for its end, which has to be with `status`; all of its text."""
        self._proc.wait(TIMEOUT)
        check(self._proc.returncode == status, f"the tool ended with {self._proc.returncode}, "
                                               f"not {status}: {self.text()}")
        return self.text()

    def ended(self) -> bool:
        """Is it over?"""
        return self._proc.poll() is not None
