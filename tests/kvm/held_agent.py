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
from collections.abc import Sequence

from baremetal import BUILD, ROOT, check, make
from lib.no_ring import forbid_io_uring
from lib.program import Agent
from lib.qemu import die_with_parent

AGENT = os.path.join(BUILD, "faults", "freehint-agent")

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
    for path in glob.glob(os.path.join(agent, "*", "*.c")):
        with open(path, encoding="utf-8") as source:
            used += re.findall(r"\bFAULT_POINT\((\w+)\);", source.read())
    check(sorted(table) == sorted(used),
          f"steps in the table and in the source differ: {set(table) ^ set(used)}")
    return table


def _no_ring() -> None:
    """preexec_fn of an agent that has to poll."""
    die_with_parent()
    forbid_io_uring()


class HeldAgent(Agent):
    """
    One agent with these options; with a step it will be held there, in round `rounds` or later; its
    `fail_call`-th call to the system fails; without `ring` it gets no io_uring. Another
    `binary` than AGENT knows nothing of steps and calls.
    """

    def __init__(self, shm: str, qmp: str, step: str = "", rounds: int = 0,
                 binary: str = AGENT, fail_call: int = 0, ring: bool = True,
                 options: Sequence[str] = ()) -> None:
        self.step = step
        env = dict(os.environ, FREEHINT_FAULT_POINT=step, FREEHINT_FAULT_ROUND=str(rounds),
                   FREEHINT_FAIL_CALL=str(fail_call))
        super().__init__(shm, qmp, options, binary=binary, env=env, stdin=subprocess.PIPE,
                         preexec_fn=die_with_parent if ring else _no_ring)

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
            self.kill()
        elif fault == "stop":
            self.signal(signal.SIGSTOP)
        elif fault == "abort":
            self._order(b"a")
        else:
            self._order(b"x")
            self._proc.wait()

    def wake(self) -> None:
        """Let a stopped agent go on, with all that it knew when it was stopped."""
        self.signal(signal.SIGCONT)
        self._order(b"g")
