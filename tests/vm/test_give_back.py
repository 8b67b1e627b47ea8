#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 900 s
"""
Free memory of a Linux guest goes back to the host: QEMU's resident memory goes down, what the
guest uses stays as it is, whoever dies, and nothing goes back while a migration runs.
"""
from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable

from support import LOOK_EVERY, Hops, Work, attach_agent, check, migration, step, wait_for
from lib.machine import Machine, Spec
from lib.result import run
from lib.soak import times
from lib.tool import tool

MIB = 1 << 20
FILL_MIB = 300
# What a guest that has just filled and freed FILL_MIB must at least return: the pages of the
# fill may have come out of blocks that never went back, for they are smaller than is asked for.
BACK_MIB = FILL_MIB // 2
# The guest's programs have pages everywhere: few blocks of 2 MiB are whole after a while.
SMALL = ("--order", "4")
# What QEMU holds besides the guest's memory, translated code first of all.
OWN_MIB = 250
LONG = 60.0


def spare(vm: Machine) -> str:
    """A monitor socket that nobody uses."""
    return vm.qemu.path("spare.qmp")


def back(vm: Machine) -> dict[str, object]:
    """What x-query-freehint has about it."""
    return vm.query()["give-back"]


def fill(vm: Machine) -> int:
    """Write memory and free it; resident bytes then."""
    vm.guest.must(f"memfill {FILL_MIB}M", 120)
    return vm.qemu.rss()


def goes_down(vm: Machine) -> None:
    """Wait until little more is resident than the guest uses."""
    def enough() -> int:
        return vm.spec.memory_mib - vm.guest.mem_free_mib() + OWN_MIB

    wait_for(lambda: vm.qemu.rss() < enough() * MIB,
             lambda: f"resident memory to go down to {enough()} MiB, it is "
                     f"{vm.qemu.rss() >> 20} MiB: {back(vm)}", LONG, LOOK_EVERY)


def give_back(vm: Machine, *options: str) -> str:
    """Fill memory, free it and give it back by the tool, whose words are returned."""
    before, given = fill(vm), back(vm)["bytes"]
    text = tool("give-back", "--qmp", spare(vm), *options)
    given = back(vm)["bytes"] - given
    check(given > BACK_MIB * MIB, f"only {given >> 20} MiB were given back: {text} {back(vm)}")
    goes_down(vm)
    step(f"given back {given >> 20} MiB, resident {before >> 20} MiB before, "
         f"{vm.qemu.rss() >> 20} MiB after")
    return text


def once(hops: Hops) -> None:
    """The administrator's command, and its line."""
    vm = hops.here
    text = give_back(vm)
    check(re.search(r"given back", text), f"the tool says: {text}")
    state = back(vm)
    check(state["mode"] == "off" and not state["asking"], f"it goes on: {state}")


def leave(hops: Hops) -> None:
    """Free memory that is spared stays resident."""
    vm = hops.here
    fill(vm)
    given, free = back(vm)["bytes"], vm.guest.mem_free_mib()
    tool("give-back", "--qmp", spare(vm), "--leave", str(free - BACK_MIB))
    given = (back(vm)["bytes"] - given) >> 20
    check(given < 2 * BACK_MIB, f"{given} MiB were given back, {BACK_MIB} were allowed")
    step(f"left: {given} MiB given back")


def save(vm: Machine) -> int:
    """Save the stopped guest into a file, as virsh save does, and go on; bytes of the file."""
    path = vm.qemu.path("saved")
    vm.qmp.command("stop")
    migration.set_parameters(vm.qemu, {"max-bandwidth": 0})
    vm.qmp.command("migrate", uri=f"exec:cat >{path}")
    info = migration.wait(vm.qemu, LONG)
    check(info["status"] == "completed", f"saving: {info}")
    vm.qmp.command("cont")
    return os.path.getsize(path)


def saved(hops: Hops) -> None:
    """A file with the guest is smaller after its memory went back."""
    vm = hops.here
    fill(vm)
    before = save(vm)
    tool("give-back", "--qmp", spare(vm))
    after = save(vm)
    check(after < before - BACK_MIB // 2 * MIB, f"{before >> 20} MiB before, {after >> 20} after")
    step(f"saved: {before >> 20} MiB before, {after >> 20} MiB after")


def always(hops: Hops) -> None:
    """What is freed goes back by itself, until it is stopped."""
    vm = hops.here
    tool("give-back", "--qmp", spare(vm), "--always", *SMALL)
    for _ in range(times(1)):
        fill(vm)
        goes_down(vm)
    tool("give-back", "--qmp", spare(vm), "--stop")
    wait_for(lambda: not back(vm)["asking"], "the end of it")
    step("always, and stopped")


def agent_dies(hops: Hops) -> None:
    """Killed or stopped at any moment: the guest gets its blocks back, and it goes on after."""
    vm = hops.here
    free = vm.guest.mem_free_mib()
    tool("give-back", "--qmp", spare(vm), "--always", *SMALL)
    for number in (signal.SIGSTOP, signal.SIGKILL):
        fill(vm)
        assert vm.agent is not None
        vm.agent.signal(number)
        wait_for(lambda: vm.guest.mem_free_mib() > free - 64,
                 "the guest to have its free memory", LONG, LOOK_EVERY)
        if number == signal.SIGSTOP:
            vm.agent.signal(signal.SIGCONT)
        else:
            attach_agent(vm)
        fill(vm)
        goes_down(vm)
    step("the agent was stopped and killed")


def module_goes(hops: Hops) -> None:
    """Unloaded in the middle of it, and loaded again: it goes on."""
    vm = hops.here
    fill(vm)
    vm.unload_module()
    wait_for(lambda: not vm.query()["guest"]["present"], "the module to be gone")
    vm.load_module()
    wait_for(lambda: vm.query()["guest"]["present"], "the module's hello")
    fill(vm)
    goes_down(vm)
    step("the module was unloaded and loaded")


def migrates(hops: Hops) -> None:
    """While a migration runs nothing goes back; on the destination it is asked for anew."""
    vm = hops.here
    tool("give-back", "--qmp", spare(vm), "--always", *SMALL)
    fill(vm)
    hops.hold()
    wait_for(lambda: not back(vm)["asking"], "the request to be withdrawn")
    check(back(vm).get("paused"), f"no reason is given: {back(vm)}")
    given = back(vm)["bytes"]
    vm.guest.must(f"memfill {FILL_MIB // 2}M", 120)
    check(back(vm)["bytes"] == given, f"{back(vm)} during a migration, {given} bytes before")
    hops.cancel()
    wait_for(lambda: back(vm)["asking"], "it to go on after a cancelled migration")
    fill(vm)
    goes_down(vm)
    hops.hold()
    hops.release()
    check(back(vm)["bytes"] >= given, f"{back(vm)}")
    vm = hops.arrive()
    attach_agent(vm)
    wait_for(lambda: vm.query()["guest"]["present"], "the guest's hello on the destination")
    check(back(vm)["mode"] == "off", f"the destination began by itself: {back(vm)}")
    give_back(vm, *SMALL)
    step("paused for migrations, and repeated on the destination")


PARTS = (once, leave, always, agent_dies, module_goes, migrates)


def travel(append: str, zero_mib: int, parts: tuple[Callable[[Hops], None], ...]) -> None:
    """All parts with one kind of guest."""
    with Hops(Spec(memory_mib=768, append=append, lifetime=800)) as hops:
        attach_agent(hops.here)
        work = Work(hops.here.guest, pages_mib=48, churn_mib=48, zero_mib=zero_mib)
        for part in parts:
            part(hops)
            work.verify(hops.here.guest)


def main() -> None:
    """A guest whose free pages are dead, and one whose free pages must be zero."""
    travel("", 0, (saved, *PARTS))
    # A page that is zero takes no room in a file anyway.
    travel("init_on_free=1", 32, (once, always, migrates))


if __name__ == "__main__":
    run(main)
