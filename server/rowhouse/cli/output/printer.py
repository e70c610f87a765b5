"""Prints documents in one format."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from rowhouse.cli.output.columns import Column, cell, is_right_aligned
from rowhouse.cli.output.sorting import ordered
from rowhouse.cli.terminal import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.cli.client.client import Document
    from rowhouse.cli.output.formats import Format


class Printer:
    """Prints in `form`, lists in the order `sort` (a column; "": as they come)."""

    def __init__(self, form: Format, sort: str = "") -> None:
        self.form = form
        self._sort = sort
        self._now = datetime.now(UTC)

    @property
    def for_people(self) -> bool:
        """Whether the output is for people."""
        return self.form.for_people

    def rows_to_read(self, limit: int | None) -> int | None:
        """Return how many rows a list needs for its first `limit` in the order of the printer; None: all."""
        return None if self._sort else limit

    def items(
        self,
        found: Sequence[Document],
        columns: Sequence[Column],
        *,
        nothing: str,
        limit: int | None = None,
    ) -> None:
        """Print a list, at most `limit` rows; if it is empty, people get the message `nothing`."""
        if self._sort:
            found = ordered(found, columns, self._sort)
        found = found[:limit]
        if not self.for_people:
            click.echo(self.form.documents(found, {"items": list(found)}, columns), nl=False)
        elif not found:
            click.echo(nothing, err=True)
        else:
            self.table(found, self.shown(columns))

    def one(self, document: Document, columns: Sequence[Column]) -> None:
        """Print one document; for people, one line per column."""
        if not self.for_people:
            click.echo(self.form.documents([document], document, columns), nl=False)
            return
        width = max(len(column.title) for column in columns) + 1
        for column in columns:
            label = click.style(f"{column.title}:".ljust(width), bold=True)
            click.echo(f"{label} {cell(document, column, self._now, full=True)}".rstrip())

    def done(self, text: str, document: Document) -> None:
        """Report a completed action and its object."""
        if self.for_people:
            click.echo(plain(text))
        else:
            click.echo(self.form.document(document), nl=False)

    def shown(self, columns: Sequence[Column]) -> list[Column]:
        """Return the columns of a table in this format."""
        return [column for column in columns if self.form.kind == "wide" or not column.wide]

    def table(
        self,
        found: Sequence[Document],
        columns: Sequence[Column],
        widths: Sequence[int] | None = None,
    ) -> list[int]:
        """Print a table, with a heading unless `widths` are those of a table above; return its widths."""
        full = self.form.kind == "wide"
        rows = [[cell(item, column, self._now, full=full) for column in columns] for item in found]
        if widths is None:
            widths = [
                max(len(column.title), *(len(row[i]) for row in rows))
                for i, column in enumerate(columns)
            ]
            click.secho(_line([column.title for column in columns], widths, columns), bold=True)
        for item, row in zip(found, rows, strict=True):
            click.secho(_line(row, widths, columns), fg=_color(item))
        return list(widths)


def _line(cells: Sequence[str], widths: Sequence[int], columns: Sequence[Column]) -> str:
    return "  ".join(
        text.rjust(width) if is_right_aligned(column) else text.ljust(width)
        for text, width, column in zip(cells, widths, columns, strict=True)
    ).rstrip()


def _color(item: Document) -> str | None:
    """Highlight pools that are nearly full."""
    used = (item.get("usage") or {}).get("percent_used")
    if used is None:
        return None
    return "red" if used >= 95 else "yellow" if used >= 85 else None  # noqa: PLR2004 - as in the alerts
