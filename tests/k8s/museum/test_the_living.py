"""The leaks and the murders of other reconcilers, each by its name: who is alive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from k8s.museum.looks import GRACE, POOL, Clock, reserved, settle
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    import psycopg
    from lightkube import Client
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer

    Session = psycopg.Connection[TupleRow]


@pytest.mark.parametrize("phase", ["Pending", "Running", "Unknown"])
def test_whereabouts_pending_a_pod_in_any_living_phase_keeps_its_address(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, phase: str
) -> None:
    """Neither a missing annotation nor a slow start makes a pod unborn."""
    pods.add("web-0", POOL, uid=kube.pod("web-0", phase=phase))
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []


def test_a_pod_that_is_being_deleted_keeps_its_address(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock
) -> None:
    uid = kube.pod("web-0", deletionTimestamp="2026-01-01T00:00:00Z")
    pods.add("web-0", POOL, uid=uid)
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []


@pytest.mark.parametrize("phase", ["Succeeded", "Failed"])
def test_whereabouts_completed_pods_do_not_keep_their_address_forever(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, phase: str
) -> None:
    pods.add("job-0", POOL, uid=kube.pod("job-0", phase=phase))
    clock.passes(GRACE)
    assert settle(reconciler, clock) == ["10.0.0.1"]


@pytest.mark.parametrize("ready", ["False", "Unknown"])
def test_calico_13538_a_node_that_is_only_not_ready_is_not_gone(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, ready: str
) -> None:
    """Its pods were deleted by force, and may run on behind a cut cable."""
    kube.node("node1", ready=ready)
    pods.add("web-0", POOL, uid="deleted-by-force", node="node1")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []
    kube.node("node1", ready="True")
    assert settle(reconciler, clock) == ["10.0.0.1"]


def test_a_node_tainted_as_out_of_service_holds_nothing(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock
) -> None:
    kube.node("node1", ready="Unknown", taints=("node.kubernetes.io/out-of-service",))
    pods.add("web-0", POOL, uid="deleted-by-force", node="node1")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == ["10.0.0.1"]


def test_a_node_that_was_removed_holds_nothing(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock
) -> None:
    """whereabouts 75: a crashed node's addresses were stranded."""
    kube.delete("nodes", "node2")
    pods.add("web-0", POOL, uid="gone", node="node2")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == ["10.0.0.1"]


def test_a_static_pod_is_known_by_the_uid_of_its_kubelet(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock
) -> None:
    kube.pod("proxy-node1", annotations={"kubernetes.io/config.mirror": "hash-of-the-file"})
    pods.add("proxy-node1", POOL, uid="hash-of-the-file")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []


def test_a_runtime_that_tells_no_uid_is_judged_by_name(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock
) -> None:
    kube.pod("kept")
    pods.add("kept", POOL)
    pods.add("gone", POOL)
    clock.passes(GRACE)
    assert settle(reconciler, clock) == ["10.0.0.2"]


def test_sticky_and_reserved_addresses_are_exempt(
    pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    pods.add("sticky", POOL, uid="gone", sticky=True)
    pods.add("static", POOL, uid="gone")
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE reservations SET owner_kind = 'static' WHERE owner_name = 'static'")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []
    assert reserved(dba) == ["sticky", "static"]


def test_other_clusters_are_none_of_its_business(
    pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    Pods(pods.store, cluster="prod-b").add("web-0", POOL, uid="over-there")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []
    assert reserved(dba) == ["web-0"]


def test_all_addresses_of_a_sandbox_go_together(
    pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """spiderpool 412: half a dual stack."""
    pods.add_all("gone", POOL, subnet("fd00::/64"), uid="gone")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == ["10.0.0.1", "fd00::1"]
    assert reserved(dba) == []


def test_nvidia_3383_a_failed_release_does_not_delay_the_others(
    pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    pods.add("poisoned", POOL, uid="gone")
    pods.add("gone", POOL, uid="gone-too")
    clock.passes(GRACE)
    dba.execute(
        """CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN IF OLD.container_id = 'poisoned' THEN RAISE 'poison'; END IF; RETURN OLD; END $$;
           CREATE TRIGGER poison BEFORE DELETE ON attachments FOR EACH ROW EXECUTE FUNCTION poison()"""
    )
    assert settle(reconciler, clock) == ["10.0.0.2"]
    assert reserved(dba) == ["poisoned"]


def test_a_dry_run_tells_why_and_releases_nothing(
    kube: ApiServer, pods: Pods, session: Session, client: Client, clock: Clock, dba: Session
) -> None:
    pods.add("gone", POOL, uid="gone")
    pods.add("done", POOL, uid=kube.pod("done", phase="Succeeded"))
    clock.passes(GRACE)
    dry = Reconciler(session, "", KubernetesPods(client), grace=GRACE, clock=clock, dry_run=True)
    for _ in range(3):
        assert [one.verdict.reason for one in dry.look().findings] == [
            "pod default/done has finished (Succeeded)",
            "there is no pod default/gone",
        ]
        clock.now += GRACE
    assert reserved(dba) == ["gone", "done"]
