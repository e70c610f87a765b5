"""Lists that are sorted by one of their columns and filtered by words: pages by offset or by key, exports by key.

A list names its sort keys, so a caller chooses among them and never writes SQL.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from netaddr import AddrFormatError, IPNetwork
from sqlalchemy import and_, any_, cast, func, literal, or_, select
from sqlalchemy.dialects.postgresql import ARRAY, INET, TIMESTAMP

from rowhouse.domain.addresses import format_address
from rowhouse.store.connection.places import behind
from rowhouse.store.connection.reads import row, rows

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, FromClause, Select

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.places import Key, Place
    from rowhouse.store.connection.reads import Record

_MOMENT: Final = TIMESTAMP(timezone=True)
NEVER: Final = literal(datetime(9999, 12, 31, tzinfo=UTC), _MOMENT)
"""The sort key of a time that is missing: Python has no infinity. A text would be parsed again for each row."""

MAX_WORDS: Final = 8
_OF_ADDRESSES: Final = re.compile(r"[0-9a-f.:]+")
_KEY: Final = "list_key_"
_FAR: Final = 5000
_IN_BYTES: Final = "C"
"""The collation of filters and sort keys: comparing by the rules of a language takes several times as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to list. Every word must occur in a row, in any case; `equal` are exact values of columns.

    A word that is a CIDR keeps the addresses in it instead, if the list has addresses. A word with "=" keeps the rows
    with a label that has it, if the list has labels. A row is listed if it overlaps the time from `since` to `until`.
    """

    words: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None
    equal: Mapping[str, str] = field(default_factory=dict)
    sort: str
    descending: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of a list, and the number of all rows that match; with `is_more`, there are more than that.

    `ends` are the sort keys of the first and the last row, between which and their neighbors the pages before and after
    begin; None: the list has no keys.
    """

    rows: Sequence[Any]
    total: int
    is_more: bool = False
    ends: tuple[Key, Key] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """A list: its rows, the columns to sort by, a key that makes the order unique, and the texts that words occur in.

    Sort keys and the key are never NULL. The texts are in lower case; `owners` are those in which a word with a slash
    may occur: "shop/web-0". `whole` has the same columns, and finds the rows of a page by their key, for `rows` with a
    limit, which cannot. `period` is the begin and the end of a row, which is NULL if it has not ended.
    """

    rows: FromClause
    whole: FromClause | None = None
    sorts: Mapping[str, tuple[ColumnElement[Any], ...]]
    key: tuple[ColumnElement[Any], ...]
    searched: tuple[ColumnElement[str], ...]
    owners: tuple[ColumnElement[str], ...] = ()
    equal: Mapping[str, ColumnElement[str]] = field(default_factory=dict)
    address: ColumnElement[Any] | None = None
    labels: ColumnElement[Any] | None = None
    period: tuple[ColumnElement[Any], ColumnElement[Any]] | None = None
    only: tuple[ColumnElement[bool], ...] = ()
    """Conditions that every row meets, whatever is asked for."""

    turns_key: bool = True
    """Whether a descending order turns the key too. Rows that come by their key are sorted faster if it does not."""

    is_computed: bool = False
    """Whether to read the rows costs more than to keep them, as for a union or the latest rows of many."""

    def of_namespaces(self, namespaces: Collection[str] | None) -> Listing:
        """Return the list of the rows in these namespaces (None: in all). The rows need a column `namespace`."""
        if namespaces is None:
            return self
        return replace(self, only=(*self.only, self.rows.c.namespace.in_(namespaces)))

    def page(
        self,
        database: Database,
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,
    ) -> Page:
        """Return `limit` rows after the first `offset`, and the number of all rows. Errors: TryAgain, NotReady.

        `place` is where these rows begin or end, if it is known: then they are found without sorting those before. If
        there are not as many beside it, because rows were added or removed, they are found by `offset`.

        The first statement sorts only keys, as sorting whole rows takes several times as long; the second reads the
        rows of the page.
        """
        if (
            place is not None
            and (found := self._beside(database, wanted, place, limit)) is not None
        ):
            return found
        if offset < _FAR:
            return self._page(database, wanted, offset=offset, limit=limit)
        total = self._count(database, wanted)
        if offset < total - offset:
            return self._page(database, wanted, offset=offset, limit=limit)
        # Nearer to the end: sorted the other way round, so that PostgreSQL keeps few rows while it sorts.
        limit = min(limit, total - offset)
        if limit <= 0:
            return Page(rows=(), total=total)
        statement = self._keys(wanted, is_turned=True).offset(total - offset - limit).limit(limit)
        return self._read(database, rows(database, statement, sorts=True)[::-1])

    def _page(self, database: Database, wanted: Wanted, *, offset: int, limit: int) -> Page:
        statement = self._keys(wanted).offset(offset).limit(limit)
        chosen = rows(database, statement, sorts=True)
        if not chosen:
            return Page(rows=(), total=self._count(database, wanted) if offset else 0)
        return self._read(database, chosen)

    def _beside(self, database: Database, wanted: Wanted, place: Place, limit: int) -> Page | None:
        """Return the rows beside a place; None if there are fewer than `limit`, or the place is of another order."""
        bound = place.values(self._order(wanted))
        if bound is None:
            return None
        statement = self._keys(wanted, bound=bound, is_turned=place.is_before).limit(limit)
        chosen = rows(database, statement, sorts=True)
        if len(chosen) < limit:
            return None
        return self._read(database, chosen[::-1] if place.is_before else chosen)

    def _read(self, database: Database, chosen: Sequence[Record]) -> Page:
        """Return the page of some rows of `_keys`."""
        found = self.details(database, [tuple(one[-len(self.key) - 1 : -1]) for one in chosen])
        ends: tuple[Key, Key] | None = None
        if chosen:
            ends = (tuple(chosen[0][:-1]), tuple(chosen[-1][:-1]))
        return Page(rows=found, total=chosen[0].total if chosen else 0, ends=ends)

    def details(self, database: Database, keys: Sequence[Key]) -> tuple[Record, ...]:
        """Return the rows with these keys, in their order, without those that are gone. Errors: TryAgain, NotReady."""
        if not keys:
            return ()
        names = [f"{_KEY}{number}" for number in range(len(self.key))]
        source = self.rows if self.whole is None else self.whole
        key = self.key if self.whole is None else [self.whole.c[one.name] for one in self.key]
        near = [
            column == any_(cast(sorted(set(some)), ARRAY(column.type)))
            for column, some in zip(key, zip(*keys, strict=True), strict=True)
        ]
        labels = [column.label(name) for column, name in zip(key, names, strict=True)]
        found = rows(database, select(source, *labels).where(*near))
        whole = {tuple(getattr(row, name) for name in names): row for row in found}
        return tuple(whole[one] for one in keys if one in whole)

    def _count(self, database: Database, wanted: Wanted) -> int:
        found = row(database, self._counted(wanted))
        return int(found[0]) if found else 0

    def _counted(self, wanted: Wanted) -> Select[Any]:
        return select(func.count()).select_from(self.rows).where(*self.conditions(wanted))

    def _keys(
        self, wanted: Wanted, *, bound: Key | None = None, is_turned: bool = False
    ) -> Select[Any]:
        """Return the sort keys of the rows that match, in their order, each with the number of all of them.

        `bound`: only those after these sort keys. `is_turned`: in the opposite order.

        A window function would count more slowly, as it keeps and sorts every row. What is filtered or computed is read
        once, for the count and for the order; plain rows are counted and sorted faster in two passes.
        """
        order = self._order(wanted)
        conditions = self.conditions(wanted)
        if self.is_computed or self._is_filtered(wanted):
            named = [column.label(f"{_KEY}{number}") for number, column in enumerate(order)]
            matching = select(*named).where(*conditions).cte("matching")
            order, conditions = tuple(matching.c), []
            total = select(func.count()).select_from(matching)
        else:
            total = self._counted(wanted)
        turned = [down != is_turned for down in self._descends(wanted)]
        if bound is not None:
            conditions.append(behind(order, turned, bound))
        named = [column.label(f"{_KEY}{number}") for number, column in enumerate(order)]
        found = select(*named, total.scalar_subquery().label("total")).where(*conditions)
        return found.order_by(*_in_order(order, turned))

    def _is_filtered(self, wanted: Wanted) -> bool:
        return bool(wanted.words or wanted.equal or wanted.since or wanted.until)

    def part(
        self, database: Database, wanted: Wanted, *, after: Key | None, limit: int
    ) -> tuple[Sequence[Record], Key | None]:
        """Return the rows after a key, and the key of the next part; None: there is none.

        Rows that others add or remove in between shift nothing. Errors: TryAgain, NotReady.
        """
        order = self._order(wanted)
        statement = (
            self._sorted(wanted)
            .limit(limit)
            .add_columns(*(column.label(f"{_KEY}{number}") for number, column in enumerate(order)))
        )
        if after is not None:
            statement = statement.where(behind(order, self._descends(wanted), after))
        found = rows(database, statement, sorts=True)
        if len(found) < limit:
            return found, None
        return found, tuple(getattr(found[-1], f"{_KEY}{i}") for i in range(len(order)))

    def _order(self, wanted: Wanted) -> tuple[ColumnElement[Any], ...]:
        return (*self.sorts[wanted.sort], *self.key)

    def _descends(self, wanted: Wanted) -> list[bool]:
        """Return for each sort key whether it descends."""
        turns_key = wanted.descending and self.turns_key
        return [wanted.descending] * len(self.sorts[wanted.sort]) + [turns_key] * len(self.key)

    def _sorted(self, wanted: Wanted) -> Select[Any]:
        order = _in_order(self._order(wanted), self._descends(wanted))
        return select(self.rows).where(*self.conditions(wanted)).order_by(*order)

    def conditions(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        """Return what a row must meet."""
        conditions = [self.equal[name] == value for name, value in wanted.equal.items()]
        if self.period is not None:
            begin, end = self.period
            if wanted.since is not None:
                conditions.append(func.coalesce(end, NEVER) >= cast(wanted.since, _MOMENT))
            if wanted.until is not None:
                conditions.append(begin < cast(wanted.until, _MOMENT))
        return [*self.only, *conditions] + [
            self._has(word.lower()) for word in wanted.words[:MAX_WORDS]
        ]

    def _has(self, word: str) -> ColumnElement[bool]:
        if self.address is not None and (prefix := _prefix(word)) is not None:
            low, high = (cast(end, INET) for end in prefix)
            return and_(self.address >= low, self.address <= high)
        if self.labels is not None and "=" in word:
            return _labeled(self.labels, word)
        texts = self.owners if "/" in word and self.owners else self.searched
        if self.address is not None and _OF_ADDRESSES.fullmatch(word):
            texts = (*texts, func.host(self.address))
        return or_(*(func.strpos(text, literal(word)) > 0 for text in texts))


def _labeled(labels: ColumnElement[Any], word: str) -> ColumnElement[bool]:
    """Match "team=data" and parts of it, in any case. Most rows have no labels, and cost nothing."""
    label = func.jsonb_each_text(labels).table_valued("key", "value").alias("label")
    text = func.lower(label.c.key + "=" + label.c.value)
    has = select(literal(1)).select_from(label).where(func.strpos(text, literal(word)) > 0)
    return and_(labels.is_not(None), has.exists())


def _in_order(
    order: Sequence[ColumnElement[Any]], descends: Sequence[bool]
) -> list[ColumnElement[Any]]:
    return [one.desc() if down else one for one, down in zip(order, descends, strict=True)]


def in_bytes(column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a text as a sort key."""
    return column.collate(_IN_BYTES)


def _prefix(word: str) -> tuple[str, str] | None:
    """Return the first and the last address of a CIDR; None if the word is none."""
    if "/" not in word:
        return None
    try:
        network = IPNetwork(word)
    except (AddrFormatError, ValueError):
        return None
    return format_address(network[0]), format_address(network[-1])
