# SPDX-License-Identifier: GPL-2.0
"""
Loads of a Linux guest that verify memory content in many ways at once: kinds of memory
(tests/vm/guest/twist.c), stress-ng, files with checksums, and the kernel's own
machinery that moves pages about meanwhile.
"""
from __future__ import annotations

import dataclasses
import os
import re
from collections.abc import Callable
from dataclasses import dataclass

from support import (CRAWL, FIRST_BANDWIDTH, HOLD_BANDWIDTH, LOOK_EVERY, PASS_BANDWIDTH, Hops,
                     check, check_kernel, comes_true, migration, patience, step, wait_for,
                     wait_pass)
from lib.guest import Guest
from lib.machine import Spec
from lib.soak import factor

# The control for a failure: the same test without hints.
PLAIN = bool(os.environ.get("FREEHINT_TORTURE_PLAIN"))

# How fast the passes of a guest are sent in which one program writes its 32 MiB.
SLOW_BANDWIDTH = 2 * HOLD_BANDWIDTH

# MiB that a twist deals with in a second if it has a pace: three write more than is sent.
TWIST_PACE = 64

# The slowest machine: two processors emulated by less than one.
PATIENCE = 240

# Passes in which what a test waits for may not come, and how long it looks for it in each.
PASS_TRIES, ROUND_SECONDS = 10, 5

# What stress-ng says of a failure; newer ones count, and say "failed: 0".
FAILURE = re.compile(r"fail(?!ed: 0$)", re.IGNORECASE | re.MULTILINE)

# Loops in the guest that verify nothing themselves.
STIRRERS = {
    "compact": "echo 1 >/proc/sys/vm/compact_memory; sleep 0.3",
    "dropcaches": "sync; echo 3 >/proc/sys/vm/drop_caches; sleep 0.5",
    "exits": "for i in 1 2 3 4 5 6 7 8; do busybox true & done; wait; sleep 0.1",
    "cpus": "for on in 0 1; do echo $on >/sys/devices/system/cpu/cpu1/online; "
            "sleep 0.5; done",
    # what was plugged in: the machine has it above 4 GiB
    "blocks": "for i in $(seq 32 63); do cd /sys/devices/system/memory/memory$i || continue; "
              "echo offline >state && echo $i >>/run/offlined; sleep 0.3; "
              "echo online_movable >state; done 2>/dev/null; sleep 0.3",
}


def plain_or_ours(spec: Spec) -> Spec:
    """Without hints, a QEMU that logs its writes nevertheless."""
    return dataclasses.replace(spec, extension=False, tlb_reset=True) if PLAIN else spec


@dataclass(frozen=True)
class Twist:
    """One twist: kind of memory, size, path where the kind wants one."""

    kind: str
    mib: int
    path: str = ""

    @property
    def name(self) -> str:
        """Name of its status file and log."""
        return f"twist-{self.kind}"


def steady_pass(hops: Hops, number: int, slow: bool = False) -> None:
    """
    Wait until the held migration is in pass `number`. The pass crawls from then on: it must not
    end while a guest sleeps, or gets no processor. `slow` is for guests that write less than
    the loads below do.
    """
    speeds = (SLOW_BANDWIDTH,) * 2 if slow else (FIRST_BANDWIDTH, PASS_BANDWIDTH)
    info = wait_pass(hops.here.qemu, number, PATIENCE, CRAWL, speeds)
    check(info["status"] == "active", f"the migration {info['status']} before its time")


def passes_until(hops: Hops, seen: Callable[[], object], what: str, slow: bool = False) -> None:
    """
    Pass after pass until a round has led to what is to be `seen`. A sync opens none where a
    round would cost more than it saves, and in a pass that crawls nothing changes any more.
    """
    for _ in range(PASS_TRIES):
        if comes_true(seen, patience.seconds(ROUND_SECONDS)):
            return
        steady_pass(hops, migration.ram(hops.here.qemu)["dirty-sync-count"] + 1, slow)
    check(False, f"{PASS_TRIES} passes without {what}: {hops.here.query()}")


def tune_kernel(guest: Guest) -> None:
    """Huge pages wherever possible, khugepaged and ksmd that hardly rest."""
    guest.must("cd /sys/kernel/mm; echo always >transparent_hugepage/enabled; "
               "echo 50 >transparent_hugepage/khugepaged/scan_sleep_millisecs; "
               "echo 50 >transparent_hugepage/khugepaged/alloc_sleep_millisecs; "
               "echo 20 >ksm/sleep_millisecs; echo 500 >ksm/pages_to_scan; "
               "echo 1 >ksm/run")


class Loads:
    """Programs in the guest that own memory of many kinds and check it for ever."""

    def __init__(self, guest: Guest, twists: list[Twist], stirrers: tuple[str, ...] = (),
                 stress: str = "", files_mib: int = 0, paced: bool = False) -> None:
        """
        Start them. `stress` are the stressors of a stress-ng; `files_mib` MiB of files
        with checksums are left on tmpfs. `paced` twists leave processors to what else
        happens in the guest, unless this is a soak.
        """
        rate = f"{TWIST_PACE}M" if paced and factor() == 1 else "-"
        self.twists = twists
        self.stirrers = stirrers
        self.stress = stress
        self.files = bool(files_mib)
        for twist in twists:
            guest.spawn(twist.name, f"twist {twist.kind} {twist.mib}M /run/{twist.name} "
                                    f"{rate} {twist.path}")
        for name in stirrers:
            self._stir(guest, name)
        if stress:
            self._start_stress(guest)
        if files_mib:
            guest.must(f"mkdir -p /tmp/files; cd /tmp/files; for i in $(seq {files_mib}); "
                       "do dd if=/dev/urandom of=$i bs=64k count=16 2>/dev/null || exit 1; "
                       "done; sha256sum * >/tmp/sums", PATIENCE)
        wait_for(lambda: all(self._walks(guest, twist) for twist in twists),
                 "every kind of memory to be walked once", PATIENCE, LOOK_EVERY)
        step(f"loads are up: {self}")

    def __str__(self) -> str:
        """Names, for the log."""
        names = [twist.kind for twist in self.twists]
        return ", ".join(names + ["stress-ng"] * bool(self.stress))

    @staticmethod
    def _stir(guest: Guest, name: str) -> None:
        """Start an endless loop."""
        guest.must(f"echo 'renice -n 5 -p $$; while :; do {STIRRERS[name]}; done' "
                   f">/run/{name}.sh")
        guest.spawn(name, f"sh /run/{name}.sh")

    def _start_stress(self, guest: Guest) -> None:
        """A stress-ng without end; its status goes to a file when it is told to end."""
        guest.must("mkdir -p /tmp/stress; echo 'renice -n 5 -p $$; trap : INT; "
                   f"stress-ng --verify --timeout 0 --temp-path /tmp/stress {self.stress} & "
                   "echo $! >/run/stress.pid; while kill -0 $! 2>/dev/null; do wait $!; "
                   "echo $? >/run/stress.status; done' >/run/stress.sh")
        guest.spawn("stress-shell", "sh /run/stress.sh")

    def _signal_others(self, guest: Guest, signal: str) -> None:
        """Stop all but the twists, or let them go on: verifying takes long enough."""
        for name in self.stirrers:
            status, text = guest.run(f"kill -{signal} -$(cat /run/{name}.pid)", PATIENCE)
            if status:
                text += guest.run(f"tail /run/{name}.log; dmesg | tail -n 20")[1]
            check(status == 0, f"{name} has ended before its time: {text}")
        if self.stress:
            guest.must("for i in /proc/[0-9]*; do read name <$i/comm; case $name in "
                       f"stress-ng*) kill -{signal} ${{i#/proc/}};; esac; done 2>/dev/null; "
                       "true", PATIENCE)

    @staticmethod
    def _walks(guest: Guest, twist: Twist) -> int:
        """How often a twist has looked at all its pages."""
        return guest.numbers(f"/run/{twist.name}").get("walks", 0)

    @staticmethod
    def _check_twist(guest: Guest, twist: Twist) -> int:
        """No page was ever wrong; how often it has looked at all its pages."""
        numbers = guest.numbers(f"/run/{twist.name}")
        if numbers.get("mismatches") != 0:
            log = guest.run(f"head -n 20 /run/{twist.name}.log")[1]
            check(False, f"{twist.name} found wrong content: {numbers}\n{log}")
        return numbers["walks"]

    def _complaints(self, guest: Guest) -> str:
        """What the twists have printed, which they do if something is wrong."""
        logs = " ".join(f"/run/{twist.name}.log" for twist in self.twists)
        return guest.must(f"head -q -n 20 {logs}")

    def verify(self, guest: Guest) -> None:
        """
        Check on the destination that every load went on and found no error. The walk
        that was under way may have begun before: two more look at each page.
        """
        self._signal_others(guest, "STOP")
        before = {twist: self._walks(guest, twist) for twist in self.twists}
        wait_for(lambda: all([self._check_twist(guest, twist) >= before[twist] + 2
                              for twist in self.twists]),
                 lambda: f"two walks of {self}: {self._complaints(guest)}", PATIENCE, LOOK_EVERY)
        complaints = self._complaints(guest)
        check(not complaints, f"a twist complains:\n{complaints}")
        if self.files:
            status, text = guest.run("cd /tmp/files && sha256sum -c /tmp/sums", 120)
            check(status == 0, f"files changed:\n{text[-2000:]}")
        if self.stress:
            running, status = guest.run("cat /run/stress.status")
            said = "" if running else guest.run("cat /run/stress-shell.log")[1]
            check(running, f"stress-ng has ended before its time, with {status}: {said}")
        check_kernel(guest)
        self._signal_others(guest, "CONT")
        step(f"content verified by {self}")

    def finish_stress(self, guest: Guest) -> None:
        """End stress-ng; its stressors give their verdict."""
        if not self.stress:
            return
        guest.must("kill -INT $(cat /run/stress.pid)")
        wait_for(lambda: guest.run("test -s /run/stress.status")[0] == 0,
                 "stress-ng to end", PATIENCE)
        status = guest.must("cat /run/stress.status").split()
        log = guest.must("cat /run/stress-shell.log")
        check(status[-1:] == ["0"] and not FAILURE.search(log),
              f"stress-ng ended with {status}:\n{log[-3000:]}")
        step("stress-ng verified what it did")
