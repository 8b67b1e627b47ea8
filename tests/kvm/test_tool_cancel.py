#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Ctrl-C in `freehint migrate` at every stage of a migration: the guest is never lost and never
runs twice, and whoever stays behind gets its settings back.
"""
from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from collections.abc import Iterator
from typing import Any

from baremetal import (CRAWL, MIB, Machine, accelerators, build, check, migration, pair, run, step,
                       wait_for)
from lib.tool import Running, tool

OK, NO_ANSWER, NOT_MIGRATED, LEFT = 0, 4, 5, 6
OLD, NEW = 0x11111111, 0x22222222
MEM = 64 * MIB
USED = range(1 * MIB, 16 * MIB)
TOUCHED = range(12 * MIB, 13 * MIB)

# What is left at the end fits into the socket, so that QEMU does not wait with its big lock
# held while nobody reads: 200 Mbit/s in a millisecond.
SMALL_REST = ("--bandwidth", "200", "--downtime", "1")

# Interrupts that are to be taken for two are further apart; see SAME_US of the tool.
APART = 0.7


@contextmanager
def used(accel: str, caps: dict[str, bool], **params: Any) -> Iterator[tuple[Machine, Machine]]:
    """A guest that has used its memory, and where it is to go."""
    with pair(accel, mem=MEM) as (src, dst):
        src.wait_boot()
        src.write(USED, OLD)
        for side in src, dst:
            migration.set_capabilities(side, caps)
        migration.set_parameters(src, params)
        dst.qmp.command("migrate-incoming", uri=address(dst))
        yield src, dst


def address(dst: Machine) -> str:
    """Where it listens."""
    return f"unix:{dst.path('migrate.sock')}"


def migrate(src: Machine, dst: Machine, *options: str) -> Running:
    """The tool."""
    return Running("migrate", "--qmp", src.spare_qmp, *options, address(dst))


def wait_status(src: Machine, *wanted: str) -> None:
    """Wait for a state of the migration."""
    info = migration.wait(src, 60, lambda now: now.get("status") in wanted)
    check(info["status"] in wanted, f"migration {info['status']}, not {wanted}")


def wait_begins(src: Machine) -> None:
    """Wait until there is a migration: the harness's own wait takes none for one."""
    wait_for(lambda: migration.info(src).get("status") == "active", "a migration")


def switch(src: Machine, dst: Machine) -> None:
    """To postcopy: the guest runs there."""
    wait_begins(src)
    migration.switch_to_postcopy(src, dst)


def lives(there: Machine) -> None:
    """The guest takes orders, and its memory is whole."""
    there.write(TOUCHED, NEW)
    wrong = there.lost(range(USED.start, TOUCHED.start), OLD) + there.lost(TOUCHED, NEW)
    check(wrong == 0, f"{there.name}: {wrong} pages are wrong")


def check_postcopy(accel: str) -> None:
    """After the switch nothing is cancelled, and the tool watches until the guest is there."""
    with used(accel, {"postcopy-ram": True}, **{"max-postcopy-bandwidth": CRAWL}) as (src, dst), \
            migrate(src, dst, "--bandwidth", "1", "--no-hints") as watched:
        switch(src, dst)
        watched.interrupt()
        watched.wait_said("not cancelled: the guest runs on the destination")
        status = migration.info(src)["status"]
        check(status == "postcopy-active", f"Ctrl-C made it {status}")
        migration.set_parameters(src, {"max-postcopy-bandwidth": 0})
        text = watched.wait_end(OK)
        check("completed" in text and text.count("not cancelled") == 1, text)
        lives(dst)
        step(f"{accel}: Ctrl-C after the switch to postcopy leaves the guest alone")


def check_left(accel: str) -> None:
    """The second one leaves the migration to itself."""
    with used(accel, {"postcopy-ram": True}, **{"max-postcopy-bandwidth": CRAWL}) as (src, dst), \
            migrate(src, dst, "--bandwidth", "1", "--no-hints") as watched:
        switch(src, dst)
        watched.interrupt()
        watched.wait_said("not cancelled")
        while watched.alive():
            time.sleep(APART)
            watched.interrupt()
        text = watched.wait_end(LEFT)
        check("continues without this tool, postcopy-active" in text, text)
        migration.set_parameters(src, {"max-postcopy-bandwidth": 0})
        wait_status(src, "completed")
        lives(dst)
        step(f"{accel}: a second Ctrl-C ends the tool and nothing else")


def check_handed_over(accel: str) -> None:
    """A guest whose state is on the way is not started again here: it would run twice."""
    caps = {"return-path": True, "pause-before-switchover": True}
    with used(accel, caps) as (src, dst), \
            migrate(src, dst, *SMALL_REST, "--no-hints") as watched:
        wait_for(lambda: migration.info(src).get("status") == "pre-switchover", "pre-switchover")
        watched.wait_said("migrate-continue")
        os.kill(dst.pid, signal.SIGSTOP)
        try:
            src.qmp.command("migrate-continue", state="pre-switchover")
            wait_status(src, "device")
            watched.interrupt()
            watched.wait_said("not cancelled: the guest is being handed over")
        finally:
            os.kill(dst.pid, signal.SIGCONT)
        watched.wait_end(OK)
        migration.wait_running(dst)
        check(src.status() == "postmigrate", f"the guest is {src.status()} here, and "
                                             "runs there")
        lives(dst)
        step(f"{accel}: Ctrl-C while the guest is handed over does not double it")


def settings(src: Machine) -> dict[str, Any]:
    """What the tool may change."""
    found = src.qmp.command("query-migrate-parameters")
    return {"reporting": src.query()["state"],
            **{key: found[key] for key in ("max-bandwidth", "downtime-limit")}}


def check_put_back(accel: str) -> None:
    """Cancelled, refused, and then migrated: what was found is put back where the guest stays."""
    with used(accel, {}) as (src, dst):
        src.fake("hello", "dead")
        before = settings(src)
        for uri, status in ("unix:/nowhere", NOT_MIGRATED), ("nonsense:", NO_ANSWER):
            text = tool("migrate", "--qmp", src.spare_qmp, "--bandwidth", "8", "--downtime", "1",
                        uri, status=status)
            check(settings(src) == before, f"a migration to {uri} left {settings(src)}, "
                                           f"found was {before}: {text}")
        with migrate(src, dst, "--bandwidth", "1", "--downtime", "1") as watched:
            wait_begins(src)
            check(settings(src) != before, "the tool changes nothing")
            watched.interrupt()
            text = watched.wait_end(NOT_MIGRATED)
        check("cancelled" in text and settings(src) == before,
              f"a cancelled migration left {settings(src)}, found was {before}: {text}")
        lives(src)
        step(f"{accel}: what was found is put back")


def check_somebody_elses(accel: str) -> None:
    """What somebody else has changed meanwhile, or had switched on, is not put back."""
    with used(accel, {}) as (src, dst):
        src.start_hints()
        before = settings(src)
        with migrate(src, dst, "--bandwidth", "1", "--downtime", "1") as watched:
            wait_begins(src)
            migration.set_parameters(src, {"downtime-limit": 77})
            watched.interrupt()
            text = watched.wait_end(NOT_MIGRATED)
        wanted = {**before, "downtime-limit": 77}
        check(settings(src) == wanted, f"{settings(src)}, not {wanted}: {text}")
        check("downtime-limit meanwhile" in text, text)


def test() -> None:
    """Each with the first accelerator."""
    build()
    accel = accelerators()[0]
    for one in (check_postcopy, check_left, check_handed_over, check_put_back,
                check_somebody_elses):
        one(accel)


if __name__ == "__main__":
    run(test)
