"""What the URL asks of a table: words, choices, the sort column, columns, and the page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlencode

from flask import request

from rowhouse.api.fields import MAX_ID
from rowhouse.domain.echo import shown
from rowhouse.domain.errors import InvalidRequest
from rowhouse.store.connection.listing import Wanted
from rowhouse.store.connection.places import Place
from rowhouse.web.layout.periods import parsed, utc
from rowhouse.web.table.columns import ROWS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rowhouse.web.table.columns import Column, Table

MAX_TEXT: Final = 200
_MAX_PAGE: Final = 1_000_000
PLACES: Final = ("after", "before")
"""The parameters of a place: the links to the next and to the previous page of a long table have one."""

_MOMENTS: Final = ("since", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is asked of a table; anything that the table does not know is left out.

    `usual` are the columns that are shown if the URL names none: those that the browser keeps, or the standard ones.
    `view` is the ID of the saved view that the URL came from; 0: none.
    """

    table: Table
    text: str
    choices: Mapping[str, str]
    typed: Mapping[str, str]
    problems: Mapping[str, str]
    sort: str
    descending: bool
    columns: tuple[Column, ...]
    usual: tuple[Column, ...]
    page: int
    place: Place | None
    rows: int
    view: int

    @property
    def wanted(self) -> Wanted:
        """Return what to list. Raises InvalidRequest for a field that makes no sense."""
        if self.problems:
            label = {field.name: field.label for field in self.table.fields}
            raise InvalidRequest(
                "; ".join(f"{label[name]}: {problem}" for name, problem in self.problems.items()),
                errors=[(f"/{name}", problem) for name, problem in self.problems.items()],
            )
        exact = {name: text for name, text in self.typed.items() if name not in _MOMENTS}
        return Wanted(
            words=tuple(self.text.split()),
            equal={**self.choices, **exact},
            since=parsed(self.typed.get("since", "")),
            until=parsed(self.typed.get("until", "")),
            sort=self.sort,
            descending=self.descending,
        )

    @property
    def is_filtered(self) -> bool:
        """Whether rows may be hidden by a filter."""
        return bool(self.text or self.choices or self.typed)

    @property
    def filters(self) -> tuple[str, ...]:
        """The parameters of the filter."""
        choices, fields = self.table.choices, self.table.fields
        return ("q", *(one.name for one in choices), *(one.name for one in fields))

    def parameters(self, **changes: str | int) -> dict[str, str]:
        """Return the parameters of the URL that differ from the defaults, with some changed ("" for the default)."""
        order = f"{'-' if self.descending else ''}{self.sort}"
        found = {
            **dict(self.table.kept),
            "q": self.text,
            **self.choices,
            **{name: utc(text) if name in _MOMENTS else text for name, text in self.typed.items()},
            "sort": "" if order == self.table.sort else order,
            "columns": ""
            if self.columns == self.usual
            else ",".join(column.name for column in self.columns),
            "rows": "" if self.rows == ROWS[0] else str(self.rows),
            "page": "" if self.page == 1 else str(self.page),
            "view": str(self.view or ""),
        }
        found |= {name: str(value) for name, value in changes.items()}
        return {name: value for name, value in found.items() if value}

    @property
    def query(self) -> str:
        """The query string of a view that shows the same: it names the columns, whatever the browser keeps."""
        columns = ",".join(column.name for column in self.columns)
        return urlencode(self.parameters(columns=columns, page="", view=""))

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
    usual = _named(table, [request.cookies.get(f"columns-{table.name}", "")]) or _standard(table)
    typed = {
        field.name: text for field in table.fields if (text := given.get(field.name, "").strip())
    }
    return Asked(
        table=table,
        typed=typed,
        problems={name: why for name, text in typed.items() if (why := _problem(name, text))},
        text=" ".join(given.get("q", "")[:MAX_TEXT].split()).replace("\0", ""),
        choices={name: value for name, value in choices.items() if value},
        sort=order.removeprefix("-"),
        descending=order.startswith("-"),
        columns=_named(table, given.getlist("columns")) or usual,
        usual=usual,
        page=min(max(given.get("page", 1, int), 1), _MAX_PAGE),
        place=_place(given),
        view=view if 0 < (view := given.get("view", 0, int)) <= MAX_ID else 0,
        rows=rows if (rows := given.get("rows", 0, int)) in ROWS else ROWS[0],
    )


def _place(given: Mapping[str, str]) -> Place | None:
    for name in PLACES:
        if text := given.get(name, ""):
            return Place(text, is_before=name == "before")
    return None


def _named(table: Table, texts: Sequence[str]) -> tuple[Column, ...]:
    """Return the columns with these names, separated by commas; none if none of them is known."""
    names = {name for text in texts for name in text.split(",")}
    found = [column for column in table.columns if column.name in names]
    # The first column names the row.
    return (
        tuple(column for column in table.columns if column in found or column == table.columns[0])
        if found
        else ()
    )


def _standard(table: Table) -> tuple[Column, ...]:
    return tuple(column for column in table.columns if column.shown)


def _problem(name: str, text: str) -> str:
    """Return what is wrong with a field; "" if nothing is."""
    if len(text) > MAX_TEXT:
        return f"at most {MAX_TEXT} characters"
    if "\0" in text:
        return "no NUL characters"
    if name in _MOMENTS:
        try:
            parsed(text)
        except ValueError:
            return f"{shown(text)} is not a date and time, such as 2026-03-01 09:30"
    return ""
