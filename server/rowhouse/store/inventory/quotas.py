"""Quotas: how many addresses a namespace may hold."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, and_, case, cast, func, select

from rowhouse.store.connection.models import Pool, Quota, Reservation
from rowhouse.store.connection.reads import row, rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import Select

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

CREATE: Final = statement(__name__, "create_quota")
UPDATE = "UPDATE rowhouse.quotas SET addresses = %s WHERE id = %s RETURNING id"
DELETE = "DELETE FROM rowhouse.quotas WHERE id = %s RETURNING id"


def _listed(chosen: Select[Any]) -> Select[Any]:
    """Select quotas with the CIDRs of their pools and the addresses in use, by id.

    The reservations of all their namespaces are counted once: counting them for each quota takes as long as there are
    quotas in a namespace.
    """
    some = chosen.cte("some")
    held = (
        select(
            Reservation.owner_namespace.label("namespace"),
            Reservation.pool_id,
            func.count().label("addresses"),
        )
        .where(Reservation.owner_namespace.in_(select(some.c.namespace)))
        .group_by(Reservation.owner_namespace, Reservation.pool_id)
        .cte("held")
    )
    of_namespace = (
        select(held.c.namespace, func.sum(held.c.addresses).label("addresses"))
        .group_by(held.c.namespace)
        .subquery("of_namespace")
    )
    in_use = case(
        (some.c.pool_id.is_(None), of_namespace.c.addresses),
        else_=held.c.addresses,
    )
    return (
        select(
            some,
            Pool.cidr.label("pool"),
            cast(func.coalesce(in_use, 0), BigInteger).label("in_use"),
        )
        .outerjoin(Pool, Pool.id == some.c.pool_id)
        .outerjoin(
            held, and_(held.c.namespace == some.c.namespace, held.c.pool_id == some.c.pool_id)
        )
        .outerjoin(of_namespace, of_namespace.c.namespace == some.c.namespace)
        .order_by(some.c.id)
    )


def search(
    database: Database,
    *,
    namespace: str | None,
    pool_id: int | None,
    namespaces: Collection[str] | None = None,
    after: int,
    limit: int,
) -> Sequence[Record]:
    """Return the quotas after id `after` that meet every condition, by id: of one of `namespaces` (None: any)."""
    statement = select(Quota).where(Quota.id > after).order_by(Quota.id).limit(limit)
    if namespace is not None:
        statement = statement.where(Quota.namespace == namespace)
    if pool_id is not None:
        statement = statement.where(Quota.pool_id == pool_id)
    if namespaces is not None:
        statement = statement.where(Quota.namespace.in_(namespaces))
    return rows(database, _listed(statement), sorts=True)


def over_all_pools(
    database: Database, *, namespaces: Collection[str] | None, limit: int
) -> Sequence[Record]:
    """Return the quotas of namespaces (None: of all) over all pools, by id."""
    in_use = select(func.count()).where(Reservation.owner_namespace == Quota.namespace)
    statement = (
        select(Quota, in_use.scalar_subquery().label("in_use"))
        .where(Quota.pool_id.is_(None))
        .order_by(Quota.id)
        .limit(limit)
    )
    if namespaces is not None:
        statement = statement.where(Quota.namespace.in_(namespaces))
    return rows(database, statement)


def get(database: Database, quota_id: int) -> Record | None:
    """Return one quota, with the number of addresses in use."""
    return row(database, _listed(select(Quota).where(Quota.id == quota_id)))


def create(
    database: Database, namespace: str, pool_id: int | None, addresses: int, actor: Actor
) -> int | None:
    """Create a quota; None if there is no such pool. Raises InTheWay if the quota already exists."""
    parameters = {"namespace": namespace, "pool": pool_id, "addresses": addresses}
    made = database.change(CREATE, parameters, actor=actor.name, request_id=actor.request_id)
    return int(made[0][0]) if made else None


def update(database: Database, quota_id: int, addresses: int, actor: Actor) -> bool:
    """Change a quota; False if there is none."""
    return bool(
        database.change(
            UPDATE, (addresses, quota_id), actor=actor.name, request_id=actor.request_id
        )
    )


def delete(database: Database, quota_id: int, actor: Actor) -> bool:
    """Delete a quota; False if there is none."""
    return bool(database.change(DELETE, (quota_id,), actor=actor.name, request_id=actor.request_id))
