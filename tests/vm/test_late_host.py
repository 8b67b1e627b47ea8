#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A device that was no freehint region when the module saw it, and becomes one: the host
is late, a device is plugged in, the guest moves to a QEMU that has the extension. The
module finds it without help, with two devices, across unplug and unload.
"""
# time limit: 600 s
from __future__ import annotations

import dataclasses
import itertools
import os
import struct
import tempfile

from support import Hops, check, check_kernel, step, wait_for
from lib import accel
from lib.machine import Machine, Spec
from lib.qmp import QmpError
from lib.result import run

SIZE = 1 << 20
HEADER = 4096
MAGIC = 0x544e494845455246
INSTANCE = 4711
# The guest's echo of the instance: first word of line 2.
ECHO = 128
PORT = ["-device", "pcie-root-port,id=rp0,chassis=1,slot=1"]
PLUGGED = "0000:01:00.0"
RELOADS = 5
BACKENDS = itertools.count(1)


class LateHost:
    """
    A file behind a device that is plugged in, and the host that comes to it.

    path     the file
    backend  QEMU's name of it while the device is there
    """

    def __init__(self) -> None:
        self.backend = ""
        fd, self.path = tempfile.mkstemp(prefix="freehint-late-", dir="/dev/shm")
        os.ftruncate(fd, SIZE)
        os.close(fd)

    def publish_hello(self) -> None:
        """Line 0 of the region, the magic last."""
        rest = struct.pack("<HHIQQQQ", 1, 1, HEADER, INSTANCE, SIZE, HEADER,
                           (SIZE - HEADER) * 8)
        self._write(8, rest)
        self._write(0, struct.pack("<Q", MAGIC))

    def forget(self) -> None:
        """Clear the region."""
        self._write(0, bytes(SIZE))

    def greeted(self) -> bool:
        """Has a guest's module published its hello?"""
        with open(self.path, "rb") as file:
            file.seek(ECHO)
            return struct.unpack("<Q", file.read(8))[0] == INSTANCE

    def _write(self, offset: int, data: bytes) -> None:
        with open(self.path, "r+b") as file:
            file.seek(offset)
            file.write(data)


def is_there(vm: Machine) -> bool:
    """Has the machine the device that is plugged in?"""
    devices = vm.qmp.command("qom-list", {"path": "/machine/peripheral"})
    return any(device["name"] == "plugged" for device in devices)


def plug(vm: Machine, host: LateHost) -> None:
    """
    Plug the device in; the guest's module has seen it on return. Each time with a backend of
    another name: QEMU 7.2 aborts when it meets one a second time.
    """
    host.backend = f"late{next(BACKENDS)}"
    vm.guest.must("dmesg -c >/dev/null")
    vm.qmp.command("object-add", {"qom-type": "memory-backend-file", "id": host.backend,
                                  "share": True, "size": SIZE, "mem-path": host.path})
    vm.qmp.command("device_add", {"driver": "ivshmem-plain", "id": "plugged",
                                  "memdev": host.backend, "bus": "rp0"})
    wait_for(lambda: f"{PLUGGED}: no freehint magic" in vm.guest.must("dmesg"),
             "the module to see the device", 60)


def asked_to_let_go(vm: Machine) -> bool:
    """Ask the guest for the device; False while its slot is still busy with the plugging."""
    try:
        vm.qmp.command("device_del", {"id": "plugged"})
    except QmpError as error:
        check("blinking" in error.desc, f"device_del: {error.desc}")
        return False
    return True


def unplug(vm: Machine, host: LateHost) -> None:
    """Take it out; on return the guest has let go of it, and QEMU too."""
    wait_for(lambda: asked_to_let_go(vm), "a slot that can be asked", 60)
    wait_for(lambda: not is_there(vm), "the guest to let go of the device", 60)
    vm.qmp.command("object-del", {"id": host.backend})


def plugged_in(vm: Machine, host: LateHost) -> None:
    """The host comes after the device; then the device goes while it is in use."""
    plug(vm, host)
    unplug(vm, host)
    plug(vm, host)
    host.publish_hello()
    wait_for(host.greeted, "the guest to answer a host that came late", 60)
    step("a device that was plugged in is found when its host comes")
    unplug(vm, host)
    host.forget()


def reloaded(vm: Machine, host: LateHost) -> None:
    """The module comes and goes while it waits, and is unloaded with a look pending."""
    for _ in range(RELOADS):
        vm.unload_module()
        vm.load_module()
    plug(vm, host)
    unplug(vm, host)
    check(not host.greeted(), "the guest answered a device that is gone")
    step("unload and unplug while devices are waited for")


def main() -> None:
    """No extension, then an extension."""
    accel.needs_distribution("PCI hotplug")
    host = LateHost()
    try:
        ours = Spec(memory_mib=512, extra=PORT)
        plain = dataclasses.replace(ours, extension=False, tlb_reset=True)
        with Hops(plain) as hops:
            plugged_in(hops.here, host)
            reloaded(hops.here, host)
            hops.hold(ours)
            hops.release()
            here = hops.arrive()
            wait_for(lambda: here.query()["guest"]["present"],
                     "the hello of a guest that came from a QEMU without extension", 60)
            step("a guest that comes from a QEMU without the extension reports")
            hops.hinted(1, ours)
            check_kernel(hops.arrive().guest)
    finally:
        os.unlink(host.path)


if __name__ == "__main__":
    run(main)
