"""IPAMClaims: the address belongs to the claim that the pod names for its interface."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from k8s.running import until
from rowhouse.k8s.claims import ClaimStatus
from rowhouse.store.cluster.owners import held_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from k8s.owners.stage import Stage
    from k8s.running import Running

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


def status(stage: Stage) -> dict[str, Any]:
    """What the claim says about itself."""
    return dict(stage.kube.all("ipamclaims")[CLAIM].get("status") or {})


def test_its_status_has_address_pod_and_condition(stage: Stage) -> None:
    writer = ClaimStatus(stage.client)
    launcher(stage, "a")
    writer.write(held_claims(stage.session, ""))
    assert status(stage)["ips"] == ["10.0.0.1/24"]
    assert status(stage)["ownerPod"] == {"name": "a"}
    [condition] = status(stage)["conditions"]
    assert (condition["type"], condition["status"]) == ("IPsAllocated", "True")
    stage.kube.seen.clear()
    writer.write(held_claims(stage.session, ""))
    assert stage.kube.seen == [], "nothing changed"
    launcher(stage, "b", node="node2")
    stage.stop("a")
    writer.write(held_claims(stage.session, ""))
    assert status(stage)["ownerPod"] == {"name": "b"}
    stage.stop("b")
    writer.write(held_claims(stage.session, ""))
    assert "ownerPod" not in status(stage)
    assert status(stage)["conditions"] == [condition]
    ClaimStatus(stage.client).write(held_claims(stage.session, ""))
    assert not [line for line in stage.kube.seen if line.startswith("PATCH")][2:], (
        "a new leader finds it as it should be"
    )


def test_a_claim_whose_pool_is_full_says_so_until_it_has_an_address(
    stage: Stage, start: Callable[..., Running]
) -> None:
    stage.ipam["range"] = "10.0.0.0/30"
    stage.start("x")
    stage.start("y")
    assert launcher(stage, "a")["code"] == 100
    start()
    until(lambda: status(stage).get("conditions"))
    [condition] = status(stage)["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", "NoAddress")
    assert "10.0.0.0/30" in condition["message"]
    stage.stop("x")
    uid = stage.kube.all("pods")["a"]["metadata"]["uid"]
    assert stage.address(stage.add("a", uid=uid, node="node1")) == "10.0.0.1"
    until(lambda: status(stage).get("ips") == ["10.0.0.1/30"])
    assert [one["status"] for one in status(stage)["conditions"]] == ["True"]


@pytest.mark.parametrize("fault", ["forbidden", "absent", "down"])
def test_a_status_that_cannot_be_written_stops_nothing(stage: Stage, fault: str) -> None:
    launcher(stage, "a")
    claims = held_claims(stage.session, "")
    now = [0.0]
    writer = ClaimStatus(stage.client, clock=lambda: now[0])
    if fault == "forbidden":
        stage.kube.faults.deny("patch", "ipamclaims/status")
    elif fault == "absent":
        stage.kube.faults.forget("ipamclaims")
    else:
        stage.kube.stop()
    writer.write(claims)
    if fault == "down":
        stage.kube.start()
    stage.kube.faults.heal()
    writer.write(claims)
    assert status(stage) == {}, "it pauses"
    now[0] += 61
    writer.write(claims)
    assert status(stage)["ips"] == ["10.0.0.1/24"]


def test_a_claim_that_is_gone_is_not_written(stage: Stage) -> None:
    launcher(stage, "a")
    stage.delete("ipamclaims", CLAIM)
    ClaimStatus(stage.client).write(held_claims(stage.session, ""))
    assert stage.kube.all("ipamclaims") == {}


def test_a_pod_without_a_claim_is_a_plain_pod(stage: Stage) -> None:
    launcher(stage, "a", claim=None)
    assert stage.held() == [("10.0.0.1", "pod a")]
    stage.start("b")
    assert stage.held()[1:] == [("10.0.0.2", "pod b")]


def test_an_unreadable_annotation_has_code_7(stage: Stage) -> None:
    answer = stage.start("a", annotations={NETWORKS: "[{"})
    assert answer["code"] == 7
    assert "annotation k8s.v1.cni.cncf.io/networks of pod default/a is unreadable" in answer["msg"]
