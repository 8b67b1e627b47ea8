#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A module that was built for a kernel newer than any that was tried, or for one that
remembers which of its free pages are zero, refuses; both sides say why; and the
administrator of the guest may go on at their own risk.
"""
# time limit: 600 s
from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass

from support import Hops, check, check_kernel, expect_refusal, step, wait_for
from lib import initramfs
from lib.headers import Headers
from lib.machine import Machine, Spec
from lib.result import run
from lib.soak import factor, seeded

PARAMETER = "/sys/module/freehint/parameters/allow_untested_kernel"


@dataclass(frozen=True)
class Case:
    """
    A kernel that does not exist.

    name      of the module's file
    fake      makes its headers
    refusal   as x-query-freehint spells it
    host      what the host says
    guest     what the guest's log says
    allowed   contract when it is allowed
    """

    name: str
    fake: Callable[[Headers], None]
    refusal: str
    host: str
    guest: str
    allowed: str


def prezero(name: str, fake: Callable[[Headers], None]) -> Case:
    """A kernel that remembers which free pages are zero, in one way or another."""
    return Case(name, fake, "prezero", "records which free pages are zero",
                "this kernel records which free pages are zero", "zero")


CASES = (
    Case("newer", lambda headers: headers.set_version(7, 4), "kernel",
         "kernel is newer than any", "this kernel is newer than 7.3", "dead"),
    prezero("config", lambda headers: headers.set_config("PAGE_PREZERO")),
    prezero("flag", lambda headers: headers.add_page_flag("PG_zeroed")),
)


def build(case: Case, kernel: initramfs.Kernel, directory: str) -> tuple[str, str]:
    """The module for a case: its path in the guest, its path here."""
    headers = Headers(kernel, f"{directory}/{case.name}")
    case.fake(headers)
    target = headers.build(f"{directory}/{case.name}/{case.name}.ko")
    return f"modules/{case.name}.ko", target


def contract(vm: Machine) -> str | None:
    """What the guest says of itself, None while it says nothing."""
    return vm.query()["guest"].get("contract")


def refuses(vm: Machine, case: Case) -> None:
    """The module refuses, and both sides report the reason."""
    wait_for(lambda: contract(vm), "the module's hello")
    check(contract(vm) == "refused", f"{case.name}: the contract is {contract(vm)}")
    expect_refusal(vm.qmp, "x-freehint-start", case.host)
    query = vm.query()
    check(query["guest"]["refusal"] == case.refusal, f"{case.name}: query says {query}")
    log = vm.guest.must("dmesg -c")
    check(f"no page will be reported, {case.guest}" in log,
          f"{case.name}: the guest's log does not say why not:\n{log}")


def allowed(vm: Machine, case: Case) -> None:
    """allow_untested_kernel=1 permits hints, and 0 refuses them again."""
    vm.guest.must(f"echo 1 >{PARAMETER}")
    wait_for(lambda: contract(vm) == case.allowed, f"the contract {case.allowed}")
    vm.start_hints()
    vm.qmp.command("x-freehint-stop")
    vm.guest.must(f"echo 0 >{PARAMETER}")
    wait_for(lambda: contract(vm) == "refused", "the refusal to come back")


def drawn() -> tuple[Case, ...]:
    """
    The newer kernel, and one of those that remember: a module is built for each, which takes
    longer than all the rest. The soak has all.
    """
    newer, *prezeros = CASES
    return CASES if factor() > 1 else (newer, seeded().choice(prezeros))


def main() -> None:
    """One boot, a module for each case."""
    kernel, cases = initramfs.find_kernel(), drawn()
    with tempfile.TemporaryDirectory(prefix="freehint-headers-") as directory:
        files = tuple(build(case, kernel, directory) for case in cases)
        spec = Spec(memory_mib=512, extras=initramfs.Extras(files=files))
        with Hops(spec, module=False) as hops:
            for case in cases:
                hops.here.guest.must(f"insmod /modules/{case.name}.ko")
                refuses(hops.here, case)
                allowed(hops.here, case)
                hops.here.unload_module()
                step(f"{case.name}: refused, and allowed as {case.allowed}")
            check_kernel(hops.here.guest)


if __name__ == "__main__":
    run(main)
