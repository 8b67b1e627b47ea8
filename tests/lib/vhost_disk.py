# SPDX-License-Identifier: GPL-2.0
"""
A disk of another process, which has the guest's memory mapped: vhost-user of
qemu-storage-daemon.
"""
from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from .patience import wait_for
from .program import Program
from .result import skip

DAEMON = "qemu-storage-daemon"


@contextmanager
def vhost_disk(directory: str, size: int) -> Iterator[list[str]]:
    """The arguments for the QEMU that gets a disk of `size` bytes; one QEMU at a time."""
    if not shutil.which(DAEMON):
        skip(f"no {DAEMON}; run tests/deps.sh check")
    disk, sock = (os.path.join(directory, name) for name in ("disk", "disk.sock"))
    with open(disk, "wb") as file:
        file.truncate(size)
    with Program([DAEMON, "--blockdev", f"driver=file,node-name=disk,filename={disk}",
                  "--export", "type=vhost-user-blk,id=disk,node-name=disk,writable=on,"
                  f"addr.type=unix,addr.path={sock}"]) as daemon:
        wait_for(lambda: os.path.exists(sock), lambda: f"the daemon: {daemon.log()}")
        yield ["-chardev", f"socket,id=disk,path={sock}",
               "-device", "vhost-user-blk-pci,chardev=disk,num-queues=1"]
