"""Search reservations, and call the stored functions that reserve, release and reassign addresses by hand."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork
from sqlalchemy import any_, cast, literal, select, tuple_
from sqlalchemy.dialects.postgresql import ARRAY, INET, JSONB, MACADDR

from rowhouse.domain.addresses import format_address
from rowhouse.store.connection.loose_index_scan import any_value_of
from rowhouse.store.connection.models import Attachment, CurrentReservation, Reservation
from rowhouse.store.connection.reads import rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from sqlalchemy import ColumnElement

    from rowhouse.domain.administration import Actor, Holder, ReservationPlan
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record

RESERVE: Final = statement(__name__, "reserve")
RELEASE = "SELECT host(address) FROM rowhouse.release_v2(%s, %s, %s, %s, %s, %s)"
TENURE = "SELECT tenure_id FROM rowhouse.reservations WHERE network_id = %s AND address = %s"
RELEASE_SEVERAL: Final = statement(__name__, "release_several")
LABEL_SEVERAL: Final = statement(__name__, "label_several")
REASSIGN: Final = statement(__name__, "reassign")
EDIT: Final = statement(__name__, "edit")

Key = tuple[int, str]
"""Network id and address."""

_Reservation = CurrentReservation


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Conditions on reservations; None: any.

    `prefix` and `within` are CIDRs that contain the address. Set `pool_id` only together with the pool's
    `network_id` and its CIDR in `within`, because no index covers `pool_id`. The owner must be of one of `namespaces`.
    """

    network_id: int | None = None
    network: str | None = None
    address: str | None = None
    prefix: str | None = None
    kind: str | None = None
    cluster: str | None = None
    namespace: str | None = None
    name: str | None = None
    node: str | None = None
    container_id: str | None = None
    mac: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    pool_id: int | None = None
    within: str | None = None
    namespaces: tuple[str, ...] | None = None


def search(
    database: Database, wanted: Search, *, after: Key | None, limit: int
) -> Sequence[Record]:
    """Return the reservations after `after` that meet every condition, by network and address."""
    statement = (
        select(_Reservation).order_by(_Reservation.network_id, _Reservation.address).limit(limit)
    )
    for column, value in (
        (_Reservation.network_id, wanted.network_id),
        (_Reservation.network, wanted.network),
        (_Reservation.owner_kind, wanted.kind),
        (_Reservation.cluster, wanted.cluster),
        (_Reservation.namespace, wanted.namespace),
        (_Reservation.name, wanted.name),
        (_Reservation.pool_id, wanted.pool_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    if wanted.address is not None:
        statement = statement.where(_Reservation.address == cast(wanted.address, INET))
    for prefix in (wanted.prefix, wanted.within):
        if prefix is not None:
            statement = statement.where(_in_prefix(prefix))
    selective = _selective(wanted)
    network_id = _Reservation.network_id + 0 if selective else _Reservation.network_id
    if selective:
        # The sum keeps the search on the index of the labels or of the owners: in the order of the primary key, it may
        # read every row.
        statement = statement.order_by(None).order_by(network_id, _Reservation.address)
        statement = statement.where(*selective)
    if (wanted.node, wanted.container_id, wanted.mac) != (None, None, None):
        statement = statement.where(_attached(wanted))
    if after is not None:
        statement = statement.where(
            tuple_(network_id, _Reservation.address)
            > tuple_(literal(after[0]), cast(after[1], INET))
        )
    return rows(database, statement)


def get(
    database: Database, key: Key, *, namespaces: Collection[str] | None = None
) -> Record | None:
    """Return one reservation; None if it does not exist, or its owner is in none of `namespaces` (None: any)."""
    statement = select(_Reservation).where(_is_one_of([key]))
    if namespaces is not None:
        statement = statement.where(_Reservation.namespace.in_(namespaces))
    found = rows(database, statement)
    return found[0] if found else None


def several(
    database: Database, keys: Sequence[Key], *, namespaces: Collection[str] | None = None
) -> Sequence[Record]:
    """Return these reservations of owners of `namespaces` (None: of any), by network and address."""
    statement = select(_Reservation).where(_is_one_of(keys))
    if namespaces is not None:
        statement = statement.where(_Reservation.namespace.in_(namespaces))
    return rows(database, statement.order_by(_Reservation.network_id, _Reservation.address))


def attachments(database: Database, key: Key) -> Sequence[Record]:
    """Return the sandboxes that use a reservation, latest first."""
    statement = select(Attachment).where(
        Attachment.network_id == key[0], Attachment.address == cast(key[1], INET)
    )
    return rows(database, statement.order_by(Attachment.attached_at.desc()))


def reserve(
    database: Database, plan: ReservationPlan, actor: Actor, *, idempotency_key: str | None
) -> list[Key]:
    """Reserve the planned addresses, all or nothing.

    Errors: NotFound, PoolExhausted, AddressTaken, AddressOutsideRanges, QuotaExceeded, TryAgain.
    """
    holder = plan.holder
    parameters = {
        "actor": actor.name,
        "request_id": actor.request_id,
        "pool": plan.pool_id,
        "addresses": None if plan.addresses is None else list(plan.addresses),
        "count": plan.count,
        "kind": holder.kind,
        "cluster": holder.cluster,
        "namespace": holder.namespace,
        "name": holder.name,
        "interface": holder.interface,
        "ttl": plan.ttl,
        "description": plan.description,
        "labels": json.dumps(plan.labels),
        "force": plan.force,
        "key": idempotency_key,
    }
    made = database.change(RESERVE, parameters, actor=actor.name, request_id=actor.request_id)
    return [(network_id, address) for network_id, address in made]


def tenure(database: Database, key: Key) -> int | None:
    """Return the tenure id, which identifies this reservation of the address; None if it is not reserved."""
    found = database.call(TENURE, key)
    return int(found[0][0]) if found else None


def tenures(database: Database, keys: Sequence[Key]) -> dict[Key, int]:
    """Return the tenure ids of those addresses that are reserved, in the order of `keys`."""
    statement = select(Reservation.network_id, Reservation.address, Reservation.tenure_id).where(
        Reservation.network_id.in_({network_id for network_id, _ in keys}),
        Reservation.address == any_(cast([address for _, address in keys], ARRAY(INET))),
    )
    found = {(row.network_id, row.address): row.tenure_id for row in rows(database, statement)}
    return {key: found[key] for key in keys if key in found}


def release_several(
    database: Database, expected: Mapping[Key, int], actor: Actor, *, even_attached: bool
) -> None:
    """Release reservations, all or none, if their tenures are still the expected ones. Errors as `release`."""
    parameters = {
        "actor": actor.name,
        "request_id": actor.request_id,
        "networks": [network_id for network_id, _ in expected],
        "addresses": [address for _, address in expected],
        "tenures": list(expected.values()),
        "even_attached": even_attached,
    }
    database.change(RELEASE_SEVERAL, parameters, actor=actor.name, request_id=actor.request_id)


def label_several(
    database: Database,
    expected: Mapping[Key, int],
    actor: Actor,
    *,
    added: Mapping[str, str],
    removed: Sequence[str],
) -> None:
    """Add and remove labels of reservations, all or none, if their tenures are still the expected ones.

    Raises NotFound, Outdated.
    """
    parameters = {
        "actor": actor.name,
        "request_id": actor.request_id,
        "networks": [network_id for network_id, _ in expected],
        "addresses": [address for _, address in expected],
        "tenures": list(expected.values()),
        "added": json.dumps(dict(added)),
        "removed": list(removed),
    }
    database.change(LABEL_SEVERAL, parameters, actor=actor.name, request_id=actor.request_id)


def release(
    database: Database,
    key: Key,
    actor: Actor,
    *,
    even_attached: bool,
    expected: int | None = None,
) -> None:
    """Release one reservation. Raises NotFound, and InTheWay if a sandbox uses it, unless `even_attached`.

    Raises Outdated if its tenure is no longer `expected`.
    """
    parameters = (actor.name, actor.request_id, *key, even_attached, expected)
    database.change(RELEASE, parameters, actor=actor.name, request_id=actor.request_id)


def reassign(
    database: Database, key: Key, holder: Holder, actor: Actor, *, even_attached: bool
) -> None:
    """Give one reservation to another owner. Raises NotFound, InTheWay, QuotaExceeded."""
    network_id, address = key
    parameters = {
        "actor": actor.name,
        "request_id": actor.request_id,
        "network_id": network_id,
        "address": address,
        "kind": holder.kind,
        "cluster": holder.cluster,
        "namespace": holder.namespace,
        "name": holder.name,
        "interface": holder.interface,
        "even_attached": even_attached,
    }
    database.change(REASSIGN, parameters, actor=actor.name, request_id=actor.request_id)


def edit(
    database: Database,
    key: Key,
    actor: Actor,
    *,
    description: str | None,
    changes_ttl: bool,
    ttl: float | None,
    labels: dict[str, str] | None = None,
    label_changes: dict[str, str | None] | None = None,
) -> None:
    """Change a description and labels (None: as they are) and, with `changes_ttl`, the TTL in seconds (None: for ever).

    `label_changes` sets single labels, or removes them (None). Raises NotFound, and InTheWay for too many labels.
    """
    network_id, address = key
    parameters = {
        "actor": actor.name,
        "request_id": actor.request_id,
        "network_id": network_id,
        "address": address,
        "description": description,
        "changes_ttl": changes_ttl,
        "ttl": ttl,
        "labels": None if labels is None else json.dumps(labels),
        "label_changes": json.dumps(label_changes or {}),
    }
    database.change(EDIT, parameters, actor=actor.name, request_id=actor.request_id)


def _is_one_of(keys: Sequence[Key]) -> ColumnElement[bool]:
    # All addresses of a request are in the same network.
    networks = {network_id for network_id, _ in keys}
    return _Reservation.network_id.in_(networks) & _Reservation.address.in_(
        [cast(address, INET) for _, address in keys]
    )


def _selective(wanted: Search) -> list[ColumnElement[bool]]:
    """Return the conditions that an index meets which is not in the order of the search."""
    conditions: list[ColumnElement[bool]] = []
    if wanted.labels:
        conditions.append(_Reservation.labels.op("@>")(literal(wanted.labels, JSONB)))
    if wanted.namespaces is not None:
        conditions.append(_Reservation.namespace.in_(wanted.namespaces))
    return conditions


def _in_prefix(prefix: str) -> ColumnElement[bool]:
    network = IPNetwork(prefix)
    first = format_address(network[0])
    last = format_address(network[-1])
    return _Reservation.address.between(cast(first, INET), cast(last, INET))


def _attached(wanted: Search) -> ColumnElement[bool]:
    """Match through the attachments, which have indexes by node, by container id and by MAC address."""
    used = select(Attachment.network_id, Attachment.address)
    if wanted.node is not None:
        used = used.where(Attachment.node == wanted.node)
    if wanted.mac is not None:
        used = used.where(Attachment.mac == cast(wanted.mac, MACADDR))
    if wanted.container_id is not None:
        # The index begins with the cluster.
        cluster = (
            any_value_of(Attachment.cluster) if wanted.cluster is None else literal(wanted.cluster)
        )
        used = used.where(
            Attachment.cluster == cluster, Attachment.container_id == wanted.container_id
        )
    return tuple_(_Reservation.network_id, _Reservation.address).in_(used)
