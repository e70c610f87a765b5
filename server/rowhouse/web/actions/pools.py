"""Convert a pool's fields between forms, requests and rows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from rowhouse.web.actions import labels
from rowhouse.web.audit.differences import interval
from rowhouse.web.layout.field_names import field_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.store.connection.reads import Record

UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}

LABELS: Final = {
    name: field_name(name)
    for name in (
        "name",
        "gateway",
        "window_first",
        "window_last",
        "reuse_delay",
        "labels",
        "description",
        "drained",
    )
}

_NULLABLE: Final = ("name", "gateway", "window_first", "window_last")


def of_row(row: Record) -> dict[str, str]:
    """Return the fields of a pool as form values."""
    return _values(row._asdict(), row.reuse_delay)


def of_entry(row: Mapping[str, Any]) -> dict[str, str]:
    """Return the fields of a pool in the audit log as form values."""
    return _values(row, interval(row["reuse_delay"]) or timedelta(0))


def _values(row: Mapping[str, Any], reuse_delay: timedelta) -> dict[str, str]:
    delay, unit = _delay(reuse_delay.total_seconds())
    return {
        **{name: row[name] or "" for name in _NULLABLE},
        "reuse_delay": delay,
        "reuse_unit": unit,
        "labels": labels.lines(row["labels"]),
        "description": row["description"],
        "drained": "true" if row["drained"] else "",
    }


def to_request(values: Mapping[str, str]) -> dict[str, Any]:
    """Return form values as an API request: null for empty fields. Raises InvalidRequest."""
    filled = {name: values.get(name, "").strip() for name in _NULLABLE}
    return {
        **{name: text or None for name, text in filled.items()},
        "reuse_delay": _seconds(values),
        "labels": labels.read(values.get("labels", "")),
        # Browsers send line ends as CRLF.
        "description": values.get("description", "").replace("\r\n", "\n").strip(),
        "drained": "true" if values.get("drained") else "false",
    }


def shown(values: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a form as text for the preview."""
    delay = values.get("reuse_delay", "").strip() or "0"
    texts = {
        **values,
        "reuse_delay": "" if delay == "0" else f"{delay} {values.get('reuse_unit', 'seconds')}",
        "drained": "yes" if values.get("drained") else "no",
    }
    return {name: texts.get(name, "").strip().replace("\r\n", "\n") for name in LABELS}


def _seconds(values: Mapping[str, str]) -> str:
    text = values.get("reuse_delay", "").strip() or "0"
    unit = UNITS.get(values.get("reuse_unit", "seconds"), 1)
    try:
        return str(float(text) * unit)
    except ValueError:
        return text  # validation reports the error


def _delay(seconds: float) -> tuple[str, str]:
    for name, unit in reversed(UNITS.items()):
        if seconds and seconds % unit == 0:
            return f"{seconds / unit:g}", name
    return f"{seconds:g}", "seconds"
