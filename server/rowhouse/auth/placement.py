"""Where pods run, as the API servers of the trusted clusters say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rowhouse.auth.fetch import fetch, status_of
from rowhouse.domain.errors import TryAgain
from rowhouse.domain.liveness import STATIC_POD_UIDS
from rowhouse.domain.network_status import attached_interfaces
from rowhouse.ipam.placement import PlacedPod

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowhouse.auth.clusters import TrustedCluster

_NOT_FOUND: Final = 404


class ApiServerPods:
    """Asks the API server of a pod's cluster (`rowhouse.ipam.placement.PodPlacement`).

    One GET for each question, so it is asked only where two nodes call for the same pod.
    """

    def __init__(self, clusters: Iterable[TrustedCluster]) -> None:
        self._clusters = {one.cluster: one for one in clusters if one.verify_placement}

    def __bool__(self) -> bool:
        """Whether any cluster may be asked."""
        return bool(self._clusters)

    def find(self, cluster: str, namespace: str, pod: str) -> PlacedPod | None:
        """The pod as its cluster knows it now; None: it has no such pod.

        Errors: TryAgain when it cannot be asked, or is not to be asked.
        """
        trusted = self._clusters.get(cluster)
        if trusted is None:
            raise TryAgain(
                f'the API server of cluster "{cluster}" is not to be asked about pods',
                hint="Set ROWHOUSE_VERIFY_PLACEMENT, or verify_placement of the cluster.",
            )
        path = f"/api/v1/namespaces/{quote(namespace, safe='')}/pods/{quote(pod, safe='')}"
        try:
            found = fetch(
                trusted.api_server + path,
                ca_file=trusted.ca_file,
                token_file=trusted.token_file,
                needs="to get pods (the chart's kubernetes.verifyPlacement)",
            )
        except TryAgain as error:
            if status_of(error) == _NOT_FOUND:
                return None
            raise
        return _placed(found)


def _placed(pod: Any) -> PlacedPod:
    try:
        metadata = pod["metadata"]
        annotations = metadata.get("annotations") or {}
        static = [annotations[key] for key in STATIC_POD_UIDS if key in annotations]
        return PlacedPod(
            node=str(pod["spec"].get("nodeName") or ""),
            uids=(str(metadata["uid"]), *map(str, static)),
            addresses=_addresses(annotations),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise TryAgain("the API server's answer is no Pod") from error


def _addresses(annotations: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Interface to addresses, from multus' network status; empty if there is none that can be read."""
    try:
        attached = attached_interfaces(annotations)
    except ValueError:
        return {}
    return {one.interface: one.addresses for one in attached if one.interface}
