# SPDX-License-Identifier: GPL-2.0
"""
freehint's units on a Debian host: systemd accepts every line of them, what they forbid is
forbidden, they end and restart as they say, and they follow domains and monitors of any name.
"""
from __future__ import annotations

from domain import Domain, bare_xml, define, quoted
from host import Host, check, patience, step
from walk import attached

UNITS = ("freehint-agent@vm1.service freehint-follow.path freehint-follow.service "
         "freehint-moved.timer freehint-moved.service")
ODD_NAMES = ("a b", "x@y", ".hidden", "é")
# Of an agent's process, in /proc/PID/status.
CONFINED = {"CapBnd": "0000000000000000", "NoNewPrivs": "1", "Seccomp": "2"}
LONE = "lone one"


def verify_units(here: Host) -> None:
    """Nothing that systemd does not know."""
    said = here.must(f"systemd-analyze verify --man=no {UNITS} 2>&1")
    check(not said.strip(), f"systemd complains: {said}")
    for unit in UNITS.split():
        if unit.endswith(".service"):
            step(here.must(f"systemd-analyze security --no-pager {unit} | tail -n 1").strip(" →\n"))


def complaints(here: Host) -> str:
    """What systemd has said about our units that is not about their work, nor about its end."""
    return here.must("journalctl -b --no-pager -o cat _PID=1 | grep freehint | "
                     "grep -iE 'unknown|ignoring|not supported|invalid|failed to' | "
                     "grep -v '^Failed to start ' || true")


def sandbox(here: Host, domain: Domain) -> None:
    """The agent of a domain that runs, and another one after it was killed."""
    attached(here, domain, 0)
    pid = domain.show(here, "MainPID")
    status = dict(line.split(":\t", 1) for line in
                  here.must(f"cat /proc/{pid}/status").splitlines() if ":\t" in line)
    for name, value in CONFINED.items():
        check(status[name] == value, f"the agent has {name} {status[name]}")
    check(status["Uid"].split()[0] != "0", "the agent is root")
    here.must(f"kill -9 {pid}")
    attached(here, domain, 1)
    check(domain.show(here, "NRestarts") == "1", f"restarts: {domain.show(here, 'NRestarts')}")
    check(not complaints(here), f"systemd complains: {complaints(here)}")
    step(f"{here.name}: the agent is confined, and restarted after a kill; "
         f"{domain.show(here, 'TasksCurrent')} tasks, "
         f"{int(domain.show(here, 'MemoryCurrent')) >> 10} KiB")


def ends(here: Host, name: str, status: int, restarts: int, timeout: float = 60.0) -> None:
    """This instance, which was started, ends so and stays so."""
    names = ("ActiveState", "ExecMainStatus", "NRestarts")
    expected = ["failed", str(status), str(restarts)]

    def now() -> list[str]:
        said = here.must(f"systemctl show freehint-agent@{name} -p {','.join(names)}")
        pairs = dict(line.split("=", 1) for line in said.splitlines())
        return [pairs[key] for key in names]

    patience.wait_for(lambda: now() == expected, lambda: f"{name}: {now()}, not {expected}",
                      timeout, 1.0)
    step(f"{here.name}: freehint-agent@{name} has ended: {dict(zip(names, now()))}")


def drop_in(here: Host, name: str, *lines: str) -> None:
    """Lines of [Service] for one instance."""
    directory = f"/etc/systemd/system/freehint-agent@{name}.service.d"
    text = "\\n".join(("[Service]", *lines)).replace("'", "'\\''")
    here.must(f"mkdir -p {directory} && printf '{text}\\n' >{directory}/test.conf && "
              "systemctl daemon-reload")


def policy(here: Host) -> None:
    """What a restart does not heal is not restarted, the rest ten times."""
    here.must("mkdir -p /etc/freehint; echo GIVE_UP=1 >/etc/freehint/never; "
              "echo GIVE_UP=soon >/etc/freehint/usage")
    drop_in(here, "nobody", "User=no-such-user")
    drop_in(here, "missing", "ExecStart=", "ExecStart=/nonexistent/agent")
    drop_in(here, "crash", "ExecStart=", "ExecStart=/bin/sh -c \"kill -KILL $$$$\"")
    here.must("systemctl start --no-block " + " ".join(
        f"freehint-agent@{name}" for name in ("never", "usage", "nobody", "missing", "crash")))
    ends(here, "never", 6, 0)
    ends(here, "usage", 1, 0)
    ends(here, "nobody", 217, 0)
    ends(here, "missing", 203, 0)
    ends(here, "crash", 9, 10, 180)
    here.must("rm -r /etc/freehint /etc/systemd/system/freehint-agent@*.service.d; "
              "systemctl daemon-reload; systemctl reset-failed")


def connected(here: Host, domain: Domain) -> None:
    """The agent has found a QEMU whose guest never runs: it does not attach before that."""
    domain.wait_said(here, "connected to QEMU")
    check(domain.state(here) == "active", f"{domain.unit} is {domain.state(here)}")


def start_paused(here: Host, domain: Domain) -> None:
    """QEMU runs, its guest does not."""
    here.must(f"virsh start --paused {domain.word}", 300)
    connected(here, domain)


def end(here: Host, domain: Domain) -> None:
    """It ends, its agent with it, and libvirt forgets it."""
    # a QEMU that libvirt has to kill leaves its socket behind
    here.until(f"virsh destroy --graceful {domain.word}", "the domain to end", 120)
    domain.gone(here)
    here.must(f"freehint disable {domain.word} && virsh undefine {domain.word}")


def odd_names(here: Host) -> None:
    """Domains whose names systemd has to escape."""
    for name in ODD_NAMES:
        domain = Domain(name)
        define(here, bare_xml(name))
        here.must(f"freehint enable {domain.word}")
        start_paused(here, domain)
        end(here, domain)
        step(f"{here.name}: {domain.unit} followed the domain '{name}'")


def follow_monitors(here: Host) -> None:
    """Without libvirt: the path unit sees a QEMU come and go."""
    domain = Domain(LONE)
    here.must("systemctl enable --now freehint-follow.path freehint-follow.service")
    here.must("systemd-run -q --unit=lone -p User=libvirt-qemu qemu-system-x86_64 -display none -S "
              "-m 32 -object memory-backend-file,id=freehint,share=on,prealloc=on,size=1M,"
              f"mem-path={quoted('/dev/shm/freehint-' + LONE)} "
              "-device ivshmem-plain,memdev=freehint,master=on "
              "-plugin file=/usr/lib/freehint/freehint-qemu.so,memdev=freehint "
              f"-qmp unix:{quoted('/run/freehint/' + LONE + '.qmp')},server=on,wait=off")
    connected(here, domain)
    here.must("systemctl stop lone")
    here.until("! ls /run/systemd/system | grep -q freehint-agent", "the drop-in to go")
    here.must(f"systemctl stop {domain.unit}; rm -f {quoted('/dev/shm/freehint-' + LONE)}; "
              "systemctl disable --now freehint-follow.path freehint-follow.service")
    check(not complaints(here), f"systemd complains: {complaints(here)}")
    step(f"{here.name}: {domain.unit} followed a QEMU without libvirt")
