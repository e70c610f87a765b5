"""IPAMClaims that were deleted, many at once or to be created again under their names."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from k8s.owners.claims import CLAIM, launcher, launcher_metadata, put_claim
from k8s.running import until
from rowhouse.k8s import owner_objects

if TYPE_CHECKING:
    from k8s.owners.stage import Session, Stage

pytestmark = pytest.mark.usefixtures("by_claim")


def test_of_many_namespaces_none_waits_for_the_others(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner_objects, "_MAX_READ_SINGLY", 1)
    now = itertools.count()  # a GET takes a second
    objects = owner_objects.OwnerObjects(stage.client, clock=lambda: float(next(now)))
    names = {(f"space{number}", "vm") for number in range(5)}
    stage.kube.put("virtualmachineinstances", {"metadata": {"name": "vm", "namespace": "space0"}})
    looked: list[frozenset[tuple[str, str]]] = []
    while sum(map(len, looked)) < 4:
        found = objects.existence("VirtualMachine", names)
        assert found.gone
        assert found.exist == {("space0", "vm"): ""}, "an instance without a machine"
        looked.append(found.gone)
    assert len(looked) > 1
    assert frozenset().union(*looked) == names - {("space0", "vm")}


def hold_many(stage: Stage, count: int) -> None:
    """Claims that hold addresses without a pod."""
    stage.dba.execute(
        """SELECT attach_v2('claim', 'c' || n, '', 'IPAMClaim', 'c' || n, '', 'node1', 'c' || n, 'net1', 'lan',
                            'default', 'p' || n, 'u' || n, true, NULL, '{""}', '{10.9.0.0/16}', '{NULL}', '{false}',
                            '{NULL}', '{0}', '{NULL}', '{1}', '{10.9.0.1}', '{10.9.255.254}', false)
             FROM generate_series(1, %s) AS n""",
        (count,),
    ).fetchall()
    stage.dba.execute(
        "SELECT detach_many_v1('{\"\"}', ARRAY['c' || n], '{net1}', '{node1}', 'DEL') FROM generate_series(1, %s) AS n",
        (count,),
    ).fetchall()


def test_many_claims_that_were_deleted_cost_two_lists_and_no_request_each(stage: Stage) -> None:
    hold_many(stage, 450)
    for number in (7, 8):
        put_claim(stage, f"c{number}")
    stage.kube.seen.clear()
    assert stage.owners.look() == 448
    assert {owner for _, owner in stage.held()} == {"claim c7", "claim c8"}
    lists = [line for line in stage.kube.seen if "/ipamclaims" in line]
    assert len(lists) == len(stage.kube.seen) == 2


def test_a_locked_claim_does_not_delay_the_others_of_its_batch(stage: Stage, dba: Session) -> None:
    hold_many(stage, 30)
    stage.session.execute("SET lock_timeout = '100ms'")
    with dba.transaction():
        dba.execute("SELECT FROM owner_objects WHERE name = 'c5' FOR UPDATE")
        assert stage.owners.look() == 29
    assert stage.owners.look() == 1


@pytest.mark.parametrize("is_running", [False, True])
def test_a_claim_that_was_created_again_does_not_inherit_the_address(
    stage: Stage, *, is_running: bool
) -> None:
    """The former claim's pod may even run still: then the two would be one address in two machines."""
    stage.start("other")
    assert stage.address(launcher(stage, "a")) == "10.0.0.2"
    stage.stop("other")
    if not is_running:
        stage.stop("a")
    stage.delete("ipamclaims", CLAIM)
    put_claim(stage)
    refused = launcher(stage, "b", node="node2")
    assert refused["code"] == 11
    assert f"IPAMClaim default/{CLAIM} was deleted and created again" in refused["msg"]
    assert ('pod "a" on node "node1" still uses 10.0.0.2' in refused["msg"]) is is_running
    if is_running:
        assert stage.owners.look() == 0
        stage.stop("a")
    assert stage.owners.look() == 1
    uid = stage.kube.all("pods")["b"]["metadata"]["uid"]
    assert stage.address(stage.add("b", uid=uid, node="node2")) == "10.0.0.1"
    assert stage.owners.look() == 0
    assert stage.tenures()[1:] == [
        ("10.0.0.2", f"claim {CLAIM}", False),
        ("10.0.0.1", f"claim {CLAIM}", True),
    ]


@pytest.mark.parametrize("holds", ["used", "kept", "nothing"])
def test_a_watch_that_is_late_gives_no_address_of_the_former_claim(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, holds: str
) -> None:
    """Else two machines would have one address, or the controller would release one that is used."""
    launcher(stage, "a")
    pods = stage.node_calls.application.extensions["rowhouse"].pods
    claims = pods._claims[""]
    until(lambda: claims.get(("default", CLAIM)))
    if holds != "used":
        stage.stop("a")
    if holds == "nothing":
        stage.dba.execute("DELETE FROM reservations")
    monkeypatch.setattr(claims, "_apply", lambda _event: "")  # no news from here on
    stage.delete("ipamclaims", CLAIM)
    put_claim(stage)
    uid = stage.kube.pod("b", node="node2", **launcher_metadata())
    until(lambda: pods._pods[""].get(("default", "b")))
    answer = stage.add("b", uid=uid, node="node2")
    now = stage.kube.all("ipamclaims")[CLAIM]["metadata"]["uid"]
    if holds == "nothing":
        assert stage.address(answer) == "10.0.0.1"
        assert stage.dba.execute("SELECT object_uid FROM owner_objects").fetchall() == [(now,)]
        return
    assert answer["code"] == 11
    assert f"IPAMClaim default/{CLAIM} was deleted and created again" in answer["msg"]
    assert stage.attached() == ([("a", "node1")] if holds == "used" else [])


def test_an_idle_claim_that_was_created_again_gives_its_former_address_back(stage: Stage) -> None:
    launcher(stage, "a")
    stage.stop("a")
    stage.delete("ipamclaims", CLAIM)
    put_claim(stage)
    assert stage.owners.look() == 1
    assert stage.held() == []
    assert stage.dba.execute("SELECT FROM owner_objects").fetchall() == []


def test_an_address_released_by_hand_lets_the_new_claim_begin_at_once(stage: Stage) -> None:
    launcher(stage, "a")
    stage.stop("a")
    stage.dba.execute("DELETE FROM reservations")
    stage.delete("ipamclaims", CLAIM)
    put_claim(stage)
    assert stage.address(launcher(stage, "b")) == "10.0.0.1"
    assert stage.owners.look() == 0
    stage.stop("b")
    assert stage.owners.look() == 0, "the new uid was noted"
