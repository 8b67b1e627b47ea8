#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""
A domain that `freehint enable` has set up moves from one libvirt daemon to another, under
libvirt's sandbox. Nobody starts reporting: the extension does. The domain is the one that
docs/libvirt.md tells people to write by hand, and `freehint disable` leaves nothing of it.
The hook creates the directory of the monitor and has systemd start and stop the agent.
There it is saved by `virsh save`, before and after it has given its free memory back.
"""
from __future__ import annotations

import json
import os
import re
import shutil
from contextlib import ExitStack, closing

from support import Work, check, fill, step, wait_for
from lib import accel, arch, initramfs, libvirt, paths
from lib.guest import Guest
from lib.libvirt import Libvirt
from lib.program import Program
from lib.result import require_file, run
from lib.tool import tool

DOMAIN = "vm1"
MEMORY_MIB = 512
FILL_MIB = 200
# More than what it has never written since it arrived.
SAVED_FILL_MIB = 270
# A hinted migration of this guest skips more pages.
MANY = 20000
# MiB/s: so slow that a migration does not end before somebody has looked at it, and no limit.
SLOW, FAST = "8", "8192"
PAGE = os.path.join(paths.ROOT, "docs", "libvirt.md")
# Where the page says that the extension is, and where this test has it.
INSTALLED = "/usr/lib/freehint/freehint-qemu.so"
HOME = "/var/lib/libvirt/guest"

# What the daemon calls; the paths are those of its namespaces. Nothing here is systemd.
BIN = HOME + "/bin"
HOOK = f"""#!/bin/sh
PATH={BIN}:$PATH {BIN}/freehint-follow domain "$1" "$2"
"""
SYSTEMCTL = f"""#!/bin/sh
echo "$@" >>{HOME}/calls
"""
AGENT_UNIT = f"freehint-agent@{DOMAIN}.service"

# Type of the domain and its processor. KVM has all that is in the host's on both hosts here.
KINDS = {"tcg": ("qemu", "<cpu mode='custom' match='exact'><model>qemu64</model></cpu>"),
         "kvm": ("kvm", "<cpu mode='host-passthrough'/>")}

XML = """<domain type='{kind}' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>{name}</name>
  <memory unit='MiB'>{memory}</memory>
  <vcpu>2</vcpu>
  <os>
    <type arch='x86_64' machine='q35'>hvm</type>
    <kernel>{home}/kernel</kernel>
    <initrd>{home}/initrd</initrd>
    <cmdline>console=ttyS0 quiet no_timer_check</cmdline>
  </os>
  <features><acpi/><apic/></features>
  {cpu}
  <devices>
    <emulator>{emulator}</emulator>
    <serial type='file'><source path='{home}/console.log'/><target port='0'/></serial>
    <serial type='unix'>
      <source mode='bind' path='{home}/control'/><target port='1'/>
    </serial>
    <memballoon model='none'/>
    {device}
  </devices>
  {commandline}
</domain>
"""


def documented() -> tuple[str, str]:
    """The two pieces of XML of the page: device and command line."""
    with open(PAGE, encoding="utf-8") as file:
        blocks = re.findall(r"```xml\n(.*?)```", file.read(), re.DOTALL)
    check(len(blocks) == 2, f"{PAGE} has {len(blocks)} pieces of XML, 2 are expected")
    check(INSTALLED in blocks[1], f"{PAGE} does not name {INSTALLED}")
    return blocks[0], blocks[1].replace(INSTALLED, f"{HOME}/freehint-qemu.so")


def domain_xml(device: str = "", commandline: str = "") -> str:
    """The domain, with these pieces in it."""
    kind, cpu = KINDS[accel.chosen()]
    return XML.format(kind=kind, cpu=cpu, name=DOMAIN, memory=MEMORY_MIB, home=HOME,
                      device=device, commandline=commandline,
                      emulator=shutil.which("qemu-system-x86_64"))


def define(host: Libvirt, xml: str) -> None:
    """Have libvirt know the domain."""
    with open(host.path("domain.xml"), "w", encoding="utf-8") as file:
        file.write(xml)
    host.virsh("define", host.path("domain.xml"))


def kept(host: Libvirt) -> str:
    """
    The domain as libvirt keeps it, without what it has made up: it gives a device that comes
    later another slot, and bridges that a device needed stay without it.
    """
    text = host.virsh("dumpxml", "--inactive", DOMAIN).stdout
    return re.sub(r"\s*(<uuid>.*?</uuid>|<address .*?/>|<controller .*?</controller>)", "", text,
                  flags=re.DOTALL)


def enable(host: Libvirt) -> None:
    """One command does what the page says; twice is not more, and it can be undone."""
    define(host, domain_xml(*documented()))
    by_hand = kept(host)
    host.virsh("undefine", DOMAIN)
    define(host, domain_xml())
    plain = kept(host)
    command = ("enable", "--connect", host.uri, "--extension", f"{HOME}/freehint-qemu.so", DOMAIN)
    check("has freehint now" in tool(*command), "enable does not say what it did")
    check(kept(host) == by_hand, f"not what the page says:\n{kept(host)}\n{by_hand}")
    check("has freehint already" in tool(*command), "enable does not see that it is done")
    check(kept(host) == by_hand, "a second enable changed the domain")
    tool("disable", "--connect", host.uri, DOMAIN)
    check(kept(host) == plain, f"disable left something:\n{kept(host)}\n{plain}")
    tool(*command)
    said = tool("enable", "--connect", host.uri, "no such; domain", status=4)
    check("domuuid ended with exit status 1" in said,
          f"enable of a domain that is not there: {said}")


def furnish(host: Libvirt) -> None:
    """Kernel, initramfs and extension where QEMU's user may read them."""
    kernel, initrd = initramfs.build()
    home = host.path("lib", "guest")
    os.mkdir(home)
    shutil.copy(kernel.image, os.path.join(home, "kernel"))
    shutil.copy(initrd, os.path.join(home, "initrd"))
    shutil.copy(require_file(paths.EXTENSION, "run make first"), home)
    for name in os.listdir(home):
        os.chmod(os.path.join(home, name), 0o644)
    os.chown(home, host.user_id(), host.user_id())


def furnish_hook(host: Libvirt) -> None:
    """What the hook calls, with a systemctl that only writes down what it is told."""
    where = host.path("lib", "guest", "bin")
    os.mkdir(where)
    shutil.copy(require_file(paths.TOOL, "run make first"), where)
    with open(os.path.join(paths.ROOT, "host-agent/packaging/freehint-follow"),
              encoding="ascii") as file:
        follow = file.read().replace("@BINDIR@", BIN).replace("@QEMU_USER@", libvirt.USER)
    for name, text in ("freehint-follow", follow), ("systemctl", SYSTEMCTL):
        with open(os.path.join(where, name), "w", encoding="ascii") as file:
            file.write(text)
        os.chmod(os.path.join(where, name), 0o755)


def agent_calls(host: Libvirt) -> list[str]:
    """What systemd was told about the agent, in order, without repetitions."""
    with open(host.path("lib", "guest", "calls"), encoding="ascii") as file:
        calls = [line.split()[1] for line in file if line.startswith("--no-block")
                 and line.endswith(f" {AGENT_UNIT}\n")]
    return [call for i, call in enumerate(calls) if calls[i - 1:i] != [call]]


def command(host: Libvirt, name: str, **arguments: str | int) -> dict:
    """A command through libvirt's monitor."""
    text = host.virsh("qemu-monitor-command", DOMAIN,
                      json.dumps({"execute": name, "arguments": arguments})).stdout
    return json.loads(text[text.index("{"):text.rindex("}") + 1])["return"]


def query(host: Libvirt) -> dict:
    """x-query-freehint."""
    return command(host, "x-query-freehint")


def accepted(host: Libvirt) -> int:
    """Hinted pages that the extension has taken so far."""
    return query(host)["counters"]["pages-accepted"]


def hinted(host: Libvirt, virsh: Program, before: int) -> None:
    """Wait in a slow migration for its hints; `before` were accepted until it began."""
    def came() -> bool:
        check(virsh.alive(), f"virsh has ended: {virsh.log()}")
        return accepted(host) - before > MANY

    wait_for(came, lambda: f"hints: {query(host)}", 60, 0.2)


def speed_up(host: Libvirt, virsh: Program) -> None:
    """Have a slow migration go on without a limit, wait for its end."""
    host.virsh("migrate-setspeed", DOMAIN, FAST)
    virsh.wait_end(timeout=120)


def guest_of(host: Libvirt) -> Guest:
    """The guest, through the daemon's control socket."""
    return Guest(host.path("lib", "guest", "control"))


def under_its_sandbox(host: Libvirt) -> None:
    """Check that QEMU runs as libvirt's user and in libvirt's sandbox."""
    with open(host.path("run", "qemu", f"{DOMAIN}.pid"), encoding="ascii") as file:
        pid = int(file.read())
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        check(f"\nUid:\t{host.user_id()}\t" in file.read(), "QEMU is not libvirt's user")
    with open(host.path("log", "qemu", f"{DOMAIN}.log"), encoding="utf-8") as file:
        line = file.read()
    check("-sandbox on" in line, "QEMU was started without a sandbox")
    check("shmmem-shmem0" in line, "QEMU was started without the shared memory")


def migrate(here: Libvirt, there: Libvirt, stack: ExitStack) -> None:
    """Prepare, migrate, verify."""
    guest = guest_of(here)
    stack.callback(guest.close)
    guest.wait_boot()
    under_its_sandbox(here)
    guest.must("insmod /modules/freehint.ko")
    fill(guest, FILL_MIB)
    work = Work(guest, pages_mib=32, churn_mib=48)
    agent = stack.enter_context(agent_of(here, "--once"))
    agent.wait_said("attached")
    wait_for(lambda: query(here)["guest"]["present"], "the guest's hello")
    check(query(here)["state"] == "off", "reporting is on before the migration")
    step("agent and guest are ready, nobody reports")
    before = accepted(here)
    with here.start_virsh("migrate", "--live", "--bandwidth", SLOW, DOMAIN, there.uri,
                          "tcp://127.0.0.1") as virsh:
        hinted(here, virsh, before)
        speed_up(here, virsh)
    said = agent.wait_end()
    step(said.strip().splitlines()[-1])
    skipped = re.search(r"(\d+) accepted", said)
    check(skipped is not None and int(skipped[1]) > MANY, "hardly a page was skipped")
    arrived = guest_of(there)
    stack.callback(arrived.close)
    work.verify(arrived)


def agent_of(host: Libvirt, *options: str) -> Program:
    """The domain's agent."""
    return host.start_agent("--qmp", f"/run/freehint/{DOMAIN}.qmp",
                            "--shm", f"/dev/shm/freehint-{DOMAIN}", *options)


def save(host: Libvirt) -> int:
    """Save the domain, note the size of the file, have it go on from there; MiB."""
    host.virsh("save", DOMAIN, f"{HOME}/saved")
    size = os.path.getsize(host.path("lib", "guest", "saved"))
    host.virsh("restore", f"{HOME}/saved")
    return size >> 20


def saved(host: Libvirt) -> None:
    """What was given back is not in the file."""
    with closing(guest_of(host)) as guest:
        fill(guest, SAVED_FILL_MIB)
    before = save(host)
    with agent_of(host) as agent:
        agent.wait_said("attached")
        wait_for(lambda: query(host)["guest"]["present"], "the guest's hello", 30)
        command(host, "x-freehint-give-back", mode="once", order=1)
        wait_for(lambda: query(host)["give-back"]["drained"],
                 lambda: f"the guest to give back: {query(host)}", 60)
        given = query(host)["give-back"]["bytes"] >> 20
    after = save(host)
    check(after < before - SAVED_FILL_MIB // 3,
          f"{before} MiB saved before, {after} after {given} MiB were given back")
    step(f"virsh save: {before} MiB, after {given} MiB were given back {after} MiB")
    with closing(guest_of(host)) as guest:
        fill(guest, FILL_MIB)


def main() -> None:
    """Two hosts, one domain."""
    arch.needs("amd64", "domain here")
    accel.needs_distribution("BIOS")
    libvirt.require()
    with Libvirt("fh-one", HOOK) as here, Libvirt("fh-two", HOOK) as there, \
            ExitStack() as stack:
        for host in (here, there):
            furnish(host)
            furnish_hook(host)
        enable(here)
        here.virsh("start", DOMAIN)
        step("the domain runs")
        said = tool("disable", "--connect", here.uri, DOMAIN)
        check("shut down and started again" in said, f"disable of what runs: {said}")
        migrate(here, there, stack)
        states = [host.virsh("list", "--name").stdout.split() for host in (here, there)]
        check(states == [[], [DOMAIN]], f"domains here and there: {states}")
        wait_for(lambda: agent_calls(here) == ["start", "stop"],
                 lambda: f"the agent to be stopped here: {agent_calls(here)}")
        check(agent_calls(there) == ["start"], f"the agent there: {agent_calls(there)}")
        stack.close()
        saved(there)
        there.virsh("destroy", DOMAIN)
        wait_for(lambda: agent_calls(there)[-1] == "stop",
                 lambda: f"the agent to be stopped there: {agent_calls(there)}")


if __name__ == "__main__":
    run(main)
