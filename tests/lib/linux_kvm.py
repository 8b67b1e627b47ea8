# SPDX-License-Identifier: GPL-2.0
"""
Linux under the KVM of this machine: the distribution's kernel where KVM runs it, the kernel
of tests/kernel/interpreted.config where KVM interprets kernel mode.

There a million instructions a second are executed in kernel mode, and user mode runs at
full speed: a system call or a first touch of a page takes milliseconds, and so does freehint.ko
for each few hundred pages that it looks at.
"""
from __future__ import annotations

import functools
import os
import subprocess

from . import host_kvm, initramfs, migration, paths
from .machine import Machine, Spec
from .result import require_file, skip

VARIANT = "interpreted"
BUILD = os.path.join(paths.ROOT, "tests", "kernel", "build.sh")

# Programs of tests/vm/guest: a megabyte takes seconds to unpack.
PROGRAMS = ("churn", "firsttouch", "pagecheck")

# What the interpreter has code for; the paravirtual features cost more than they save.
CPU = "qemu64,+x2apic,+tsc-deadline,-kvm-asyncpf,-kvm-asyncpf-int,-kvm-steal-time,-pni"
# Nothing is measured at boot: a loop of so many instructions would take minutes.
APPEND = "acpi=off no_timer_check tsc=reliable lpj=1000000 nokaslr mitigations=off nopti"
# For init, which hands it on. In user mode CPUID is the host's; the kernel saves no AVX.
TUNABLES = "GLIBC_TUNABLES=glibc.cpu.hwcaps=" + ",".join(
    f"-{name}" for name in ("AVX", "AVX2", "AVX2_Usable", "AVX512F", "ERMS", "XSAVE", "XSAVEC"))

# Nobody has switched the device's memory on where a kernel starts without a BIOS.
ENABLE = ("for dir in /sys/bus/pci/devices/*; do ! grep -q 0x1110 $dir/device || "
          "echo 1 >$dir/enable; done")

# Seconds that a guest may take to boot where kernel mode is interpreted.
BOOT = 300.0


@functools.cache
def kernel() -> initramfs.Kernel:
    """The kernel for such a KVM; skips the test where nobody has built it."""
    done = subprocess.run([BUILD, "-n", VARIANT], capture_output=True, text=True, check=False)
    if done.returncode:
        skip(f"this KVM interprets kernel mode and needs a kernel of its own: {done.stderr}")
    home = done.stdout.strip()
    require_file(os.path.join(home, "complete"), "run tests/kernel/for_kvm.sh, or make check")
    return initramfs.own_kernel(home)


class KvmMachine(Machine):
    """A machine whose guest boots under the KVM of this host."""

    def boot(self, module: bool = True) -> Machine:
        """A guest that was saved has booted, and has the modules that it has."""
        if not self.state:
            return super().boot(module)
        migration.wait_running(self.qemu)
        return self

    def system(self) -> list[str]:
        """QEMU's arguments: kind of processor and what the guest boots."""
        if not host_kvm.interprets():
            return super().system()
        spec = self.spec
        image, initrd = initramfs.build(spec.with_module, spec.extras, kernel())
        return ["-cpu", CPU, "-bios", "qboot.rom", "-kernel", image.image, "-initrd", initrd,
                "-append", f"console=ttyS0 quiet {APPEND} {TUNABLES} {spec.append}"]


def spec(**more: object) -> Spec:
    """What such a machine is made from; skips the test where there is no KVM."""
    why = host_kvm.reason()
    if why:
        skip(why)
    machine, memory = ("pc", 128) if host_kvm.interprets() else ("q35", 256)
    # KSM drops the witness's protection of what it merges
    return Spec(**{"accel": "kvm", "memory_mib": memory, "smp": 1,
                   "machine": f"{machine},mem-merge=off",
                   "extras": initramfs.Extras(own=PROGRAMS),
                   **more})  # type: ignore[arg-type]
