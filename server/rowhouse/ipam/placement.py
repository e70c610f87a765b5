"""Where a pod really runs: what decides between two nodes that call for the same pod.

A node's token proves the node and nothing else; which pod the call is for is the node's own word. So where a call
would touch what another node has, or what no node is known of, the cluster itself is asked.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import structlog

from rowhouse.domain.errors import TryAgain

if TYPE_CHECKING:
    from collections.abc import Mapping

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedPod:
    """A pod as its cluster knows it.

    `node` is `spec.nodeName`, "" before it is scheduled. `uids` holds its own and, for a static pod, the one that the
    kubelet gave it. `addresses` maps an interface to its addresses, where the pod's network status tells them.
    """

    node: str
    uids: tuple[str, ...]
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class PodPlacement(Protocol):
    """What can say where a pod runs."""

    def find(self, cluster: str, namespace: str, pod: str) -> PlacedPod | None:
        """The pod as its cluster knows it now; None: it has no such pod. Raises TryAgain if it cannot be asked."""


def placed_on(
    source: PodPlacement | None,
    *,
    cluster: str,
    namespace: str,
    pod: str,
    uid: str | None,
    node: str,
) -> PlacedPod | None:
    """The pod, if its cluster says that it runs on `node`; None if not, or if it cannot be asked.

    A `uid` must be one of the pod's: another pod of the same name proves nothing.
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
