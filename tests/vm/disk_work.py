# SPDX-License-Identifier: GPL-2.0
"""
Checked reads and writes of a disk in the guest: new bytes each time, past the guest's cache,
compared after they were read back.
"""
from __future__ import annotations

import os

from support import Hops, check, wait_for
from lib.initramfs import VIRTIO_MODULES, Extras

MODULES = (*VIRTIO_MODULES, "virtio_blk")
DISK_MIB = 32
PIECE_MIB = 1
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


def extras(directory: str) -> Extras:
    """What the guest's initramfs needs; a file of it is made in `directory`."""
    path = os.path.join(directory, "script")
    with open(path, "w", encoding="ascii") as file:
        file.write(SCRIPT)
    return Extras(modules=MODULES, files=(("disk.sh", path),))


def start(hops: Hops) -> None:
    """Load the disk's driver, make a node for it, and begin."""
    guest = hops.here.guest
    for name in MODULES:
        guest.must(f"test ! -e /modules/{name}.ko || grep -q '^{name} ' /proc/modules "
                   f"|| insmod /modules/{name}.ko")
    guest.must("cat /sys/class/block/vda/dev | tr : ' ' | { read major minor; "
               "test -b /dev/vda || mknod /dev/vda b $major $minor; }")
    guest.spawn("disk", "sh /disk.sh")


def checked_io(hops: Hops) -> dict[str, int]:
    """What the guest's loop has counted so far."""
    return hops.here.guest.numbers("/run/disk")


def passes(hops: Hops) -> int:
    """How many pieces were written and read back."""
    return checked_io(hops).get("passes", 0)


def go_on(hops: Hops, before: int, when: str) -> None:
    """Wait until there were more passes than `before`; the disk returns what was written."""
    wait_for(lambda: passes(hops) > before,
             lambda: f"the disk to go on {when}: {checked_io(hops)}", 60)
    numbers = checked_io(hops)
    check(numbers["mismatches"] == 0, f"the disk returned other bytes {when}: {numbers}")
