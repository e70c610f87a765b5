"""Comments on addresses and pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import cast, select
from sqlalchemy.dialects.postgresql import INET

from rowhouse.store.connection.models import Comment, Network, Pool
from rowhouse.store.connection.reads import row, rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

CREATE: Final = statement(__name__, "create_comment")
DELETE = "DELETE FROM rowhouse.comments WHERE id = %s RETURNING id"


def _comments() -> Select[Any]:
    return (
        select(Comment)
        .add_columns(
            Network.name.label("network"),
            Pool.cidr.label("pool"),
            Pool.name.label("pool_name"),
        )
        .join(Network, Network.id == Comment.network_id)
        .outerjoin(Pool, Pool.id == Comment.pool_id)
    )


def search(
    database: Database,
    *,
    network: str | None = None,
    network_id: int | None,
    address: str | None,
    pool_id: int | None,
    before: int | None,
    limit: int,
) -> Sequence[Record]:
    """Return the comments before id `before` that meet every condition (None: any), the latest first."""
    found = _comments().order_by(Comment.id.desc()).limit(limit)
    if network is not None:
        found = found.where(Network.name == network)
    if network_id is not None:
        found = found.where(Comment.network_id == network_id)
    if address is not None:
        found = found.where(Comment.address == cast(address, INET))
    if pool_id is not None:
        found = found.where(Comment.pool_id == pool_id)
    if before is not None:
        found = found.where(Comment.id < before)
    return rows(database, found)


def get(database: Database, comment_id: int) -> Record | None:
    """Return one comment."""
    return row(database, _comments().where(Comment.id == comment_id))


def create(
    database: Database,
    text: str,
    actor: Actor,
    *,
    network_id: int | None = None,
    address: str | None = None,
    pool_id: int | None = None,
) -> int | None:
    """Write a comment on an address of a network, or on a pool; None if no pool has it."""
    parameters = {
        "network": network_id,
        "address": address,
        "pool": pool_id,
        "author": actor.name,
        "text": text,
    }
    made = database.change(CREATE, parameters, actor=actor.name, request_id=actor.request_id)
    return int(made[0][0]) if made else None


def delete(database: Database, comment_id: int, actor: Actor) -> bool:
    """Remove a comment; False if there is none."""
    return bool(
        database.change(DELETE, (comment_id,), actor=actor.name, request_id=actor.request_id)
    )
