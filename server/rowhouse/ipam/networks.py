"""Networks: read them, and delete empty ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.ipam.missing import missing
from rowhouse.store.inventory import networks

if TYPE_CHECKING:
    from rowhouse.domain.administration import Actor
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def network(store: Database, network_id: int) -> Record:
    """Return a network. Raises NotFound."""
    found = networks.get(store, network_id)
    if found is None:
        raise missing("network", network_id)
    return found


def delete_network(store: Database, network_id: int, actor: Actor) -> None:
    """Delete a network. Raises NotFound, and InTheWay if it has pools or exclusions."""
    if not networks.delete(store, network_id, actor):
        raise missing("network", network_id)
