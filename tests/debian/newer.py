# SPDX-License-Identifier: GPL-2.0
"""
A Debian host gets its backports' libvirt while a domain with freehint runs.
"""
from __future__ import annotations

from domain import Domain, Nested, bare_xml, define
from host import Host, check, step
from support import Work
from units import complaints, end, start_paused
from walk import APT, sources


def version(here: Host) -> str:
    """Of libvirt's daemon."""
    return here.must("virsh version --daemon | sed -n 's/^Running against daemon: //p'").strip()


def newer_libvirt(here: Host, domain: Domain, work: Work) -> None:
    """The domain and its agent go on, and new domains can be enabled."""
    before, agent = version(here), domain.show(here, "MainPID")
    sources(here, "needs", "new", "backports")
    here.must(f"{APT} install libvirt-daemon-system libvirt-clients", 900)
    now = version(here)
    check(now != before, f"libvirt is {now} as before")
    step(f"{here.name}: libvirt {before} became {now}")
    check("running" in here.must(f"virsh domstate {domain.word}"), "the domain does not run")
    check(domain.state(here) == "active", f"the agent is {domain.state(here)}")
    step(f"{here.name}: the agent is " +
         ("the same" if domain.show(here, "MainPID") == agent else "another one"))
    work.verify(Nested(here))
    fresh = Domain("fresh")
    define(here, bare_xml(fresh.name))
    here.must(f"freehint enable {fresh.word}")
    start_paused(here, fresh)
    end(here, fresh)
    check(not complaints(here), f"systemd complains: {complaints(here)}")
    step(f"{here.name}: a domain was enabled, started and ended under {now}")
