#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
A QEMU that the extension does not know. A machine's command line goes with it to hosts with
a newer QEMU, and a plugin that does not load ends QEMU: so it loads, whatever plugin
number this QEMU takes, has no effect, and says why, as `freehint top` does; the guest arrives,
and leaves again.
With strict=on QEMU ends. A wrong option ends it anywhere.

There is no QEMU of a series to come: other_qemu.c makes this one tell another version, or
lack a function. The loader that is asked for its number is this QEMU's own.
"""
from __future__ import annotations

import json
import os
import shlex
import subprocess

from baremetal import (EXTENSION, MIB, PAGE, Failure, Machine, accelerators, build, check, hold,
                       migration, patience, release, run, step, wait_for)
from lib.program import Agent
from lib.qmp import QmpError
from lib.tool import tool

BUILD = os.path.dirname(EXTENSION)
PRELOAD = os.path.join(BUILD, "tests", "kvm", "other_qemu.so")

MEM = 64 * MIB
KEPT = range(2 * MIB, 4 * MIB)
FREE = range(16 * MIB, 48 * MIB)
PATTERN = 0x33333333


def disguise(machine: Machine, options: str = "", **env: str) -> Machine:
    """Before it is started: another QEMU, and more options of the extension."""
    script = machine.path("qemu")
    words = [f"{name}={value}" for name, value in env.items()]
    with open(script, "w", encoding="utf-8") as file:
        file.write(f"#!/bin/sh\nexec env LD_PRELOAD={shlex.quote(PRELOAD)} "
                   f"{shlex.join(words)} {shlex.quote(machine.binary)} \"$@\"\n")
    os.chmod(script, 0o700)
    machine.binary = script
    at = machine.args.index("-plugin") + 1
    machine.args[at] += options
    return machine


def other(accel: str, name: str, options: str = "", *, incoming: bool = False,
          **env: str) -> Machine:
    """A machine in a QEMU in disguise."""
    return disguise(Machine(accel, name=name, mem=MEM, incoming=incoming), options, **env)


def refused(machine: Machine, command: str, words: str, **args: object) -> None:
    """A command fails and says why."""
    try:
        machine.qmp.command(command, **args)
    except QmpError as error:
        check(words in error.desc, f"{command}: {error.desc}")
        return
    raise Failure(f"{command} went well in a QEMU that is not known")


def has_no_effect(machine: Machine, words: str) -> None:
    """All that the commands say, and that the region is as it was found."""
    with open(machine.shm, "rb") as file:
        before = file.read(PAGE)
    now = machine.query()
    check(words in now.get("refused", "") and now["state"] == "off", f"{now}")
    check(now["region"]["size"] == 0 and not now["guest"]["present"], f"{now}")
    refused(machine, "x-freehint-start", words)
    refused(machine, "x-freehint-mark-clean", words, round=1, ranges=[])
    refused(machine, "x-freehint-map", words, cells=1)
    machine.qmp.command("x-freehint-stop")
    with open(machine.shm, "rb") as file:
        check(file.read(PAGE) == before, "somebody wrote into the region")
    check("loaded without effect" in machine.log(), machine.log())


def told_by_top(machine: Machine) -> None:
    """Its agent's metrics say that hints are refused, though nothing is attached."""
    directory = os.path.dirname(machine.path("vm.prom"))

    def state() -> list[str]:
        text = tool("top", "--once", "--json", "--directory", directory)
        return [vm["state"] for vm in json.loads(text)]

    with Agent(machine.shm, machine.agent_qmp, ["--metrics", machine.path("vm.prom")]):
        wait_for(lambda: state() == ["refused"], lambda: f"refused hints, top says {state()}")


def hinted(src: Machine, dst: Machine) -> None:
    """A migration with hints, after which content is there."""
    hold(src, dst)
    now = src.wait_round()
    src.publish(now, FREE)
    src.mark(now, FREE, last=True)
    src.wait_applied(len(FREE) // PAGE)
    release(src, dst)
    check(dst.lost(KEPT, PATTERN) == 0, "content is lost")


def there_and_back(accel: str) -> None:
    """Hinted into the unknown, and back without hints; with one command line."""
    options = ",autostart=on"
    unknown = {"FREEHINT_SAYS": "12.3"}
    with other(accel, "src", options) as src, \
            other(accel, "dst", options, incoming=True, **unknown) as dst:
        src.wait_boot()
        src.write(KEPT, PATTERN)
        src.fake("hello")
        hinted(src, dst)
        with other(accel, "back", options, incoming=True) as back:
            dst.fake("hello")
            info = migration.migrate(dst, back)
            check(info["status"] == "completed", f"migration back: {info}")
            check(back.lost(KEPT, PATTERN) == 0, "content is lost on the way back")
            has_no_effect(dst, "QEMU 12.3 was never tested")
    step(f"{accel}: into QEMU 12.3 and back")


def lacks_functions(accel: str) -> None:
    """One that is needed for hints, and one without which nothing can be told."""
    with other(accel, "lacks", FREEHINT_LACKS="gpa2hva") as machine:
        machine.wait_boot()
        has_no_effect(machine, "does not export 'gpa2hva'")
        told_by_top(machine)
    with other(accel, "mute", FREEHINT_LACKS="qmp_register_command") as machine:
        machine.wait_boot()
        refused(machine, "x-query-freehint", "not been found")
        check("--enable-modules" in machine.log(), machine.log())
        told_by_top(machine)
    step(f"{accel}: without some function")


def ends(accel: str, words: str, options: str, **env: str) -> None:
    """QEMU does not start, and says why."""
    machine = other(accel, "ends", options, **env)
    try:
        done = subprocess.run(machine.command_line(), capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, check=False, timeout=patience.seconds(60))
    finally:
        machine.stop()
    check(done.returncode != 0 and words in done.stderr,
          f"'{words}' was expected with {options} {env}: {done}")


def unwanted(accel: str) -> None:
    """Where QEMU shall not start."""
    ends(accel, "QEMU 12.3 was never tested", ",strict=on", FREEHINT_SAYS="12.3")
    ends(accel, "--enable-modules", ",strict=on", FREEHINT_LACKS="qmp_register_command")
    ends(accel, "option 'autostrat=on' is not one of", ",autostrat=on", FREEHINT_SAYS="12.3")
    step(f"{accel}: ends where it was asked to")


def first_run(accel: str) -> None:
    """Where it works because somebody said so, its first migration is looked at, once."""
    options = ",allow-untested=on,strict=on"
    said = "first migration with hints in QEMU 12.3 went as in the tested series"
    with other(accel, "risk", options, FREEHINT_SAYS="12.3") as src, \
            other(accel, "dst", options, incoming=True) as dst:
        src.wait_boot()
        src.write(KEPT, PATTERN)
        src.fake("hello")
        src.start_hints()
        check("refused" not in src.query(), f"{src.query()}")
        hinted(src, dst)
        wait_for(lambda: said in src.log(), src.log)
        check(src.log().count(said) == 1, src.log())
        check(said not in dst.log(), dst.log())
    step(f"{accel}: the first migration in QEMU 12.3 is looked at")


def test() -> None:
    """The accelerator makes no difference."""
    build()
    accel = accelerators()[0]
    there_and_back(accel)
    lacks_functions(accel)
    unwanted(accel)
    first_run(accel)


if __name__ == "__main__":
    run(test)
