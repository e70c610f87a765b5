"""Reservations: search, reserve, edit, release, reassign.

The filters of the search are `ReservationQuery` (reservation_documents.py) and `Search` of
store/allocation/reservations.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import TypeAdapter

from rowhouse.api import paging
from rowhouse.api.calls import Reply
from rowhouse.api.fields import Address
from rowhouse.api.reservation_documents import (
    Reservation,
    ReservationDetail,
    ReservationPage,
    Reserved,
    limited,
)
from rowhouse.domain.addresses import (
    AddressSyntaxError,
    MappedAddressError,
    format_address,
    parse_address,
)
from rowhouse.domain.errors import InvalidRequest
from rowhouse.ipam import pools, reservations
from rowhouse.store.allocation import reservations as rows

if TYPE_CHECKING:
    from rowhouse.api.calls import Call
    from rowhouse.api.reservation_documents import (
        NewReservations,
        Reassignment,
        ReleaseQuery,
        ReservationChange,
        ReservationQuery,
    )

_KEY: TypeAdapter[tuple[int, str]] = TypeAdapter(tuple[int, Address])


def list_reservations(call: Call, query: ReservationQuery) -> Reply:
    """Search reservations."""
    found = rows.search(
        call.store,
        _search(call, query),
        after=paging.key_of(query, _KEY),
        limit=query.limit + 1,
    )
    return Reply(
        document=paging.page(
            ReservationPage,
            query,
            found,
            item=Reservation.of,
            key=lambda row: (row.network_id, row.address),
        )
    )


def reserve_addresses(call: Call, body: NewReservations) -> Reply:
    """Reserve given addresses, or the lowest free ones: all of them or none."""
    limited(body, call.bulk_limit)
    made = reservations.reserve(
        call.store,
        body.plan(),
        call.actor,
        idempotency_key=call.idempotency_key,
        reserved_before=call.noted,
    )
    return Reply(document=Reserved(items=[Reservation.of(row) for row in made]))


def get_reservation(call: Call, network_id: int, address: str) -> Reply:
    """Show a reservation and the sandboxes that use it."""
    key = _key(network_id, address)
    row = reservations.reservation(call.store, key, namespaces=call.namespaces)
    attached = rows.attachments(call.store, key)
    return Reply(document=ReservationDetail.detailed(row, attached))


def release_address(call: Call, network_id: int, address: str, query: ReleaseQuery) -> Reply:
    """Release a reservation."""
    reservations.release(
        call.store, _key(network_id, address), call.actor, even_attached=query.force
    )
    return Reply(document=None)


def change_reservation(call: Call, network_id: int, address: str, body: ReservationChange) -> Reply:
    """Change the description or the labels of a reservation, or how long it stays without a sandbox."""
    changes = body.model_dump(exclude_unset=True)
    row = reservations.edit(call.store, _key(network_id, address), changes, call.actor)
    return Reply(document=Reservation.of(row))


def reassign_address(call: Call, network_id: int, address: str, body: Reassignment) -> Reply:
    """Give a reservation to another owner."""
    row = reservations.reassign(
        call.store,
        _key(network_id, address),
        body.owner.holder(),
        call.actor,
        even_attached=body.force,
    )
    return Reply(document=Reservation.of(row))


def _key(network_id: int, address: str) -> rows.Key:
    try:
        return network_id, format_address(parse_address(address))
    except (AddressSyntaxError, MappedAddressError) as error:
        raise InvalidRequest(str(error), errors=[("/path/address", str(error))]) from None


def _search(call: Call, query: ReservationQuery) -> rows.Search:
    """Add the network and addresses of the pool to the filters, because the index needs them."""
    conditions = query.model_dump(exclude={"limit", "cursor", "label", "pool"})
    key, _, value = (query.label or "").partition("=")
    conditions["labels"] = {key: value} if key else {}
    conditions["namespaces"] = call.namespaces
    if query.pool is not None:
        pool = pools.pool_of(call.store, query.pool, query.network, namespaces=call.namespaces)
        conditions["pool_id"] = pool.id
        conditions["network_id"] = query.network_id or pool.network_id
        conditions["within"] = pool.cidr
    return rows.Search(**conditions)
