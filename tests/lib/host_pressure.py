# SPDX-License-Identifier: GPL-2.0
"""
Memory pressure of this machine for as long as a test needs it: programs read a file again and
again in a control group that has far too little memory for it, and nobody else is short.
"""
from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from .qemu import die_with_parent
from .result import skip

HOST = "/proc/pressure/memory"
# Version 2 and 1 of control groups: where they are, what they call the limit.
UNIFIED = ("/sys/fs/cgroup", "memory.max")
LEGACY = ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
LIMIT_MIB = 16
FILE_MIB = 256
READERS = 2
# Page by page, without reading ahead: each page waits for another to be reclaimed.
READ = """
import mmap, os, sys
with open(sys.argv[1] + "/cgroup.procs", "w") as procs:
    procs.write(str(os.getpid()))
with open(sys.argv[2], "rb") as file:
    pages = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
pages.madvise(mmap.MADV_RANDOM)
while True:
    for at in range(0, len(pages), mmap.PAGESIZE):
        pages[at]
"""


def _hierarchy() -> tuple[str, str]:
    """Where groups with a limit of memory can be made here."""
    try:
        with open(os.path.join(UNIFIED[0], "cgroup.subtree_control"), encoding="ascii") as file:
            if "memory" in file.read().split():
                return UNIFIED
    except OSError:
        pass
    return LEGACY


@contextmanager
def small_group() -> Iterator[tuple[str, str]]:
    """A control group with LIMIT_MIB; yields its directory and the file that has its pressure."""
    root, limit = _hierarchy()
    try:
        with open(HOST, encoding="ascii") as file:
            file.read()
        group = tempfile.mkdtemp(prefix="freehint-test-", dir=root)
    except OSError as error:
        skip(f"no memory pressure can be made here: {error}")
    try:
        with open(os.path.join(group, limit), "w", encoding="ascii") as file:
            file.write(str(LIMIT_MIB << 20))
        own = os.path.join(group, "memory.pressure")
        yield group, own if os.path.exists(own) else HOST
    except FileNotFoundError as error:
        skip(f"no memory pressure can be made here: {error}")
    finally:
        os.rmdir(group)


@contextmanager
def pressure(group: str) -> Iterator[None]:
    """Tasks of the group wait for memory as long as this lasts."""
    with tempfile.TemporaryFile() as file:
        file.truncate(FILE_MIB << 20)
        path = f"/proc/{os.getpid()}/fd/{file.fileno()}"
        readers = [subprocess.Popen([sys.executable, "-c", READ, group, path],
                                    preexec_fn=die_with_parent)
                   for _ in range(READERS)]
        try:
            yield
        finally:
            for reader in readers:
                reader.kill()
                reader.wait()
