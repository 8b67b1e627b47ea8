# SPDX-License-Identifier: GPL-2.0
"""
The test guest: a distribution kernel and an initramfs of busybox, kernel modules
and the static programs of tests/vm/guest. Everything made is cached in the build
directory under a name that is the hash of what went in.
"""
from __future__ import annotations

import glob
import hashlib
import lzma
import os
import re
import stat
import subprocess
from dataclasses import dataclass

from . import paths
from .compile import cache_lock, compile_cached
from .result import check, require_file, skip

BUSYBOX_PLACES = ("/bin/busybox", "/usr/bin/busybox")
CFLAGS = ["-static", "-O2", "-Wall", "-Wextra", "-Werror"]

# Load order matters on 6.1; a name the kernel does not have is left out.
BALLOON_MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev",
                   "virtio_pci_modern_dev", "virtio_pci", "virtio_balloon")


@dataclass(frozen=True)
class Kernel:
    """A bootable kernel with its modules."""

    version: str
    image: str

    @property
    def modules(self) -> str:
        """Its module directory."""
        return f"/lib/modules/{self.version}"


def _version_key(version: str) -> list[int]:
    """Sort 6.1.0-56 above 6.1.0-9."""
    return [int(number) for number in re.findall(r"\d+", version)]


def find_kernel() -> Kernel:
    """
    The newest cloud kernel in /boot that has its headers, or the version in
    FREEHINT_TEST_KERNEL. Skips the test when there is none.
    """
    wanted = os.environ.get("FREEHINT_TEST_KERNEL", "*-cloud-amd64")
    images = {path.removeprefix("/boot/vmlinuz-"): path
              for path in glob.glob(f"/boot/vmlinuz-{wanted}")}
    usable = [version for version in images
              if os.path.isdir(f"/lib/modules/{version}/build/")]
    if not usable:
        skip("no cloud kernel with headers; run tests/deps.sh demo")
    version = max(usable, key=_version_key)
    if not os.access(images[version], os.R_OK):
        skip(f"{images[version]} is not readable; run as root or chmod it")
    return Kernel(version, images[version])


def _busybox() -> str:
    """A statically linked busybox."""
    for path in BUSYBOX_PLACES:
        if os.path.exists(path):
            return path
    skip("no busybox; run tests/deps.sh demo")


def guest_programs() -> dict[str, str]:
    """Compile all guest programs; name to path."""
    sources = sorted(glob.glob(os.path.join(paths.GUEST_SOURCES, "*.c")))
    return {os.path.basename(source).removesuffix(".c"): compile_cached(source, CFLAGS)
            for source in sources}


def kernel_module(kernel: Kernel, name: str) -> bytes | None:
    """The bytes of a module of this kernel, unpacked; None when it has none."""
    spelling = re.sub("[-_]", "[-_]", name)
    found = glob.glob(f"{kernel.modules}/kernel/**/{spelling}.ko*", recursive=True)
    if not found:
        return None
    with open(found[0], "rb") as file:
        data = file.read()
    if found[0].endswith(".xz"):
        return lzma.decompress(data)
    if found[0].endswith(".zst"):
        done = subprocess.run(["zstd", "-dcq", found[0]], capture_output=True, check=True)
        return done.stdout
    return data


def freehint_module(kernel: Kernel) -> bytes:
    """Our own module; fails when it was built for another kernel."""
    with open(require_file(paths.MODULE, "run make first"), "rb") as file:
        data = file.read()
    check(b"vermagic=" + kernel.version.encode() + b" " in data,
          f"{paths.MODULE} is not for {kernel.version}: run make clean, then make")
    return data


class _Cpio:
    """A `newc` archive, the format of an initramfs, in memory."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._inode = 0

    def add(self, name: str, mode: int, data: bytes = b"",
            device: tuple[int, int] = (0, 0)) -> None:
        """Append one entry."""
        self._inode += 1
        path = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._parts += [self._padded(header + path), self._padded(data)]

    def bytes(self) -> bytes:
        """The finished archive."""
        self.add("TRAILER!!!", 0)
        return b"".join(self._parts)

    @staticmethod
    def _padded(data: bytes) -> bytes:
        return data + b"\0" * (-len(data) % 4)


def _archive(kernel: Kernel, programs: dict[str, str], with_freehint: bool) -> bytes:
    """Put the initramfs together."""
    cpio = _Cpio()
    for name in ("bin", "dev", "modules", "proc", "run", "sys", "tmp"):
        cpio.add(name, stat.S_IFDIR | 0o755)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    files = {"bin/busybox": _busybox(), "init": programs["init"]}
    files |= {f"bin/{name}": path for name, path in programs.items() if name != "init"}
    for name, path in files.items():
        with open(path, "rb") as file:
            cpio.add(name, stat.S_IFREG | 0o755, file.read())
    cpio.add("bin/sh", stat.S_IFLNK | 0o777, b"busybox")
    for name in BALLOON_MODULES:
        data = kernel_module(kernel, name)
        if data is not None:
            cpio.add(f"modules/{name}.ko", stat.S_IFREG | 0o644, data)
    if with_freehint:
        cpio.add("modules/freehint.ko", stat.S_IFREG | 0o644, freehint_module(kernel))
    return cpio.bytes()


def build(with_freehint: bool = True) -> tuple[Kernel, str]:
    """
    Build the guest, or find it in the cache.

    Returns the kernel and the path of the initramfs, in which /modules holds
    the balloon's modules and, if asked for, freehint.ko. None is loaded.
    """
    kernel = find_kernel()
    data = _archive(kernel, guest_programs(), with_freehint)
    digest = hashlib.sha256(data).hexdigest()[:16]
    target = os.path.join(paths.CACHE, f"initramfs-{digest}.cpio")
    with cache_lock():
        if not os.path.exists(target):
            with open(target + ".new", "wb") as file:
                file.write(data)
            os.rename(target + ".new", target)
    return kernel, target
