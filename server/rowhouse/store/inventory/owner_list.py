"""The owners that hold addresses, as a list: pods, claims, machines, workloads, devices and people.

An owner is a group of reservations. Grouping all of them takes longer than a page may, so a page in the order of owners
groups only what it shows, in the order of an index, and counts up to a limit.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Text, and_, case, cast, func, select

from rowhouse.store.connection.listing import Listing, Page, in_bytes
from rowhouse.store.connection.models import Reservation
from rowhouse.store.connection.reads import rows
from rowhouse.store.inventory import owner_order

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement, Select, Subquery

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.listing import Wanted
    from rowhouse.store.connection.places import Key, Place
    from rowhouse.store.connection.reads import Record

KINDS: Final = {
    "pod": "Pod",
    "static": "Reserved by hand",
    "claim": "Claim",
    "virtual_machine": "Virtual machine",
    "workload": "Workload",
}
MAX_COUNTED: Final = 10_000
"""Owners that are counted; of more, the list only says that there are more."""

MAX_MATCHES: Final = 20_000
"""Reservations that are collected for a filter; if more match, the page is found in the order of the index instead."""

_C: Final = Reservation.__table__.c
_BY: Final = owner_order.key_of(_C)
_RESERVATIONS: Final = Listing(
    rows=Reservation.__table__,
    sorts={},
    key=(),
    searched=(
        func.lower(_C.owner_name),
        _C.owner_namespace,
        _C.node,
    ),
    owners=(_C.owner_namespace + "/" + _C.owner_name,),
    equal={
        "owner_kind": _C.owner_kind,
        "cluster": case((_C.owner_cluster == "", "-"), else_=_C.owner_cluster),
    },
    address=_C.address,
)
"""The filters: an owner matches with any of its reservations."""


@dataclass(frozen=True, slots=True)
class OwnerList:
    """The list of owners in these namespaces (None: in all); `address` is their lowest address."""

    namespaces: Collection[str] | None = None

    @property
    def sorts(self) -> Mapping[str, tuple[ColumnElement[Any], ...]]:
        """The columns to sort by."""
        return _listing(_grouped(())).sorts

    def page(
        self,
        database: Database,
        wanted: Wanted,
        *,
        offset: int,
        limit: int,
        place: Place | None = None,  # noqa: ARG002 - pages are found in several ways
    ) -> Page:
        """Return `limit` rows after the first `offset`, and how many there are. Errors: TryAgain, NotReady."""
        conditions = [*self._only(), *_RESERVATIONS.conditions(wanted)]
        found = (_few if wanted.words else _by_figure)(database, conditions, wanted, offset, limit)
        if found is None and wanted.sort == "owner":
            found = _by_index(database, conditions, wanted, offset, limit)
        if found is None:
            bare = replace(wanted, words=(), equal={})
            found = self._aggregated(wanted).page(database, bare, offset=offset, limit=limit)
        return replace(found, ends=None)

    def part(
        self, database: Database, wanted: Wanted, *, after: Key | None, limit: int
    ) -> tuple[Sequence[Record], Key | None]:
        """Return the rows after a key, and the key of the next part; None: there is none."""
        bare = replace(wanted, words=(), equal={})
        return self._aggregated(wanted).part(database, bare, after=after, limit=limit)

    def _aggregated(self, wanted: Wanted) -> Listing:
        """Return the list of the owners that match, with the figures of all of their reservations."""
        return _listing(_grouped(_RESERVATIONS.conditions(wanted), self._only()))

    def _only(self) -> list[ColumnElement[bool]]:
        return [] if self.namespaces is None else [_C.owner_namespace.in_(self.namespaces)]


def _few(
    database: Database,
    conditions: Sequence[ColumnElement[bool]],
    wanted: Wanted,
    offset: int,
    limit: int,
) -> Page | None:
    """Return a page of the owners that match; None if too many reservations do."""
    keys: list[Any] = [
        column.label(name) for column, name in zip(_BY, owner_order.KEYS, strict=True)
    ]
    found = select(*keys).where(*conditions).limit(MAX_MATCHES + 1).cte()
    owners = select(found).distinct().subquery()
    matches = select(func.count()).select_from(found).scalar_subquery().label("matches")
    total = func.count().over().label("total")
    statement = select(owners, total, matches)
    order = [] if wanted.sort == "owner" else [owner_order.figure_of(wanted.sort, owners)]
    order += [owners.c[name] for name in owner_order.KEYS]
    chosen = rows(database, _cut(statement, order, wanted, offset, limit), sorts=True)
    if not chosen:
        if not offset:
            return Page(rows=(), total=0)
        first = _few(database, conditions, wanted, 0, 1)
        return None if first is None else Page(rows=(), total=first.total)
    if chosen[0].matches > MAX_MATCHES:
        return None
    keys_only = [tuple(row[: len(owner_order.KEYS)]) for row in chosen]
    return Page(rows=_details(database, keys_only), total=chosen[0].total)


def _by_figure(
    database: Database,
    conditions: Sequence[ColumnElement[bool]],
    wanted: Wanted,
    offset: int,
    limit: int,
) -> Page | None:
    """Return a page in the order of a figure; None if it is not found without grouping all reservations."""
    if wanted.sort == "owner":
        return None
    chosen = owner_order.first_keys(
        database,
        conditions,
        wanted.sort,
        descending=wanted.descending,
        offset=offset,
        limit=limit + 1,
    )
    return None if chosen is None else _page(database, conditions, chosen, offset, limit)


def _by_index(
    database: Database,
    conditions: Sequence[ColumnElement[bool]],
    wanted: Wanted,
    offset: int,
    limit: int,
) -> Page:
    """Return a page in the order of the index; of a filter that most match, only whether more follow is known."""
    groups = select(*_BY).where(*conditions).group_by(*_BY)
    found = rows(database, _cut(groups, _BY, wanted, offset, limit + 1), sorts=True)
    chosen = [tuple(row) for row in found]
    if wanted.words and chosen:
        shown = _details(database, chosen[:limit])
        seen = offset + min(len(chosen), limit)
        return Page(rows=shown, total=seen, is_more=len(chosen) > limit)
    return _page(database, conditions, chosen, offset, limit)


def _page(
    database: Database,
    conditions: Sequence[ColumnElement[bool]],
    chosen: Sequence[tuple[Any, ...]],
    offset: int,
    limit: int,
) -> Page:
    """Return a page of the chosen owners, one more than it shows if there are more."""
    found = _details(database, chosen[:limit])
    seen = offset + min(len(chosen), limit)
    if len(chosen) <= limit and (chosen or not offset):
        return Page(rows=found, total=seen)
    groups = select(*_BY).where(*conditions).group_by(*_BY)
    counted = groups.order_by(*_BY).limit(MAX_COUNTED + 1).subquery()
    total = int(rows(database, select(func.count()).select_from(counted), sorts=True)[0][0])
    if total <= MAX_COUNTED:
        return Page(rows=found, total=total)
    return Page(rows=found, total=max(seen, MAX_COUNTED), is_more=bool(found))


def _cut(statement: Any, order: Any, wanted: Wanted, offset: int, limit: int) -> Select[Any]:
    sorted_so = owner_order.turned(order, descending=wanted.descending)
    cut: Select[Any] = statement.order_by(*sorted_so).offset(offset).limit(limit)
    return cut


def _details(database: Database, keys: Sequence[tuple[Any, ...]]) -> tuple[Record, ...]:
    return _listing(_grouped(())).details(database, keys)


def _grouped(
    conditions: Sequence[ColumnElement[bool]], only: Sequence[ColumnElement[bool]] = ()
) -> Subquery:
    found = select(
        cast(_C.owner_kind, Text).label("owner_kind"),
        _C.owner_cluster.label("cluster"),
        _C.owner_namespace.label("namespace"),
        _C.owner_name.label("name"),
        func.count().label("addresses"),
        func.min(_C.address).label("address"),
        func.min(_C.network_id).label("network_id"),
        func.max(in_bytes(_C.node)).label("node"),
        func.min(_C.reserved_at).label("since"),
    )
    found = found.where(*only).group_by(*_BY)
    if conditions:
        found = found.having(func.bool_or(and_(*conditions)))
    return found.subquery("owners")


def _listing(found: Subquery) -> Listing:
    c = found.c
    texts = ("owner_kind", "cluster", "node", "namespace")
    return Listing(
        rows=found,
        sorts={
            "owner": (c.namespace, c.name),
            "addresses": (c.addresses,),
            "address": (c.address,),
            "since": (c.since,),
            **{name: (in_bytes(c[name]),) for name in texts},
        },
        key=tuple(c[name] for name in owner_order.KEYS),
        searched=(),
    )
