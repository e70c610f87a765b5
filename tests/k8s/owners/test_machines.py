"""The lives of virtual machines under `"sticky": "vm"`, with the database's history as the witness."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from k8s.owners.stage import Stage

ONE_TENURE = [("10.0.0.1", "virtual_machine db", True)]
ENDED = [("10.0.0.1", "virtual_machine db", False)]


@pytest.fixture(autouse=True)
def by_machine(stage: Stage) -> None:
    """The network keeps addresses for machines, and there is one."""
    stage.ipam["sticky"] = "vm"
    stage.machine()


def test_stopped_and_started_it_has_one_tenure(stage: Stage) -> None:
    assert stage.address(stage.launcher("launcher-a")) == "10.0.0.1"
    stage.stop("launcher-a")
    stage.delete("virtualmachineinstances", "db")
    assert stage.owners.look() == 0
    assert stage.address(stage.launcher("other", machine="cache")) == "10.0.0.2"
    assert stage.address(stage.launcher("launcher-b", node="node2")) == "10.0.0.1"
    assert stage.tenures()[:1] == ONE_TENURE
    assert stage.past() == [("launcher-a", "node1", "DEL")]


def test_migrated_it_has_two_attachments_and_the_del_of_the_source_leaves_the_address(
    stage: Stage,
) -> None:
    stage.launcher("source", node="node1")
    assert stage.address(stage.launcher("target", node="node2")) == "10.0.0.1"
    assert stage.attached() == [("source", "node1"), ("target", "node2")]
    stage.stop("source")
    assert stage.attached() == [("target", "node2")]
    assert stage.tenures() == ONE_TENURE
    assert stage.past() == [("source", "node1", "DEL")]


def test_a_migration_that_fails_leaves_the_address_with_the_source(stage: Stage) -> None:
    stage.launcher("source", node="node1")
    stage.launcher("target", node="node2")
    stage.stop("target")
    assert stage.attached() == [("source", "node1")]
    assert stage.held() == [("10.0.0.1", "virtual_machine db")]
    assert stage.tenures() == ONE_TENURE


def test_two_migrations_in_a_row_before_the_first_del(stage: Stage) -> None:
    for pod, node in (("a", "node1"), ("b", "node2"), ("c", "node1")):
        assert stage.address(stage.launcher(pod, node=node)) == "10.0.0.1"
    stage.stop("a")
    stage.stop("b")
    assert stage.attached() == [("c", "node1")]
    assert stage.tenures() == ONE_TENURE
    assert [pod for pod, _, _ in stage.past()] == ["a", "b"]


def test_the_node_of_the_source_dies_during_a_migration(stage: Stage) -> None:
    stage.launcher("source", node="node1")
    stage.launcher("target", node="node2")
    stage.fail_node("node1")
    stage.reconcile()
    assert stage.attached() == [("target", "node2")]
    assert stage.held() == [("10.0.0.1", "virtual_machine db")]
    assert stage.tenures() == ONE_TENURE
    assert stage.past() == [("source", "node1", "RECONCILE")]


def test_its_node_dies_and_it_starts_on_another(stage: Stage) -> None:
    stage.launcher("first", node="node1")
    stage.fail_node("node1")
    assert stage.address(stage.launcher("second", node="node2")) == "10.0.0.1"
    stage.reconcile()
    assert stage.attached() == [("second", "node2")]
    assert stage.tenures() == ONE_TENURE


def test_its_last_node_dies_while_the_machine_exists(stage: Stage) -> None:
    stage.launcher("first", node="node1")
    stage.fail_node("node1")
    stage.reconcile()
    assert stage.owners.look() == 0
    assert stage.attached() == []
    assert stage.tenures() == ONE_TENURE


def test_deleted_it_gives_its_address_back_also_if_nothing_saw_the_deletion(stage: Stage) -> None:
    stage.launcher("launcher")
    stage.delete("virtualmachines", "db")
    assert stage.owners.look() == 0, "a sandbox still uses the address"
    stage.stop("launcher")
    assert stage.owners.look() == 0, "the instance still exists"
    stage.delete("virtualmachineinstances", "db")
    assert stage.owners.look() == 1
    assert stage.held() == []
    assert stage.tenures() == ENDED
    assert stage.dba.execute("SELECT end_reason FROM tenures").fetchall() == [("RECONCILE",)]
    assert stage.dba.execute("SELECT FROM owner_objects").fetchall() == []


def test_a_machine_that_is_being_deleted_still_exists(stage: Stage) -> None:
    stage.launcher("launcher")
    stage.stop("launcher")
    stage.delete("virtualmachineinstances", "db")
    stage.kube.put(
        "virtualmachines",
        {
            "metadata": {
                "name": "db",
                "namespace": "default",
                "finalizers": ["kubevirt.io/virtualMachineControllerFinalize"],
                "deletionTimestamp": "2026-01-01T00:00:00Z",
            }
        },
    )
    assert stage.owners.look() == 0
    assert stage.held() == [("10.0.0.1", "virtual_machine db")]


@pytest.mark.parametrize("why", ["absent", "forbidden", "forbidden instances"])
def test_without_sight_of_machines_the_address_expires_after_its_time_to_live(
    stage: Stage, why: str
) -> None:
    stage.ipam["sticky_ttl"] = "1h"
    stage.launcher("launcher")
    stage.stop("launcher")
    stage.owners.look()
    expiry = "SELECT expires_at > now() FROM reservations"
    assert stage.dba.execute(expiry).fetchall() == [(None,)], "the machine exists"
    if why == "absent":
        stage.kube.faults.forget("virtualmachines")
        stage.kube.faults.forget("virtualmachineinstances")
    elif why == "forbidden":
        stage.kube.faults.deny("get", "virtualmachines")
        stage.delete("virtualmachineinstances", "db")
    else:
        stage.kube.faults.deny("get", "virtualmachineinstances")
        stage.delete("virtualmachines", "db")
    assert stage.owners.look() == 0
    assert stage.dba.execute(expiry).fetchall() == [(True,)]
    before = stage.dba.execute("SELECT expires_at FROM reservations").fetchall()
    stage.owners.look()
    assert stage.dba.execute("SELECT expires_at FROM reservations").fetchall() == before
    stage.kube.faults.heal()
    stage.machine()
    stage.owners.look()
    assert stage.dba.execute(expiry).fetchall() == [(None,)], "and is seen again"


@pytest.mark.parametrize("fault", ["down", "500", "proxy"])
def test_an_api_server_that_does_not_answer_releases_nothing(stage: Stage, fault: str) -> None:
    stage.launcher("launcher")
    stage.stop("launcher")
    if fault == "down":
        stage.kube.stop()
    elif fault == "500":
        stage.kube.faults.fail()
    else:
        stage.kube.faults.refuse(404, "default backend")
    assert stage.owners.look() == 0
    assert stage.held() == [("10.0.0.1", "virtual_machine db")]


def test_of_many_machines_those_that_are_gone_are_released(stage: Stage) -> None:
    stage.dba.execute(
        """SELECT attach_v2('virtual_machine', 'vm' || n, 'net1', 'VirtualMachine', 'vm' || n, '', 'node1', 'c' || n,
                            'net1', 'lan', 'default', 'p' || n, 'u' || n, true, NULL, '{""}', '{10.9.0.0/24}', '{NULL}',
                            '{false}', '{NULL}', '{0}', '{NULL}', '{1}', '{10.9.0.1}', '{10.9.0.254}', false)
             FROM generate_series(1, 60) AS n"""
    ).fetchall()
    stage.dba.execute(
        "SELECT detach_many_v1('{\"\"}', ARRAY['c' || n], '{net1}', '{node1}', 'DEL') FROM generate_series(1, 60) AS n"
    ).fetchall()
    for number in range(2, 61, 2):
        stage.kube.put(
            "virtualmachines", {"metadata": {"name": f"vm{number}", "namespace": "default"}}
        )
    assert stage.owners.look() == 30
    left = {owner for _, owner in stage.held()}
    assert left == {f"virtual_machine vm{number}" for number in range(2, 61, 2)}


def test_an_address_that_an_operator_reserved_for_a_machine_outlives_it(stage: Stage) -> None:
    stage.launcher("launcher")
    stage.stop("launcher")
    stage.dba.execute("UPDATE reservations SET policy_source = 'operator'")
    stage.delete("virtualmachines", "db")
    stage.delete("virtualmachineinstances", "db")
    assert stage.owners.look() == 0
    assert stage.held() == [("10.0.0.1", "virtual_machine db")]
    assert stage.dba.execute("SELECT FROM owner_objects").fetchall() == []


def test_another_pod_on_the_same_network_is_a_plain_pod(stage: Stage) -> None:
    answer = stage.start("web")
    assert stage.address(answer) == "10.0.0.1"
    assert stage.held() == [("10.0.0.1", "pod web")]
    stage.stop("web")
    assert stage.held() == []


def test_a_machine_whose_cluster_does_not_answer_is_told_to_try_again(stage: Stage) -> None:
    stage.kube.pod("launcher")
    stage.kube.stop()
    answer = stage.add("launcher", uid="any", node="node1")
    assert answer["code"] == 11
    assert stage.held() == []


def test_a_pod_that_was_replaced_meanwhile_gets_nothing(stage: Stage) -> None:
    stage.launcher("launcher")
    stage.stop("launcher")
    stage.kube.pod("launcher")
    answer = stage.add("launcher", uid="of-an-earlier-one", node="node1")
    assert answer["code"] == 11
    assert "has the uid" in answer["msg"]


def test_created_again_under_its_name_before_a_pass_it_keeps_the_address(stage: Stage) -> None:
    stage.machine()
    stage.launcher("a")
    stage.stop("a")
    for plural in ("virtualmachines", "virtualmachineinstances"):
        stage.delete(plural, "db")
    stage.machine()
    assert stage.owners.look() == 0
    assert stage.address(stage.launcher("b")) == "10.0.0.1"
    assert stage.tenures() == [("10.0.0.1", "virtual_machine db", True)]
