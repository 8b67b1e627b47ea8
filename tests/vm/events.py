# SPDX-License-Identifier: GPL-2.0
"""
Events inside a guest while it travels with hints: its memory is plugged and unplugged,
resized by virtio-mem, the module is unloaded and loaded in a loop, and its device decodes no
memory.
"""
from __future__ import annotations

import dataclasses
import random
import time
from collections.abc import Callable

from support import Hops, expect_refusal, fill, hints_arrived, migration, step, wait_for
from loads import PLAIN, passes_until, plain_or_ours, steady_pass
from lib.guest import Guest
from lib.initramfs import Extras, find_kernel
from lib.machine import Spec
from lib.qmp import Qmp

DIMM_MIB = 256
VMEM_MIB = 512

DIMM = {"object": {"qom-type": "memory-backend-ram", "id": "dimm", "size": DIMM_MIB << 20},
        "device": {"driver": "pc-dimm", "id": "dimm0", "memdev": "dimm"}}
VMEM = ["-object", f"memory-backend-ram,id=vmem,size={VMEM_MIB}M",
        "-device", "virtio-mem-pci,id=vmem0,memdev=vmem,requested-size=0"]
# The command register in a PCI device's config space. Bit 1 decodes memory, bit 2 is the bus
# master.
COMMAND_AT, NOTHING, MEMORY = 4, "0", "6"
DIMM_ARGS = ["-object", f"memory-backend-ram,id=dimm,size={DIMM_MIB}M",
             "-device", "pc-dimm,id=dimm0,memdev=dimm"]

# ACPI's _OST: sources that are a request to eject; that it went well, or goes on.
EJECT = (3, 0x103)
UNDECIDED = (0, 0x84, 0x85)

PASS_SECONDS = 1.0


def spec(memory_mib: int, lifetime: float, **more: object) -> Spec:
    """A guest that memory can be plugged into, none yet."""
    drivers = () if find_kernel().has("VIRTIO_MEM") else ("virtio_mem",)
    return plain_or_ours(Spec(memory_mib=memory_mib, lifetime=lifetime, extra=VMEM,
                              extras=Extras(modules=drivers),
                              memory_opts=",maxmem=4G,slots=4",
                              **more))  # type: ignore[arg-type]


def prepare(hops: Hops) -> None:
    """Load the drivers; plugged memory goes online as movable, so that it can leave again."""
    hops.here.guest.must("echo online_movable >/sys/devices/system/memory/auto_online_blocks")
    hops.here.load_balloon()
    hops.here.load_extras()


def memory_total(hops: Hops) -> int:
    """MiB that the guest has online."""
    return int(hops.here.guest.must("awk '/MemTotal/ {print $2}' /proc/meminfo")) >> 10


def memory_blocks(hops: Hops) -> int:
    """Memory blocks of 128 MiB that the guest knows, online or not."""
    return int(hops.here.guest.must("ls -d /sys/devices/system/memory/memory* | wc -l"))


def plug_dimm(hops: Hops) -> Spec:
    """Plug a DIMM; returns what the destination has to be like."""
    blocks = memory_blocks(hops) + DIMM_MIB // 128
    hops.here.qmp.command("object-add", DIMM["object"])
    hops.here.qmp.command("device_add", DIMM["device"])
    wait_for(lambda: memory_blocks(hops) >= blocks, "the guest to see the DIMM", 60)
    step(f"DIMM plugged, {memory_total(hops)} MiB online")
    return dataclasses.replace(hops.here.spec, extra=VMEM + DIMM_ARGS)


def said_no(qmp: Qmp) -> bool:
    """Did the guest answer a request to eject something, and not with success?"""
    qmp.pump()
    answers = [event["data"]["info"] for event in qmp.events
               if event["event"] == "ACPI_DEVICE_OST"]
    return any(info["source"] in EJECT and info["status"] not in UNDECIDED for info in answers)


def unplug_dimm(hops: Hops) -> Spec:
    """Ask the guest to give the DIMM back; it may say no, then all stays as it is."""
    qmp = hops.here.qmp
    qmp.command("device_del", id="dimm0")

    def gone() -> bool:
        return all(info["data"].get("id") != "dimm0"
                   for info in qmp.command("query-memory-devices"))

    wait_for(lambda: gone() or said_no(qmp), "the guest to release its DIMM or to say no", 120)
    if not gone():
        step("the guest keeps its DIMM")
        return hops.here.spec
    qmp.command("object-del", id="dimm")
    step(f"DIMM unplugged, {memory_total(hops)} MiB online")
    return dataclasses.replace(hops.here.spec, extra=VMEM)


def plug_or_unplug(hops: Hops) -> Spec:
    """The DIMM comes or goes; returns what the destination has to be like."""
    return unplug_dimm(hops) if DIMM_ARGS[1] in hops.here.spec.extra else plug_dimm(hops)


def resize_vmem(hops: Hops, dice: random.Random) -> None:
    """Resize virtio-mem; in a migration QEMU lets the guest's driver wait for its end."""
    mib = dice.choice((128, 256, VMEM_MIB))
    hops.here.qmp.command("qom-set", path="/machine/peripheral/vmem0",
                          property="requested-size", value=mib << 20)
    step(f"virtio-mem is to have {mib} MiB")


def refused_plug(hops: Hops, _: random.Random) -> None:
    """Try to plug a DIMM during the migration: QEMU has to refuse it."""
    qmp = hops.here.qmp
    qmp.command("object-add", {**DIMM["object"], "id": "late"})
    expect_refusal(qmp, "device_add", "migrat",
                   {**DIMM["device"], "id": "late0", "memdev": "late"})
    qmp.command("object-del", id="late")


def reload_module(hops: Hops, _: random.Random) -> None:
    """rmmod and insmod in a loop of the guest's own."""
    if not PLAIN:
        hops.here.guest.spawn("reload", "sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do "
                              "rmmod freehint; sleep 0.1; insmod /modules/freehint.ko; "
                              "sleep 0.2; done'")


Event = Callable[[Hops, random.Random], None]

EVENTS: list[Event] = [refused_plug, reload_module, resize_vmem]


def module_is_back(hops: Hops) -> None:
    """After whatever happened, the module publishes its hello and a round is opened."""
    if PLAIN:
        return
    wait_for(lambda: hops.here.guest.run("! kill -0 $(cat /run/reload.pid) && "
                                         "test -e /sys/module/freehint")[0] == 0,
             "the module to be loaded for good", 60)
    wait_for(lambda: hops.here.query()["guest"]["present"], "the module's hello", 30)


def travel(hops: Hops, there: Spec, dice: random.Random,
           events: list[Event]) -> None:
    """One hop: an event in each pass, then one more round."""
    resize_vmem(hops, dice)
    fill(hops.here.guest, 150)
    if not PLAIN:
        hops.here.start_agent()
        hops.here.start_hints()
    hops.hold(there)
    for number, event in enumerate(events, 2):
        steady_pass(hops, number)
        step(f"pass {number}: {event.__name__}")
        event(hops, dice)
        time.sleep(dice.uniform(0.2, PASS_SECONDS))
    module_is_back(hops)
    count = migration.ram(hops.here.qemu)["dirty-sync-count"]
    steady_pass(hops, count + 2)
    if not PLAIN:
        passes_until(hops, lambda: hops.here.counters()["pages-cleared"] > 0, "hints")
    hops.release(120)
    if PLAIN:
        return
    counters = hints_arrived(hops.here)
    step(f"counters: {counters}")


def our_device(guest: Guest) -> str:
    """The directory in sysfs of the ivshmem device that the module uses."""
    return guest.must("echo /sys/bus/pci/drivers/freehint/0*").strip()


def decode(guest: Guest, *values: str) -> None:
    """Write the low byte of the device's command register, one value after the other."""
    config = our_device(guest) + "/config"
    guest.must("; ".join(f"printf '\\{value}' | dd of={config} bs=1 seek={COMMAND_AT} "
                         "conv=notrunc 2>/dev/null" for value in values))
