"""Where the rows of a table come from: a list of the database, or rows in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from rowhouse.store.connection.listing import Page
from rowhouse.web.layout.natural_order import natural

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.listing import Wanted
    from rowhouse.store.connection.places import Key, Place
    from rowhouse.store.connection.reads import Record
    from rowhouse.web.table.columns import Column

PART = 1000
"""The rows that an export reads at once."""


class Source(Protocol):
    """Where rows come from."""

    def page(
        self,
        columns: Sequence[Column],
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,
    ) -> Page:
        """Return `limit` rows after the first `offset`, which are those beside `place`, and the number of all rows."""

    def parts(self, columns: Sequence[Column], wanted: Wanted) -> Iterator[Sequence[Any]]:
        """Yield all rows in parts; between two parts, this holds no connection."""


class List(Protocol):
    """A list of the database: `listing.Listing`, or one that reads its pages in another way."""

    def page(
        self,
        database: Database,
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,
    ) -> Page:
        """Return `limit` rows after the first `offset`, which are those beside `place`, and the number of all rows."""

    def part(
        self, database: Database, wanted: Wanted, *, after: Key | None, limit: int
    ) -> tuple[Sequence[Record], Key | None]:
        """Return the rows after a key, and the key of the next part; None: there is none."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The rows of a list of the database."""

    database: Database
    listing: List

    def page(
        self,
        columns: Sequence[Column],  # noqa: ARG002 - the list knows its own
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,
    ) -> Page:
        """Return a page."""
        return self.listing.page(self.database, wanted, offset=offset, limit=limit, place=place)

    def parts(
        self,
        columns: Sequence[Column],  # noqa: ARG002 - the list knows its own
        wanted: Wanted,
    ) -> Iterator[Sequence[Any]]:
        """Yield all rows."""
        after = None
        while True:
            found, after = self.listing.part(self.database, wanted, after=after, limit=PART)
            yield found
            if after is None:
                return


@dataclass(frozen=True, slots=True)
class InMemory:
    """Rows in memory, for lists that are short, or whose columns the database does not compute.

    `orders` are the sort keys of columns whose value is not in the order that people expect, `equal` the values of
    choices. `matches`: whether a row has a word that none of its texts has.
    """

    rows: Sequence[Any]
    orders: Mapping[str, Callable[[Any], Any]]
    equal: Mapping[str, Callable[[Any], str]] = field(default_factory=dict)
    matches: Callable[[Any, str], bool] | None = None

    def page(
        self,
        columns: Sequence[Column],
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,  # noqa: ARG002 - all rows are sorted anyway
    ) -> Page:
        """Return a page."""
        found = self._sorted(columns, wanted)
        return Page(rows=found[offset : offset + limit], total=len(found))

    def parts(self, columns: Sequence[Column], wanted: Wanted) -> Iterator[Sequence[Any]]:
        """Yield all rows."""
        yield self._sorted(columns, wanted)

    def _sorted(self, columns: Sequence[Column], wanted: Wanted) -> list[Any]:
        by_name = {column.name: column for column in columns}
        words = [word.lower() for word in wanted.words]
        found = [
            row
            for row in self.rows
            if all(self.equal[name](row) == value for name, value in wanted.equal.items())
            and all(self._has(columns, row, word) for word in words)
        ]
        order = self.orders.get(wanted.sort, by_name[wanted.sort].value)
        # Sorted twice: rows of one value stay in the order of the first column.
        found.sort(key=lambda row: _key(self.orders.get(columns[0].name, columns[0].value)(row)))
        return sorted(found, key=lambda row: _key(order(row)), reverse=wanted.descending)

    def _has(self, columns: Sequence[Column], row: Any, word: str) -> bool:
        return word in _texts(columns, row) or bool(self.matches and self.matches(row, word))


def _texts(columns: Sequence[Column], row: Any) -> str:
    """Return the texts that a word may occur in; numbers and times are not."""
    values = [column.value(row) for column in columns]
    return "\n".join(value.lower() for value in values if isinstance(value, str))


def _key(value: Any) -> tuple[bool, Any]:
    """Sort what has no value last, and network-2 before network-10."""
    if isinstance(value, str):
        return not value, natural(value)
    return value is None, 0 if value is None else value
