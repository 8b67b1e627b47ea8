#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
`freehint doctor` on machines that are not the laboratory's: several QEMUs, one without the
device, a guest that keeps silent, an agent that runs as the wrong user.
"""
from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile

from baremetal import ROM, Machine, accelerators, build, check, run, step
from lib import qemu
from lib.tool import tool

OK, WRONG = 0, 3

# A QEMU of a tested series as RHEL builds it: what is asked of it here, and no more.
PRETENDER = r'''
#include <stdio.h>
#include <string.h>

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--version"))
        puts("QEMU emulator version 7.2.0");
    if (argc > 2 && !strcmp(argv[1], "-device"))
        puts("name \"virtio-net-pci\", bus PCI");
    return 0;
}
'''


def make_pretender(directory: str) -> str:
    """Compile it."""
    path = os.path.join(directory, "qemu-system-x86_64-pretender")
    subprocess.run(["gcc", "-x", "c", "-o", path, "-"], input=PRETENDER, text=True, check=True)
    return path


def check_every_qemu(directory: str) -> None:
    """All are looked at; one that can be used is enough."""
    pretender = make_pretender(directory)
    os.symlink(shutil.which(qemu.BINARY) or "", os.path.join(directory, "qemu-kvm"))
    text = tool("doctor", status=OK, PATH=directory)
    check(f"QEMU is {pretender}" in text and f"QEMU is {directory}/qemu-kvm" in text and
          "can be used" in text, f"not every QEMU is looked at: {text}")
    text = tool("doctor", "--qemu", pretender, status=WRONG)
    check("no device ivshmem-plain" in text, f"doctor on a QEMU without it: {text}")
    text = tool("doctor", "--qemu", "qemu-kvm", status=OK, PATH=directory)
    check("it has the device ivshmem-plain" in text and "pretender" not in text,
          f"doctor on one QEMU: {text}")
    script = os.path.join(directory, "script")
    with open(script, "w", encoding="ascii") as file:
        file.write("#!/bin/sh\nexec qemu\n")
    os.chmod(script, 0o755)
    text = tool("doctor", "--qemu", script, status=WRONG)
    check("is a script" in text, f"doctor on a script: {text}")
    step("every QEMU is looked at")


def check_machine(accel: str) -> None:
    """What can be known of a guest from outside."""
    with Machine(accel, name="vm", rom=ROM) as vm:
        vm.wait_boot()
        asked = ("doctor", "--qemu", qemu.BINARY, "--qmp", vm.spare_qmp, "--shm", vm.shm)
        text = tool(*asked, status=WRONG)
        for word in ("load freehint.ko", "another driver", "driver_override", "0000:00:02.0",
                     "refuses the guest's kernel", "freehint(4)", "userfaultfd"):
            check(word in text, f"doctor does not name {word}: {text}")
        for name in ("postcopy-ram", "x-ignore-shared"):
            check(f"{name} is set" not in text, text)
            vm.qmp.command("migrate-set-capabilities", capabilities=[
                {"capability": name, "state": True}])
            text = tool(*asked, status=WRONG)
            check(f"{name} is set" in text, f"doctor on {name}: {text}")
            vm.qmp.command("migrate-set-capabilities", capabilities=[
                {"capability": name, "state": False}])
        check_users(vm, asked)
        step("what can be known of a guest")


def check_users(vm: Machine, asked: tuple[str, ...]) -> None:
    """The agent's user: the owner may have everything, somebody else nothing."""
    me = pwd.getpwuid(os.geteuid()).pw_name
    text = tool(*asked, "--user", me, status=WRONG)
    check(f"user {me} can connect to {vm.spare_qmp}" in text and
          f"user {me} can read {vm.shm}" in text, f"doctor on {me}: {text}")
    text = tool(*asked, "--user", "nobody", status=WRONG)
    check(f"user nobody cannot connect to {vm.spare_qmp}" in text or os.geteuid(),
          f"doctor on nobody: {text}")
    text = tool(*asked, "--user", "freehint-nobody-has-this", status=WRONG)
    check("does not exist" in text, f"doctor on no user: {text}")


def check_usage() -> None:
    """A command is called as it is given."""
    for command in "doctor", "status", "migrate", "map", "dump":
        text = tool(command, "--help")
        check(text.startswith(f"Usage: freehint {command} "), text)


def test() -> None:
    """Without a guest, and with one."""
    build()
    check_usage()
    with tempfile.TemporaryDirectory(prefix="freehint-doctor-") as directory:
        check_every_qemu(directory)
    check_machine(accelerators()[0])


if __name__ == "__main__":
    run(test)
