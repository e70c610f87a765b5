"""The plot of a pool: its fill over a day, a week or a month, or over a period that the user selects."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from flask import request

from rowhouse.store.inventory import trends
from rowhouse.web.charts import Plot
from rowhouse.web.layout.periods import known_time

if TYPE_CHECKING:
    from rowhouse.store.connection.database import Database
    from rowhouse.store.inventory.occupancy import Occupancy

SPANS: Final = {
    "day": (timedelta(days=1), timedelta(minutes=15)),
    "week": (timedelta(days=7), timedelta(hours=1)),
    "month": (timedelta(days=30), timedelta(hours=6)),
}
"""The time range of a plot, and the interval between its points."""

SHORTEST: Final = timedelta(hours=1)
_SAMPLES_EVERY: Final = timedelta(minutes=15)
_MAX_POINTS: Final = 200


@dataclass(frozen=True, slots=True)
class Period:
    """What the plot shows: one of SPANS until now, or what was selected (`span` is "")."""

    span: str
    begins: datetime
    ends: datetime
    every: timedelta


def period() -> Period:
    """Return the period that the current request asks for: `since` and `until`, at least an hour, or `span`."""
    since, until = (known_time(request.args.get(name, "")) for name in ("since", "until"))
    now = datetime.now(UTC)
    if since is not None and since < now:
        ends = min(max(until or now, since + SHORTEST), now)
        begins = min(since, ends - SHORTEST)
        every = max(_SAMPLES_EVERY, (ends - begins) / _MAX_POINTS)
        return Period("", begins, ends, every)
    span = request.args.get("span", "week")
    span = span if span in SPANS else "week"
    length, every = SPANS[span]
    return Period(span, now - length, now, every)


def plot_of(database: Database, pool: Occupancy, asked: Period) -> Plot | None:
    """Return the plot of a pool; None if there are too few samples."""
    found = trends.samples(database, pool.id, asked.begins, asked.every, until=asked.ends)
    # The interval of the first sample may begin before the period.
    points = [(max(row.at, asked.begins), row.used) for row in found]
    return Plot.of(points, pool.total, asked.begins, asked.ends)
