"""Lines through counts over time, as the `d` of an SVG path."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

SPARK: Final = (100, 24)
"""Width and height of a sparkline's view box; the style sheet sets its size on the page."""

PLOT: Final = (1000, 220)


@dataclass(frozen=True, slots=True)
class Line:
    """A line, the area below it, and its last point."""

    line: str
    area: str
    x: float
    y: float


def sparkline(values: Sequence[int | None]) -> Line | None:
    """Return a line from the first known value to the last; None if fewer than two are known."""
    width, height = SPARK
    known = [(i, value) for i, value in enumerate(values) if value is not None]
    if len(known) <= 1:
        return None
    most = max(value for _, value in known)
    step = width / (len(values) - 1)
    return _line([(i * step, value) for i, value in known], height, top=most * 1.15 or 1)


def _line(points: Iterable[tuple[float, float]], height: float, *, top: float) -> Line:
    """Return a line through (x, value) points, with zero at the bottom of the box."""
    placed = [(round(x, 1), round(height - value / top * height, 1)) for x, value in points]
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in placed)
    x, y = placed[-1]
    return Line(line, f"{line}L{x:g} {height}L{placed[0][0]:g} {height}z", x, y)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """How many addresses a pool held over time, with the labels of its axes.

    `heights` are the numbers beside the lines of the grid, from the top down; `capacity` is the height
    of the line at which the pool is full, None where that is far above.
    """

    line: Line
    heights: list[int]
    capacity: float | None
    begins: datetime
    ends: datetime
    lowest: int
    highest: int

    @classmethod
    def of(
        cls,
        samples: Sequence[tuple[datetime, int]],
        total: float,
        begins: datetime,
        ends: datetime,
    ) -> Plot | None:
        """Return the plot of the samples, oldest first; None if there are fewer than two."""
        if len(samples) <= 1:
            return None
        width, height = PLOT
        counts = [count for _, count in samples]
        highest = max(counts)
        near = total > 0 and highest >= total / 2
        quarter = _round_up((max(total, highest) if near else highest * 1.1) / 4)
        top = 4 * quarter
        span = (ends - begins).total_seconds()
        points = [((at - begins).total_seconds() / span * width, count) for at, count in samples]
        return cls(
            line=_line(points, height, top=top),
            heights=[quarter * i for i in range(4, -1, -1)],
            capacity=round(height - total / top * height, 1) if near else None,
            begins=begins,
            ends=ends,
            lowest=min(counts),
            highest=highest,
        )

    def moments(self, count: int = 5) -> list[datetime]:
        """Return evenly spaced times for the axis."""
        return [self.begins + (self.ends - self.begins) * i / (count - 1) for i in range(count)]


def _round_up(value: float) -> int:
    """Round up to a number that is easy to read: a digit (never 7 or 9), 15 or 25, then zeros."""
    power = 10 ** (len(str(int(value))) - 1)
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(
        int(step * power) for step in steps if step * power >= value and step * power % 1 == 0
    )
