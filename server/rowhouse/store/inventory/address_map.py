"""Data for the address map: the state of each address of a span, or counts by block.

With `namespaces`, it has no owner of any other namespace, and no text that an operator or another team wrote.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import BigInteger, Text, case, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, INET

from rowhouse.store.connection.models import Exclusion, FreeRange, Gateway, Reservation
from rowhouse.store.connection.reads import row, rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

_BLOCKS: Final = statement(__name__, "blocks")


def held(
    database: Database,
    network_id: int,
    first: str,
    last: str,
    *,
    namespaces: Collection[str] | None = None,
) -> Sequence[Record]:
    """Return the reservations from `first` to `last`, by address; `offset` is the distance from `first`.

    All other columns are NULL if the owner is not of one of `namespaces` (None: any).
    """
    about = (
        Reservation.owner_kind,
        Reservation.owner_namespace,
        Reservation.owner_name,
        Reservation.sticky,
        Reservation.node,
        Reservation.description,
    )
    query = (
        select(
            Reservation.address.op("-", return_type=BigInteger())(_inet(first)).label("offset"),
            *(_shown(column, namespaces) for column in about),
        )
        .where(*_between(network_id, first, last))
        .order_by(Reservation.address)
    )
    return rows(database, query)


@dataclass(frozen=True, slots=True)
class BlockCounts:
    """Counts of a block. Each of its `total` assignable addresses is used, quarantined, excluded or free.

    `outside` counts reservations of addresses that the pool does not assign. `sticky` (kept for pods) and `by_hand`
    (not for pods) count among all reservations of the block.
    """

    total: int
    used: int
    quarantined: int
    excluded: int
    free: int
    outside: int
    sticky: int
    by_hand: int


def by_block(
    database: Database, network_id: int, window: tuple[str, str], blocks: Sequence[str]
) -> list[BlockCounts]:
    """Return the counts of these blocks (CIDRs), in their order. `window`: first and last address of the pool."""
    parameters = {
        "network": network_id,
        "first": window[0],
        "last": window[1],
        "blocks": list(blocks),
    }
    found = database.call(_BLOCKS, parameters)
    return [BlockCounts(*map(int, row)) for row in found]


def bounds(database: Database, network_id: int, first: str, last: str) -> tuple[str, str] | None:
    """Return the lowest and the highest reserved address from `first` to `last`; None if there is none."""
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
    """Return the quarantined runs that overlap a span, by address, with the end of their quarantine."""
    mine = (FreeRange.network_id == network_id, FreeRange.quarantined)
    # The last run that can overlap the span is the first one that ends at or after its end.
    bound = select(FreeRange.last).where(*mine, FreeRange.last >= _inet(last))
    high = func.coalesce(bound.order_by(FreeRange.last).limit(1).scalar_subquery(), _inet(last))
    query = (
        select(FreeRange.first, FreeRange.last, FreeRange.free_from)
        .where(*mine, FreeRange.last >= _inet(first), FreeRange.last <= high)
        .where(FreeRange.first <= _inet(last))
        .order_by(FreeRange.last)
    )
    return rows(database, query)


def excluded(
    database: Database,
    network_id: int,
    first: str,
    last: str,
    *,
    namespaces: Collection[str] | None = None,
) -> Sequence[Record]:
    """Return the exclusions that overlap a span, by address; with `namespaces`, without their reasons."""
    reason = Exclusion.reason if namespaces is None else literal("").label("reason")
    query = (
        select(Exclusion.id, Exclusion.first, Exclusion.last, reason, Exclusion.requests_only)
        .where(Exclusion.network_id == network_id)
        .where(Exclusion.last >= _inet(first), Exclusion.first <= _inet(last))
        .order_by(Exclusion.last)
    )
    return rows(database, query)


def gateways(
    database: Database,
    network_id: int,
    first: str,
    last: str,
    *,
    namespaces: Collection[str] | None = None,
) -> Sequence[Record]:
    """Return rows (address, sources): a span's known gateways.

    A source is a CNI network, or "" (an operator); with `namespaces`, there are none.
    """
    named = func.array_agg(func.coalesce(Gateway.cni_network, ""))
    sources = named if namespaces is None else cast([], ARRAY(Text))
    query = (
        select(Gateway.address, sources.label("sources"))
        .where(Gateway.network_id == network_id)
        .where(Gateway.address.between(_inet(first), _inet(last)))
        .group_by(Gateway.address)
        .order_by(Gateway.address)
    )
    return rows(database, query)


def _between(network_id: int, first: str, last: str) -> tuple[ColumnElement[bool], ...]:
    return (
        Reservation.network_id == network_id,
        Reservation.address.between(_inet(first), _inet(last)),
    )


def _shown(
    column: InstrumentedAttribute[Any], namespaces: Collection[str] | None
) -> ColumnElement[Any]:
    """Return a column of reservations, NULL for an owner of another namespace."""
    if namespaces is None:
        return column.expression
    return case((Reservation.owner_namespace.in_(namespaces), column)).label(column.key)


def _inet(address: str) -> ColumnElement[Any]:
    return cast(address, INET)
