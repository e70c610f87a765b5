"""The changes of an audit entry, line by line."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from rowhouse.web.blueprint import blueprint
from rowhouse.web.layout.field_names import field_name
from rowhouse.web.layout.formats import span

if TYPE_CHECKING:
    from rowhouse.store.connection.reads import Record


_FEW: Final = 2
_LONG: Final = 40
_INTERVAL: Final = re.compile(r"(?:(\d+) days? ?)?(?:(\d+):(\d\d):(\d\d)(?:\.\d+)?)?")
"""An interval as PostgreSQL writes it into JSON."""
_UNTELLING: Final = (
    *("id", "_at", "version", "slot", "address", "cidr", "first", "last", "sticky"),
    "owner_kind",
)
"""The ends of the names of fields that say nothing about a new or deleted row."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A field, what pages call it, and its values before and after; "" for none."""

    field: str
    name: str
    before: str
    after: str


@blueprint.app_template_filter("differences")
def differences(entry: Record) -> list[Difference]:
    """Return the fields that changed."""
    before: dict[str, Any] = entry.before or {}
    after: dict[str, Any] = entry.after or {}
    found = [
        Difference(
            name,
            field_name(name, entry.object_type),
            _text(before.get(name)),
            _text(after.get(name)),
        )
        for name in [*before, *(name for name in after if name not in before)]
    ]
    return [line for line in found if line.before != line.after]


@blueprint.app_template_filter("in_short")
def in_short(entry: Record) -> str:
    """Summarize an entry in a few words."""
    lines = telling(entry)
    words = [_in_words(line) for line in lines[:_FEW]]
    return ", ".join([*words, "…"] if len(lines) > _FEW else words) or "everything"


def _in_words(line: Difference) -> str:
    if line.before and line.after:
        return f"{line.name} {_cut(line.before)} → {_cut(line.after)}"
    return (
        f"{line.name} {_cut(line.after)}"
        if line.after
        else f"{line.name} {_cut(line.before)} removed"
    )


def _cut(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"


@blueprint.app_template_filter("telling")
def telling(entry: Record) -> list[Difference]:
    """Return the differences without internal fields and those that the page shows elsewhere."""
    lines = differences(entry)
    if entry.before and entry.after:
        return [line for line in lines if line.field != "version"]
    told = [line for line in lines if not line.field.endswith(_UNTELLING)]
    # What a new row has by default says nothing.
    return [line for line in told if not {"no", "none"} & {line.before, line.after}]


def _text(value: Any) -> str:
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
        return ", ".join(f"{key}={part}" for key, part in sorted(value.items()))
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ", ".join(value)
    if isinstance(value, str):
        return _duration(value)
    return json.dumps(value)


def interval(text: str) -> timedelta | None:
    """Parse an interval as PostgreSQL writes it into JSON; None for text that is none."""
    found = _INTERVAL.fullmatch(text)
    if found is None or not text:
        return None
    days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)


def _duration(text: str) -> str:
    """Return an interval in its largest unit: "5 min". Text that is none stays."""
    length = interval(text)
    if length is None:
        return text
    return span(length) if length else "none"
