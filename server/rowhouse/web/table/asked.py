"""What the URL asks of a table: words, choices, the sort column, columns, and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from flask import request

from rowhouse.store.connection.listing import Wanted
from rowhouse.web.table.columns import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.web.table.columns import Column, Table

MAX_TEXT: Final = 200
_MAX_PAGE: Final = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a table; anything that the table does not know is left out."""

    table: Table
    text: str
    choices: Mapping[str, str]
    sort: str
    descending: bool
    columns: tuple[Column, ...]
    page: int
    rows: int

    @property
    def wanted(self) -> Wanted:
        """Return what to list."""
        return Wanted(
            words=tuple(self.text.split()),
            equal=self.choices,
            sort=self.sort,
            descending=self.descending,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether rows may be hidden by a filter."""
        return bool(self.text or self.choices)

    def parameters(self, **changes: str | int) -> dict[str, str]:
        """Return the parameters of the URL that differ from the defaults, with some changed ("" for the default)."""
        standard = self.columns == _standard(self.table)
        order = f"{'-' if self.descending else ''}{self.sort}"
        found = {
            **dict(self.table.kept),
            "q": self.text,
            **self.choices,
            "sort": "" if order == self.table.sort else order,
            "columns": "" if standard else ",".join(column.name for column in self.columns),
            "rows": "" if self.rows == ROWS[0] else str(self.rows),
            "page": "" if self.page == 1 else str(self.page),
        }
        found |= {name: str(value) for name, value in changes.items()}
        return {name: value for name, value in found.items() if value}

    def url(self, path: str = "", **changes: str | int) -> str:
        """Return the URL of the table, or of an export, with some parameters changed."""
        query = urlencode(self.parameters(**changes))
        return f"{path or self.table.path}?{query}" if query else path or self.table.path


def asked(table: Table) -> Asked:
    """Return what the current request asks of a table."""
    given = request.args
    order = given.get("sort", "")
    known = {column.name for column in table.columns if column.sorts}
    if order.removeprefix("-") not in known:
        order = table.sort
    choices = {}
    for choice in table.choices:
        if (value := given.get(choice.name)) in {value for value, _ in choice.options}:
            choices[choice.name] = str(value)
    names = {name for text in given.getlist("columns") for name in text.split(",")}
    # The first column names the row.
    columns = [
        column for number, column in enumerate(table.columns) if column.name in names or number == 0
    ]
    return Asked(
        table=table,
        text=" ".join(given.get("q", "")[:MAX_TEXT].split()).replace("\0", ""),
        choices={name: value for name, value in choices.items() if value},
        sort=order.removeprefix("-"),
        descending=order.startswith("-"),
        columns=tuple(columns) if names else _standard(table),
        page=min(max(given.get("page", 1, int), 1), _MAX_PAGE),
        rows=rows if (rows := given.get("rows", 0, int)) in ROWS else ROWS[0],
    )


def _standard(table: Table) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.shown)
