"""DEL: detach, and release addresses that are no longer used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.store.allocation import allocator

if TYPE_CHECKING:
    from rowhouse.domain.requests import Sandbox
    from rowhouse.store.allocation.allocator import Detached
    from rowhouse.store.connection.database import Database


def detach(
    store: Database, sandbox: Sandbox, *, reason: str = "DEL", only_node: str | None = None
) -> list[Detached]:
    """End a sandbox's attachments, identified by (cluster, container id, interface) only.

    The end of the last attachment of a reservation releases it, unless its owner is sticky. If there is
    nothing to do, that is success. `reason` goes into the history. With `only_node`, attachments of other nodes
    stay as they are, and that is success as well. Raises TryAgain, NotReady.
    """
    return allocator.detach(store, sandbox, reason=reason, only_node=only_node)
