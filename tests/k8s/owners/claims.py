"""Claims and the pods that name them, on the stage."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from k8s.owners.stage import Stage

CLAIM = "db.storage"
NETWORKS = "k8s.v1.cni.cncf.io/networks"


def launcher(
    stage: Stage,
    pod: str,
    *,
    node: str = "node1",
    claim: str | None = CLAIM,
    is_plain: bool = False,
) -> dict[str, Any]:
    """A pod of a machine whose network selection element refers to a claim: the result of its ADD."""
    return stage.start(pod, node=node, **launcher_metadata(claim, is_plain=is_plain))


def launcher_metadata(claim: str | None = CLAIM, *, is_plain: bool = False) -> dict[str, Any]:
    """The labels and the annotation of such a pod."""
    element: dict[str, Any] = {"name": "lan", "namespace": "default", "interface": "net1"}
    if claim is not None:
        element["ipam-claim-reference"] = claim
    labels = {} if is_plain else {"kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "db"}
    return {"labels": labels, "annotations": {NETWORKS: json.dumps([element])}}


def put_claim(stage: Stage, name: str = CLAIM, **spec: Any) -> None:
    """A claim as kubevirt/ipam-extensions makes it: for a network, and for no certain interface."""
    stage.kube.put(
        "ipamclaims",
        {
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"network": "lan", "interface": "", **spec},
        },
    )
