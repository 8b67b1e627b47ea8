# SPDX-License-Identifier: GPL-2.0
"""
Memory of a guest that must arrive whole: a process whose pages verify themselves, and
a file in tmpfs. What is measured is worth something only if this is still there.
"""
from __future__ import annotations

from . import patience
from .guest import Guest
from .machine import Machine
from .result import check

USED_MIB = 24
FILE_MIB = 8
PAGES = (USED_MIB + FILE_MIB) * 256


class SleepingPages:
    """A process whose pages verify themselves, stopped whenever nobody looks at them."""

    def __init__(self, guest: Guest, mib: int, name: str = "pagecheck") -> None:
        """Start it, wait until all is written, stop it."""
        self._name = name
        # an emulated processor writes a hundred MiB a second at least
        self._pass_s = 30 + mib / 100
        guest.spawn(name, f"pagecheck {mib}M /run/{name} idle")
        self._wait_passes(guest, 1)
        guest.must(f"kill -STOP $(cat /run/{name}.pid)")

    def _wait_passes(self, guest: Guest, count: int) -> dict[str, int]:
        """Wait until it has looked at its pages once or twice more; returns its numbers."""
        def passed() -> dict[str, int]:
            now = guest.numbers(f"/run/{self._name}")
            return now if now.get("passes", 0) >= count else {}

        return patience.wait_for(passed, f"the guest's {self._name} to go on",
                                 2 * self._pass_s, 0.2)

    def verify(self, guest: Guest) -> None:
        """Let it look at every page, wherever the guest is now; it goes on afterwards."""
        before = guest.numbers(f"/run/{self._name}")["passes"]
        guest.must(f"kill -CONT $(cat /run/{self._name}.pid)")
        now = self._wait_passes(guest, before + 2)
        check(now["mismatches"] == 0,
              f"{now['mismatches']} pages of {self._name} arrived wrong: {now}")


class UsedMemory:
    """Made in one machine, verified in another."""

    def __init__(self, vm: Machine) -> None:
        """Write it. The process is stopped then, for the guest shall be idle."""
        guest = vm.guest
        self._pages = SleepingPages(guest, USED_MIB)
        guest.must(f"dd if=/dev/urandom of=/tmp/file bs=1M count={FILE_MIB} 2>/dev/null")
        self._checksum = guest.must("sha256sum /tmp/file", 60)

    def verify(self, vm: Machine) -> None:
        """Let the destination's guest look at every page."""
        self._pages.verify(vm.guest)
        found = vm.guest.must("sha256sum /tmp/file", 60)
        check(found == self._checksum, "the file in tmpfs arrived wrong")
