"""ADD: reserve and attach."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from rowhouse.domain.errors import (
    AttachedElsewhere,
    InvalidConfig,
    IsolatedPool,
    PoolExhausted,
    RowhouseError,
    UnconfirmedObject,
)
from rowhouse.ipam.adoption import adopt_owner
from rowhouse.ipam.lasting_owners import confirmed
from rowhouse.ipam.placement import placed_on
from rowhouse.store.allocation import allocator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.requests import Assigned, Owner, RangeRequest, Sandbox
    from rowhouse.ipam.adoption import UnnamedImports
    from rowhouse.ipam.placement import PodPlacement
    from rowhouse.store.allocation.allocator import Placement
    from rowhouse.store.connection.database import Database


def attach(
    store: Database,
    owner: Owner,
    sandbox: Sandbox,
    requests: Sequence[RangeRequest],
    *,
    strict: bool = False,
    bound_node: str | None = None,
    pods: PodPlacement | None = None,
    unnamed: UnnamedImports | None = None,
) -> list[Assigned]:
    """Attach one address of each range to a pod's interface, all or nothing, in the order of `requests`.

    Idempotent: the owner gets addresses again that it already holds. With `strict`, an address that the pod holds
    in an overlapping range is returned a second time, as upstream. `bound_node` is the node that the caller's token
    is bound to (None: any): attachments of another node change only if `pods` confirms that the pod runs on this
    one. `unnamed` saves a lookup of imported addresses without an interface.
    Raises PoolExhausted, AddressTaken, AddressOutsideRanges, InvalidConfig, NotAllowed, TryAgain, NotReady.
    """
    if owner.lasting is None:
        adopt_owner(store, owner, requests, unnamed=unnamed, bound_node=bound_node, pods=pods)
    # The pod was read from its cluster to find the object that keeps its address.
    is_placed = owner.lasting is not None and owner.lasting.object_kind != ""
    placement: Placement = "join" if is_placed else "ask"
    joined: set[int] = set()
    while True:
        try:
            return allocator.attach(
                store,
                owner,
                sandbox,
                requests,
                strict=strict,
                bound_node=bound_node,
                placement=placement,
            )
        except UnconfirmedObject:
            if pods is None:
                raise
            owner = confirmed(owner, sandbox.network_name, pods)
        except allocator.RangeRefused as refused:
            wanted = requests[refused.ordinal]
            if isinstance(refused.reason, AttachedElsewhere) and placement == "ask":
                placement = "join" if _runs_on(pods, owner, bound_node) else "avoid"
            elif isinstance(refused.reason, IsolatedPool) and refused.ordinal not in joined:
                joined.add(refused.ordinal)
                try:
                    allocator.join_shared_space(store, wanted)
                except InvalidConfig as clash:
                    raise _explained(clash, wanted, owner) from refused
            else:
                raise _explained(refused.reason, wanted, owner) from refused


def _runs_on(pods: PodPlacement | None, owner: Owner, node: str | None) -> bool:
    placed = placed_on(
        pods,
        cluster=owner.cluster,
        namespace=owner.namespace,
        pod=owner.name,
        uid=owner.uid,
        node=node or "",
    )
    return placed is not None


def _explained(reason: RowhouseError, wanted: RangeRequest, owner: Owner) -> RowhouseError:
    """Add the pool and the pod to the error. The message about exhaustion begins like upstream's."""
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
            or "Widen the range, or release unused addresses: see the view rowhouse.stale_reservations.",
        )
    about = f" ({where}{network}; {pod})"
    explained = type(reason)(reason.message + about, hint=reason.hint)
    if reason.held is not None:
        explained.held = replace(reason.held, message=reason.held.message + about)
        if not reason.held.is_within(owner.cluster, owner.namespace):
            explained.public = explained.held.message
    return explained
