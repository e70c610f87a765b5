"""History: who held which address, where and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import case, cast, column, func, select, text, tuple_
from sqlalchemy.dialects.postgresql import INET, TIMESTAMP

from rowhouse.store.connection.models import Network, Pool, Tenure
from rowhouse.store.connection.reads import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement, FunctionElement, Subquery

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

Key = tuple[datetime, int]
"""Start and id of a tenure."""

_MOMENT = TIMESTAMP(timezone=True)


_IN_THE_VIEW: Final = {
    f"owner_{name}": name for name in ("cluster", "namespace", "name", "interface", "uid")
}
"""Columns of tenures that have another name in the view address_history."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on tenures; None: any.

    The search uses an index if `address`, `prefix`, `namespace`, `node` or `container_id` is set. The tenure must
    include the time `at`, and overlap the period from `since` to `until`. The owner must be of one of `namespaces`.
    """

    network: str | None = None
    network_id: int | None = None
    address: str | None = None
    prefix: str | None = None
    namespace: str | None = None
    name: str | None = None
    node: str | None = None
    container_id: str | None = None
    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None
    namespaces: tuple[str, ...] | None = None


def search(
    database: Database, wanted: Search, *, after: Key | None, limit: int
) -> Sequence[Record]:
    """Return the tenures after `after` that meet every condition, latest first."""
    tenure = _source(wanted).c
    began, ended = func.lower(tenure.during), func.upper(tenure.during)
    statement = (
        select(*tenure, began.label("held_from"), ended.label("held_until"))
        .order_by(began.desc(), tenure.id.desc())
        .limit(limit)
    )
    for field, value in (
        (tenure.network, wanted.network),
        (tenure.network_id, wanted.network_id),
        (tenure.owner_namespace, wanted.namespace),
        (tenure.owner_name, wanted.name),
        (tenure.node, wanted.node),
        (tenure.container_id, wanted.container_id),
    ):
        if value is not None:
            statement = statement.where(field == value)
    if wanted.namespaces is not None:
        statement = statement.where(tenure.owner_namespace.in_(wanted.namespaces))
    if wanted.address is not None:
        statement = statement.where(tenure.address == cast(wanted.address, INET))
    if wanted.prefix is not None:
        statement = statement.where(tenure.address.op("<<=")(cast(wanted.prefix, INET)))
    if wanted.at is not None:
        at = cast(wanted.at, _MOMENT)
        # Like who_had(): the present means open tenures.
        moment = case((at < func.statement_timestamp(), at), else_=cast("infinity", _MOMENT))
        statement = statement.where(tenure.during.op("@>")(moment))
    if wanted.since is not None or wanted.until is not None:
        span = func.tstzrange(cast(wanted.since, _MOMENT), cast(wanted.until, _MOMENT))
        statement = statement.where(tenure.during.op("&&")(span))
    if after is not None:
        statement = statement.where(
            tuple_(began, tenure.id) < tuple_(cast(after[0], _MOMENT), after[1])
        )
    return rows(database, statement)


def _source(wanted: Search) -> Subquery:
    """Return what to search: all tenures, or the function that uses the index for one of the conditions."""
    known = func.rowhouse
    since: ColumnElement[Any] = cast(wanted.since, _MOMENT)
    until: ColumnElement[Any] = cast(wanted.until, _MOMENT)
    if wanted.at is not None:
        since = cast(wanted.at, _MOMENT)
        behind = since + text("interval '1 microsecond'")
        until = case((since < func.statement_timestamp(), behind), else_=None)
    is_owner = wanted.namespace is not None and wanted.name is not None
    if wanted.address is not None or is_owner:
        return _tenures()
    if wanted.container_id is not None:
        return _found_by(known.of_container(wanted.container_id))
    if wanted.node is not None:
        return _found_by(known.ran_on(wanted.node, since, until))
    if wanted.prefix is not None:
        return _found_by(known.in_prefix(cast(wanted.prefix, INET), since, until))
    return _tenures()


def _tenures() -> Subquery:
    return (
        select(Tenure, Network.name.label("network"), Pool.cidr.label("pool"))
        .outerjoin(Network, Network.id == Tenure.network_id)
        .outerjoin(Pool, Pool.id == Tenure.pool_id)
        .subquery()
    )


def _found_by(function: FunctionElement[Any]) -> Subquery:
    """Select from a function that returns address_history, under the column names of tenures."""
    types = {one.name: one.type for one in Tenure.__table__.columns}
    types |= {"network": Network.__table__.c.name.type, "pool": Pool.__table__.c.cidr.type}
    names = {name: _IN_THE_VIEW.get(name, name) for name in types}
    found = function.table_valued(*(column(names[name], of) for name, of in types.items())).c
    return select(*(found[names[name]].label(name) for name in types)).subquery()
