#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
test_content with arm64 guests: the module on another architecture, whose memory begins at
1 GiB, whose firmware enables no device, and whose processor orders memory weakly. Extension
and agent are those of this machine. `make check-arm64` runs the other tests with such guests.
"""
from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import accel, arch  # noqa: E402
from lib.result import run, skip  # noqa: E402

NAME = "arm64"
# What the caller has chosen is for guests of the architecture that they test.
CHOICES = ("FREEHINT_TEST_QEMU", "FREEHINT_TEST_KERNEL")


def main() -> None:
    """Before anything is imported that asks for the architecture."""
    if arch.chosen().name == NAME:
        skip(f"{arch.VARIABLE}={NAME}: test_content is the same")
    for choice in CHOICES:
        if os.environ.get(choice):
            skip(f"{choice} is set, and not for {NAME}")
    os.environ[arch.VARIABLE] = NAME
    refused = accel.refusal(accel.chosen())
    if refused:
        skip(refused)
    import test_content  # pylint: disable=import-outside-toplevel
    test_content.main()


if __name__ == "__main__":
    run(main)
