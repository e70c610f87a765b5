from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from rowhouse.web.charts import Bar, Plot, sparkline
from rowhouse.web.layout.formats import number, percent, span

NOW = datetime(2026, 3, 4, tzinfo=UTC)
DAY = timedelta(days=1)


def test_a_bar_shows_whatever_there_is_and_no_more_than_there_is_room_for() -> None:
    bar = Bar(total=2**64, used=1, quarantined=0, excluded=2**64 - 1, free=0)
    widths = [part.width for part in bar.segments()]
    assert all(width > 0 for width in widths)
    assert sum(widths) <= 100
    assert bar.taken == 100
    assert bar.free == 0


def test_a_bar_of_nothing_is_not_full_but_unusable() -> None:
    empty = Bar(total=0, used=0, quarantined=0, excluded=0, free=0)
    assert (empty.taken, empty.is_usable) == (0, False)
    assert not Bar(total=6, used=0, quarantined=0, excluded=6, free=0).is_usable
    assert empty.segments() == []


def test_a_sparkline_begins_with_the_first_value_that_is_known() -> None:
    drawn = sparkline([None, None, 5, 10, 0])
    assert drawn is not None
    assert drawn.line.startswith("M50 ")
    assert (drawn.x, drawn.y) == (100, 24)
    assert sparkline([None, 5]) is None
    assert sparkline([5, 5, 5]) is None  # a line without a change says nothing
    assert sparkline([]) is None


@pytest.mark.parametrize(
    ("counts", "total", "highest"),
    [((0, 1), 254, 4), ((3, 9), 254, 12), ((500, 918), 1021, 1200), ((0, 0), 254, 4)],
)
def test_the_grid_of_a_plot_has_whole_numbers_and_room_for_the_line(
    counts: tuple[int, int], total: int, highest: int
) -> None:
    samples = [(NOW - DAY, counts[0]), (NOW, counts[1])]
    plot = Plot.of(samples, total, NOW - DAY, NOW)
    assert plot is not None
    assert plot.heights == [highest * i // 4 for i in range(4, -1, -1)]
    assert plot.highest <= highest
    assert (plot.capacity is not None) == (counts[1] >= total / 2)


@pytest.mark.parametrize(
    ("length", "ticks"),
    [
        (DAY, [(9.72, "03:00"), (22.22, "06:00"), (34.72, "09:00")]),
        (7 * DAY, [(13.89, "26 Feb"), (28.17, "27 Feb"), (42.46, "28 Feb")]),
        (30 * DAY, [(13.24, "06 Feb"), (29.91, "11 Feb"), (46.57, "16 Feb")]),
    ],
)
def test_the_axis_of_a_plot_has_round_times_in_their_places(
    length: timedelta, ticks: list[tuple[float, str]]
) -> None:
    ends = NOW + timedelta(minutes=40)
    plot = Plot.of([(NOW - length, 1), (NOW, 2)], 254, ends - length, ends)
    assert plot is not None
    assert [(tick.x, tick.label) for tick in plot.ticks()][:3] == ticks


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [
        # Clocks skip 02:00 to 03:00.
        (
            datetime(2026, 3, 29, 4, tzinfo=UTC),
            [
                (0, "00:00"),
                (20, "01:00"),
                (40, "03:00"),
                (60, "04:00"),
                (80, "05:00"),
                (100, "06:00"),
            ],
        ),
        # They show 02:00 to 03:00 twice; the second time has no line.
        (
            datetime(2026, 10, 25, 3, tzinfo=UTC),
            [(0, "00:00"), (20, "01:00"), (40, "02:00"), (80, "03:00"), (100, "04:00")],
        ),
    ],
)
def test_the_axis_of_a_plot_follows_the_clocks_of_a_zone(
    ends: datetime, ticks: list[tuple[float, str]]
) -> None:
    begins = ends - timedelta(hours=5)
    plot = Plot.of([(begins, 1), (ends, 2)], 254, begins, ends)
    assert plot is not None
    found = plot.ticks(ZoneInfo("Europe/Berlin"))
    assert [(tick.x, tick.label) for tick in found] == ticks


def test_each_place_of_a_plot_tells_the_nearest_sample() -> None:
    samples = [(NOW - DAY, 1), (NOW - DAY / 2, 2), (NOW, 3)]
    plot = Plot.of(samples, 254, NOW - DAY, NOW)
    assert plot is not None
    assert [(hit.x, hit.width, hit.count) for hit in plot.hits()] == [
        (0, 250, 1),
        (250, 500, 2),
        (750, 250, 3),
    ]


def test_numbers_are_written_for_people() -> None:
    assert number(1234567) == "1\u202f234\u202f567"
    assert number(2**64 - 3) == "2⁶⁴"
    assert number(2**64 * 0.9) == "1.7\u202f·\u202f10¹⁹"
    assert (percent(0), percent(0.00001), percent(4.94), percent(99.96), percent(100)) == (
        "0\u202f%",
        "<0.1\u202f%",
        "4.9\u202f%",
        "99.9\u202f%",
        "100\u202f%",
    )
    assert span(timedelta(seconds=90)) == "90\u202fs"
    assert span(timedelta(hours=37)) == "37\u202fh"
    assert span(timedelta(days=-1)) == "0\u202fs"
