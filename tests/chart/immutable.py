"""The fields of an existing object that an API server never changes.

Source of the rules: the `Validate…Update` functions of Kubernetes' pkg/apis, at 1.36. Not covered: what webhooks
of operators refuse (cert-manager, CloudNativePG).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chart.manifests import Object

# Fields of the spec that can be changed, of kinds where most cannot.
_CHANGEABLE: Final = {
    "StatefulSet": {
        "replicas", "template", "updateStrategy", "revisionHistoryLimit", "minReadySeconds", "ordinals",
        "persistentVolumeClaimRetentionPolicy",
    },
    "Job": {"parallelism", "backoffLimit", "activeDeadlineSeconds", "ttlSecondsAfterFinished", "suspend"},
    "PersistentVolumeClaim": {"resources", "volumeAttributesClassName"},
    "Pod": {"activeDeadlineSeconds"},
}  # fmt: skip
# Fields that cannot be changed, of kinds where most can.
_FIXED: Final = {
    "Deployment": ["spec.selector"],
    "DaemonSet": ["spec.selector"],
    "ReplicaSet": ["spec.selector"],
    "ClusterRoleBinding": ["roleRef"],
    "RoleBinding": ["roleRef"],
    "Secret": ["type"],
    "CustomResourceDefinition": [
        "spec.group",
        "spec.scope",
        "spec.names.plural",
        "spec.names.kind",
    ],
}
_UNITS: Final = {"": 1, "Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "Ti": 2**40, "M": 10**6, "G": 10**9}


def refusals(was: Object, new: Object) -> Iterator[str]:
    """What keeps `new` from taking the place of `was`; both as clients wrote them."""
    kind = new["kind"]
    yield from _special(was, new)
    for path in _FIXED.get(kind, []):
        if _at(was, path) != _at(new, path):
            yield f"{path}: field is immutable"
    if (changeable := _CHANGEABLE.get(kind)) is not None:
        before, after = was["spec"], new["spec"]
        for name in sorted(before.keys() | after.keys()):
            if name not in changeable and before.get(name) != after.get(name):
                yield f"spec.{name}: field is immutable"


def _special(was: Object, new: Object) -> Iterator[str]:
    """Rules that look at more than whether a field has changed."""
    kind = new["kind"]
    if kind == "PersistentVolumeClaim" and _storage(new) < _storage(was):
        yield "spec.resources.requests.storage: field cannot be less than it was"
    if kind == "Service":
        address, wanted = was["spec"].get("clusterIP"), new["spec"].get("clusterIP")
        if address and wanted and address != wanted:
            yield "spec.clusterIPs[0]: may not change once set"
    if kind in {"Secret", "ConfigMap"} and was.get("immutable"):
        parts = ("data", "binaryData", "immutable")
        if any(was.get(part) != new.get(part) for part in parts):
            yield "data: field is immutable when `immutable` is set"


def _at(one: Object, path: str) -> Any:
    for name in path.split("."):
        one = one.get(name) or {}
    return one


def _storage(claim: Object) -> float:
    quantity = claim["spec"]["resources"]["requests"]["storage"]
    found = re.fullmatch(r"([0-9.]+)([A-Za-z]*)", quantity)
    assert found, quantity
    return float(found[1]) * _UNITS[found[2]]
