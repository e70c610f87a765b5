"""Times in the parameters and forms of pages, from and to: in the time zone of the user."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import request

from rowhouse.domain.time_zones import happens_twice
from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout.zone import named, zone


def parsed(text: str) -> datetime | None:
    """Parse a time, for a form field of a browser or as in RFC 3339; None for "". Raises ValueError.

    Without an offset, it is of the zone in the parameter `zone`, which forms send, or else of the user's zone. If
    clocks show it twice, it is the first one; if they skip it, it is as long after the last time that they showed.
    """
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    try:
        if moment.tzinfo is None:
            of_form = named(request.args.get("zone", "")) or zone()
            moment = moment.replace(tzinfo=of_form.rules)
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def known_time(text: str) -> datetime | None:
    """Parse a time; None for what is none."""
    try:
        return parsed(text)
    except ValueError:
        return None


@blueprint.app_template_filter("utc")
def utc(value: datetime | str | None) -> str:
    """Format a time for a URL: in UTC, to the second. Text that is no time stays."""
    moment = known_time(value) if isinstance(value, str) else value
    if moment is None:
        return value if isinstance(value, str) else ""
    return _short(moment.astimezone(UTC).replace(tzinfo=None)) + "Z"


@blueprint.app_template_filter("local_time")
def local_time(value: datetime | str | None) -> str:
    """Format a time as a form field shows it: in the user's zone, without an offset. Text that is no time stays.

    With an offset if clocks show the time twice and this is the second one: without, it would be read as the first.
    """
    moment = known_time(value) if isinstance(value, str) else value
    if moment is None:
        return value if isinstance(value, str) else ""
    local = moment.astimezone(zone().rules)
    return _short(local if local.fold and happens_twice(local) else local.replace(tzinfo=None))


@blueprint.app_template_filter("time_input")
def time_input(text: str) -> str:
    """Return the type of a form field for a text of `local_time`: a browser's field for times accepts no others."""
    try:
        is_local = not text or datetime.fromisoformat(text).tzinfo is None
    except ValueError:
        is_local = False
    return "datetime-local" if is_local else "text"


def _short(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds" if moment.second else "minutes")
