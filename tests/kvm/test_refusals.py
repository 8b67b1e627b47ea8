#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Everything x-freehint-mark-clean has to refuse, with the words it refuses with, in
the middle of a migration that then ends well; and the migration capabilities under
which there is no hinting at all.
"""
from __future__ import annotations

import os
import struct
from collections.abc import Callable
from typing import Any

from baremetal import (MIB, PAGE, Failure, Machine, accelerators, build, check, hold, migration,
                       pair, release, run, step)
from lib.qmp import QmpError

MARK = "x-freehint-mark-clean"
PATTERN = 0x66666666
MEM = 64 * MIB
# Below, nothing is hinted: include/freehint/limits.h
FIRMWARE_END = 1 * MIB
FILLER = range(1 * MIB, 9 * MIB)
REGION = range(16 * MIB, 32 * MIB)
GOOD = {"start": REGION.start, "length": PAGE}
MAX_JSON, MAX_RECORDS = 1024, 4096
LOCAL_APIC = 0xfee00000


def refused(machine: Machine, words: str, args: dict[str, Any]) -> None:
    """The command fails and says `words`."""
    try:
        answer = machine.qmp.command(MARK, args)
    except QmpError as error:
        check(error.cls == "GenericError" and words in error.desc,
              f"{args}: '{words}' was expected, got {error.cls}: {error.desc}")
        return
    raise Failure(f"{str(args)[:120]} was accepted: {answer}; "
                  f"'{words}' was expected")


def refused_ranges(machine: Machine, words: str, round_id: int,
                   *ranges: tuple[int, int]) -> None:
    """The ranges are refused as a JSON list and as records."""
    refused(machine, words, {"round": round_id, "ranges": [
        {"start": start, "length": length} for start, length in ranges]})
    refused_file(machine, words, round_id, len(ranges),
                 b"".join(struct.pack("<QQ", *pair) for pair in ranges))


def refused_file(machine: Machine, words: str, round_id: int, count: Any,
                 records: bytes) -> None:
    """The file is refused, and QEMU has closed it."""
    fd = os.memfd_create("records", os.MFD_CLOEXEC)
    os.write(fd, records)
    machine.qmp.send_fd(fd, "records")
    os.close(fd)
    refused(machine, words, {"round": round_id, "fdname": "records", "count": count})
    refused(machine, "records", {"round": round_id, "fdname": "records", "count": 1})


def check_ranges(src: Machine, now: int) -> None:
    """Ranges that are no memory of the guest, or in no order."""
    page = REGION.start
    refused_ranges(src, "range 0 [0x1000001, +0x1000) is not aligned", now,
                   (page + 1, PAGE))
    refused_ranges(src, "is not aligned", now, (page, PAGE + 512))
    refused_ranges(src, "range 0 [0x1000000, +0x0) is empty", now, (page, 0))
    refused_ranges(src, "range 1 [0x1000000, +0x1000) starts before", now,
                   (page + PAGE, PAGE), (page, PAGE))
    refused_ranges(src, "range 1 [0x1001000, +0x1000) starts before", now,
                   (page, 2 * PAGE), (page + PAGE, PAGE))
    refused_ranges(src, "starts before", now, (page, PAGE), (page, PAGE))
    refused_ranges(src, "range 0 at 0x4000000 is outside guest RAM", now, (MEM, PAGE))
    refused_ranges(src, "is outside guest RAM", now, (MEM - PAGE, 2 * PAGE))
    refused_ranges(src, "is outside guest RAM", now, (0, 1 << 40))
    refused_ranges(src, "range 1 at 0xfee00000", now, (page, PAGE), (LOCAL_APIC, PAGE))
    refused_ranges(src, "is longer than 16 TiB", now, (0, (1 << 44) + PAGE))
    refused_ranges(src, "ends above 64 TiB", now, ((1 << 46) - PAGE, 2 * PAGE))
    refused_file(src, "ends above 64 TiB", now, 1,
                 struct.pack("<QQ", (1 << 64) - PAGE, PAGE))


def check_arguments(src: Machine, now: int) -> None:
    """Arguments that are missing, of another type, or nobody's."""
    ranges = [GOOD]
    refused(src, "'round' is missing", {"ranges": ranges})
    refused(src, "'round' is missing", {"round": str(now), "ranges": ranges})
    refused(src, "'round' is missing", {"round": 0, "ranges": ranges})
    refused(src, "'round' is missing", {"round": -now, "ranges": ranges})
    refused(src, "'ranges' or 'fdname' is missing", {"round": now})
    refused(src, "'ranges' or 'fdname' is missing", {"round": now, "last": False})
    refused(src, "exclude each other",
            {"round": now, "ranges": ranges, "fdname": "x", "count": 1})
    refused(src, "argument 'rounds' is unknown",
            {"round": now, "ranges": ranges, "rounds": 1})
    for bad in (1, "x", {}, True, None):
        refused(src, "'ranges' is not a list", {"round": now, "ranges": bad})
    for bad in (1, "x", [], None, {}, {"start": 0}, {"length": PAGE},
                {"start": "0", "length": PAGE}, {"start": -PAGE, "length": PAGE},
                {"start": 0, "length": -PAGE}, {"start": 0.5, "length": PAGE}):
        refused(src, "range 1 is not {'start': bytes, 'length': bytes}",
                {"round": now, "ranges": [GOOD, bad]})


def check_last(src: Machine, now: int) -> None:
    """A `last` that is no boolean."""
    for bad in (1, "true", [], None):
        refused(src, "'last'", {"round": now, "ranges": [GOOD], "last": bad})


def check_sizes(src: Machine, now: int) -> None:
    """Too many ranges; files that are short, not files, or not there."""
    many = [{"start": REGION.start + i * PAGE, "length": PAGE} for i in range(MAX_JSON + 1)]
    refused(src, f"at most {MAX_JSON} are accepted", {"round": now, "ranges": many})
    record = struct.pack("<QQ", REGION.start, PAGE)
    refused_file(src, f"above {MAX_RECORDS}", now, MAX_RECORDS + 1,
                 record * (MAX_RECORDS + 1))
    refused_file(src, "'count' is missing", now, -1, record)
    refused_file(src, "'count' is missing", now, "1", record)
    refused_file(src, "holds 16 bytes, 2 ranges are 32", now, 2, record)
    refused_file(src, "holds 15 bytes, 1 ranges are 16", now, 1, record[:15])
    refused_file(src, "holds 0 bytes", now, 1, b"")
    refused(src, "nobody", {"round": now, "fdname": "nobody", "count": 1})
    refused(src, "'fdname' is not a string", {"round": now, "fdname": 1, "count": 1})
    reader, writer = os.pipe()
    os.write(writer, record)
    src.qmp.send_fd(reader, "pipe")
    os.close(reader)
    os.close(writer)
    refused(src, "'pipe' is not a regular file",
            {"round": now, "fdname": "pipe", "count": 1})


def check_rounds(src: Machine, now: int) -> None:
    """Rounds that are not the open one."""
    for stale in (now - 1, now + 1, 1, (1 << 63) - 1):
        refused(src, f"round {stale} is stale, round {now} is open",
                {"round": stale, "ranges": [GOOD]})


def check_accepted(src: Machine, now: int) -> None:
    """What the same commands accept: so the refusals were for their reasons."""
    answer = src.qmp.command(MARK, round=now, ranges=[])
    check(answer.pop("room") > 0 and answer == {"queued-ranges": 0, "queued-pages": 0},
          f"empty list: {answer}")
    answer = src.mark(now, range(FIRMWARE_END - PAGE, FIRMWARE_END + PAGE),
                      range(MEM - PAGE, MEM))
    check(answer["queued-pages"] == 2, f"borders: {answer}")
    answer = src.mark(now, range(0, FIRMWARE_END))
    check(answer["queued-pages"] == 0, f"firmware is hinted: {answer}")
    pages = [range(REGION.start + 2 * i * PAGE, REGION.start + (2 * i + 1) * PAGE)
             for i in range(len(REGION) // PAGE // 2)]
    answer = src.mark_fd(now, *pages)
    check(answer["queued-pages"] == len(pages), f"every other page: {answer}")
    answer = src.qmp.command(MARK, round=now, last=True)
    check(answer["queued-ranges"] == 0, f"the last word: {answer}")


def check_in_a_round(accel: str) -> None:
    """All refusals in one round; none of them may have touched the migration."""
    with pair(accel, mem=MEM) as (src, dst):
        src.wait_boot()
        src.write(FILLER, PATTERN)
        src.write(REGION, PATTERN)
        refused(src, "no guest module has published its hello", {"round": 5, "ranges": [GOOD]})
        src.start_hints()
        refused(src, "round 5 is closed, no round is open", {"round": 5, "ranges": [GOOD]})
        hold(src, dst)
        now = src.wait_round()
        checks: list[Callable[[Machine, int], None]] = [
            check_ranges, check_arguments, check_last, check_sizes, check_rounds]
        for part in checks:
            part(src, now)
        counters = src.counters()
        check(counters["pages-accepted"] == 0, f"something was applied: {counters}")
        src.fake("withdraw")
        refused(src, "no guest module has published its hello", {"round": now, "ranges": [GOOD]})
        release(src, dst)
        refused(src, "no guest module has published its hello", {"round": now, "ranges": [GOOD]})
        check(dst.lost(REGION, PATTERN) == 0 and dst.lost(FILLER, PATTERN) == 0,
              "a refused command took pages away")
        step(f"{accel}: {counters['commands-refused']} commands refused")


def check_the_limits_are_open(accel: str) -> None:
    """The good neighbours of the refused commands are accepted."""
    with pair(accel, mem=MEM) as (src, dst):
        src.wait_boot()
        src.write(FILLER, PATTERN)
        src.start_hints()
        hold(src, dst)
        check_accepted(src, src.wait_round())
        release(src, dst)


def check_capability(accel: str, capability: str, reason: str) -> None:
    """The extension refuses to start, and says why in x-query-freehint."""
    with Machine(accel, name="src", mem=MEM) as src:
        src.wait_boot()
        src.fake("hello")
        migration.set_capabilities(src, {capability: True})
        said = src.query().get("refused", "nothing")
        check(reason in said, f"{capability}: '{reason}' was expected, it said: {said}")
        try:
            src.qmp.command("x-freehint-start")
        except QmpError as error:
            check(reason in error.desc, f"{capability}: {error.desc}")
        else:
            raise Failure(f"x-freehint-start went well with {capability}")
        migration.set_capabilities(src, {capability: False})
        src.qmp.command("x-freehint-start")
        check("refused" not in src.query(), f"{capability} is off again")


def test() -> None:
    """Refusals are the same under every accelerator; the commands see none of it."""
    build()
    accel = accelerators()[0]
    check_in_a_round(accel)
    check_the_limits_are_open(accel)
    check_capability(accel, "background-snapshot", "background-snapshot capability is set")
    check_capability(accel, "x-colo", "x-colo capability is set")


if __name__ == "__main__":
    run(test)
