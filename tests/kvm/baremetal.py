# SPDX-License-Identifier: GPL-2.0
"""
A virtual machine that runs guest.S, with the extension and its shared memory,
and a hand on everything: the guest's writes, its hello, hints, migrations.
"""
from __future__ import annotations

import mmap
import os
import socket
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests"))

# pylint: disable=wrong-import-position
from lib import host_kvm, migration, patience, result  # noqa: E402
from lib.compile import make  # noqa: E402,F401
from lib.machine import Queried, mutant  # noqa: E402
from lib.paths import BUILD, EXTENSION  # noqa: E402
from lib.patience import wait_for  # noqa: E402
from lib.qemu import Qemu  # noqa: E402
from lib.qmp import QmpError  # noqa: E402
from lib.result import Failure, check, require_file, skip, step  # noqa: E402,F401

PAGE = 4096
MIB = 1 << 20
SHM_SIZE = MIB

# Bandwidths, bytes per second. QEMU hands it out in slices of 100 ms; CRAWL is a
# quarter of a page per slice, so that nothing but the first pages gets through.
CRAWL = 10240
UNLIMITED = 0

# KVM's other dirty log, of a size that is never full: when one of 4096 was, QEMU 7.2 without
# any part of freehint lost writes, in five of eleven migrations.
RING = "kvm,dirty-ring-size=65536"

ROM = os.path.join(BUILD, "tests", "kvm", "guest.rom")
FAKE_GUEST = os.path.join(BUILD, "tests", "kvm", "fake_guest")


def build() -> None:
    """Everything the tests of this directory need."""
    make("tests", "build-kvm")
    make("host-agent/qemu-module", "all")
    make("tests", "mutants")


def accelerators() -> list[str]:
    """Those that work here; says aloud what is left out."""
    reason = host_kvm.reason()
    if reason is None:
        return ["kvm", "tcg"]
    print(f"skipped: the KVM half: {reason}", flush=True)
    return ["tcg"]


class TooEarly(Exception):
    """The migration was faster than this test: a busy machine. The test begins anew."""


class GuestStopped(TooEarly):
    """The guest was stopped by its migration before it could answer."""


class HintTooLate(QmpError, TooEarly):
    """A hint was refused, because a sync has closed its round in the meantime."""


# So often a part of a test begins anew; the machine may be busy each time.
TRIES = 20
# So often a whole test does.
WHOLE_TRIES = 3

# Option of the extension: the first pass waits for its answer as long as it may. QEMU 11.1
# with postcopy-ram ends the round soon after the wait.
PATIENT = ",first-wait-ms=1000"

# What the extension says of a hint whose round is over.
OVER = ("is stale", "is closed")


@contextmanager
def while_round_is_open() -> Iterator[None]:
    """HintTooLate when a hint is refused because its round is over."""
    try:
        yield
    except QmpError as error:
        if any(words in error.desc for words in OVER):
            raise HintTooLate(error.command, error.cls, error.desc) from error
        raise


def in_time(attempt: Callable[[], Any], tries: int = TRIES) -> Any:
    """What `attempt` returns, the first time that it is not too early."""
    for _ in range(tries):
        try:
            return attempt()
        except TooEarly as why:
            step(f"the migration was faster than this test, once more: {why}")
    raise Failure(f"the migration was faster than this test {tries} times")


def run(test: Callable[[], None]) -> NoReturn:
    """As lib.result.run(); a test that nowhere begins a part of it anew does so as a whole."""
    result.run(lambda: in_time(test, WHOLE_TRIES))


class Machine(Qemu, Queried):
    """
    One bare-metal virtual machine.

    Its shared memory is a file of its own in /dev/shm unless `shm` names one
    that outlives it; the device has `shm_size` bytes of it. `patience` is how long the
    guest has for an answer, seconds by the clock.
    """

    def __init__(self, accel: str, *, name: str, mem: int = 64 * MIB,
                 extension: str | None = EXTENSION, incoming: bool = False,
                 shm: str | None = None, extra: Iterable[str] = (),
                 share: bool = False, shm_size: int = SHM_SIZE, rom: str = ROM,
                 ram: str | None = None, lifetime: float = 120.0) -> None:
        """`ram` names a file that is the guest's memory; `lifetime` is QEMU's, seconds."""
        super().__init__([], name=name, lifetime=lifetime)
        self.mem = mem
        self.extension = extension
        self._own_shm = shm is None
        self.shm = shm or new_shm(shm_size)
        self.fake_guest = FAKE_GUEST
        self.serial_path = self.path("com1")
        self._serial: socket.socket | None = None
        self.patience = patience.seconds(30)
        backend = f"memory-backend-file,mem-path={ram}" if ram else "memory-backend-ram"
        self.args = [
            "-accel", accel, "-m", f"{mem >> 20}M", "-object",
            f"{backend},id=mainram,size={mem},share={'on' if share or ram else 'off'},"
            "reserve=off",
            "-machine", "pc,memory-backend=mainram", "-nodefaults", "-display", "none",
            "-object", f"memory-backend-file,id=freehint,mem-path={self.shm},"
                       f"size={shm_size},share=on",
            "-device", "ivshmem-plain,memdev=freehint,master=on",
            "-bios", rom,
            "-chardev", f"socket,id=com1,path={self.serial_path},server=on,wait=off",
            "-serial", "chardev:com1", *extra]
        if extension:
            self.args += ["-plugin", f"file={extension},memdev=freehint"]
        if incoming:
            self.args += ["-incoming", "defer"]

    def stop(self) -> None:
        """End QEMU and remove what it used."""
        if self._serial:
            self._serial.close()
            self._serial = None
        super().stop()
        if self._own_shm and os.path.exists(self.shm):
            os.unlink(self.shm)

    # the guest

    def _open_serial(self) -> socket.socket:
        """
        Connect to COM1. What comes before the device's own state has arrived is lost with
        it, and the guest takes the rest of the command for another one.
        """
        wait_for(lambda: self.status() != "inmigrate", f"the guest in {self.name}", period=0.01)
        serial = socket.socket(socket.AF_UNIX)
        serial.settimeout(0.5)
        serial.connect(self.serial_path)
        return serial

    def _ask(self, request: bytes) -> bytes:
        """One command to guest.S; its one-letter answer."""
        if self._serial is None:
            self._serial = self._open_serial()
        self._serial.sendall(request)
        return self._hear(time.monotonic() + self.patience)

    def _talk(self, request: bytes, answer: bytes) -> None:
        """One command to guest.S, whose answer is known."""
        got = self._ask(request)
        check(got == answer, f"{self.name}: guest answered {got!r} to "
                             f"{request[:1]!r}")

    def _hear(self, deadline: float) -> bytes:
        """One byte from the guest, or GuestStopped."""
        assert self._serial is not None
        while True:
            try:
                return self._serial.recv(1)
            except TimeoutError:
                status = self.status()
                if status != "running":
                    raise GuestStopped(status) from None
                check(time.monotonic() < deadline, f"{self.name}: guest is silent")

    def wait_boot(self) -> None:
        """Wait until the guest is up."""
        self._talk(b"P", b"p")

    def write(self, region: range, pattern: int) -> None:
        """The guest stores `address ^ pattern` into every page of `region`."""
        self._talk(struct.pack("<cIII", b"W", region.start, region.stop, pattern), b"w")

    def run_code(self, page: int) -> str:
        """The guest runs the code at the start of the page at `page`; what it leaves in AL."""
        return self._ask(struct.pack("<cI", b"X", page)).decode("latin-1")

    def dump(self, region: range) -> list[int]:
        """The first word of every page of `region`, read by QEMU."""
        path = self.path("dump")
        self.qmp.command("pmemsave", val=region.start, size=len(region), filename=path)
        with open(path, "rb") as file, \
                mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            words = [struct.unpack_from("<I", data, at)[0]
                     for at in range(0, len(region), PAGE)]
        os.unlink(path)
        return words

    def lost(self, region: range, pattern: int) -> int:
        """How many pages of `region` do not hold what write() stored."""
        words = self.dump(region)
        return sum(word != (region.start + PAGE * i) ^ pattern
                   for i, word in enumerate(words))

    # the guest module's part

    def fake(self, *args: Any) -> str:
        """Speak for the guest module; returns what fake_guest prints."""
        done = subprocess.run([self.fake_guest, self.shm, *map(str, args)],
                              capture_output=True, text=True, check=False,
                              timeout=patience.seconds(30))
        check(done.returncode == 0, f"fake_guest {args}: {done.stderr}")
        return done.stdout

    def publish(self, round_id: int, region: range, every: int = 1) -> None:
        """
        The guest module reports `region` as free, or one page in `every` of it, and
        seals the round.
        """
        self.fake("publish", round_id, region.start // PAGE, region.stop // PAGE,
                  self.mem // PAGE, every)

    # the agent's part

    def start_hints(self, contract: str = "dead") -> None:
        """Hello from the guest, then x-freehint-start."""
        self.fake("hello", contract)
        self.qmp.command("x-freehint-start")

    def wait_round(self, other_than: int = 0, timeout: float = 20.0) -> int:
        """
        Poll until a round is open that is not `other_than`; its id. TooEarly when the
        migration completes without one.
        """
        deadline = patience.deadline(timeout)
        while True:
            over = migration.completed(self)
            now = self.query()
            if now["state"] == "round" and now["round"] not in (0, other_than):
                return now["round"]
            if over:
                raise TooEarly("it is over, and no such round was seen")
            check(time.monotonic() < deadline, f"no round opens: {now}")
            time.sleep(0.002)

    def _mark(self, **arguments: Any) -> dict[str, Any]:
        """x-freehint-mark-clean; HintTooLate when the round is over."""
        with while_round_is_open():
            return self.qmp.command("x-freehint-mark-clean", arguments)

    def mark(self, round_id: int, *regions: range, **more: Any) -> dict[str, Any]:
        """x-freehint-mark-clean with a JSON list."""
        ranges = [{"start": r.start, "length": len(r)} for r in regions]
        return self._mark(round=round_id, ranges=ranges, **more)

    def mark_fd(self, round_id: int, *regions: range, **more: Any) -> dict[str, Any]:
        """x-freehint-mark-clean with a memfd."""
        records = b"".join(struct.pack("<QQ", r.start, len(r)) for r in regions)
        fd = os.memfd_create("ranges", os.MFD_CLOEXEC)
        try:
            os.write(fd, records)
            self.qmp.send_fd(fd, "ranges")
        finally:
            os.close(fd)
        return self._mark(round=round_id, fdname="ranges", count=len(regions), **more)

    def wait_applied(self, pages: int, timeout: float = 20.0) -> dict[str, Any]:
        """
        Wait until the extension has put so many pages into the bitmap. TooEarly when the
        migration completes before.
        """
        deadline = patience.deadline(timeout)
        while True:
            over = migration.completed(self)
            now = self.query()
            if now["counters"]["pages-accepted"] >= pages:
                return now
            if over:
                raise TooEarly(f"it is over, and no {pages} pages were applied")
            check(time.monotonic() < deadline, f"not applied: {now}")
            time.sleep(0.01)

    def too_late(self, error: QmpError) -> bool:
        """
        Was a hint refused because its round is over? The mutant that has no gate does not
        look at the round; when the migration is over nothing is armed any more.
        """
        words = [*OVER]
        if (self.extension or "").startswith(mutant("no-gate")):
            words.append("is not memory that migrates")
        return any(some in error.desc for some in words)

    # migration

    def bandwidth(self, rate: int) -> None:
        """Change the speed of a running migration, bytes per second."""
        migration.set_parameters(self, {"max-bandwidth": rate})


@contextmanager
def pair(accel: str, source: dict[str, Any] | None = None,
         **both: Any) -> Iterator[tuple[Machine, Machine]]:
    """A source, and a destination that waits; `source` is what the source alone has."""
    with Machine(accel, name="src", **both, **(source or {})) as src, \
            Machine(accel, name="dst", **both, incoming=True) as dst:
        yield src, dst


def new_shm(size: int = SHM_SIZE) -> str:
    """A zeroed file for the ivshmem device."""
    handle, path = tempfile.mkstemp(prefix="freehint-kvm-", dir="/dev/shm")
    os.ftruncate(handle, size)
    os.close(handle)
    return path


def hold(src: Machine, dst: Machine, caps: dict[str, bool] | None = None,
         params: dict[str, Any] | None = None) -> None:
    """Begin a migration that cannot end before release(): it crawls."""
    migration.begin(src, dst, caps, {"max-bandwidth": CRAWL, **(params or {})})


def release(src: Machine, dst: Machine, timeout: float = 60.0) -> dict[str, Any]:
    """Let the migration end, check that it was a success; the guest runs on `dst` on return."""
    migration.set_parameters(src, {"max-bandwidth": UNLIMITED,
                                   "max-postcopy-bandwidth": UNLIMITED})
    info = migration.wait(src, timeout)
    check(info["status"] == "completed", f"migration {info}\n{src.log()}{dst.log()}")
    migration.wait_running(dst)
    return info
