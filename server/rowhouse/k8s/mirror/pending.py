"""The changed pools that still have to be compared, and how long to wait for more changes to each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

BUSY_SECONDS: Final = 60.0
"""A pool that changed within this time is about to change again."""


class Pending:
    """Delays the changes of a busy pool, so that many of them are one write, and those that cancel out none.

    A pod that cannot start repeatedly gets an address and loses it a second later. The first change of a quiet
    pool does not wait.

    Args:
        window_seconds: how long a change of a busy pool waits for more.
        clock: seconds that only grow.
    """

    def __init__(self, window_seconds: float, clock: Callable[[], float]) -> None:
        self._window = window_seconds
        self._clock = clock
        self._since: dict[int, float] = {}
        self._due: dict[int, float] = {}
        self._changed: dict[int, float] = {}

    def __len__(self) -> int:
        """How many pools wait."""
        return len(self._since)

    def changed(self, pools: Iterable[int], age: float = 0.0) -> None:
        """These changed in the database, `age` seconds ago at most."""
        now = self._clock()
        self._changed = {pool: at for pool, at in self._changed.items() if now - at < BUSY_SECONDS}
        for pool in pools:
            self._since.setdefault(pool, now - age)
            self._due.setdefault(pool, now + self._window if pool in self._changed else now)
            self._changed[pool] = now

    def hurry(self, pools: Iterable[int]) -> None:
        """Look at these in the next round: not what the database says has changed, but what the cluster has."""
        now = self._clock()
        for pool in pools:
            self._since.setdefault(pool, now)
            self._due[pool] = now

    def take(self) -> dict[int, float]:
        """Those that have waited long enough → since when; they stop waiting."""
        now = self._clock()
        due = [pool for pool, at in self._due.items() if at <= now]
        for pool in due:
            del self._due[pool]
        return {pool: self._since.pop(pool) for pool in due}

    @property
    def oldest(self) -> float | None:
        """Since when the first of them waits; None if none does."""
        return min(self._since.values(), default=None)

    @property
    def left(self) -> float | None:
        """Seconds until one of them has waited long enough; None if none waits."""
        return max(0.0, min(self._due.values()) - self._clock()) if self._due else None
