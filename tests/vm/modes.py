# SPDX-License-Identifier: GPL-2.0
"""
QEMU's migration features, as the tests combine them: which of them this QEMU has,
how they are switched on, and what shows that they were at work.
"""
from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from support import migration
from lib.qemu import Qemu
from lib.qmp import Qmp, QmpError

MIB = 1 << 20
CHANNELS = 4

# What a hop leaves behind in its destination, which is the next one's source.
NEUTRAL = {"multifd-compression": "none", "zero-page-detection": "multifd",
           "xbzrle-cache-size": 64 * MIB}

# Capabilities that go with every way of sending memory. What they change is not
# memory, or it is when pages are sent, never what a page that is not sent means.
EXTRAS = ("auto-converge", "return-path", "events", "release-ram", "zero-blocks",
          "late-block-activate", "validate-uuid", "pause-before-switchover")


def _moved(section: str, counter: str) -> Callable[[dict[str, Any]], bool]:
    """Did this counter of query-migrate move?"""
    return lambda info: info.get(section, {}).get(counter, 0) > 0


def _deltas(info: dict[str, Any]) -> bool:
    """
    Did xbzrle send deltas? The second pass fills its cache; from the third on a page has to
    be dirty again, which a short migration's need not be.
    """
    return info["ram"]["dirty-sync-count"] < 4 or _moved("xbzrle-cache", "pages")(info)


@dataclass(frozen=True)
class Mode:
    """
    One way of sending memory.

    name       for people
    caps       capabilities of both sides
    params     parameters of both sides
    transport  unix, tcp, or to a file: exec, file
    since      QEMU that brought it, where capabilities and parameters do not tell
    used       does the last query-migrate show that it was at work?
    """

    name: str
    caps: tuple[str, ...] = ()
    params: dict[str, Any] = field(default_factory=dict)
    transport: str = "unix"
    since: tuple[int, ...] = (0, 0, 0)
    used: Callable[[dict[str, Any]], bool] = lambda info: True

    @property
    def to_file(self) -> bool:
        """Does the guest rest in a file on its way?"""
        return self.transport in ("exec", "file")


def _multifd(name: str, transport: str = "unix", caps: tuple[str, ...] = (),
             since: tuple[int, ...] = (0, 0, 0), **params: Any) -> Mode:
    """Memory through several channels at a time."""
    more = {key.replace("_", "-"): value for key, value in params.items()}
    # what goes to a file is not counted as sent through channels
    used = _moved("ram", "normal" if transport == "file" else "multifd-bytes")
    return Mode(name, ("multifd", *caps), {"multifd-channels": CHANNELS, **more},
                transport, since, used)


MODES = (
    Mode("plain"),
    Mode("xbzrle", ("xbzrle",), {"xbzrle-cache-size": 256 * MIB},
         used=_deltas),
    Mode("compress", ("compress",), {"compress-threads": 3, "compress-level": 1},
         used=_moved("compression", "pages")),
    _multifd("multifd"),
    _multifd("multifd-zlib", multifd_compression="zlib"),
    _multifd("multifd-zstd", multifd_compression="zstd"),
    _multifd("multifd-legacy-zero", zero_page_detection="legacy"),
    _multifd("multifd-no-zero", zero_page_detection="none"),
    _multifd("zero-copy", transport="tcp", caps=("zero-copy-send",)),
    Mode("exec", transport="exec"),
    Mode("file", transport="file", since=(8, 2, 0)),
    Mode("mapped-ram", ("mapped-ram",), transport="file"),
    _multifd("mapped-ram-multifd", transport="file", caps=("mapped-ram",)),
)


class Features:
    """What one QEMU can do."""

    def __init__(self, qmp: Qmp) -> None:
        version = qmp.command("query-version")["qemu"]
        self.version = tuple(version[key] for key in ("major", "minor", "micro"))
        self.caps = {entry["capability"] for entry
                     in qmp.command("query-migrate-capabilities")}
        self.params = set(qmp.command("query-migrate-parameters"))

    def missing(self, mode: Mode) -> str:
        """What this QEMU lacks for a mode, empty if nothing."""
        lack = [f"capability {name}" for name in mode.caps if name not in self.caps]
        lack += [f"parameter {name}" for name in mode.params if name not in self.params]
        if self.version < mode.since:
            lack.append(f"since {'.'.join(map(str, mode.since))}")
        return ", ".join(lack)

    def modes(self) -> list[Mode]:
        """The modes that work here; says aloud what is left out, and for what."""
        left_out = [f"{mode.name} ({self.missing(mode)})" for mode in MODES
                    if self.missing(mode)]
        if left_out:
            version = ".".join(map(str, self.version))
            print(f"skipped: not in QEMU {version}: {'; '.join(left_out)}", flush=True)
        return [mode for mode in MODES if not self.missing(mode)]

    def extras(self, mode: Mode) -> list[str]:
        """The capabilities of EXTRAS that exist here and make sense with a mode."""
        return [name for name in EXTRAS if name in self.caps and
                not (mode.to_file and name == "return-path")]


def prepare(side: Qemu, mode: Mode, extras: tuple[str, ...] = ()) -> None:
    """
    Give one side of a migration a mode. First all off: a parameter may not go
    together with a capability of the hop before.
    """
    features = Features(side.qmp)
    known = {name for one in MODES for name in one.caps} | set(EXTRAS)
    migration.set_capabilities(side, dict.fromkeys(known & features.caps, False))
    params = {key: value for key, value in NEUTRAL.items() if key in features.params}
    migration.set_parameters(side, {**params, **mode.params})
    wanted = {*mode.caps, *extras}
    if wanted:
        migration.set_capabilities(side, dict.fromkeys(wanted, True))


def can(side: Qemu, mode: Mode, extras: tuple[str, ...]) -> bool:
    """Does QEMU take this combination?"""
    try:
        prepare(side, mode, extras)
    except QmpError:
        return False
    return True
