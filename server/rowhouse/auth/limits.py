"""Rate limits: one token bucket per caller."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_MAX_REMEMBERED: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`per_second` requests on average, with bursts of up to `burst`. 0 per second: no limit."""

    per_second: float
    burst: int


class Limiter:
    """One bucket per key, all of the same size. Safe to share between threads.

    Args:
        rate: the rate of every bucket.
        max_remembered: number of buckets; the least recently used one is dropped first, and would start full.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        rate: Rate,
        *,
        max_remembered: int = _MAX_REMEMBERED,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._rate = rate
        self._max_remembered = max_remembered
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> float:
        """Take a token. Returns 0 if there was one, else the seconds until there is one."""
        return self._level(key, 1.0)

    def wait(self, key: str) -> float:
        """Like `take`, but takes nothing."""
        return self._level(key, 0.0)

    def _level(self, key: str, taken: float) -> float:
        if self._rate.per_second <= 0:
            return 0.0
        now = self._clock()
        with self._lock:
            level, since = self._buckets.get(key, (float(self._rate.burst), now))
            level = min(self._rate.burst, level + (now - since) * self._rate.per_second)
            if level < 1.0:
                return (1.0 - level) / self._rate.per_second
            if taken:
                self._buckets[key] = (level - taken, now)
                self._buckets.move_to_end(key)
                while len(self._buckets) > self._max_remembered:
                    self._buckets.popitem(last=False)
            return 0.0

    def __len__(self) -> int:
        return len(self._buckets)
