#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
`freehint top` with two virtual machines and their agents: each has its line, a migration from
one to the other leaves its numbers, also when its agent ends, and another machine whose agent
ended is gone.
"""
from __future__ import annotations

import json
import os
import tempfile
from contextlib import ExitStack

from baremetal import (MIB, PAGE, Machine, accelerators, build, check, hold, in_time, pair, release,
                       run, step, wait_for)
from lib.program import Agent
from lib.tool import Running, tool

REGION = range(2 * MIB, 34 * MIB)
# The instance of a name that would clear the screen, and what top makes of it.
ODD, SHOWN = "my\\x20vm\\x1b[2J", "my vm?[2J"


def known(directory: str) -> dict[str, dict]:
    """What top knows, by name."""
    text = tool("top", "--once", "--json", "--directory", directory)
    return {vm["name"]: vm for vm in json.loads(text)}


def await_states(directory: str, expected: dict[str, str]) -> None:
    """Wait until top says so."""
    def states() -> dict[str, str]:
        return {name: vm["state"] for name, vm in known(directory).items()}

    wait_for(lambda: states() == expected, lambda: f"{expected}, top says {states()}")


def agent_of(vm: Machine, directory: str, name: str) -> Agent:
    """Its agent, with metrics as the unit names them."""
    return Agent(vm.shm, vm.agent_qmp, ["--metrics", os.path.join(directory, f"{name}.prom")])


def migrate(src: Machine, dst: Machine) -> None:
    """With all of the region free."""
    hold(src, dst)
    src.publish(src.wait_round(), REGION)
    src.wait_applied(len(REGION) // PAGE)
    release(src, dst)


def check_numbers(directory: str) -> None:
    """The source's last migration is known, the destination has seen none."""
    wait_for(lambda: "last-skipped-bytes" in known(directory)["one"],
             lambda: f"the migration's numbers: {known(directory)}")
    now = known(directory)
    check(now["one"]["free-bytes"] == len(REGION), f"free in the guest: {now}")
    check(now["one"]["last-skipped-bytes"] > 0, f"kept off the wire: {now}")
    check(now["one"]["memory-end-bytes"] >= 64 * MIB, f"the guest's memory: {now}")
    check(now["one"]["resident-bytes"] > 0, f"resident memory: {now}")
    check("last-skipped-bytes" not in now[SHOWN], f"a migration that was not: {now}")


def attempt(accel: str, directory: str) -> None:
    """Two machines, one migration."""
    with pair(accel) as (src, dst), ExitStack() as stack:
        src.wait_boot()
        src.start_hints()
        first = stack.enter_context(agent_of(src, directory, "one"))
        second = stack.enter_context(agent_of(dst, directory, ODD))
        watching = stack.enter_context(Running("top", "--period", "1", "--directory", directory))
        await_states(directory, {"one": "reporting", SHOWN: "incoming"})
        table = watching.wait_said("incoming")
        check("NAME, MB" in table and "\033" not in table, table)
        step("both are there")
        migrate(src, dst)
        check_numbers(directory)
        await_states(directory, {"one": "reporting", SHOWN: "no module"})
        second.stop()
        await_states(directory, {"one": "reporting"})
        first.stop()
        await_states(directory, {"one": "moved"})
        check(known(directory)["one"]["free-bytes"] == len(REGION), "free in the guest that moved")
        watching.interrupt()
        watching.wait_end()


def test() -> None:
    """All states that two machines go through."""
    build()
    with tempfile.TemporaryDirectory(prefix="freehint-top-") as directory:
        check(known(directory) == {}, "top sees machines where there are none")
        in_time(lambda: attempt(accelerators()[0], directory))
    text = tool("top", "--once", "--directory", directory, status=4)
    check("no agent with --metrics" in text, text)


if __name__ == "__main__":
    run(test)
