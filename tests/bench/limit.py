# SPDX-License-Identifier: GPL-2.0
"""
The limit: what was not free at the start, at the speed of a plain copy over the same
kind of socket into memory that was not touched before.
"""
from __future__ import annotations

import mmap
import os
import socket
import time

from warm import touched

COPY_BYTES = 1 << 30
PIECE = 4 << 20


def _send(sock: socket.socket) -> None:
    """The source: old memory into the socket."""
    piece = os.urandom(PIECE)
    for _ in range(COPY_BYTES // PIECE):
        sock.sendall(piece)
    sock.shutdown(socket.SHUT_WR)


def _receive(sock: socket.socket) -> float:
    """The destination: the socket into fresh memory; returns seconds."""
    with mmap.mmap(-1, COPY_BYTES) as memory, memoryview(memory) as view:
        start, at = time.monotonic(), 0
        while at < COPY_BYTES:
            got = sock.recv_into(view[at:at + PIECE])
            if not got:
                raise RuntimeError(f"the plain copy ended after {at} bytes")
            at += got
        return time.monotonic() - start


def copy_bandwidth(cold: bool) -> float:
    """
    Bytes a second of a plain copy between two processes over a UNIX socket; unless
    `cold`, into pages that were in use a moment ago.
    """
    if not cold:
        touched(COPY_BYTES).close()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    child = os.fork()
    if not child:
        try:
            ours.close()
            _send(theirs)
        finally:
            os._exit(0)
    theirs.close()
    try:
        return COPY_BYTES / _receive(ours)
    finally:
        ours.close()
        os.waitpid(child, 0)
