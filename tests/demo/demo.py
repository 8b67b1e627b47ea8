#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
The demo behind `make demo`: the same guest migrated without hints, with
virtio-balloon's free page hinting, and with freehint; one table at the end.
"""
from __future__ import annotations

import dataclasses
import json
import signal
import sys

import scenario
import table
from lib import initramfs
from lib.guest import GuestTimeout
from lib.host_memory import available_mib
from lib.qmp import QmpError
from lib.result import FAIL, SKIP, Failure, Skip, interrupted
from lib.tlb_reset import qemu_version
from progress import Progress
from settings import Settings, read_settings


def warn_if_tight(settings: Settings) -> None:
    """Source and destination both hold what the guest has touched."""
    need = 2 * (settings.fill + 1024)
    if need > available_mib():
        print(f"demo: needs about {need} MiB, {available_mib()} MiB are available; "
              "try a smaller MEM and FILL", file=sys.stderr)


def write_json(settings: Settings, results: list[scenario.Result]) -> None:
    """The numbers for programs."""
    if settings.json_file is None:
        return
    data = {"settings": dataclasses.asdict(settings),
            "results": [dataclasses.asdict(result) for result in results]}
    with open(settings.json_file, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.write("\n")


def run_all(settings: Settings, progress: Progress) -> list[scenario.Result]:
    """Every variant of every scenario, one after the other."""
    results = []
    for name in settings.scenarios:
        for variant in settings.variants:
            progress.stage(f"{name}, {table.NAMES[variant]}")
            result = scenario.run(settings, name, variant, progress)
            progress.say(f"{result.total_s:.2f} s, {result.sent / 1e6:.0f} MB")
            results.append(result)
    return results


def main() -> int:
    """Run the demo; the exit status is that of a test."""
    signal.signal(signal.SIGTERM, interrupted)
    settings = read_settings()
    warn_if_tight(settings)
    progress = Progress(len(settings.scenarios) * len(settings.variants))
    try:
        kernel = initramfs.find_kernel()
        results = run_all(settings, progress)
    except Skip as reason:
        print(f"demo: cannot run here: {reason}", file=sys.stderr)
        return SKIP
    except (Failure, GuestTimeout, QmpError, RuntimeError, TimeoutError) as failure:
        progress.clear()
        print(f"demo: FAILED: {failure}", file=sys.stderr)
        return FAIL
    except KeyboardInterrupt:
        progress.clear()
        return 130
    progress.clear()
    qemu = ".".join(str(part) for part in qemu_version())
    print(table.show(settings, results, qemu, kernel.version))
    write_json(settings, results)
    return 0


if __name__ == "__main__":
    sys.exit(main())
