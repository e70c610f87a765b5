"""Format numbers, times and durations."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from rowhouse.domain.runs import length
from rowhouse.domain.time_zones import abbreviation, happens_twice
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout.zone import zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

NOTHING: Final = "\N{EN DASH}"
_SUPERSCRIPT: Final = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_MAX_SPELLED: Final = 10_000_000
_STEPS: Final = (
    (timedelta(days=730), timedelta(days=365), "y"),
    (timedelta(days=60), timedelta(days=30), "mo"),
    (timedelta(days=2), timedelta(days=1), "d"),
    (timedelta(hours=2), timedelta(hours=1), "h"),
    (timedelta(minutes=2), timedelta(minutes=1), "min"),
)


@blueprint.app_template_filter("number")
def number(value: Decimal | float | None) -> str:
    """Format a count with thin spaces between thousands; a huge one (IPv6) as a power of two."""
    if value is None:
        return NOTHING
    whole = int(value)
    if whole >= _MAX_SPELLED:
        exponent = round(math.log2(whole))
        if abs(whole - 2**exponent) <= 2**exponent // 64:
            return f"2{_raised(exponent)}"
        digits, _, zeros = f"{whole:.1e}".partition("e+")
        return f"{digits}\u202f·\u202f10{_raised(int(zeros))}"
    return f"{whole:,}".replace(",", "\u202f")


def _raised(exponent: int) -> str:
    return str(exponent).translate(_SUPERSCRIPT)


@blueprint.app_template_filter("percent")
def percent(value: Decimal | float | None) -> str:
    """Format a percentage, with one decimal below 10."""
    if value is None:
        return NOTHING
    share = float(value)
    if 0 < share < 0.1:  # noqa: PLR2004 - the smallest that one decimal shows
        return "<0.1\u202f%"
    if 99 < share < 100:  # noqa: PLR2004 - nearly all is not all
        return f"{math.floor(share * 10) / 10:.1f}\u202f%"
    shown = f"{share:.1f}" if 0 < share < 10 else f"{share:.0f}"  # noqa: PLR2004 - two digits
    return f"{shown}\u202f%"


@blueprint.app_template_filter("span")
def span(value: timedelta | None) -> str:
    """Format a duration in its largest unit: "3 h"."""
    if value is None:
        return NOTHING
    for least, unit, name in _STEPS:
        if value >= least:
            return f"{value // unit}\u202f{name}"
    return f"{max(int(value.total_seconds()), 0)}\u202fs"


@blueprint.app_template_filter("ago")
def ago(value: datetime | None) -> str:
    """Format how long ago a time was."""
    return NOTHING if value is None else f"{span(datetime.now(UTC) - value)} ago"


@blueprint.app_template_filter("moment")
def moment(value: datetime | None) -> str:
    """Format a time in the user's zone, to the second; with the zone's abbreviation if clocks show it twice."""
    if value is None:
        return NOTHING
    local = value.astimezone(zone().rules)
    return exact(value) if happens_twice(local) else _written(local)


@blueprint.app_template_filter("exact")
def exact(value: datetime | None) -> str:
    """Format a time in the user's zone, to the second, with the abbreviation of the zone: "2026-03-01 09:30:00 UTC"."""
    if value is None:
        return NOTHING
    local = value.astimezone(zone().rules)
    return f"{_written(local)} {abbreviation(local)}"


def _written(local: datetime) -> str:
    # Much faster than strftime(), and a page may have hundreds of times.
    return local.replace(tzinfo=None).isoformat(" ", "seconds")


def labels(found: Mapping[str, str] | None) -> str:
    """Format labels in one line: "rack=4, team=data"; "" for none."""
    return ", ".join(f"{key}={value}" for key, value in sorted((found or {}).items()))


@blueprint.app_template_filter("addresses")
def addresses(run: tuple[str, str]) -> int:
    """Count the addresses of a run, first to last inclusive."""
    return length(run)
