# SPDX-License-Identifier: GPL-2.0
"""
What the demo runs with: options, the same as make variables (MEM, FILL, SMP,
ACCEL), and sizes that fit this machine when nothing was asked for.
"""
from __future__ import annotations

import argparse
import os
import re
import sys
from dataclasses import dataclass

from lib import accel, arch
from lib.host_memory import available_mib
from lib.result import Failure

SCENARIOS = ("used", "fresh")
VARIANTS = ("none", "balloon", "freehint")
UNITS = {"": 1, "M": 1, "G": 1024}

# Both ends at 8 GiB, of which 6 GiB are touched, page tables and the rest.
ROOMY_MIB = 18 * 1024


@dataclass(frozen=True)
class Settings:
    """Sizes in MiB; `json_file` is None when nobody asked."""

    mem: int
    fill: int
    smp: int
    accel: str
    scenarios: tuple[str, ...]
    variants: tuple[str, ...]
    json_file: str | None


def mib(text: str) -> int:
    """MiB from text such as 8G, 6144M or 6144."""
    match = re.fullmatch(r"(\d+)\s*([MG]?)(i?B)?", text.strip(), re.IGNORECASE)
    if not match or not int(match[1]):
        raise argparse.ArgumentTypeError(f"not a size: {text} (try 8G)")
    return int(match[1]) * UNITS[match[2].upper()]


def default_mem() -> int:
    """8 GiB where there is room, else what fits twice with 2 GiB to spare."""
    available = available_mib()
    if available >= ROOMY_MIB:
        return 8192
    return max((available - 2048) // 2 // 512 * 512, 1024)


def accelerator(wanted: str) -> str:
    """
    What the guests run with: `wanted`, ACCEL, or what is fastest here; of this process from now
    on. Fails where guests with a distribution's kernel cannot.
    """
    name = accel.parse(wanted or os.environ.get(accel.VARIABLE) or accel.fastest())
    accel.use(accel.require(name, distribution=True))
    return name


def _possible(variants: tuple[str, ...], accelerator_name: str) -> tuple[str, ...]:
    """Those variants that guests here can have; says which is left out."""
    without_hints = arch.no_balloon_hints(accelerator_name)
    if not without_hints or "balloon" not in variants:
        return variants
    print(f"demo: skipped: virtio-balloon: {without_hints}", file=sys.stderr)
    return tuple(variant for variant in variants if variant != "balloon")


def _parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Migrate a test guest with and without freehint and compare.")
    parser.add_argument("--mem", help="guest memory, for example 8G (default: what fits)")
    parser.add_argument("--fill", help="memory written, then freed (default: 3/4 of --mem, "
                        "or what leaves 512M)")
    parser.add_argument("--smp", help="virtual CPUs (default 4)")
    parser.add_argument("--accel", help="kvm or tcg (default: kvm where it runs any Linux)")
    parser.add_argument("--scenario", choices=SCENARIOS, action="append",
                        help="run this one only; may be given again")
    parser.add_argument("--variant", choices=VARIANTS, action="append",
                        help="run this one only; may be given again")
    parser.add_argument("--json", metavar="FILE", help="write the numbers there too")
    return parser


def read_settings() -> Settings:
    """Options, then make variables from the environment, then defaults."""
    parser = _parser()
    options = parser.parse_args()

    def pick(name: str) -> str:
        return getattr(options, name) or os.environ.get(name.upper(), "")

    try:
        mem = mib(pick("mem")) if pick("mem") else default_mem()
        fill = mib(pick("fill")) if pick("fill") else min(mem * 3 // 4, mem - 512)
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    smp = pick("smp") or "4"
    if not smp.isdigit() or int(smp) < 1:
        parser.error(f"not a number of CPUs: {smp}")
    if mem < 1024:
        parser.error("the test guest needs 1G at least")
    if fill > mem - 384:
        parser.error(f"--fill must leave 384M of {mem}M to the guest")
    try:
        name = accelerator(options.accel)
    except Failure as failure:
        parser.error(str(failure))
    variants = _possible(tuple(options.variant or VARIANTS), name)
    if not variants:
        parser.error("nothing is left to run")
    return Settings(mem, fill, int(smp), name,
                    tuple(options.scenario or SCENARIOS),
                    variants, options.json)
