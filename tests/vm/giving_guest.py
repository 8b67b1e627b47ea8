# SPDX-License-Identifier: GPL-2.0
"""
A Linux guest whose memory is a file and whose host is the test: it gives memory back without
extension and agent.
"""
from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from support import check_kernel, free_mib, wait_for
from lib.guest import Guest
from lib.initramfs import BALLOON_MODULES, Extras
from lib.machine import Machine, Spec
from lib.played_host import Offer, PlayedHost
from lib.saved_state import booted, is_common

MEMORY_MIB = 768


@contextmanager
def guest_of_ours(append: str = "", extra: list[str] | None = None,
                  balloon: bool = False) -> Iterator[tuple[Machine, PlayedHost]]:
    """A guest without extension and agent whose memory is a file; the module is loaded."""
    with tempfile.NamedTemporaryFile(prefix="freehint-ram-", dir="/dev/shm") as memory:
        spec = Spec(memory_mib=MEMORY_MIB, extension=False, append=append, lifetime=600,
                    backend="memory-backend-file", extra=extra or [],
                    backend_opts=f",mem-path={memory.name},share=on",
                    extras=Extras(modules=BALLOON_MODULES if balloon else ()))
        state = booted(spec) if is_common(spec) else None
        with Machine(spec, name="given", state=state) as vm:
            vm.boot(module=False)
            # a state that is loaded has a region without a host
            host = PlayedHost(vm.shm, memory.name)
            if balloon:
                vm.load_balloon()
            vm.load_module()
            try:
                yield vm, host
                check_kernel(vm.guest)
            except BaseException:
                print("\n".join(vm.console().splitlines()[-40:]))
                raise


def use_and_free(vm: Machine) -> None:
    """Write nearly all free memory and free it: it has not been reported since."""
    vm.guest.must(f"memfill {free_mib(vm.guest) * 3 // 4}M", 120)


def take_one(host: PlayedHost, other_than: int = 0) -> Offer:
    """Take an offer; the guest withdraws one that a busy host does not take within a second."""
    def taken() -> Offer | None:
        offer = host.wait_offer(other_than)
        return offer if host.take(offer.sequence) else None

    return wait_for(taken, "an offer that stands", 60, 0.001)


def page_kib(guest: Guest) -> int:
    """Of the guest's kernel."""
    return int(guest.must("sed -n 's/^KernelPageSize: *//p' /proc/self/smaps").split()[0])
