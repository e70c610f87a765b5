"""The policy of a reservation is that of its maker: an ADD attaches, and changes none of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet, twice
from rowhouse.domain.administration import Actor, Holder, OwnerKind, ReservationPlan
from rowhouse.ipam import reservations

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

    Session = psycopg.Connection[TupleRow]

SUBNET = subnet("10.0.0.0/24")
ACTOR = Actor(name="anna")
POLICY = "SELECT policy_source, sticky, sticky_ttl, expires_at IS NULL FROM reservations"


@pytest.fixture(autouse=True)
def integrity(dba: Session, pods: Pods) -> Iterator[None]:
    """There is a pool, and whatever the test did, the database finds no problem."""
    pods.add("first", SUBNET)
    pods.delete("first")
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def reserve(
    store: Store,
    dba: Session,
    kind: OwnerKind = "pod",
    *,
    interface: str = "net1",
    ttl: int | None = None,
) -> str:
    row = dba.execute("SELECT id FROM pools").fetchone()
    assert row
    namespace = "default"
    cluster = "prod-a"
    if kind == "static":  # which has only a name and a namespace
        interface = cluster = ""
    holder = Holder(
        kind=kind, namespace=namespace, name="web-0", interface=interface, cluster=cluster
    )
    plan = ReservationPlan(pool_id=row[0], holder=holder, addresses=("10.0.0.77",), ttl=ttl)
    reservations.reserve(store, plan, ACTOR, idempotency_key=None)
    return "10.0.0.77"


@pytest.mark.parametrize("sticky", [False, True])
@pytest.mark.parametrize("ttl", [None, 3600])
def test_what_an_operator_reserved_for_a_pod_outlives_the_pod(
    store: Store, dba: Session, pods: Pods, *, sticky: bool, ttl: int | None
) -> None:
    address = reserve(store, dba, ttl=ttl)
    policy = dba.execute(POLICY).fetchall()
    assert policy[0][0] == "operator"
    for container in ("a", "b"):
        assert pods.add("web-0", SUBNET, container=container, sticky=sticky) == address
        assert [one.released for one in pods.delete(container)] == [False]
    assert dba.execute(POLICY).fetchall() == policy
    assert pods.add("other", SUBNET) == "10.0.0.1"


def test_the_ttl_of_an_operator_counts_while_no_sandbox_uses_the_address(
    store: Store, dba: Session, pods: Pods
) -> None:
    address = reserve(store, dba, ttl=3600)
    pods.add("web-0", SUBNET)
    assert dba.execute("SELECT expires_at FROM reservations").fetchall() == [(None,)]
    pods.delete("web-0")
    [(left,)] = dba.execute(
        "SELECT extract(epoch FROM expires_at - clock_timestamp())::integer FROM reservations"
    )
    assert 3500 < left <= 3600
    dba.execute("UPDATE reservations SET expires_at = clock_timestamp()")
    assert pods.add("other", subnet("10.0.0.0/24", (address, address))) == address


def test_a_network_that_is_not_sticky_takes_no_sticky_address_away(pods: Pods) -> None:
    given = pods.add("web-0", SUBNET, sticky=True)
    pods.delete("web-0")
    assert pods.add("web-0", SUBNET, container="new") == given
    assert [one.released for one in pods.delete("new")] == [False]
    assert pods.add("web-0", SUBNET) == given


def test_a_sticky_network_keeps_no_address_that_a_plain_one_gave(pods: Pods) -> None:
    given = pods.add("web-0", SUBNET)
    assert pods.add("web-0", SUBNET, container="second", sticky=True) == given
    pods.delete("web-0")
    assert [one.released for one in pods.delete("second")] == [True]


def test_another_ttl_changes_nothing_of_a_sticky_address(pods: Pods, dba: Session) -> None:
    pods.add("web-0", SUBNET, sticky=True, ttl=3600)
    before = dba.execute(POLICY).fetchall()
    pods.add("web-0", SUBNET, container="new", sticky=True, ttl=None)
    assert dba.execute(POLICY).fetchall() == before


def test_a_static_reservation_is_no_pods_whatever_its_name(
    store: Store, dba: Session, pods: Pods
) -> None:
    address = reserve(store, dba, kind="static")
    assert pods.add("web-0", SUBNET) == "10.0.0.1"
    assert [one.released for one in pods.delete("web-0")] == [True]
    assert dba.execute("SELECT host(address) FROM reservations").fetchall() == [(address,)]


def test_what_is_reserved_for_a_pod_that_runs_with_another_address_is_its_next_one(
    store: Store, dba: Session, pods: Pods
) -> None:
    assert pods.add("web-0", SUBNET) == "10.0.0.1"
    address = reserve(store, dba)
    assert pods.add("web-0", SUBNET, container="retried") == "10.0.0.1"
    pods.delete("web-0")
    pods.delete("retried")
    assert pods.add("web-0", SUBNET, container="next") == address
    assert pods.add("web-0", SUBNET, container="next") == address
    assert [one.released for one in pods.delete("next")] == [False]


def test_a_range_of_the_call_keeps_its_own_slot(store: Store, dba: Session, pods: Pods) -> None:
    both = twice(SUBNET, SUBNET)
    assert [one.address for one in pods.add_all("web-0", *both)] == ["10.0.0.1", "10.0.0.2"]
    address = reserve(store, dba)
    dba.execute("DELETE FROM reservations WHERE address = '10.0.0.1'")
    given = [one.address for one in pods.add_all("web-0", *both, container="next")]
    assert given == [address, "10.0.0.2"]


@pytest.mark.parametrize("ttl", [None, 60])
def test_a_reassigned_reservation_of_a_nad_does_not_inherit_its_time_to_live(
    store: Store, dba: Session, pods: Pods, ttl: int | None
) -> None:
    pods.add("web-0", SUBNET, sticky=True, ttl=ttl)
    pods.delete("web-0")
    [(network,)] = dba.execute("SELECT network_id FROM reservations").fetchall()
    holder = Holder(kind="static", namespace="", name="printer", interface="", cluster="")
    reservations.reassign(store, (network, "10.0.0.1"), holder, ACTOR)
    assert dba.execute(POLICY).fetchall() == [("operator", True, None, True)]
