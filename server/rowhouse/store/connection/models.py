"""The tables and views as SQLAlchemy models, for reads. The schema itself is in migrations/schema.

Addresses are text, without prefix length unless they are CIDRs. A view's key identifies its rows;
the database has no key for it.
"""

from __future__ import annotations

from datetime import datetime, timedelta  # noqa: TC003 - SQLAlchemy reads the annotations
from ipaddress import ip_address
from typing import Any, Final, get_args

from psycopg.types.range import TimestamptzRange
from sqlalchemy import BigInteger, Dialect, MetaData, Text, TypeDecorator
from sqlalchemy.dialects.postgresql import (
    ARRAY,
    CIDR,
    ENUM,
    INET,
    JSONB,
    MACADDR,
    TIMESTAMP,
    TSTZRANGE,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from rowhouse.domain.administration import AnyOwnerKind


class Address(TypeDecorator[str]):
    """`inet` as text without prefix length, as RFC 5952 writes it."""

    impl = INET
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Convert the text of an `inet` to an address."""
        if value is None:
            return None
        address = str(value).partition("/")[0]
        # PostgreSQL writes the last 32 bits of some IPv6 addresses as an IPv4 address.
        return str(ip_address(address)) if ":" in address and "." in address else address


class Cidr(TypeDecorator[str]):
    """`cidr` as text."""

    impl = CIDR
    cache_ok = True

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 - SQLAlchemy's
        """Return the text of a `cidr`."""
        return None if value is None else str(value)


OwnerKind: Final = ENUM(
    *get_args(AnyOwnerKind), name="owner_kind", schema="rowhouse", create_type=False
)


class Base(DeclarativeBase):
    """What all models share."""

    metadata = MetaData(schema="rowhouse")
    type_annotation_map: Final = {
        str: Text,
        dict[str, Any]: JSONB,
        TimestamptzRange: TSTZRANGE,
    }


class Network(Base):
    """An address space."""

    __tablename__ = "networks"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    isolated: Mapped[str | None] = mapped_column(Cidr)
    created_at: Mapped[datetime]


class Pool(Base):
    """A CIDR of a network from which addresses are assigned."""

    __tablename__ = "pools"
    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int]
    network_name: Mapped[str]
    cidr: Mapped[str] = mapped_column(Cidr)
    name: Mapped[str | None]
    gateway: Mapped[str | None] = mapped_column(Address)
    window_first: Mapped[str | None] = mapped_column(Address)
    window_last: Mapped[str | None] = mapped_column(Address)
    reuse_delay: Mapped[timedelta]
    labels: Mapped[dict[str, Any]]
    description: Mapped[str]
    drained: Mapped[bool]
    version: Mapped[int]
    created_at: Mapped[datetime]


class PoolName(Base):
    """A name of a pool: its current one, or an alias."""

    __tablename__ = "pool_names"
    name: Mapped[str] = mapped_column(primary_key=True)
    pool_id: Mapped[int]
    alias_since: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class FillSample(Base):
    """How many addresses of a pool were in use at a moment."""

    __tablename__ = "fill_samples"
    pool_id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True), primary_key=True)
    used: Mapped[int]


class PoolTrend(Base):
    """The trend of a pool, from its samples."""

    __tablename__ = "pool_trends"
    pool_id: Mapped[int] = mapped_column(primary_key=True)
    sampled_at: Mapped[datetime]
    day: Mapped[list[int | None]] = mapped_column(ARRAY(BigInteger))
    week: Mapped[list[int | None]] = mapped_column(ARRAY(BigInteger))
    day_slope: Mapped[float | None]
    day_fit: Mapped[float | None]
    week_slope: Mapped[float | None]
    week_fit: Mapped[float | None]


class FreeRange(Base):
    """A run of free addresses."""

    __tablename__ = "free_ranges"
    network_id: Mapped[int] = mapped_column(primary_key=True)
    quarantined: Mapped[bool] = mapped_column(primary_key=True)
    first: Mapped[str] = mapped_column(Address)
    last: Mapped[str] = mapped_column(Address, primary_key=True)
    free_from: Mapped[datetime]


class Reservation(Base):
    """An address and its owner."""

    __tablename__ = "reservations"
    network_id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(Address, primary_key=True)
    pool_id: Mapped[int]
    owner_kind: Mapped[str] = mapped_column(OwnerKind)
    owner_cluster: Mapped[str]
    owner_namespace: Mapped[str]
    owner_name: Mapped[str]
    owner_interface: Mapped[str]
    sticky: Mapped[bool]
    expires_at: Mapped[datetime | None]
    node: Mapped[str]
    labels: Mapped[dict[str, Any] | None]
    container_id: Mapped[str]
    description: Mapped[str]
    reserved_at: Mapped[datetime]
    tenure_id: Mapped[int]


class CurrentReservation(Base):
    """The view current_reservations: a reservation with its pool and network by name."""

    __tablename__ = "current_reservations"
    network_id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(Address, primary_key=True)
    network: Mapped[str]
    pool_id: Mapped[int]
    pool: Mapped[str] = mapped_column(Cidr)
    pool_name: Mapped[str | None]
    owner_kind: Mapped[str] = mapped_column(OwnerKind)
    cluster: Mapped[str]
    namespace: Mapped[str]
    name: Mapped[str]
    interface: Mapped[str]
    uid: Mapped[str | None]
    node: Mapped[str]
    container_id: Mapped[str]
    sticky: Mapped[bool]
    expires_at: Mapped[datetime | None]
    reserved_at: Mapped[datetime]
    description: Mapped[str]
    attachments: Mapped[int]
    mac: Mapped[str | None] = mapped_column(MACADDR)
    labels: Mapped[dict[str, Any] | None]


class Attachment(Base):
    """A sandbox that uses a reservation."""

    __tablename__ = "attachments"
    cluster: Mapped[str] = mapped_column(primary_key=True)
    container_id: Mapped[str] = mapped_column(primary_key=True)
    interface: Mapped[str] = mapped_column(primary_key=True)
    network_id: Mapped[int] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(Address, primary_key=True)
    node: Mapped[str]
    cni_network: Mapped[str]
    pod_uid: Mapped[str | None]
    pod_name: Mapped[str]
    mac: Mapped[str | None] = mapped_column(MACADDR)
    attached_at: Mapped[datetime]


class Tenure(Base):
    """History: who held which address, where, and during what time."""

    __tablename__ = "tenures"
    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int]
    address: Mapped[str] = mapped_column(Address)
    pool_id: Mapped[int]
    during: Mapped[TimestamptzRange]
    owner_kind: Mapped[str] = mapped_column(OwnerKind)
    owner_cluster: Mapped[str]
    owner_namespace: Mapped[str]
    owner_name: Mapped[str]
    owner_interface: Mapped[str]
    owner_uid: Mapped[str | None]
    node: Mapped[str]
    container_id: Mapped[str]
    started_by: Mapped[str]
    start_reason: Mapped[str]
    mac: Mapped[str | None] = mapped_column(MACADDR)
    ended_by: Mapped[str | None]
    end_reason: Mapped[str | None]


class Exclusion(Base):
    """Addresses kept out of use."""

    __tablename__ = "exclusions"
    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int]
    first: Mapped[str] = mapped_column(Address)
    last: Mapped[str] = mapped_column(Address)
    reason: Mapped[str]
    requests_only: Mapped[bool]
    name: Mapped[str | None]
    created_at: Mapped[datetime]


class Gateway(Base):
    """A gateway known inside the CIDR of a pool; `cni_network` None: set by an operator."""

    __tablename__ = "gateways"
    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int]
    address: Mapped[str] = mapped_column(Address)
    pool_id: Mapped[int]
    cni_network: Mapped[str | None]
    first_used_at: Mapped[datetime]


class Quota(Base):
    """How many addresses a namespace may hold."""

    __tablename__ = "quotas"
    id: Mapped[int] = mapped_column(primary_key=True)
    namespace: Mapped[str]
    pool_id: Mapped[int | None]
    addresses: Mapped[int]


class Comment(Base):
    """A comment on an address, or (`address` None) on a pool."""

    __tablename__ = "comments"
    id: Mapped[int] = mapped_column(primary_key=True)
    network_id: Mapped[int]
    address: Mapped[str | None] = mapped_column(Address)
    pool_id: Mapped[int | None]
    author: Mapped[str]
    text: Mapped[str]
    written_at: Mapped[datetime]


class SavedView(Base):
    """A view of a table on the pages: its filter, order and columns as a query string."""

    __tablename__ = "saved_views"
    id: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str]
    name: Mapped[str]
    author: Mapped[str]
    is_shared: Mapped[bool]
    query: Mapped[str]
    saved_at: Mapped[datetime]


class CurrentRequest(Base):
    """The view current_requests: a request of a team for addresses, with its pool and its state now."""

    __tablename__ = "current_requests"
    id: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    network_id: Mapped[int | None]
    network: Mapped[str | None]
    pool_id: Mapped[int | None]
    pool: Mapped[str] = mapped_column(Cidr)
    pool_name: Mapped[str | None]
    owner_kind: Mapped[str] = mapped_column(OwnerKind)
    cluster: Mapped[str]
    namespace: Mapped[str]
    name: Mapped[str]
    interface: Mapped[str]
    addresses: Mapped[list[str] | None] = mapped_column(ARRAY(Address))
    how_many: Mapped[int]
    ttl: Mapped[timedelta | None]
    description: Mapped[str]
    labels: Mapped[dict[str, Any] | None]
    requested_by: Mapped[str]
    requested_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]
    reason: Mapped[str]
    granted: Mapped[list[str] | None] = mapped_column(ARRAY(Address))
    not_free: Mapped[list[str]] = mapped_column(ARRAY(Address))
    needs_force: Mapped[list[str]] = mapped_column(ARRAY(Text))


class Node(Base):
    """The last report of a node's agent."""

    __tablename__ = "nodes"
    cluster: Mapped[str] = mapped_column(primary_key=True)
    node: Mapped[str] = mapped_column(primary_key=True)
    plugin_version: Mapped[str]
    agent_version: Mapped[str]
    kept_dels: Mapped[int]
    kept_bytes: Mapped[int]
    started_at: Mapped[datetime]
    first_seen: Mapped[datetime]
    last_seen: Mapped[datetime]


class Event(Base):
    """Something that happened to a pod's interface, or to a pool."""

    __tablename__ = "events"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    reason: Mapped[str]
    message: Mapped[str]
    held_by: Mapped[str]
    cluster: Mapped[str | None]
    namespace: Mapped[str]
    pod: Mapped[str]
    interface: Mapped[str]
    node: Mapped[str]
    pool_id: Mapped[int | None]
    times: Mapped[int] = mapped_column(BigInteger)
    first_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    last_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))


class AuditEntry(Base):
    """An administrative change."""

    __tablename__ = "audit_log"
    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    database_user: Mapped[str]
    action: Mapped[str]
    object: Mapped[str]
    object_type: Mapped[str]
    object_key: Mapped[dict[str, Any] | None]
    network: Mapped[str | None]
    cluster: Mapped[str | None]
    row_count: Mapped[int]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str | None]
