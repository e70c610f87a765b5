"""node_slice_size: each node draws from a part of the range that is its own."""

from __future__ import annotations

from ipaddress import ip_network
from random import Random
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import hosts, subnet
from rowhouse.domain.errors import InvalidConfig, PoolExhausted

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods


def slices(dba: psycopg.Connection[TupleRow]) -> dict[str, str]:
    rows = dba.execute("SELECT node, slice::text FROM node_slices").fetchall()
    return {str(node): str(text) for node, text in rows}


def test_nodes_get_the_slices_in_order_and_keep_them(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = subnet("10.0.0.0/24", slice_size=26)
    for turn in range(2):
        given = [pods.add(f"{turn}-{n}", wanted, node=f"node{n}") for n in range(4)]
        assert given == [f"10.0.0.{64 * n + (n == 0) + turn}" for n in range(4)]
    with pytest.raises(
        PoolExhausted, match=r"every /26 slice of pool 10\.0\.0\.0/24 belongs to a node"
    ):
        pods.add("late", wanted, node="node4")
    dba.execute("DELETE FROM node_slices WHERE node = 'node2'")
    assert pods.add("late", wanted, node="node4") == "10.0.0.130"
    assert slices(dba)["node4"] == "10.0.0.128/26"


def test_a_node_without_an_address_left_is_full_though_the_range_is_not(pods: Pods) -> None:
    wanted = subnet("10.0.0.0/24", slice_size=30)
    for i in range(3):  # 10.0.0.0 is the network's own
        pods.add(f"pod-{i}", wanted, node="node0")
    with pytest.raises(PoolExhausted):
        pods.add("late", wanted, node="node0")
    assert pods.add("late", wanted, node="node1") == "10.0.0.4"


def test_window_and_excludes_count_inside_a_slice(pods: Pods) -> None:
    segments = (("10.0.0.5", "10.0.0.6"), ("10.0.0.70", "10.0.0.71"), ("10.0.0.250", "10.0.0.251"))
    wanted = subnet("10.0.0.0/24", *segments, slice_size=25)
    given = [pods.add(f"a-{i}", wanted, node="node0") for i in range(4)]
    assert given == ["10.0.0.5", "10.0.0.6", "10.0.0.70", "10.0.0.71"]
    assert pods.add("b-0", wanted, node="node1") == "10.0.0.250"
    with pytest.raises(PoolExhausted):
        pods.add("a-4", wanted, node="node0")


@pytest.mark.parametrize(
    ("cidr", "sizes"), [("10.0.0.0/22", (24, 26, 28, 30)), ("fd00::/64", (66, 67, 68, 72))]
)
def test_slices_of_several_sizes_never_overlap_and_none_is_overlooked(
    pods: Pods, dba: psycopg.Connection[TupleRow], cidr: str, sizes: tuple[int, ...]
) -> None:
    """node_slice_size may change while nodes hold slices of the old size."""
    random = Random(11)
    refused = 0
    for i in range(60):
        held = [ip_network(text) for text in slices(dba).values()]
        size = random.choice(sizes)
        room = [
            block
            for block in ip_network(cidr).subnets(new_prefix=size)
            if not any(one.supernet_of(block) or block.supernet_of(one) for one in held)  # type: ignore[arg-type]
        ]
        wanted = subnet(cidr, (ip_network(cidr)[0].compressed, hosts(cidr)[1]), slice_size=size)
        try:
            pods.add(f"pod-{i}", wanted, node=f"node{i}")
        except PoolExhausted:
            assert room == []
            refused += 1
        else:
            assert slices(dba)[f"node{i}"] == str(room[0])
        if random.random() < 0.3:
            gone = random.choice(sorted(slices(dba)))
            dba.execute("DELETE FROM node_slices WHERE node = %s", (gone,))
            dba.execute("DELETE FROM reservations WHERE node = %s", (gone,))
    assert refused > 5


def test_a_slice_that_fits_no_address_of_the_family_is_refused(pods: Pods) -> None:
    with pytest.raises(InvalidConfig):
        pods.add("web-0", subnet("10.0.0.0/24", slice_size=64))
    with pytest.raises(PoolExhausted):
        pods.add("web-0", subnet("10.0.0.0/24", slice_size=16))


def test_slices_at_the_ends_of_what_there_is(pods: Pods) -> None:
    for cidr, size in (("255.255.255.0/24", 25), ("::/64", 65), ("ffff:ffff:ffff:ffff::/64", 65)):
        block = ip_network(cidr)
        wanted = subnet(cidr, (str(block[0]), str(block[-1])), slice_size=size)
        assert pods.add(f"{cidr} low", wanted, node="low") == str(block[0])
        assert pods.add(f"{cidr} high", wanted, node="high") == str(block[block.num_addresses // 2])
        with pytest.raises(PoolExhausted):
            pods.add(f"{cidr} late", wanted, node="late")


def test_a_slice_is_freed_with_its_node(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    wanted = subnet("10.0.0.0/24", slice_size=25)
    pods.add("a", wanted, node="node0")
    pods.add("b", wanted, node="node1")
    with pytest.raises(PoolExhausted):
        pods.add("c", wanted, node="node2")
    dba.execute("DELETE FROM reservations WHERE owner_name = 'a'")
    assert pods.add("c", wanted, node="node2") == "10.0.0.1"
    assert slices(dba) == {"node1": "10.0.0.128/25", "node2": "10.0.0.0/25"}


def test_a_node_gets_a_slice_that_reaches_into_the_window(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    """Of the NAD, and of the pool."""
    wanted = subnet("10.0.0.0/24", ("10.0.0.70", "10.0.0.254"), slice_size=27)
    assert pods.add("a", wanted, node="node0") == "10.0.0.70"
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE pools SET window_first = '10.0.0.130', window_last = '10.0.0.200'")
    given = [pods.add(f"b-{n}", wanted, node=f"node{n}") for n in range(1, 4)]
    assert given == ["10.0.0.130", "10.0.0.160", "10.0.0.192"]
    with pytest.raises(PoolExhausted, match="every /27 slice"):
        pods.add("late", wanted, node="node4")
    # The one outside of the window is not assigned, and its node gives it up for one inside.
    assert slices(dba)["node0"] == "10.0.0.64/27"
    pods.delete("b-2")
    assert pods.add("c", wanted, node="node0") == "10.0.0.160"
    assert "10.0.0.64/27" not in slices(dba).values()


def test_a_slice_that_no_window_holds_any_more_is_given_up_when_it_is_idle(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    low, high = (
        subnet("fd00::/120", segment, slice_size=124)
        for segment in (("fd00::1", "fd00::f"), ("fd00::8a", "fd00::ff"))
    )
    assert pods.add("a", low, node="node0") == "fd00::1"
    with pytest.raises(PoolExhausted):
        pods.add("b", high, node="node0")
    pods.delete("a")
    assert pods.add("b", high, node="node0") == "fd00::8a"
    assert slices(dba) == {"node0": "fd00::80/124"}


def test_a_pool_whose_window_leaves_nothing_assigns_no_slice(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.9"), slice_size=26)
    pods.add("a", wanted, node="node0")
    dba.execute("SET rowhouse.force = 'on'")
    dba.execute("UPDATE pools SET window_first = '10.0.0.100'")
    with pytest.raises(PoolExhausted, match="no free address"):
        pods.add("b", wanted, node="node1")
    assert slices(dba) == {"node0": "10.0.0.0/26"}
