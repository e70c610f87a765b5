"""The output of the commands: tables for people, JSON and YAML for programs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import click

from rowhouse.cli.terminal import plain, plain_json
from rowhouse.cli.times import relative, span
from rowhouse.domain.networks import DEFAULT_NETWORK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rowhouse.cli.client.client import Document

FORMATS: Final = ("table", "wide", "json", "yaml")
_NOTHING: Final = "-"
_LARGE: Final = 10**12


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table, or a line of a single document.

    `path` is the path of the value: `owner.name`. `kind` selects its format. `wide`: only in wide tables.
    """

    title: str
    path: str
    kind: str = "text"
    wide: bool = False


class Printer:
    """Prints documents in one format."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._now = datetime.now(UTC)

    @property
    def for_people(self) -> bool:
        """Whether the output is for people."""
        return self._form in {"table", "wide"}

    def items(self, found: Sequence[Document], columns: Sequence[Column], *, nothing: str) -> None:
        """Print a list; if it is empty, people get the message `nothing`."""
        if not self.for_people:
            self._document({"items": list(found)})
        elif not found:
            click.echo(nothing, err=True)
        else:
            shown = [column for column in columns if self._form == "wide" or not column.wide]
            self._table(found, shown)

    def one(self, document: Document, columns: Sequence[Column]) -> None:
        """Print one document; for people, one line per column."""
        if not self.for_people:
            self._document(document)
            return
        width = max(len(column.title) for column in columns) + 1
        for column in columns:
            label = click.style(f"{column.title}:".ljust(width), bold=True)
            click.echo(f"{label} {self._cell(document, column, full=True)}".rstrip())

    def done(self, text: str, document: Document) -> None:
        """Report a completed action and its object."""
        if self.for_people:
            click.echo(plain(text))
        else:
            self._document(document)

    def _document(self, document: Document) -> None:
        if self._form == "json":
            click.echo(plain_json(json.dumps(document, indent=2, ensure_ascii=False)))
            return
        import yaml  # noqa: PLC0415 - rarely needed

        click.echo(yaml.safe_dump(document, sort_keys=False, allow_unicode=True), nl=False)

    def _table(self, found: Sequence[Document], columns: Sequence[Column]) -> None:
        full = self._form == "wide"
        rows = [[self._cell(item, column, full=full) for column in columns] for item in found]
        widths = [
            max(len(column.title), *(len(row[i]) for row in rows))
            for i, column in enumerate(columns)
        ]
        click.secho(_line([column.title for column in columns], widths, columns), bold=True)
        for item, row in zip(found, rows, strict=True):
            click.secho(_line(row, widths, columns), fg=_colour(item))

    def _cell(self, document: Document, column: Column, *, full: bool) -> str:
        value: Any = document
        for part in column.path.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value == "" and column.kind == "network":
            return DEFAULT_NETWORK
        if value is None or value in ("", {}, []):
            return _NOTHING
        if column.kind == "moment":
            ago = relative(value, self._now)
            return f"{value} ({ago})" if full else ago
        return _WRITTEN[column.kind](value)


def _line(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    return "  ".join(
        cell.rjust(width) if column.kind in _TO_THE_RIGHT else cell.ljust(width)
        for cell, width, column in zip(cells, widths, columns, strict=True)
    ).rstrip()


def _colour(item: Document) -> str | None:
    """Highlight pools that are nearly full."""
    used = (item.get("usage") or {}).get("percent_used")
    if used is None:
        return None
    return "red" if used >= 95 else "yellow" if used >= 85 else None  # noqa: PLR2004 - as in the alerts


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
    "percent": lambda value: f"{value:.1f}%",
    "span": span,
    "flag": lambda value: "yes" if value else "no",
    "labels": _labels,
    "list": lambda value: _text(", ".join(value)),
    "json": lambda value: _text(json.dumps(value, ensure_ascii=False)),
    "bar": lambda value: "#" * value,
}
_TO_THE_RIGHT: Final = {"number", "percent"}
