"""Create and end exclusions of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import NotFound
from rowhouse.store.inventory import exclusions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.administration import Actor, ExclusionPlan
    from rowhouse.domain.runs import Run
    from rowhouse.store.connection.database import Database
    from rowhouse.store.connection.reads import Record


def exclusion(store: Database, exclusion_id: int) -> Record:
    """Return an exclusion, with the number of its addresses in use. Raises NotFound."""
    found = exclusions.get(store, exclusion_id)
    if found is None:
        raise _missing(exclusion_id)
    return found


def exclude(store: Database, plan: ExclusionPlan, actor: Actor, *, force: bool = False) -> Record:
    """Exclude addresses. Those in use are excluded once released.

    Raises NotFound (network), InTheWay (some of them are already excluded, or, without `force`, used by running
    sandboxes).
    """
    made = exclusions.create(store, plan, actor, force=force)
    if made is None:
        raise NotFound(
            f"there is no network {plan.network_id}", hint="GET /api/v1/networks lists them."
        )
    # Counted afterwards, to include allocations that were running when it was created.
    return exclusion(store, made)


def exclude_several(
    store: Database,
    network_id: int,
    runs: Sequence[Run],
    actor: Actor,
    *,
    reason: str = "",
    force: bool = False,
) -> None:
    """Exclude runs of addresses, all or none. Raises as `exclude`."""
    if not exclusions.create_several(store, network_id, runs, reason, actor, force=force):
        raise NotFound(f"there is no network {network_id}", hint="GET /api/v1/networks lists them.")


def end_exclusion(store: Database, exclusion_id: int, actor: Actor) -> None:
    """End an exclusion: its addresses can be assigned again. Raises NotFound."""
    if not exclusions.delete(store, exclusion_id, actor):
        raise _missing(exclusion_id)


def _missing(exclusion_id: int) -> NotFound:
    return NotFound(
        f"there is no exclusion {exclusion_id}", hint="GET /api/v1/exclusions lists them."
    )
