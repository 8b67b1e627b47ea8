# SPDX-License-Identifier: GPL-2.0
"""
The accelerator of Linux guests: ACCEL=tcg or ACCEL=kvm, a make variable or in the
environment. The vm group, the demo and the bench ask here, and nowhere else. QEMU gets the
one name, so that it cannot fall back to the other.

Run as a program it says on stderr what ACCEL means on this machine, with status 2 what is
wrong with it, and prints how many times as long as elsewhere guests take. The argument
"distribution" is for callers whose guests need a distribution's kernel.
"""
from __future__ import annotations

import os
import sys

if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import arch, host_kvm
from lib.result import Failure, Skip, check

VARIABLE = "ACCEL"
NAMES = ("tcg", "kvm")

# Guests whose kernel mode is interpreted take so many times as long for what a test waits for.
INTERPRETED_SLOWER = 4
# And write so much less memory in a second: each first write of a page costs milliseconds.
INTERPRETED_WRITES = 64

INTERPRETS = ("this KVM interprets the guest's kernel mode (/proc/cpuinfo has neither vmx nor "
              "svm) and boots no distribution's kernel")
ELSEWHERE = "run it on a host with vmx or svm, or with ACCEL=tcg"
NO_KVM = ("ACCEL=kvm: {}; load kvm_intel or kvm_amd, switch virtualization on in the firmware, "
          "be root or in the group kvm; or use ACCEL=tcg")


def parse(text: str) -> str:
    """`text` if it is an accelerator's name; fails otherwise, also for a list of several."""
    check(text in NAMES, f"{VARIABLE}={text}: not an accelerator; use {' or '.join(NAMES)}")
    return text


def chosen() -> str:
    """What the tests of the vm group run with: what ACCEL says, TCG unless it says something."""
    return parse(os.environ.get(VARIABLE) or "tcg")


def fastest() -> str:
    """What the demo and the bench run with unless told: KVM where it runs any Linux."""
    return "kvm" if host_kvm.kind() == "ordinary" and not arch.chosen().foreign else "tcg"


def use(name: str) -> None:
    """Every Spec that is made from now on, and every program that is started, has this one."""
    os.environ[VARIABLE] = parse(name)


def interpreted(accel: str) -> bool:
    """Do guests with this accelerator need a kernel of their own? `accel` may have options."""
    return accel.split(",", maxsplit=1)[0] == "kvm" and host_kvm.interprets()


def refusal(accel: str, distribution: bool = False) -> str:
    """
    Why guests cannot run with `accel` here, and what to do, empty when they can;
    `distribution`: they have a distribution's kernel.
    """
    if accel != "kvm":
        return ""
    if arch.chosen().foreign:
        return (f"{VARIABLE}=kvm: this machine has no KVM for {arch.chosen().name} guests; use "
                f"{VARIABLE}=tcg")
    kind = host_kvm.kind()
    if kind == "none":
        return NO_KVM.format(host_kvm.reason())
    if kind == "interpreting" and distribution:
        return f"{VARIABLE}=kvm: {INTERPRETS}; {ELSEWHERE}"
    return ""


def require(accel: str, distribution: bool = False) -> str:
    """Returns `accel`; fails where guests cannot run with it."""
    wrong = refusal(accel, distribution)
    check(not wrong, wrong)
    return accel


def needs_distribution(what: str) -> None:
    """Skip a test that the tests' kernel for an interpreting KVM cannot run: it has no `what`."""
    if interpreted(chosen()):
        raise Skip(f"{VARIABLE}=kvm: the tests' kernel for a KVM that interprets kernel mode has "
                   f"no {what}; {ELSEWHERE}")


def slower(accel: str) -> int:
    """How many times as long as elsewhere guests take for what a test waits for."""
    return INTERPRETED_SLOWER if interpreted(accel) else 1


def writes_slower(accel: str) -> int:
    """How many times less memory than elsewhere guests write in a second."""
    return INTERPRETED_WRITES if interpreted(accel) else 1


def describe(accel: str) -> str:
    """For people, what a run is about to use."""
    if interpreted(accel):
        return (f"guests of the vm group run under KVM; {INTERPRETS}: they have the tests' own "
                "kernel, and tests that it cannot run are skipped")
    return f"guests of the vm group run under {accel.upper()}"


def main() -> int:
    """What ACCEL means, or what is wrong with it."""
    distribution = "distribution" in sys.argv[1:] or bool(
        os.environ.get("FREEHINT_TEST_KERNEL"))
    try:
        accel = require(chosen(), distribution)
    except Failure as failure:
        print(failure, file=sys.stderr)
        return 2
    print(describe(accel), file=sys.stderr)
    print(slower(accel))
    return 0


if __name__ == "__main__":
    sys.exit(main())
