"""When a pool will be full, if it goes on as it did."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

CLEAR: Final = 0.5
"""A line that explains less than half of what happened says nothing about what will happen."""

FARTHEST: Final = timedelta(days=90)
"""Nobody plans for what a week's line says about the time behind that."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through what a pool held.

    `slope` in addresses an hour; `fit` is R squared, 0 to 1. None: too few samples.
    """

    slope: float | None
    fit: float | None

    @property
    def is_clear(self) -> bool:
        """Whether it goes up, and a line describes it."""
        return bool(self.slope and self.slope > 0 and self.fit is not None and self.fit >= CLEAR)


def full_in(free: float, trends: Iterable[Trend]) -> timedelta | None:
    """How long until `free` addresses are gone, by the steepest clear trend; None: not to be seen."""
    slopes = [trend.slope for trend in trends if trend.is_clear and trend.slope]
    if not slopes:
        return None
    hours = max(free, 0) / max(slopes)
    if hours > FARTHEST.total_seconds() / 3600:
        return None
    return timedelta(hours=hours)
