#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
Memory comes back while the memory itself changes: a DIMM is plugged and unplugged and
virtio-mem is resized while the guest gives back all the time; the host backs the guest with
huge pages; in a soak KSM merges the guest's pages on the host. The guest's programs verify
what they have written meanwhile.
"""
from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

import events
from support import Hops, Work, attach_agent, check, fill, step, wait_for
from lib import accel, arch
from lib.machine import Machine
from lib.patience import comes_true, seconds
from lib.result import run
from lib.soak import factor, times
from lib.tool import tool

MIB = 1 << 20
MEMORY_MIB = 512
FILL_MIB = 200
# Fills the guest's own memory, so that what was plugged is used, too.
PLUGGED_FILL_MIB = 400
SAME_MIB = 64
LONG = 60.0
# Moved out of a DIMM, the guest's pages lie everywhere: few blocks of 2 MiB are whole then.
ORDER = "4"
# KSM looks at all memory several times before it merges.
MERGE = 100.0
KSM = "/sys/kernel/mm/ksm"


def given(vm: Machine) -> int:
    """Bytes that were given back since QEMU started."""
    return vm.query()["give-back"]["bytes"]


def comes_back(vm: Machine, mib: int) -> None:
    """What the guest writes and frees now is given back by itself."""
    before = given(vm)
    fill(vm.guest, mib)
    wait_for(lambda: given(vm) > before + mib * MIB // 2,
             lambda: f"{mib // 2} MiB to be given back: {vm.query()['give-back']}\n" +
             vm.guest.must("cat /proc/buddyinfo"), LONG)


def resize_vmem(vm: Machine, mib: int) -> None:
    """Another size of virtio-mem's device, which the guest follows as far as it can."""
    vm.qmp.command("qom-set", path="/machine/peripheral/vmem0", property="requested-size",
                   value=mib * MIB)

    def size() -> int:
        return vm.qmp.command("qom-get", path="/machine/peripheral/vmem0", property="size")

    done = comes_true(lambda: size() == mib * MIB, LONG)
    step(f"virtio-mem has {size() // MIB} of {mib} MiB" + ("" if done else ", the guest keeps it"))


def plugged(hops: Hops) -> None:
    """A DIMM whose memory the guest has online: before that it cannot be filled."""
    before = events.memory_total(hops)
    hops.here.spec = events.plug_dimm(hops)
    wait_for(lambda: events.memory_total(hops) >= before + events.DIMM_MIB,
             lambda: f"the DIMM to be online: {before} MiB before, "
             f"{events.memory_total(hops)} now", LONG)


def memory_comes_and_goes(hops: Hops) -> None:
    """Plugged, used, given back, unplugged: what is gone is discarded no more."""
    vm = hops.here
    events.prepare(hops)
    tool("give-back", "--qmp", vm.qemu.spare_qmp, "--always", "--order", ORDER)
    for _ in range(times(1)):
        plugged(hops)
        comes_back(vm, PLUGGED_FILL_MIB)
        vm.spec = events.unplug_dimm(hops)
        comes_back(vm, FILL_MIB)
    for mib in (256, 0):
        resize_vmem(vm, mib)
        comes_back(vm, FILL_MIB)
    tool("give-back", "--qmp", vm.qemu.spare_qmp, "--stop")
    check(vm.qemu.alive(), "QEMU has ended")
    step(f"{given(vm) // MIB} MiB given back while memory came and went")


def of_qemu(vm: Machine, key: str) -> int:
    """A number of /proc/PID/smaps_rollup, MiB."""
    with open(f"/proc/{vm.qemu.pid}/smaps_rollup", encoding="ascii") as file:
        found = re.search(rf"^{key}: +(\d+) kB", file.read(), re.MULTILINE)
    return int(found[1]) >> 10 if found else 0


def huge_pages_come_back(vm: Machine) -> None:
    """QEMU asks for huge pages; as many as were given back are gone, and they come again."""
    fill(vm.guest, FILL_MIB)
    huge, resident = of_qemu(vm, "AnonHugePages"), of_qemu(vm, "Rss")
    if not huge:
        print("skipped: huge pages: the host gave QEMU none", flush=True)
        return
    tool("give-back", "--qmp", vm.qemu.spare_qmp)
    after, left = of_qemu(vm, "AnonHugePages"), of_qemu(vm, "Rss")
    check(left < resident - FILL_MIB // 2, f"resident: {resident} MiB before, {left} after")
    check(after < huge, f"{huge} MiB of huge pages before, {after} after")
    fill(vm.guest, FILL_MIB)
    step(f"huge pages: {huge} of {resident} MiB before, {after} of {left} after, "
         f"{of_qemu(vm, 'AnonHugePages')} of {of_qemu(vm, 'Rss')} when used again")


@contextmanager
def ksm() -> Iterator[None]:
    """KSM runs fast; its settings are restored."""
    wanted = {"pages_to_scan": "20000", "run": "1"}
    before = {}
    for name in wanted:
        with open(os.path.join(KSM, name), encoding="ascii") as file:
            before[name] = file.read()
    try:
        for name, value in wanted.items():
            with open(os.path.join(KSM, name), "w", encoding="ascii") as file:
                file.write(value)
        yield
    finally:
        for name, value in before.items():
            with open(os.path.join(KSM, name), "w", encoding="ascii") as file:
                file.write(value)


def merged(vm: Machine) -> int:
    """Pages of QEMU that KSM has merged."""
    with open(f"/proc/{vm.qemu.pid}/ksm_merging_pages", encoding="ascii") as file:
        return int(file.read())


def merged_pages_come_back(vm: Machine) -> None:
    """Pages in use that the host has merged stay, free ones that it has merged go."""
    vm.guest.must(f"yes freehint | head -c {SAME_MIB}M >/tmp/same; cp /tmp/same /tmp/gone", 60)
    checksum = vm.guest.must("sha256sum </tmp/same", 60)
    if not comes_true(lambda: merged(vm) > SAME_MIB * 256 // 2, seconds(MERGE)):
        print(f"skipped: KSM: it is too slow here, {merged(vm)} pages were merged", flush=True)
        vm.guest.must("rm /tmp/gone /tmp/same")
        return
    vm.guest.must("rm /tmp/gone")
    before = given(vm)
    tool("give-back", "--qmp", vm.qemu.spare_qmp)
    comes = (given(vm) - before) // MIB
    check(comes > SAME_MIB // 2, f"{comes} MiB were given back, {SAME_MIB} were free and merged")
    fill(vm.guest, FILL_MIB)
    check(vm.guest.must("sha256sum </tmp/same", 60) == checksum, "merged pages in use changed")
    vm.guest.must("rm /tmp/same")
    step(f"KSM: {merged(vm)} pages merged, {comes} MiB given back")


def no_ksm(vm: Machine) -> str:
    """Why this host's KSM cannot be used; empty if it can."""
    try:
        merged(vm)
        for name in ("pages_to_scan", "run"):
            with open(os.path.join(KSM, name), "r+", encoding="ascii"):
                pass
    except OSError as error:
        return str(error)
    return ""


def beside_ksm(vm: Machine) -> None:
    """If this host has it, and may switch it on."""
    why = no_ksm(vm)
    if why:
        print(f"skipped: KSM: {why}", flush=True)
        return
    with ksm():
        merged_pages_come_back(vm)


def main() -> None:
    """One guest, whose programs verify their memory throughout."""
    accel.needs_distribution("hot-plug")
    with Hops(events.spec(MEMORY_MIB, 600.0), common=True) as hops:
        attach_agent(hops.here)
        # Before anybody breaks the guest's free memory into small blocks.
        huge_pages_come_back(hops.here)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
        if factor() > 1:
            beside_ksm(hops.here)
            work.verify(hops.here.guest)
        if arch.chosen().name != "amd64":
            print("skipped: memory that comes and goes: arm64 guests have no ACPI without firmware")
            return
        memory_comes_and_goes(hops)
        work.verify(hops.here.guest)


if __name__ == "__main__":
    run(main)
