"""Notices when the threads or the poller of a server process are stuck."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BUSY_SECONDS: Final = 120.0
"""Far longer than any request: its database calls have deadlines."""

MAX_SILENT_SECONDS: Final = 60.0
"""The poller runs at least once a second."""


class Heartbeats:
    """The last sign of life of the poller, and of each of `threads` request threads that is busy."""

    def __init__(self, threads: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._clock = clock
        self._busy_since: dict[int, float] = {}
        self._poller = clock()

    def poller_runs(self) -> None:
        """Note that the poller is alive; it calls this at least once a second."""
        self._poller = self._clock()

    def watching(self, answer: Callable[[Any], None]) -> Callable[[Any], None]:
        """Return `answer`, watched."""

        def watched(connection: Any) -> None:
            thread = threading.get_ident()
            self._busy_since[thread] = self._clock()
            try:
                answer(connection)
            finally:
                del self._busy_since[thread]

        return watched

    def problem(self) -> str | None:
        """Return what has been stuck for longer than MAX_BUSY_SECONDS; None if nothing is."""
        now = self._clock()
        if self._poller < now - MAX_SILENT_SECONDS:
            return f"the poller has been stuck for more than {MAX_SILENT_SECONDS:g} s"
        busy = list(self._busy_since.values())
        if len(busy) >= self._threads and max(busy) < now - MAX_BUSY_SECONDS:
            return (
                f"all {self._threads} threads have been stuck for more than {MAX_BUSY_SECONDS:g} s"
            )
        return None
