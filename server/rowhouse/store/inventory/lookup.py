"""Find objects by an address, a prefix, a pod, a node or a container id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import cast, func, literal, or_, select, union_all
from sqlalchemy.dialects.postgresql import INET

from rowhouse.store.connection.loose_index_scan import any_value_of
from rowhouse.store.connection.models import Attachment, Network, Node, Pool, Reservation, Tenure
from rowhouse.store.connection.reads import rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import InstrumentedAttribute

    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

MAX_FOUND: Final = 50
"""The maximum number of results of each kind."""

_LAST_CHARACTER: Final = "\U0010ffff"


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


def pools_at(database: Database, prefix: str) -> Sequence[Record]:
    """Return the pools that a prefix contains, or that contain it, largest first."""
    wanted = cast(prefix, INET)
    cidr = cast(Pool.cidr, INET)
    statement = (
        select(Pool)
        .where(cidr.op("&&")(wanted))
        .order_by(func.masklen(cidr), Pool.network_name, Pool.cidr)
        .limit(MAX_FOUND)
    )
    return rows(database, statement)


def pools_named(database: Database, text: str) -> Sequence[Record]:
    """Return the pools whose name, or whose network's name, contains a text."""
    found = or_(
        Pool.name.icontains(text, autoescape=True),
        Pool.network_name.icontains(text, autoescape=True),
    )
    statement = select(Pool).where(found).order_by(Pool.network_name, Pool.cidr).limit(MAX_FOUND)
    return rows(database, statement)


def owners(database: Database, namespace: str | None, name: str) -> Sequence[Record]:
    """Return rows (namespace, name, holds): present and past owners whose name begins with `name`.

    `namespace` None: in any namespace. `holds`: the owner holds an address now. These come first.
    """
    now = _named(Reservation.owner_namespace, Reservation.owner_name, namespace, name)
    ever = _named(Tenure.owner_namespace, Tenure.owner_name, namespace, name)
    both = union_all(
        select(now.c.namespace, now.c.name, literal(value=True).label("holds")),
        select(ever.c.namespace, ever.c.name, literal(value=False).label("holds")),
    ).subquery()
    statement = (
        select(both.c.namespace, both.c.name, func.bool_or(both.c.holds).label("holds"))
        .group_by(both.c.namespace, both.c.name)
        .order_by(func.bool_or(both.c.holds).desc(), both.c.namespace, both.c.name)
        .limit(MAX_FOUND)
    )
    return rows(database, statement)


def nodes(database: Database, name: str) -> Sequence[Record]:
    """Return rows (cluster, node, attachments): nodes of this name that reported or hold addresses."""
    either = union_all(
        select(Attachment.cluster, Attachment.node, literal(1).label("attachments")).where(
            Attachment.node == name
        ),
        select(Node.cluster, Node.node, literal(0)).where(Node.node == name),
    ).subquery()
    statement = (
        select(either.c.cluster, either.c.node, func.sum(either.c.attachments).label("attachments"))
        .group_by(either.c.cluster, either.c.node)
        .order_by(either.c.cluster)
    )
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


def _named(
    namespace_column: InstrumentedAttribute[str],
    name_column: InstrumentedAttribute[str],
    namespace: str | None,
    name: str,
) -> Any:
    """Select the names that begin with `name`, in one namespace or in all: one index range per namespace."""
    where = literal(namespace) if namespace is not None else any_value_of(namespace_column)
    return (
        select(namespace_column.label("namespace"), name_column.label("name"))
        .where(namespace_column == where, *_begins(name_column, name))
        .distinct()
        .limit(MAX_FOUND)
        .subquery()
    )


def _begins(column: InstrumentedAttribute[str], text: str) -> tuple[ColumnElement[bool], ...]:
    """Return a range for the index, which sorts by the database's collation, and the exact condition."""
    return (
        column >= text,
        column <= text + _LAST_CHARACTER,
        func.starts_with(column, text),
    )
