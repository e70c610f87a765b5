"""IPAMClaims: the address belongs to the claim that the pod names for its interface."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from k8s.owners.stage import Stage

CLAIM = "db.storage"
NETWORKS = "k8s.v1.cni.cncf.io/networks"


def launcher(
    stage: Stage, pod: str, *, node: str = "node1", claim: str | None = CLAIM
) -> dict[str, Any]:
    """A pod whose network selection element refers to a claim: the result of its ADD."""
    element: dict[str, Any] = {"name": "lan", "namespace": "default", "interface": "net1"}
    if claim is not None:
        element["ipam-claim-reference"] = claim
    return stage.start(pod, node=node, annotations={NETWORKS: json.dumps([element])})


@pytest.fixture(autouse=True)
def by_claim(stage: Stage) -> None:
    """The network keeps addresses for claims, and there is one."""
    stage.ipam["allowPersistentIPs"] = True
    stage.kube.put(
        "ipamclaims",
        {
            "metadata": {"name": CLAIM, "namespace": "default"},
            "spec": {"network": "lan", "interface": "net1"},
        },
    )


def test_the_claim_keeps_its_address_through_stop_start_and_migration(stage: Stage) -> None:
    assert stage.address(launcher(stage, "a")) == "10.0.0.1"
    stage.stop("a")
    assert stage.owners.look() == 0
    assert stage.address(launcher(stage, "b")) == "10.0.0.1"
    assert stage.address(launcher(stage, "c", node="node2")) == "10.0.0.1"
    assert stage.attached() == [("b", "node1"), ("c", "node2")]
    stage.stop("b")
    assert stage.tenures() == [("10.0.0.1", f"claim {CLAIM}", True)]
    assert [pod for pod, _, _ in stage.past()] == ["a", "b"]


def test_the_end_of_the_claim_releases_the_address_after_its_last_pod(stage: Stage) -> None:
    launcher(stage, "a")
    stage.delete("ipamclaims", CLAIM)
    assert stage.owners.look() == 0
    stage.stop("a")
    assert stage.owners.look() == 1
    assert stage.tenures() == [("10.0.0.1", f"claim {CLAIM}", False)]


def test_a_pod_without_a_claim_is_a_plain_pod(stage: Stage) -> None:
    launcher(stage, "a", claim=None)
    assert stage.held() == [("10.0.0.1", "pod a")]
    stage.start("b")
    assert stage.held()[1:] == [("10.0.0.2", "pod b")]


def test_an_unreadable_annotation_has_code_7(stage: Stage) -> None:
    answer = stage.start("a", annotations={NETWORKS: "[{"})
    assert answer["code"] == 7
    assert "annotation k8s.v1.cni.cncf.io/networks of pod default/a is unreadable" in answer["msg"]
