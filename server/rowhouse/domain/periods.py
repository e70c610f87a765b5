"""A period of the past in equal parts, for figures over time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from rowhouse.domain.errors import InvalidRequest

MAX_PERIOD: Final = timedelta(days=3660)


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """From `since` to `until`, in `steps` equal parts."""

    since: datetime
    until: datetime
    steps: int

    @property
    def length(self) -> timedelta:
        """How long it is."""
        return self.until - self.since

    @property
    def moments(self) -> list[datetime]:
        """The ends of the parts, `since` first: one more than there are parts."""
        return [self.since + self.length * step / self.steps for step in range(self.steps + 1)]

    @property
    def is_current(self) -> bool:
        """Whether it ends now, within the length of a part."""
        return self.until >= datetime.now(UTC) - self.length / self.steps


def period(
    since: datetime | None, until: datetime | None, *, default: timedelta, steps: int
) -> Period:
    """Return the period between two times; by default one that ends now and is `default` long.

    Errors: InvalidRequest (it is empty, or longer than ten years).
    """
    end = until or datetime.now(UTC)
    try:
        begin = since or end - default
    except OverflowError:
        begin = end
    if not timedelta(0) < end - begin <= MAX_PERIOD:
        raise InvalidRequest(
            "`since` must be before `until`, by at most ten years",
            errors=[("/query/since", "must be before `until`, by at most ten years")],
        )
    return Period(since=begin, until=end, steps=steps)
