"""Exclusions: addresses that are kept out of use."""

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

    from rowhouse.domain.administration import Actor, ExclusionPlan
    from rowhouse.domain.runs import Run
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

CREATE: Final = statement(__name__, "create_exclusion")
CREATE_SEVERAL: Final = statement(__name__, "create_exclusions")
ATTACHED_IN: Final = statement(__name__, "attached_in")
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
    """Return the exclusions after id `after` that meet every condition, by id."""
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
    """Return one exclusion, with the number of its addresses in use."""
    return row(database, _exclusions().where(Exclusion.id == exclusion_id))


def attached(database: Database, network_id: int, first: str, last: str) -> Sequence[Record]:
    """Return the two lowest addresses of a run that sandboxes use, with owners and the `total` number of them."""
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
    database: Database, plan: ExclusionPlan, actor: Actor, *, force: bool = False
) -> int | None:
    """Exclude addresses; return the id, None if there is no such network.

    Raises InTheWay if another exclusion overlaps, or, without `force`, if sandboxes use some of the addresses.
    """
    made = database.change(
        CREATE,
        {
            "first": plan.first,
            "last": plan.last,
            "reason": plan.reason,
            "network": plan.network_id,
            "requests_only": plan.requests_only,
            "name": plan.name,
        },
        actor=actor.name,
        request_id=actor.request_id,
        force=force,
    )
    return int(made[0][0]) if made else None


def attached_in(database: Database, network_id: int, runs: Sequence[Run]) -> int:
    """Return how many addresses of some runs sandboxes use."""
    found = database.call(ATTACHED_IN, {"network": network_id, **_ends(runs)})
    return int(found[0][0])


def create_several(
    database: Database,
    network_id: int,
    runs: Sequence[Run],
    reason: str,
    actor: Actor,
    *,
    force: bool,
) -> int:
    """Exclude runs of addresses, all or none; return their number, 0 if there is no such network.

    Raises InTheWay as `create`.
    """
    made = database.change(
        CREATE_SEVERAL,
        {"reason": reason, "network": network_id, **_ends(runs)},
        actor=actor.name,
        request_id=actor.request_id,
        force=force,
    )
    return len(made)


def _ends(runs: Sequence[Run]) -> dict[str, list[str]]:
    return {"firsts": [first for first, _ in runs], "lasts": [last for _, last in runs]}


def delete(database: Database, exclusion_id: int, actor: Actor) -> bool:
    """End an exclusion; False if there is none."""
    return bool(
        database.change(DELETE, (exclusion_id,), actor=actor.name, request_id=actor.request_id)
    )
