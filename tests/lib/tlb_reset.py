# SPDX-License-Identifier: GPL-2.0
"""
Builds tests/vm/host/tlb_reset.c for QEMU series that need it; that file tells why.
"""
from __future__ import annotations

import functools
import os
import re
import subprocess

from . import paths
from .compile import compile_cached, for_this_machine
from .qemu import BINARY

CFLAGS = ["-shared", "-fPIC", "-fvisibility=hidden", "-O2", "-Wall", "-Wextra", "-Werror"]


@functools.cache
def qemu_version() -> tuple[int, ...]:
    """The version that `qemu --version` prints."""
    done = subprocess.run([BINARY, "--version"], capture_output=True, text=True, check=True)
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", done.stdout)
    return tuple(int(part) for part in found.groups()) if found else (0, 0, 0)


def arguments(accel: str) -> list[str]:
    """QEMU arguments that load the plugin, none where it is not needed."""
    if accel != "tcg" or qemu_version() >= (8, 0, 0):
        return []
    source = os.path.join(paths.ROOT, "tests", "vm", "host", "tlb_reset.c")
    return ["-plugin", f"file={compile_cached(source, CFLAGS, for_this_machine())}"]
