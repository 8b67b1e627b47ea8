#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
Every way in which libvirt moves, saves or copies a guest, with a domain that `freehint enable`
has set up and with autostart: peer to peer, tunnelled, with its disk, several connections,
postcopy, Ctrl-C, save, managed save, snapshots. After each the guest's content is checked, and a
migration must have been hinted. `make check-libvirt`; two minutes.
"""
from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import test_libvirt as one
from support import Work, check, fill, step, wait_for
from lib import accel, arch, libvirt
from lib.guest import Guest
from lib.libvirt import Libvirt
from lib.program import Program
from lib.result import run, skip
from lib.tool import tool

DOMAIN = one.DOMAIN
IMAGE = f"{one.HOME}/disk"
DISK_MIB = 16
DISK = f"""<disk type='file' device='disk'>
  <driver name='qemu' type='qcow2'/><source file='{IMAGE}'/><target dev='vda' bus='virtio'/>
</disk>"""
# The destination of a postcopy migration: its QEMU must be allowed to use userfaultfd.
ROOT_CONF = 'user = "root"\ngroup = "root"\nclear_emulator_capabilities = 0\n'

# Options of `virsh migrate`, and whether it is given the address for the data.
WAYS = {
    "managed by virsh": ((), True),
    "peer to peer": (("--p2p",), True),
    "tunnelled": (("--p2p", "--tunnelled"), False),
    "two connections": (("--parallel", "--parallel-connections", "2"), True),
    "auto-converge": (("--auto-converge",), True),
    "compressed": (("--compressed", "--comp-methods", "xbzrle"), True),
    "abort on error": (("--abort-on-error",), True),
}


class Home:
    """The guest, on the daemon where it is; `work` checks its content."""

    def __init__(self, here: Libvirt, there: Libvirt) -> None:
        self.here, self.there = here, there
        self.work: Work | None = None

    def guest(self) -> Guest:
        """A new connection."""
        return one.guest_of(self.here)

    def verify(self) -> None:
        """The guest's programs have found nothing wrong."""
        guest = self.guest()
        assert self.work
        self.work.verify(guest)
        guest.close()

    @contextmanager
    def agent(self, *options: str) -> Iterator[Program]:
        """An agent here that has found QEMU and the module."""
        with one.agent_of(self.here, *options) as agent:
            agent.wait_said("attached")
            wait_for(lambda: one.query(self.here)["guest"]["present"], "the guest's hello")
            yield agent

    def line(self, *options: str, address: bool = True) -> list[str]:
        """virsh's arguments for a migration to the other daemon."""
        where = [self.there.uri, *(["tcp://127.0.0.1"] if address else [])]
        return ["migrate", "--live", "--persistent", "--undefinesource", "--unsafe", *options,
                DOMAIN, *where]

    def arrived(self, agent: Program) -> None:
        """The guest is there, the agent's summary says that it was hinted."""
        said = agent.wait_end()
        skipped = re.search(r"(\d+) accepted", said)
        check(skipped is not None and int(skipped[1]) > one.MANY,
              f"hardly a page was skipped: {said}")
        step(said.strip().splitlines()[-1])
        self.here, self.there = self.there, self.here
        states = [host.virsh("list", "--all", "--name").stdout.split()
                  for host in (self.here, self.there)]
        check(states == [[DOMAIN], []], f"domains here and there: {states}")
        self.verify()

    def hop(self, what: str, *options: str, address: bool = True) -> None:
        """One hinted migration."""
        step(f"{what}: virsh migrate {' '.join(options)}")
        with self.agent("--once") as agent:
            before = one.accepted(self.here)
            with self.begin(*options, address=address) as virsh:
                one.hinted(self.here, virsh, before)
                one.speed_up(self.here, virsh)
            self.arrived(agent)

    def begin(self, *options: str, address: bool = True, **how: Any) -> Program:
        """A migration that goes on for a while; some of it was sent on return."""
        line = self.line("--bandwidth", one.SLOW, *options, address=address)
        virsh = self.here.start_virsh(*line, **how)
        def sending() -> bool:
            now = one.command(self.here, "query-migrate")
            check(virsh.alive(), f"virsh has ended: {virsh.log()}")
            return now.get("status") == "active" and now["ram"]["dirty-sync-count"] > 0
        wait_for(sending, "the migration to begin")
        return virsh


def image(host: Libvirt) -> str:
    """The disk's file, as seen from outside."""
    return host.path("lib", "guest", "disk")


def make_disk(host: Libvirt, content: bool) -> None:
    """An image that QEMU's user may write."""
    source = host.path("lib", "guest", "random")
    with open(source, "wb") as file:
        file.write(os.urandom(DISK_MIB << 20) if content else bytes(DISK_MIB << 20))
    subprocess.run(["qemu-img", "convert", "-q", "-f", "raw", "-O", "qcow2", source, image(host)],
                   check=True)
    os.chown(image(host), host.user_id(), host.user_id())


def with_disk(home: Home) -> None:
    """--copy-storage-all: the disk goes with the guest, all of it."""
    source, goal = image(home.here), image(home.there)
    home.hop("with its disk", "--copy-storage-all")
    done = subprocess.run(["qemu-img", "compare", "-U", source, goal], capture_output=True,
                          text=True, check=False)
    check("identical" in done.stdout, f"the disk differs: {done.stdout}{done.stderr}")


def interrupted(home: Home, *options: str) -> None:
    """Ctrl-C for virsh: the guest stays, reporting ends, the next migration is hinted."""
    step(f"Ctrl-C {' '.join(options)}")
    keyboard, terminal = os.openpty()
    with home.agent() as agent:
        # virsh takes its terminal's signals away and reads the key
        with home.begin("--verbose", *options, stdin=terminal) as virsh:
            os.write(keyboard, b"\x03")
            virsh.wait_end(status=1)
        os.close(keyboard)
        os.close(terminal)
        agent.wait_said("migration cancelled")
        wait_for(lambda: one.query(home.here)["state"] == "off", "reporting to end")
        state = home.here.virsh("domstate", DOMAIN).stdout.strip()
        check(state == "running", f"the guest is {state}")
        there = home.there.virsh("list", "--name").stdout.split()
        check(not there, f"left on the destination: {there}")
    home.verify()


def kept(home: Home, what: str, save: Callable[[], object], restore: Callable[[], object]) -> None:
    """The guest is put into a file and comes back from it; the agent follows."""
    step(what)
    with home.agent() as agent:
        save()
        check(not home.here.virsh("list", "--name").stdout.split(), "the guest still runs")
        restore()
        agent.wait_said("attached", times=2)
    home.verify()


def saved(home: Home) -> None:
    """virsh save and restore, managed save and start."""
    file = f"{one.HOME}/saved"
    kept(home, "save and restore", lambda: home.here.virsh("save", DOMAIN, file),
         lambda: home.here.virsh("restore", file))
    kept(home, "managed save and start", lambda: home.here.virsh("managedsave", DOMAIN),
         lambda: home.here.virsh("start", DOMAIN))


def internal_snapshot(home: Home) -> None:
    """The guest goes on, then back to what it was, twice; then it can migrate."""
    step("internal snapshot")
    with home.agent() as agent:
        home.here.virsh("snapshot-create-as", DOMAIN, "inside")
        home.verify()
        home.here.virsh("snapshot-revert", DOMAIN, "inside")
        home.verify()
        home.here.virsh("snapshot-revert", DOMAIN, "inside", "--running")
        check(agent.alive(), f"the agent has ended: {agent.log()}")
    home.verify()
    home.here.virsh("snapshot-delete", DOMAIN, "inside")


def external_snapshot(home: Home) -> None:
    """A live one of memory and disk, hinted; it is restored with the disk as it was then."""
    step("external snapshot, live")
    memory, overlay = f"{one.HOME}/memory", f"{one.HOME}/overlay"
    with home.agent() as agent:
        before = one.query(home.here)["counters"]["pages-cleared"]
        home.here.virsh("snapshot-create-as", DOMAIN, "outside", "--live", "--memspec",
                        f"file={memory},snapshot=external", "--diskspec",
                        f"vda,snapshot=external,file={overlay}")
        skipped = one.query(home.here)["counters"]["pages-cleared"] - before
        size = os.path.getsize(home.here.path("lib", "guest", "memory")) >> 20
        step(f"external snapshot: {skipped} pages skipped, a file of {size} MiB")
        home.verify()
        home.here.virsh("destroy", DOMAIN)
        home.here.virsh("snapshot-delete", DOMAIN, "outside", "--metadata")
        home.here.virsh("restore", memory)
        agent.wait_said("attached", times=2)
    home.verify()


def postcopy(home: Home, able: Libvirt) -> None:
    """The switch comes while memory is sent; the last hop."""
    step("postcopy: virsh migrate --postcopy, virsh migrate-postcopy")
    home.there = able
    with home.agent("--once") as agent:
        before = one.accepted(home.here)
        with home.begin("--postcopy", "--postcopy-bandwidth", one.SLOW) as virsh:
            one.hinted(home.here, virsh, before)
            home.here.virsh("migrate-postcopy", DOMAIN)
            wait_for(lambda: "post-copy" in able.virsh("domstate", "--reason", DOMAIN).stdout,
                     "the switch to postcopy")
            virsh.wait_end(timeout=120)
        home.arrived(agent)


def prepare(home: Home, stack: ExitStack) -> None:
    """The domain runs, its guest has the module, used and free memory."""
    one.define(home.here, one.domain_xml(DISK))
    tool("enable", "--connect", home.here.uri, "--extension", f"{one.HOME}/freehint-qemu.so",
         DOMAIN)
    home.here.virsh("start", DOMAIN)
    guest = home.guest()
    stack.callback(guest.close)
    guest.wait_boot()
    guest.must("insmod /modules/freehint.ko")
    fill(guest, one.FILL_MIB)
    home.work = Work(guest, pages_mib=32, churn_mib=48)
    guest.close()


def main() -> None:
    """Three hosts, one domain."""
    arch.needs("amd64", "domain here")
    accel.needs_distribution("BIOS")
    libvirt.require()
    if not shutil.which("qemu-img"):
        skip("no qemu-img; run tests/deps.sh libvirt")
    with Libvirt("fh-one", one.HOOK) as here, Libvirt("fh-two", one.HOOK) as there, \
            Libvirt("fh-three", one.HOOK, ROOT_CONF) as able, ExitStack() as stack:
        for host in (here, there, able):
            one.furnish(host)
            one.furnish_hook(host)
            make_disk(host, host is here)
        home = Home(here, there)
        prepare(home, stack)
        with_disk(home)
        for what, (options, address) in WAYS.items():
            home.hop(what, *options, address=address)
        interrupted(home)
        interrupted(home, "--p2p")
        saved(home)
        internal_snapshot(home)
        home.hop("after all that")
        external_snapshot(home)
        postcopy(home, able)


if __name__ == "__main__":
    run(main)
