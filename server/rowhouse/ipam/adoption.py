"""Calls that mean what was imported without the name of its interface, or without its node.

whereabouts before v0.8 kept no interfaces, and an export without pods knows no nodes. The first call of the pod or
the sandbox that can only mean such an address gives it what it lacks.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from rowhouse.store import takeover

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.requests import Owner, RangeRequest, Sandbox
    from rowhouse.store.database import Database
    from rowhouse.store.takeover import Ranges

_LOOK_EVERY: Final = 10.0
"""Seconds: so long an ADD may not know of an import that has just ended."""

_looks: WeakKeyDictionary[Database, tuple[float, bool]] = WeakKeyDictionary()


def adopt_owner(store: Database, owner: Owner, requests: Sequence[RangeRequest]) -> None:
    """Before an ADD: what its pod holds without an interface, in the pools of `requests`, becomes this one's.

    Costs a call only as long as any imported address has no interface.
    Raises TryAgain, NotReady.
    """
    looked, found = _looks.get(store, (-_LOOK_EVERY, False))
    if time.monotonic() - looked >= _LOOK_EVERY:
        _looks[store] = time.monotonic(), found  # one caller looks, the others go on
        found = takeover.has_unnamed(store)
        _looks[store] = time.monotonic(), found
    ranges = [(one.network, one.cidr) for one in requests if one.cidr]
    if found and ranges:
        networks, cidrs = zip(*ranges, strict=True)
        takeover.adopt_owner(
            store,
            owner.cluster,
            owner.namespace,
            owner.name,
            owner.interface,
            (list(networks), list(cidrs)),
        )


def adopt_sandbox(
    store: Database, sandbox: Sandbox, ranges: Ranges | None, *, only_node: str | None
) -> bool:
    """After a DEL or CHECK that found nothing: whether it means something now that it did not before.

    `ranges` are those of the call's configuration; None: it can not be read.
    Raises TryAgain, NotReady.
    """
    adopted = takeover.adopt_sandbox(
        store,
        sandbox.cluster,
        sandbox.container_id,
        sandbox.interface,
        node=sandbox.node,
        only_node=only_node,
        ranges=ranges,
    )
    return adopted > 0
