# SPDX-License-Identifier: GPL-2.0
"""
A libvirt daemon of one's own: in mount and UTS namespaces with its own /etc/libvirt,
/run/libvirt, /var/lib/libvirt and /dev/shm, so that two of them are two hosts, and the one
that the machine may have is not touched. Needs root.
"""
from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import uuid
from typing import Any

from . import paths, patience
from .program import Program
from .qemu import die_with_parent, end_process
from .result import require_file, skip
from .start_stop import StartStop

DAEMON = "libvirtd"
# The user that Debian's libvirt runs QEMU as; made where libvirt-daemon-system is not
# installed, which does more than a test wants.
USER = "libvirt-qemu"
USER_ID = 64055

# What is the daemon's own: name in its directory, place in its namespace.
PLACES = {"etc": "/etc/libvirt", "run": "/run/libvirt", "lib": "/var/lib/libvirt",
          "log": "/var/log/libvirt", "cache": "/var/cache/libvirt"}

# Everything of it is undone when the namespaces are gone.
ENTER = """set -e
cd "$1"
hostname "$2"
mount -t tmpfs -o mode=1777 tmpfs /dev/shm
mount -t tmpfs tmpfs /run
for pair in $3; do
    mkdir -p "${pair#*:}"
    mount --bind "${pair%%:*}" "${pair#*:}"
done
for file in passwd group; do
    [ ! -e "$file" ] || mount --bind "$file" "/etc/$file"
done
exec libvirtd
"""


def require() -> None:
    """Skip where there can be no daemon."""
    if os.geteuid():
        skip("a libvirt daemon of one's own takes root")
    for program in (DAEMON, "virsh", "nsenter"):
        if not shutil.which(program):
            skip(f"no {program}; run tests/deps.sh check")
    if subprocess.run(["unshare", "--mount", "--uts", "true"], check=False).returncode:
        skip("no namespaces of its own here")


class Libvirt(StartStop):
    """
    One daemon, a context manager.

    dir    directory of this daemon; `lib` in it is /var/lib/libvirt to it
    name   host name that it sees
    hook   script that it calls for each domain, None: none
    conf   more lines for its qemu.conf
    """

    def __init__(self, name: str, hook: str | None = None, conf: str = "") -> None:
        self.name = name
        self.hook = hook
        self.conf = conf
        self.dir = tempfile.mkdtemp(prefix=f"freehint-{name}-")
        os.chmod(self.dir, 0o755)
        self._proc: subprocess.Popen | None = None

    def path(self, *name: str) -> str:
        """A path in its directory, as seen from outside."""
        return os.path.join(self.dir, *name)

    @property
    def uri(self) -> str:
        """How clients connect."""
        return f"qemu+unix:///system?socket={self.path('run', 'libvirt-sock')}"

    def _write(self, name: str, text: str) -> None:
        with open(self.path(name), "w", encoding="utf-8") as file:
            file.write(text)

    def _configure(self) -> None:
        """Debian's defaults but for what a container of namespaces cannot have."""
        for name in PLACES:
            os.mkdir(self.path(name))
        self._write("etc/libvirtd.conf", f'host_uuid = "{uuid.uuid4()}"\n'
                    'auth_unix_rw = "none"\nlog_outputs = "2:file:/var/log/libvirt/d.log"\n')
        # no systemd, no controllers, no log daemon; the sandbox stays on
        self._write("etc/qemu.conf", 'cgroup_controllers = []\nstdio_handler = "file"\n'
                    f"seccomp_sandbox = 1\n{self.conf}")
        if self.hook:
            os.makedirs(self.path("etc", "hooks", "qemu.d"))
            self._write("etc/hooks/qemu.d/freehint", self.hook)
            os.chmod(self.path("etc", "hooks", "qemu.d", "freehint"), 0o755)
        try:
            pwd.getpwnam(USER)
        except KeyError:
            self._add_user()

    def _add_user(self) -> None:
        """In this namespace only; its group is that of /dev/kvm, as Debian has it."""
        group = os.stat("/dev/kvm").st_gid if os.path.exists("/dev/kvm") else USER_ID
        for name, line in (("passwd", f"{USER}:x:{USER_ID}:{group}::/:/usr/sbin/nologin\n"),
                           ("group", f"{USER}:x:{USER_ID}:\n")):
            with open(f"/etc/{name}", encoding="utf-8") as file:
                self._write(name, file.read() + line)

    def user_id(self) -> int:
        """Of QEMU's user."""
        return USER_ID if os.path.exists(self.path("passwd")) else pwd.getpwnam(USER).pw_uid

    def start(self) -> None:
        """Configure and start the daemon, wait for its socket."""
        self._configure()
        pairs = " ".join(f"{name}:{place}" for name, place in PLACES.items())
        log = open(self.path("daemon.log"), "wb")
        with log:
            self._proc = subprocess.Popen(
                ["unshare", "--mount", "--uts", "--propagation", "private", "sh", "-c", ENTER,
                 "-", self.dir, self.name, pairs],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                preexec_fn=die_with_parent)
        def up() -> bool:
            if self._proc.poll() is not None:
                raise RuntimeError(f"{DAEMON} ended:\n{self.log()}")
            return not self.virsh("version", check=False).returncode

        patience.wait_for(up, lambda: f"{DAEMON} to come up:\n{self.log()}", period=0.1)

    def log(self) -> str:
        """What the daemon has complained of."""
        text = ""
        for name in ("daemon.log", "log/d.log"):
            if os.path.exists(self.path(name)):
                with open(self.path(name), encoding="utf-8", errors="replace") as file:
                    text += file.read()[-4000:]
        return text

    def virsh(self, *arguments: str, check: bool = True,
              timeout: float = 120.0) -> subprocess.CompletedProcess[str]:
        """Run virsh on this daemon; raises when it fails, unless told not to."""
        done = subprocess.run(["virsh", "-c", self.uri, *arguments], text=True,
                              timeout=patience.seconds(timeout),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if check and done.returncode:
            raise RuntimeError(f"virsh {' '.join(arguments)}: {done.stdout}\n{self.log()}")
        return done

    def start_virsh(self, *arguments: str, **how: Any) -> Program:
        """Run virsh on this daemon in the background; `how` goes to Popen."""
        return Program(["virsh", "-c", self.uri, *arguments], **how)

    def inside(self, *command: str) -> list[str]:
        """A command line that runs a command in the daemon's namespaces."""
        assert self._proc is not None
        return ["nsenter", f"--target={self._proc.pid}", "--mount", "--uts", *command]

    def start_agent(self, *options: str) -> Program:
        """Start the agent here."""
        binary = require_file(paths.AGENT, "run make first")
        return Program(self.inside(binary, "--user", USER, *options))

    def stop(self) -> None:
        """End domains and daemon, remove the directory; may be called twice."""
        if self._proc and self._proc.poll() is None:
            names = self.virsh("list", "--name", check=False).stdout.split()
            for name in names:
                self.virsh("destroy", name, check=False)
        if self._proc:
            end_process(self._proc)
        shutil.rmtree(self.dir, ignore_errors=True)
