#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Processes in the guest have the memory of other ivshmem devices mapped through sysfs.
Whatever the module does there, they go on, and the devices stay as they were: not
claimed, not enabled or disabled, their memory type not changed.
"""
# time limit: 600 s
from __future__ import annotations

from support import Hops, check, check_kernel, step, wait_for
from lib import accel, arch
from lib.machine import Machine, Spec
from lib.result import run

OUR_SLOT = 0x10
# Slot of each other device, and the file through which its process maps BAR 2.
HOLDERS = {0x4: "resource2", 0x1c: "resource2_wc"}
DRIVER = "/sys/bus/pci/drivers/freehint"


def name(slot: int) -> str:
    """PCI name of the device in a slot."""
    return f"0000:00:{slot:02x}.0"


def sysfs(slot: int) -> str:
    """The device's directory."""
    return f"/sys/bus/pci/devices/{name(slot)}"


def others() -> list[str]:
    """QEMU arguments for the other devices."""
    args = []
    for slot in HOLDERS:
        args += ["-object", f"memory-backend-ram,id=other{slot},share=on,size=1M",
                 "-device", f"ivshmem-plain,memdev=other{slot},master=on,addr={slot:#x}"]
    return args


def as_seen(vm: Machine, slot: int) -> dict[str, str]:
    """All that the module must not change of a device."""
    must = vm.guest.must
    start = must(f"sed -n 3p {sysfs(slot)}/resource").split()[0][2:]
    return {"config": must(f"od -An -tx1 -N64 {sysfs(slot)}/config"),
            "enable": must(f"cat {sysfs(slot)}/enable"),
            "region": must(f"grep -i '^ *{start[-8:]}-' /proc/iomem -A1 || true"),
            "types": must(f"grep 'mem 0x{start}-' /sys/kernel/debug/x86/pat_memtype_list")}


class Holders:
    """The processes, and their devices as they were before the module came."""

    def __init__(self, vm: Machine) -> None:
        """Start them."""
        self.vm = vm
        for slot, file in HOLDERS.items():
            # A driver that was here before may have left it so, with bus mastering.
            vm.guest.must(f"printf '\\007' | dd of={sysfs(slot)}/config bs=1 seek=4 "
                          "conv=notrunc 2>/dev/null")
            vm.guest.spawn(f"hold{slot}", f"holdbar {sysfs(slot)}/{file} /run/hold{slot}")
        wait_for(lambda: all(self._rounds(slot) for slot in HOLDERS), "the processes to begin")
        self.before = {slot: as_seen(vm, slot) for slot in HOLDERS}

    def _rounds(self, slot: int) -> int:
        return self.vm.guest.numbers(f"/run/hold{slot}").get("rounds", 0)

    def check(self, when: str) -> None:
        """Each process went on since, with nothing wrong, and its device is the same."""
        before = {slot: self._rounds(slot) for slot in HOLDERS}
        for slot, file in HOLDERS.items():
            wait_for(lambda slot=slot: self._rounds(slot) > before[slot] + 1 or  # type: ignore
                     not self._alive(slot), f"the process of {file} after {when}")
            check(self._alive(slot), f"the process that maps {file} died: {when}\n"
                  + self.vm.guest.must(f"cat /run/hold{slot}.log"))
            check(not self.vm.guest.numbers(f"/run/hold{slot}")["wrong"],
                  f"the process that maps {file} lost a write: {when}")
            now = as_seen(self.vm, slot)
            check(now == self.before[slot],
                  f"device {name(slot)} changed, {when}:\n{self.before[slot]}\n{now}")
        step(f"nothing happened to the other devices: {when}")

    def _alive(self, slot: int) -> bool:
        return not self.vm.guest.run(f"kill -0 $(cat /run/hold{slot}.pid)")[0]


def present(vm: Machine) -> bool:
    """Has the module published its hello for this QEMU?"""
    return vm.query()["guest"]["present"]


def bind_by_hand(vm: Machine) -> None:
    """The administrator is wrong about whose device it is."""
    for slot in HOLDERS:
        status, _ = vm.guest.run(f"echo {name(slot)} >{DRIVER}/bind")
        check(status != 0, f"{name(slot)} was bound to freehint")


def sleep_and_wake(vm: Machine) -> None:
    """S3."""
    vm.guest.must("echo deep >/sys/power/mem_sleep")
    vm.guest.fall_asleep()
    wait_for(lambda: vm.qemu.status() == "suspended", "the guest to suspend", 60)
    vm.qmp.command("system_wakeup")
    vm.guest.wait_boot(60)


def decoding_off(vm: Machine) -> None:
    """Our own device, with memory decoding off: the guest says so, and how to go on."""
    config = f"{sysfs(OUR_SLOT)}/config"
    vm.guest.must(f"printf '\\000' | dd of={config} bs=1 seek=4 conv=notrunc 2>/dev/null")
    vm.guest.must("dmesg -c >/dev/null")
    vm.load_module()
    log = vm.guest.must("dmesg")
    check(log.count("memory decoding is off") == 1, f"nothing of memory decoding in\n{log}")
    check(vm.guest.must(f"od -An -tx1 -j4 -N1 {config}").strip() == "00",
          "memory decoding was switched on")
    recipe = f"echo 1 >{sysfs(OUR_SLOT)}/enable"
    check(recipe in log, f"{recipe} is not in\n{log}")
    vm.guest.must(recipe)
    wait_for(lambda: present(vm), "the module to look again", 60)
    step("a device without memory decoding is not touched until somebody switches it on")


def main() -> None:
    """One boot."""
    arch.needs("amd64", "page attribute table")
    accel.needs_distribution("page attribute table and no ACPI")
    spec = Spec(memory_mib=512, ivshmem_slot=OUR_SLOT, extra=others())
    with Hops(spec, module=False) as hops:
        vm = hops.here
        holders = Holders(vm)
        vm.load_module()
        wait_for(lambda: present(vm), "the module to find our device")
        holders.check("insmod")
        bind_by_hand(vm)
        holders.check("bind by hand")
        sleep_and_wake(vm)
        wait_for(lambda: present(vm), "the hello after S3")
        holders.check("resume")
        vm.guest.must(f"echo {name(OUR_SLOT)} >{DRIVER}/unbind")
        vm.guest.must("sleep 12", 60)
        check(not present(vm), "a device was bound again that was unbound by hand")
        holders.check("looked at again")
        vm.unload_module()
        holders.check("rmmod")
        decoding_off(vm)
        vm.unload_module()
        vm.load_module()
        holders.check("insmod again")
        check_kernel(vm.guest)


if __name__ == "__main__":
    run(main)
