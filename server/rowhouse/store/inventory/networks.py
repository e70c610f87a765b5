"""Networks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select

from rowhouse.store.connection.models import Network, Pool
from rowhouse.store.connection.reads import row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

# Returns the deleted row; none if the network does not exist.
DELETE = "DELETE FROM rowhouse.networks WHERE id = %s RETURNING id"


def _networks() -> Select[Any]:
    pools = select(func.count()).where(Pool.network_id == Network.id).scalar_subquery()
    return select(
        Network.id, Network.name, Network.isolated, Network.created_at, pools.label("pools")
    )


def search(database: Database, *, name: str | None, after: int, limit: int) -> Sequence[Record]:
    """Return the networks after id `after`, by id; with `name`, only those with this name."""
    statement = _networks().where(Network.id > after).order_by(Network.id).limit(limit)
    if name is not None:
        statement = statement.where(Network.name == name)
    return rows(database, statement)


def get(database: Database, network_id: int) -> Record | None:
    """Return one network."""
    return row(database, _networks().where(Network.id == network_id))


def delete(database: Database, network_id: int, actor: Actor) -> bool:
    """Delete a network; False if there is none. Raises InTheWay while it has pools or exclusions."""
    return bool(
        database.change(DELETE, (network_id,), actor=actor.name, request_id=actor.request_id)
    )
