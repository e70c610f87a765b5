"""The resource kinds of multus and whereabouts, and whether a missing one matters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rowhouse.doctor.finding import failed, ok, warning
from rowhouse.k8s.raw import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rowhouse.doctor.finding import Finding
    from rowhouse.doctor.surroundings import Surroundings
    from rowhouse.k8s.raw import KubernetesApi

_MULTUS: Final = "/apis/k8s.cni.cncf.io/v1"
_WHEREABOUTS: Final = "/apis/whereabouts.cni.cncf.io/v1alpha1"
_MIRRORED: Final = {
    "IPPool": "ippools",
    "OverlappingRangeIPReservation": "overlappingrangeipreservations",
}


def kinds(where: Surroundings) -> Iterator[Finding]:
    """Check which kinds are served; every account may read this."""
    api = where.kubernetes
    if "network-attachment-definitions" in _served(api, _MULTUS):
        yield ok("served", about="NetworkAttachmentDefinition")
    else:
        yield warning(
            "not served: multus is not installed",
            "Install multus. Without it, only the cluster's own CNI configuration can use Rowhouse.",
            about="NetworkAttachmentDefinition",
        )
    is_mirror = where.setting_of("controller", "ROWHOUSE_MIRROR") == "true"
    there = _served(api, _WHEREABOUTS)
    for kind, plural in _MIRRORED.items():
        yield _mirrored(kind, is_served=plural in there, is_mirror=is_mirror)
    if "nodeslicepools" in there:
        yield ok("served", about="NodeSlicePool")
    elif is_mirror and there:
        yield warning(
            "not served: node slices are not mirrored",
            "Install the CRD NodeSlicePool (charts/rowhouse/files/whereabouts-crds.yaml) if configurations use"
            " node_slice_size.",
            about="NodeSlicePool",
        )
    else:
        yield ok("not served, and not needed", about="NodeSlicePool")


def _mirrored(kind: str, *, is_served: bool, is_mirror: bool) -> Finding:
    if is_served:
        return ok("served", about=kind)
    if not is_mirror:
        return ok("not served, and not needed: the mirror is off", about=kind)
    return failed(
        "not served, but the mirror is on",
        "Install whereabouts' CRDs: charts/rowhouse/files/whereabouts-crds.yaml, or `mirror.installCRDs`"
        " in the chart's values.",
        about=kind,
    )


def _served(api: KubernetesApi, path: str) -> frozenset[str]:
    """Return the plurals that an API group serves; empty if the group does not exist. Raises Refused, TryAgain."""
    answer = api.get(path)
    if answer.is_absent:
        return frozenset()
    if not answer.is_success:
        raise Refused(path, answer)
    return frozenset(one["name"] for one in answer.document.get("resources") or ())
