# SPDX-License-Identifier: GPL-2.0
"""
Compiles small C programs of the tests into the build directory, once: the name of
what was made is the hash of what went in. What has a Makefile is made by it.
"""
from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from . import arch, paths
from .result import check, skip


@contextmanager
def cache_lock() -> Iterator[None]:
    """Tests run in parallel; one of them builds. Not to be taken twice."""
    os.makedirs(paths.CACHE, exist_ok=True)
    with open(os.path.join(paths.CACHE, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def make(directory: str, *targets: str) -> None:
    """Build, one test at a time; fails the test when the build fails."""
    with cache_lock():
        done = subprocess.run(["make", "-s", "-C", os.path.join(paths.ROOT, directory), *targets],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False)
    check(done.returncode == 0, f"make {' '.join(targets)}:\n{done.stdout}")


def _digest(source: str, flags: list[str]) -> str:
    """Hash of a source, the headers beside it, those of the project, the flags."""
    headers = (glob.glob(os.path.join(os.path.dirname(source), "*.h")) +
               glob.glob(os.path.join(paths.ROOT, "include", "freehint", "*.h")))
    digest = hashlib.sha256(" ".join(flags).encode())
    for path in (source, *sorted(headers)):
        with open(path, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()[:16]


def for_guests() -> list[str]:
    """The compiler that makes programs of guests."""
    guest = arch.chosen()
    return [guest.compiler] if guest.foreign else for_this_machine()


def for_this_machine() -> list[str]:
    """The compiler that makes what QEMU loads."""
    return os.environ.get("CC", "cc").split()


def compile_cached(source: str, flags: list[str], compiler: list[str]) -> str:
    """Compile one source unless that is done; returns the path of the result."""
    if not shutil.which(compiler[0]):
        skip(f"no {compiler[0]}; run tests/deps.sh build, for arm64 guests arm64")
    name = os.path.basename(source).removesuffix(".c")
    target = os.path.join(paths.CACHE, f"{name}-{_digest(source, [*compiler, *flags])}")
    with cache_lock():
        if os.path.exists(target):
            return target
        include = f"-I{os.path.join(paths.ROOT, 'include')}"
        done = subprocess.run([*compiler, *flags, include, "-o", target + ".new", source],
                              capture_output=True, text=True, check=False)
        check(done.returncode == 0, f"{source} does not compile:\n{done.stderr}")
        os.rename(target + ".new", target)
    return target
