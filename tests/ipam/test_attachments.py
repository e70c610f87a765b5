"""Who uses an address: restarts, late deletes, sticky owners, garbage; one step at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet, twice
from rowhouse.domain.errors import (
    AddressOutsideRanges,
    AddressTaken,
    InvalidConfig,
    PoolExhausted,
    RowhouseError,
)
from rowhouse.domain.requests import RangeRequest
from rowhouse.ipam.garbage import collect_garbage
from rowhouse.store.allocation import allocator

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

SUBNET = subnet("10.0.0.0/24")
ONE = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.1"))


def test_a_late_del_of_the_old_sandbox_takes_nothing_from_the_new_one(pods: Pods) -> None:
    assert pods.add("web-0", ONE, container="old", uid="1") == "10.0.0.1"
    assert pods.add("web-0", ONE, container="new", uid="2") == "10.0.0.1"
    assert [one.released for one in pods.delete("old")] == [False]
    with pytest.raises(PoolExhausted):
        pods.add("other", ONE)
    assert [one.released for one in pods.delete("new")] == [True]
    assert pods.delete("new") == []


def test_an_add_that_finds_its_owner_s_address_begins_no_other_tenure(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    assert pods.add("web-0", SUBNET) == "10.0.0.1"
    assert pods.add("web-0", SUBNET) == "10.0.0.1"
    found = dba.execute("SELECT host(address), upper_inf(during) FROM tenures").fetchall()
    assert found == [("10.0.0.1", True)]


def test_a_del_from_a_node_that_came_back_frees_no_address_of_its_next_owner(pods: Pods) -> None:
    pods.add("web-0", ONE, container="old")
    pods.delete("old")
    pods.add("db-0", ONE)
    assert pods.delete("old") == []
    with pytest.raises(PoolExhausted):
        pods.add("other", ONE)


def test_the_same_container_id_in_another_cluster_is_another_sandbox(
    store: Store, pods: Pods
) -> None:
    elsewhere = Pods(store, cluster="prod-b")
    assert pods.add("web-0", SUBNET) == "10.0.0.1"
    assert elsewhere.add("web-0", SUBNET) == "10.0.0.2"
    assert [one.address for one in elsewhere.delete("web-0")] == ["10.0.0.2"]
    assert [one.address for one in pods.delete("web-0")] == ["10.0.0.1"]


def test_each_interface_of_a_pod_has_an_address_of_its_own(pods: Pods) -> None:
    for n in (1, 2):
        [given] = pods.add_all("web-0", SUBNET, interface=f"net{n}")
        assert given.address == f"10.0.0.{n}"
    assert [one.address for one in pods.delete("web-0", interface="net2")] == ["10.0.0.2"]
    assert [one.address for one in pods.delete("web-0")] == ["10.0.0.1"]


def test_the_same_range_twice_gives_two_addresses_and_again_the_same_two(pods: Pods) -> None:
    wanted = twice(SUBNET, SUBNET, subnet("10.0.0.0/25"))
    first = [one.address for one in pods.add_all("web-0", *wanted)]
    assert first == ["10.0.0.2", "10.0.0.3", "10.0.0.1"] or len(set(first)) == 3
    assert [one.address for one in pods.add_all("web-0", *wanted, container="new")] == first
    asking = twice(SUBNET, subnet("10.0.0.0/24", requested="10.0.0.99"))
    again = [one.address for one in pods.add_all("web-0", *asking)]
    assert again == [first[0], "10.0.0.99"]
    assert len(pods.delete("web-0")) == 4
    assert len(pods.delete("new")) == 3


def test_an_address_that_the_call_has_just_given_to_another_range_is_taken(pods: Pods) -> None:
    """It is no reason to try again: the answer would always be the same."""
    asking = twice(SUBNET, subnet("10.0.0.0/24", requested="10.0.0.1"))
    for _ in range(2):
        with pytest.raises(AddressTaken, match="another range of this call"):
            pods.add_all("web-0", *asking)
    pods.add("web-0", SUBNET)
    with pytest.raises(AddressTaken, match="another range of this call"):
        pods.add_all("web-0", *asking)


def test_an_address_outside_a_range_is_that_even_if_the_call_has_just_got_it(pods: Pods) -> None:
    beside = subnet("10.0.1.0/24", requested="10.0.0.1")
    with pytest.raises(AddressOutsideRanges, match="outside the window"):
        pods.add_all("web-0", *twice(SUBNET, beside))


def test_several_ranges_are_all_or_nothing(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    pods.add("blocker", ONE)
    failing: tuple[tuple[RangeRequest, type[RowhouseError]], ...] = (
        (ONE, PoolExhausted),
        (subnet("10.0.0.0/24", requested="10.0.0.1"), AddressTaken),
        (subnet("10.0.0.0/24", requested="10.9.9.9"), AddressOutsideRanges),
        (subnet("10.0.0.0/24", requested="fd00::1"), AddressOutsideRanges),
        (RangeRequest(pool="nowhere"), InvalidConfig),
    )
    others = (subnet("10.1.0.0/24"), subnet("fd00::/64"), subnet("9.0.0.0/24"))
    for bad, error in failing:
        for place in range(4):
            wanted = [*others[:place], bad, *others[place:]]
            with pytest.raises(error) as caught:
                pods.add_all("web-0", *wanted)
            assert "default/web-0" in str(caught.value)
            assert caught.value.hint
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (1,)
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (1,)
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def test_a_sticky_owner_keeps_its_address_until_its_time_is_over(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    assert pods.add("web-0", ONE, sticky=True, ttl=3600) == "10.0.0.1"
    dba.execute("UPDATE reservations SET expires_at = now() - interval '1 s'")
    with pytest.raises(PoolExhausted):  # a live sandbox uses it, whatever the row says
        pods.add("other", ONE)
    assert [one.released for one in pods.delete("web-0")] == [False]
    with pytest.raises(PoolExhausted):
        pods.add("other", ONE)
    assert pods.add("web-0", ONE, container="new", sticky=True, ttl=3600) == "10.0.0.1"
    pods.delete("new")
    dba.execute("UPDATE reservations SET expires_at = now() - interval '1 s'")
    assert allocator.exhausted(pods.store, [ONE]) == []
    assert pods.add("other", ONE) == "10.0.0.1"
    assert pods.add("web-0", SUBNET, sticky=True) == "10.0.0.2"


def test_garbage_is_what_this_node_and_network_have_and_the_runtime_has_not(
    pods: Pods, store: Store
) -> None:
    for pod, node in (("gone", "node1"), ("live", "node1"), ("far", "node2")):
        pods.add(pod, SUBNET, node=node)
    keep = {("live", "net1")}
    assert collect_garbage(store, "prod-a", "node1", "other network", keep) == 0
    assert collect_garbage(store, "prod-b", "node1", "storage", keep) == 0
    assert collect_garbage(store, "prod-a", "node1", "storage", keep) == 1
    assert pods.delete("gone") == []
    assert [one.address for one in pods.delete("live")] == ["10.0.0.2"]
    assert [one.address for one in pods.delete("far")] == ["10.0.0.3"]


def test_in_strict_mode_a_pod_has_one_address_in_ranges_that_overlap(pods: Pods) -> None:
    """As upstream, which takes what the pod itself holds for free."""
    wanted = (subnet("10.0.0.0/24"), subnet("10.0.0.0/25"))
    given = pods.add_all("web-0", *wanted, strict=True)
    assert [one.address for one in given] == ["10.0.0.1", "10.0.0.1"]
    given = pods.add_all("web-1", *wanted)
    assert [one.address for one in given] == ["10.0.0.2", "10.0.0.3"]


def test_a_refusal_names_the_cluster_of_the_holder_where_it_is_another(
    store: Store, pods: Pods
) -> None:
    elsewhere = Pods(store, cluster="prod-b")
    elsewhere.add("web-0", SUBNET)
    with pytest.raises(AddressTaken, match='default/web-0 of cluster "prod-b"'):
        pods.add("web-0", subnet("10.0.0.0/24", requested="10.0.0.1"))
    with pytest.raises(AddressTaken) as refused:
        elsewhere.add("web-1", subnet("10.0.0.0/24", requested="10.0.0.1"))
    assert "cluster" not in refused.value.message
