# SPDX-License-Identifier: GPL-2.0
"""
A QEMU process that cannot outlive its test: own directory, own sockets, a hard
lifetime, ended by its pid. Start it from a thread that lives as long as QEMU
shall: the kernel ends QEMU when the thread that started it dies.
"""
from __future__ import annotations

import ctypes
import os
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Sequence

from . import arch, patience
from .qmp import Qmp, QmpClosed
from .start_stop import StartStop

BINARY = os.environ.get("FREEHINT_TEST_QEMU") or arch.chosen().qemu
PR_SET_PDEATHSIG = 1

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent() -> None:
    """preexec_fn: end this child when the thread that forked it ends."""
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def rss_of(pid: int) -> int:
    """Resident bytes of a process, 0 when it is gone."""
    try:
        with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError):
        return 0


def end_process(proc: subprocess.Popen, grace: float = 5.0) -> int:
    """SIGTERM, then SIGKILL after `grace` seconds; returns the exit status."""
    if proc.poll() is None:
        proc.send_signal(signal.SIGCONT)
        proc.terminate()
        try:
            proc.wait(grace)
        except subprocess.TimeoutExpired:
            proc.kill()
    return proc.wait()


class Qemu(StartStop):
    """
    One QEMU. Use it as a context manager, or call start() and stop().

    qmp        negotiated connection of the harness
    agent_qmp  path of a second QMP socket, for the agent
    spare_qmp  path of a third one, for whoever wants to look
    dir        directory of this process: sockets, stderr log
    """

    def __init__(self, args: Sequence[str], *, name: str = "qemu",
                 lifetime: float = 300.0, binary: str = BINARY) -> None:
        """
        `args` go to QEMU as they are; `lifetime` is in seconds of a quiet machine, as every
        time here.
        """
        self.name = name
        self.args = list(args)
        self.binary = binary
        self.lifetime = patience.seconds(lifetime)
        # dumps of the guest's memory go there, too: not to a disk
        self.dir = tempfile.mkdtemp(prefix=f"freehint-{name}-", dir="/dev/shm")
        self.agent_qmp = self.path("agent.qmp")
        self.spare_qmp = self.path("spare.qmp")
        self.log_path = self.path("stderr.log")
        self.timed_out = False
        self._proc: subprocess.Popen | None = None
        self._watchdog: threading.Timer | None = None
        self._qmp: Qmp | None = None

    def path(self, name: str) -> str:
        """A path in this QEMU's own directory."""
        return os.path.join(self.dir, name)

    @property
    def pid(self) -> int:
        """Process id; valid after start()."""
        assert self._proc is not None
        return self._proc.pid

    @property
    def qmp(self) -> Qmp:
        """The harness's connection; valid after start()."""
        assert self._qmp is not None
        return self._qmp

    def command_line(self) -> list[str]:
        """The whole command, with the QMP sockets."""
        line = [self.binary, *self.args]
        for path in (self.path("qmp"), self.agent_qmp, self.spare_qmp):
            line += ["-qmp", f"unix:{path},server=on,wait=off"]
        return line

    def start(self) -> "Qemu":
        """Start the process and connect; raises when it does not come up."""
        with open(self.log_path, "wb") as log:
            self._proc = subprocess.Popen(
                self.command_line(), stdin=subprocess.DEVNULL, stdout=log,
                stderr=log, start_new_session=True, preexec_fn=die_with_parent)
        self._watchdog = threading.Timer(self.lifetime, self._expire)
        self._watchdog.daemon = True
        self._watchdog.start()
        self._qmp = self._wait_qmp()
        return self

    def alive(self) -> bool:
        """Is the process still there?"""
        return self._proc is not None and self._proc.poll() is None

    def rss(self) -> int:
        """Resident bytes."""
        return rss_of(self.pid)

    def log(self) -> str:
        """What QEMU has written to stdout and stderr so far."""
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def status(self) -> str:
        """The run state, as query-status names it."""
        return self.qmp.command("query-status")["status"]

    def stop(self) -> None:
        """End the process and remove its directory; may be called twice."""
        if self._watchdog:
            self._watchdog.cancel()
        if self._qmp:
            self._qmp.close()
            self._qmp = None
        if self._proc:
            end_process(self._proc)
        shutil.rmtree(self.dir, ignore_errors=True)

    def _wait_qmp(self) -> Qmp:
        """Connect in short tries, so that an early exit shows at once."""
        assert self._proc is not None
        deadline = patience.deadline(30)
        while time.monotonic() < deadline:
            if os.path.exists(self.path("qmp")):
                try:
                    return Qmp(self.path("qmp"))
                except QmpClosed:
                    pass
            try:
                self._proc.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            raise RuntimeError(f"{self.name} exited with {self._proc.returncode}:"
                               f"\n{self.log()}")
        raise RuntimeError(f"{self.name} gives no QMP socket:\n{self.log()}")

    def _expire(self) -> None:
        """End QEMU: its lifetime is over."""
        self.timed_out = True
        if self._proc and self._proc.poll() is None:
            self._proc.kill()
