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
    """Limits the rate per second, with a burst of the same size. Safe to share between threads."""

    def __init__(self, per_second: float, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._gap = 1.0 / per_second
        self._clock = clock
        self._lock = threading.Lock()
        self._next = 0.0

    def wait_time(self) -> float:
        """Take a slot; return the seconds until it is due."""
        with self._lock:
            now = self._clock()
            self._next = max(self._next, now - 1.0) + self._gap
            return max(0.0, self._next - now)


class Backoff:
    """Pauses after failures: each twice as long as the last, or as long as the server asks."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._pause = 0.0
        self._until = 0.0

    def failed(self, asked: float = 0.0) -> None:
        """Report a failure; `asked` is Retry-After in seconds."""
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _MAX_PAUSE)
        self._until = self._clock() + max(self._pause, min(asked, _MAX_RETRY_AFTER))

    def worked(self) -> None:
        """Report a success."""
        self._pause = self._until = 0.0

    @property
    def left(self) -> float:
        """Seconds until the next attempt."""
        return max(0.0, self._until - self._clock())
