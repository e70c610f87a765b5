"""Pools: their rows, their fill, and the reservations that prevent a change."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from psycopg.types.json import Jsonb
from sqlalchemy import Text, cast, column, func, literal, select, text, union_all
from sqlalchemy.dialects.postgresql import INET, JSONB, TIMESTAMP, aggregate_order_by
from sqlalchemy.orm import aliased

from rowhouse.store.connection.models import FreeRange, Pool, Quota, Reservation
from rowhouse.store.connection.reads import row, rows
from rowhouse.store.connection.statements import statement
from rowhouse.store.inventory.pool_names import aliases, is_named

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement

    from rowhouse.domain.administration import Actor, PoolPlan
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

CREATE: Final = statement(__name__, "create_pool")

OBSTACLES: Final = statement(__name__, "pool_obstacles")

UPDATE: Final = statement(__name__, "update_pool")

DELETE: Final = statement(__name__, "delete_pool")


ENDS: Final = statement(__name__, "pool_ends")

MOST_OVERLAPS = 100
"""Maximum number of overlapping pools to report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on pools; None: any.

    `name` is a name or an alias, `contains` an address in the CIDR. A pool must have all of `labels` with these values.
    One of `namespaces` must hold an address of the pool, or have a quota there.
    """

    network: str | None = None
    name: str | None = None
    cidr: str | None = None
    contains: str | None = None
    drained: bool | None = None
    labels: dict[str, str] = field(default_factory=dict)
    namespaces: tuple[str, ...] | None = None


def search(database: Database, wanted: Search, *, after: int, limit: int) -> Sequence[Record]:
    """Return the pools after id `after` that meet every condition, by id, with their aliases."""
    statement = select(Pool, aliases()).where(Pool.id > after).order_by(Pool.id).limit(limit)
    for wanted_column, value in (
        (Pool.network_name, wanted.network),
        (Pool.cidr, wanted.cidr),
        (Pool.drained, wanted.drained),
    ):
        if value is not None:
            statement = statement.where(wanted_column == value)
    if wanted.name is not None:
        statement = statement.where(is_named(wanted.name))
    if wanted.contains is not None:
        address = cast(wanted.contains, INET)
        statement = statement.where(cast(Pool.cidr, INET).op(">>=")(address))
    if wanted.labels:
        statement = statement.where(Pool.labels.op("@>")(literal(wanted.labels, JSONB)))
    if wanted.namespaces is not None:
        statement = statement.where(used_by(wanted.namespaces))
    return rows(database, statement)


def get(
    database: Database, pool_id: int, *, namespaces: Collection[str] | None = None
) -> Record | None:
    """Return one pool, with its aliases; None: there is none that one of `namespaces` uses (see `Search`)."""
    statement = select(Pool, aliases()).where(Pool.id == pool_id)
    if namespaces is not None:
        statement = statement.where(used_by(namespaces))
    return row(database, statement)


def used_by(namespaces: Collection[str]) -> ColumnElement[bool]:
    """Match the pools in which a namespace holds an address, or has a quota of its own."""
    held = select(Reservation.pool_id).where(Reservation.owner_namespace.in_(namespaces))
    granted = select(Quota.pool_id).where(Quota.namespace.in_(namespaces))
    return Pool.id.in_(union_all(held, granted.where(Quota.pool_id.is_not(None))))


def with_window(database: Database, pool_id: int) -> Record | None:
    """Return one pool, with its aliases, its `network` by name, and its window's `first` and `last` address."""
    ends = (
        func.coalesce(Pool.window_first, func.rowhouse.first_usable(Pool.cidr)),
        func.coalesce(Pool.window_last, func.rowhouse.last_usable(Pool.cidr)),
    )
    first, last = (func.host(end) for end in ends)
    name = Pool.network_name.label("network")
    return row(
        database,
        select(Pool, aliases(), name, first.label("first"), last.label("last")).where(
            Pool.id == pool_id
        ),
    )


def free_runs(
    database: Database,
    pool: Record,
    *,
    quarantined: bool,
    after: str | None,
    limit: int,
) -> Sequence[Record]:
    """Return the runs of free (or quarantined) addresses that a pool assigns and that end after `after`.

    Free runs never contain gateways or exclusions. Quarantined runs can, so this query filters them out.
    """
    bounds = text(ENDS).bindparams(pool=pool.id).columns(column("low", INET), column("high", INET))
    ends = bounds.cte("ends")
    mine = (FreeRange.network_id == pool.network_id, FreeRange.quarantined == quarantined)
    # The last run that can overlap the pool is the first one that ends at or after its end. With this bound, the
    # scan does not read the runs after it.
    low, high = (select(end).scalar_subquery() for end in (ends.c.low, ends.c.high))
    bound = select(FreeRange.last).where(*mine, FreeRange.last >= high).order_by(FreeRange.last)
    statement = (
        select(
            func.host(func.greatest(FreeRange.first, low)).label("first"),
            func.host(func.least(FreeRange.last, high)).label("last"),
            FreeRange.last.label("key"),
        )
        .where(*mine, FreeRange.last >= low, FreeRange.first <= high)
        .where(FreeRange.last <= func.coalesce(bound.limit(1).scalar_subquery(), high))
        .order_by(FreeRange.last)
        .limit(limit)
    )
    if quarantined:
        statement = statement.where(
            ~func.rowhouse.is_withheld(FreeRange.network_id, FreeRange.first)
        )
    if after is not None:
        statement = statement.where(FreeRange.last > cast(after, INET))
    return rows(database, statement)


def overlaps(database: Database, pool_ids: Collection[int]) -> dict[int, list[str]]:
    """Return for each pool the CIDRs of the overlapping pools in its network, largest first."""
    other = aliased(Pool)
    statement = (
        select(
            Pool.id,
            func.array_agg(aggregate_order_by(cast(other.cidr, Text), other.cidr)).label("cidrs"),
        )
        .join(
            other,
            (other.network_id == Pool.network_id)
            & (other.id != Pool.id)
            & cast(other.cidr, INET).op("&&")(cast(Pool.cidr, INET)),
        )
        .where(Pool.id.in_(pool_ids))
        .group_by(Pool.id)
    )
    return {row.id: row.cidrs[:MOST_OVERLAPS] for row in rows(database, statement)}


def fill(
    database: Database, pool_id: int, since: datetime, until: datetime, steps: int
) -> Sequence[Record]:
    """Return rows (at, used): the addresses of a pool in use at steps + 1 evenly spaced times."""
    moments = func.rowhouse.pool_fill(
        pool_id, cast(since, TIMESTAMP(timezone=True)), cast(until, TIMESTAMP(timezone=True)), steps
    ).table_valued("at", "used")
    return rows(database, select(moments).order_by(moments.c.at))


def create(
    database: Database,
    plan: PoolPlan,
    network: str,
    actor: Actor,
    *,
    isolated: bool,
    force: bool = False,
) -> int:
    """Create a pool, and its network if needed. Raises InTheWay, InvalidRequest."""
    parameters = _columns(plan) | {"network": network, "cidr": plan.cidr, "isolated": isolated}
    while not (made := _change(database, CREATE, parameters, actor, force=force)):
        pass  # The network was created concurrently and is visible now.
    return int(made[0][0])


def obstacles(database: Database, pool_id: int, plan: PoolPlan) -> list[tuple[str, str, str, int]]:
    """Return (address, namespace, name, total) of the first ten reservations that prevent a change."""
    found = database.call(OBSTACLES, _columns(plan) | {"pool": pool_id})
    return [(address, namespace, name, total) for address, namespace, name, total in found]


def update(
    database: Database,
    pool_id: int,
    version: int,
    plan: PoolPlan,
    actor: Actor,
    *,
    force: bool = False,
) -> bool:
    """Change a pool and its aliases; False if it no longer has this version. Raises InTheWay, InvalidRequest."""
    parameters = _columns(plan) | {"pool": pool_id, "version": version, "aliases": [*plan.aliases]}
    return bool(_change(database, UPDATE, parameters, actor, force=force))


def delete(database: Database, pool_id: int, version: int | None, actor: Actor) -> bool:
    """Delete an empty pool; False if there is none with this version. Raises InTheWay."""
    return bool(_change(database, DELETE, {"pool": pool_id, "version": version}, actor))


def _columns(plan: PoolPlan) -> dict[str, Any]:
    return {
        "name": plan.name,
        "gateway": plan.gateway,
        "window_first": plan.window_first,
        "window_last": plan.window_last,
        "reuse_delay": plan.reuse_delay,
        "labels": Jsonb(plan.labels),
        "description": plan.description,
        "drained": plan.drained,
    }


def _change(
    database: Database, query: Any, parameters: dict[str, Any], actor: Actor, *, force: bool = False
) -> list[tuple[Any, ...]]:
    return database.change(
        query, parameters, actor=actor.name, request_id=actor.request_id, force=force
    )
