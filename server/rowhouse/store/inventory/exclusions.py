"""Addresses kept out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import INET

from rowhouse.store.connection.models import CurrentReservation, Exclusion, Network, Reservation
from rowhouse.store.connection.reads import row, rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

CREATE: Final = statement(__name__, "create_exclusion")
DELETE = "DELETE FROM rowhouse.exclusions WHERE id = %s RETURNING id"


def _exclusions() -> Select[Any]:
    in_use = select(func.count()).where(
        Reservation.network_id == Exclusion.network_id,
        Reservation.address.between(Exclusion.first, Exclusion.last),
    )
    return select(
        Exclusion, Network.name.label("network"), in_use.scalar_subquery().label("in_use")
    ).join(Network, Network.id == Exclusion.network_id)


def search(
    database: Database,
    *,
    network_id: int | None,
    network: str | None,
    contains: str | None,
    after: int,
    limit: int,
) -> Sequence[Record]:
    """Exclusions by id, those behind `after`, that meet every condition given."""
    statement = _exclusions().where(Exclusion.id > after).order_by(Exclusion.id).limit(limit)
    if network_id is not None:
        statement = statement.where(Exclusion.network_id == network_id)
    if network is not None:
        statement = statement.where(Network.name == network)
    if contains is not None:
        address = cast(contains, INET)
        statement = statement.where(Exclusion.first <= address, Exclusion.last >= address)
    return rows(database, statement)


def get(database: Database, exclusion_id: int) -> Record | None:
    """One exclusion, with how many of its addresses are in use."""
    return row(database, _exclusions().where(Exclusion.id == exclusion_id))


def attached(database: Database, network_id: int, first: str, last: str) -> Sequence[Record]:
    """The lowest addresses of a run that sandboxes use, with their owners and how many there are (`total`)."""
    held = CurrentReservation
    statement = (
        select(held.address, held.namespace, held.name, func.count().over().label("total"))
        .where(held.network_id == network_id, held.attachments > 0)
        .where(held.address.between(cast(first, INET), cast(last, INET)))
        .order_by(held.address)
        .limit(2)
    )
    return rows(database, statement)


def create(
    database: Database,
    network_id: int,
    first: str,
    last: str,
    reason: str,
    actor: Actor,
    *,
    force: bool = False,
) -> int | None:
    """Keeps addresses out of use; None if there is no such network.

    Raises InTheWay where they overlap, and where sandboxes use some of them, unless `force`.
    """
    made = database.change(
        CREATE,
        {"first": first, "last": last, "reason": reason, "network": network_id},
        actor=actor.name,
        request_id=actor.request_id,
        force=force,
    )
    return int(made[0][0]) if made else None


def delete(database: Database, exclusion_id: int, actor: Actor) -> bool:
    """Ends an exclusion; False if there is none."""
    return bool(
        database.change(DELETE, (exclusion_id,), actor=actor.name, request_id=actor.request_id)
    )
