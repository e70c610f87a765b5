"""The periods whose usage is summed up, and which of them make up a report."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from rowhouse.domain.periods import Period

QUARTER: Final = timedelta(minutes=15)
SPANS: Final = (timedelta(days=1), timedelta(hours=6), timedelta(hours=1), QUARTER)
"""The lengths of periods, as in the stored function sum_usage_v1; each divides the one before."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Periods of one length: those that end after `begins`, and by `ends`."""

    span: timedelta
    begins: datetime
    ends: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Summed:
    """What a report adds up: its parts, the longest first, and the ends of periods that stand for its moments."""

    parts: list[Parts]
    moments: list[datetime]

    @property
    def periods(self) -> int:
        """The number of periods that must exist: their parts, and the one whose end is the first moment."""
        return 1 + sum((part.ends - part.begins) // part.span for part in self.parts)

    @property
    def length(self) -> timedelta:
        """How long they are together."""
        return self.parts[-1].ends - self.parts[0].begins


def summed(period: Period, until: datetime) -> Summed | None:
    """Return what makes up a period of the past, where usage is summed up `until` then; None: it needs the history.

    Moments are those before them at which a period ends, the last one to the quarter of an hour. A step shorter than
    an hour, or an end for which the sum is not there yet, needs the history.
    """
    step = period.length / period.steps
    spans = [span for span in SPANS if span <= step]
    end = _floor(period.until, QUARTER)
    if len(spans) < len(SPANS) - 2 or until < end - QUARTER:
        return None
    end = min(end, until)
    parts = []
    begins = _floor(period.since, spans[0])
    for span in spans:
        ends = _floor(end, span)
        if ends > begins:
            parts.append(Parts(span=span, begins=begins, ends=ends))
            begins = ends
    moments = [_floor(at, spans[0]) for at in period.moments[:-1]]
    return Summed(parts=parts, moments=[*moments, end]) if parts else None


def _floor(at: datetime, span: timedelta) -> datetime:
    return at - (at - _EPOCH) % span
