# SPDX-License-Identifier: GPL-2.0
"""
A context manager of what is started and stopped: whatever of it has started is stopped, also
when the rest does not start.
"""
from __future__ import annotations

from typing import Self


class StartStop:
    """Gives start() and stop() to `with`."""

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> object:
        """Start all of it."""
        raise NotImplementedError

    def stop(self) -> None:
        """End whatever of it runs; may be called twice."""
        raise NotImplementedError
