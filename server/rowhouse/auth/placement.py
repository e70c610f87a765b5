"""Where pods run, according to the API servers of the trusted clusters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from rowhouse.auth import owner_kinds
from rowhouse.auth.fetch import fetch, is_absence_of, status_of
from rowhouse.auth.observed import Observed
from rowhouse.domain import claims
from rowhouse.domain.errors import TryAgain
from rowhouse.domain.lasting_owners import PodFacts
from rowhouse.domain.liveness import STATIC_POD_UIDS
from rowhouse.domain.network_status import attached_interfaces
from rowhouse.ipam.placement import PlacedPod
from rowhouse.metrics import OWNER_LOOKUPS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowhouse.auth.clusters import TrustedCluster
    from rowhouse.domain.claims import ClaimSpec

_NOT_FOUND: Final = 404
_WATCH: Final = "watch"
_REQUEST: Final = "request"


class ApiServerPods:
    """Asks the API server of a pod's cluster (`rowhouse.ipam.placement.PodPlacement`).

    Where a pod runs is one GET, asked if two nodes call for the same pod. For networks whose addresses outlive the pod,
    a watch keeps pods and claims from the first question on, and a GET reads what it does not know.
    """

    def __init__(self, clusters: Iterable[TrustedCluster]) -> None:
        self._clusters = {one.cluster: one for one in clusters if one.verify_placement}
        self._served: dict[str, str] = {}
        self._pods = {name: Observed(owner_kinds.PODS, one) for name, one in self._clusters.items()}
        self._claims = {
            name: Observed(owner_kinds.CLAIMS, one) for name, one in self._clusters.items()
        }

    def __bool__(self) -> bool:
        """Whether the settings allow queries to any cluster."""
        return bool(self._clusters)

    def find(self, cluster: str, namespace: str, pod: str) -> PlacedPod | None:
        """Return the pod as its cluster knows it; None if it has no such pod.

        Errors: TryAgain if the cluster cannot or may not be queried.
        """
        trusted = self._trusted(cluster)
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
        return _placed(pod, found)

    def find_for_owner(
        self, cluster: str, namespace: str, pod: str, uid: str | None
    ) -> PlacedPod | None:
        """Return the pod to find the owner of its address: from the watch if it has this uid there, else by a GET.

        Errors: TryAgain.
        """
        if uid is not None and cluster in self._pods:
            kept = self._pods[cluster].get((namespace, pod))
            if kept is not None and uid in kept.uids:
                OWNER_LOOKUPS.labels(owner_kinds.PODS.name, _WATCH).inc()
                return kept.placed(pod)
        OWNER_LOOKUPS.labels(owner_kinds.PODS.name, _REQUEST).inc()
        return self.find(cluster, namespace, pod)

    def claim(
        self, cluster: str, namespace: str, name: str, *, is_fresh: bool = False
    ) -> ClaimSpec | None:
        """Return what an IPAMClaim asks for: with `is_fresh` by a GET, else from the watch if it has the claim.

        None: there is no such claim.

        Errors: TryAgain if the cluster cannot or may not be queried, or serves no claims.
        """
        trusted = self._trusted(cluster)
        kept = self._claims[cluster].get((namespace, name))  # it starts the watch, too
        if is_fresh:
            kept = None
        OWNER_LOOKUPS.labels(claims.PLURAL, _REQUEST if kept is None else _WATCH).inc()
        return kept if kept is not None else self._read_claim(trusted, namespace, name)

    def close(self) -> None:
        """End all watches."""
        for pods in self._pods.values():
            pods.close()
        for claimed in self._claims.values():
            claimed.close()

    def _read_claim(self, trusted: TrustedCluster, namespace: str, name: str) -> ClaimSpec | None:
        cluster = trusted.cluster
        served = self._served.get(cluster, claims.VERSIONS[0])
        for version in sorted(claims.VERSIONS, key=lambda one: one != served):
            path = (
                f"/apis/{claims.GROUP}/{version}/namespaces/{quote(namespace, safe='')}"
                f"/{claims.PLURAL}/{quote(name, safe='')}"
            )
            try:
                found = fetch(
                    trusted.api_server + path,
                    ca_file=trusted.ca_file,
                    token_file=trusted.token_file,
                    needs="to get ipamclaims (the chart's rbac.ipamClaims)",
                )
            except TryAgain as error:
                if is_absence_of(error, name):
                    return None
                if status_of(error) != _NOT_FOUND:
                    raise
                continue  # the API server does not serve this version
            self._served[cluster] = version
            try:
                return claims.claim_spec(found)
            except ValueError as error:
                raise TryAgain(f"IPAMClaim {namespace}/{name} is unreadable: {error}") from error
        raise TryAgain(
            f'the API server of cluster "{cluster}" serves no IPAMClaims',
            hint="Install the CRD of k8snetworkplumbingwg/ipamclaims.",
        )

    def _trusted(self, cluster: str) -> TrustedCluster:
        trusted = self._clusters.get(cluster)
        if trusted is None:
            raise TryAgain(
                f'the settings do not allow queries for pods to the API server of cluster "{cluster}"',
                hint="Set ROWHOUSE_VERIFY_PLACEMENT, or verify_placement of the cluster.",
            )
        return trusted


def _placed(name: str, pod: Any) -> PlacedPod:
    try:
        metadata = pod["metadata"]
        annotations = metadata.get("annotations") or {}
        static = [annotations[key] for key in STATIC_POD_UIDS if key in annotations]
        return PlacedPod(
            node=str(pod["spec"].get("nodeName") or ""),
            uids=(str(metadata["uid"]), *map(str, static)),
            addresses=_addresses(annotations),
            facts=_facts(name, metadata, annotations),
        )
    except (AttributeError, KeyError, TypeError) as error:
        raise TryAgain("the API server's response is not a Pod") from error


def _facts(name: str, metadata: dict[str, Any], annotations: dict[str, Any]) -> PodFacts:
    return PodFacts(
        name=name,
        owners=tuple(map(owner_kinds.owner_reference, metadata.get("ownerReferences") or ())),
        labels=metadata.get("labels") or {},
        annotations=annotations,
    )


def _addresses(annotations: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return addresses by interface, from multus' network status; empty if it is missing or unreadable."""
    try:
        attached = attached_interfaces(annotations)
    except ValueError:
        return {}
    return {one.interface: one.addresses for one in attached if one.interface}
