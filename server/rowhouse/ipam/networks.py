"""Networks: read, and remove when empty."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import NotFound
from rowhouse.store.inventory import networks

if TYPE_CHECKING:
    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def network(store: Database, network_id: int) -> Record:
    """One network. Raises NotFound."""
    found = networks.get(store, network_id)
    if found is None:
        raise _missing(network_id)
    return found


def delete_network(store: Database, network_id: int, actor: Actor) -> None:
    """Removes a network. Raises NotFound, and InTheWay while it has pools or exclusions."""
    if not networks.delete(store, network_id, actor):
        raise _missing(network_id)


def _missing(network_id: int) -> NotFound:
    return NotFound(f"there is no network {network_id}", hint="GET /api/v1/networks lists them.")
