# SPDX-License-Identifier: GPL-2.0
"""
A domain on a Debian host (host.py): its XML, its agent's unit, and a shell in its guest, which is
emulated by what is emulated itself.
"""
from __future__ import annotations

import itertools
import json
import os
import re
import sys
import time
from typing import Any
from xml.sax.saxutils import escape

from host import MEDIA, Host, check, patience, step

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "vm"))

import test_libvirt as one  # noqa: E402
from lib.guest import Guest, GuestTimeout  # noqa: E402

MEMORY_MIB = 256
EMULATOR = "/usr/bin/qemu-system-x86_64"
CPU = "<cpu mode='custom' match='exact'><model>qemu64</model></cpu>"
# What its first program says when it listens.
UP = "freehint test guest is up"
# A domain without a guest, which is never run.
BARE = """<domain type='qemu'><name>{name}</name><memory unit='MiB'>32</memory>
<os><type arch='x86_64' machine='q35'>hvm</type></os>
<devices><emulator>{emulator}</emulator><memballoon model='none'/></devices></domain>"""

_ids = itertools.count(1)


def plain_xml(name: str) -> str:
    """A domain with the tests' guest."""
    return one.XML.format(kind="qemu", cpu=CPU, name=name, memory=MEMORY_MIB, home=one.HOME,
                          device="", commandline="", emulator=EMULATOR)


def bare_xml(name: str) -> str:
    """A domain to start paused."""
    return BARE.format(name=escape(name), emulator=EMULATOR)


def quoted(text: str) -> str:
    """For a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


def define(host: Host, xml: str) -> None:
    """Have libvirt know the domain."""
    host.must(f"cat >/run/domain.xml <<'END'\n{xml}\nEND\nvirsh define /run/domain.xml")


class Nested(Guest):
    """Commands in the guest on a host: each goes there by a command of the host."""

    def __init__(self, host: Host) -> None:
        super().__init__(f"{one.HOME}/control")
        self._host = host

    def close(self) -> None:
        """There is nothing to close."""

    def _ask(self, command: str, timeout: float, grace: float) -> tuple[int, str]:
        ident = f"{os.getpid()}.n{next(_ids)}"
        wait = timeout + grace
        _, said = self._host.shell.probe(
            f"bash {MEDIA}/tools/nested.sh {self.path} {int(wait) + 1} {ident} "
            f"{int(timeout * 1000)} {command.encode().hex()}", wait + 30)
        found = re.search(rf"FHA {ident} (\d+) ([0-9a-f]*) \d+ END", said)
        if not found:
            raise GuestTimeout(f"no answer to {command!r} of the guest on {self._host.name}")
        return int(found[1]), bytes.fromhex(found[2]).decode(errors="replace")


class Domain:
    """A domain by name, on whichever host it is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.word = quoted(name)
        plain = re.fullmatch(r"[A-Za-z0-9:_-][A-Za-z0-9:_.-]*", name)
        self.unit = f"freehint-agent@{name}.service" if plain else ""

    def unit_on(self, host: Host) -> str:
        """The agent's unit; systemd's own tool escapes what is not plain."""
        self.unit = self.unit or quoted(host.must(
            f"systemd-escape --template=freehint-agent@.service -- {self.word}").strip())
        return self.unit

    def show(self, host: Host, name: str) -> str:
        """A property of the agent's unit."""
        return host.must(f"systemctl show -P {name} {self.unit_on(host)}").strip()

    def state(self, host: Host) -> str:
        """Of the agent's unit."""
        return self.show(host, "ActiveState")

    def said(self, host: Host) -> str:
        """What the agent on this host has logged since the host was booted."""
        return host.must(f"journalctl -b --no-pager -o cat -u {self.unit_on(host)}")

    def wait_said(self, host: Host, text: str, times: int = 1, timeout: float = 60.0) -> None:
        """Until the agent has logged it so often."""
        patience.wait_for(lambda: self.said(host).count(text) >= times,
                          lambda: f"'{text}' {times} times: {self.said(host)}", timeout, 1.0)

    def gone(self, host: Host) -> None:
        """
        The agent's unit has ended, is not failed, and left nothing but the metrics of a guest that
        has moved away, which stay for a while.
        """
        patience.wait_for(lambda: self.state(host) == "inactive",
                          lambda: f"{self.unit}: {self.said(host)}", 60, 1.0)
        left = host.must("ls /run/systemd/system /run/freehint /run/freehint-metrics")
        stays = (".prom.moved", "~moved.prom")
        left = " ".join(word for word in left.split()
                        if not word.startswith("/run") and not word.endswith(stays))
        check(self.name not in left and self.unit.strip("'") not in left, f"left behind: {left}")

    def query(self, host: Host) -> dict[str, Any]:
        """x-query-freehint."""
        text = host.must(f"virsh qemu-monitor-command {self.word} "
                         "'{\"execute\":\"x-query-freehint\"}'")
        return json.loads(text[text.index("{"):text.rindex("}") + 1])["return"]

    def wait_guest(self, host: Host) -> Nested:
        """Until the guest's first program listens."""
        began = time.monotonic()
        host.until(f"grep -q '{UP}' {one.HOME}/console.log", "the guest to boot", 300)
        guest = Nested(host)
        guest.wait_boot()
        step(f"{host.name}: the guest has booted, {time.monotonic() - began:.0f} s of waiting")
        return guest
