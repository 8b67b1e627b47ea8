#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
The other QEMU dies by SIGKILL, at any moment of a hinted migration. Without its
destination a guest goes on where it is, nothing lost, no socket left, and its next
migration is hinted like the first. Without its source a guest that was not all
there does not run.
"""
from __future__ import annotations

import os
import random
import signal
import stat
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from modes import Features, Mode
from support import Work, attach_agent, check, fill, migration, step, wait_for
from tour import Files, Tour
from lib.machine import Machine, Spec
from lib.qemu import Qemu
from lib.qmp import QmpClosed
from lib.result import run
from lib.soak import seeded, times

ROUNDS = 1
MOMENTS = ("setup", "active", "later pass", "stopped", "last page")
GONE = ("failed", "cancelled")


def sockets(qemu: Qemu) -> int:
    """Open sockets of a process."""
    directory = f"/proc/{qemu.pid}/fd"
    found = 0
    for name in os.listdir(directory):
        try:
            found += stat.S_ISSOCK(os.stat(f"{directory}/{name}").st_mode)
        except FileNotFoundError:
            pass
    return found


def kill(vm: Machine) -> None:
    """SIGKILL, and wait until it is gone."""
    os.kill(vm.qemu.pid, signal.SIGKILL)
    wait_for(lambda: not vm.qemu.alive(), f"the end of {vm.name}")


def reach(tour: Tour, moment: str, rng: random.Random) -> None:
    """Let the migration come to the moment at which somebody dies."""
    src = tour.here.qemu
    if moment == "active":
        time.sleep(rng.random() * 0.4)
    elif moment == "later pass":
        tour.wait_pass(rng.randrange(2, 5))
    elif moment in ("stopped", "last page"):
        migration.set_parameters(src, {"max-bandwidth": 0, "downtime-limit": 9000})
        migration.wait(src, 120, lambda now: now["status"] == "pre-switchover")


def end_destination(tour: Tour) -> None:
    """Kill it, unless it has died already."""
    assert tour.there is not None
    if tour.there.qemu.alive():
        kill(tour.there)


def strike(tour: Tour, moment: str) -> None:
    """Kill the destination; with the last page on its way it was not reading."""
    assert tour.there is not None
    src = tour.here.qemu
    if moment == "last page":
        os.kill(tour.there.qemu.pid, signal.SIGSTOP)
    if moment not in ("stopped", "last page"):
        end_destination(tour)
        return
    if moment == "stopped":
        kill(tour.there)
    with ThreadPoolExecutor(1) as pool:
        # QEMU holds its big lock while it sends the last pages: it may answer only when the
        # destination that does not read is gone.
        answer = pool.submit(src.qmp.command, "migrate-continue", state="pre-switchover")
        time.sleep(0.2)
        end_destination(tour)
        answer.result()


def destination_dies(tour: Tour, mode: Mode, moment: str, rng: random.Random) -> None:
    """The guest stays; this machine has no more sockets than before."""
    src = tour.here.qemu
    before = sockets(src)

    def at_once() -> None:
        if moment == "setup" and tour.there:
            time.sleep(rng.random() * 0.02)
            kill(tour.there)

    tour.depart(mode, ("pause-before-switchover", "return-path"), at_once=at_once)
    if moment != "setup":
        reach(tour, moment, rng)
        strike(tour, moment)
    info = migration.wait(src, 120)
    check(info["status"] in GONE, f"without its destination: {info}")
    migration.wait_running(src)
    wait_for(lambda: sockets(src) <= before, f"{src.name} to close its sockets")
    assert tour.there is not None
    tour.there.stop()
    tour.there = None
    query = tour.here.query()
    check(query["state"] == "ready" and not query["round"], f"state is {query}")
    check(tour.here.guest.run("true")[0] == 0, "the guest gives no answer")
    step(f"{mode.name}: destination killed: {moment}; {info['status']}")


def mortal(modes: list[Mode], features: Features) -> list[Mode]:
    """
    Modes whose destination may die. QEMU 7.2 without any plugin, once in seven times,
    keeps the sockets of its channels for ever and refuses the next migration
    ("duplicate yank instance").
    """
    if features.version >= (8, 0, 0):
        return modes
    return [mode for mode in modes if "multifd" not in mode.caps]


def source_dies(tour: Tour, moment: str, rng: random.Random) -> None:
    """Kill the source: the destination has only a part of the guest, and must not run it."""
    tour.depart(extras=("pause-before-switchover", "return-path"))
    there = tour.there
    assert there is not None
    reach(tour, moment, rng)
    os.kill(tour.here.qemu.pid, signal.SIGKILL)
    wait_for(lambda: not there.qemu.alive(), "the destination to give up", 60)
    with suppress(QmpClosed):
        there.qmp.pump()
    events = [event["event"] for event in there.qmp.events]
    check("RESUME" not in events, f"half a guest was started: {events}")
    check("load of migration failed" in there.qemu.log(),
          f"the destination gives no reason: {there.qemu.log()}")
    step(f"source killed: {moment}; the destination gave up")


def main() -> None:
    """Destinations die under one guest; then the source, which is its end."""
    rng = seeded()
    with Tour(Spec(memory_mib=384, lifetime=900)) as tour:
        guest = tour.here.guest
        fill(guest, 150)
        work = Work(guest, pages_mib=32, churn_mib=48)
        files = Files(guest)
        features = Features(tour.here.qmp)
        modes = [mode for mode in features.modes() if not mode.to_file]
        for _ in range(times(ROUNDS)):
            attach_agent(tour.here)
            tour.here.start_hints()
            for moment in MOMENTS:
                destination_dies(tour, rng.choice(mortal(modes, features)), moment, rng)
                files.renew(tour.here.guest)
            work.verify(tour.here.guest)
            tour.depart(rng.choice(modes))
            tour.wait_pass(2)
            tour.wait_skipped()
            tour.release()
            check(tour.newly_skipped() > 0, f"nothing skipped: {tour.here.counters()}")
            work.verify(tour.arrive().guest)
            files.verify(tour.here.guest)
        attach_agent(tour.here)
        tour.here.start_hints()
        source_dies(tour, rng.choice(("later pass", "stopped")), rng)


if __name__ == "__main__":
    run(main)
