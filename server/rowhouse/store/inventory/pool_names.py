"""The aliases of pools: other names, such as former ones, by which NADs can refer to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Text, func, select
from sqlalchemy.dialects.postgresql import ARRAY

from rowhouse.store.connection.models import Pool, PoolName
from rowhouse.store.connection.reads import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def aliases() -> ColumnElement[Any]:
    """Return the aliases of each `Pool` of a statement, as a column `aliases`: a sorted list of names."""
    names = (
        select(PoolName.name)
        .where(PoolName.pool_id == Pool.id, PoolName.alias_since.is_not(None))
        .order_by(PoolName.name)
    )
    return func.array(names.scalar_subquery(), type_=ARRAY(Text)).label("aliases")


def is_named(name: str) -> ColumnElement[bool]:
    """Return the condition that a `Pool` has this name or alias."""
    named = select(PoolName.pool_id).where(PoolName.name == name).scalar_subquery()
    return Pool.id == named


def search(
    database: Database, *, pool_id: int | None, network: str | None, after: str, limit: int
) -> Sequence[Record]:
    """Return the aliases after the name `after`, by name, each with its pool; None: of any pool or network."""
    statement = (
        select(
            PoolName.name,
            PoolName.pool_id,
            PoolName.alias_since,
            PoolName.last_used_at,
            Pool.network_name.label("network"),
            Pool.cidr,
            Pool.name.label("pool_name"),
        )
        .join(Pool, Pool.id == PoolName.pool_id)
        .where(PoolName.name > after, PoolName.alias_since.is_not(None))
        .order_by(PoolName.name)
        .limit(limit)
    )
    if pool_id is not None:
        statement = statement.where(PoolName.pool_id == pool_id)
    if network is not None:
        statement = statement.where(Pool.network_name == network)
    return rows(database, statement)
