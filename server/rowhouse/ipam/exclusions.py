"""Create and end exclusions of addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.ipam.missing import missing
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
        raise missing("exclusion", exclusion_id)
    return found


def exclude(store: Database, plan: ExclusionPlan, actor: Actor, *, force: bool = False) -> Record:
    """Exclude addresses. Those in use are excluded once released.

    Raises NotFound (network), InTheWay (some of them are already excluded, or, without `force`, used by running
    sandboxes).
    """
    made = exclude_several(
        store,
        plan.network_id,
        [(plan.first, plan.last)],
        actor,
        reason=plan.reason,
        requests_only=plan.requests_only,
        name=plan.name,
        force=force,
    )
    # Counted afterwards, to include allocations that were running when it was created.
    return exclusion(store, made[0])


def exclude_several(
    store: Database,
    network_id: int,
    runs: Sequence[Run],
    actor: Actor,
    *,
    reason: str = "",
    requests_only: bool = False,
    name: str | None = None,
    force: bool = False,
) -> list[int]:
    """Exclude runs of addresses, all or none, and return the ids of the exclusions. Raises as `exclude`."""
    made = exclusions.create(
        store, network_id, runs, reason, actor, requests_only=requests_only, name=name, force=force
    )
    if not made:
        raise missing("network", network_id)
    return made


def end_exclusion(store: Database, exclusion_id: int, actor: Actor) -> None:
    """End an exclusion: its addresses can be assigned again. Raises NotFound."""
    if not exclusions.delete(store, exclusion_id, actor):
        raise missing("exclusion", exclusion_id)
