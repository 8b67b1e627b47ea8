#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
The list of system calls in host-agent/agent/sandbox/syscall_filter.c against what the agent does.

The agent lives its life under strace: the unit tests of the whole program with
their broken peers, then a real migration of a bare-metal guest, stopped and
continued, with QEMU gone at the end; with an io_uring and without. No call may be
missing in the list of its kind of event loop, and none may stand there that was not
made, unless its line says why it is "unseen".
"""
from __future__ import annotations

import collections
import glob
import os
import re
import signal
import subprocess
import tempfile
import time
from contextlib import ExitStack

from baremetal import (BUILD, MIB, ROOT, Failure, accelerators, build, check, hold, make, pair,
                       release, require_file, run, skip, step)
from lib.no_ring import forbid_io_uring
from lib.program import Agent

AGENT = os.path.join(BUILD, "freehint-agent")
UNIT_TEST = os.path.join(BUILD, "tests", "unit", "test_agent")
FILTER = os.path.join(ROOT, "host-agent", "agent", "sandbox", "syscall_filter.c")
SEALED = re.compile(r"^seccomp\(SECCOMP_SET_MODE_FILTER.*= 0", re.M)
RING = re.compile(r"^io_uring_setup\(.*= [0-9]+$", re.M)
CALL = re.compile(r"^([a-z0-9_]+)\(", re.M)
LINE = re.compile(r'^\t\{ "(\w+)", .*?\},(.*)$', re.M)
REGION = range(2 * MIB, 34 * MIB)
# Kinds of event loop: the table of each, and the call that it waits with.
WAITS = {"ring_allowed": "io_uring_enter", "poll_allowed": "ppoll"}


def table_of(text: str, name: str) -> dict[str, str]:
    """One table as it stands in the source: call and comment, of all its lines."""
    table = text[text.index(f" {name}[] = {{"):]
    calls: dict[str, str] = {}
    for call, comment in LINE.findall(table[:table.index("\n};")]):
        calls[call] = calls.get(call, "") + comment
    return calls


def listed() -> dict[str, dict[str, str]]:
    """The lists of the agent with either kind of event loop, by the name of its table."""
    with open(FILTER, encoding="utf-8") as file:
        text = file.read()
    agent = table_of(text, "allowed")
    check(len(agent) > 20, f"{FILTER}: the list was not found")
    return {name: {**agent, **table_of(text, name)} for name in WAITS}


def need_strace(directory: str) -> None:
    """Skip where nobody may be traced."""
    line = ["strace", "-D", "-o", os.path.join(directory, "probe"), "true"]
    try:
        done = subprocess.run(line, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        skip("strace is not installed")
    if done.returncode:
        skip(f"strace does not work here: {done.stderr.strip()}")


def make_wrapper(directory: str) -> str:
    """A program that is the agent under strace, with the agent's process id."""
    path = os.path.join(directory, "agent")
    with open(path, "w", encoding="utf-8") as file:
        file.write(f'#!/bin/sh\nexec strace -D -qq -o "{directory}/trace.$$" "{AGENT}" "$@"\n')
    os.chmod(path, 0o755)
    return path


def run_unit_test(wrapper: str) -> None:
    """The whole program between fake peers, all its errors included."""
    make("tests", UNIT_TEST)
    done = subprocess.run([UNIT_TEST], env={**os.environ, "FREEHINT_AGENT": wrapper},
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    check(done.returncode == 0, f"{UNIT_TEST} under strace:\n{done.stdout}")


def pause(agent: Agent) -> None:
    """Stop the agent in whatever it does, and let it go on."""
    agent.signal(signal.SIGSTOP)
    time.sleep(0.3)
    agent.signal(signal.SIGCONT)


def migrate(wrapper: str, accel: str, ring: bool) -> None:
    """The agent follows a guest until its QEMU is gone, and is told to end."""
    monitor = os.path.join(os.path.dirname(wrapper), "monitor")
    with ExitStack() as stack:
        with pair(accel, {"extra": ["-qmp", f"unix:{monitor},server=on,wait=off"]}) as (src, dst):
            src.wait_boot()
            src.write(REGION, 1)
            src.start_hints()
            agent = stack.enter_context(Agent(src.shm, monitor, binary=wrapper,
                                              preexec_fn=None if ring else forbid_io_uring))
            pause(agent)
            hold(src, dst)
            src.publish(src.wait_round(), REGION)
            src.wait_applied(len(REGION) // 4096)
            pause(agent)
            release(src, dst)
        agent.wait_said("waiting for QEMU at")
        status = agent.stop(60)
        check(status == 0, f"the agent ended with {status}")


def calls_in(text: str) -> collections.Counter[str]:
    """System calls behind the sealing, in one trace; none if it never came so far."""
    sealed = SEALED.search(text)
    return collections.Counter(CALL.findall(text[sealed.end():]) if sealed else [])


def collect(directory: str) -> dict[str, collections.Counter[str]]:
    """System calls in all traces, by the table of the event loop that was in use."""
    seen: dict[str, collections.Counter[str]] = {
        name: collections.Counter() for name in WAITS}
    for path in glob.glob(os.path.join(directory, "trace.*")):
        with open(path, encoding="utf-8", errors="replace") as file:
            text = file.read()
        check("--- SIGSYS" not in text, f"a call is not in the list:\n{text[-2000:]}")
        seen["ring_allowed" if RING.search(text) else "poll_allowed"] += calls_in(text)
    return seen


def compare(calls: dict[str, str], seen: set[str]) -> None:
    """The list and what was seen, both ways."""
    missing = sorted(seen - set(calls))
    check(not missing, f"made, but not in the list: {missing}")
    unused = sorted(name for name, why in calls.items()
                    if name not in seen and "unseen:" not in why)
    check(not unused, f"in the list, never made, and no reason given: {unused}")
    lies = sorted(name for name, why in calls.items() if name in seen and "unseen:" in why)
    if lies:
        print(f"seen here, although called unseen: {lies}", flush=True)


def check_comparison(calls: dict[str, str], seen: set[str]) -> None:
    """A comparison that never complains is none."""
    for wrong in (({**calls, "reboot": ""}, seen), (calls, seen | {"reboot"})):
        try:
            compare(*wrong)
        except Failure:
            continue
        raise Failure("the comparison does not see a wrong list")


def check_kind(name: str, calls: dict[str, str], seen: collections.Counter[str]) -> None:
    """One kind of event loop: its list, and what agents with it did."""
    check(seen[WAITS[name]] > 100, f"hardly anything was traced: {seen}")
    step(f"{name}: " + ", ".join(f"{call} {n}" for call, n in sorted(seen.items())))
    compare(calls, set(seen))
    check_comparison(calls, set(seen))


def test() -> None:
    """All phases of the agent's life, then the comparison."""
    calls = listed()
    with tempfile.TemporaryDirectory(prefix="freehint-calls-") as directory:
        need_strace(directory)
        build()
        require_file(AGENT, "run make first")
        wrapper = make_wrapper(directory)
        step("unit tests of the program")
        run_unit_test(wrapper)
        for accel in accelerators():
            for ring in (True, False):
                step(f"migration, {accel}, {'io_uring' if ring else 'poll'}")
                migrate(wrapper, accel, ring)
        seen = collect(directory)
    for name in WAITS:
        check_kind(name, calls[name], seen[name])


if __name__ == "__main__":
    run(test)
