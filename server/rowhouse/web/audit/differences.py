"""What an entry of the audit log has changed, line by line."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rowhouse.web.blueprint import blueprint

if TYPE_CHECKING:
    from rowhouse.store.reading import Record


@dataclass(frozen=True, slots=True)
class Difference:
    """A field, and how it was and is; "" for nothing."""

    name: str
    before: str
    after: str


@blueprint.app_template_filter("differences")
def differences(entry: Record) -> list[Difference]:
    """The fields that are another one afterwards; of what was made or removed, those that say something."""
    before: dict[str, Any] = entry.before or {}
    after: dict[str, Any] = entry.after or {}
    found = [
        Difference(name.replace("_", " "), _text(before.get(name)), _text(after.get(name)))
        for name in [*before, *(name for name in after if name not in before)]
    ]
    return [line for line in found if line.before != line.after]


def _text(value: Any) -> str:
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict) and all(isinstance(part, str) for part in value.values()):
        return ", ".join(f"{key}={part}" for key, part in sorted(value.items()))
    return value if isinstance(value, str) else json.dumps(value)
