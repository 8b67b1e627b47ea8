#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
# time limit: 600 s
"""
Memory goes back while another process has it mapped, too: a vhost-user disk of
qemu-storage-daemon reads and writes the guest's buffers, and every byte is as expected.
"""
from __future__ import annotations

import os
import shutil
import tempfile

from support import Hops, Work, attach_agent, check, step, wait_for
from lib.initramfs import VIRTIO_MODULES, Extras
from lib.machine import Spec
from lib.program import Program
from lib.result import run, skip
from lib.soak import times
from lib.tool import tool

DAEMON = "qemu-storage-daemon"
MIB = 1 << 20
DISK_MIB = 32
PIECE_MIB = 1
FILL_MIB = 180
BACK_MIB = 120
ROUNDS = 3
# The guest's programs have pages everywhere: few blocks of 2 MiB are whole after a while.
ORDER = "4"
# Writes a new piece past the cache, reads it back past the cache, counts, rests: most of what it
# does is not for the disk but to make and to compare the bytes.
SCRIPT = f"""ok=0; bad=0
while :; do
  dd if=/dev/urandom of=/run/src bs=1M count={PIECE_MIB} 2>/dev/null
  dd if=/run/src of=/dev/vda bs=1M oflag=direct 2>/dev/null || bad=$((bad + 1))
  dd if=/dev/vda of=/run/dst bs=1M count={PIECE_MIB} iflag=direct 2>/dev/null
  if cmp -s /run/src /run/dst; then ok=$((ok + 1)); else bad=$((bad + 1)); fi
  echo "passes $ok
mismatches $bad" >/run/disk.new; mv /run/disk.new /run/disk
  sleep 0.5
done"""


def load(hops: Hops) -> None:
    """The disk's driver, and a node for it."""
    guest = hops.here.guest
    for name in (*VIRTIO_MODULES, "virtio_blk"):
        guest.must(f"test ! -e /modules/{name}.ko || grep -q '^{name} ' /proc/modules "
                   f"|| insmod /modules/{name}.ko")
    guest.must("cat /sys/class/block/vda/dev | tr : ' ' | { read major minor; "
               "test -b /dev/vda || mknod /dev/vda b $major $minor; }")


def checked_io(hops: Hops) -> dict[str, int]:
    """What the guest's loop has counted so far."""
    return hops.here.guest.numbers("/run/disk")


def give_back(hops: Hops) -> None:
    """Fill, free and give back, again and again, while the disk works."""
    vm = hops.here
    tool("give-back", "--qmp", vm.qemu.path("spare.qmp"), "--always", "--order", ORDER)
    for _ in range(times(ROUNDS)):
        passes = checked_io(hops).get("passes", 0)
        given = vm.query()["give-back"]["bytes"]
        # memory that was free and not given back may be used first
        wait_for(lambda: vm.guest.must(f"memfill {FILL_MIB}M", 120) is not None and
                 vm.query()["give-back"]["bytes"] > given + BACK_MIB * MIB,
                 lambda: f"memory to go back: {vm.query()['give-back']}", 60, 12)
        wait_for(lambda: checked_io(hops).get("passes", 0) > passes,
                 lambda: f"the disk to go on: {checked_io(hops)}", 60)
    numbers = checked_io(hops)
    check(numbers["mismatches"] == 0, f"the disk returned other bytes: {numbers}")
    step(f"{numbers['passes']} pieces of {PIECE_MIB} MiB written and read back")


def main() -> None:
    """A guest in shared memory, whose disk is another process."""
    if not shutil.which(DAEMON):
        skip(f"no {DAEMON}; run tests/deps.sh check")
    with tempfile.TemporaryDirectory(prefix="freehint-disk-", dir="/dev/shm") as place:
        disk, sock, script = (os.path.join(place, name) for name in ("disk", "sock", "script"))
        with open(disk, "wb") as file:
            file.truncate(DISK_MIB * MIB)
        with open(script, "w", encoding="ascii") as file:
            file.write(SCRIPT)
        extra = ["-chardev", f"socket,id=disk,path={sock}",
                 "-device", "vhost-user-blk-pci,chardev=disk,num-queues=1"]
        spec = Spec(memory_mib=640, backend="memory-backend-memfd", backend_opts=",share=on",
                    extra=extra, lifetime=500,
                    extras=Extras(modules=(*VIRTIO_MODULES, "virtio_blk"),
                                  files=(("disk.sh", script),)))
        with Program([DAEMON, "--blockdev", f"driver=file,node-name=disk,filename={disk}",
                      "--export", "type=vhost-user-blk,id=disk,node-name=disk,writable=on,"
                      f"addr.type=unix,addr.path={sock}"]) as daemon:
            wait_for(lambda: os.path.exists(sock), lambda: f"the daemon: {daemon.log()}")
            with Hops(spec) as hops:
                load(hops)
                attach_agent(hops.here)
                work = Work(hops.here.guest, pages_mib=32, churn_mib=48)
                hops.here.guest.spawn("disk", "sh /disk.sh")
                give_back(hops)
                work.verify(hops.here.guest)


if __name__ == "__main__":
    run(main)
