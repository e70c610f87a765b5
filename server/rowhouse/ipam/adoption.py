"""Complete imported addresses whose interface or node is unknown.

whereabouts before v0.8 stored no interfaces, and an export without pods has no nodes. The first call of the pod or
sandbox that can only refer to such an address adds the missing data.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from rowhouse.domain.errors import RowhouseError
from rowhouse.ipam.placement import placed_on
from rowhouse.store.allocation import importing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.requests import Assigned, Owner, PodIdentity, RangeRequest, Sandbox
    from rowhouse.ipam.placement import PodPlacement
    from rowhouse.store.allocation.importing import Ranges
    from rowhouse.store.connection.database import Database

_MAX_AGE_SECONDS: Final = 10.0
"""How long an ADD may miss an import that has just finished."""


class UnnamedImports:
    """Caches whether any imported address still has no interface. Safe to share between threads."""

    def __init__(self, store: Database, *, max_age_seconds: float = _MAX_AGE_SECONDS) -> None:
        self._store = store
        self._max_age_seconds = max_age_seconds
        self._lock = threading.Lock()
        self._exist = True  # until the first lookup; at worst, an ADD before that asks in vain
        self._valid_until = time.monotonic()

    def exist(self) -> bool:
        """Return the cached answer, or look it up if it is too old. Raises TryAgain, NotReady."""
        with self._lock:
            now = time.monotonic()
            if now < self._valid_until:
                return self._exist
            # One caller looks it up; the others use the cached answer.
            self._valid_until = now + self._max_age_seconds
        try:
            found = importing.has_unnamed(self._store)
        except RowhouseError:
            with self._lock:
                self._valid_until = time.monotonic()
            raise
        with self._lock:
            self._exist = found
            self._valid_until = time.monotonic() + self._max_age_seconds
        return found


def adopt_owner(
    store: Database,
    owner: Owner,
    requests: Sequence[RangeRequest],
    *,
    unnamed: UnnamedImports | None = None,
    bound_node: str | None = None,
    pods: PodPlacement | None = None,
) -> None:
    """Before an ADD: assign the pod's addresses without an interface, in the pools of `requests`, to this interface.

    This costs a database call only while any imported address has no interface, plus one without `unnamed`. If
    `pods` knows the addresses of the interface, only those change. A caller that is bound to a node changes nothing
    of another node.
    Raises TryAgain, NotReady.
    """
    ranges = [(one.network, one.cidr) for one in requests if one.cidr]
    if ranges and (unnamed or UnnamedImports(store)).exist():
        networks, cidrs = zip(*ranges, strict=True)
        where = list(networks), list(cidrs)
        can_ask = pods is not None and bound_node is not None
        if importing.adopt_owner(store, owner, where, only_node=bound_node, can_ask=can_ask) >= 0:
            return
        placed = placed_on(
            pods,
            cluster=owner.cluster,
            namespace=owner.namespace,
            pod=owner.name,
            uid=owner.uid,
            node=bound_node or "",
        )
        importing.adopt_owner(
            store,
            owner,
            where,
            only_node=bound_node,
            is_verified=placed is not None,
            known=placed.addresses.get(owner.interface) if placed is not None else None,
        )


def adopt_sandbox(
    store: Database,
    sandbox: Sandbox,
    pod: PodIdentity,
    ranges: Ranges | None,
    *,
    only_node: str | None,
    pods: PodPlacement | None = None,
) -> bool:
    """After a DEL that found nothing: whether it now matches an imported attachment.

    `ranges` are those of the call's configuration; None: it cannot be read. An attachment whose node is not
    known is that of a node-bound caller (`only_node`) only if `pods` says that the pod runs there.
    Raises TryAgain, NotReady.
    """
    adopted = importing.adopt_sandbox(store, sandbox, pod, only_node=only_node, ranges=ranges)
    if adopted < 0 and _is_placed(pods, sandbox, pod):
        adopted = importing.adopt_sandbox(
            store, sandbox, pod, only_node=only_node, ranges=ranges, is_verified=True
        )
    return adopted > 0


def imported(
    store: Database,
    sandbox: Sandbox,
    pod: PodIdentity,
    ranges: Ranges | None,
    *,
    only_node: str | None,
    pods: PodPlacement | None = None,
) -> list[Assigned]:
    """Return what `adopt_sandbox` would find, for a CHECK, which changes nothing. Raises TryAgain, NotReady."""
    found = importing.imported_sandbox(store, sandbox, pod, only_node=only_node, ranges=ranges)
    if not found and only_node is not None and pods is not None:
        unverified = importing.imported_sandbox(
            store, sandbox, pod, only_node=only_node, ranges=ranges, is_verified=True
        )
        if unverified and _is_placed(pods, sandbox, pod):
            return unverified
    return found


def _is_placed(pods: PodPlacement | None, sandbox: Sandbox, pod: PodIdentity) -> bool:
    placed = placed_on(
        pods,
        cluster=sandbox.cluster,
        namespace=pod.namespace,
        pod=pod.name,
        uid=pod.uid,
        node=sandbox.node,
    )
    return placed is not None
