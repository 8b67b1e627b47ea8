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
import tempfile
from collections.abc import Callable, Iterator
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


def _digest(sources: list[str], flags: list[str]) -> str:
    """Hash of sources, the headers beside them, those of the project, the flags."""
    headers = (glob.glob(os.path.join(os.path.dirname(sources[0]), "*.h")) +
               glob.glob(os.path.join(paths.ROOT, "include", "freehint", "*.h")))
    digest = hashlib.sha256(" ".join(flags).encode())
    for path in (*sources, *sorted(headers)):
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


def _run(line: list[str], what: str) -> None:
    """Call the compiler, with the project's headers; it has to succeed."""
    include = f"-I{os.path.join(paths.ROOT, 'include')}"
    done = subprocess.run([*line, include], capture_output=True, text=True, check=False)
    check(done.returncode == 0, f"{what} does not compile:\n{done.stderr}")


def _cached(name: str, sources: list[str], flags: list[str], compiler: list[str],
            build: Callable[[str], None]) -> str:
    """The path of what `build` makes of these sources, unless it is there."""
    if not shutil.which(compiler[0]):
        skip(f"no {compiler[0]}; run tests/deps.sh build, for arm64 guests arm64")
    target = os.path.join(paths.CACHE, f"{name}-{_digest(sources, [*compiler, *flags])}")
    with cache_lock():
        if not os.path.exists(target):
            build(target + ".new")
            os.rename(target + ".new", target)
    return target


def compile_cached(source: str, flags: list[str], compiler: list[str]) -> str:
    """Compile one source unless that is done; returns the path of the result."""
    return _cached(os.path.basename(source).removesuffix(".c"), [source], flags, compiler,
                   lambda target: _run([*compiler, *flags, "-o", target, source], source))


# Calls the program whose name it is called by. Some main() has no parameters.
BY_NAME = """#include <string.h>
#define PROGRAM(name) int name##_main();
{programs}
#undef PROGRAM
#define PROGRAM(name) if (!strcmp(own, #name)) return name##_main(argc, argv);
int main(int argc, char **argv)
{{
\tconst char *own = strrchr(argv[0], '/') ? strrchr(argv[0], '/') + 1 : argv[0];

\t{programs}
\treturn 127;
}}
"""


def _together(sources: list[str], flags: list[str], compiler: list[str], target: str) -> None:
    """One program out of several: each main() becomes NAME_main()."""
    with tempfile.TemporaryDirectory() as work:
        objects, names = [], []
        for source in sources:
            names.append(os.path.basename(source).removesuffix(".c"))
            objects.append(os.path.join(work, f"{names[-1]}.o"))
            _run([*compiler, *flags, f"-Dmain={names[-1]}_main", "-c", "-o", objects[-1],
                  source], source)
        caller = os.path.join(work, "by_name.c")
        with open(caller, "w", encoding="ascii") as file:
            file.write(BY_NAME.format(programs=" ".join(f"PROGRAM({name})" for name in names)))
        _run([*compiler, *flags, "-o", target, caller, *objects], target)


def compile_together(sources: list[str], flags: list[str], compiler: list[str]) -> str:
    """Compile the programs of several sources into one; returns its path."""
    return _cached("programs", sources, flags, compiler,
                   lambda target: _together(sources, flags, compiler, target))
