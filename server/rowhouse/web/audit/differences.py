"""The changes of an audit entry, line by line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from rowhouse.store.connection.reads import Record


_FEW: Final = 2
_UNTELLING: Final = (
    *("id", " at", "version", "slot", "address", "cidr", "first", "last", "sticky"),
    "owner kind",
)


@dataclass(frozen=True, slots=True)
class Difference:
    """A field with its values before and after; "" for none."""

    name: str
    before: str
    after: str


@blueprint.app_template_filter("differences")
def differences(entry: Record) -> list[Difference]:
    """Return the fields that changed."""
    before: dict[str, Any] = entry.before or {}
    after: dict[str, Any] = entry.after or {}
    found = [
        Difference(name.replace("_", " "), _text(before.get(name)), _text(after.get(name)))
        for name in [*before, *(name for name in after if name not in before)]
    ]
    return [line for line in found if line.before != line.after]


@blueprint.app_template_filter("in_short")
def in_short(entry: Record) -> str:
    """Summarize an entry in a few words."""
    if entry.before and entry.after:
        return ", ".join(line.name for line in differences(entry))
    lines = telling(entry)
    words = [f"{line.name} {line.before or line.after}" for line in lines[:_FEW]]
    return ", ".join([*words, "…"] if len(lines) > _FEW else words) or "everything"


@blueprint.app_template_filter("telling")
def telling(entry: Record) -> list[Difference]:
    """Return the differences without internal fields and those that the page shows elsewhere."""
    lines = differences(entry)
    if entry.before and entry.after:
        return [line for line in lines if line.name != "version"]
    told = [line for line in lines if not line.name.endswith(_UNTELLING)]
    return [line for line in told if "no" not in (line.before, line.after)]


def _text(value: Any) -> str:
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
        return ", ".join(f"{key}={part}" for key, part in sorted(value.items()))
    return value if isinstance(value, str) else json.dumps(value)
