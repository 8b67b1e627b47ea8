#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A file system without room for the shared memory. Touching a page that it cannot give
is SIGBUS, which ends QEMU and its guest: the extension asks for every page first, is
refused, says so, and the guest lives on. Once it has the room, nothing that happens to
the file system later matters.

The file system is a small tmpfs in a mount namespace of our own.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile

import held_agent
from baremetal import (MIB, PAGE, SHM_SIZE, Machine, accelerators, build, check, hold, pair,
                       release, run, skip, step)
from held_agent import HeldAgent
from lib.qmp import QmpError

# Set in the process that has its own mount namespace.
INSIDE = "FREEHINT_TEST_NAMESPACE"
UNSHARE = (["unshare", "--mount"], ["unshare", "--user", "--map-root-user", "--mount"])

KEPT = range(2 * MIB, 4 * MIB)
FREE = range(16 * MIB, 48 * MIB)
PATTERN = 0x66666666


def enter_namespace() -> None:
    """Run the test once more, where it may mount."""
    for command in UNSHARE:
        if subprocess.run([*command, "true"], check=False, capture_output=True).returncode:
            continue
        os.environ[INSIDE] = "yes"
        os.execvp(command[0], [*command, sys.executable, *sys.argv])
    skip("no mount namespace of our own: unshare --mount is not permitted")


class SmallDisk:
    """A tmpfs of `pages` pages, and a file that takes them away."""

    def __init__(self, pages: int) -> None:
        self.dir = tempfile.mkdtemp(prefix="freehint-small-")
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={pages * PAGE}", "none",
                        self.dir], check=True)
        self.region = os.path.join(self.dir, "region")
        self._filler = os.path.join(self.dir, "filler")
        with open(self.region, "wb") as file:
            file.truncate(SHM_SIZE)

    def __enter__(self) -> "SmallDisk":
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["umount", "--lazy", self.dir], check=True)
        os.rmdir(self.dir)

    def leave(self, pages: int) -> None:
        """Fill it up to so many free pages."""
        with open(self._filler, "wb") as file:
            free = os.statvfs(self.dir).f_bavail
            file.write(b"x" * (free - pages) * PAGE)
        left = os.statvfs(self.dir).f_bavail
        check(left == pages, f"{left} pages are free, not {pages}")


def refused(src: Machine, pattern: str) -> None:
    """x-freehint-start says what is missing, and QEMU lives."""
    try:
        src.qmp.command("x-freehint-start")
    except QmpError as error:
        check(pattern in error.desc, error.desc)
        src.wait_boot()
        return
    check(False, "reporting started without room")


def migrate_on_full_disk(src: Machine, dst: Machine, disk: SmallDisk) -> None:
    """All pages are there; a migration with hints needs no more."""
    src.qmp.command("x-freehint-start")
    disk.leave(0)
    with HeldAgent(src.shm, src.agent_qmp) as agent:
        agent.wait_said("attached")
        hold(src, dst)
        src.publish(src.wait_round(), FREE)
        src.wait_applied(len(FREE) // PAGE)
        release(src, dst)
        check(agent.stop() == 0, "the agent did not end well")
    check(dst.lost(KEPT, PATTERN) == 0, "content is lost")


def test() -> None:
    """No room at all, room for the first page only, enough, and full again."""
    if INSIDE not in os.environ:
        enter_namespace()
    build()
    held_agent.build()
    accel = accelerators()[0]
    with SmallDisk(2 * SHM_SIZE // PAGE) as disk:
        disk.leave(0)
        with pair(accel, {"shm": disk.region}) as (src, dst):
            src.wait_boot()
            src.write(KEPT, PATTERN)
            refused(src, "the file system has no room for the shared memory")
            step("no room: refused")
            disk.leave(1)
            refused(src, "no guest module has published its hello")
            src.fake("hello", "dead")
            refused(src, "no room for the whole shared memory")
            step("room for one page: refused")
            disk.leave(SHM_SIZE // PAGE)
            migrate_on_full_disk(src, dst, disk)
            step("room: migrated, though the disk was full again")


if __name__ == "__main__":
    run(test)
