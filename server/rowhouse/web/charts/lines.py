"""Lines through counts over time, as the `d` of an SVG path."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import tzinfo

SPARK: Final = (100, 24)
"""Width and height of a sparkline's view box; the style sheet sets its size on the page."""

PLOT: Final = (1000, 220)
_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 - what clocks show
_DAY: Final = timedelta(days=1)
_MOST_TICKS: Final = 9
_STEPS: Final = (
    timedelta(minutes=15),
    *(timedelta(hours=hours) for hours in (1, 3, 6, 12)),
    *(_DAY * days for days in (1, 5, 10, 30, 90, 365)),
)
"""The distances of round times on an axis."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line, the area below it, and its last point."""

    line: str
    area: str
    x: float
    y: float


def sparkline(values: Sequence[int | None]) -> Line | None:
    """Return a line from the first known value to the last; None if they do not change."""
    width, height = SPARK
    known = [(i, value) for i, value in enumerate(values) if value is not None]
    if len({value for _, value in known}) <= 1:
        return None
    most = max(value for _, value in known)
    step = width / (len(values) - 1)
    return _line([(i * step, value) for i, value in known], height, top=most * 1.15 or 1)


def rise(values: Sequence[int | None]) -> int:
    """Return by how much the last known value is above the first; 0 without two of them."""
    known = [value for value in values if value is not None]
    return known[-1] - known[0] if known else 0


def _line(points: Iterable[tuple[float, float]], height: float, *, top: float) -> Line:
    """Return a line through (x, value) points, with zero at the bottom of the box."""
    placed = [(round(x, 1), round(height - value / top * height, 1)) for x, value in points]
    line = "M" + "L".join(f"{x:g} {y:g}" for x, y in placed)
    x, y = placed[-1]
    return Line(line, f"{line}L{x:g} {height}L{placed[0][0]:g} {height}z", x, y)


@dataclass(frozen=True, slots=True)
class Tick:
    """A round time on the axis: its place in percent of the width, and its label."""

    x: float
    label: str


@dataclass(frozen=True, slots=True)
class Hit:
    """The part of the plot that is nearest to a sample, and the sample."""

    x: float
    width: float
    at: datetime
    count: int


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
    samples: Sequence[tuple[datetime, int]]

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
            samples=samples,
        )

    def ticks(self, zone: tzinfo = UTC) -> list[Tick]:
        """Return the round times of the axis in a zone, ten at the most: 15 minutes apart, or hours, or days."""
        length = self.ends - self.begins
        step = next((step for step in _STEPS if length <= _MOST_TICKS * step), length / _MOST_TICKS)
        form = "%H:%M" if length <= _DAY else "%d %b %H:%M" if step < _DAY else "%d %b"
        # What clocks of the zone show: days are not all of 24 hours.
        shown = self.begins.astimezone(zone).replace(tzinfo=None)
        shown = _EPOCH + -(-(shown - _EPOCH) // step) * step
        found = []
        while (at := shown.replace(tzinfo=zone).astimezone(UTC)) <= self.ends:
            is_skipped = at.astimezone(zone).replace(tzinfo=None) != shown
            if at >= self.begins and not is_skipped:
                found.append(
                    Tick(round(100 * ((at - self.begins) / length), 2), shown.strftime(form))
                )
            shown += step
        return found

    def hits(self) -> list[Hit]:
        """Return for each sample the part of the plot that shows its value when it is pointed at."""
        length, width = self.ends - self.begins, PLOT[0]
        places = [(at - self.begins) / length * width for at, _ in self.samples]
        edges = [
            0.0,
            *((a + b) / 2 for a, b in pairwise(places)),
            float(width),
        ]
        return [
            Hit(round(left, 1), round(max(right - left, 0), 1), at, count)
            for left, right, (at, count) in zip(edges, edges[1:], self.samples, strict=False)
        ]


def _round_up(value: float) -> int:
    """Round up to a number that is easy to read: a digit (never 7 or 9), 15 or 25, then zeros."""
    power = 10 ** (len(str(int(value))) - 1)
    steps = (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
    return next(
        int(step * power) for step in steps if step * power >= value and step * power % 1 == 0
    )
