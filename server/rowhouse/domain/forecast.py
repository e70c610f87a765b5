"""Forecast when a pool will be full at its current rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

CLEAR: Final = 0.5
"""The minimum R squared: a line that explains less than half of the past predicts nothing."""

FARTHEST: Final = timedelta(days=90)
"""The longest forecast: a week of samples says nothing about a later time."""


@dataclass(frozen=True, slots=True)
class Trend:
    """A line through the fill of a pool.

    `slope` is in addresses per hour; `fit` is R squared, 0 to 1. None: too few samples.
    """

    slope: float | None
    fit: float | None

    @property
    def is_clear(self) -> bool:
        """Whether it rises, and a line fits it."""
        return bool(self.slope and self.slope > 0 and self.fit is not None and self.fit >= CLEAR)


def trend(used: Sequence[int], hours: float) -> Trend:
    """Return the line through counts at evenly spaced times, the last one `hours` after the first."""
    middle, mean = (len(used) - 1) / 2, sum(used) / len(used)
    varied = sum((count - mean) ** 2 for count in used)
    if not varied:
        return Trend(None, None)
    along = sum((step - middle) * count for step, count in enumerate(used))
    steps = (len(used) ** 3 - len(used)) / 12  # the sum of (step - middle) ** 2
    return Trend(along / steps * (len(used) - 1) / hours, along**2 / (steps * varied))


def full_in(free: float, trends: Iterable[Trend]) -> timedelta | None:
    """Return the time until `free` addresses are used up, by the steepest clear trend; None: not foreseeable."""
    slopes = [trend.slope for trend in trends if trend.is_clear and trend.slope]
    if not slopes:
        return None
    hours = max(free, 0) / max(slopes)
    if hours > FARTHEST.total_seconds() / 3600:
        return None
    return timedelta(hours=hours)
