# SPDX-License-Identifier: GPL-2.0
"""
Which pages of a Linux guest hold what a program or a file has there, read from outside: the
kernel's array of struct page in the guest's memory. For the kernel of
tests/kernel/interpreted.config only: another one has its array elsewhere.
"""
from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterator

from lib import initramfs

PAGE = 4096
PAGE_OFFSET = 0xffff888000000000
KERNEL_OFFSET = 0xffffffff80000000

# One section of struct pages: pages of the guest, and bits of the pointer that are flags.
SECTION_PAGES = 1 << 15
SECTION_FLAGS = 0x3f

# struct page: flags, lru or compound_head, mapping, index, private, page_type, _refcount
STRUCT_PAGE = struct.Struct("<QQ8xQ16xIi8x")
UPTODATE = 1 << 3
TAIL = 1
# What the last two bits of a mapping say: a file, or anonymous memory.
FILE, ANON = 0, 1
# The first byte of page_type, for slabs, page tables and the like.
TYPED = range(0xf0, 0xf8)


def _symbol(name: str) -> int:
    """Where the kernel keeps a variable, as a physical address."""
    path = os.path.join(initramfs.interpreted_kernel().home, "System.map")
    with open(path, encoding="ascii") as symbols:
        for line in symbols:
            address, _, symbol = line.split()
            if symbol == name:
                return int(address, 16) - KERNEL_OFFSET
    raise KeyError(f"{name} is not in {path}")


def _word(ram: mmap.mmap, address: int) -> int:
    """A pointer in the guest's memory."""
    return struct.unpack_from("<Q", ram, address)[0]


def _array(ram: mmap.mmap) -> int:
    """Physical address of the first struct page."""
    roots = _word(ram, _symbol("mem_section")) - PAGE_OFFSET
    section = _word(ram, roots) - PAGE_OFFSET
    return (_word(ram, section) & ~SECTION_FLAGS) - PAGE_OFFSET


def _owned(head: tuple[int, int, int, int, int]) -> bool:
    """Does a program or a file own this page, and has it been filled?"""
    flags, _, mapping, kind, count = head
    return (count > 0 and kind >> 24 not in TYPED and mapping != 0 and
            bool(flags & UPTODATE) and mapping & 3 in (FILE, ANON))


def owned_pages(ram: mmap.mmap) -> Iterator[int]:
    """Numbers of these pages; the guest is at rest."""
    array = _array(ram)
    count = min(len(ram) // PAGE, SECTION_PAGES)
    pages = list(STRUCT_PAGE.iter_unpack(ram[array:array + count * STRUCT_PAGE.size]))
    for number, page in enumerate(pages):
        if page[1] & TAIL:
            page = pages[(page[1] - TAIL - PAGE_OFFSET - array) // STRUCT_PAGE.size]
        if _owned(page):
            yield number


def compare(here: mmap.mmap, there: mmap.mmap) -> tuple[int, list[int]]:
    """Both sides of a migration, byte for byte: pages compared, and those that differ."""
    compared, differing = 0, []
    for number in owned_pages(here):
        at = number * PAGE
        compared += 1
        if here[at:at + PAGE] != there[at:at + PAGE]:
            differing.append(number)
    return compared, differing
