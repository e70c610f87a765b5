"""The objects whose pages the user may open: a team, only those that its namespaces hold or use now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from flask import url_for

from rowhouse.auth.caller import namespaces_seen
from rowhouse.store.allocation import reservations
from rowhouse.store.inventory import pools
from rowhouse.web.database import store

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from rowhouse.store.allocation.reservations import Key

_MAX_POOLS: Final = 10_000


def open_addresses(keys: Collection[Key]) -> Collection[Key]:
    """Return those of these addresses whose page the user may open; for a team, in one statement."""
    seen = namespaces_seen()
    if seen is None or not keys:
        return keys
    found = reservations.several(store(), [*keys], namespaces=seen)
    return {(row.network_id, row.address) for row in found}


def pool_links() -> Callable[[int | None], str]:
    """Return a function that returns the path of a pool's page by its id.

    It is "" for None, and for a pool that a team does not use. For a team, this reads its pools.
    """
    seen = namespaces_seen()
    used: Collection[int] | None = None
    if seen is not None:
        found = pools.search(store(), pools.Search(namespaces=seen), after=0, limit=_MAX_POOLS)
        used = {row.id for row in found}

    def path(pool_id: int | None) -> str:
        if pool_id is None or (used is not None and pool_id not in used):
            return ""
        return url_for("web.pool", pool_id=pool_id)

    return path
