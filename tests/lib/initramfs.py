# SPDX-License-Identifier: GPL-2.0
"""
The test guest: a distribution kernel and an initramfs of busybox, kernel modules
and the static programs of tests/vm/guest. Everything made is cached in the build
directory under a name that is the hash of what went in.
"""
from __future__ import annotations

import functools
import glob
import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass

from . import accel, arch, paths
from .compile import cache_lock, compile_together, for_guests
from .result import check, require_file, skip

BUILD_KERNEL = os.path.join(paths.ROOT, "tests", "kernel", "build.sh")
ARCHIVE = os.path.join(paths.ROOT, "tests", "kernel", "archive.sh")
BUSYBOX_PLACES = ("/bin/busybox", "/usr/bin/busybox")
CFLAGS = ["-static", "-s", "-O2", "-Wall", "-Wextra", "-Werror"]

# Load order matters on 6.1; a name the kernel does not have is left out.
VIRTIO_MODULES = ("virtio_ring", "virtio", "virtio_pci_legacy_dev",
                  "virtio_pci_modern_dev", "virtio_pci")
BALLOON_MODULES = (*VIRTIO_MODULES, "virtio_balloon")


@dataclass(frozen=True)
class Extras:
    """
    What a test wants in its guest beyond the ordinary.

    programs   names of this machine's programs, put into /bin with their libraries
    modules    kernel modules, put into /modules; those that they need come first
    files      more files: path in the guest, path here
    boot       /boot/vmlinuz and /boot/initrd: the same guest, without extras
    mutant     name of a mutant of freehint.ko that takes its place
    own        names of the programs of tests/vm/guest beside init, all of them by default
    applets    names of busybox's programs beside sh, all of them by default
    """

    programs: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    files: tuple[tuple[str, str], ...] = ()
    boot: bool = False
    mutant: str = ""
    own: tuple[str, ...] | None = None
    applets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kernel:
    """
    A bootable kernel with its modules.

    version  as uname -r says it
    image    the file that QEMU boots
    config   the file that says how it was built
    home     directory of a kernel that a script of tests/kernel made, else empty
    """

    version: str
    image: str
    config: str
    home: str = ""

    @property
    def modules(self) -> str:
        """Its module directory."""
        own = f"{self.home}/lib/modules/{self.version}"
        return own if self.home and os.path.isdir(own) else f"/lib/modules/{self.version}"

    def freehint(self, mutant: str) -> str:
        """Where freehint.ko for it is, or the mutant of that name."""
        if self.home:
            return os.path.join(self.home, f"freehint-{mutant}.ko" if mutant
                                else "freehint.ko")
        return os.path.join(paths.MUTANTS, f"freehint-{mutant}.ko") if mutant \
            else paths.MODULE

    def has(self, option: str) -> bool:
        """Was it built with CONFIG_<option>=y?"""
        with open(self.config, encoding="utf-8") as config:
            return f"CONFIG_{option}=y\n" in config


def _version_key(version: str) -> list[int]:
    """Sort 6.1.0-56 above 6.1.0-9."""
    return [int(number) for number in re.findall(r"\d+", version)]


def find_kernel() -> Kernel:
    """
    The newest cloud kernel in /boot that has its headers, or the version in
    FREEHINT_TEST_KERNEL, or what a script of tests/kernel left in the directory
    named there. Where this run's accelerator interprets kernel mode: the kernel for that.
    Where guests are of a foreign architecture: the one of the archive. Skips the test when
    there is none.
    """
    wanted = os.environ.get("FREEHINT_TEST_KERNEL")
    if not wanted and accel.interpreted(accel.chosen()):
        return interpreted_kernel()
    if not wanted and arch.chosen().foreign:
        return archive_kernel(arch.chosen().flavour)
    wanted = wanted or f"*-{arch.chosen().flavour}"
    if "/" in wanted:
        return own_kernel(wanted)
    images = {path.removeprefix("/boot/vmlinuz-"): path
              for path in glob.glob(f"/boot/vmlinuz-{wanted}")}
    usable = [version for version in images
              if os.path.isdir(f"/lib/modules/{version}/build/")]
    if not usable:
        skip("no cloud kernel with headers; run tests/deps.sh demo")
    version = max(usable, key=_version_key)
    if not os.access(images[version], os.R_OK):
        skip(f"{images[version]} is not readable; run as root or chmod it")
    return Kernel(version, images[version], f"/boot/config-{version}")


def own_kernel(home: str) -> Kernel:
    """The kernel in a directory that a script of tests/kernel made."""
    release = require_file(os.path.join(home, "include/config/kernel.release"),
                           "run tests/kernel/build.sh")
    with open(release, encoding="ascii") as file:
        version = file.read().strip()
    image = os.path.join(home, arch.chosen().image)
    if not os.path.exists(image):
        image = os.path.join(home, "vmlinux")
    return Kernel(version, image, os.path.join(home, ".config"), home)


@functools.cache
def interpreted_kernel() -> Kernel:
    """The kernel for a KVM that interprets kernel mode; skips where nobody has built it."""
    done = subprocess.run([BUILD_KERNEL, "-n", "interpreted"], capture_output=True, text=True,
                          check=False)
    if done.returncode:
        skip(f"this KVM interprets kernel mode and needs a kernel of its own: {done.stderr}")
    home = done.stdout.strip()
    require_file(os.path.join(home, "complete"), "run tests/kernel/for_kvm.sh, or make check")
    return own_kernel(home)


def _archive_home(flavour: str) -> str:
    """Where tests/kernel/archive.sh puts a kernel."""
    return subprocess.run([ARCHIVE, "-n", flavour], capture_output=True, text=True,
                          check=True).stdout.strip()


def archive_kernel(flavour: str) -> Kernel:
    """A kernel that tests/kernel/archive.sh has fetched; skips where nobody has run it."""
    home = _archive_home(flavour)
    if not os.path.exists(os.path.join(home, "freehint.ko")):
        skip(f"no kernel for {arch.chosen().name} guests; run tests/kernel/archive.sh {flavour}")
    return own_kernel(home)


def _busybox(kernel: Kernel) -> str:
    """
    A statically linked busybox: the kernel's, where the archive has given one, else this
    machine's, for guests of a foreign architecture that beside their usual kernel.
    """
    guest = arch.chosen()
    elsewhere = [f"{_archive_home(guest.flavour)}/bin/busybox"] if guest.foreign \
        else BUSYBOX_PLACES
    own = [f"{kernel.home}/bin/busybox"] if kernel.home else []
    for path in (*own, *elsewhere):
        if os.path.exists(path):
            return path
    skip("no busybox; run tests/deps.sh demo, for arm64 guests tests/kernel/archive.sh "
         "cloud-arm64")


def guest_programs(own: tuple[str, ...] | None = None) -> tuple[list[str], str]:
    """
    Compile init and `own` programs, or all of them, into one that does what its name says: the
    C library is in it once. Their names, and its path.
    """
    sources = {os.path.basename(source).removesuffix(".c"): source for source
               in sorted(glob.glob(os.path.join(paths.GUEST_SOURCES, "*.c")))}
    names = [name for name in sources if own is None or name in (*own, "init")]
    return names, compile_together([sources[name] for name in names], CFLAGS, for_guests())


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


def freehint_module(kernel: Kernel, mutant: str = "") -> bytes:
    """Our own module; fails when it was built for another kernel."""
    path = kernel.freehint(mutant)
    with open(require_file(path, "run make mutants" if mutant else "run make first"),
              "rb") as file:
        data = file.read()
    check(b"vermagic=" + kernel.version.encode() + b" " in data,
          f"{path} is not for {kernel.version}: run make clean, then make")
    return data


def _libraries(program: str) -> list[str]:
    """Paths of the shared libraries of a program and of its loader."""
    done = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    check("not found" not in done.stdout, f"{program} lacks libraries:\n{done.stdout}")
    return re.findall(r"(/\S+) \(0x", done.stdout)


def host_program(name: str) -> dict[str, str]:
    """A program of this machine and what it needs: path in the guest to path here."""
    if arch.chosen().foreign:
        skip(f"{name} of this machine is no program for {arch.chosen().name} guests")
    path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
    if not path:
        skip(f"no {name}; run tests/deps.sh check")
    return {f"bin/{name}": path} | {lib.lstrip("/"): lib for lib in _libraries(path)}


class _Cpio:
    """A `newc` archive, the format of an initramfs, in memory."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._directories: set[str] = set()
        self._inode = 0

    def add(self, name: str, mode: int, data: bytes = b"",
            device: tuple[int, int] = (0, 0)) -> None:
        """Append one entry."""
        self._inode += 1
        path = name.encode() + b"\0"
        fields = (self._inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(path), 0)
        header = b"070701" + b"".join(b"%08x" % field for field in fields)
        self._parts += [self._padded(header + path), self._padded(data)]

    def add_file(self, name: str, data: bytes, mode: int = 0o644) -> None:
        """Append a file, and the directories that it is in unless they are there."""
        directory = os.path.dirname(name)
        if directory and directory not in self._directories:
            self.add_directory(directory)
        self.add(name, stat.S_IFREG | mode, data)

    def add_directory(self, name: str) -> None:
        """Append a directory after its parents."""
        parent = os.path.dirname(name)
        if parent and parent not in self._directories:
            self.add_directory(parent)
        self.add(name, stat.S_IFDIR | 0o755)
        self._directories.add(name)

    def bytes(self) -> bytes:
        """The finished archive."""
        self.add("TRAILER!!!", 0)
        return b"".join(self._parts)

    @staticmethod
    def _padded(data: bytes) -> bytes:
        return data + b"\0" * (-len(data) % 4)


def _read(path: str) -> bytes:
    """The bytes of a file."""
    with open(path, "rb") as file:
        return file.read()


def _add_programs(cpio: _Cpio, kernel: Kernel, programs: tuple[list[str], str],
                  extras: Extras) -> None:
    """Busybox, our own programs, those of this machine."""
    names, init = programs
    files = {"bin/busybox": _busybox(kernel), "init": init}
    for name in extras.programs:
        files |= host_program(name)
    files |= dict(extras.files)
    for name, path in files.items():
        cpio.add_file(name, _read(path), 0o755)
    for name in names:
        cpio.add(f"bin/{name}", stat.S_IFLNK | 0o777, b"/init")
    for name in ("sh", *extras.applets):
        cpio.add(f"bin/{name}", stat.S_IFLNK | 0o777, b"busybox")


def _add_modules(cpio: _Cpio, kernel: Kernel, names: tuple[str, ...]) -> None:
    """Modules of the kernel; a name it does not have is left out."""
    for name in names:
        data = kernel_module(kernel, name)
        if data is not None:
            cpio.add_file(f"modules/{name}.ko", data)


def _archive(kernel: Kernel, programs: tuple[list[str], str], with_freehint: bool,
             extras: Extras) -> bytes:
    """Put the initramfs together."""
    cpio = _Cpio()
    for name in ("bin", "dev", "modules", "proc", "run", "sys", "tmp"):
        cpio.add_directory(name)
    cpio.add("dev/console", stat.S_IFCHR | 0o600, device=(5, 1))
    _add_programs(cpio, kernel, programs, extras)
    _add_modules(cpio, kernel, tuple(dict.fromkeys(BALLOON_MODULES + extras.modules)))
    if with_freehint:
        cpio.add_file("modules/freehint.ko", freehint_module(kernel, extras.mutant))
    if extras.boot:
        cpio.add_file("boot/vmlinuz", _read(kernel.image))
        cpio.add_file("boot/initrd", _archive(kernel, programs, with_freehint, Extras()))
    return cpio.bytes()


def build(with_freehint: bool = True, extras: Extras = Extras(),
          kernel: Kernel | None = None) -> tuple[Kernel, str]:
    """
    Build the guest, or find it in the cache; find_kernel() names the kernel unless `kernel`
    does.

    Returns the kernel and the path of the initramfs, in which /modules holds
    the balloon's modules and, if asked for, freehint.ko. None is loaded.
    """
    kernel = kernel or find_kernel()
    data = _archive(kernel, guest_programs(extras.own), with_freehint, extras)
    digest = hashlib.sha256(data).hexdigest()[:16]
    target = os.path.join(paths.CACHE, f"initramfs-{digest}.cpio")
    with cache_lock():
        if not os.path.exists(target):
            with open(target + ".new", "wb") as file:
                file.write(data)
            os.rename(target + ".new", target)
    return kernel, target
