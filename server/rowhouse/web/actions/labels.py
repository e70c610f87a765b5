"""Labels in forms: one key=value in each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.echo import shown
from rowhouse.domain.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping


def read(text: str, field: str = "labels") -> dict[str, str]:
    """Return the labels that a field has. Raises InvalidRequest."""
    found: dict[str, str] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        key, equals, value = line.partition("=")
        if not equals or not key.strip():
            raise InvalidRequest(
                f"{shown(line)} is not key=value",
                errors=[(f"/{field}", f"{shown(line)} is not key=value")],
            )
        if key.strip() in found:
            twice = f"the label {shown(key.strip())} is given twice"
            raise InvalidRequest(twice, errors=[(f"/{field}", twice)])
        found[key.strip()] = value.strip()
    return found


def lines(found: Mapping[str, str] | None) -> str:
    """Return labels as a field shows them."""
    return "\n".join(f"{key}={value}" for key, value in sorted((found or {}).items()))
