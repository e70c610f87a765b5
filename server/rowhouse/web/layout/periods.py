"""Times in the parameters of pages: in UTC, from and to."""

from __future__ import annotations

from datetime import UTC, datetime

from rowhouse.web.blueprint import blueprint


def parsed(text: str) -> datetime | None:
    """Parse a browser's local date and time, taken as UTC, or an RFC 3339 text; None for "". Raises ValueError."""
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError(text) from error


def in_utc(text: str) -> datetime | None:
    """Parse a time; None for what is none."""
    try:
        return parsed(text)
    except ValueError:
        return None


@blueprint.app_template_filter("local_time")
def local_time(value: datetime | str | None) -> str:
    """Format a time as a form field shows it: in UTC, without an offset. Text that is no time stays."""
    if isinstance(value, str):
        moment = in_utc(value)
        if moment is None:
            return value
        value = moment
    if value is None:
        return ""
    local = value.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    return local.isoformat(timespec="seconds" if local.second else "minutes")
