#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A guest without the module: reporting is refused with the reason, the migration is
an ordinary one. A guest that unloads it in the middle of a migration: likewise.
"""
from __future__ import annotations

from support import (Hops, Work, attach_agent, check, expect_refusal, hints_arrived, step,
                     wait_for)
from lib.machine import Spec
from lib.result import run

NO_HELLO = r"no guest module has published its hello"


def never_loaded(hops: Hops, work: Work) -> None:
    """The agent waits for a module that never comes; the migration does not wait."""
    hops.here.start_agent()
    expect_refusal(hops.here.qmp, "x-freehint-start", NO_HELLO)
    query = hops.here.query()
    check(not query["guest"]["present"], "a guest is present that has no module")
    check("hello" in query.get("refused", ""), f"query does not say why: {query}")
    hops.hold()
    hops.wait_pass(2)
    hops.release()
    check(hops.here.counters()["rounds"] == 0, "a round was opened without a module")
    check(hops.here.agent.alive(), "the agent gave up for good")
    work.verify(hops.arrive().guest)


def unloaded(hops: Hops, work: Work) -> None:
    """rmmod between two passes."""
    hops.here.load_module()
    attach_agent(hops.here)
    hops.here.start_hints()
    hops.hold()
    hops.wait_pass(2)
    hops.wait_hints()
    hops.here.unload_module()
    step("module unloaded")
    wait_for(lambda: not hops.here.query()["guest"]["present"],
             "the hello to be taken back", 5)
    hops.wait_pass(4)
    hops.release()
    hints_arrived(hops.here)
    work.verify(hops.arrive().guest)


def loaded_again(hops: Hops) -> None:
    """Load the module again on the destination: the extension accepts its hello."""
    hops.here.load_module()
    hops.here.start_hints()
    check(hops.here.query()["state"] == "ready", "reporting is not ready")


def main() -> None:
    """One guest, both cases."""
    with Hops(Spec(memory_mib=512), module=False) as hops:
        work = Work(hops.here.guest, pages_mib=48, churn_mib=48)
        never_loaded(hops, work)
        unloaded(hops, work)
        loaded_again(hops)


if __name__ == "__main__":
    run(main)
