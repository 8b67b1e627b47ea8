# SPDX-License-Identifier: GPL-2.0
"""
Kernel headers that say something else than those of the guests' kernel, so that
freehint.ko can be built for a kernel that does not exist, and be loaded into one that
does: the release that a module must match stays as it is.
"""
from __future__ import annotations

import os
import re
import subprocess

from . import paths
from .initramfs import Kernel
from .result import check, skip

KMOD = os.path.join(paths.ROOT, "tests", "kernel", "kmod.sh")


class Headers:
    """
    A distribution kernel's headers: links, but for what is changed.

    kdir    what KDIR names
    common  the part of them that all flavours share
    """

    def __init__(self, kernel: Kernel, directory: str) -> None:
        """Put them into `directory`, which is not there yet."""
        source = os.path.realpath(os.path.join(kernel.modules, "build"))
        if kernel.home or not os.path.exists(os.path.join(source, "Makefile")):
            skip("the kernel's headers are not those of a distribution")
        self.kdir = os.path.join(directory, "kdir")
        self.common = os.path.join(directory, "common")
        os.makedirs(directory)
        os.symlink(source, self.kdir)
        makefile = self._read(os.path.join(self.kdir, "Makefile"))
        found = re.search(r"^include (/\S+)/Makefile$", makefile, re.MULTILINE)
        if not found:
            skip(f"{source}/Makefile includes no other")
        os.symlink(found[1], self.common)
        self._own(self.common)
        self._write(os.path.join(self.kdir, "Makefile"),
                    makefile.replace(found[1], self.common).replace(source, self.kdir))

    @staticmethod
    def _own(directory: str) -> None:
        """A link to a directory becomes a directory of links."""
        if os.path.islink(directory):
            source = os.path.realpath(directory)
            os.unlink(directory)
            os.mkdir(directory)
            for name in os.listdir(source):
                os.symlink(os.path.realpath(os.path.join(source, name)),
                           os.path.join(directory, name))

    @staticmethod
    def _read(path: str) -> str:
        with open(path, encoding="utf-8") as file:
            return file.read()

    def _write(self, path: str, text: str) -> None:
        """Write a file of our own in place of a link."""
        top = self.kdir if path.startswith(self.kdir) else self.common
        directory = top
        self._own(directory)
        for name in os.path.relpath(os.path.dirname(path), top).split(os.sep):
            directory = os.path.join(directory, name)
            self._own(directory)
        if os.path.lexists(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)

    def change(self, path: str, pattern: str, replacement: str) -> None:
        """Replace the first match of `pattern` in a file below kdir or common."""
        before = self._read(path)
        after = re.sub(pattern, replacement, before, count=1, flags=re.MULTILINE)
        check(after != before, f"/{pattern}/ is not in {path}")
        self._write(path, after)

    def set_version(self, major: int, minor: int) -> None:
        """LINUX_VERSION_CODE and nothing else."""
        self.change(os.path.join(self.kdir, "include/generated/uapi/linux/version.h"),
                    r"^#define LINUX_VERSION_CODE .*$",
                    f"#define LINUX_VERSION_CODE {(major << 16) + (minor << 8)}")

    def set_config(self, option: str) -> None:
        """CONFIG_<option>=y."""
        self.change(os.path.join(self.kdir, "include/generated/autoconf.h"),
                    r"\Z", f"#define CONFIG_{option} 1\n")

    def add_page_flag(self, name: str) -> None:
        """One more name among the page flags; it stands for another's bit."""
        self.change(os.path.join(self.common, "include/linux/page-flags.h"),
                    r"^\tPG_locked,.*$", rf"\g<0>\n\t{name} = PG_locked,")

    def build(self, target: str) -> str:
        """freehint.ko for these headers; returns `target`."""
        done = subprocess.run([KMOD, self.kdir, target], capture_output=True, text=True,
                              check=False)
        check(done.returncode == 0, f"freehint.ko was not built:\n{done.stdout}{done.stderr}")
        return target
