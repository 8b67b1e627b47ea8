#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
When the extension publishes its hello in a real QEMU without being asked: when the guest starts,
also one that comes from a host without the extension, by precopy or postcopy; when the
shared memory is added while the guest runs; when it was deleted and another has come under
its name. And when it must not: before the guest runs here, and into memory that is read-only.

No command of the extension's is given: what is in the file is what it did by itself.
"""
from __future__ import annotations

import os
import struct
from typing import Any

from baremetal import (CRAWL, EXTENSION, MIB, PAGE, SHM_SIZE, Machine, accelerators, build,
                       check, hold, migration, new_shm, pair, release, run, step, wait_for)

MEM = 64 * MIB
FILLER = range(1 * MIB, 9 * MIB)
PATTERN = 0x33333333
MAGIC = struct.unpack("<Q", b"FREEHINT")[0]


def hello(shm: str) -> int:
    """The instance in the host's hello, 0 where there is none."""
    with open(shm, "rb") as file:
        magic, _, instance = struct.unpack_from("<QQQ", file.read(PAGE))
    return instance if magic == MAGIC else 0


def wait_hello(shm: str, when: str, other_than: int = 0) -> int:
    """Wait for the hello of another instance; returns it."""
    wait_for(lambda: hello(shm) not in (0, other_than), f"the hello {when}")
    return hello(shm)


def wait_unmapped(machine: Machine, shm: str) -> None:
    """QEMU frees memory in a thread of its own."""
    def unmapped() -> bool:
        with open(f"/proc/{machine.pid}/maps", encoding="utf-8") as maps:
            return shm not in maps.read()

    wait_for(unmapped, "the deleted memory to be unmapped")


def without_memory(accel: str, name: str, **options: Any) -> Machine:
    """A machine that has the extension and no shared memory yet."""
    machine = Machine(accel, name=name, mem=MEM, **options)
    at = machine.args.index("ivshmem-plain,memdev=freehint,master=on") - 3
    del machine.args[at:at + 4]
    return machine


def add_memory(machine: Machine, shm: str, **more: Any) -> None:
    """As an administrator does while the guest runs."""
    machine.qmp.command("object-add", {
        "qom-type": "memory-backend-file", "id": "freehint", "mem-path": shm,
        "size": SHM_SIZE, "share": True, **more})


def at_the_start(accel: str) -> None:
    """When the guest begins to run, and not before."""
    machine = Machine(accel, name="start", mem=MEM, extra=["-S"])
    with machine:
        check(machine.status() == "prelaunch" and not hello(machine.shm),
              "the hello was published before the guest ran")
        machine.qmp.command("cont")
        wait_hello(machine.shm, "when the guest starts")


def after_a_migration(accel: str) -> None:
    """From a host without the extension; its region migrates, and is the destination's."""
    with pair(accel, {"extension": None}, mem=MEM) as (src, dst):
        src.wait_boot()
        info = migration.migrate(src, dst)
        check(info["status"] == "completed", f"migration {info}")
        wait_hello(dst.shm, "after a migration")


def after_postcopy(accel: str) -> None:
    """Not while memory arrives, though the guest runs; then without being asked."""
    with pair(accel, {"extension": None}, mem=MEM) as (src, dst):
        src.wait_boot()
        src.write(FILLER, PATTERN)
        hold(src, dst, {"postcopy-ram": True}, {"max-postcopy-bandwidth": CRAWL})
        migration.wait(src, until=lambda now: now["status"] == "active")
        migration.switch_to_postcopy(src, dst)
        early = hello(dst.shm)
        check(migration.info(src)["status"] == "postcopy-active" and not early,
              "the region was written to while it arrived")
        release(src, dst)
        wait_hello(dst.shm, "after postcopy")


def added_later(accel: str) -> None:
    """While the guest runs; deleted, and added again as another file; then the device."""
    files = [new_shm(), new_shm()]
    try:
        with without_memory(accel, "later") as machine:
            machine.wait_boot()
            add_memory(machine, files[0])
            first = wait_hello(files[0], "when the memory is added")
            machine.qmp.command("object-del", id="freehint")
            add_memory(machine, files[1])
            wait_hello(files[1], "in the memory that came instead", first)
            machine.qmp.command("device_add", driver="ivshmem-plain", id="late",
                                memdev="freehint", master="on")
            region = machine.query()["region"]
            check(region["size"] == SHM_SIZE, f"{region}")
            machine.wait_boot()
    finally:
        for file in files:
            os.unlink(file)


def added_read_only(accel: str) -> None:
    """A store would end QEMU: it is refused, and the guest lives until writable memory comes."""
    shm = new_shm()
    try:
        with without_memory(accel, "readonly") as machine:
            machine.wait_boot()
            for share in (True, False):
                add_memory(machine, shm, readonly=True, share=share)
                check("read-only" in machine.query()["refused"], f"{machine.query()}")
                machine.qmp.command("object-del", id="freehint")
            add_memory(machine, shm)
            wait_hello(shm, "after the memory that was read-only")
        args = ["-object", f"memory-backend-file,id=freehint,share=on,readonly=on,mem-path={shm},"
                           f"size={SHM_SIZE}", "-device", "ivshmem-plain,memdev=freehint"]
        with without_memory(accel, "start-readonly", extra=args) as machine:
            machine.wait_boot()
            check("read-only" in machine.query()["refused"], f"{machine.query()}")
    finally:
        os.unlink(shm)


def deleted(accel: str) -> None:
    """The memory is let go, and the next command says what is missing."""
    shm = new_shm()
    try:
        with without_memory(accel, "deleted") as machine:
            machine.wait_boot()
            add_memory(machine, shm)
            wait_hello(shm, "when the memory is added")
            machine.qmp.command("object-del", id="freehint")
            now = machine.query()
            check("no memory backend" in now["refused"] and not now["region"]["size"], f"{now}")
            wait_unmapped(machine, shm)
    finally:
        os.unlink(shm)


def deleted_before_a_migration(accel: str) -> None:
    """
    Nobody has given a command since: the migration lets the memory go. QEMU frees it under a lock
    that the first sync holds.
    """
    shm = new_shm()
    try:
        with without_memory(accel, "gone", extension=f"{EXTENSION},autostart=on") as machine:
            machine.wait_boot()
            add_memory(machine, shm)
            wait_hello(shm, "when the memory is added")
            machine.qmp.command("object-del", id="freehint")
            machine.qmp.command("migrate", uri="exec:cat >/dev/null")
            info = migration.wait(machine)
            check(info["status"] == "completed", f"migration {info}")
            wait_unmapped(machine, shm)
    finally:
        os.unlink(shm)


def used_by_two_guests(accel: str) -> None:
    """Neither is asked for anything: each would answer the other's rounds."""
    shm = new_shm()
    try:
        with Machine(accel, name="original", mem=MEM, shm=shm) as original:
            before = wait_hello(shm, "of the original")
            with Machine(accel, name="copy", mem=MEM, shm=shm) as copy:
                copy.wait_boot()
                for machine in (original, copy):
                    check("another guest" in machine.query()["refused"], f"{machine.query()}")
                check(not hello(shm), "a hello that both guests could answer")
                # a guest that is stopped writes nothing
                copy.qmp.command("stop")
                before = wait_hello(shm, "when the copy is stopped", before)
                copy.qmp.command("cont")
                wait_for(lambda: "another guest" in original.query()["refused"], "the copy")
            wait_hello(shm, "when the copy has ended", before)
            check("another guest" not in original.query()["refused"], f"{original.query()}")
    finally:
        os.unlink(shm)


def added_while_a_guest_arrives(accel: str) -> None:
    """It belongs to the migration until the guest runs."""
    shm = new_shm()
    try:
        with without_memory(accel, "early", incoming=True) as machine:
            add_memory(machine, shm)
            check(machine.status() == "inmigrate", "the guest runs")
            check("has not run here" in machine.query()["refused"], "a command took the region")
            check(not hello(shm), "the hello was published too early")
    finally:
        os.unlink(shm)


def test() -> None:
    """The accelerator makes no difference."""
    build()
    accel = accelerators()[0]
    for part in (at_the_start, after_a_migration, added_while_a_guest_arrives, added_later,
                 added_read_only, deleted, deleted_before_a_migration, used_by_two_guests,
                 after_postcopy):
        part(accel)
        step(f"{accel}: {part.__name__.replace('_', ' ')}")


if __name__ == "__main__":
    run(test)
