# SPDX-License-Identifier: GPL-2.0
"""
The architecture of Linux guests: amd64 or arm64, as Debian names them, in the environment
variable below. What differs between them is here and nowhere else.

Extension and agent are this machine's in either case; QEMU emulates a foreign processor, so
such guests run under TCG only.
"""
from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from .result import check, skip

VARIABLE = "FREEHINT_TEST_ARCH"
# What this machine calls itself, as Debian does.
MACHINES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Arch:
    """
    What QEMU, the guest's kernel and its programs are.

    name       of the architecture
    flavour    what ends the names of kernels that are made for guests
    image      where a kernel's build has what QEMU boots
    compiler   makes the guest's programs where this machine is another
    qemu       the emulator
    machine    QEMU's machine type
    cpus       processor model for each accelerator
    append     kernel command line: console, and where init listens if not on ttyS1
    own_ports  has the machine a second serial port? Else it is a PCI device
    ram_mib    where memory begins
    hole_mib   memory of this size and more is split: so much of it moves above the rest
               of the machine, hole_move MiB further up; 0 for never
    """

    name: str
    flavour: str
    image: str
    compiler: str
    qemu: str
    machine: str
    cpus: dict[str, str]
    append: str
    own_ports: bool
    ram_mib: int
    hole_mib: int
    hole_move: int

    @property
    def foreign(self) -> bool:
        """Is this another architecture than this machine's?"""
        return MACHINES.get(platform.machine()) != self.name

    def top_mib(self, memory_mib: int) -> int:
        """Where the memory of a guest ends."""
        move = self.hole_move if self.hole_mib and memory_mib >= self.hole_mib else 0
        return self.ram_mib + memory_mib + move

    def ports(self, console: str, control: str) -> list[str]:
        """QEMU's arguments: a file with the console, a socket with the guest's commands."""
        first = ["-serial", f"file:{console}"]
        if self.own_ports:
            return first + ["-serial", f"unix:{control},server=on,wait=off"]
        return first + ["-chardev", f"socket,id=control,path={control},server=on,wait=off",
                        "-device", "pci-serial,chardev=control"]


KNOWN = {
    # Emulated "rep stosb" goes byte by byte; without it the guest's kernel clears pages by
    # words, several times faster. q35 moves what exceeds 2 GiB above 4 GiB once the guest has
    # 2.75 GiB.
    "amd64": Arch(
        name="amd64", flavour="cloud-amd64", image="arch/x86/boot/bzImage",
        compiler="x86_64-linux-gnu-gcc", qemu="qemu-system-x86_64", machine="q35",
        cpus={"tcg": "max,-erms,-fsrm", "kvm": "host"},
        append="console=ttyS0 quiet no_timer_check", own_ports=True,
        ram_mib=0, hole_mib=2816, hole_move=2048),
    # Pointer authentication with QEMU's own function: the architecture's takes three quarters
    # of the time that a guest needs to boot.
    "arm64": Arch(
        name="arm64", flavour="cloud-arm64", image="arch/arm64/boot/Image",
        compiler="aarch64-linux-gnu-gcc", qemu="qemu-system-aarch64", machine="virt",
        cpus={"tcg": "max,pauth-impdef=on", "kvm": "host"},
        append="console=ttyAMA0 quiet CONTROL=/dev/ttyS0", own_ports=False,
        ram_mib=1024, hole_mib=0, hole_move=0),
}


def chosen() -> Arch:
    """The architecture of this run: amd64 unless the variable names another one."""
    name = os.environ.get(VARIABLE) or "amd64"
    check(name in KNOWN, f"{VARIABLE}={name}: not known; use {' or '.join(KNOWN)}")
    return KNOWN[name]


def no_balloon_hints(accel: str) -> str:
    """
    Why a guest with this accelerator cannot have virtio-balloon's free page hinting, empty
    when it can. The device has no MSI. Its I/O thread raises the pin without QEMU's big lock,
    and an emulated GIC passes that on to TCG, which asserts that the lock is held
    (tcg_handle_interrupt(), seen with QEMU 7.2). An I/O APIC takes the lock on its way.
    """
    if chosen().name != "arm64" or accel.split(",", maxsplit=1)[0] != "tcg":
        return ""
    return ("QEMU aborts in virtio-balloon's free page hinting: its I/O thread raises an "
            "interrupt of the emulated GIC without QEMU's big lock")


def needs(name: str, what: str) -> None:
    """Skip a test of something that guests of another architecture do not have."""
    if chosen().name != name:
        skip(f"{chosen().name} guests have no {what}")
