# SPDX-License-Identifier: GPL-2.0
"""
Hops by every way of migration that QEMU has, through files too, and files in the
guest whose checksums have to survive them.
"""
from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

from modes import MODES, Mode, prepare
from support import (HOLD_BANDWIDTH, Hops, check, check_kernel, migration, step, wait_for,
                     wait_pass)
from lib.guest import Guest
from lib.machine import Machine, Spec

PLAIN = MODES[0]
FILES = 8


class Tour(Hops):
    """A guest that hops in a different mode every time."""

    def __init__(self, spec: Spec, module: bool = True, shm: str | None = None) -> None:
        super().__init__(spec, module, shm)
        self.mode = PLAIN
        self.extras: tuple[str, ...] = ()
        self._directory = self._stack.enter_context(
            tempfile.TemporaryDirectory(prefix="freehint-tour-"))
        self._skipped = 0

    def depart(self, mode: Mode = PLAIN, extras: tuple[str, ...] = (),
               bandwidth: int = HOLD_BANDWIDTH, shm: str | None = None,
               at_once: Callable[[], object] = lambda: None) -> None:
        """As hold(), by `mode` with the capabilities `extras` added."""
        src = self.here.qemu
        self.mode, self.extras = mode, extras
        self._skipped = self.pages_skipped()
        prepare(src, mode, extras)
        migration.set_parameters(src, {"max-bandwidth": bandwidth, "downtime-limit": 1})
        if mode.to_file:
            uri = self._to_file()
        else:
            self.there = self._destination(shm)
            uri = self._listen(self.there)
        src.qmp.command("migrate", uri=uri)
        at_once()
        migration.wait(src, 60, lambda now: now["status"] not in ("setup", "none"))

    def wait_pass(self, number: int, timeout: float = 120.0) -> dict[str, Any]:
        """As in Hops; a migration that waits for its switch-over comes no further."""
        return wait_pass(self.here.qemu, number, timeout,
                         until=lambda now: now["status"] == "pre-switchover")

    def wait_skipped(self) -> None:
        """
        Wait until pages were skipped since the departure. A migration that is over meanwhile,
        or waits for its switch-over, gets no more hints.
        """
        wait_for(lambda: self.newly_skipped() > 0 or
                 migration.info(self.here.qemu)["status"] != "active",
                 lambda: f"hints: {self.here.counters()}", 60)

    def release(self, timeout: float = 240.0) -> dict[str, Any]:
        """Let the migration end, through the file if there is one; then arrive()."""
        src = self.here.qemu
        migration.set_parameters(src, {"max-bandwidth": 0, "downtime-limit": 5000})
        info = migration.wait(src, timeout, lambda now: now["status"] == "pre-switchover")
        if info["status"] == "pre-switchover":
            src.qmp.command("migrate-continue", state="pre-switchover")
            info = migration.wait(src, timeout)
        check(info["status"] == "completed",
              f"{self.name()}: {info['status']}: {info.get('error-desc')} {src.log()}")
        if self.mode.to_file:
            self.there = self.restore()
        assert self.there is not None
        migration.wait_running(self.there.qemu, timeout)
        step(f"{self.name()}: {info.get('total-time')} ms, {info['ram']['dirty-sync-count']} "
             f"syncs, {info['ram']['transferred'] >> 20} MiB, "
             f"{self.newly_skipped()} pages skipped")
        return info

    def restore(self) -> Machine:
        """A new machine that loads the file of the last departure."""
        machine = self._destination(None)
        machine.qmp.command("migrate-incoming", uri=self._from_file())
        return machine

    def name(self) -> str:
        """Mode and extras of the last departure."""
        return "+".join((self.mode.name, *self.extras))

    def pages_skipped(self) -> int:
        """Pages that the source has skipped since it started."""
        return self.here.counters()["pages-cleared"] if self.here.spec.extension else 0

    def newly_skipped(self) -> int:
        """The same since the departure."""
        return self.pages_skipped() - self._skipped

    def _destination(self, shm: str | None) -> Machine:
        """A machine that waits for what the source will send."""
        machine = self.add(self.here.spec, incoming=True, shm=shm)
        prepare(machine.qemu, self.mode, self.extras)
        return machine

    def _listen(self, machine: Machine) -> str:
        """Make the destination listen; returns the source's address of it."""
        if self.mode.transport == "tcp":
            machine.qmp.command("migrate-incoming", uri="tcp:127.0.0.1:0")
            address = machine.qmp.command("query-migrate")["socket-address"][0]
            return f"tcp:127.0.0.1:{address['port']}"
        uri = f"unix:{machine.qemu.path('migrate.sock')}"
        machine.qmp.command("migrate-incoming", uri=uri)
        return uri

    def _path(self) -> str:
        return f"{self._directory}/state"

    def _to_file(self) -> str:
        if self.mode.transport == "exec":
            return f"exec:cat >{self._path()}"
        return f"file:{self._path()}"

    def _from_file(self) -> str:
        if self.mode.transport == "exec":
            return f"exec:cat {self._path()}"
        return f"file:{self._path()}"


class Files:
    """Files in the guest's memory, and their checksums."""

    def __init__(self, guest: Guest, kib: int = 192) -> None:
        """Write them; file number n has n times `kib`."""
        self.kib = kib
        guest.must("mkdir /run/files")
        self.renew(guest, range(1, FILES + 1))

    def renew(self, guest: Guest, numbers: range = range(1, FILES + 1, 2)) -> None:
        """Delete some of them and write others in their place."""
        which = " ".join(map(str, numbers))
        guest.must(f"cd /run/files && rm -f {which} && for n in {which}; do "
                   f"dd if=/dev/urandom of=$n bs=1k count=$((n * {self.kib})) 2>/dev/null; "
                   "md5sum $n >$n.md5; done", 120)

    @staticmethod
    def verify(guest: Guest) -> None:
        """Every file is as it was written, and the kernel is content."""
        status, text = guest.run("cd /run/files && cat *.md5 | md5sum -c", 120)
        check(status == 0, f"files are wrong: {text}")
        check_kernel(guest)
