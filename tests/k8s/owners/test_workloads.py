"""Pods of a StatefulSet (`"sticky": "statefulset"`) and pods with a stable name (`"sticky": "name"`)."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest

from k8s.running import MAX_WAIT_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from k8s.owners.stage import Stage
    from k8s.running import Running


def test_a_replica_has_its_address_again_after_a_scale_down(stage: Stage) -> None:
    stage.ipam["sticky"] = "statefulset"
    stage.stateful_set()
    assert [stage.address(stage.replica(f"web-{n}")) for n in range(3)] == [
        "10.0.0.1",
        "10.0.0.2",
        "10.0.0.3",
    ]
    stage.stop("web-2")
    stage.stop("web-1")
    assert stage.owners.look() == 0, "the StatefulSet exists"
    assert stage.address(stage.start("stranger")) == "10.0.0.4"
    assert stage.address(stage.replica("web-1", node="node2")) == "10.0.0.2"
    assert stage.tenures()[:3] == [
        ("10.0.0.1", "workload web-0", True),
        ("10.0.0.2", "workload web-1", True),
        ("10.0.0.3", "workload web-2", True),
    ]


def test_a_deleted_stateful_set_gives_back_each_address_once_its_pod_is_gone(stage: Stage) -> None:
    stage.ipam["sticky"] = "statefulset"
    stage.stateful_set()
    stage.replica("web-0")
    stage.replica("web-1")
    stage.stop("web-1")
    stage.delete("statefulsets", "web")
    assert stage.owners.look() == 1
    assert stage.held() == [("10.0.0.1", "workload web-0")]
    stage.stop("web-0")
    assert stage.owners.look() == 1
    assert stage.held() == []


def test_a_stateful_set_that_adopts_the_pods_of_the_former_one_keeps_their_addresses(
    stage: Stage,
) -> None:
    """`kubectl delete --cascade=orphan` and `create`: how one changes the size of its volumes."""
    stage.stateful_set()
    stage.replica("web-0")
    stage.replica("web-1")
    stage.delete("statefulsets", "web")
    assert stage.owners.look() == 0
    stage.stateful_set()
    for pod, address in (("web-0", "10.0.0.1"), ("web-1", "10.0.0.2")):
        stage.stop(pod)
        assert stage.owners.look() == 0
        assert stage.address(stage.replica(pod)) == address


def test_a_replica_waits_until_the_pod_before_it_is_surely_gone(stage: Stage) -> None:
    stage.ipam["sticky"] = "statefulset"
    stage.stateful_set()
    stage.replica("web-0", node="node1")
    stage.kube.node("node1", ready="Unknown")
    stage.kube.delete_pod("web-0")  # by force; it may still run
    answer = stage.replica("web-0", node="node2")
    assert answer["code"] == 101
    assert "in use by sandbox sandbox-of-web-0" in answer["msg"]
    assert 'on node "node1"' in answer["msg"]
    stage.reconcile()
    uid = stage.kube.all("pods")["web-0"]["metadata"]["uid"]
    assert stage.add("web-0", uid=uid, node="node2")["code"] == 101, "the node is not ready"
    stage.kube.node("node1")
    stage.reconcile()
    assert stage.address(stage.add("web-0", uid=uid, node="node2")) == "10.0.0.1"
    assert stage.tenures() == [("10.0.0.1", "workload web-0", True)]


def test_a_watched_end_of_a_replica_frees_it_for_the_next_without_a_full_pass(
    stage: Stage,
) -> None:
    stage.ipam["sticky"] = "statefulset"
    stage.stateful_set()
    stage.replica("web-0", node="node1")
    stage.kube.delete_pod("web-0")
    stage.reconciler.pod_ended("default", "web-0")
    stage.clock.passes(60)
    [finding] = stage.reconciler.check_ended()
    assert finding.released == (), "the attachment ended, the address stays"
    assert stage.attached() == []
    assert stage.held() == [("10.0.0.1", "workload web-0")]


@pytest.mark.parametrize("ttl", ["1h", None])
def test_a_name_keeps_its_address_for_its_time_to_live(stage: Stage, ttl: str | None) -> None:
    stage.ipam |= {"sticky": "name"} | ({"sticky_ttl": ttl} if ttl else {})
    stage.kube.seen.clear()
    stage.start("router")
    assert not [line for line in stage.kube.seen if "GET" in line], "no look at the pod"
    stage.stop("router")
    stage.owners.look()
    [(expires,)] = stage.dba.execute("SELECT expires_at > now() FROM reservations").fetchall()
    assert expires is (True if ttl else None)
    assert stage.address(stage.start("router", node="node2")) == "10.0.0.1"
    assert stage.tenures() == [("10.0.0.1", "workload router", True)]


def test_the_controller_gives_addresses_back_by_itself(
    stage: Stage, start: Callable[..., Running]
) -> None:
    stage.ipam["sticky"] = "statefulset"
    stage.stateful_set()
    stage.replica("web-0")
    running = start()
    stage.stop("web-0")
    until(lambda: running.says("leading"))
    assert stage.held() == [("10.0.0.1", "workload web-0")]
    stage.delete("statefulsets", "web")
    until(lambda: stage.held() == [])
    until(lambda: running.says("owner_released"))
    running.process.send_signal(signal.SIGTERM)
    assert running.process.wait(MAX_WAIT_SECONDS) == 0


def test_a_controller_without_the_permission_is_ready_and_says_so_once(
    stage: Stage, start: Callable[..., Running]
) -> None:
    stage.ipam |= {"sticky": "statefulset", "sticky_ttl": "1h"}
    stage.stateful_set()
    stage.replica("web-0")
    stage.stop("web-0")
    stage.kube.faults.deny("*", "statefulsets")
    running = start()
    until(lambda: running.says("owners_unseen"))
    until(lambda: running.get("/readyz")[0] == 200)
    until(lambda: running.metric('rowhouse_reconcile_passes_total{outcome="complete"}') >= 2)
    assert running.log.read_text().count("owners_unseen") == 1
    assert stage.dba.execute("SELECT expires_at > now() FROM reservations").fetchall() == [(True,)]
