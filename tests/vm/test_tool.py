#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
The administrator's tool on a real guest: doctor sees what is missing and then that
nothing is, status and dump show it, migrate migrates, Ctrl-C cancels; exit codes.
"""
from __future__ import annotations

import json

from support import Hops, Work, attach_agent, check, migration, step, wait_for
from lib import arch
from lib.machine import Machine, Spec
from lib.result import run
from lib.tool import Running, tool

USAGE, WRONG, NO_ANSWER, NOT_MIGRATED = 1, 3, 4, 5

# Bytes; the tool prints tenths of a megabyte.
MUCH = 1 << 20


def spare(vm: Machine) -> str:
    """A monitor socket that nobody uses."""
    return vm.qemu.path("spare.qmp")


def doctor(hops: Hops) -> None:
    """Without the module it says what to do; with it, that nothing is wrong."""
    vm = hops.here
    asked = ("doctor", "--qmp", spare(vm), "--shm", vm.shm)
    text = tool(*asked, status=WRONG)
    check("load freehint.ko" in text, f"doctor does not miss the module: {text}")
    vm.load_module()
    wait_for(lambda: vm.query()["guest"]["present"], "the module's hello")
    text = tool(*asked)
    check("hinting is possible" in text, f"doctor is not content: {text}")
    check("describes all of the guest's memory" in text, f"doctor on the size: {text}")
    check(("/sys/kernel/debug/freehint/memory_type there" in text)
          == (arch.chosen().name == "amd64"), f"doctor on the place of the BAR: {text}")
    text = tool("doctor", "--qemu", "/bin/true", "--shm", "/bin/true", status=WRONG)
    check("is on a disk" in text and "prints no version" in text, f"doctor: {text}")
    step("doctor")


def show(hops: Hops) -> None:
    """status and dump agree with the extension."""
    vm = hops.here
    query = json.loads(tool("status", "--qmp", spare(vm), "--json"))
    check(query["instance"] == vm.query()["instance"], f"status --json: {query}")
    text = tool("status", "--qmp", spare(vm))
    check("free pages are dead" in text, f"status: {text}")
    text = tool("dump", "--shm", vm.shm)
    check(f"instance         {query['instance']}" in text and
          "guest: free pages are dead" in text, f"dump: {text}")
    tool("status", "--qmp", "/nowhere", status=NO_ANSWER)
    tool("dump", "--shm", "/nowhere", status=NO_ANSWER)
    tool("status", status=USAGE)
    tool("cure", status=USAGE)
    step("status and dump")


def destination(hops: Hops) -> str:
    """A machine that listens; its address."""
    hops.there = hops.add(hops.here.spec, incoming=True)
    uri = f"unix:{hops.there.qemu.path('migrate.sock')}"
    hops.there.qmp.command("migrate-incoming", uri=uri)
    return uri


def settings(vm: Machine) -> list[object]:
    """What the tool changes for a migration."""
    found = vm.qmp.command("query-migrate-parameters")
    return [found["max-bandwidth"], found["downtime-limit"], vm.query()["state"]]


def cancel(hops: Hops) -> None:
    """Ctrl-C while hardly anything is sent; the guest stays, and what was found is put back."""
    uri, before = destination(hops), settings(hops.here)
    with Running("migrate", "--qmp", spare(hops.here), "--bandwidth", "8", "--downtime", "1",
                 uri) as watched:
        wait_for(lambda: migration.info(hops.here.qemu).get("status") == "active",
                 "the migration to begin")
        watched.interrupt()
        text = watched.wait_end(NOT_MIGRATED)
    check("cancelled" in text, f"after Ctrl-C: {text}")
    migration.wait_running(hops.here.qemu)
    check(settings(hops.here) == before, f"{settings(hops.here)} is left, {before} was found")
    assert hops.there is not None
    hops.there.stop()
    step("cancelled")


def migrate(hops: Hops) -> None:
    """A hinted migration, and its rounds in status; it is slow until something was skipped."""
    uri, before = destination(hops), hops.here.counters()["bytes-skipped"]
    with Running("migrate", "--qmp", spare(hops.here), "--bandwidth", "8", "--downtime", "1",
                 uri) as watched:
        wait_for(lambda: hops.here.counters()["bytes-skipped"] >= before + MUCH,
                 lambda: f"hints: {hops.here.query()}, {watched.log()}", 60)
        migration.set_parameters(hops.here.qemu, {"max-bandwidth": 0, "downtime-limit": 2000})
        text = watched.wait_end(timeout=120)
    check("completed" in text and " 0.0 MB kept off" not in text, f"migrate: {text}")
    text = tool("status", "--qmp", spare(hops.here))
    check("pass  kept off the wire" in text, f"status: {text}")
    tool("migrate", "--qmp", spare(hops.here), "--quiet", "unix:/nowhere",
         status=NO_ANSWER)
    assert hops.there is not None
    migration.wait_running(hops.there.qemu)
    step("migrated")


def main() -> None:
    """One guest from doctor to its destination."""
    with Hops(Spec(memory_mib=512), module=False) as hops:
        doctor(hops)
        show(hops)
        attach_agent(hops.here)
        work = Work(hops.here.guest, pages_mib=32, churn_mib=32)
        cancel(hops)
        migrate(hops)
        work.verify(hops.arrive().guest)


if __name__ == "__main__":
    run(main)
