"""Labels in forms: one key=value in each line."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
                f"{line!r} is not key=value", errors=[(f"/{field}", f"{line!r} is not key=value")]
            )
        found[key.strip()] = value.strip()
    return found


def lines(found: Mapping[str, str] | None) -> str:
    """Return labels as a field shows them."""
    return "\n".join(f"{key}={value}" for key, value in sorted((found or {}).items()))
