#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 300 s
"""
Free memory that the host gets back, step by step: who asks, who answers what, how much memory
QEMU has afterwards, and when nothing is discarded, each with its reason: a migration, a stopped
guest, a device that forbids it, memory that has to stay where it is.
"""
from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from baremetal import (BUILD, CRAWL, MIB, PAGE, Machine, accelerators, build, check, migration,
                       new_shm, run, step, wait_for)
from lib.huge_pages import huge_pages
from lib.qmp import QmpError

MEM = 64 * MIB
USED = range(4 * MIB, 8 * MIB)
FREE = range(8 * MIB, 56 * MIB)
STAMP = 0x5a5a5a5a
HUGE_ORDER = 9
BLOCKS = len(FREE) // (PAGE << HUGE_ORDER)

PRIVATE = "memory-backend-ram,id=mainram,size={},share=off"
KINDS = [PRIVATE, "memory-backend-memfd,id=mainram,size={},share=on",
         "memory-backend-ram,id=mainram,size={},share=on"]
FORBIDS = os.path.join(BUILD, "tests", "kvm", "forbids_discard.so")


def machine(accel: str, memory: str = PRIVATE, options: str = "",
            extra: tuple[str, ...] = ()) -> Machine:
    """One with this kind of memory."""
    made = Machine(accel, name="gives", mem=MEM, extra=extra)
    at = next(i for i, arg in enumerate(made.args) if "id=mainram" in arg)
    made.args[at] = memory.format(MEM)
    made.args[made.args.index("-plugin") + 1] += options
    return made


@contextmanager
def guest(*args: Any, **more: Any) -> Iterator[Machine]:
    """It runs, its module has said hello, and all of its memory was written."""
    with machine(*args, **more) as here:
        here.wait_boot()
        here.write(USED, STAMP)
        here.write(FREE, STAMP)
        here.fake("hello")
        yield here


def back(here: Machine) -> dict[str, Any]:
    """The member give-back of x-query-freehint."""
    return here.query()["give-back"]


def ask(here: Machine, mode: str, **more: int) -> None:
    """x-freehint-give-back."""
    here.qmp.command("x-freehint-give-back", mode=mode, **more)


def refused(here: Machine, words: str, command: str, **args: Any) -> None:
    """It is, in these words; between bars are some of which one has to come."""
    try:
        here.qmp.command(command, **args)
    except QmpError as error:
        check(any(some in error.desc for some in words.split("|")),
              f"refused, but not because '{words}': {error.desc}")
        return
    check(False, f"{command} was accepted, but '{words}'")


def offer(here: Machine, sequence: int) -> dict[str, Any]:
    """The guest offers FREE; the arguments of the agent's command."""
    here.fake("offer", sequence, FREE.start // PAGE, HUGE_ORDER, BLOCKS)
    return {"offer": sequence, "ranges": [{"start": FREE.start, "length": len(FREE)}]}


def answer(here: Machine, sequence: int) -> str:
    """The host's, as the guest sees it."""
    return here.fake("answer", sequence).strip()


def wait_answer(here: Machine, sequence: int, wanted: str) -> None:
    """The offer is over."""
    wait_for(lambda: answer(here, sequence) not in ("none", "taken"), "an answer")
    check(answer(here, sequence) == wanted, f"{answer(here, sequence)}: {here.query()}")


def discard(here: Machine, sequence: int) -> None:
    """Offer, command, answer."""
    here.qmp.command("x-freehint-discard", offer(here, sequence))
    wait_answer(here, sequence, "done")


def memory_comes_back(accel: str, memory: str) -> None:
    """QEMU has less of it afterwards, and the guest loses nothing that it uses."""
    with guest(accel, memory) as here:
        before = back(here)["resident"]
        refused(here, "is closed", "x-freehint-discard", offer=1,
                ranges=[{"start": FREE.start, "length": len(FREE)}])
        ask(here, "once")
        discard(here, 1)
        now = back(here)
        check(now["bytes"] == len(FREE) and now["blocks"] == BLOCKS, f"discarded: {now}")
        gone = before - now["resident"]
        check(gone > len(FREE) * 9 // 10, f"{gone} bytes have come back, not {len(FREE)}")
        check(not here.lost(USED, STAMP), "a page in use has changed")
        check(not any(here.dump(FREE)), "a discarded page is not zero")
        here.write(FREE, STAMP + 1)
        check(not here.lost(FREE, STAMP + 1), "discarded memory cannot be used again")
        here.fake("drained")
        wait_for(lambda: back(here)["mode"] == "off", "the end")
        check(back(here)["drained"] and not back(here)["asking"], f"end: {back(here)}")
        step(f"{accel}, {memory.split(',', maxsplit=1)[0]}: {now['discard-us']} us, "
             f"longest hold {now['hold-max-us']} us, {gone >> 20} MiB less resident")


def an_offer_is_answered_once(accel: str) -> None:
    """One that was taken back, one that comes again, one that is malformed."""
    with guest(accel) as here:
        ask(here, "always")
        command = offer(here, 1)
        check(here.fake("take-back", 1).strip() == "none", "an answer before the command")
        refused(here, "is stale", "x-freehint-discard", **command)
        discard(here, 2)
        check(here.fake("take-back", 2).strip() == "done", "the answer has changed")
        refused(here, "is stale", "x-freehint-discard", **{**command, "offer": 2})
        command = offer(here, 3)
        command["ranges"][0]["start"] += 1
        refused(here, "not aligned", "x-freehint-discard", **command)
        check(answer(here, 3) == "declined", "a refused offer is not declined")
        refused(here, "unknown", "x-freehint-discard", **command, last=True)
        check(back(here)["bytes"] == len(FREE), f"discarded: {back(here)}")


def not_during_a_migration(accel: str) -> None:
    """It is declined while one is under way, and asked for again afterwards."""
    with guest(accel, options=",give-back=always") as here:
        wait_for(lambda: back(here)["asking"], "the request of the option")
        command = offer(here, 1)
        migration.set_parameters(here, {"max-bandwidth": CRAWL})
        here.qmp.command("migrate", uri="exec:cat >/dev/null")
        refused(here, "under way|is closed", "x-freehint-discard", **command)
        wait_for(lambda: not back(here)["asking"], "the end of the session")
        check("under way" in back(here)["paused"], f"paused: {back(here)}")
        migration.cancel(here)
        wait_for(lambda: back(here)["asking"], "another session")
        check(not back(here)["bytes"], f"discarded in a migration: {back(here)}")
        discard(here, 2)
        here.qmp.command("stop")
        check("does not run" in back(here)["paused"], f"stopped: {back(here)}")


def a_device_forbids_it(accel: str) -> None:
    """From one moment to the next, and permits it again."""
    with guest(accel, extra=("-plugin", f"file={FORBIDS}")) as here:
        ask(here, "always")
        command = offer(here, 1)
        here.qmp.command("x-test-forbid")
        # The session may have been withdrawn in between: then the guest takes it back itself.
        refused(here, "a device forbids|is closed", "x-freehint-discard", **command)
        check(answer(here, 1) in ("declined", "none"), "it is not declined")
        check("a device forbids" in back(here)["refused"], f"refused: {back(here)}")
        refused(here, "a device forbids", "x-freehint-give-back", mode="once")
        here.qmp.command("x-test-permit")
        wait_for(lambda: back(here)["asking"], "another session")
        discard(here, 2)


def memory_that_stays(accel: str) -> None:
    """Each kind with its reason."""
    file = new_shm(MEM)
    from_file = f"memory-backend-file,id=mainram,size={{}},mem-path={file},"
    kinds = [("prealloc=on", PRIVATE + ",prealloc=on", ()),
             ("private mapping of a file", from_file + "share=off", ()),
             ("mem-lock", PRIVATE, ("-overcommit", "mem-lock=on"))]
    try:
        for words, memory, extra in kinds:
            with guest(accel, memory, extra=extra) as here:
                refused(here, words, "x-freehint-give-back", mode="once")
                check(words in back(here)["refused"], f"refused: {back(here)}")
                check(not here.lost(FREE, STAMP), "memory that stays has changed")
                step(f"{accel}: refused: {back(here)['refused']}")
    finally:
        os.unlink(file)


def read_only_memory_stays(accel: str) -> None:
    """A read-only DIMM beside ordinary memory: its pages are left out, the rest goes."""
    with tempfile.NamedTemporaryFile(dir="/dev/shm") as file:
        os.truncate(file.name, MEM)
        backend = f"memory-backend-file,id=dimm0,size={MEM},mem-path={file.name}"
        extra = ("-m", f"{MEM >> 20}M,slots=1,maxmem=1G", "-object",
                 f"{backend},share=on,readonly=on", "-device",
                 "nvdimm,memdev=dimm0,id=nv0,unarmed=on", "-machine", "nvdimm=on")
        with guest(accel, extra=extra) as here:
            ask(here, "always")
            high = here.qmp.command("query-memory-devices")[0]["data"]["addr"]
            here.fake("offer", 1, high // PAGE, HUGE_ORDER, 4)
            refused(here, "read-only", "x-freehint-discard", offer=1,
                    ranges=[{"start": high, "length": 8 * MIB}])
            check(answer(here, 1) == "declined", "it is not declined")
            discard(here, 2)


def preallocated_by_virtio_mem(accel: str) -> None:
    """What the device allocates stays, and other memory goes."""
    for prealloc in ("off", "on"):
        extra = ("-m", f"{MEM >> 20}M,maxmem=1G", "-object",
                 f"memory-backend-ram,id=vmem,size={MEM},reserve=off", "-device",
                 f"virtio-mem-pci,id=vm0,memdev=vmem,prealloc={prealloc},requested-size={MEM}")
        with guest(accel, extra=extra) as here:
            ask(here, "always")
            high = here.qmp.command("query-memory-devices")[0]["data"]["memaddr"]
            here.fake("offer", 1, high // PAGE, HUGE_ORDER, 4)
            command = {"offer": 1, "ranges": [{"start": high, "length": 8 * MIB}]}
            if prealloc == "off":
                here.qmp.command("x-freehint-discard", command)
                wait_answer(here, 1, "done")
                continue
            refused(here, "preallocated", "x-freehint-discard", **command)
            check(answer(here, 1) == "declined", "it is not declined")
            discard(here, 2)


def huge_pages_go_without_a_reservation(accel: str) -> None:
    """Where the host has as many; with a reservation the guest could find none again."""
    memory = "memory-backend-memfd,id=mainram,size={},share=on,hugetlb=on,hugetlbsize=2M,reserve="
    with huge_pages(MEM >> 21) as lacking:
        if lacking:
            print(f"skipped: huge pages of 2 MiB: {lacking}", flush=True)
            return
        with guest(accel, memory + "on") as here:
            refused(here, "reserve=on", "x-freehint-give-back", mode="once")
            check(not here.lost(FREE, STAMP), "memory that stays has changed")
        memory_comes_back(accel, memory + "off")


def huge_pages_of_a_gigabyte_stay(accel: str) -> None:
    """Where the host has any."""
    path = "/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages"
    try:
        with open(path, encoding="ascii") as free:
            count = int(free.read())
    except OSError:
        count = 0
    if not count:
        print("skipped: huge pages of 1 GiB: the host has none", flush=True)
        return
    memory = "memory-backend-memfd,id=mainram,size=1G,hugetlb=on,hugetlbsize=1G,share=on"
    with Machine(accel, name="gives", mem=1024 * MIB) as here:
        at = next(i for i, arg in enumerate(here.args) if "id=mainram" in arg)
        here.args[at] = memory
        here.wait_boot()
        here.fake("hello")
        refused(here, "huge pages", "x-freehint-give-back", mode="once")


def test() -> None:
    """All of it with each accelerator; what QEMU knows about memory with one."""
    build()
    accels = accelerators()
    for accel in accels:
        for memory in KINDS:
            memory_comes_back(accel, memory)
        an_offer_is_answered_once(accel)
        not_during_a_migration(accel)
    a_device_forbids_it(accels[0])
    memory_that_stays(accels[0])
    read_only_memory_stays(accels[0])
    preallocated_by_virtio_mem(accels[0])
    huge_pages_go_without_a_reservation(accels[0])
    huge_pages_of_a_gigabyte_stay(accels[0])


if __name__ == "__main__":
    run(test)
