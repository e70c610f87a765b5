"""Time zones by their names in the IANA database, such as Europe/Berlin.

Python reads them from the system (/usr/share/zoneinfo) or from the package `tzdata`. UTC needs neither.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from functools import cache
from typing import Final
from zoneinfo import ZoneInfo, available_timezones

UTC_NAME: Final = "UTC"


@cache
def zone_names() -> tuple[str, ...]:
    """Return the names of all known zones, UTC first. Without a time zone database, that is the only one."""
    return (UTC_NAME, *sorted(available_timezones() - {UTC_NAME}))


def zone_of(name: str) -> tzinfo | None:
    """Return the zone with this name; None if it is not known."""
    if name == UTC_NAME:
        return UTC
    return ZoneInfo(name) if name in zone_names() else None


def happens_twice(local: datetime) -> bool:
    """Whether clocks show a time of its zone twice, because they are set back."""
    return local.replace(fold=0).utcoffset() > local.replace(fold=1).utcoffset()  # type: ignore[operator]


def abbreviation(local: datetime) -> str:
    """Return the abbreviation of the zone at a time, such as CEST; "UTC+04" for a zone that has none."""
    name = local.tzname() or ""
    return f"UTC{name}" if name.startswith(("+", "-")) else name
