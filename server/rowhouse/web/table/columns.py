"""The description of a table: its columns, filters and bulk actions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rowhouse.auth.caller import PersonRole
    from rowhouse.web.audit.differences import Difference
    from rowhouse.web.charts import Bar
    from rowhouse.web.table.sources import Source

Kind = Literal["text", "address", "count", "moment", "tag", "long", "bar"]
"""How a cell is shown: `address` in a fixed-width font, `count` to the right, `moment` with the whole time when pointed
at, `tag` as a label, `long` with line breaks, `bar` with the bar of a pool."""

ROWS: Final = (100, 50, 250)
"""The numbers of rows on a page, the default first; a bulk action takes 256 addresses by default."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column. Its name is the sort key in the URL, the heading in CSV and the key in JSON.

    `value` is what exports write and a table in memory is sorted by; `text` is what the page shows, `href` where it
    leads ("" for nowhere), `level` how urgent a tag is.
    """

    name: str
    label: str
    value: Callable[[Any], Any]
    text: Callable[[Any], str] | None = None
    href: Callable[[Any], str] | None = None
    level: Callable[[Any], str] | None = None
    bar: Callable[[Any], Bar] | None = None
    kind: Kind = "text"
    sorts: bool = True
    shown: bool = True
    details: Callable[[Any], Sequence[Difference]] | None = None
    """What the text sums up, line by line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A filter that takes what is typed: its parameter, its label, and suggestions.

    The fields `since` and `until` are times in the user's zone; the others are exact values of a column.
    """

    name: str
    label: str
    options: Sequence[str] = ()
    placeholder: str = ""


PERIOD: Final = (Field(name="since", label="From"), Field(name="until", label="Until"))
"""The fields for a period, "Until" excluded. The page adds the zone to their labels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """A filter with fixed values: the column, its label, and (value, label) of each option."""

    name: str
    label: str
    options: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bulk:
    """An action on the selected rows: its form takes their keys as `addresses`.

    `edit`: the form is shown filled in, because the user has more to enter.
    """

    label: str
    path: str
    role: PersonRole = "operator"
    edit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RowAction:
    """An action on one row: the path of its form, which opens over the page."""

    label: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A table. The first column names the row.

    `sort` is the default, "-" before a column sorts descending. `key` is what a selected row sends; without it or
    `bulk`, rows cannot be selected. `export` is the path of the exports without ".csv" or ".json".
    """

    name: str
    label: str
    path: str
    export: str
    columns: Sequence[Column]
    rows: Source
    sort: str
    hint: str
    empty: str
    key: Callable[[Any], str] | None = None
    bulk: Sequence[Bulk] = ()
    actions: Callable[[Any], Sequence[RowAction]] | None = None
    """The actions on a row that the user may take; exports have none."""
    choices: Sequence[Choice] = ()
    fields: Sequence[Field] = ()
    kept: Sequence[tuple[str, str]] = field(default=())
    """Further parameters of the page's URL, as (name, value)."""

    @property
    def has_period(self) -> bool:
        """Whether it can be filtered by time."""
        return any(one.name == "since" for one in self.fields)
