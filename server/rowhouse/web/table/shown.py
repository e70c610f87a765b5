"""A table as its template shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rowhouse.domain.errors import InvalidRequest
from rowhouse.store.connection.places import Place
from rowhouse.web.layout.formats import NOTHING, ago, exact, moment, number
from rowhouse.web.session.account import may, opened
from rowhouse.web.table.asked import PLACES, asked
from rowhouse.web.table.columns import ROWS
from rowhouse.web.table.views import views_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.places import Key
    from rowhouse.web.audit.differences import Difference
    from rowhouse.web.charts import Bar
    from rowhouse.web.table.asked import Asked
    from rowhouse.web.table.columns import Bulk, Column, RowAction, Table
    from rowhouse.web.table.views import Views


FAR: Final = 1000
"""Rows. A page farther from both ends of a table is found by its place: sorting what is before it takes longer."""


class Cell(NamedTuple):
    """A cell: its text, where it leads, what it says when pointed at, the level of a tag or a bar, the bar, details."""

    text: str
    href: str
    title: str
    level: str
    bar: Bar | None
    details: Sequence[Difference]


class Row(NamedTuple):
    """A row: what it sends if it is selected ("" if it cannot be), its cells, and the actions on it."""

    key: str
    cells: list[Cell]
    actions: Sequence[RowAction]


class Heading(NamedTuple):
    """The heading of a column: where a click leads ("" if it does not sort), and how it is sorted now."""

    column: Column
    href: str
    order: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A page of a table; with `is_more`, there are more rows than `total`. `ends`: as of `listing.Page`."""

    table: Table
    asked: Asked
    rows: Sequence[Row]
    total: int
    is_more: bool
    ends: tuple[Key, Key] | None
    views: Views

    @property
    def status(self) -> int:
        """The status of the response: 422 if a filter is invalid."""
        return InvalidRequest.http_status if self.asked.problems else 200

    @property
    def pages(self) -> int:
        """The number of pages, at least one."""
        return max(-(-self.total // self.asked.rows), 1)

    @property
    def next_url(self) -> str:
        """The URL of the next page."""
        return self._neighbor(1)

    @property
    def previous_url(self) -> str:
        """The URL of the previous page."""
        return self._neighbor(-1)

    def _neighbor(self, step: int) -> str:
        """Return the URL of a neighboring page. Far from both ends, it has the place where that page begins or ends."""
        page = self.asked.page + step
        before = (page - 1) * self.asked.rows
        place = None
        if self.ends is not None and min(before, self.total - before) > FAR:
            place = Place.of(self.ends[step > 0], is_before=step < 0)
        if place is None:
            return self.asked.url(page="" if page == 1 else page)
        return self.asked.url(page=page, **{PLACES[place.is_before]: place.text})

    @property
    def first(self) -> int:
        """The number of the first row, from 1."""
        return (self.asked.page - 1) * self.asked.rows + 1

    @property
    def headings(self) -> list[Heading]:
        """The headings. A click on the sorted column reverses its order."""
        made = []
        for column in self.asked.columns:
            current = column.name == self.asked.sort
            turned = "" if self.asked.descending or not current else "-"
            order = f"{turned}{column.name}"
            href = self.asked.url(sort="" if order == self.table.sort else order, page="")
            direction = "descending" if self.asked.descending else "ascending"
            made.append(Heading(column, href if column.sorts else "", direction if current else ""))
        return made

    @property
    def bulk(self) -> list[Bulk]:
        """The bulk actions that the user may take."""
        return [one for one in self.table.bulk if may(one.role)] if self.table.key else []

    @property
    def row_numbers(self) -> list[int]:
        """The numbers of rows to choose from."""
        return sorted(ROWS)

    def hidden(self, *left_out: str) -> dict[str, str]:
        """Return the parameters that a form with these fields keeps."""
        kept = self.asked.parameters(page="")
        return {name: value for name, value in kept.items() if name not in left_out}


def shown(table: Table) -> Shown:
    """Return the page of a table that the current request asks for. Errors: TryAgain, NotReady."""
    wanted = asked(table)
    views = views_of(wanted)
    if wanted.problems:
        return Shown(
            table=table, asked=wanted, rows=(), total=0, is_more=False, ends=None, views=views
        )
    page = table.rows.page(
        table.columns,
        wanted.wanted,
        offset=(wanted.page - 1) * wanted.rows,
        limit=wanted.rows,
        place=wanted.place,
    )
    rows = [
        Row(
            _key(table, row),
            [_cell(column, row) for column in wanted.columns],
            table.actions(row) if table.actions else (),
        )
        for row in page.rows
    ]
    return Shown(
        table=table,
        asked=wanted,
        rows=rows,
        total=page.total,
        is_more=page.is_more,
        ends=page.ends,
        views=views,
    )


def _key(table: Table, row: Any) -> str:
    return table.key(row) if table.key else ""


def _cell(column: Column, row: Any) -> Cell:
    value = column.value(row)
    href = opened(column.href(row)) if column.href else ""
    level = column.level(row) if column.level else ""
    text = column.text(row) if column.text else _text(value)
    title = exact(value) if isinstance(value, datetime) else ""
    return Cell(
        text,
        href,
        title,
        level,
        column.bar(row) if column.bar else None,
        column.details(row) if column.details else (),
    )


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        now = datetime.now(UTC)
        return ago(value) if value <= now else moment(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    return NOTHING if value is None else str(value)
