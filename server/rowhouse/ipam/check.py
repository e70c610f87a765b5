"""CHECK: what a sandbox holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.store.allocation import allocator

if TYPE_CHECKING:
    from rowhouse.domain.requests import Assigned, Sandbox
    from rowhouse.store.connection.database import Database


def reserved(store: Database, sandbox: Sandbox, *, only_node: str | None = None) -> list[Assigned]:
    """The addresses that a sandbox's interface uses; empty if it has none, on `only_node` if that is given.

    Raises TryAgain, NotReady.
    """
    return allocator.reserved(store, sandbox, only_node=only_node)
