"""The rate of writes to the API server, and the backoff after failures."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_PAUSE: Final = 0.5
_MAX_PAUSE: Final = 30.0
_MAX_RETRY_AFTER: Final = 300.0


class Rate:
    """So many a second, after a burst of as many. Safe to share between threads."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1.0 / per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

    def wait_time(self) -> float:
        """Takes a turn; the seconds until it has come."""
        with self._lock:
            now = self._clock()
            self._next = max(self._next, now - 1.0) + self._gap
            return max(0.0, self._next - now)


class Backoff:
    """After a failure a pause, each one twice as long, or as long as the server asks."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause = 0.0
        self._until = 0.0

    def failed(self, asked: float = 0.0) -> None:
        """It failed; `asked` in seconds, by Retry-After."""
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _MAX_PAUSE)
        self._until = self._clock() + max(self._pause, min(asked, _MAX_RETRY_AFTER))

    def worked(self) -> None:
        """All is well."""
        self._pause = self._until = 0.0

    @property
    def left(self) -> float:
        """Seconds until the next try."""
        return max(0.0, self._until - self._clock())
