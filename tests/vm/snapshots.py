# SPDX-License-Identifier: GPL-2.0
"""
Snapshots of a guest, kept in a qcow2 image that is no disk of the guest.
"""
from __future__ import annotations

from support import check, wait_for
from lib.machine import Machine
from lib.qmp import Qmp

DISK_SIZE = 2 << 30


def create_disk(qmp: Qmp, path: str) -> None:
    """Make a qcow2 node named `disk` without any device; it holds snapshots."""
    with open(path, "wb"):
        pass
    qmp.command("blockdev-add", {"driver": "file", "node-name": "diskfile",
                                 "filename": path})
    run_job(qmp, "blockdev-create", {"options": {"driver": "qcow2", "file": "diskfile",
                                                 "size": DISK_SIZE}})
    qmp.command("blockdev-add", {"driver": "qcow2", "node-name": "disk",
                                 "file": "diskfile"})


def run_job(qmp: Qmp, command: str, arguments: dict[str, object]) -> None:
    """Run a command that starts a job and wait for its end."""
    ident = f"job-{command}"
    qmp.command(command, {"job-id": ident, **arguments})

    def job() -> dict[str, str]:
        jobs = qmp.command("query-jobs")
        return next(entry for entry in jobs if entry["id"] == ident)

    wait_for(lambda: job()["status"] == "concluded", command, 60)
    error = job().get("error")
    qmp.command("job-dismiss", id=ident)
    check(not error, f"{command} failed: {error}")


def snapshot(vm: Machine, command: str, tag: str = "before") -> None:
    """snapshot-save or snapshot-load."""
    run_job(vm.qmp, command, {"tag": tag, "vmstate": "disk", "devices": ["disk"]})
