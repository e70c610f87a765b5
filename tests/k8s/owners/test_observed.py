"""Servers keep the pods and claims that they need by a watch, and send a request for what it does not know."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, cast

import pytest

from k8s.running import until
from rowhouse.auth import observed
from rowhouse.metrics import OWNER_LOOKUPS

if TYPE_CHECKING:
    from k8s.owners.stage import Stage
    from rowhouse.auth.placement import ApiServerPods

CLAIM = "db.storage"
ELEMENT = {"name": "lan", "ipam-claim-reference": CLAIM}
NETWORKS = {"k8s.v1.cni.cncf.io/networks": json.dumps([ELEMENT])}
MACHINE = {"kubevirt.io": "virt-launcher", "vm.kubevirt.io/name": "db"}


@pytest.fixture
def pods(stage: Stage) -> ApiServerPods:
    """What the server knows of the cluster; a network with claims, and one claim."""
    stage.ipam["allowPersistentIPs"] = True
    spec = {"network": "lan", "interface": ""}
    stage.kube.put(
        "ipamclaims", {"metadata": {"name": CLAIM, "namespace": "default"}, "spec": spec}
    )
    return cast("ApiServerPods", stage.node_calls.application.extensions["rowhouse"].pods)


def add(stage: Stage, pod: str, code: int = 0) -> list[str]:
    """An ADD of a pod that exists: the requests that it costs. (Those that follow a watch do not count.)"""
    uid = stage.kube.all("pods")[pod]["metadata"]["uid"]
    before = list(stage.kube.seen)
    answer = stage.add(pod, uid=uid, node="node1")
    assert answer.get("code", 0) == code, answer
    return [
        line
        for line in stage.kube.seen[len(before) :]
        if line.startswith("GET") and "watch=" not in line and "limit=" not in line
    ]


def knows(pods: ApiServerPods, pod: str) -> bool:
    """Whether the watches know the pod and the claim."""
    return (
        pods._pods[""].get(("default", pod)) is not None
        and pods._claims[""].get(("default", CLAIM)) is not None
    )


def lookups() -> Counter[tuple[str, str]]:
    """How often each kind was found in each source."""
    [metric] = OWNER_LOOKUPS.collect()
    return Counter(
        {
            (one.labels["kind"], one.labels["source"]): int(one.value)
            for one in metric.samples
            if one.name.endswith("_total")
        }
    )


def difference(before: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    """What was looked up since."""
    return lookups() - before


def test_only_the_first_add_costs_requests(stage: Stage, pods: ApiServerPods) -> None:
    stage.kube.pod("a", labels=MACHINE, annotations=NETWORKS)
    # One for the pod, and one for its claim, unless their watches were quicker.
    assert len(add(stage, "a")) <= 2
    until(lambda: knows(pods, "a"))
    stage.kube.pod("b", labels=MACHINE, annotations=NETWORKS)
    until(lambda: knows(pods, "b"))
    assert len(add(stage, "b")) == 1, "another sandbox of a claim that holds an address"
    before = lookups()
    assert add(stage, "b") == [], "the same sandbox again"
    assert difference(before) == {("pods", "watch"): 1, ("ipamclaims", "watch"): 1}
    assert stage.held() == [("10.0.0.1", f"claim {CLAIM}")]

    found = pods.find_for_owner("", "default", "b", "uid-of-another")
    assert found is not None
    assert "uid-of-another" not in found.uids, "read from the cluster"

    stage.kube.delete_pod("b")
    until(lambda: not knows(pods, "b"))
    stage.delete("ipamclaims", CLAIM)
    until(lambda: not knows(pods, "a"))
    assert len(add(stage, "a", code=11)) == 1, "whether the claim is gone is asked"

    # A process that was forked has no thread.
    kept = pods._pods[""]
    thread, kept._pid = kept._thread, -1
    assert kept.get(("default", "a")) is None
    assert kept._thread is not thread
    until(lambda: kept.get(("default", "a")))


def test_other_networks_watch_nothing(stage: Stage, pods: ApiServerPods) -> None:
    stage.ipam.clear()
    stage.kube.pod("a", labels=MACHINE, annotations=NETWORKS)
    assert add(stage, "a") == []
    assert pods._pods[""]._thread is None
    stage.ipam["sticky"] = "statefulset"
    stage.kube.pod("b", labels=MACHINE, annotations=NETWORKS)
    assert len(add(stage, "b")) <= 1
    until(lambda: pods._pods[""].get(("default", "b")))
    assert pods._claims[""]._thread is None


def test_without_the_permission_to_watch_each_add_costs_requests(
    stage: Stage, pods: ApiServerPods
) -> None:
    for verb in ("list", "watch"):
        stage.kube.faults.deny(verb, "pods")
        stage.kube.faults.deny(verb, "ipamclaims")
    stage.kube.pod("a", labels=MACHINE, annotations=NETWORKS)
    assert len(add(stage, "a")) == 2
    until(lambda: all(one._reason for one in (pods._pods[""], pods._claims[""])))
    before = lookups()
    assert len(add(stage, "a")) == 2
    assert difference(before) == {("pods", "request"): 1, ("ipamclaims", "request"): 1}


def test_a_cluster_that_is_away_and_comes_back(
    stage: Stage, pods: ApiServerPods, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed, "_MAX_PAUSE_SECONDS", 0.1)
    stage.kube.pod("a", labels=MACHINE, annotations=NETWORKS)
    add(stage, "a")
    until(lambda: knows(pods, "a"))
    stage.kube.stop()
    until(lambda: not pods._pods[""]._is_open)
    assert add(stage, "a") == [], "for a moment, what was known still counts"
    monkeypatch.setattr(observed, "_GRACE_SECONDS", -1.0)
    add(stage, "a", code=11)
    stage.kube.pod(
        "b", labels=MACHINE, annotations=NETWORKS
    )  # missed: the watch of before has expired (410)
    stage.kube.start()
    until(lambda: knows(pods, "b"))
    assert len(add(stage, "b")) == 1, "another sandbox"
    stage.kube.faults.fail(verb="get")
    assert add(stage, "b") == [], "the watch lives on"
    monkeypatch.setattr(observed, "MAX_OBJECTS", 2)
    stage.kube.pod("c", labels=MACHINE, annotations=NETWORKS)
    stage.kube.delete_pod("b")
    until(lambda: not knows(pods, "b"))
    assert len(add(stage, "c", code=11)) == 1, "more than the limit are not kept"
