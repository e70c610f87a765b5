"""The leaks and the murders of other reconcilers, each by its name: how often it looks, and at what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import subnet
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
    from rowhouse.domain.liveness import ClusterView

    Session = psycopg.Connection[TupleRow]


def test_what_a_lost_del_left_behind_is_released(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    kept = kube.pod("kept")
    pods.add("kept", POOL, uid=kept)
    pods.add("gone", POOL, uid="long-gone")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == ["10.0.0.2"]
    assert reserved(dba) == ["kept"]
    row = dba.execute(
        "SELECT end_reason, ended_by FROM tenures WHERE owner_name = 'gone'"
    ).fetchone()
    assert row == ("RECONCILE", "controller")


def test_nothing_is_released_at_the_first_look(
    pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    pods.add("gone", POOL, uid="long-gone")
    clock.passes(GRACE)
    for _ in range(3):
        assert [one.second_look for one in reconciler.look().findings] == [False]
        clock.now += GRACE / 4
    assert reserved(dba) == ["gone"]
    clock.now += GRACE
    assert [one.released for one in reconciler.look().findings] == [("10.0.0.1",)]


def test_whereabouts_162_207_a_newborn_is_not_killed(
    kube: ApiServer, pods: Pods, session: Session, client: Client, clock: Clock, dba: Session
) -> None:
    """The pod appears between the two lists: sandboxes are read first, so it is seen."""

    class Slow(KubernetesPods):
        def view(self) -> ClusterView:
            if not reserved(dba):
                pods.add("newborn", POOL, uid=kube.pod("newborn"))
            return super().view()

    reconciler = Reconciler(session, "", Slow(client), grace=0.0, clock=clock)
    for _ in range(3):
        assert reconciler.look().findings == []
        clock.now += 1
    assert reserved(dba) == ["newborn"]


def test_a_sandbox_younger_than_the_grace_period_is_not_judged(
    pods: Pods, reconciler: Reconciler, clock: Clock
) -> None:
    """Its pod may not have reached the API server's cache yet."""
    pods.add("newborn", POOL, uid="not-listed-yet")
    assert reconciler.look().findings == []
    clock.passes(GRACE - 1)
    assert reconciler.look().findings == []
    clock.passes(2)
    assert len(reconciler.look().findings) == 1


def test_whereabouts_176_a_statefulset_name_that_came_back_keeps_its_new_sandbox(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    pods.add("web-0", POOL, uid="first-life", container="old")
    new = kube.pod("web-0")
    again = pods.add("web-0", POOL, uid=new, container="new")
    clock.passes(GRACE)
    assert settle(reconciler, clock) == []  # the address stays with the pod's new life …
    rows = dba.execute("SELECT container_id, host(address) FROM attachments").fetchall()
    assert rows == [("new", again)]  # … and the old sandbox has gone


def test_a_sandbox_whose_pod_has_a_newer_one_in_another_range_is_released(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """A reboot after the NAD's range moved: no DEL of the old sandbox comes, and the pod goes on living."""
    uid = kube.pod("web-0")
    pods.add("web-0", POOL, uid=uid, container="old")
    pods.add_all("web-0", POOL, uid=uid, container="old", interface="net2")
    clock.passes(GRACE)
    pods.add("web-0", subnet("10.9.0.0/24"), uid=uid, container="new")
    assert settle(reconciler, clock) == ["10.0.0.1"]
    rows = dba.execute("SELECT container_id, interface FROM attachments ORDER BY 1, 2").fetchall()
    assert rows == [("new", "net1"), ("old", "net2")]


def test_a_sandbox_on_another_node_replaces_none(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    uid = kube.pod("web-0")
    pods.add("web-0", POOL, uid=uid, container="old", node="node1")
    clock.passes(GRACE)
    pods.add("web-0", subnet("10.9.0.0/24"), uid=uid, container="new", node="node2")
    pods.add("another", POOL, uid=uid, container="says the same uid", node="node2")
    pods.add("told-no-uid", POOL, container="a")
    dba.execute("UPDATE attachments SET pod_uid = NULL WHERE container_id = 'a'")
    kube.pod("told-no-uid")
    assert settle(reconciler, clock) == []


def test_whereabouts_75_what_is_attached_between_look_and_release_is_left_alone(
    pods: Pods, session: Session, client: Client, clock: Clock, dba: Session
) -> None:
    """A pod of the same sandbox name comes back after it was judged and before it is released."""

    class Late(KubernetesPods):
        def view(self) -> ClusterView:
            view = super().view()
            if clock.now > 1000:
                pods.delete("gone")
                pods.add("gone", POOL, uid="new-life")
            return view

    reconciler = Reconciler(session, "", Late(client), grace=GRACE, clock=clock)
    pods.add("gone", POOL, uid="long-gone")
    clock.passes(GRACE)
    clock.now = 1000.0
    reconciler.look()
    clock.now += GRACE
    [finding] = reconciler.look().findings
    assert finding.second_look
    assert finding.released == ()
    assert reserved(dba) == ["gone"]


@pytest.mark.parametrize("answer", [(403, "forbidden"), (429, "slow down"), (500, "etcd")])
def test_a_failed_list_of_pods_releases_nothing(
    kube: ApiServer,
    pods: Pods,
    reconciler: Reconciler,
    clock: Clock,
    dba: Session,
    answer: tuple[int, str],
) -> None:
    pods.add("gone", POOL, uid="long-gone")
    clock.passes(GRACE)
    reconciler.look()
    clock.now += GRACE
    kube.faults.refuse(*answer)
    with pytest.raises(TryAgain, match=answer[1]):
        reconciler.look()
    assert reserved(dba) == ["gone"]


def test_a_list_that_breaks_off_releases_nothing(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """The second page has expired: what is on it is not known."""
    uids = [kube.pod(f"web-{i}") for i in range(600)]
    pods.add("web-599", POOL, uid=uids[-1])
    clock.passes(GRACE)
    kube.faults.page_expires = 2
    for _ in range(2):
        with pytest.raises(TryAgain, match="too old"):
            reconciler.look()
        clock.now += GRACE
    kube.faults.page_expires = None
    assert settle(reconciler, clock) == []
    assert reserved(dba) == ["web-599"]


def test_an_empty_list_of_pods_releases_nothing(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    """A wrong cluster, or an account that sees nothing."""
    pods.add("web-0", POOL, uid="somewhere")
    clock.passes(GRACE)
    kube.delete_pod("bystander", namespace="kube-system")
    with pytest.raises(TryAgain, match="list of pods is empty"):
        reconciler.look()
    assert reserved(dba) == ["web-0"]
