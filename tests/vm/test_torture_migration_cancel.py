#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
A guest hops between two hosts, each with its own agent and its old shared-memory
file, and most migrations are cancelled: in setup, at random moments, in any pass,
before the switch-over with the guest already stopped. Whatever was hinted in a
migration that came to nothing is sent in the one that does.
"""
from __future__ import annotations

import random
import signal
import tempfile
import time
from contextlib import ExitStack

from modes import Features, Mode
from support import Work, check, fill, migration, step
from tour import Files, Tour
from lib.machine import Spec
from lib.result import run
from lib.soak import seeded, times

HOPS = 2
# Of each in every hop.
MOMENTS = ("setup", "soon", "pass", "stopped")
SWITCH = ("pause-before-switchover",)


class Hosts:
    """Two shared-memory files that outlive the QEMUs, as fixed paths do."""

    def __init__(self, stack: ExitStack) -> None:
        self.paths = [stack.enter_context(tempfile.NamedTemporaryFile(
            prefix="freehint-test-", dir="/dev/shm")).name for _ in range(2)]

    def other(self, tour: Tour) -> str:
        """The file of the host where the guest is not."""
        return self.paths[1 - self.paths.index(tour.here.shm)]


def wait_stopped(tour: Tour) -> None:
    """Until the guest stands still and QEMU waits before the switch-over."""
    migration.set_parameters(tour.here.qemu, {"max-bandwidth": 0, "downtime-limit": 9000})
    migration.wait(tour.here.qemu, 120, lambda now: now["status"] == "pre-switchover")


def wait_moment(tour: Tour, moment: str, rng: random.Random) -> None:
    """Wait for the moment of the cancel, except for "setup": that is at once."""
    if moment == "soon":
        time.sleep(rng.random() * 0.4)
    elif moment == "pass":
        tour.wait_pass(rng.randrange(2, 5))
    elif moment == "stopped":
        wait_stopped(tour)


def still_well(tour: Tour) -> None:
    """After a cancel: no round, reporting is on, the guest runs."""
    migration.wait_running(tour.here.qemu)
    query = tour.here.query()
    check(query["round"] == 0 and query["pass"] == 0, f"a round survived: {query}")
    check(query["state"] == "ready", f"state is {query['state']}, not ready")
    check(tour.here.guest.run("true")[0] == 0, "the guest gives no answer")


def single_channel(modes: list[Mode]) -> list[Mode]:
    """
    Modes that can be cancelled. With several channels QEMU may stay in "cancelling" for ever: 10.0
    without any plugin once in 80 times in setup, 7.2 once in some hundred at any moment, where
    multifd_send_sync_main() waits for a thread that has ended without telling it.
    """
    return [mode for mode in modes if "multifd" not in mode.caps]


def attempt(tour: Tour, hosts: Hosts, mode: Mode, moment: str, rng: random.Random) -> None:
    """One migration that is cancelled at a moment; it cannot end by itself before."""
    quiet = moment == "setup" and rng.random() < 0.5
    agent = tour.here.agent
    if quiet and agent:
        # nobody answers: the wait for the first hints is what gets cancelled
        agent.signal(signal.SIGSTOP)

    def at_once() -> None:
        if moment == "setup":
            time.sleep(rng.random() * 0.05)
            tour.cancel()

    tour.depart(mode, SWITCH, shm=hosts.other(tour), at_once=at_once)
    if moment != "setup":
        wait_moment(tour, moment, rng)
        tour.cancel()
    if quiet and agent:
        agent.signal(signal.SIGCONT)
    still_well(tour)
    step(f"{mode.name} cancelled: {moment}{' without an answer' if quiet else ''}")


def hop(tour: Tour, hosts: Hosts, modes: list[Mode], rng: random.Random) -> None:
    """Cancel at every moment, in random order, then let the guest go."""
    for moment in rng.sample(MOMENTS, len(MOMENTS)):
        attempt(tour, hosts, rng.choice(single_channel(modes)), moment, rng)
    tour.depart(rng.choice(modes), shm=hosts.other(tour))
    tour.wait_pass(rng.randrange(1, 4))
    tour.wait_skipped()
    tour.release()
    check(tour.newly_skipped() > 0, f"no page was skipped: {tour.here.counters()}")
    tour.arrive()


def equip(tour: Tour) -> None:
    """This host's agent, and reporting."""
    tour.here.start_agent()
    tour.here.start_hints()


def main() -> None:
    """There and back again, several times."""
    rng = seeded()
    spec = Spec(memory_mib=384, lifetime=900, plugin_opts=",first-wait-ms=1000")
    with ExitStack() as stack:
        hosts = Hosts(stack)
        tour = stack.enter_context(Tour(spec, shm=hosts.paths[0]))
        guest = tour.here.guest
        fill(guest, 150)
        work = Work(guest, pages_mib=32, churn_mib=48)
        files = Files(guest)
        modes = [mode for mode in Features(tour.here.qmp).modes() if not mode.to_file]
        for number in range(times(HOPS)):
            equip(tour)
            hop(tour, hosts, modes, rng)
            work.verify(tour.here.guest)
            files.verify(tour.here.guest)
            files.renew(tour.here.guest)
            step(f"hop {number + 1}")


if __name__ == "__main__":
    run(main)
