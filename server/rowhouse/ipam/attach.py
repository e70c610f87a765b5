"""ADD: reserve and attach."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rowhouse.domain.errors import PoolExhausted, RowhouseError
from rowhouse.ipam.adoption import adopt_owner
from rowhouse.store import allocator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.requests import Assigned, Owner, RangeRequest, Sandbox
    from rowhouse.store.database import Database


def attach(
    store: Database,
    owner: Owner,
    sandbox: Sandbox,
    requests: Sequence[RangeRequest],
    *,
    strict: bool = False,
) -> list[Assigned]:
    """One address of each range for a pod's interface, all or nothing, in the order of `requests`.

    Idempotent: what the owner holds already it gets again. `strict` gives an address that the pod holds
    in an overlapping range a second time, as upstream.
    Raises PoolExhausted, AddressTaken, AddressOutsideRanges, InvalidConfig, TryAgain, NotReady.
    """
    adopt_owner(store, owner, requests)
    try:
        return allocator.attach(store, owner, sandbox, requests, strict=strict)
    except allocator.RangeRefused as refused:
        raise _explained(refused.reason, requests[refused.ordinal], owner) from refused


def _explained(reason: RowhouseError, wanted: RangeRequest, owner: Owner) -> RowhouseError:
    """The refusal with the pool and the pod in it. Exhaustion begins as upstream's message does."""
    where = f'pool "{wanted.pool}"' if wanted.pool else f"range: {wanted.cidr}"
    network = f' of network "{wanted.network}"' if wanted.network else ""
    pod = f"pod {owner.namespace}/{owner.name}, interface {owner.interface}"
    if isinstance(reason, PoolExhausted):
        window = (
            f"ip: {wanted.segments[0][0]} / - {wanted.segments[-1][1]} / "
            if wanted.segments
            else ""
        )
        return PoolExhausted(
            f"error at storage engine: Could not allocate IP in range: {window}{where}{network}"
            f" ({reason.message}; {pod})",
            hint=reason.hint
            or "Widen the range, or release what is no longer used: see the view rowhouse.stale_reservations.",
        )
    return type(reason)(f"{reason.message} ({where}{network}; {pod})", hint=reason.hint)
