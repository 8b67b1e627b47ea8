# SPDX-License-Identifier: GPL-2.0
"""
A destination that takes a migration and keeps nothing of it: for tests that look at the
source only, and cancel.
"""
from __future__ import annotations

import os
import socket
import threading


class Sink:
    """Reads what comes; `uri` is for the command migrate."""

    def __init__(self, directory: str) -> None:
        """Listen in this directory, which outlives the migration."""
        path = os.path.join(directory, "sink")
        self.uri = f"unix:{path}"
        self._server = socket.socket(socket.AF_UNIX)
        self._server.bind(path)
        self._server.listen()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        stream, _ = self._server.accept()
        with stream:
            while stream.recv(1 << 16):
                pass
