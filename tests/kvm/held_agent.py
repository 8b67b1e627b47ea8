# SPDX-License-Identifier: GPL-2.0
"""
An agent that stops at one step of its protocol and waits there for its fate, and the
table of these steps (tests/fakes/fault_point.h).
"""
from __future__ import annotations

import glob
import os
import re
import signal
import subprocess
import tempfile
import time

from baremetal import BUILD, ROOT, make, patience, result
from lib.no_ring import forbid_io_uring
from lib.qemu import die_with_parent

AGENT = os.path.join(BUILD, "faults", "freehint-agent")
TIMEOUT = 30.0
POLL = 0.003

# What can be done to an agent that stands at a step.
FAULTS = ("kill", "stop", "abort", "leave")


def build() -> None:
    """The agent with its fault points."""
    make("tests", "faults")


def steps() -> list[str]:
    """
    All steps, in order, from the header. Each must stand in the source once; a
    step that nobody does would never be tested.
    """
    agent = os.path.join(BUILD, "faults", "tree", "host-agent", "agent")
    header_path = os.path.join(ROOT, "tests", "fakes", "fault_point.h")
    with open(header_path, encoding="ascii") as header:
        table = re.findall(r"^\tX\((\w+)\)", header.read(), re.M)
    used: list[str] = []
    for path in glob.glob(os.path.join(agent, "*.c")):
        with open(path, encoding="utf-8") as source:
            used += re.findall(r"\bFAULT_POINT\((\w+)\);", source.read())
    result.check(sorted(table) == sorted(used),
                 f"steps in the table and in the source differ: {set(table) ^ set(used)}")
    return table


def _no_ring() -> None:
    """preexec_fn of an agent that has to poll."""
    die_with_parent()
    forbid_io_uring()


class HeldAgent:
    """
    One agent; with a step it will be held there, in round `rounds` or later; its
    `fail_call`-th call to the system fails; without `ring` it gets no io_uring. Another
    `binary` than AGENT knows nothing of steps and calls.
    """

    def __init__(self, shm: str, qmp: str, step: str = "", rounds: int = 0,
                 binary: str = AGENT, fail_call: int = 0, ring: bool = True) -> None:
        self.step = step
        self._log = tempfile.TemporaryFile()
        env = dict(os.environ, FREEHINT_FAULT_POINT=step, FREEHINT_FAULT_ROUND=str(rounds),
                   FREEHINT_FAIL_CALL=str(fail_call))
        self._proc = subprocess.Popen([binary, "--shm", shm, "--qmp", qmp], env=env,
                                      stdin=subprocess.PIPE, stdout=self._log,
                                      stderr=self._log,
                                      preexec_fn=die_with_parent if ring else _no_ring)

    def log(self) -> str:
        """All it has said."""
        size = os.fstat(self._log.fileno()).st_size
        return os.pread(self._log.fileno(), size, 0).decode(errors="replace")

    def wait_said(self, text: str, times: int = 1) -> None:
        """Wait until it has said `text` so often."""
        deadline = patience.deadline(TIMEOUT)
        while self.log().count(text) < times:
            result.check(time.monotonic() < deadline and self._proc.poll() is None,
                         f"step {self.step}: '{text}' was not said:\n{self.log()}")
            time.sleep(POLL)

    def wait_held(self) -> None:
        """Wait until it stands at its step."""
        self.wait_said(f"fault point {self.step} reached")

    def _order(self, letter: bytes) -> None:
        """Decide about an agent that is held."""
        assert self._proc.stdin is not None
        self._proc.stdin.write(letter)
        self._proc.stdin.flush()

    def strike(self, fault: str) -> None:
        """Do to the held agent what FAULTS name."""
        if fault == "kill":
            self._proc.kill()
            self._proc.wait()
        elif fault == "stop":
            self._proc.send_signal(signal.SIGSTOP)
        elif fault == "abort":
            self._order(b"a")
        else:
            self._order(b"x")
            self._proc.wait()

    def wake(self) -> None:
        """Let a stopped agent go on, with all that it knew when it was stopped."""
        self._proc.send_signal(signal.SIGCONT)
        self._order(b"g")

    def alive(self) -> bool:
        """Does it run (or is it stopped)?"""
        return self._proc.poll() is None

    def end(self) -> int:
        """Ask it to end; its exit status."""
        self._proc.terminate()
        try:
            return self._proc.wait(patience.seconds(TIMEOUT))
        finally:
            self.discard()

    def discard(self) -> None:
        """End it whatever it does."""
        if self.alive():
            self._proc.kill()
            self._proc.wait()
        if self._proc.stdin:
            self._proc.stdin.close()
