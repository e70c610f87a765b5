"""Parse and format times for people."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Final

import click

from rowhouse.domain.echo import shown

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_SHOWN: Final = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))
_DURATION: Final = re.compile(r"([0-9]{1,9})([smhdw])")
_AGO: Final = re.compile(r"([0-9]{1,9}[smhdw])( ago)?")
ALWAYS: Final = "9999-12-31T00:00:00Z"
"""A time that only open tenures reach."""


def seconds_of(text: str) -> float | None:
    """Return the seconds of "90d"; None if it is not a duration."""
    found = _DURATION.fullmatch(text)
    return float(int(found[1]) * _UNITS[found[2]]) if found else None


class Duration(click.ParamType[float]):
    """A number and its unit, as seconds; `least` and `most` in seconds."""

    name = "DURATION"

    def __init__(self, *, least: float = 0, most: float = math.inf) -> None:
        self._least = least
        self._most = most

    def convert(
        self, value: str | float, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds from text."""
        if not isinstance(value, str):
            return value
        seconds = seconds_of(value)
        if seconds is None:
            self.fail(f"{shown(value)} is not a time such as 90s, 12h, 30d or 52w", param, ctx)
        if seconds < self._least:
            self.fail(f"{value} is too short: the minimum is {span(self._least)}", param, ctx)
        if seconds > self._most:
            self.fail(f"{value} is too long: the maximum is {span(self._most)}", param, ctx)
        return seconds


class Moment(click.ParamType[str]):
    """A time for the API: RFC 3339, in UTC."""

    name = "TIME"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Convert RFC 3339, a local time, or "2h ago" to RFC 3339."""
        if found := _AGO.fullmatch(value):
            try:
                return rfc3339(datetime.now(UTC) - timedelta(seconds=seconds_of(found[1]) or 0))
            except OverflowError:
                self.fail(f"{shown(value)} is too long ago", param, ctx)
        try:
            return rfc3339(datetime.fromisoformat(value))
        except (ValueError, OverflowError):
            self.fail(
                f"{shown(value)} is not a time such as 2026-03-01T09:30:00Z or 2h", param, ctx
            )


def rfc3339(moment: datetime) -> str:
    """Parse a time to UTC; one without a zone is local time."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def relative(text: str, now: datetime) -> str:
    """Format a time relative to now: "2h ago", "in 3d"."""
    seconds = (now - datetime.fromisoformat(text)).total_seconds()
    for unit, size in _SHOWN:
        count = int(abs(seconds) // size)
        if count:
            return f"{count}{unit} ago" if seconds > 0 else f"in {count}{unit}"
    return "now"


def rough_span(seconds: float) -> str:
    """Format a duration in its largest whole unit: "3h"."""
    for unit, size in _SHOWN:
        if seconds >= size:
            return f"{seconds // size:.0f}{unit}"
    return "0s"


def span(seconds: float) -> str:
    """Format a duration as on the command line."""
    for unit, size in _SHOWN:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f}{unit}"
    return f"{seconds:g}s"
