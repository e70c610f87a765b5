"""Columns of tables, and the text of their cells."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from rowhouse.cli.terminal import plain
from rowhouse.cli.times import relative, span
from rowhouse.domain.networks import DEFAULT_NETWORK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from rowhouse.cli.client.client import Document

NOTHING: Final = "-"
_LARGE: Final = 10**12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or a line of a single document.

    `path` is the path of the value: `owner.name`. `kind` selects its format. `wide`: only in wide tables.
    `is_name`: it names the object in `-o name`; without such a column, the first one does.
    """

    title: str
    path: str
    kind: str = "text"
    wide: bool = False
    is_name: bool = False


def value_of(document: Document, column: Column) -> Any:
    """Return the value of a column; None if the document has none."""
    value: Any = document
    for part in column.path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def cell(document: Document, column: Column, now: datetime, *, full: bool) -> str:
    """Return the text of a cell: one printable line. `full`: times as RFC 3339, not only relative to `now`."""
    value = value_of(document, column)
    if value == "" and column.kind == "network":
        return DEFAULT_NETWORK
    if value is None or value in ("", {}, []):
        return NOTHING
    if column.kind == "moment":
        ago = relative(value, now)
        return f"{value} ({ago})" if full else ago
    return _WRITTEN[column.kind](value)


def naming(columns: Sequence[Column]) -> Column:
    """Return the column that names an object."""
    return next((column for column in columns if column.is_name), columns[0])


def is_right_aligned(column: Column) -> bool:
    """Whether the column holds numbers to compare."""
    return column.kind in {"number", "change", "percent"}


def _number(value: float) -> str:
    return f"{value:,}" if abs(value) < _LARGE else f"{value:.3g}"


def _text(value: Any) -> str:
    return plain(str(value))


def _labels(value: dict[str, Any]) -> str:
    return _text(",".join(f"{key}={value[key]}" for key in value))


_WRITTEN: Final[dict[str, Callable[[Any], str]]] = {
    "text": _text,
    "network": _text,
    "number": _number,
    "change": lambda value: f"{value:+,}",
    "percent": lambda value: f"{value:.1f}%",
    "span": span,
    "flag": lambda value: "yes" if value else "no",
    "labels": _labels,
    "list": lambda value: _text(", ".join(value)),
    "json": lambda value: _text(json.dumps(value, ensure_ascii=False)),
    "bar": lambda value: "#" * value,
}
