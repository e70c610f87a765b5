"""Which summed periods make up a report."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from rowhouse.domain.periods import Period
from rowhouse.domain.usage_periods import SPANS, Summed, summed

DAY, SIX, HOUR, QUARTER = SPANS
NOW = datetime(2026, 3, 5, 20, 17, 30, tzinfo=UTC)
SUMMED = datetime(2026, 3, 5, 20, 15, tzinfo=UTC)


def made(length: timedelta, steps: int, *, until: datetime = NOW) -> Summed | None:
    return summed(Period(since=until - length, until=until, steps=steps), SUMMED)


def test_a_report_over_weeks_adds_up_days_and_then_the_hours_of_today() -> None:
    found = made(timedelta(days=30), 30)
    assert found is not None
    assert [(part.span, part.begins, part.ends) for part in found.parts] == [
        (DAY, datetime(2026, 2, 3, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC)),
        (SIX, datetime(2026, 3, 5, tzinfo=UTC), datetime(2026, 3, 5, 18, tzinfo=UTC)),
        (HOUR, datetime(2026, 3, 5, 18, tzinfo=UTC), datetime(2026, 3, 5, 20, tzinfo=UTC)),
        (QUARTER, datetime(2026, 3, 5, 20, tzinfo=UTC), SUMMED),
    ]
    assert found.periods == 1 + 30 + 3 + 2 + 1
    assert len(found.moments) == 31
    assert found.moments[0] == found.parts[0].begins
    assert found.moments[-2:] == [datetime(2026, 3, 4, tzinfo=UTC), SUMMED]


def test_a_step_of_an_hour_adds_up_hours() -> None:
    found = made(timedelta(days=1), 24)
    assert found is not None
    assert [part.span for part in found.parts] == [HOUR, QUARTER]
    assert found.length == timedelta(hours=24, minutes=15)


def test_short_steps_and_recent_ends_need_the_history() -> None:
    assert made(timedelta(hours=2), 24) is None
    assert made(timedelta(days=1), 24, until=NOW + timedelta(minutes=30)) is None
    assert made(timedelta(days=1), 24, until=NOW + timedelta(minutes=10)) is not None
