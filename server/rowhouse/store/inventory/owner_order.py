"""The owners in the order of a figure, without grouping all reservations.

The reservations that come first in that order have the owners that come first. Only their figures are computed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, cast, func, select, tuple_

from rowhouse.store.connection.listing import in_bytes
from rowhouse.store.connection.models import Reservation
from rowhouse.store.connection.reads import rows

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import ColumnElement, FromClause, Select

    from rowhouse.store.connection.database import Database

_NEAR: Final = 4
"""How many reservations are read for an owner of the page, at first."""

_MIN_NEAR: Final = 400
MAX_NEAR: Final = 40_000
"""If so many do not suffice, grouping all of them is as fast."""

KEYS: Final = ("namespace", "name", "cluster", "owner_kind")


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of an owner: the lowest or highest value of its reservations."""

    value: Callable[[Any], ColumnElement[Any]]
    is_highest: bool = False

    def of(self, value: ColumnElement[Any]) -> ColumnElement[Any]:
        """Return the figure of a group, from a column with its values."""
        return func.max(value) if self.is_highest else func.min(value)

    def whole(self, c: Any) -> ColumnElement[Any]:
        """Return the figure of a group, from the columns of its reservations."""
        return self.of(self.value(c))


FIGURES: Final[Mapping[str, Figure]] = {
    "address": Figure(lambda c: c.address),
    "since": Figure(lambda c: c.reserved_at),
    "node": Figure(lambda c: in_bytes(c.node), is_highest=True),
    # One for all reservations of an owner.
    "owner_kind": Figure(lambda c: in_bytes(cast(c.owner_kind, Text))),
    "cluster": Figure(lambda c: in_bytes(c.owner_cluster)),
    "namespace": Figure(lambda c: in_bytes(c.owner_namespace)),
}


def key_of(c: Any) -> tuple[ColumnElement[Any], ...]:
    """Return what identifies an owner, in the order and collation of the index `reservations_owner`."""
    return (c.owner_namespace, c.owner_name, c.owner_cluster, cast(c.owner_kind, Text))


def turned(order: Sequence[Any], *, descending: bool) -> list[Any]:
    """Return an order, or its opposite."""
    return [column.desc() if descending else column.asc() for column in order]


def first_keys(
    database: Database,
    conditions: Sequence[ColumnElement[bool]],
    sort: str,
    *,
    descending: bool,
    offset: int,
    limit: int,
) -> list[tuple[Any, ...]] | None:
    """Return the keys of `limit` owners after the first `offset`; None: only grouping all of them tells.

    A condition holds for all reservations of an owner or for none. Errors: TryAgain, NotReady.
    """
    if sort == "addresses":
        return _by_count(database, conditions, descending=descending, offset=offset, limit=limit)
    c = Reservation.__table__.c
    near = max(_MIN_NEAR, _NEAR * (offset + limit))
    while near <= MAX_NEAR:
        statement = _nearest(FIGURES[sort], conditions, descending=descending, near=near)
        chosen = rows(database, statement.offset(offset).limit(limit), sorts=True)
        if len(chosen) == limit or (chosen and chosen[0].read < near):
            return [tuple(row[: len(KEYS)]) for row in chosen]
        if not chosen and not rows(database, select(c.address).where(*conditions).limit(1)):
            return []
        near *= 4
    return None


def _nearest(
    figure: Figure, conditions: Sequence[ColumnElement[bool]], *, descending: bool, near: int
) -> Select[Any]:
    """Select the owners whose figure comes before all reservations but the first `near`."""
    c = Reservation.__table__.c
    keys = [column.label(name) for column, name in zip(key_of(c), KEYS, strict=True)]
    order = turned((figure.value(c), *key_of(c)), descending=descending)
    found = select(*keys, figure.value(c).label("value")).where(*conditions)
    first = found.order_by(*order).limit(near).cte("near")
    key = [first.c[name] for name in KEYS]
    owners = select(*key, figure.of(first.c.value).label("value")).group_by(*key).subquery("owners")
    key = [owners.c[name] for name in KEYS]
    read = select(func.count()).select_from(first).scalar_subquery()
    chosen = select(*key, read.label("read"))
    if figure.is_highest is not descending:
        # An owner that also has a value farther on has its figure there.
        chosen = chosen.where(owners.c.value == _figure_of(figure.whole, owners))
    return chosen.order_by(*turned((owners.c.value, *key), descending=descending))


def figure_of(sort: str, owners: FromClause) -> ColumnElement[Any]:
    """Return what a list is sorted by, of all reservations of each owner of a subquery with the columns KEYS."""
    if sort == "addresses":
        return _figure_of(lambda _: func.count(), owners)
    return _figure_of(FIGURES[sort].whole, owners)


def _figure_of(
    figure: Callable[[Any], ColumnElement[Any]], owners: FromClause
) -> ColumnElement[Any]:
    # By an index: PostgreSQL would join an EXISTS, or a group, with all reservations.
    other = Reservation.__table__.alias("other")
    same = [one == owners.c[name] for one, name in zip(key_of(other.c), KEYS, strict=True)]
    return select(figure(other.c)).where(*same).correlate(owners).scalar_subquery()


def _by_count(
    database: Database,
    conditions: Sequence[ColumnElement[bool]],
    *,
    descending: bool,
    offset: int,
    limit: int,
) -> list[tuple[Any, ...]] | None:
    """Like `first_keys`, by the number of addresses: most owners have one, and are in the order of the index."""
    c = Reservation.__table__.c
    key = key_of(c)
    groups = select(*key).where(*conditions).group_by(*key)
    single = groups.having(func.count() == 1).order_by(*turned(key, descending=descending))
    if not descending:
        chosen = rows(database, single.offset(offset).limit(limit), sorts=True)
        return [tuple(row) for row in chosen] if len(chosen) == limit else None
    # Grouping by two columns of the index first takes half the time.
    name = (c.owner_namespace, c.owner_name)
    repeated = select(*name).where(*conditions).group_by(*name).having(func.count() > 1)
    most = groups.where(tuple_(*name).in_(repeated)).having(func.count() > 1)
    most = most.order_by(func.count().desc(), *turned(key, descending=True))
    several = rows(database, most.limit(offset + limit), sorts=True)
    chosen = list(several[offset:])
    if len(chosen) < limit:
        behind = max(0, offset - len(several))
        chosen += rows(database, single.offset(behind).limit(limit - len(chosen)), sorts=True)
    return [tuple(row) for row in chosen]
