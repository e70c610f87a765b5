"""CHECK: what a sandbox holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.store import allocator

if TYPE_CHECKING:
    from rowhouse.domain.requests import Assigned, Sandbox
    from rowhouse.store.database import Database


def reserved(store: Database, sandbox: Sandbox) -> list[Assigned]:
    """The addresses that a sandbox's interface uses; empty if it has none. Raises TryAgain, NotReady."""
    return allocator.reserved(store, sandbox)
