"""Reservations by hand: reserve, edit, release, reassign."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rowhouse.domain.errors import NotFound
from rowhouse.store.allocation import reservations

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from rowhouse.domain.administration import Actor, Holder, ReservationPlan
    from rowhouse.store.allocation.reservations import Key
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def reservation(store: Database, key: Key, *, namespaces: Collection[str] | None = None) -> Record:
    """Return a reservation of one of these namespaces (None: of any owner). Raises NotFound."""
    found = reservations.get(store, key, namespaces=namespaces)
    if found is None and namespaces is not None:
        raise NotFound(
            f"none of your namespaces holds address {key[1]} of network {key[0]}",
            hint="List what they hold: `rowhouse address list`, or the page Addresses.",
        )
    if found is None:
        raise NotFound(
            f"address {key[1]} of network {key[0]} is not reserved",
            hint="GET /api/v1/explain shows why an address can be assigned or not.",
        )
    return found


def reserve(
    store: Database,
    plan: ReservationPlan,
    actor: Actor,
    *,
    idempotency_key: str | None = None,
    reserved_before: str | None = None,
) -> Sequence[Record]:
    """Reserve all planned addresses or none; if the owner is a pod, it gets them with its ADD.

    `reserved_before` is the note of an interrupted request with this key: its addresses are the answer.
    Raises NotFound, PoolExhausted, AddressTaken, AddressOutsideRanges, QuotaExceeded, TryAgain, and InTheWay
    for a gateway, a network or a broadcast address, unless the plan says `force`.
    """
    if reserved_before is not None:
        keys: list[Key] = [(network, address) for network, address in json.loads(reserved_before)]
    else:
        keys = reservations.reserve(store, plan, actor, idempotency_key=idempotency_key)
    return reservations.several(store, keys)


def release(
    store: Database,
    key: Key,
    actor: Actor,
    *,
    even_attached: bool = False,
    expected: int | None = None,
) -> None:
    """Release a reservation. Raises NotFound, and InTheWay if a sandbox uses it, unless `even_attached`.

    `expected` is the tenure that the caller saw: Outdated if the address has another owner now.
    """
    reservations.release(store, key, actor, even_attached=even_attached, expected=expected)


def release_several(
    store: Database, expected: Mapping[Key, int], actor: Actor, *, even_attached: bool = False
) -> None:
    """Release reservations, all or none. `expected` has the tenures that the caller saw. Raises as `release`."""
    reservations.release_several(store, expected, actor, even_attached=even_attached)


def label_several(
    store: Database,
    expected: Mapping[Key, int],
    actor: Actor,
    *,
    added: Mapping[str, str],
    removed: Sequence[str],
) -> None:
    """Add labels to reservations and remove those with the keys `removed`, all or none.

    `expected` has the tenures that the caller saw. Raises NotFound, and Outdated if an address has another owner now.
    """
    reservations.label_several(store, expected, actor, added=added, removed=removed)


def reassign(
    store: Database, key: Key, holder: Holder, actor: Actor, *, even_attached: bool = False
) -> Record:
    """Reassign a reservation to another owner; the history shows both. It then stays until it is released.

    Raises NotFound, QuotaExceeded, and InTheWay if a sandbox uses it, unless `even_attached`: the sandbox's
    attachments then end, and its DEL changes nothing.
    """
    reservations.reassign(store, key, holder, actor, even_attached=even_attached)
    return reservation(store, key)


def edit(store: Database, key: Key, changes: Mapping[str, Any], actor: Actor) -> Record:
    """Change the `description`, the `labels` or the `ttl` (seconds; None: until it is released) of a reservation.

    `label_changes` sets single labels or removes them (None), and leaves the others.

    A TTL counts from now, or from the end of the last attachment. A changed TTL makes it a manual reservation, which
    stays after the DEL of its sandbox. Raises NotFound.
    """
    reservations.edit(
        store,
        key,
        actor,
        description=changes.get("description"),
        changes_ttl="ttl" in changes,
        ttl=changes.get("ttl"),
        labels=changes.get("labels"),
        label_changes=changes.get("label_changes"),
    )
    return reservation(store, key)
