# SPDX-License-Identifier: GPL-2.0
"""
A virtual machine of the tests: Qemu, its guest, its ivshmem region and its agent,
put together as an administrator would.
"""
from __future__ import annotations

import functools
import os
import re
import subprocess
import tempfile
import time
from dataclasses import dataclass, field
from typing import Any

from . import accel, arch, initramfs, interpreted, migration, paths, patience, tlb_reset
from .guest import Guest, GuestTimeout
from .program import Agent
from .qemu import BINARY, Qemu
from .qmp import Qmp, QmpError
from .result import check, require_file
from .start_stop import StartStop

# What the guest's first program says when it listens to commands (vm/guest/init.c). What is
# sent before that can stay in the port, and the port be deaf from then on.
UP = "freehint test guest is up"


@dataclass
class Spec:
    """
    What both ends of a migration must have in common, plus local choices.

    memory_mib   guest memory
    smp          virtual CPUs
    append       more kernel command line
    accel        QEMU accelerator, the one of this run (accel.py) unless given
    cpu          processor model, the accelerator's own unless given
    ivshmem      give the machine the shared-memory device
    ivshmem_slot PCI slot of it, QEMU's choice unless given
    extension    load freehint-qemu.so (on this side)
    plugin       the extension's file, or that of a mutant (mutant() below)
    plugin_opts  more options of the extension, ",name=value" each
    balloon      add virtio-balloon with free-page-hint=on
    tlb_reset    make QEMU before 8.0 log writes under TCG (tests/vm/host/tlb_reset.c);
                 an open round does the same, so tests with hints do without
    region_mib   size of the ivshmem region
    extras       more programs and modules in the guest
    memory_opts  what follows the size in -m, ",maxmem=...,slots=..."
    backend      type of the backend behind main memory
    backend_opts more options of main memory, ",name=value" each
    nodes        NUMA nodes, each with its share of memory and processors
    machine      QEMU's machine type
    qemu         the QEMU to run, that of every test unless given
    extra        more QEMU arguments
    lifetime     seconds until QEMU is killed, whatever happens
    """

    memory_mib: int = 768
    smp: int = 2
    append: str = ""
    accel: str = field(default_factory=accel.chosen)
    cpu: str = ""
    ivshmem: bool = True
    ivshmem_slot: int | None = None
    extension: bool = True
    plugin: str = paths.EXTENSION
    plugin_opts: str = ""
    balloon: bool = False
    tlb_reset: bool = False
    region_mib: int = 0
    with_module: bool = True
    extras: initramfs.Extras = initramfs.Extras()
    memory_opts: str = ""
    backend: str = "memory-backend-ram"
    backend_opts: str = ""
    nodes: int = 1
    machine: str = field(default_factory=lambda: arch.chosen().machine)
    qemu: str = BINARY
    extra: list[str] = field(default_factory=list)
    lifetime: float = 240.0


@functools.cache
def linked(qemu: str) -> bool:
    """Has this QEMU freehint built in (host-agent/qemu-patches)?"""
    done = subprocess.run([qemu, "-object", "help"], capture_output=True, text=True,
                          check=False)
    return "freehint" in done.stdout.split()


def mutant(name: str) -> str:
    """Path of the extension with one rule broken; `make mutants` builds it."""
    path = os.path.join(paths.BUILD, "mutants", f"freehint-qemu-{name}.so")
    return require_file(path, "run make mutants")


def region_mib_for(memory_mib: int) -> int:
    """Smallest power of two MiB that holds a bitmap up to the highest pfn."""
    need = 4096 + arch.chosen().top_mib(memory_mib) * 256 // 8
    size = 1
    while size << 20 < need:
        size *= 2
    return size


class Queried:
    """A machine whose QEMU has the extension."""

    @property
    def qmp(self) -> Qmp:
        """The harness's connection to its QEMU."""
        raise NotImplementedError

    def query(self) -> dict[str, Any]:
        """x-query-freehint."""
        return self.qmp.command("x-query-freehint")

    def counters(self) -> dict[str, int]:
        """The counters of x-query-freehint."""
        return self.query()["counters"]


class Machine(StartStop, Queried):
    """
    One QEMU with the test guest; a context manager.

    qemu   the process
    guest  its guest
    shm    path of the file behind the ivshmem region
    """

    def __init__(self, spec: Spec, *, name: str, incoming: bool = False,
                 shm: str | None = None, state: str | None = None) -> None:
        """
        `shm` reuses an existing file, as an administrator's fixed path does; `state` is a
        file with a guest that has booted (saved_state.py).
        """
        self.spec = spec
        self.name = name
        self.incoming = incoming
        self.state = state
        self._own_shm = shm is None
        self.shm = shm or self._new_shm()
        self.qemu = Qemu([], name=name, lifetime=spec.lifetime, binary=spec.qemu)
        self.guest = Guest(self.qemu.path("control"))
        self.agent: Agent | None = None

    def start(self) -> None:
        """Start QEMU; the guest begins to boot."""
        self.qemu.args = self.arguments()
        self.qemu.start()

    def stop(self) -> None:
        """End agent and QEMU, remove the region's file if it is ours."""
        if self.agent:
            self.agent.stop()
        self.guest.close()
        self.qemu.stop()
        if self._own_shm and os.path.exists(self.shm):
            os.unlink(self.shm)

    @property
    def qmp(self) -> Qmp:
        """Shortcut to the harness's QMP connection."""
        return self.qemu.qmp

    def console(self) -> str:
        """What the guest's kernel has printed."""
        with open(self.qemu.path("console.log"), encoding="utf-8",
                  errors="replace") as log:
            return log.read()

    def boot(self, module: bool = True) -> "Machine":
        """Wait for the guest and load freehint.ko if `module`."""
        if self.state:
            migration.wait_running(self.qemu)
        elif accel.interpreted(self.spec.accel):
            self.wait_up(interpreted.BOOT)
            self.guest.must(interpreted.ENABLE)
        else:
            self.wait_guest()
        if module:
            self.load_module()
        return self

    def wait_guest(self) -> None:
        """Wait until the guest answers; tells where its processors are if it does not."""
        try:
            self.guest.wait_boot()
        except GuestTimeout as error:
            raise GuestTimeout(f"{error}\n{self.console()}\n{self.processors()}") from error

    def processors(self) -> str:
        """What the processors do, and which interrupts there were."""
        text = "\n".join(self.qmp.command("human-monitor-command", {"command-line": line})
                         for line in ("info status", "info registers -a", "info irq"))
        return "\n".join(line for line in text.splitlines()
                         if not re.match(r"(FPR|XMM|YMM|DR)\d", line))

    def wait_up(self, timeout: float) -> None:
        """Wait until the guest of a slow machine listens, and answers."""
        deadline = patience.deadline(timeout)
        while UP not in self.console():
            check(time.monotonic() < deadline and self.qemu.alive(),
                  f"the guest does not boot:\n{self.qemu.log()}{self.console()}")
            time.sleep(0.2)
        self.guest.wait_boot(timeout)

    def load_module(self, options: str = "") -> None:
        """insmod freehint.ko."""
        self.guest.must(f"insmod /modules/freehint.ko {options}")

    def unload_module(self) -> None:
        """rmmod freehint."""
        self.guest.must("rmmod freehint")

    def load_balloon(self) -> None:
        """Load the balloon driver and what it needs, in order."""
        for name in initramfs.BALLOON_MODULES:
            self.guest.must(f"test ! -e /modules/{name}.ko || insmod /modules/{name}.ko")

    def load_extras(self) -> None:
        """Load the kernel modules of the spec's extras, in order."""
        for name in self.spec.extras.modules:
            self.guest.must(f"insmod /modules/{name}.ko")

    def start_hints(self, timeout: float = 10.0) -> None:
        """x-freehint-start, again until the guest has published its hello."""
        def started() -> bool:
            try:
                self.qmp.command("x-freehint-start")
            except QmpError as error:
                if "hello" not in error.desc:
                    raise
                return False
            return True

        patience.wait_for(started, f"the hello of the guest in {self.name}", timeout, 0.1)

    def start_agent(self, *options: str) -> Agent:
        """Start the agent of this machine."""
        self.agent = Agent(self.shm, self.qemu.agent_qmp, options)
        return self.agent

    def _new_shm(self) -> str:
        """A fresh file in /dev/shm."""
        fd, path = tempfile.mkstemp(prefix="freehint-test-", dir="/dev/shm")
        os.close(fd)
        return path

    def _memory(self) -> list[str]:
        """Machine and main memory, declared before any other memory."""
        spec = self.spec
        if spec.nodes == 1:
            return ["-object", f"{spec.backend},id=mainram,size={spec.memory_mib}M"
                    + spec.backend_opts,
                    "-machine", f"{spec.machine},memory-backend=mainram"]
        args = ["-machine", spec.machine]
        for node in range(spec.nodes):
            args += ["-object", f"{spec.backend},id=ram{node},"
                     f"size={spec.memory_mib // spec.nodes}M{spec.backend_opts}",
                     "-numa", f"node,nodeid={node},memdev=ram{node}"]
        return args

    def system(self) -> list[str]:
        """QEMU's arguments: kind of processor and what the guest boots."""
        spec = self.spec
        if accel.interpreted(spec.accel):
            return interpreted.arguments(spec.with_module, spec.extras, spec.append)
        kernel, initrd = initramfs.build(spec.with_module, spec.extras)
        guest = arch.chosen()
        return ["-cpu", spec.cpu or guest.cpus[spec.accel.split(",", maxsplit=1)[0]],
                "-kernel", kernel.image, "-initrd", initrd,
                "-append", f"{guest.append} {spec.append}"]

    def arguments(self) -> list[str]:
        """The QEMU command line."""
        spec = self.spec
        args = ["-accel", spec.accel, *self.system(),
                "-smp", str(spec.smp), "-m", f"{spec.memory_mib}M{spec.memory_opts}",
                *self._memory(), "-display", "none", "-nodefaults", "-no-user-config",
                *arch.chosen().ports(self.qemu.path("console.log"),
                                     self.qemu.path("control"))]
        if spec.ivshmem:
            size = spec.region_mib or region_mib_for(spec.memory_mib)
            args += ["-object", f"memory-backend-file,id=freehint,mem-path={self.shm},"
                     f"size={size}M,share=on",
                     "-device", "ivshmem-plain,memdev=freehint,master=on" +
                     (f",addr={spec.ivshmem_slot:#x}" if spec.ivshmem_slot else "")]
        if spec.balloon:
            args += ["-object", "iothread,id=io0", "-device",
                     "virtio-balloon-pci,free-page-hint=on,iothread=io0"]
        if spec.extension and linked(spec.qemu):
            args += ["-object", f"freehint,id=fh0,memdev=freehint{spec.plugin_opts}"]
        elif spec.extension:
            plugin = require_file(spec.plugin, "run make first")
            args += ["-plugin", f"file={plugin},memdev=freehint{spec.plugin_opts}"]
        if spec.tlb_reset:
            args += tlb_reset.arguments(spec.accel)
        if self.incoming:
            args += ["-incoming", "defer"]
        if self.state:
            args += ["-incoming", f"exec:cat '{self.state}'"]
        return args + spec.extra
