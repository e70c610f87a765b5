"""The changed pools that are not compared yet, and how long to wait for more changes to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BUSY_SECONDS: Final = 60.0
"""A pool that changed within this time is expected to change again."""


class Pending:
    """Delays the changes of a busy pool, so that many become one write, and those that cancel out become none.

    A pod that cannot start repeatedly gets an address and loses it a second later. The first change of a quiet
    pool does not wait.

    Args:
        window_seconds: how long a change of a busy pool waits for more.
        clock: monotonic time in seconds.
    """

    def __init__(self, window_seconds: float, clock: Callable[[], float]) -> None:
        self._window = window_seconds
        self._clock = clock
        self._since: dict[int, float] = {}
        self._due: dict[int, float] = {}
        self._changed: dict[int, float] = {}

    def __len__(self) -> int:
        """Return the number of waiting pools."""
        return len(self._since)

    def changed(self, pools: Iterable[int], age: float = 0.0) -> None:
        """Add pools that changed in the database at most `age` seconds ago."""
        now = self._clock()
        self._changed = {pool: at for pool, at in self._changed.items() if now - at < BUSY_SECONDS}
        for pool in pools:
            self._since.setdefault(pool, now - age)
            self._due.setdefault(pool, now + self._window if pool in self._changed else now)
            self._changed[pool] = now

    def hurry(self, pools: Iterable[int]) -> None:
        """Add pools whose objects changed in the cluster; they are due in the next round."""
        now = self._clock()
        for pool in pools:
            self._since.setdefault(pool, now)
            self._due[pool] = now

    def take(self) -> dict[int, float]:
        """Remove and return the due pools, with the time since when each waited."""
        now = self._clock()
        due = [pool for pool, at in self._due.items() if at <= now]
        for pool in due:
            del self._due[pool]
        return {pool: self._since.pop(pool) for pool in due}

    @property
    def oldest(self) -> float | None:
        """Return since when the first pool has waited; None if none waits."""
        return min(self._since.values(), default=None)

    @property
    def left(self) -> float | None:
        """Return the seconds until a pool is due; None if none waits."""
        return max(0.0, min(self._due.values()) - self._clock()) if self._due else None
