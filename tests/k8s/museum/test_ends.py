"""The leaks and the murders of other reconcilers, each by its name: ends that are seen, missed or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from k8s.museum.looks import GRACE, POOL, Clock, reserved, settle
from rowhouse.domain.errors import TryAgain
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    import psycopg
    from lightkube import Client
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from fixtures.pods import Pods

    Session = psycopg.Connection[TupleRow]


def test_the_end_of_a_pod_that_was_watched_needs_no_full_pass(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    kube.delete_pod("web-0")
    reconciler.pod_ended("default", "web-0")
    clock.passes(4)
    assert reconciler.check_ended() == []
    assert reserved(dba) == ["web-0"]
    clock.passes(2)
    assert [one.released for one in reconciler.check_ended()] == [("10.0.0.1",)]
    assert reserved(dba) == []


def test_the_end_of_a_pod_whose_name_came_back_is_no_end(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    kube.pod("web-0")
    kube.delete_pod("web-0")
    reconciler.pod_ended("default", "web-0")
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    clock.passes(6)
    assert reconciler.check_ended() == []
    assert reserved(dba) == ["web-0"]


def test_the_api_server_is_not_asked_about_a_pod_that_holds_no_address(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """Most pods that end have none of our networks."""
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    kube.delete_pod("web-0")
    for name in ("job-1", "job-2", "web-0"):
        reconciler.pod_ended("default", name)
    clock.passes(6)
    kube.seen.clear()
    assert len(reconciler.check_ended()) == 1
    assert [line for line in kube.seen if "/pods/" in line] == [
        "GET /api/v1/namespaces/default/pods/web-0"
    ]
    assert reserved(dba) == []


def test_an_end_that_cannot_be_checked_now_is_kept_and_delays_no_other(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    for name in ("web-0", "web-1"):
        pods.add(name, POOL, uid=kube.pod(name))
        kube.delete_pod(name)
        reconciler.pod_ended("default", name)
    clock.passes(6)
    kube.faults.fail(1, verb="get", resource="pods")
    with pytest.raises(TryAgain):
        reconciler.check_ended()
    assert len(reconciler.check_ended()) == 1
    assert reserved(dba) == ["web-0"]
    clock.passes(6)
    assert len(reconciler.check_ended()) == 1
    assert reserved(dba) == []


def test_whereabouts_disruption_target_is_no_death_certificate(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """Upstream frees at once what DeletionByTaintManager marks: on a node that is cut off the pod runs on."""
    uid = kube.pod("web-0", deletionTimestamp="2026-01-01T00:00:00Z")
    condition = {
        "type": "DisruptionTarget",
        "status": "True",
        "reason": "DeletionByTaintManager",
    }
    kube.put(
        "pods",
        {
            "metadata": {"name": "web-0", "namespace": "default"},
            "status": {"phase": "Running", "conditions": [condition]},
        },
    )
    pods.add("web-0", POOL, uid=uid)
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []
    kube.delete_pod("web-0")
    assert settle(reconciler, clock) == ["10.0.0.1"]
    assert reserved(dba) == []


def test_kubevirt_13709_the_address_of_a_migrated_vm_stays_with_it(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """Two pods use one address for a while; the end of the first one is not the end of the address."""
    source = pods.add("vm", POOL, uid="source-pod", container="source", node="node1")
    target = pods.add("vm", POOL, uid=kube.pod("vm"), container="target", node="node2")
    assert source == target
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []
    assert reserved(dba) == ["vm"]
    rows = dba.execute("SELECT container_id, node FROM attachments").fetchall()
    assert rows == [("target", "node2")]


def test_kube_ovn_4304_what_the_last_leader_suspected_is_not_believed(
    pods: Pods, session: Session, client: Client, clock: Clock, dba: Session
) -> None:
    """No state of one process decides: a new leader begins with a first look of its own."""
    pods.add("gone", POOL, uid="long-gone")
    clock.passes(GRACE)
    for _ in range(3):
        leader = Reconciler(session, "", KubernetesPods(client), grace=GRACE, clock=clock)
        assert [one.released for one in leader.look().findings] == [()]
        clock.now += GRACE
    assert reserved(dba) == ["gone"]


def test_whereabouts_546_pods_deleted_without_a_watch_are_found(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """Scale-down from 200 to 1 with the daemon down left 199 addresses behind."""
    for i in range(20):
        pods.add(f"web-{i}", POOL, uid=kube.pod(f"web-{i}"))
    for i in range(1, 20):
        kube.delete_pod(f"web-{i}")
    clock.passes(GRACE)
    assert len(settle(reconciler, clock)) == 19
    assert reserved(dba) == ["web-0"]


def test_nvidia_2916_a_time_to_live_never_ends_what_is_attached(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    pods.add("vm-0", POOL, uid=kube.pod("vm-0"), sticky=True, ttl=0.001)
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []
    pods.add("other", POOL)  # an ADD that would release what has come due
    assert reserved(dba) == ["vm-0", "other"]


def test_whereabouts_409_pool_and_reservation_never_disagree(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """An address is one row: there is no second list of it that could stay behind."""
    pods.add("gone", POOL, uid="long-gone")
    clock.passes(GRACE)
    settle(reconciler, clock)
    for table in ("reservations", "attachments"):
        assert dba.execute(f"SELECT FROM {table}").fetchall() == []
    assert pods.add("next", POOL, uid=kube.pod("next")) == "10.0.0.1"
