# SPDX-License-Identifier: GPL-2.0
"""
How much memory this machine has to give. Some kernels give a page to whoever reads
memory that was never written, where others show the zero page: an idle guest's QEMU can
come to hold all that the guest has.
"""
from __future__ import annotations


def available_mib() -> int:
    """MemAvailable of this machine."""
    with open("/proc/meminfo", encoding="ascii") as meminfo:
        for line in meminfo:
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) // 1024
    return 0
