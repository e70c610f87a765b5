"""Comments on addresses and pools: write, remove."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import NotAllowed, NotFound
from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import comments

if TYPE_CHECKING:
    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def comment(store: Database, comment_id: int) -> Record:
    """Return a comment. Raises NotFound."""
    found = comments.get(store, comment_id)
    if found is None:
        raise missing("comment", comment_id)
    return found


def write(
    store: Database,
    text: str,
    actor: Actor,
    *,
    network_id: int | None = None,
    address: str | None = None,
    pool_id: int | None = None,
) -> Record:
    """Comment on an address of a network, or on a pool. It stays when the reservation of the address ends.

    Raises NotFound: no pool of the network has the address, or there is no such pool.
    """
    made = comments.create(
        store, text, actor, network_id=network_id, address=address, pool_id=pool_id
    )
    if made is None:
        if address is None:
            raise missing("pool", pool_id or 0)
        raise NotFound(
            f"no pool of this network contains {address}", hint="GET /api/v1/pools lists the pools."
        )
    return comment(store, made)


def remove(store: Database, comment_id: int, actor: Actor, *, is_admin: bool) -> None:
    """Remove a comment of one's own, or as an administrator any. Raises NotFound, NotAllowed."""
    found = comment(store, comment_id)
    if not is_admin and found.author != actor.name:
        raise NotAllowed(
            f'"{actor.name}" may not remove a comment of "{found.author}"',
            hint="Its author or an administrator can.",
        )
    if not comments.delete(store, comment_id, actor):
        raise missing("comment", comment_id)
