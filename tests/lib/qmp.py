# SPDX-License-Identifier: GPL-2.0
"""
A QMP client for tests: one socket, one command at a time, events kept in a
list, a deadline on everything. Standard library only.
"""
from __future__ import annotations

import array
import json
import socket
import time
from typing import Any

from . import patience


class QmpError(Exception):
    """QEMU refused a command; `cls` and `desc` are its own words."""

    def __init__(self, command: str, cls: str, desc: str) -> None:
        super().__init__(f"{command}: {cls}: {desc}")
        self.command = command
        self.cls = cls
        self.desc = desc


class QmpClosed(Exception):
    """The connection ended: QEMU exited or dropped us."""


class QmpTimeout(Exception):
    """No answer, event or socket in time."""


class Qmp:
    """One negotiated QMP connection to a UNIX socket."""

    def __init__(self, path: str, timeout: float = 30.0) -> None:
        """
        Wait up to `timeout` seconds of a quiet machine for the socket and the greeting, and
        later as long for each answer.
        """
        self.path = path
        self.timeout = patience.seconds(timeout)
        self.events: list[dict[str, Any]] = []
        self._buffer = b""
        self._serial = 0
        self._sock = self._connect(time.monotonic() + self.timeout)
        self.greeting = self._next_answer(time.monotonic() + self.timeout)["QMP"]
        self.command("qmp_capabilities", enable=self.greeting["capabilities"])

    def __enter__(self) -> "Qmp":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the connection; QEMU goes on."""
        self._sock.close()

    def command(self, name: str, args_dict: dict[str, Any] | None = None, /,
                *, timeout: float | None = None, **kw: Any) -> Any:
        """
        Run a command and return its `return` value.

        Arguments come from `args_dict` (for names with dashes) and from
        keywords, which are not translated. `timeout` is ours, in seconds.
        Raises QmpError when QEMU refuses.
        """
        arguments = dict(args_dict or {}, **kw)
        return self._execute(name, arguments, timeout, [])

    def out_of_band(self, name: str, **kw: Any) -> Any:
        """
        A command that QEMU answers although its main loop is stuck: docs/interop/qmp-spec
        of QEMU, "exec-oob". Raises QmpError when QEMU refuses.
        """
        return self._execute(name, kw, None, [], "exec-oob")

    def send_fd(self, fd: int, fdname: str) -> None:
        """Hand a file descriptor to QEMU (getfd); QEMU owns its copy."""
        self._execute("getfd", {"fdname": fdname}, None, [fd])

    def hmp(self, line: str) -> str:
        """Run a line of the human monitor and return what it prints."""
        return self.command("human-monitor-command", {"command-line": line})

    def wait_event(self, name: str, timeout: float = 30.0) -> dict[str, Any]:
        """Return (and take out of `events`) the oldest event called `name`."""
        deadline = patience.deadline(timeout)
        while True:
            for index, event in enumerate(self.events):
                if event["event"] == name:
                    return self.events.pop(index)
            message = self._read_message(deadline)
            if "event" in message:
                self.events.append(message)

    def pump(self) -> None:
        """Collect events that have arrived, without waiting."""
        while True:
            try:
                message = self._read_message(time.monotonic())
            except QmpTimeout:
                return
            if "event" in message:
                self.events.append(message)

    def _execute(self, name: str, arguments: dict[str, Any],
                 timeout: float | None, fds: list[int], how: str = "execute") -> Any:
        """Send one command, skip events and late answers, return its result."""
        self._serial += 1
        request: dict[str, Any] = {how: name, "id": self._serial}
        if arguments:
            request["arguments"] = arguments
        deadline = time.monotonic() + (timeout or self.timeout)
        self._send(json.dumps(request).encode() + b"\n", fds, deadline)
        message = self._next_answer(deadline)
        while message.get("id") != self._serial:
            message = self._next_answer(deadline)
        if "error" in message:
            error = message["error"]
            raise QmpError(name, error["class"], error["desc"])
        return message["return"]

    def _next_answer(self, deadline: float) -> dict[str, Any]:
        """The next message that is no event; events may come at any time, the first included."""
        while True:
            message = self._read_message(deadline)
            if "event" not in message:
                return message
            self.events.append(message)

    def _connect(self, deadline: float) -> socket.socket:
        """Connect as soon as QEMU listens."""
        while True:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                sock.connect(self.path)
                return sock
            except (FileNotFoundError, ConnectionRefusedError) as error:
                sock.close()
                if time.monotonic() >= deadline:
                    raise QmpTimeout(f"no QMP socket at {self.path}") from error
                time.sleep(0.02)

    def _send(self, data: bytes, fds: list[int], deadline: float) -> None:
        """Write a whole request; the descriptors travel with its first byte."""
        self._sock.settimeout(max(deadline - time.monotonic(), 0.001))
        try:
            if fds:
                rights = array.array("i", fds)
                control = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)]
                sent = self._sock.sendmsg([data], control)
                data = data[sent:]
            self._sock.sendall(data)
        except TimeoutError as error:
            raise QmpTimeout(f"{self.path}: cannot send") from error
        except (BrokenPipeError, ConnectionResetError) as error:
            raise QmpClosed(f"{self.path}: closed by QEMU") from error

    def _read_message(self, deadline: float) -> dict[str, Any]:
        """Read one JSON line."""
        while b"\n" not in self._buffer:
            self._sock.settimeout(max(deadline - time.monotonic(), 0.001))
            try:
                chunk = self._sock.recv(65536)
            except TimeoutError as error:
                raise QmpTimeout(f"{self.path}: no message in time") from error
            except ConnectionResetError as error:
                raise QmpClosed(f"{self.path}: closed by QEMU") from error
            if not chunk:
                raise QmpClosed(f"{self.path}: closed by QEMU")
            self._buffer += chunk
        line, self._buffer = self._buffer.split(b"\n", 1)
        return json.loads(line)
