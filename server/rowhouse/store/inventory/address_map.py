"""What holds the addresses of a span, one by one or counted by blocks: what an address map is drawn of."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import BigInteger, Integer, Text, cast, func, literal, select
from sqlalchemy.dialects.postgresql import INET

from rowhouse.store.connection.models import Exclusion, FreeRange, Gateway, Reservation
from rowhouse.store.connection.reads import row, rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def held(database: Database, network_id: int, first: str, last: str) -> Sequence[Record]:
    """The reservations from `first` to `last`, by address, with their owners: so many behind `first`."""
    statement = (
        select(
            Reservation.address.op("-", return_type=BigInteger())(_inet(first)).label("offset"),
            Reservation.owner_kind,
            Reservation.owner_namespace,
            Reservation.owner_name,
            Reservation.sticky,
            Reservation.node,
            Reservation.description,
        )
        .where(*_between(network_id, first, last))
        .order_by(Reservation.address)
    )
    return rows(database, statement)


def held_by_block(
    database: Database, network_id: int, first: str, last: str, prefix_length: int
) -> Sequence[Record]:
    """How many reservations each block of this prefix length holds: rows (block, pod, sticky, static).

    `block` as text. Blocks that hold none are left out.
    """
    inside = (
        select(
            func.network(
                func.set_masklen(Reservation.address, literal(prefix_length, Integer))
            ).label("block"),
            Reservation.owner_kind,
            Reservation.sticky,
        )
        .where(*_between(network_id, first, last))
        .subquery()
    )
    by_hand = inside.c.owner_kind == "static"
    counted = (
        select(
            inside.c.block,
            func.count().filter(~by_hand, ~inside.c.sticky).label("pod"),
            func.count().filter(~by_hand, inside.c.sticky).label("sticky"),
            func.count().filter(by_hand).label("static"),
        )
        .group_by(inside.c.block)
        .subquery()
    )
    statement = select(
        cast(counted.c.block, Text).label("block"),
        counted.c.pod,
        counted.c.sticky,
        counted.c.static,
    )
    return rows(database, statement)


def bounds(database: Database, network_id: int, first: str, last: str) -> tuple[str, str] | None:
    """The lowest and the highest reserved address from `first` to `last`; None: there is none."""
    lowest = select(Reservation.address).where(*_between(network_id, first, last)).limit(1)
    found = row(
        database,
        select(
            lowest.order_by(Reservation.address).scalar_subquery().label("low"),
            lowest.order_by(Reservation.address.desc()).scalar_subquery().label("high"),
        ),
    )
    return None if found is None or found.low is None else (found.low, found.high)


def quarantined(database: Database, network_id: int, first: str, last: str) -> Sequence[Record]:
    """The quarantined runs that reach into a span, by address, with the end of their quarantine."""
    mine = (FreeRange.network_id == network_id, FreeRange.quarantined)
    # The last run that can reach into the span is the first one that ends at or behind its end.
    bound = select(FreeRange.last).where(*mine, FreeRange.last >= _inet(last))
    high = func.coalesce(bound.order_by(FreeRange.last).limit(1).scalar_subquery(), _inet(last))
    statement = (
        select(FreeRange.first, FreeRange.last, FreeRange.free_from)
        .where(*mine, FreeRange.last >= _inet(first), FreeRange.last <= high)
        .where(FreeRange.first <= _inet(last))
        .order_by(FreeRange.last)
    )
    return rows(database, statement)


def excluded(database: Database, network_id: int, first: str, last: str) -> Sequence[Record]:
    """The exclusions that reach into a span, by address."""
    statement = (
        select(Exclusion.id, Exclusion.first, Exclusion.last, Exclusion.reason)
        .where(Exclusion.network_id == network_id)
        .where(Exclusion.last >= _inet(first), Exclusion.first <= _inet(last))
        .order_by(Exclusion.last)
    )
    return rows(database, statement)


def gateways(database: Database, network_id: int, first: str, last: str) -> Sequence[Record]:
    """The known gateways of a span, by address: rows (address, sources), the CNI networks with "" for an operator."""
    statement = (
        select(
            Gateway.address,
            func.array_agg(func.coalesce(Gateway.cni_network, "")).label("sources"),
        )
        .where(Gateway.network_id == network_id)
        .where(Gateway.address.between(_inet(first), _inet(last)))
        .group_by(Gateway.address)
        .order_by(Gateway.address)
    )
    return rows(database, statement)


def _between(network_id: int, first: str, last: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Reservation.network_id == network_id,
        Reservation.address.between(_inet(first), _inet(last)),
    )


def _inet(address: str) -> ColumnElement[Any]:
    return cast(address, INET)
