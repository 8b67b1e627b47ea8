# SPDX-License-Identifier: GPL-2.0
"""
Commands in a Linux guest, over its second serial port. tests/vm/guest/init.c is
the other end; the same guest is reached through the destination's socket after
a migration.
"""
from __future__ import annotations

import itertools
import os
import re
import socket
import time

from . import patience

_ids = itertools.count(1)


class GuestTimeout(Exception):
    """The guest gave no answer in time."""


def _left_running(name: str, command: str) -> str:
    """The shell's words for a program whose output goes to /run/NAME.log."""
    return f"setsid {command} </dev/null >/run/{name}.log 2>&1 & echo $! >/run/{name}.pid"


class Guest:
    """
    The guest behind one QEMU's control socket.

    patience  by how much the seconds of run() are stretched; 1 for a guest that is not
              expected to answer
    """

    def __init__(self, path: str) -> None:
        """`path` is the UNIX socket of the ttyS1 chardev."""
        self.path = path
        self._sock: socket.socket | None = None
        self._buffer = b""
        self.patience: float = patience.factor()

    def close(self) -> None:
        """Drop the connection; the guest goes on."""
        if self._sock:
            self._sock.close()
            self._sock = None

    def wait_boot(self, timeout: float = 90.0) -> None:
        """
        Wait until the guest runs commands; asks again, for early bytes are lost, and each
        time with more patience, for a slow guest's answer is lost when nobody waits for it.
        """
        deadline = patience.deadline(timeout)
        wait = 1.0
        while self.probe("cat /proc/version", wait)[0] != 0:
            if time.monotonic() > deadline:
                raise GuestTimeout(f"the guest behind {self.path} does not come up")
            wait *= 1.3

    def run(self, command: str, timeout: float = 30.0,
            grace: float = 10.0) -> tuple[int, str]:
        """
        Run a shell command; returns its exit status and its output.

        The guest kills it (status 124) after `timeout` seconds of a quiet machine. A guest
        that gives no answer `grace` seconds after that raises GuestTimeout.
        """
        return self._ask(command, timeout * self.patience, grace * self.patience)

    def probe(self, command: str, timeout: float) -> tuple[int | None, str]:
        """As run(), but with unstretched seconds; no status when no answer comes in time."""
        try:
            return self._ask(command, timeout, 0)
        except GuestTimeout:
            return None, ""

    def _ask(self, command: str, timeout: float, grace: float) -> tuple[int, str]:
        """One request and its answer."""
        ident = f"{os.getpid()}.{next(_ids)}"
        line = f"\nFHQ {ident} {int(timeout * 1000)} {command.encode().hex()}\n"
        deadline = time.monotonic() + timeout + grace
        self._buffer = b""
        self._send(line.encode(), deadline)
        return self._answer(ident, deadline, command)

    def must(self, command: str, timeout: float = 30.0) -> str:
        """Run a command that has to succeed; returns its output."""
        status, output = self.run(command, timeout)
        if status:
            raise RuntimeError(f"guest: {command!r} ended with {status}: {output}")
        return output

    def mem_free_mib(self) -> int:
        """MiB of free memory, as the kernel counts it."""
        found = re.search(r"^MemFree: +(\d+) kB", self.must("cat /proc/meminfo"), re.MULTILINE)
        assert found
        return int(found[1]) >> 10

    def spawn(self, name: str, command: str) -> None:
        """Leave a program running; its output goes to /run/NAME.log."""
        plain = re.fullmatch(r"[\w ./-]+", command)
        self.must(f"spawn {name} {command}" if plain else _left_running(name, command))

    def fall_asleep(self, state: str = "mem") -> None:
        """
        Let the guest go to sleep, again if something wakes it on its way. It may be asleep
        before it answers: nobody insists on that.
        """
        until = f"until echo {state} >/sys/power/state; do sleep 0.2; done"
        self.probe(_left_running("sleep", f"sh -c 'sleep 0.2; {until}'"), 2.0 * self.patience)

    def kill(self, name: str) -> None:
        """End a program that spawn() started."""
        self.run(f"kill -9 $(cat /run/{name}.pid)")

    def numbers(self, path: str) -> dict[str, int]:
        """Read a status file of lines `name number`; empty while there is none."""
        status, text = self.run(f"cat {path}")
        if status:
            return {}
        return {key: int(value) for key, value
                in (line.split() for line in text.splitlines() if line)}

    def _connected(self, deadline: float) -> socket.socket:
        """The socket, connected when it is not yet."""
        while self._sock is None:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.connect(self.path)
                self._sock = sock
            except OSError as error:
                sock.close()
                if time.monotonic() > deadline:
                    raise GuestTimeout(f"no guest socket at {self.path}") from error
                time.sleep(0.05)
        return self._sock

    def _send(self, data: bytes, deadline: float) -> None:
        """Send a request; the guest's port takes 16 bytes at a time."""
        sock = self._connected(deadline)
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            sock.sendall(data)
        except TimeoutError as error:
            raise GuestTimeout("the guest's serial port is stuck") from error
        except OSError as error:
            self.close()
            raise GuestTimeout("the guest's serial port is gone") from error

    def _answer(self, ident: str, deadline: float, command: str) -> tuple[int, str]:
        """Collect bytes until the answer to `ident` is whole."""
        pattern = re.compile(rb"FHA " + re.escape(ident.encode()) +
                             rb" (\d+) ([0-9a-f]*) (\d+) END")
        while True:
            found = pattern.search(self._buffer)
            if found and len(found[2]) == 2 * int(found[3]):
                text = bytes.fromhex(found[2].decode())
                return int(found[1]), text.decode(errors="replace")
            self._receive(deadline, command)

    def _receive(self, deadline: float, command: str) -> None:
        """Append what the port has; raise when time is up or QEMU is gone."""
        sock = self._connected(deadline)
        sock.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            chunk = sock.recv(65536)
        except TimeoutError as error:
            raise GuestTimeout(f"no answer to {command!r}") from error
        except OSError as error:
            self.close()
            raise GuestTimeout("the guest's serial port is gone") from error
        if not chunk:
            self.close()
            raise GuestTimeout("the guest's QEMU closed the serial port")
        self._buffer += chunk
