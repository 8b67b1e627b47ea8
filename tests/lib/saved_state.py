# SPDX-License-Identifier: GPL-2.0
"""
Guests that have booted, in files: a guest boots once, runs some commands, is saved, and every
later test loads the file. It is kept in the build directory under a name that is the hash of
all that the guest depends on.
"""
from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterable
from dataclasses import replace

from . import host_kvm, migration, paths
from .machine import Machine, Spec
from .patience import wait_for
from .result import check, step

# A state that no test has loaded for so long is of a guest that nobody builds any more.
KEPT = 3 * 86400.0

# Options of QEMU whose values name files that the guest is made from.
FILES = ("-kernel", "-initrd", "-bios")


def _file_digest(path: str) -> str:
    """Hash of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _contents(args: list[str]) -> Iterable[str]:
    """Hashes of the files that QEMU's options name; a name without a path is QEMU's own."""
    for option, value in zip(args, args[1:]):
        if option in FILES and os.path.exists(value):
            yield _file_digest(value)


def _qemu(binary: str) -> str:
    """What QEMU is: its bytes, and what it says of itself, which covers its firmware."""
    path = shutil.which(binary)
    check(path, f"no {binary}")
    done = subprocess.run([binary, "--version"], capture_output=True, text=True, check=True)
    return _file_digest(path or "") + done.stdout


def _key(vm: Machine, commands: Iterable[str]) -> str:
    """Hash of everything that the booted guest of `vm` depends on."""
    args = [arg.replace(vm.qemu.dir, "DIR").replace(vm.shm, "SHM") for arg in vm.arguments()]
    digest = hashlib.sha256()
    for part in (*args, *_contents(args), _qemu(vm.spec.qemu), host_kvm.processor(),
                 *commands):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()[:16]


def save(vm: Machine, path: str) -> None:
    """Write the state of a running guest; its QEMU is of no use afterwards."""
    migration.set_parameters(vm.qemu, {"max-bandwidth": 0})
    vm.qmp.command("migrate", uri=f"exec:cat >'{path}'")
    info = migration.wait(vm.qemu, 60)
    check(info["status"] == "completed", f"the guest was not saved: {info}\n{vm.qemu.log()}")


def _boot(vm: Machine, commands: Iterable[str], ready: Iterable[str], path: str) -> None:
    """Boot the guest, run the commands and save it, whole or not at all."""
    began = time.monotonic()
    try:
        with vm:
            vm.wait_up(vm.spec.lifetime)
            for command in commands:
                vm.guest.must(command, 60)
            for name in ready:
                wait_for(lambda file=name: vm.guest.numbers(file), f"{name} of the guest", 60, 1)
            save(vm, path + ".new")
        os.rename(path + ".new", path)
    finally:
        if os.path.exists(path + ".new"):
            os.unlink(path + ".new")
    step(f"booted and saved in {time.monotonic() - began:.0f} s, "
         f"{os.path.getsize(path) >> 20} MiB")


def _drop_old() -> None:
    """Remove the states of guests that are long gone."""
    for path in glob.glob(os.path.join(paths.CACHE, "state-*")):
        if time.time() - os.path.getmtime(path) > KEPT:
            os.unlink(path)


def _alone(spec: Spec) -> Spec:
    """
    Without extension, agent, options of the accelerator, and whatever is behind the guest's
    memory: no state depends on them.
    """
    return replace(spec, accel=spec.accel.split(",", maxsplit=1)[0], extension=False,
                   plugin=paths.EXTENSION, plugin_opts="", backend=Spec.backend,
                   backend_opts=Spec.backend_opts)


def is_common(spec: Spec) -> bool:
    """
    Do several tests start with this guest, so that it pays to save it? With KVM it boots in a
    second.
    """
    if spec.accel != "tcg":
        return False
    common = [Spec(memory_mib=384),
              *(Spec(memory_mib=mib, append=append) for mib in (512, 768)
                for append in ("", "init_on_free=1"))]
    return any(_alone(spec) == replace(_alone(one), lifetime=spec.lifetime) for one in common)


def booted(spec: Spec, machine: type[Machine] = Machine, commands: tuple[str, ...] = (),
           ready: tuple[str, ...] = (), lifetime: float = 240.0) -> str:
    """
    The file with a guest that has booted and has run `commands`, for Machine(state=...), and
    whose programs have written their status files `ready`. Boots it if nobody has done so. Tests
    that come meanwhile wait. `lifetime` is in seconds of a quiet machine.
    """
    plain = replace(_alone(spec), lifetime=lifetime)
    os.makedirs(paths.CACHE, exist_ok=True)
    vm = machine(plain, name="boot")
    try:
        path = os.path.join(paths.CACHE, f"state-{_key(vm, commands)}")
        with open(os.path.join(paths.CACHE, "state.lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not os.path.exists(path):
                _drop_old()
                _boot(vm, commands, ready, path)
            os.utime(path)
    finally:
        vm.stop()
    return path
