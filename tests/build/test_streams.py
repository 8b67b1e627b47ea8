#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Standard input, output and error of tool and agent. Where they are closed nothing else gets their
numbers: what is printed does not go into QEMU's monitor. What cannot be written is no success,
but for a command that has done something: its status tells that. Nor is an answer that is none.
"""
from __future__ import annotations

import json
import os
import re
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

NO_ANSWER = 4
LOST = "cannot write the output: No space left on device\n"
STATUS: dict[str, Any] = {"version": "1.0", "state": "off", "give-back": {"mode": "off"}}


class Monitor(threading.Thread):
    """A monitor socket of QEMU that answers from a table, and keeps what is no command."""

    def __init__(self, path: str) -> None:
        super().__init__(daemon=True)
        self.answers: dict[str, Any] = {"x-query-freehint": STATUS}
        self.end = "completed"
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
            self.answers["query-migrate"] = {"status": self.end, "total-time": 1}
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


def full(program: str, *options: str, status: int = NO_ANSWER) -> None:
    """What is printed to a full disk is lost: the exit status and the message."""
    step(f"{os.path.basename(program)} {options} to a full disk")
    with open("/dev/full", "w", encoding="utf-8") as disk:
        done = subprocess.run([program, *options], stdout=disk, stderr=subprocess.PIPE, text=True,
                              timeout=patience.seconds(60), check=False)
    check(done.stderr.endswith(f"{os.path.basename(program)}: {LOST}"),
          f"{program} {options} says {done.stderr}")
    check(done.returncode == status, f"{program} {options} ended with {done.returncode}")


def help_that_is_lost() -> None:
    """The C library ends the program while it parses the options."""
    text = subprocess.run([paths.TOOL, "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.findall(r"^  ([a-z-]+) ", text, re.M)
    check(len(commands) > 9, f"the commands are {commands}")
    for option in ("--help", "--version", "--usage"):
        full(paths.AGENT, option)
        full(paths.TOOL, "migrate", option)
    for line in (("--help",), ("--version",), *((command, "--help") for command in commands)):
        full(paths.TOOL, *line)


def results_that_are_lost(monitor: Monitor, folder: str) -> None:
    """Of commands that only show something."""
    region, domain = os.path.join(folder, "region"), os.path.join(folder, "domain")
    with open(region, "wb") as file:
        file.truncate(1 << 16)
    with open(domain, "w", encoding="utf-8") as file:
        file.write("<domain type='kvm'><name>a</name><memory>1</memory><devices/></domain>")
    monitor.answers["x-freehint-map"] = {
        "pages": 64, "pages-per-cell": 64, "next": 64, "ram": [64], "given-back": [1],
        "absent": [1]}
    full(paths.TOOL, "status", "--qmp", monitor.path)
    full(paths.TOOL, "status", "--json", "--qmp", monitor.path)
    full(paths.TOOL, "map", "--given-back", "--qmp", monitor.path)
    full(paths.TOOL, "dump", "--shm", region)
    full(paths.TOOL, "domain-xml", domain)
    full(paths.TOOL, "domain-xml", "--or-unchanged", "--domain=nonsense")
    full(paths.TOOL, "top", "--once", "--directory", folder)
    full(paths.TOOL, "top", "--once", "--json", "--directory", folder)
    # It has found something wrong, and its status says so.
    full(paths.TOOL, "doctor", "--qemu", region, status=3)


def what_was_done_counts(monitor: Monitor, folder: str) -> None:
    """The guest has migrated, whether that could be told or not."""
    for end, status in (("completed", 0), ("failed", 5)):
        monitor.answers["query-migrate"], monitor.end = {}, end
        full(paths.TOOL, "migrate", "--qmp", monitor.path, "tcp:there:1", status=status)
    full(paths.TOOL, "give-back", "--stop", "--qmp", monitor.path, status=0)
    virsh = os.path.join(folder, "virsh")
    with open(virsh, "w", encoding="utf-8") as file:
        file.write("#!/bin/sh\ncase $2 in\nuri) echo qemu:///system ;;\n"
                   "list) echo 11111111-aaaa-4bbb-8ccc-dddddddddddd a ;;\n"
                   "dominfo) echo 'State: running' ;;\n"
                   f"dumpxml) cat '{folder}/domain' ;;\nesac\n")
    os.chmod(virsh, 0o755)
    os.environ["PATH"] = f"{folder}:{os.environ['PATH']}"
    full(paths.TOOL, "disable", "a", status=0)


def an_answer_that_is_none(monitor: Monitor) -> None:
    """It is not shown as the state of a QEMU, nor as nothing."""
    for answer in (None, [], "off", 7):
        monitor.answers["x-query-freehint"] = answer
        for options in ((), ("--json",)):
            line = [paths.TOOL, "status", "--qmp", monitor.path, *options]
            done = subprocess.run(line, capture_output=True, text=True, check=False,
                                  timeout=patience.seconds(60))
            check((done.returncode, done.stdout, done.stderr) ==
                  (NO_ANSWER, "", "freehint status: QEMU's answer to x-query-freehint is not "
                                  "valid: update freehint\n"),
                  f"{line[1:]} of {answer} ended with {done.returncode}: {done.stdout}"
                  f"{done.stderr}")
        done = subprocess.run([paths.TOOL, "doctor", "--qemu", "/dev/null", "--qmp", monitor.path],
                              capture_output=True, text=True, check=False,
                              timeout=patience.seconds(60))
        check("wrong QEMU's answer to x-query-freehint is not valid: update freehint\n"
              in done.stdout,
              f"doctor of {answer} says {done.stdout}")


def a_reader_that_has_ended_knows(folder: str) -> None:
    """As with head: no message."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([paths.TOOL, "top", "--directory", folder], stdout=write,
                          stderr=subprocess.PIPE, timeout=patience.seconds(60), check=False)
    os.close(write)
    check(done.stderr == b"" and done.returncode == NO_ANSWER,
          f"top ended with {done.returncode} and says {done.stderr!r}")


def main() -> None:
    """The tool, then the agent."""
    for program in (paths.TOOL, paths.AGENT):
        require_file(program, "run make first")
    with tempfile.TemporaryDirectory() as folder:
        monitor = Monitor(os.path.join(folder, "qmp"))
        nothing_reaches_the_monitor(monitor)
        the_agent_has_all_three(folder)
        help_that_is_lost()
        results_that_are_lost(monitor, folder)
        what_was_done_counts(monitor, folder)
        an_answer_that_is_none(monitor)
        a_reader_that_has_ended_knows(folder)


if __name__ == "__main__":
    run(main)
