"""Where a pod really runs, to decide between two nodes that call for the same pod.

A node's token proves only the node; the node itself states which pod the call is for. So before a call changes an
attachment of another or an unknown node, the server asks the cluster.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rowhouse.domain.claims import ClaimSpec
    from rowhouse.domain.lasting_owners import PodFacts

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPod:
    """A pod as its cluster knows it.

    `node` is `spec.nodeName`, "" before it is scheduled. `uids` has its own and, for a static pod, the kubelet's.
    `addresses` maps interfaces to their addresses, if the pod's network status has them. `facts` is what the pod says
    about its owners. `is_observed`: it comes from a watch.
    """

    node: str
    uids: tuple[str, ...]
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    facts: PodFacts | None = None
    is_observed: bool = False


class PodPlacement(Protocol):
    """Looks up where pods run."""

    def find(self, cluster: str, namespace: str, pod: str) -> PlacedPod | None:
        """Return the pod as its cluster knows it; None if it has no such pod. Raises TryAgain if it cannot be asked."""

    def find_for_owner(
        self, cluster: str, namespace: str, pod: str, uid: str | None
    ) -> PlacedPod | None:
        """Return the pod to find the owner of its address; it may come from a watch if its `uid` is known.

        `addresses` may be empty. Raises TryAgain.
        """

    def claim(
        self, cluster: str, namespace: str, name: str, *, is_fresh: bool = False
    ) -> ClaimSpec | None:
        """Return what an IPAMClaim asks for; None if there is no such claim. Raises TryAgain.

        With `is_fresh`, it is what the API server says now; else it may come from a watch, which may be late.
        """


def placed_on(
    source: PodPlacement | None,
    *,
    cluster: str,
    namespace: str,
    pod: str,
    uid: str | None,
    node: str,
) -> PlacedPod | None:
    """Return the pod if its cluster says that it runs on `node`; None if not, or if the cluster cannot be asked.

    A `uid` must be one of the pod's: another pod with the same name proves nothing.
    """
    if source is None or not pod:
        return None
    try:
        found = source.find(cluster, namespace, pod)
    except TryAgain as error:
        _log.warning("placement_not_verified", pod=f"{namespace}/{pod}", reason=error.message)
        return None
    if found is None or found.node != node or (uid is not None and uid not in found.uids):
        return None
    return found
