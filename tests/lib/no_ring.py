# SPDX-License-Identifier: GPL-2.0
"""
A machine whose administrator has switched io_uring off, for one process and its
children: a filter in front of io_uring_setup() lets it fail. The sysctl does the same
to the whole machine, where other tests run.
"""
from __future__ import annotations

import ctypes
import errno
import struct

PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
LOAD, JUMP_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOW, FAIL = 0x7fff0000, 0x00050000
# The same number on every architecture but Alpha and MIPS.
IO_URING_SETUP = 425

_libc = ctypes.CDLL(None, use_errno=True)


def _filter(error: int) -> bytes:
    """Classic BPF: this call fails, all others are made."""
    lines = ((LOAD, 0, 0, 0), (JUMP_EQUAL, 0, 1, IO_URING_SETUP),
             (RETURN, 0, 0, FAIL | error), (RETURN, 0, 0, ALLOW))
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


_CODE = ctypes.create_string_buffer(_filter(errno.EPERM), 4 * 8)
_PROGRAM = ctypes.create_string_buffer(struct.pack("@HP", 4, ctypes.addressof(_CODE)))


def forbid_io_uring() -> None:
    """preexec_fn: this child and its children get EPERM for an io_uring."""
    if _libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or \
            _libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, _PROGRAM, 0, 0):
        raise OSError(ctypes.get_errno(), "no filter for io_uring")
