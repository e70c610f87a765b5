from __future__ import annotations

from datetime import timedelta
from statistics import correlation, linear_regression

import pytest

from rowhouse.domain.forecast import Trend, full_in, trend

UNKNOWN = Trend(None, None)


def test_a_steady_rise_is_full_when_what_is_free_is_used_up() -> None:
    assert full_in(48, (Trend(2.0, 1.0), UNKNOWN)) == timedelta(days=1)


def test_the_steeper_of_two_clear_trends_counts() -> None:
    assert full_in(24, (Trend(1.0, 0.9), Trend(2.0, 0.8))) == timedelta(hours=12)


def test_a_trend_that_explains_little_foretells_nothing() -> None:
    assert full_in(24, (Trend(5.0, 0.2), UNKNOWN)) is None


def test_a_pool_that_stays_or_empties_is_never_full() -> None:
    assert full_in(24, (Trend(0.0, 1.0), Trend(-3.0, 1.0))) is None


def test_what_is_too_far_away_is_not_foretold() -> None:
    assert full_in(10**6, (Trend(0.1, 1.0), UNKNOWN)) is None


def test_a_full_pool_is_full_now() -> None:
    assert full_in(0, (Trend(1.0, 1.0), UNKNOWN)) == timedelta(0)


def test_a_trend_is_the_line_through_evenly_spaced_counts() -> None:
    used = [3, 5, 4, 9, 12, 11]
    found, hours = trend(used, 10), [0, 2, 4, 6, 8, 10]
    assert found.slope == pytest.approx(linear_regression(hours, used).slope)
    assert found.fit == pytest.approx(correlation(hours, used) ** 2)
    assert trend([7, 7, 7], 2) == UNKNOWN
