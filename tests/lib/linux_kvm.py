# SPDX-License-Identifier: GPL-2.0
"""
Linux under the KVM of this machine: the distribution's kernel where KVM runs it, the kernel
of interpreted.py where KVM interprets kernel mode.
"""
from __future__ import annotations

from . import host_kvm, initramfs
from .machine import Machine, Spec
from .result import skip

# Programs of tests/vm/guest, and busybox's: each name takes milliseconds to make.
PROGRAMS = ("churn", "firsttouch", "pagecheck")
APPLETS = ("cat", "dmesg", "insmod", "rmmod", "tail")


class KvmMachine(Machine):
    """A machine whose guest boots under the KVM of this host."""

    def boot(self, module: bool = True) -> Machine:
        """A guest that was saved has the modules that it has."""
        return super().boot(module and not self.state)


def spec(**more: object) -> Spec:
    """What such a machine is made from; skips the test where there is no KVM."""
    why = host_kvm.reason()
    if why:
        skip(why)
    machine, memory = ("pc", 64) if host_kvm.interprets() else ("q35", 256)
    # KSM drops the audit's protection of what it merges
    return Spec(**{"accel": "kvm", "memory_mib": memory, "smp": 1,
                   "machine": f"{machine},mem-merge=off",
                   "extras": initramfs.Extras(own=PROGRAMS, applets=APPLETS),
                   **more})  # type: ignore[arg-type]
