#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
ACCEL: which accelerator guests get on which machine, what is refused and with which words, and
that QEMU is given that one alone. Machines are made up; no guest is started.
"""
from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from unittest import mock

TESTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
sys.path[:0] = [TESTS, os.path.join(TESTS, "demo")]

# pylint: disable=wrong-import-position
import settings  # noqa: E402
from lib import accel, arch, host_kvm, initramfs, patience  # noqa: E402
from lib.machine import Machine, Spec  # noqa: E402
from lib.result import Failure, Skip, check, run, step  # noqa: E402

NONE, INTERPRETING, ORDINARY = "none", "interpreting", "ordinary"
DENIED = "no KVM: /dev/kvm: Permission denied"


@contextmanager
def machine(kind: str, name: str | None = None) -> Iterator[None]:
    """A machine with such a KVM, and ACCEL as somebody has set it."""
    environment = {key: value for key, value in os.environ.items()
                   if key not in (accel.VARIABLE, "FREEHINT_TEST_KERNEL")}
    if name is not None:
        environment[accel.VARIABLE] = name
    with mock.patch.dict(os.environ, environment, clear=True), \
            mock.patch.object(host_kvm, "reason", lambda: DENIED if kind == NONE else None), \
            mock.patch.object(host_kvm, "processor",
                              lambda: "flags : fpu vmx" if kind == ORDINARY else "flags : fpu"):
        yield


def refused(action: Callable[[], object], *words: str) -> None:
    """It fails, and says all these words."""
    try:
        action()
    except Failure as failure:
        missing = [word for word in words if word not in str(failure)]
        check(not missing, f"{missing} is not in: {failure}")
        return
    check(False, f"not refused; {words} should have been said")


def names() -> None:
    """TCG unless somebody says something else; anything but a name is refused, lists too."""
    for text, expected in (None, "tcg"), ("", "tcg"), ("tcg", "tcg"), ("kvm", "kvm"):
        with machine(ORDINARY, text):
            check(accel.chosen() == expected, f"ACCEL={text} is {accel.chosen()}")
            check(Spec().accel == expected, f"with ACCEL={text} a guest has {Spec().accel}")
    for text in "foo", "KVM", "kvm:tcg", "kvm,thread=single", " kvm":
        with machine(ORDINARY, text):
            refused(accel.chosen, f"ACCEL={text}:", "tcg or kvm")
            refused(Spec, f"ACCEL={text}:")
    step("names")


def usable() -> None:
    """KVM that is not there is refused, with what to do; TCG never is."""
    for kind in NONE, INTERPRETING, ORDINARY:
        with machine(kind):
            check(not accel.refusal("tcg", True), f"TCG is refused on {kind}")
            check(accel.fastest() == ("kvm" if kind == ORDINARY else "tcg"),
                  f"the fastest on {kind} is {accel.fastest()}")
    with machine(NONE):
        refused(lambda: accel.require("kvm"), "Permission denied", "group kvm", "ACCEL=tcg")
    with machine(INTERPRETING):
        check(not accel.refusal("kvm"), "the tests' own kernel is refused")
        refused(lambda: accel.require("kvm", True), "interprets", "vmx nor svm", "ACCEL=tcg")
    with machine(ORDINARY):
        check(accel.require("kvm", True) == "kvm", "KVM is refused")
    step("machines")


def demo_and_bench() -> None:
    """They take what is fastest, or what they are told, and never something else instead."""
    for kind, wanted, name, expected in (
            (ORDINARY, "", None, "kvm"), (ORDINARY, "", "tcg", "tcg"),
            (ORDINARY, "tcg", "kvm", "tcg"), (INTERPRETING, "", None, "tcg"),
            (NONE, "", None, "tcg")):
        with machine(kind, name):
            found = settings.accelerator(wanted)
            check(found == expected, f"{kind}, --accel {wanted}, ACCEL={name}: {found}")
            check(Spec().accel == expected, f"guests have {Spec().accel}, not {expected}")
    with machine(INTERPRETING, "kvm"):
        refused(lambda: settings.accelerator(""), "interprets")
    with machine(NONE):
        refused(lambda: settings.accelerator("kvm"), "Permission denied")
    step("demo and bench")


def command_line(name: str) -> list[str]:
    """What QEMU would be started with."""
    kernel = initramfs.Kernel("1", "/vmlinuz", "/config")
    with mock.patch.object(initramfs, "build", lambda *_: (kernel, "/initrd")), \
            mock.patch.object(initramfs, "interpreted_kernel", lambda: kernel):
        vm = Machine(Spec(accel=name, extension=False), name="accel")
        try:
            return vm.arguments()
        finally:
            vm.stop()


def qemu() -> None:
    """One accelerator, and a processor and a kernel that go with it."""
    for kind, name, cpu in ((ORDINARY, "kvm", "host"), (ORDINARY, "tcg", "max,-erms,-fsrm"),
                            (INTERPRETING, "tcg", "max,-erms,-fsrm"),
                            (ORDINARY, "kvm,dirty-ring-size=4096", "host")):
        with machine(kind):
            args = command_line(name)
            check([args[at + 1] for at, arg in enumerate(args) if arg == "-accel"] == [name],
                  f"accelerators of {name}: {args}")
            check(args[args.index("-cpu") + 1] == cpu, f"processor with {name}: {args}")
    with machine(INTERPRETING):
        check("qboot.rom" in command_line("kvm"), "an ordinary kernel on an interpreting KVM")
    step("QEMU's arguments")


def kernels_and_skips() -> None:
    """The kernel goes with the machine; what that kernel cannot do is skipped, with reasons."""
    own = initramfs.Kernel("1", "/vmlinux", "/config", "/home")
    with mock.patch.object(initramfs, "interpreted_kernel", lambda: own):
        with machine(INTERPRETING, "kvm"):
            check(initramfs.find_kernel() is own, "not the tests' own kernel")
            try:
                accel.needs_distribution("ACPI")
                check(False, "a test that needs ACPI is not skipped")
            except Skip as skipped:
                check("no ACPI" in str(skipped), f"the reason is: {skipped}")
    for kind, name in (INTERPRETING, None), (ORDINARY, "kvm"), (NONE, None):
        with machine(kind, name):
            accel.needs_distribution("ACPI")
    step("kernels")


def foreign_guests() -> None:
    """No KVM runs guests of another architecture, and the fastest for them is TCG."""
    foreign = arch.KNOWN["amd64" if arch.MACHINES.get(platform.machine()) == "arm64" else "arm64"]
    with machine(ORDINARY), mock.patch.dict(os.environ, {arch.VARIABLE: foreign.name}):
        check(accel.fastest() == "tcg", f"{foreign.name} guests run with {accel.fastest()}")
        refused(lambda: accel.require("kvm"), f"no KVM for {foreign.name}", "ACCEL=tcg")
        args = command_line("tcg")
        check(args[args.index("-cpu") + 1] == foreign.cpus["tcg"], f"processor: {args}")
        check(foreign.machine in args[args.index("-machine") + 1], f"machine: {args}")
    with machine(ORDINARY), mock.patch.dict(os.environ, {arch.VARIABLE: "s390x"}):
        refused(arch.chosen, "s390x: not known", "amd64 or arm64")
    step("guests of another architecture")


def time_limits() -> None:
    """Waits are longer and links slower where guests are slower, and as ever elsewhere."""
    with machine(ORDINARY):
        usual = patience.seconds(10)
    for kind, name in (ORDINARY, "kvm"), (INTERPRETING, None), (INTERPRETING, "tcg"):
        with machine(kind, name):
            check(patience.seconds(10) == usual, f"{kind}, {name}: another patience")
            check(accel.writes_slower(accel.chosen()) == 1, f"{kind}, {name}: slower links")
    with machine(INTERPRETING, "kvm"):
        check(patience.seconds(10) == usual * accel.slower("kvm") > usual, "no more patience")
        check(accel.writes_slower("kvm") > 1, "links as fast as for other guests")
    step("time limits")


def runner() -> None:
    """The runner refuses before its first test; so does make, before it builds anything."""
    with tempfile.TemporaryDirectory(prefix="freehint-accel-") as logs:
        for command in (["tests/run.sh", "build/test_layout_elsewhere"],
                        ["make", "check", "DEPS=no"], ["make", "demo", "DEPS=no"]):
            done = subprocess.run(
                command, cwd=os.path.join(TESTS, ".."), text=True, check=False,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                env=os.environ | {accel.VARIABLE: "foo", "TEST_LOGS": f"{logs}/logs"})
            check(done.returncode == 2 and "ACCEL=foo: not an accelerator" in done.stdout,
                  f"{command} ended with {done.returncode}:\n{done.stdout}")
        check(not os.listdir(logs), f"the runner has begun: {os.listdir(logs)}")
    step("refused before anything is done")


def main() -> None:
    """The decision, then who obeys it."""
    for part in (names, usable, demo_and_bench, qemu, kernels_and_skips, foreign_guests,
                 time_limits, runner):
        part()


if __name__ == "__main__":
    run(main)
