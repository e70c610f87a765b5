"""DEL: detach, and release what nobody uses any more."""

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
    """Ends a sandbox's attachments by (cluster, container id, interface) alone.

    The last attachment of a reservation releases it, unless its owner is sticky. Nothing to do is
    success. `reason` goes into the history. With `only_node` an attachment of another node stays as it
    is, and that is success as well. Raises TryAgain, NotReady.
    """
    return allocator.detach(store, sandbox, reason=reason, only_node=only_node)
