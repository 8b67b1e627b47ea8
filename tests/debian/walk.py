# SPDX-License-Identifier: GPL-2.0
"""
What an administrator does on a Debian host, with each command counted, and what AppArmor says.
"""
from __future__ import annotations

import os
import re
import time

from domain import Domain, Nested
from host import MEDIA, Host, check, paths, step

APT = "DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0"
LOCAL = "/etc/apparmor.d/local/abstractions/libvirt-qemu"
PAGE = os.path.join(paths.ROOT, "docs", "libvirt.md")


class Walk:
    """From nothing to a hinted migration."""

    def __init__(self) -> None:
        self.commands = 0
        self.seconds = 0.0

    def do(self, here: Host, command: str, timeout: float = 300.0) -> str:
        """One command of the administrator on a host."""
        return self._counted(lambda: here.must(command, timeout), here.name, command)

    def in_guest(self, guest: Nested, command: str) -> str:
        """One in the guest."""
        return self._counted(lambda: guest.must(command, 120), "guest", command)

    def _counted(self, do, where: str, command: str) -> str:  # type: ignore[no-untyped-def]
        began = time.monotonic()
        said = do()
        took = time.monotonic() - began
        self.commands += 1
        self.seconds += took
        step(f"{where}: {command.removeprefix(APT).strip()} ({took:.0f} s)")
        return said

    def tell(self) -> None:
        """So far."""
        step(f"{self.commands} commands, which took {self.seconds / 60:.1f} minutes emulated")


def sources(here: Host, *names: str) -> None:
    """What apt knows from now on: directories of the second disk."""
    lines = "".join(f"deb [trusted=yes] file:{MEDIA}/{name} ./\\n" for name in names)
    here.must(f"rm -f /etc/apt/sources.list; printf '{lines}' >/etc/apt/sources.list.d/media.list; "
              "apt-get -q -o APT::Update::Error-Mode=any update", 120)


def documented() -> list[str]:
    """AppArmor's lines in docs/libvirt.md."""
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    block = page[page.index(LOCAL):]
    lines = re.findall(r"^ {6}(/\S+ \w+,)$", block[:block.index("seccomp")], re.MULTILINE)
    check(len(lines) == 3, f"{PAGE} has these lines: {lines}")
    return lines


def allow(here: Host, lines: list[str] | tuple[str, ...]) -> None:
    """These and no others."""
    here.must(f"printf '%s\\n' {' '.join(repr(line) for line in lines)} >{LOCAL}")


def denials(here: Host) -> list[str]:
    """What AppArmor has denied since `dmesg -C`: operation, profile, name."""
    said = here.must("dmesg | grep 'apparmor=\"DENIED\"' || true")
    found = re.findall(r'operation="(\w+)" profile="(\w+).*?" name="(.*?)"', said)
    return [f"{profile}: {what} {name}" for what, profile, name in dict.fromkeys(found)]


def attached(here: Host, domain: Domain, known: int) -> None:
    """One more time than before, and the unit is up."""
    domain.wait_said(here, "attached", known + 1)
    check(domain.state(here) == "active", f"{domain.unit} is {domain.state(here)}")
