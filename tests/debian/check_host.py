#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""
Packages, units, hook and AppArmor's lines on two Debian hosts with systemd, which are emulated;
between them a guest migrates that is emulated inside. `make check-debian-host`, 17 minutes. Every
command that docs/operations.md has an administrator type is counted.
"""
from __future__ import annotations

import argparse
import glob
import os
import re
import subprocess
import tempfile

import host
from domain import Domain, Nested, bare_xml, define, one, plain_xml
from host import MEDIA, Host, check, paths, step
from newer import newer_libvirt
from units import (end, follow_monitors, odd_names, policy, sandbox, start_paused,
                   verify_units)
from walk import APT, Walk, allow, denials, documented, sources

from lib import initramfs  # noqa: E402
from lib.result import run  # noqa: E402
from support import Work, fill, wait_for  # noqa: E402

DEB = os.path.join(paths.ROOT, "tests", "build", "deb.sh")
FILL_MIB = 100
# Pages that a hinted migration of this guest skips at least; 100 MiB have 25600.
MANY = 15000
MEDIA_MIB = 256


def packages(where: str) -> tuple[str, str]:
    """The package as it is and one of a higher version; takes a minute."""
    names = []
    for name, suffix in ("old", ""), ("new", "+next"):
        directory = os.path.join(where, name)
        version = [re.sub(r".*_(.*)_.*", r"\1", names[0]) + suffix] if suffix else []
        subprocess.run([DEB, directory, *version], stdout=subprocess.DEVNULL, check=True)
        names += glob.glob(os.path.join(directory, "freehint_*.deb"))
    return names[0], names[1]


def media_files(home: str, old: str, new: str) -> list[tuple[str, str]]:
    """All that is on the second disk."""
    kernel, initrd = initramfs.build()
    files = [("tools/nested.sh", os.path.join(host.HERE, "nested.sh")),
             ("tools/kernel", kernel.image), ("tools/initrd", initrd),
             ("old/" + os.path.basename(old), old), ("new/" + os.path.basename(new), new)]
    return files + [(f"{kind}/{os.path.basename(path)}", path) for kind in ("needs", "backports")
                    for path in glob.glob(os.path.join(home, kind, "*.deb"))]


def install(here: Host, walk: Walk) -> None:
    """As the page says; a guest's kernel for QEMU's user is ours."""
    sources(here, "needs")
    walk.do(here, f"{APT} install {MEDIA}/old/freehint_*.deb")
    walk.do(here, "systemctl try-restart libvirtd")
    here.must(f"mkdir -p {one.HOME} && cp {MEDIA}/tools/kernel {MEDIA}/tools/initrd {one.HOME} && "
              f"chown -R libvirt-qemu: {one.HOME}")


def denied(here: Host, domain: Domain, lines: list[str], name: str) -> None:
    """With these lines the domain does not start, because of that file."""
    allow(here, lines)
    here.must("dmesg -C")
    status, said = here.shell.run(f"virsh start {domain.word}", 180)
    check(status == 1, f"the domain started with {lines}: {said}")
    check(any(name in line for line in denials(here)), f"{name} was not denied: {denials(here)}")
    step(f"{here.name}, with {lines or 'no line'}: " + "; ".join(denials(here)))


def confined(here: Host, domain: Domain, walk: Walk) -> None:
    """The first line of the page is needed; the second is for the lock. Then nothing is denied."""
    profiles = here.must("cat /sys/kernel/security/apparmor/profiles")
    for name in "libvirtd", "virt-aa-helper":
        check(f"{name} (enforce)" in profiles, f"{name} is not confined: {profiles}")
    denied(here, domain, [], ".qmp")
    allow(here, documented()[:2])
    walk.commands += 1
    here.must("dmesg -C")
    walk.do(here, f"virsh start {domain.word}")
    check(not denials(here), f"{here.name}: {denials(here)}")
    context = here.must(f"cat /proc/$(cat /run/libvirt/qemu/{domain.name}.pid)/attr/current")
    check(re.fullmatch(r"libvirt-[0-9a-f-]+ \(enforce\)\s*", context),
          f"QEMU is not confined: {context}")


def confined_elsewhere(here: Host) -> None:
    """The page's third line is for an extension where `make install` puts it."""
    extension = documented()[2].split()[0]
    domain = Domain("elsewhere")
    here.must(f"install -D -m 644 /usr/lib/freehint/freehint-qemu.so {extension}")
    define(here, bare_xml(domain.name))
    here.must(f"freehint enable --extension {extension} {domain.word}")
    denied(here, domain, documented()[:2], "freehint-qemu.so")
    allow(here, documented())
    start_paused(here, domain)
    end(here, domain)
    here.must(f"rm -r {os.path.dirname(extension)}")
    step(f"{here.name}: with all lines {extension} is loaded")


def hinted(source: Host, goal: Host, domain: Domain, work: Work, walk: Walk) -> None:
    """One migration; the agents follow, the content is right, nothing was denied."""
    wait_for(lambda: domain.query(source)["guest"]["present"], "the guest's hello", 60)
    before = domain.said(source).count(" accepted")
    for here in source, goal:
        here.must("dmesg -C")
    known = domain.said(goal).count("attached")
    walk.do(source, f"virsh migrate --live --persistent --undefinesource {domain.word} "
                    f"qemu+ssh://{goal.name}/system", 600)
    domain.wait_said(source, " accepted", before + 1)
    summary = [line for line in domain.said(source).splitlines() if " accepted" in line][-1]
    step(f"{source.name} to {goal.name}: {summary}")
    skipped = re.search(r"(\d+) accepted", summary)
    check(skipped is not None and int(skipped[1]) > MANY, f"hardly a page was skipped: {summary}")
    domain.gone(source)
    domain.wait_said(goal, "attached", known + 1)
    work.verify(Nested(goal))
    for here in source, goal:
        check(not denials(here), f"{here.name}: {denials(here)}")


def saved(here: Host, domain: Domain, work: Work) -> None:
    """virsh save and restore; the agent comes back."""
    known = domain.said(here).count("attached")
    here.must(f"virsh save {domain.word} {one.HOME}/saved", 600)
    domain.gone(here)
    here.must(f"virsh restore {one.HOME}/saved", 600)
    domain.wait_said(here, "attached", known + 1)
    work.verify(Nested(here))
    step(f"{here.name}: saved, restored, the agent is back")


def upgraded(here: Host, domain: Domain, work: Work) -> None:
    """apt upgrade: another agent, of the new package, beside the same QEMU."""
    before, known = domain.show(here, "MainPID"), domain.said(here).count("attached")
    qemu = here.must(f"cat /run/libvirt/qemu/{domain.name}.pid")
    sources(here, "needs", "new")
    said = here.must(f"{APT} upgrade", 600)
    step(f"{here.name}: " + re.findall(r"Unpacking freehint .*", said)[0])
    domain.wait_said(here, "attached", known + 1)
    check(domain.show(here, "MainPID") != before, "the old agent runs")
    check(domain.state(here) == "active", f"the agent is {domain.state(here)}")
    check(here.must(f"cat /run/libvirt/qemu/{domain.name}.pid") == qemu, "another QEMU")
    here.must("cmp /usr/sbin/freehint-agent /proc/" + domain.show(here, "MainPID") + "/exe")
    work.verify(Nested(here))
    step(f"{here.name}: apt upgrade has restarted the agent")


def removed(here: Host, domain: Domain, work: Work) -> None:
    """
    The package goes while a domain runs: its agent goes, the guest does not notice. The monitor
    in /run/freehint is the guest's.
    """
    here.must(f"{APT} purge freehint", 600)
    left = here.must("pgrep -a freehint-agent || true; systemctl list-units --all --no-legend "
                     "'freehint*'; find /etc /run /usr -xdev -name '*freehint*' "
                     "! -path /run/freehint")
    check(not left, f"left behind: {left}")
    work.verify(Nested(here))
    step(f"{here.name}: freehint is removed, the guest goes on")


def attempt(home: str, disk: str, link: str) -> None:
    """Two hosts, one domain."""
    walk, domain = Walk(), Domain("vm1")
    with Host(home, disk, "fh-one", 1, link) as first, \
            Host(home, disk, "fh-two", 2, link) as second:
        for here in first, second:
            here.boot()
        for here in first, second:
            install(here, walk)
        verify_units(first)
        define(first, plain_xml(domain.name))
        walk.do(first, f"freehint enable {domain.word}")
        confined(first, domain, walk)
        allow(second, documented()[:2])
        walk.commands += 1
        sandbox(first, domain)
        policy(second)
        odd_names(second)
        confined_elsewhere(second)
        follow_monitors(second)
        guest = domain.wait_guest(first)
        walk.in_guest(guest, "insmod /modules/freehint.ko")
        fill(guest, FILL_MIB)
        work = Work(guest, pages_mib=16, churn_mib=16)
        hinted(first, second, domain, work, walk)
        walk.tell()
        saved(second, domain, work)
        upgraded(second, domain, work)
        newer_libvirt(second, domain, work)
        hinted(second, first, domain, work, walk)
        hinted(first, second, domain, work, walk)
        saved(second, domain, work)
        removed(second, domain, work)


def test() -> None:
    """Image, packages, disk, hosts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--suite", default="bookworm", help="release of the hosts")
    suite = parser.parse_args().suite
    if os.geteuid():
        host.skip("an image takes root")
    old, new = packages(os.path.join(paths.BUILD, "debian"))
    home = host.image(suite, old)
    with tempfile.TemporaryDirectory(prefix="freehint-debian-") as directory:
        disk = host.media(directory, media_files(home, old, new), MEDIA_MIB)
        attempt(home, disk, os.path.join(directory, "link"))


if __name__ == "__main__":
    run(test)
