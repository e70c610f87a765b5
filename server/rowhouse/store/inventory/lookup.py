"""Find objects by an address, a prefix, a node or a container id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sqlalchemy import cast, func, select, union_all
from sqlalchemy.dialects.postgresql import INET

from rowhouse.store.connection.loose_index_scan import any_value_of
from rowhouse.store.connection.models import Attachment, Network, Pool, Reservation, Tenure
from rowhouse.store.connection.reads import rows
from rowhouse.store.inventory.pools import used_by

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

MAX_FOUND: Final = 50
"""The maximum number of results of each kind."""

LAST_CHARACTER: Final = "\U0010ffff"
"""Sorts after every other character: the end of an index range of what begins with a text."""


def networks_of(database: Database, address: str) -> Sequence[Record]:
    """Return rows (id, name, isolated): networks in which the address is in a pool or ever had an owner."""
    wanted = cast(address, INET)
    of_pools = select(Pool.network_id).where(cast(Pool.cidr, INET).op(">>=")(wanted))
    of_history = select(Tenure.network_id).where(Tenure.address == wanted)
    statement = (
        select(Network.id, Network.name, Network.isolated)
        .where(Network.id.in_(union_all(of_pools, of_history)))
        .order_by(Network.name, Network.id)
    )
    return rows(database, statement)


def pools_at(
    database: Database, prefix: str, *, namespaces: Collection[str] | None = None
) -> Sequence[Record]:
    """Return the pools that a prefix contains, or that contain it, largest first.

    One of `namespaces` (None: any) uses them: it holds an address there, or has a quota.
    """
    wanted = cast(prefix, INET)
    cidr = cast(Pool.cidr, INET)
    statement = (
        select(Pool)
        .where(cidr.op("&&")(wanted))
        .order_by(func.masklen(cidr), Pool.network_name, Pool.cidr)
        .limit(MAX_FOUND)
    )
    if namespaces is not None:
        statement = statement.where(used_by(namespaces))
    return rows(database, statement)


def containers(database: Database, container_id: str) -> Sequence[Record]:
    """Return the attachments of containers whose id begins with `container_id`, with their owners."""
    statement = (
        select(Attachment, Reservation.owner_namespace, Reservation.owner_name)
        .join(
            Reservation,
            (Reservation.network_id == Attachment.network_id)
            & (Reservation.address == Attachment.address),
        )
        .where(
            Attachment.cluster == any_value_of(Attachment.cluster),
            *_begins(Attachment.container_id, container_id),
        )
        .order_by(Attachment.container_id, Attachment.interface)
        .limit(MAX_FOUND)
    )
    return rows(database, statement)


def past_containers(database: Database, container_id: str) -> Sequence[Record]:
    """Return the ended tenures of a container, by its whole id, latest first."""
    statement = (
        select(Tenure)
        .where(Tenure.container_id == container_id, ~func.upper_inf(Tenure.during))
        .order_by(func.upper(Tenure.during).desc())
        .limit(MAX_FOUND)
    )
    return rows(database, statement)


def on_node(database: Database, node: str, cluster: str | None, *, limit: int) -> Sequence[Record]:
    """Return the attachments of a node with their owners, by owner and interface."""
    statement = (
        select(
            Attachment,
            Network.name.label("network"),
            Reservation.owner_namespace,
            Reservation.owner_name,
            Reservation.sticky,
            Reservation.pool_id,
        )
        .join(
            Reservation,
            (Reservation.network_id == Attachment.network_id)
            & (Reservation.address == Attachment.address),
        )
        .join(Network, Network.id == Attachment.network_id)
        .where(Attachment.node == node)
        .order_by(
            Reservation.owner_namespace,
            Reservation.owner_name,
            Attachment.interface,
            Attachment.address,
        )
        .limit(limit)
    )
    if cluster is not None:
        statement = statement.where(Attachment.cluster == cluster)
    return rows(database, statement)


def _begins(column: InstrumentedAttribute[str], text: str) -> tuple[ColumnElement[bool], ...]:
    """Return a range for the index, which sorts by the database's collation, and the exact condition."""
    return (
        column >= text,
        column <= text + LAST_CHARACTER,
        func.starts_with(column, text),
    )
