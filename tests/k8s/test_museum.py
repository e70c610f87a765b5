"""The leaks and the murders of other reconcilers, each by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import TryAgain
from rowhouse.ipam.reconcile import Reconciler
from rowhouse.k8s.pods import KubernetesPods

if TYPE_CHECKING:
    import psycopg
    from lightkube import Client
    from psycopg.rows import TupleRow

    from fixtures.apiserver import ApiServer
    from rowhouse.domain.liveness import ClusterView

    Session = psycopg.Connection[TupleRow]

POOL = subnet("10.0.0.0/24")
GRACE = 60.0


class Clock:
    """Seconds that go on when the test says so, in the controller and in the database's rows."""

    def __init__(self, dba: Session) -> None:
        self.now = 1000.0
        self._dba = dba

    def __call__(self) -> float:
        return self.now

    def passes(self, seconds: float) -> None:
        self.now += seconds
        self._dba.execute(
            "UPDATE attachments SET attached_at = attached_at - %s::float8 * interval '1 second'",
            (seconds,),
        )


@pytest.fixture
def clock(dba: Session) -> Clock:
    return Clock(dba)


@pytest.fixture
def reconciler(session: Session, client: Client, clock: Clock) -> Reconciler:
    return Reconciler(session, "", KubernetesPods(client), grace=GRACE, settle=5.0, clock=clock)


def reserved(dba: Session) -> list[str]:
    rows = dba.execute("SELECT owner_name FROM reservations ORDER BY address").fetchall()
    return [name for (name,) in rows]


def settle(reconciler: Reconciler, clock: Clock) -> list[str]:
    """Two looks, as far apart as they must be; what was released."""
    first = reconciler.look()
    assert all(not finding.released for finding in first.findings)
    clock.now += GRACE
    return [address for finding in reconciler.look().findings for address in finding.released]


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


def test_a_node_that_somebody_vouches_is_off_holds_nothing(
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


def test_nvidia_3383_one_that_can_not_be_released_does_not_hold_up_the_others(
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


def test_the_end_of_a_pod_that_was_watched_needs_no_full_pass(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    kube.delete_pod("web-0")
    reconciler.pod_ended("default", "web-0")
    clock.passes(4)
    assert reconciler.look_at_ended() == []
    assert reserved(dba) == ["web-0"]
    clock.passes(2)
    assert [one.released for one in reconciler.look_at_ended()] == [("10.0.0.1",)]
    assert reserved(dba) == []


def test_the_end_of_a_pod_whose_name_came_back_is_no_end(
    kube: ApiServer, pods: Pods, reconciler: Reconciler, clock: Clock, dba: Session
) -> None:
    kube.pod("web-0")
    kube.delete_pod("web-0")
    reconciler.pod_ended("default", "web-0")
    pods.add("web-0", POOL, uid=kube.pod("web-0"))
    clock.passes(6)
    assert reconciler.look_at_ended() == []
    assert reserved(dba) == ["web-0"]


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


def test_whereabouts_546_pods_deleted_while_nobody_watched_are_found(
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
