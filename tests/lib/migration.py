# SPDX-License-Identifier: GPL-2.0
"""
Driving a live migration between two Qemu objects over a UNIX socket. The
destination was started with `-incoming defer`.
"""
from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from . import patience
from .qemu import Qemu
from .result import check

ENDED = ("completed", "failed", "cancelled")

# Run states of a source that something else is about to follow.
PASSING = ("finish-migrate", "save-vm", "restore-vm")

# Capabilities that let the destination answer over the migration's own socket.
RETURN_PATH = {"return-path", "postcopy-ram", "dirty-bitmaps", "switchover-ack"}


def set_capabilities(qemu: Qemu, caps: dict[str, bool]) -> None:
    """Switch migration capabilities of one side."""
    qemu.qmp.command("migrate-set-capabilities", {"capabilities": [
        {"capability": name, "state": state} for name, state in caps.items()]})


def set_parameters(qemu: Qemu, params: dict[str, Any]) -> None:
    """Set migration parameters of one side."""
    qemu.qmp.command("migrate-set-parameters", params)


def begin(src: Qemu, dst: Qemu, caps: dict[str, bool] | None = None,
          params: dict[str, Any] | None = None) -> None:
    """
    Start a migration and return at once.

    `caps` go to both sides, `params` to the source; bandwidth is unlimited
    and the downtime limit 2000 ms unless `params` says otherwise.
    """
    uri = f"unix:{dst.path('migrate.sock')}"
    for side in (src, dst) if caps else ():
        set_capabilities(side, caps)
    set_parameters(src, {"max-bandwidth": 0, "downtime-limit": 2000,
                         **(params or {})})
    dst.qmp.command("migrate-incoming", uri=uri)
    src.qmp.command("migrate", uri=uri)


def info(src: Qemu) -> dict[str, Any]:
    """query-migrate of the source."""
    return src.qmp.command("query-migrate")


def _with_times(src: Qemu, now: dict[str, Any]) -> dict[str, Any]:
    """QEMU says "completed" a moment before it says how long it took."""
    deadline = patience.deadline(10)
    while now.get("status") == "completed" and not now.get("total-time"):
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
        now = info(src)
    return now


def wait(src: Qemu, timeout: float = 120.0,
         until: Callable[[dict[str, Any]], bool] | None = None,
         period: float = 0.05) -> dict[str, Any]:
    """
    Poll query-migrate until the migration ended or `until(info)` is true.

    Returns the last query-migrate. Raises TimeoutError after `timeout` seconds of a quiet
    machine.
    """
    deadline = patience.deadline(timeout)
    while True:
        now = info(src)
        if now.get("status") in ENDED or (until and until(now)):
            return _with_times(src, now)
        if time.monotonic() > deadline:
            raise TimeoutError(f"migration still {now.get('status')} after "
                               f"{patience.seconds(timeout):.0f} s: {now}")
        time.sleep(period)


def completed(src: Qemu) -> bool:
    """Is the guest elsewhere? A migration that failed is a failure of the test."""
    now = info(src)
    check(now.get("status") != "failed", f"migration {now}\n{src.log()}")
    return now.get("status") == "completed"


def comes_before_end(src: Qemu, condition: Callable[[], object],
                     what: str | Callable[[], object], timeout: float = 30.0,
                     period: float = 0.05) -> bool:
    """Wait until `condition` holds; False when the migration ended without."""
    held = False

    def came_or_ended() -> bool:
        nonlocal held
        # before the look: what comes right before the end counts
        over = info(src).get("status") in ENDED
        held = bool(condition())
        return held or over

    patience.wait_for(came_or_ended, what, timeout, period)
    return held


def wait_running(dst: Qemu, timeout: float = 30.0) -> None:
    """Wait until the destination runs the guest."""
    patience.wait_for(lambda: dst.status() == "running",
                      lambda: f"{dst.name} to run, it is {dst.status()}", timeout, 0.02)


def wait_loaded(dst: Qemu, timeout: float = 30.0) -> None:
    """
    Wait until a destination that does not start the guest has loaded everything: the source has
    "completed" when it has written the last bytes, and they may still be in the socket.
    """
    patience.wait_for(lambda: dst.status() != "inmigrate", f"{dst.name} to load the guest",
                      timeout, 0.02)


def ram(qemu: Qemu) -> dict[str, Any]:
    """QEMU's numbers of the memory of a migration; before its setup is over it has none."""
    return wait(qemu, until=lambda now: "ram" in now)["ram"]


def switch_to_postcopy(src: Qemu, dst: Qemu, timeout: float = 60.0) -> dict[str, Any]:
    """
    Switch a migration that is active: the guest runs on `dst` on return, which at full speed
    can be the end of it. Returns the last query-migrate.
    """
    src.qmp.command("migrate-start-postcopy")
    now = wait(src, timeout, lambda now: now["status"] == "postcopy-active")
    check(now["status"] in ("postcopy-active", "completed"),
          f"the switch failed: {now}\n{src.log()}")
    # the source says so before it sends the devices
    wait_running(dst)
    return now


def settled(qemu: Qemu, timeout: float = 30.0) -> str:
    """
    The run state in which a migration that is over leaves its source. QEMU says "completed"
    or "failed" first and decides then whether the guest goes on.
    """
    def state() -> str:
        now = qemu.status()
        return "" if now in PASSING else now

    return patience.wait_for(state, f"{qemu.name} to settle", timeout, 0.02)


def go_on(src: Qemu) -> None:
    """
    The guest runs on where it was, after a migration that is over. When it was stopped for
    the switch, QEMU 7.2 leaves that to the administrator, also if the switch failed.
    """
    if settled(src) != "running":
        src.qmp.command("cont")
    wait_running(src)


def migrate(src: Qemu, dst: Qemu, caps: dict[str, bool] | None = None,
            params: dict[str, Any] | None = None,
            timeout: float = 120.0) -> dict[str, Any]:
    """
    Migrate and wait for the end.

    Returns the source's last query-migrate; the caller looks at `status`.
    When it is "completed" the destination runs.
    """
    begin(src, dst, caps, params)
    result = wait(src, timeout)
    if result["status"] == "completed":
        wait_running(dst)
    return result


def cancel(src: Qemu, timeout: float = 30.0) -> dict[str, Any]:
    """Cancel the running migration and wait until it is over."""
    src.qmp.command("migrate_cancel")
    return wait(src, timeout)


def is_cancelled(src: Qemu, now: dict[str, Any]) -> bool:
    """
    Whether `now`, what cancel() returned, is what QEMU says of a migration it cancelled.

    QEMU shuts the return path before it says "cancelling". The migration thread can find its
    socket, the same one, broken before that and call it "failed", without freehint, too
    (numbers: docs/postcopy.md). Both mean that the guest stays.
    """
    if now["status"] != "failed":
        return now["status"] == "cancelled"
    return any(cap["state"] and cap["capability"] in RETURN_PATH
               for cap in src.qmp.command("query-migrate-capabilities"))
