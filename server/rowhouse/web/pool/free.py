"""The free runs of a pool, joined for display."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.store.connection.reads import Record
    from rowhouse.store.inventory.occupancy import Occupancy


def free_runs(parts: Sequence[Record], pool: Occupancy) -> list[tuple[str, str]]:
    """Return the free runs of a pool, first to last inclusive, with adjacent parts joined."""
    joined: list[tuple[int, int]] = []
    for part in parts:
        first, last = int(ip_address(part.first)), int(ip_address(part.last))
        if joined and joined[-1][1] + 1 == first:
            joined[-1] = (joined[-1][0], last)
        else:
            joined.append((first, last))
    kind = type(ip_address(pool.first))
    return [(str(kind(first)), str(kind(last))) for first, last in joined]
