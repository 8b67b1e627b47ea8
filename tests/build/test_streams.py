#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Standard input, output and error of tool and agent. Where they are closed nothing else gets their
numbers: what is printed does not go into QEMU's monitor.
"""
from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import patience, paths  # noqa: E402
from lib.program import Program  # noqa: E402
from lib.result import check, require_file, run, step  # noqa: E402

STATUS: dict[str, Any] = {"version": "1.0", "state": "off", "give-back": {"mode": "off"}}


class Monitor(threading.Thread):
    """A monitor socket of QEMU that answers from a table, and keeps what is no command."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.answers: dict[str, Any] = {"x-query-freehint": STATUS}
        self.strange: list[bytes] = []
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen()
        self.path = path
        self.start()

    def run(self) -> None:
        """One client after the other."""
        while True:
            client, _ = self._listener.accept()
            with client, client.makefile("rwb", buffering=0) as stream:
                stream.write(b'{"QMP": {}}\n')
                for line in stream:
                    self._take(stream, line)

    def _take(self, stream: Any, line: bytes) -> None:
        try:
            command = json.loads(line)
        except ValueError:
            self.strange.append(line)
            return
        if command["execute"] == "migrate":
            self.answers["query-migrate"] = {"status": "completed", "total-time": 1}
        answer = {"return": self.answers.get(command["execute"], {}), "id": command.get("id")}
        stream.write(json.dumps(answer).encode() + b"\n")


def closed(streams: str, *line: str) -> list[str]:
    """The command line with some of its streams closed: redirections of a shell."""
    return ["sh", "-c", f'exec "$@" {streams}', "sh", *line]


def nothing_reaches_the_monitor(monitor: Monitor) -> None:
    """Every connection would get the number of the first stream that is closed."""
    for streams in (">&-", "2>&-", "<&- >&-", "<&- >&- 2>&-"):
        for command in (("status",), ("status", "--json"), ("migrate", "tcp:there:1")):
            step(f"{command} {streams}")
            monitor.answers["query-migrate"] = {}
            subprocess.run(closed(streams, paths.TOOL, *command, "--qmp", monitor.path),
                           capture_output=True, timeout=patience.seconds(60), check=False)
            check(not monitor.strange, f"{command} {streams}: the monitor got {monitor.strange}")


def the_agent_has_all_three(folder: str) -> None:
    """Its log would go into the socket of the metrics."""
    def links() -> list[str]:
        return [os.readlink(f"/proc/{agent.pid}/fd/{fd}") for fd in range(3)]

    if os.geteuid():
        print("skipped: only root sees the descriptors of an agent")
        return
    line = closed("<&- >&- 2>&-", paths.AGENT, "--qmp", os.path.join(folder, "none"), "--shm",
                  os.path.join(folder, "none"), "--metrics", os.path.join(folder, "vm.prom"))
    with Program(line) as agent:
        patience.wait_for(lambda: os.path.exists(os.path.join(folder, "vm.prom")), "metrics")
        check(links() == ["/dev/null"] * 3, f"the agent's streams are {links()}")


def main() -> None:
    """The tool, then the agent."""
    for program in (paths.TOOL, paths.AGENT):
        require_file(program, "run make first")
    with tempfile.TemporaryDirectory() as folder:
        monitor = Monitor(os.path.join(folder, "qmp"))
        nothing_reaches_the_monitor(monitor)
        the_agent_has_all_three(folder)


if __name__ == "__main__":
    run(main)
