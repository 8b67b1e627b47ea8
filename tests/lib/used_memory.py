# SPDX-License-Identifier: GPL-2.0
"""
Memory of a guest that must arrive whole: a process whose pages prove themselves, and
a file in tmpfs. What is measured is worth something only if this is still there.
"""
from __future__ import annotations

import time

from .machine import Machine
from .result import check

USED_MIB = 24
FILE_MIB = 8
PAGES = (USED_MIB + FILE_MIB) * 256


class UsedMemory:
    """Made in one machine, proved in another."""

    def __init__(self, vm: Machine) -> None:
        """Write it. The process is stopped then, for the guest shall be idle."""
        guest = vm.guest
        guest.spawn("pagecheck", f"pagecheck {USED_MIB}M /run/pagecheck idle")
        while guest.numbers("/run/pagecheck").get("passes", 0) < 1:
            time.sleep(0.2)
        guest.must("kill -STOP $(cat /run/pagecheck.pid)")
        guest.must(f"dd if=/dev/urandom of=/tmp/file bs=1M count={FILE_MIB} 2>/dev/null")
        self._checksum = guest.must("sha256sum /tmp/file", 60)

    def prove(self, vm: Machine) -> None:
        """Let the destination's guest look at every page."""
        guest = vm.guest
        before = guest.numbers("/run/pagecheck")
        guest.must("kill -CONT $(cat /run/pagecheck.pid)")
        deadline = time.monotonic() + 60
        while True:
            now = guest.numbers("/run/pagecheck")
            if now.get("passes", 0) >= before["passes"] + 2:
                break
            check(time.monotonic() < deadline, "the guest's pagecheck does not go on")
            time.sleep(0.2)
        check(now["mismatches"] == 0, f"{now['mismatches']} used pages arrived wrong")
        found = guest.must("sha256sum /tmp/file", 60)
        check(found == self._checksum, "the file in tmpfs arrived wrong")
