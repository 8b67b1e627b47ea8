# SPDX-License-Identifier: GPL-2.0
"""
Guests of a KVM that interprets kernel mode: the kernel of tests/kernel/interpreted.config, and
how QEMU boots it.

There a million instructions a second are executed in kernel mode, and user mode runs at
full speed: a system call or a first touch of a page takes milliseconds, and so does freehint.ko
for each few hundred pages that it looks at.
"""
from __future__ import annotations

from . import initramfs

# What the interpreter has code for; the paravirtual features cost more than they save.
CPU = ("qemu64,vendor=AuthenticAMD,+x2apic,+tsc-deadline,-kvm-asyncpf,-kvm-asyncpf-int,"
       "-kvm-steal-time,-pni")
# Nothing is measured at boot: a loop of so many instructions would take minutes. Nor is memory
# protected or filled that need not be.
APPEND = ("acpi=off no_timer_check tsc=reliable lpj=1000000 nokaslr mitigations=off nopti "
          "rodata=off retain_initrd")
# For init, which hands it on. In user mode CPUID is the host's; the kernel saves no AVX.
TUNABLES = "GLIBC_TUNABLES=glibc.cpu.hwcaps=" + ",".join(
    f"-{name}" for name in ("AVX", "AVX2", "AVX2_Usable", "AVX512F", "ERMS", "XSAVE", "XSAVEC"))

# Nobody has switched the device's memory on where a kernel starts without a BIOS. The shell does
# it alone: another program takes a second to start.
ENABLE = ("for dir in /sys/bus/pci/devices/*; do read -r id <$dir/device; "
          "[ $id != 0x1110 ] || echo 1 >$dir/enable; done")

# Seconds that a guest may take to boot.
BOOT = 300.0


def arguments(with_module: bool, extras: initramfs.Extras, append: str) -> list[str]:
    """QEMU's arguments: kind of processor and what the guest boots."""
    image, initrd = initramfs.build(with_module, extras, initramfs.interpreted_kernel())
    return ["-cpu", CPU, "-bios", "qboot.rom", "-kernel", image.image, "-initrd", initrd,
            "-append", f"console=ttyS0 quiet {APPEND} {TUNABLES} {append}"]
