"""Owners that outlive their pods: claims, virtual machines and workloads keep their address through all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures.pods import Pods, subnet, twice
from rowhouse.domain.errors import AddressTaken, PoolExhausted
from rowhouse.domain.requests import LastingOwner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    Session = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/24")
VM = LastingOwner(
    kind="virtual_machine",
    name="db",
    interface="net1",
    object_kind="VirtualMachine",
    object_name="db",
)
CLAIM = LastingOwner(
    kind="claim", name="db.net", interface="", object_kind="IPAMClaim", object_name="db.net"
)
WORKLOAD = LastingOwner(
    kind="workload",
    name="web-0",
    interface="net1",
    object_kind="StatefulSet",
    object_name="web",
)
ALL = (VM, CLAIM, WORKLOAD)
TENURES = """SELECT host(address), owner_kind::text, owner_name, node, upper_inf(during) FROM tenures ORDER BY id"""
ATTACHED = "SELECT host(address), node, container_id, pod_name FROM attachments ORDER BY 1, 2, 3"
PAST = (
    "SELECT node, container_id, pod_name, end_reason FROM past_attachments ORDER BY upper(during)"
)
OBJECTS = "SELECT owner_kind::text, namespace, name, object_kind, object_name FROM owner_objects"


@pytest.fixture(autouse=True)
def integrity(dba: Session) -> Iterator[None]:
    """Whatever a test does, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def add(
    pods: Pods,
    owner: LastingOwner,
    pod: str,
    *,
    node: str = "node1",
    uid: str | None = None,
    ttl: float | None = None,
    container: str | None = None,
) -> str:
    """An ADD of a pod that uses the owner's address."""
    [given] = pods.add_all(
        pod,
        SUBNET,
        node=node,
        uid=uid or f"uid-of-{pod}",
        container=container,
        sticky=True,
        ttl=ttl,
        lasting=owner,
    )
    return given.address


@pytest.mark.parametrize("owner", ALL, ids=lambda one: one.kind)
def test_a_stop_and_a_start_are_one_tenure_and_two_attachments(
    pods: Pods, dba: Session, owner: LastingOwner
) -> None:
    assert add(pods, owner, "first") == "10.0.0.1"
    [ended] = pods.delete("first")
    assert not ended.released
    pods.add("stranger", SUBNET)
    assert add(pods, owner, "second", node="node2") == "10.0.0.1"
    assert dba.execute(TENURES).fetchall() == [
        ("10.0.0.1", owner.kind, owner.name, "node2", True),
        ("10.0.0.2", "pod", "stranger", "node1", True),
    ]
    assert dba.execute(PAST).fetchall() == [("node1", "first", "first", "DEL")]
    assert dba.execute(ATTACHED).fetchall()[0] == ("10.0.0.1", "node2", "second", "second")
    assert dba.execute(OBJECTS).fetchall() == [
        (owner.kind, "default", owner.name, owner.object_kind, owner.object_name)
    ]


ROWS = """
SELECT to_jsonb(r) - 'address' - 'owner_name' - 'container_id' - 'reserved_at' - 'tenure_id',
       to_jsonb(t) - 'id' - 'address' - 'owner_name' - 'container_id' - 'during',
       to_jsonb(a) - 'address' - 'container_id' - 'pod_name' - 'pod_uid' - 'attached_at'
  FROM reservations r
  JOIN tenures t ON t.id = r.tenure_id AND upper_inf(t.during) AND t.address = r.address
  JOIN attachments a ON a.network_id = r.network_id AND a.address = r.address
 WHERE r.owner_kind = 'claim' ORDER BY r.address"""


def test_the_fast_path_of_a_new_owner_writes_what_the_general_path_writes(
    pods: Pods, dba: Session
) -> None:
    """An address of the middle of a run, and one of its end, too."""
    owners = [replace(CLAIM, name=f"claim{n}", object_name=f"claim{n}") for n in range(6)]
    ends = (("10.0.0.9", "10.0.0.9"), ("10.0.0.1", "10.0.0.254"), ("10.0.0.10", "10.0.0.20"))
    given = []
    for number, owner in enumerate(owners):
        # Two segments are not for the fast path.
        is_general = number % 2
        segments = (*[("10.0.0.250", "10.0.0.250")] * is_general, ends[number // 2])
        [one] = pods.add_all(
            "pod", subnet("10.0.0.0/24", *reversed(segments)), sticky=True, ttl=60.0, lasting=owner,
            container=f"c{number}", uid="uid",
        )  # fmt: skip
        given.append(one.address)
    assert given == [f"10.0.0.{last}" for last in (9, 250, 1, 2, 10, 11)]
    rows = dba.execute(ROWS).fetchall()
    assert len(rows) == len(owners)
    assert len({str(row) for row in rows}) == 1


@pytest.mark.parametrize("owner", [VM, replace(CLAIM, may_share=True)], ids=lambda one: one.kind)
def test_a_migration_has_two_attachments_and_one_tenure(
    pods: Pods, dba: Session, owner: LastingOwner
) -> None:
    source = add(pods, owner, "source", node="node1")
    assert add(pods, owner, "target", node="node2") == source
    assert [row[2] for row in dba.execute(ATTACHED).fetchall()] == ["source", "target"]
    assert [one.released for one in pods.delete("source")] == [False]
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.1", "node2", "target", "target")]
    assert dba.execute(TENURES).fetchall() == [("10.0.0.1", owner.kind, owner.name, "node2", True)]


def test_a_migration_that_fails_leaves_the_address_with_the_source(
    pods: Pods, dba: Session
) -> None:
    add(pods, VM, "source", node="node1")
    add(pods, VM, "target", node="node2")
    pods.delete("target")
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.1", "node1", "source", "source")]
    assert dba.execute(TENURES).fetchall() == [("10.0.0.1", "virtual_machine", "db", "node1", True)]


def test_two_migrations_in_a_row_whose_dels_come_late(pods: Pods, dba: Session) -> None:
    for pod, node in (("a", "node1"), ("b", "node2"), ("c", "node3")):
        assert add(pods, VM, pod, node=node) == "10.0.0.1"
    pods.delete("b")
    pods.delete("a")
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.1", "node3", "c", "c")]
    assert len(dba.execute(TENURES).fetchall()) == 1


def test_a_second_pod_of_a_workload_is_refused_and_told_where_the_first_one_is(
    pods: Pods, dba: Session
) -> None:
    add(pods, WORKLOAD, "web-0", node="node1", uid="1", container="first")
    before = dba.execute(ATTACHED).fetchall()
    for node in ("node1", "node2"):
        with pytest.raises(AddressTaken) as refused:
            add(pods, WORKLOAD, "web-0", node=node, uid="2", container="second")
        assert refused.value.cni_code == 101
        assert (
            'address 10.0.0.1 of workload default/web-0 is in use by sandbox first on node "node1"'
            in refused.value.message
        )
    assert dba.execute(ATTACHED).fetchall() == before
    pods.delete("first")
    assert add(pods, WORKLOAD, "web-0", node="node2", uid="2", container="second") == "10.0.0.1"


def test_a_new_sandbox_of_the_same_pod_on_its_node_replaces_the_old_one(
    pods: Pods, dba: Session
) -> None:
    add(pods, WORKLOAD, "web-0", uid="1", container="before-reboot")
    assert add(pods, WORKLOAD, "web-0", uid="1", container="after-reboot") == "10.0.0.1"
    assert dba.execute(ATTACHED).fetchall() == [("10.0.0.1", "node1", "after-reboot", "web-0")]
    assert dba.execute(PAST).fetchall() == [("node1", "before-reboot", "web-0", "REPLACED")]


def test_the_database_refuses_a_second_sandbox_of_a_workload_by_hand(
    pods: Pods, dba: Session
) -> None:
    add(pods, WORKLOAD, "web-0", uid="1")
    with pytest.raises(psycopg.Error, match="in use by sandbox web-0") as refused:
        dba.execute("UPDATE reservations SET container_id = 'other', node = 'node2'")
    assert refused.value.sqlstate == "RH101"


SECOND = """INSERT INTO attachments (cluster, container_id, interface, network_id, address, node, pod_uid)
            SELECT '', container, 'net1', network_id, address, 'node2', 'other'
              FROM reservations, unnest(%s::text[]) AS container"""


def test_the_database_refuses_a_second_attachment_of_a_workload_by_hand(
    pods: Pods, dba: Session
) -> None:
    add(pods, WORKLOAD, "web-0", uid="1")
    dba.execute("SET search_path = public")
    move = "UPDATE rowhouse.attachments SET container_id = 'new', node = 'node2', pod_uid = '2'"
    dba.execute(move)
    dba.execute("SET search_path = rowhouse")
    with pytest.raises(psycopg.Error, match="in use by sandbox new on node") as refused:
        dba.execute(SECOND, (["other"],))
    assert refused.value.sqlstate == "RH101"
    dba.execute("DELETE FROM attachments")
    with pytest.raises(psycopg.Error, match="in use by sandbox"):
        dba.execute(SECOND.replace("'other'", "container"), (["a", "b"],))
    dba.execute(SECOND, (["a"],))
    dba.execute("DELETE FROM attachments")
    dba.execute("UPDATE reservations SET owner_kind = 'virtual_machine'")
    dba.execute(SECOND, (["a", "b"],))


def test_of_two_pods_of_a_workload_at_the_same_time_one_gets_the_address(
    pods: Pods, dba: Session
) -> None:
    def race(number: int) -> str:
        try:
            return add(
                pods, WORKLOAD, "web-0", uid=str(number), container=f"c{number}", node=f"n{number}"
            )
        except AddressTaken:
            return ""

    with ThreadPoolExecutor(8) as workers:
        given = list(workers.map(race, range(8)))
    assert sorted(given) == [""] * 7 + ["10.0.0.1"]
    assert len(dba.execute(ATTACHED).fetchall()) == 1
    assert len(dba.execute(TENURES).fetchall()) == 1


def test_many_starts_of_one_machine_at_the_same_time_share_one_address(
    pods: Pods, dba: Session
) -> None:
    with ThreadPoolExecutor(8) as workers:
        given = set(workers.map(lambda n: add(pods, VM, f"pod{n}", node=f"node{n}"), range(8)))
    assert given == {"10.0.0.1"}
    assert len(dba.execute(ATTACHED).fetchall()) == 8
    assert len(dba.execute(TENURES).fetchall()) == 1


def test_owners_of_several_kinds_with_one_name_have_an_address_each(
    pods: Pods, dba: Session
) -> None:
    owners = [replace(one, name="same", interface="net1") for one in ALL]
    given = [add(pods, one, "same", container=one.kind) for one in owners]
    given.append(pods.add("same", SUBNET))
    assert given == ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]
    assert len(dba.execute("SELECT FROM reservations").fetchall()) == 4


def test_an_address_of_another_kind_with_the_same_name_cannot_be_requested(pods: Pods) -> None:
    add(pods, WORKLOAD, "web-0")
    asked = replace(SUBNET, requested="10.0.0.1")
    with pytest.raises(AddressTaken, match="in use by default/web-0"):
        pods.add_all("web-0", asked, container="plain")
    pods.add("db", SUBNET)
    with pytest.raises(AddressTaken, match="in use by default/db"):
        pods.add_all("launcher", replace(SUBNET, requested="10.0.0.2"), sticky=True, lasting=VM)


def test_an_owner_without_an_object_expires_after_its_time_to_live(
    pods: Pods, dba: Session
) -> None:
    named = replace(WORKLOAD, object_kind="", object_name="")
    add(pods, named, "web-0", ttl=60)
    expiry = "SELECT expires_at > now() FROM reservations"
    assert dba.execute(expiry).fetchall() == [(None,)]
    pods.delete("web-0")
    assert dba.execute(expiry).fetchall() == [(True,)]
    assert dba.execute(OBJECTS).fetchall() == []
    assert add(pods, named, "web-0") == "10.0.0.1"
    assert dba.execute(expiry).fetchall() == [(None,)]


def test_a_range_that_grew_keeps_the_address(pods: Pods, dba: Session) -> None:
    add(pods, VM, "first")
    pods.delete("first")
    [given] = pods.add_all("second", subnet("10.0.0.0/23"), sticky=True, lasting=VM)
    assert given.address == "10.0.0.1"
    assert len(dba.execute("SELECT FROM reservations").fetchall()) == 1


def test_two_ranges_of_one_machine_are_two_addresses_through_a_migration(pods: Pods) -> None:
    wanted = twice(SUBNET, SUBNET, subnet("fd00::/64"))

    def start(pod: str) -> list[str]:
        return [one.address for one in pods.add_all(pod, *wanted, sticky=True, lasting=VM)]

    given = start("source")
    assert given == ["10.0.0.1", "10.0.0.2", "fd00::1"]
    assert start("target") == given


def test_an_address_that_an_operator_gave_to_a_machine_is_used(pods: Pods, dba: Session) -> None:
    add(pods, VM, "first")
    pods.delete("first")
    dba.execute(
        "SELECT release_v1('me', '', network_id, address, false) FROM reservations"
    ).fetchall()
    dba.execute(
        """SELECT reserve_v1('me', '', id, '{10.0.0.77}', 1, 'virtual_machine', 'prod-a', 'default', 'db', 'net1',
                             NULL, '') FROM pools"""
    ).fetchall()
    assert add(pods, VM, "second") == "10.0.0.77"


def test_a_machine_is_told_that_its_pool_is_full(pods: Pods) -> None:
    tiny = subnet("10.1.0.0/30")
    for number in range(2):
        pods.add(f"pod{number}", tiny)
    with pytest.raises(PoolExhausted):
        pods.add_all("launcher", tiny, sticky=True, lasting=VM)


@pytest.mark.parametrize("owner", ALL, ids=lambda one: one.kind)
def test_a_release_by_an_operator_ends_its_attachments_in_the_history(
    pods: Pods, dba: Session, owner: LastingOwner
) -> None:
    add(pods, owner, "first")
    dba.execute("SELECT release_v1('me', '', network_id, address, true) FROM reservations")
    assert dba.execute(PAST).fetchall() == [("node1", "first", "first", "API")]
    assert dba.execute(ATTACHED).fetchall() == []
    assert pods.delete("first") == []


@pytest.mark.parametrize("owner", ALL, ids=lambda one: one.kind)
def test_an_event_says_which_owner_expired_with_the_number_of_its_addresses(
    pods: Pods, dba: Session, owner: LastingOwner
) -> None:
    add(pods, owner, "first", ttl=3600)
    pods.add("plain", SUBNET, sticky=True, ttl=3600)
    pods.delete("first")
    pods.delete("plain")
    for number in range(2, 13):  # more of the same owner, from an operator
        dba.execute(
            """INSERT INTO reservations (network_id, pool_id, address, owner_kind, owner_cluster, owner_namespace,
                                         owner_name, slot, sticky)
               SELECT network_id, pool_id, '10.0.0.156'::inet + %(n)s, owner_kind, owner_cluster, owner_namespace,
                      owner_name, %(n)s, true
                 FROM reservations WHERE owner_name = %(name)s AND slot = 0""",
            {"n": number, "name": owner.name},
        )
    dba.execute("UPDATE reservations SET expires_at = now() - interval '1 minute'")
    pods.add("next", replace(SUBNET, requested="10.0.0.1"))
    [(reason, name, message)] = dba.execute("SELECT reason, pod, message FROM events").fetchall()
    assert (reason, name) == ("OwnerExpired", owner.name)
    assert message.startswith("released 12 addresses: 10.0.0.1, 10.0.0.158, ")
    assert message.endswith(" and 2 more; no sandbox used them for their time to live")
