#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
The guest that costs its host most: every second page is free, so that no two hints
can be joined. A command's cost for QEMU is bounded by limits.h, whatever the guest's size,
and printed; no command is refused, and all that is free stays off the wire.

FREEHINT_WORST_GIB sets the size; 1024 was measured for docs/threat-model.md.
"""
from __future__ import annotations

import os
import time

from baremetal import (MIB, PAGE, UNLIMITED, Machine, accelerators, build, check, hold, migration,
                       pair, patience, run, step)
from lib.host_memory import available_mib
from lib.program import Agent

GIB = 1 << 30
# More free pages than ranges can wait in QEMU at a time
DEFAULT_GIB = 9
# Besides what two QEMUs may come to hold, and below which they are ended
SPARE_GIB = 2
# Seconds; memory that has to be had from a host's host comes slowly
LIFETIME = 400.0
# FREEHINT_MAX_... of limits.h
MAX_INFLIGHT = 8
MAX_REFUSALS = 8
# FREEHINT_FIRMWARE_END of limits.h
FIRMWARE = MIB
# Part of the free memory that has to stay off the wire
KEPT = 0.95
# Where the pc machine has no memory when it has more than this
HOLE = range(3 * GIB, 4 * GIB)
# Seconds without a command after which no more are expected
CALM = 3
PATTERN = 0x2468ace0
NEW = 0x13579bdf
WRITTEN = range(8 * MIB, 40 * MIB)


def region_size(mem: int) -> int:
    """A power of two with a bit for every page, the hole below 4 GiB included."""
    need, size = (mem + GIB) // PAGE // 8 + PAGE, MIB
    while size < need:
        size *= 2
    return size


def rss_kib(pid: int) -> int:
    """Resident memory of a process."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))


def cpu_seconds(pid: int) -> float:
    """Processor time of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settle(src: Machine, counter: str, least: int) -> dict[str, int]:
    """The counters once one of them is as high as it has to be, and no more commands come."""
    deadline = patience.deadline(120)
    seen, since = -1, time.monotonic()
    while True:
        counters = src.counters()
        if counters["commands"] != seen:
            seen, since = counters["commands"], time.monotonic()
        if counters[counter] >= least and time.monotonic() - since > CALM:
            return counters
        check(time.monotonic() < deadline, f"{counter} does not reach {least}: {counters}")
        time.sleep(0.1)


def publish(src: Machine, mem: int, lie: bool) -> dict[str, int]:
    """The guest answers an open round with its bitmap; the counters after it."""
    round_id = src.wait_round()
    begin = time.monotonic()
    src.fake("scatter", round_id, HOLE.start // PAGE,
             (HOLE.start if lie else HOLE.stop) // PAGE, (mem + len(HOLE)) // PAGE)
    counters = settle(src, *(("refused-range", 1) if lie else
                             ("pages-accepted", (mem - FIRMWARE) // PAGE // 2)))
    step(f"{mem // GIB} GiB, {'the hole, too' if lie else 'RAM only'}: "
         f"{mem // PAGE // 2} ranges published, settled after "
         f"{time.monotonic() - begin - CALM:.1f} s, {counters['ranges']} taken by "
         f"{counters['commands']} commands, {counters['commands-refused']} refused")
    return counters


def cost(counters: dict[str, int], agent: Agent) -> None:
    """Print what the round has cost."""
    step(f"big lock: {counters['bql-total-us']} us, besides "
         f"{counters['arm-us']} us to arm {counters['arm-chunks']} chunks; agent: "
         f"{rss_kib(agent.pid)} KiB, {cpu_seconds(agent.pid):.1f} s of CPU")


def is_room(mem: int) -> bool:
    """Whether two QEMUs may come to hold all of such a guest; says aloud if not."""
    need, have = (2 * mem // GIB + SPARE_GIB) << 10, available_mib()
    if have < need:
        print(f"skipped: the end of a migration of {mem // GIB} GiB: it can take {need} MiB, "
              f"{have} MiB are available", flush=True)
    return have >= need


def end(src: Machine, dst: Machine) -> bool:
    """
    Let the migration end, for as long as there is memory: what was available when it began may
    have been taken by others. False, and said aloud, when it was given up.
    """
    src.bandwidth(UNLIMITED)
    info = migration.wait(src, 300, lambda _: available_mib() < SPARE_GIB << 10)
    if info["status"] not in migration.ENDED:
        migration.cancel(src)
        print("skipped: the end of a migration: this machine ran short of memory", flush=True)
        return False
    check(info["status"] == "completed", f"migration {info}\n{src.log()}{dst.log()}")
    migration.wait_running(dst)
    return True


def one_round(accel: str, mem: int, lie: bool) -> None:
    """One migration of a scattered guest."""
    # On an AMD CPU, QEMU moves what does not fit below 1 TiB above it.
    cpu = ["-cpu", "qemu64,phys-bits=46,vendor=GenuineIntel"] if accel == "kvm" else []
    with pair(accel, mem=mem, extra=cpu, shm_size=region_size(mem),
              lifetime=LIFETIME) as (src, dst):
        src.wait_boot()
        src.write(WRITTEN, PATTERN)
        with Agent(src.shm, src.agent_qmp) as agent:
            src.start_hints()
            hold(src, dst)
            counters = publish(src, mem, lie)
            cost(counters, agent)
            check_bounds(counters, lie)
            check(agent.alive(), "the agent has died")
            src.write(WRITTEN, NEW)
            if mem <= 64 * GIB and is_room(mem) and end(src, dst):
                check(not dst.lost(WRITTEN, NEW), "pages are wrong")
                check_kept(src, mem, lie)


def check_bounds(counters: dict[str, int], lie: bool) -> None:
    """Nothing honest is refused; a liar is heard so many times."""
    check(counters["commands-refused"] <= (MAX_REFUSALS + MAX_INFLIGHT if lie else 0),
          f"{counters['commands-refused']} commands were refused")


def check_kept(src: Machine, mem: int, lie: bool) -> None:
    """How much of the free memory was not sent; the little that is sent twice counts against."""
    ram = migration.ram(src)
    kept = (mem // PAGE - ram["normal"] - ram["duplicate"]) / (mem // PAGE // 2)
    step(f"{100 * kept:.1f} % of the free memory was not sent")
    check(lie or kept >= KEPT, f"{100 * kept:.1f} % only")


def test() -> None:
    """Under KVM where there is one: TCG has 40 bits of address only."""
    build()
    accel = accelerators()[0]
    mem = int(os.environ.get("FREEHINT_WORST_GIB") or DEFAULT_GIB) * GIB
    for lie in (False, True):
        one_round(accel, mem, lie)


if __name__ == "__main__":
    run(test)
