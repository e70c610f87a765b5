"""History: who held which address, where and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import case, cast, func, select, tuple_
from sqlalchemy.dialects.postgresql import INET, TIMESTAMP

from rowhouse.store.connection.models import Network, Pool, Tenure
from rowhouse.store.connection.reads import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

Key = tuple[datetime, int]
"""When a tenure began, and its id."""

_MOMENT = TIMESTAMP(timezone=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on tenures; None: any.

    One of `address`, `prefix` and `namespace` keeps the search on an index. `at` is a moment at which
    the address was held, `since` and `until` a time in which it was, if only for a part of it.
    """

    network: str | None = None
    network_id: int | None = None
    address: str | None = None
    prefix: str | None = None
    namespace: str | None = None
    name: str | None = None
    at: datetime | None = None
    since: datetime | None = None
    until: datetime | None = None


def search(
    database: Database, wanted: Search, *, after: Key | None, limit: int
) -> Sequence[Record]:
    """Tenures that meet every condition, the latest first, those behind `after`."""
    began, ended = func.lower(Tenure.during), func.upper(Tenure.during)
    statement = (
        select(
            Tenure,
            began.label("held_from"),
            ended.label("held_until"),
            Network.name.label("network"),
            Pool.cidr.label("pool"),
        )
        .outerjoin(Network, Network.id == Tenure.network_id)
        .outerjoin(Pool, Pool.id == Tenure.pool_id)
        .order_by(began.desc(), Tenure.id.desc())
        .limit(limit)
    )
    for column, value in (
        (Network.name, wanted.network),
        (Tenure.network_id, wanted.network_id),
        (Tenure.owner_namespace, wanted.namespace),
        (Tenure.owner_name, wanted.name),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.address is not None:
        statement = statement.where(Tenure.address == cast(wanted.address, INET))
    if wanted.prefix is not None:
        statement = statement.where(Tenure.address.op("<<=")(cast(wanted.prefix, INET)))
    if wanted.at is not None:
        at = cast(wanted.at, _MOMENT)
        # As who_had(): the present is what is open.
        moment = case((at < func.statement_timestamp(), at), else_=cast("infinity", _MOMENT))
        statement = statement.where(Tenure.during.op("@>")(moment))
    if wanted.since is not None or wanted.until is not None:
        span = func.tstzrange(cast(wanted.since, _MOMENT), cast(wanted.until, _MOMENT))
        statement = statement.where(Tenure.during.op("&&")(span))
    if after is not None:
        statement = statement.where(
            tuple_(began, Tenure.id) < tuple_(cast(after[0], _MOMENT), after[1])
        )
    return rows(database, statement)
