"""IPAMClaims: the address belongs to the claim that the pod names for its interface."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.claims import claim_schema, definition
from k8s.owners.claims import CLAIM, NETWORKS, launcher, put_claim
from k8s.running import until
from rowhouse.k8s.claims import ClaimStatus
from rowhouse.store.cluster.allocation_failures import CLAIM_REFUSED, AllocationFailure
from rowhouse.store.cluster.owners import held_claims

if TYPE_CHECKING:
    from collections.abc import Callable

    from k8s.owners.stage import Stage
    from k8s.running import Running
    from rowhouse.ipam.allocation_failures import AllocationFailureQueue

pytestmark = pytest.mark.usefixtures("by_claim")


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


def test_plain_pods_with_one_claim_have_its_address_one_after_the_other(stage: Stage) -> None:
    assert stage.address(launcher(stage, "a", is_plain=True)) == "10.0.0.1"
    refused = launcher(stage, "b", node="node2", is_plain=True)
    assert (refused["code"], stage.attached()) == (101, [("a", "node1")])
    assert "is in use by sandbox" in f"{refused['msg']} {refused['details']}"
    stage.stop("a")
    assert stage.address(launcher(stage, "c", node="node2", is_plain=True)) == "10.0.0.1"


def test_the_end_of_the_claim_releases_the_address_after_its_last_pod(stage: Stage) -> None:
    launcher(stage, "a")
    stage.delete("ipamclaims", CLAIM)
    assert stage.owners.look() == 0
    stage.stop("a")
    assert stage.owners.look() == 1
    assert stage.tenures() == [("10.0.0.1", f"claim {CLAIM}", False)]
    assert stage.dba.execute("SELECT reason, namespace, pod, message FROM events").fetchall() == [
        ("OwnerGone", "default", CLAIM, f"released 1 address: 10.0.0.1; IPAMClaim {CLAIM} is gone")
    ]


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


def test_the_first_pod_gets_the_addresses_that_the_claim_asks_for(stage: Stage) -> None:
    stage.ipam["ipRanges"] = [{"range": "fd00::/64"}]
    put_claim(stage, interface="net1", ipRequests=["fd00::7/64", "10.0.0.9/24"])
    both = [{"address": "10.0.0.9/24"}, {"address": "fd00::7/64"}]
    assert [{"address": one["address"]} for one in launcher(stage, "a")["ips"]] == both
    stage.stop("a")
    assert stage.owners.look() == 0
    again = launcher(stage, "b", node="node2")
    assert [{"address": one["address"]} for one in again["ips"]] == both
    assert stage.held() == [("10.0.0.9", f"claim {CLAIM}"), ("fd00::7", f"claim {CLAIM}")]


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "network": ({"network": "other"}, 7, 'is for network "other", not "lan"'),
    "interface": ({"interface": "net2"}, 7, 'is for interface "net2", not "net1"'),
    "taken": ({"ipRequests": ["10.0.0.1/24"]}, 101, "10.0.0.1"),
    "outside": ({"ipRequests": ["10.0.1.1/24"]}, 102, f"(ipRequests of IPAMClaim {CLAIM})"),
    "unreadable": ({"ipRequests": ["ten"]}, 7, f"in ipRequests of IPAMClaim {CLAIM}"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_claim_that_is_refused_has_the_reason_in_its_status(stage: Stage, why: str) -> None:
    spec, code, reason = REFUSED[why]
    assert stage.address(stage.start("bystander")) == "10.0.0.1"
    put_claim(stage, **spec)
    answer = launcher(stage, "a")
    assert answer["code"] == code
    assert reason in answer["msg"]
    assert [owner for _, owner in stage.held()] == ["pod bystander"]
    queue: AllocationFailureQueue = stage.node_calls.application.extensions[
        "rowhouse_cni_allocation_failures"
    ]
    ClaimStatus(stage.client).refused(list(queue._waiting.values()))
    [condition] = status(stage)["conditions"]
    assert (condition["status"], condition["reason"]) == ("False", CLAIM_REFUSED)
    assert reason in condition["message"]


def test_a_refused_pod_does_not_change_the_status_of_a_claim_in_use(stage: Stage) -> None:
    launcher(stage, "a")
    writer = ClaimStatus(stage.client)
    writer.write(held_claims(stage.session, ""))
    before = status(stage)
    failure = AllocationFailure(
        cluster="",
        namespace="default",
        pod="a",
        interface="net1",
        node="node1",
        pod_uid=None,
        message="is for another network",
        reason=CLAIM_REFUSED,
    )
    writer.refused([failure])
    assert status(stage) == before


def test_a_pod_may_request_only_what_its_claim_asks_for(stage: Stage) -> None:
    put_claim(stage, ipRequests=["10.0.0.9/24"])
    stage.config["runtimeConfig"] = {"ips": ["10.0.0.8"]}
    answer = launcher(stage, "a")
    assert answer["code"] == 7
    assert "10.0.0.8 (runtimeConfig.ips) is not in ipRequests" in answer["msg"]
    stage.config["runtimeConfig"] = {"ips": ["10.0.0.9/24"]}
    assert stage.address(launcher(stage, "b")) == "10.0.0.9"


def test_two_interfaces_of_a_pod_cannot_share_a_claim(stage: Stage) -> None:
    element = {"name": "lan", "ipam-claim-reference": CLAIM}
    answer = stage.start("a", annotations={NETWORKS: json.dumps([element, element])})
    assert answer["code"] == 7
    assert f"elements 1 and 2 refer to the same claim {CLAIM}" in answer["msg"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("gone", "there is no IPAMClaim"),
        ("absent", "serves no IPAMClaims"),
        ("forbidden", "is forbidden"),
        ("down", "could not be read"),
    ],
)
def test_a_pod_whose_claim_cannot_be_read_is_told_to_try_again(
    stage: Stage, fault: str, reason: str
) -> None:
    if fault == "gone":
        stage.delete("ipamclaims", CLAIM)
    elif fault == "absent":
        stage.kube.faults.forget("ipamclaims")
    elif fault == "forbidden":
        stage.kube.faults.deny("*", "ipamclaims")
    else:
        stage.kube.faults.fail(resource="ipamclaims")
    answer = launcher(stage, "a")
    assert answer["code"] == 11
    assert reason in answer["msg"]
    assert stage.held() == []
    stage.kube.faults.heal()
    put_claim(stage)
    uid = stage.kube.all("pods")["a"]["metadata"]["uid"]
    assert stage.address(stage.add("a", uid=uid, node="node1")) == "10.0.0.1"


@pytest.mark.parametrize(
    ("versions", "form"),
    [(("v1beta1",), "name"), (("v1",), "object"), (("v1", "v1beta1", "v1alpha1"), "name")],
)
def test_any_served_version_and_both_forms_of_the_status_work(
    stage: Stage, versions: tuple[str, ...], form: str
) -> None:
    names_pods = form == "name"
    stage.delete("ipamclaims", CLAIM)
    for kind in [one for one in stage.kube.parts.kinds if one.plural == "ipamclaims"]:
        stage.kube.parts.kinds.drop(kind)
    served = definition(
        "k8s.cni.cncf.io", versions, "IPAMClaim", claim_schema(names_pods=names_pods)
    )
    stage.kube.parts.kinds.establish(served)
    put_claim(stage)
    assert stage.address(launcher(stage, "a")) == "10.0.0.1"
    writer = ClaimStatus(stage.client)
    writer.write(held_claims(stage.session, ""))
    pod = "a" if names_pods else {"name": "a"}
    assert (status(stage)["ips"], status(stage)["ownerPod"]) == (["10.0.0.1/24"], pod)
    stage.stop("a")
    writer.write(held_claims(stage.session, ""))
    assert status(stage).get("ownerPod", "") == ""
    assert stage.owners.look() == 0
    stage.delete("ipamclaims", CLAIM)
    assert stage.owners.look() == 1
