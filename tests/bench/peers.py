# SPDX-License-Identifier: GPL-2.0
"""
What a user can pick to make a migration shorter: freehint and its peers, as devices,
kernel options, migration capabilities, and what is done before and after.
"""
from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib.machine import Machine  # noqa: E402
from lib.patience import wait_for  # noqa: E402
from lib.tlb_reset import qemu_version  # noqa: E402

MIB = 1 << 20

# Left to a guest whose balloon is inflated.
MARGIN_MIB = 192
INFLATE_TIMEOUT = 300.0

# The guest's page reporting has come to rest when this process shrinks no more.
SETTLE_PERIOD = 2.5
SETTLE_TIMEOUT = 90.0


def _nothing(_vm: Machine) -> None:
    """No preparation."""


def _balloon_to(vm: Machine, mib: int) -> None:
    """Set the balloon's target and wait until the guest is there."""
    vm.qmp.command("balloon", value=mib * MIB)
    wait_for(lambda: abs(vm.qmp.command("query-balloon")["actual"] - mib * MIB) <= MIB,
             f"the balloon to be at {mib} MiB", INFLATE_TIMEOUT, 0.02)


def _inflate(vm: Machine) -> None:
    """Take from the guest what it does not use."""
    _balloon_to(vm, vm.spec.memory_mib - vm.guest.mem_free_mib() + MARGIN_MIB)


def _deflate(vm: Machine) -> None:
    """Give it back."""
    _balloon_to(vm, vm.spec.memory_mib)


def _settle(vm: Machine) -> None:
    """Wait until the guest has reported its free pages and QEMU has dropped them."""
    deadline = time.monotonic() + SETTLE_TIMEOUT
    before = vm.qemu.rss()
    while time.monotonic() < deadline:
        time.sleep(SETTLE_PERIOD)
        now = vm.qemu.rss()
        if before - now < before // 100:
            return
        before = now


def _report(vm: Machine) -> None:
    """freehint: the agent and the start command."""
    agent = vm.start_agent()
    vm.start_hints()
    agent.wait_said("attached")
    # A guest that was asked for nothing looks every 100 ms.
    time.sleep(0.2)


def _drop_and_report(vm: Machine) -> None:
    """The same after the guest has made its clean page cache free memory."""
    vm.guest.must("sync; echo 3 >/proc/sys/vm/drop_caches; "
                  "echo 1 >/proc/sys/vm/compact_memory", 120)
    _report(vm)


@dataclass(frozen=True)
class Peer:
    """
    One way to migrate.

    name     in the CSV and on the command line
    label    for people
    ours     freehint's parts are there
    balloon  options of a virtio-balloon-pci, None: there is none
    append   more kernel command line
    caps     migration capabilities of both sides
    params   migration parameters of both sides
    before   done on the source before the migration; its time is recorded
    after    done on the destination after it; likewise
    counts   those two times belong to the cost of the migration
    """

    name: str
    label: str
    ours: bool = False
    balloon: str | None = None
    append: str = ""
    caps: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    before: Callable[[Machine], None] = _nothing
    after: Callable[[Machine], None] = _nothing
    counts: bool = False


def _multifd() -> dict[str, Any]:
    """Four channels; since QEMU 9.0 they look for zero pages themselves."""
    params: dict[str, Any] = {"multifd-channels": 4}
    if qemu_version() >= (9, 0, 0):
        params["zero-page-detection"] = "multifd"
    return params


HINTING = "free-page-hint=on,iothread=io0"

PEERS = (
    Peer("none", "no hints"),
    Peer("multifd", "multifd", caps=("multifd",), params=_multifd()),
    Peer("balloon", "virtio-balloon hinting", balloon=HINTING),
    Peer("inflated", "balloon inflated", balloon="", before=_inflate, after=_deflate,
         counts=True),
    Peer("reporting", "free page reporting", balloon="free-page-reporting=on",
         before=_settle),
    Peer("init_on_free", "init_on_free=1", append="init_on_free=1"),
    Peer("freehint", "freehint", ours=True, before=_report),
    Peer("freehint-multifd", "freehint, multifd", ours=True, before=_report,
         caps=("multifd",), params=_multifd()),
    Peer("freehint-drop", "freehint, cache dropped", ours=True, before=_drop_and_report,
         counts=True),
)

BY_NAME = {peer.name: peer for peer in PEERS}
LABELS = {peer.name: peer.label for peer in PEERS} | {"limit": "limit"}
