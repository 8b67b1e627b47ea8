# SPDX-License-Identifier: GPL-2.0
"""
What the KVM of this machine can run. Run as a program it prints "ordinary", "interpreting" or
"none", for shell scripts.
"""
from __future__ import annotations

import os
import re


def reason() -> str | None:
    """Why there is no KVM here, None when there is."""
    try:
        os.close(os.open("/dev/kvm", os.O_RDWR))
    except OSError as error:
        return f"no KVM: /dev/kvm: {error.strerror}"
    return None


def processor() -> str:
    """Model and features of the first processor, as /proc/cpuinfo has them."""
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as cpuinfo:
        first = cpuinfo.read().split("\n\n", 1)[0]
    return "\n".join(line for line in first.splitlines()
                     if line.startswith(("vendor_id", "model name", "flags")))


def interprets() -> bool:
    """
    Is kernel mode interpreted, instruction by instruction? So it is where KVM works although
    the processor has no virtualization. Such a KVM boots no distribution's kernel.
    """
    return reason() is None and not re.search(r"\b(vmx|svm)\b", processor())


def kind() -> str:
    """In one word."""
    if reason() is not None:
        return "none"
    return "interpreting" if interprets() else "ordinary"


if __name__ == "__main__":
    print(kind())
