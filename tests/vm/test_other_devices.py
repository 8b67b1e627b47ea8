#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Other users of ivshmem in the same guest: the module leaves their memory and devices alone and
finds its own behind them. A region that another QEMU has left behind looks like ours;
taking it means no hints, and nothing worse.
"""
from __future__ import annotations

import os
import random
import shutil
import tempfile

from support import Hops, check, check_kernel, expect_refusal, step, wait_for
from lib.machine import Machine, Spec
from lib.result import run

SIZE = 1 << 20
HEADER = 4096
OUR_SLOT = 0x10
# Before and behind ours on the bus.
SLOTS = {"low": 0x4, "high": 0x1c}


class Others:
    """Files behind the other devices, and what was last put into them."""

    def __init__(self) -> None:
        self.dir = tempfile.mkdtemp(prefix="freehint-others-", dir="/dev/shm")
        self.content: dict[str, bytes] = {}
        for name in SLOTS:
            self.put(name, random.randbytes(SIZE))

    def path(self, name: str) -> str:
        """The file behind a device."""
        return os.path.join(self.dir, name)

    def put(self, name: str, content: bytes) -> None:
        """Write through the device's memory, not over its file."""
        with open(self.path(name), "r+b" if name in self.content else "wb") as file:
            file.write(content)
        self.content[name] = content

    def untouched(self, name: str) -> bool:
        """Does it still hold what was put there?"""
        with open(self.path(name), "rb") as file:
            return file.read() == self.content[name]

    def arguments(self) -> list[str]:
        """For QEMU."""
        args = []
        for name, slot in SLOTS.items():
            args += ["-object", f"memory-backend-file,id={name},share=on,size={SIZE},"
                                f"mem-path={self.path(name)}",
                     "-device", f"ivshmem-plain,memdev={name},master=on,addr={slot:#x}"]
        return args


def present(vm: Machine) -> bool:
    """Has the module published its hello for this QEMU?"""
    return vm.query()["guest"]["present"]


def commands(vm: Machine) -> dict[str, str]:
    """
    The command registers of the other devices. On arm64 the firmware leaves memory decoding
    off, and it is on in them only while the module reads.
    """
    return {name: vm.guest.must("od -An -tx2 -j4 -N2 "
                                f"/sys/bus/pci/devices/0000:00:{slot:02x}.0/config").strip()
            for name, slot in SLOTS.items()}


def strangers(vm: Machine, others: Others) -> None:
    """Two devices with somebody else's data, one on each side."""
    before = commands(vm)
    vm.load_module()
    wait_for(lambda: present(vm), "the module to find our device")
    now = commands(vm)
    check(now == before, f"a foreign device was enabled: {before}, now {now}")
    step(f"command registers: {now}")
    vm.start_hints()
    check(vm.guest.must("dmesg").count("no freehint magic in BAR 2, device not used") == 2,
          "the module does not say that it left two devices alone")
    vm.qmp.command("x-freehint-stop")
    vm.unload_module()
    check(all(others.untouched(name) for name in SLOTS), "foreign memory was written")


def leftover(vm: Machine, others: Others, name: str) -> None:
    """One of them holds the header of a QEMU that is gone."""
    with open(vm.shm, "rb") as region:
        header = bytearray(region.read(HEADER))
    header[16:24] = (4242).to_bytes(8, "little")
    others.put(name, bytes(header) + bytes(SIZE - HEADER))
    vm.load_module()
    if name == "low":
        check("another freehint region is in use already" in vm.guest.must("dmesg"),
              "the module does not say that there are two regions")
        expect_refusal(vm.qmp, "x-freehint-start", "no guest module has published its hello")
    else:
        wait_for(lambda: present(vm), "the module to find our device")
        check(others.untouched(name), "the other region was written")
    vm.unload_module()
    others.put(name, random.randbytes(SIZE))


def main() -> None:
    """One boot, the module loaded four times, then a migration."""
    others = Others()
    try:
        spec = Spec(memory_mib=512, ivshmem_slot=OUR_SLOT, extra=others.arguments())
        with Hops(spec, module=False) as hops:
            strangers(hops.here, others)
            step("strangers are left alone")
            for name in SLOTS:
                leftover(hops.here, others, name)
                step(f"a leftover region in the {name} slot does no harm")
            hops.here.load_module()
            hops.hinted(1)
            check_kernel(hops.arrive().guest)
    finally:
        shutil.rmtree(others.dir)


if __name__ == "__main__":
    run(main)
