"""Exclusions: addresses that are kept out of use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import cast, func, select
from sqlalchemy.dialects.postgresql import INET

from rowhouse.store.connection.models import Exclusion, Network, Reservation
from rowhouse.store.connection.reads import row, rows, rows_of
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Select

    from rowhouse.domain.administration import Actor
    from rowhouse.domain.runs import Run
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

CREATE: Final = statement(__name__, "create_exclusions")
ATTACHED: Final = statement(__name__, "attached_in")
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


def attached(database: Database, network_id: int, runs: Sequence[Run]) -> Record | None:
    """Return the lowest address of runs that a sandbox uses, with its owner and the `total` of them; None: none."""
    found = rows_of(database, ATTACHED, {"network": network_id, **_ends(runs)})
    return found[0] if found else None


def create(
    database: Database,
    network_id: int,
    runs: Sequence[Run],
    reason: str,
    actor: Actor,
    *,
    requests_only: bool,
    name: str | None,
    force: bool,
) -> list[int]:
    """Exclude runs of addresses, all or none, with `requests_only` not from requests; return the ids.

    They are none if there is no such network. Raises InTheWay if another exclusion overlaps, or, without `force`, if
    sandboxes use some of the addresses.
    """
    made = database.change(
        CREATE,
        {
            "reason": reason,
            "network": network_id,
            "requests_only": requests_only,
            "name": name,
            **_ends(runs),
        },
        actor=actor.name,
        request_id=actor.request_id,
        force=force,
    )
    return [int(one) for (one,) in made]


def _ends(runs: Sequence[Run]) -> dict[str, list[str]]:
    return {"firsts": [first for first, _ in runs], "lasts": [last for _, last in runs]}


def delete(database: Database, exclusion_id: int, actor: Actor) -> bool:
    """End an exclusion; False if there is none."""
    return bool(
        database.change(DELETE, (exclusion_id,), actor=actor.name, request_id=actor.request_id)
    )
