# SPDX-License-Identifier: GPL-2.0
"""
A Debian host under emulation: systemd is process 1, AppArmor enforces, libvirt and QEMU are the
archive's packages. image.sh makes the disk, which every host starts from anew; a second disk has
the packages to install and a domain's files. Commands run over a serial port (lib/guest.py).
"""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))

from lib import patience, paths  # noqa: E402
from lib.compile import compile_cached, for_this_machine  # noqa: E402
from lib.guest import Guest  # noqa: E402
from lib.qemu import Qemu  # noqa: E402
from lib.result import check, skip, step  # noqa: E402
from lib.start_stop import StartStop  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
CONTROL = os.path.join(paths.GUEST_SOURCES, "init.c")
NOT_HERE = 77
# Where a host finds its second disk.
MEDIA = "/media"
# Seconds of a quiet machine: a host boots in a minute of emulation.
BOOT = 300.0
LIFETIME = 3600.0


def image(suite: str, deb: str) -> str:
    """The directory of a suite's image, made unless it is there."""
    control = compile_cached(CONTROL, ["-static", "-O2", "-Wall", "-Wextra"], for_this_machine())
    done = subprocess.run([os.path.join(HERE, "image.sh"), suite, control, deb], text=True,
                          stdout=subprocess.PIPE, check=False)
    if done.returncode == NOT_HERE:
        skip(f"there is no Debian {suite}")
    check(done.returncode == 0, f"there is no image of {suite}")
    return done.stdout.strip()


def media(directory: str, files: Iterable[tuple[str, str]], size_mib: int) -> str:
    """A disk with these files: path on it, path here. Each directory is an apt repository."""
    tree = os.path.join(directory, "media")
    for name, path in files:
        os.makedirs(os.path.join(tree, os.path.dirname(name)), exist_ok=True)
        shutil.copy(path, os.path.join(tree, name))
    for name in os.listdir(tree):
        with open(os.path.join(tree, name, "Packages"), "wb") as index:
            subprocess.run(["dpkg-scanpackages", "-m", "."], cwd=os.path.join(tree, name),
                           stdout=index, stderr=subprocess.DEVNULL, check=True)
    disk = os.path.join(directory, "media.img")
    subprocess.run(["mke2fs", "-q", "-t", "ext4", "-d", tree, disk, f"{size_mib}M"],
                   stdout=subprocess.DEVNULL, check=True)
    return disk


class Host(StartStop):
    """
    One host, a context manager.

    name   its host name, known to the other one
    qemu   the process that it is
    shell  root's commands in it
    """

    def __init__(self, home: str, disk: str, name: str, number: int, link: str) -> None:
        """`home` is from image(), `disk` from media(); `link` is a socket, the first listens."""
        self.name = name
        self.number = number
        self.qemu = Qemu(["-accel", "tcg,thread=multi"], name=name, lifetime=LIFETIME)
        self.shell = Guest(self.qemu.path("control"))
        role = "server=on" if number == 1 else "server=off"
        self.qemu.args += [
            "-machine", "q35", "-m", "1536M", "-smp", "2", "-display", "none", "-nodefaults",
            "-uuid", f"00000000-0000-4000-8000-00000000000{number}",
            "-kernel", f"{home}/vmlinuz", "-initrd", f"{home}/initrd.img",
            "-append", "root=/dev/vda rw console=ttyS0 no_timer_check "
                       f"systemd.hostname={name} systemd.show_status=no",
            "-drive", f"file={home}/root.img,format=raw,if=virtio,snapshot=on,cache=unsafe",
            "-drive", f"file={disk},format=raw,if=virtio,readonly=on",
            "-chardev", f"file,id=console,path={self.qemu.path('console.log')}",
            "-chardev", f"socket,id=control,path={self.shell.path},server=on,wait=off",
            "-serial", "chardev:console", "-serial", "chardev:control",
            "-netdev", f"stream,id=net,{role},addr.type=unix,addr.path={link}",
            "-device", f"virtio-net-pci,netdev=net,mac=52:54:00:00:00:0{number}",
            "-device", "virtio-rng-pci"]

    def start(self) -> None:
        """Switch it on."""
        self.qemu.start()

    def stop(self) -> None:
        """End it as a power cut does."""
        self.shell.close()
        self.qemu.stop()

    def boot(self) -> None:
        """Wait until systemd has started all, mount the second disk, join the network."""
        self.shell.wait_boot(BOOT)
        self.must("systemctl is-system-running --wait || systemctl --failed", BOOT)
        self.must(f"mount -o ro /dev/vdb {MEDIA}; device=$(ls /sys/class/net | grep -v lo); "
                  f"ip address add 10.9.0.{self.number}/24 dev $device; ip link set $device up")
        step(f"{self.name}: {self.must('. /etc/os-release; uname -r; echo $PRETTY_NAME').strip()}")

    def must(self, command: str, timeout: float = 60.0) -> str:
        """A command of root that has to succeed; what it printed."""
        return self.shell.must(command, timeout)

    def until(self, command: str, what: str, timeout: float = 60.0) -> None:
        """Wait until the command succeeds."""
        patience.wait_for(lambda: self.shell.run(command)[0] == 0,
                          lambda: f"{what} on {self.name}: {self.shell.run(command)[1]}", timeout,
                          0.5)
