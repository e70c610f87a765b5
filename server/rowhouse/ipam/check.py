"""CHECK: the addresses of a sandbox."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.store.allocation import allocator

if TYPE_CHECKING:
    from rowhouse.domain.requests import Assigned, Sandbox
    from rowhouse.store.connection.database import Database


def reserved(store: Database, sandbox: Sandbox, *, only_node: str | None = None) -> list[Assigned]:
    """Return the addresses of a sandbox's interface; with `only_node`, only those on this node.

    Raises TryAgain, NotReady.
    """
    return allocator.reserved(store, sandbox, only_node=only_node)
