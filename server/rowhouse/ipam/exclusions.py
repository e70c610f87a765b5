"""Addresses kept out of use: make and end exclusions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import NotFound
from rowhouse.store.inventory import exclusions

if TYPE_CHECKING:
    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def exclusion(store: Database, exclusion_id: int) -> Record:
    """One exclusion, with how many of its addresses are in use. Raises NotFound."""
    found = exclusions.get(store, exclusion_id)
    if found is None:
        raise _missing(exclusion_id)
    return found


def exclude(
    store: Database,
    network_id: int,
    first: str,
    last: str,
    actor: Actor,
    *,
    reason: str = "",
    force: bool = False,
) -> Record:
    """Keeps the addresses from `first` to `last` out of use; those in use go out of it when released.

    Raises NotFound (network), InTheWay (part of them is kept out of use already, or running sandboxes use
    some of them: unless `force`).
    """
    made = exclusions.create(store, network_id, first, last, reason, actor, force=force)
    if made is None:
        raise NotFound(f"there is no network {network_id}", hint="GET /api/v1/networks lists them.")
    # Counted afterwards: allocations that were under way when it was made are in.
    return exclusion(store, made)


def end_exclusion(store: Database, exclusion_id: int, actor: Actor) -> None:
    """Gives the addresses of an exclusion out again. Raises NotFound."""
    if not exclusions.delete(store, exclusion_id, actor):
        raise _missing(exclusion_id)


def _missing(exclusion_id: int) -> NotFound:
    return NotFound(
        f"there is no exclusion {exclusion_id}", hint="GET /api/v1/exclusions lists them."
    )
