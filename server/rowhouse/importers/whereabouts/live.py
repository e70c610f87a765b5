"""Read objects from a live cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lightkube.resources.core_v1 import Pod

from rowhouse.domain.errors import NotFound
from rowhouse.importers.whereabouts.objects import LivePod, Objects, interfaces_of
from rowhouse.k8s.failures import ERRORS, explain, failure_of
from rowhouse.k8s.whereabouts.resources import IPPool, NodeSlicePool, OverlappingRangeIPReservation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lightkube import Client

_PAGE: Final = 500
_POOLS_PAGE: Final = 50  # each may be larger than a megabyte


_RIGHTS: Final = (
    "The account must be allowed to list pods and whereabouts' kinds. The controller's account is not. Use your own"
    " kubeconfig, files that kubectl wrote, or the chart's Job (import.whereabouts.enabled)."
)


def read_cluster(client: Client, namespace: str | None) -> Objects:
    """Read the pods of a cluster, and whereabouts' objects of one namespace, or (None) of all.

    Pools are read first and pods last, so that every allocation in use has its pod. Raises TryAgain if a list is
    incomplete, NotFound if the cluster does not have these kinds.
    """
    objects = Objects(pods={})
    place = namespace or "*"
    for kind, name, into, page in (
        (IPPool, "IPPool", objects.pools, _POOLS_PAGE),
        (
            OverlappingRangeIPReservation,
            "OverlappingRangeIPReservation",
            objects.reservations,
            _PAGE,
        ),
        (NodeSlicePool, "NodeSlicePool", objects.slice_pools, _POOLS_PAGE),
    ):
        into.extend(_list(client, kind, name, place, page))
    try:
        for pod in client.list(Pod, namespace="*", chunk_size=_PAGE):
            metadata, spec = pod.metadata, pod.spec
            if metadata is None:
                continue
            objects.add_pod(
                metadata.namespace or "",
                metadata.name or "",
                LivePod(
                    uid=metadata.uid or "",
                    node=(spec.nodeName if spec else None) or "",
                    interfaces=interfaces_of(metadata.annotations or {}),
                ),
            )
    except ERRORS as error:
        raise explain(error, "a list of all pods", rights=_RIGHTS) from error
    return objects


def _list(
    client: Client, kind: Any, name: str, namespace: str, page: int
) -> Iterator[dict[str, Any]]:
    try:
        for obj in client.list(kind, namespace=namespace, chunk_size=page):
            metadata = obj.metadata
            yield {
                "kind": name,
                # Without the managed fields, which are more than half of a pool.
                "metadata": {
                    "name": metadata.name,
                    "namespace": metadata.namespace,
                    "annotations": metadata.annotations,
                    "ownerReferences": [
                        {"kind": owner.kind, "name": owner.name}
                        for owner in metadata.ownerReferences or ()
                    ],
                },
                "spec": obj.get("spec"),
                "status": obj.get("status"),
            }
    except ERRORS as error:
        if failure_of(error).is_unknown_kind and name == "NodeSlicePool":
            return  # whereabouts before v0.8 has none
        if failure_of(error).is_unknown_kind:
            raise NotFound(
                f"the cluster does not serve the kind {name}",
                hint="Check that this is the right cluster: whereabouts' CRDs were never installed, or are gone.",
            ) from error
        raise explain(error, f"a list of all objects of the kind {name}", rights=_RIGHTS) from error
