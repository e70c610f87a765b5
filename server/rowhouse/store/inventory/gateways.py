"""The known gateways of pools, which are never assigned to a pod."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import INET

from rowhouse.store.connection.models import Attachment, Gateway, Network, Pool
from rowhouse.store.connection.reads import row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

DELETE = "DELETE FROM rowhouse.gateways WHERE id = %s AND cni_network IS NOT NULL RETURNING id"


def _gateways() -> Select[Any]:
    in_use = select(func.count()).where(
        Attachment.network_id == Gateway.network_id, Attachment.address == Gateway.address
    )
    return (
        select(
            Gateway,
            Network.name.label("network"),
            Pool.cidr.label("pool"),
            in_use.scalar_subquery().label("in_use"),
        )
        .join(Network, Network.id == Gateway.network_id)
        .join(Pool, Pool.id == Gateway.pool_id)
    )


def search(
    database: Database,
    *,
    network: str | None,
    pool_id: int | None,
    address: str | None,
    after: int,
    limit: int,
) -> Sequence[Record]:
    """Return the gateways after id `after` that meet every condition, by id."""
    statement = _gateways().where(Gateway.id > after).order_by(Gateway.id).limit(limit)
    if network is not None:
        statement = statement.where(Network.name == network)
    if pool_id is not None:
        statement = statement.where(Gateway.pool_id == pool_id)
    if address is not None:
        statement = statement.where(Gateway.address == cast(address, INET))
    return rows(database, statement)


def get(database: Database, gateway_id: int) -> Record | None:
    """Return one gateway, with the number of sandboxes that use its address nevertheless."""
    return row(database, _gateways().where(Gateway.id == gateway_id))


def forget(database: Database, gateway_id: int, actor: Actor) -> bool:
    """Forget the gateway of a CNI network; False if there is none. A gateway that an operator set stays."""
    return bool(
        database.change(DELETE, (gateway_id,), actor=actor.name, request_id=actor.request_id)
    )
