"""The first and the last address of what there is, and the step beyond."""

from __future__ import annotations

from ipaddress import ip_address, ip_network
from random import Random
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import hosts, lowest, subnet
from rowhouse.domain.errors import AddressTaken, PoolExhausted

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.pods import Pods

LARGE = (
    "10.0.0.0/8", "0.0.0.0/8", "0.0.0.0/0", "255.0.0.0/8", "255.255.255.0/24", "fd00:1:2:3::/64",
    "::/64", "fd00::/8", "::/0", "ffff:ffff:ffff:ffff::/64",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ff00/120",
)  # fmt: skip
SMALL = (
    "10.0.0.0/30", "10.0.0.2/31", "10.0.0.255/32", "255.255.255.254/31", "255.255.255.255/32",
    "0.0.0.0/31", "fd00::4/127", "fd00::5/128", "::/127", "::/128",
    "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe/127", "fd00::ffff:ffff:ffff:fff0/124",
)  # fmt: skip


def whole(cidr: str) -> tuple[str, str]:
    block = ip_network(cidr)
    return str(block[0]), str(block[-1])


def nothing_is_lost(dba: psycopg.Connection[TupleRow]) -> bool:
    return dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def free_runs(dba: psycopg.Connection[TupleRow]) -> list[tuple[str, str]]:
    rows = dba.execute("SELECT host(first), host(last) FROM free_ranges ORDER BY last")
    return [(first, last) for first, last in rows]


def test_both_ends_of_a_large_range_are_given_out_and_come_back(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    for cidr in LARGE:
        first, last = (ip_address(end) for end in whole(cidr))
        low = subnet(cidr, (str(first), str(first + 2)), network=cidr)
        high = subnet(cidr, (str(last - 2), str(last)), network=cidr)
        names = [f"{i} of {cidr}" for i in range(6)]
        given = [pods.add(name, low if i < 3 else high) for i, name in enumerate(names)]
        assert given == [str(end + i) for end in (first, last - 2) for i in range(3)]
        for wanted in (low, high):
            with pytest.raises(PoolExhausted):
                pods.add("late", wanted)
        assert pods.add("middle", subnet(cidr, whole(cidr), network=cidr)) == str(first + 3)
        assert nothing_is_lost(dba)
        Random(cidr).shuffle(names)
        for name in (*names, "middle"):
            assert [one.released for one in pods.delete(name)] == [True]
            assert nothing_is_lost(dba)
        assert pods.add("again", high) == str(last - 2)
        assert pods.add("again", low, container="other") == str(last - 2)  # one pool, one address


def test_a_small_range_gives_every_address_once(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    for cidr in SMALL:
        every = [str(address) for address in ip_network(cidr)]
        wanted = subnet(cidr, whole(cidr), network=cidr)
        assert [pods.add(f"pod-{address}", wanted) for address in every] == every
        with pytest.raises(PoolExhausted):
            pods.add("late", wanted)
        left = list(every)
        Random(cidr).shuffle(left)
        for i, address in enumerate(left, 1):
            pods.delete(f"pod-{address}")
            assert nothing_is_lost(dba)
            assert pods.add("guest", wanted) == lowest(left[:i])[0]
            pods.delete("guest")
    # A run ends at most once in a block of 16, and every block here is one.
    rows = dba.execute(
        "SELECT n.name, host(f.first), host(f.last) FROM free_ranges f JOIN networks n ON n.id = f.network_id"
    )
    assert {cidr: (first, last) for cidr, first, last in rows} == {
        cidr: whole(cidr) for cidr in SMALL
    }


def test_an_end_that_was_asked_for_is_given_once(pods: Pods) -> None:
    for cidr in LARGE + SMALL:
        for end in set(whole(cidr)):
            wanted = subnet(cidr, whole(cidr), requested=end, network=cidr)
            assert pods.add(f"{end} of {cidr}", wanted) == end
            with pytest.raises(AddressTaken):
                pods.add("late", wanted)


def test_the_last_ipv4_address_and_the_first_ipv6_one_are_no_neighbors(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    last4, first6 = "255.255.255.248/29", "::/125"
    wanted = {cidr: subnet(cidr, whole(cidr)) for cidr in (last4, first6)}
    names = [f"{cidr} {i}" for cidr in wanted for i in range(8)]
    for seed in range(4):
        for name in names:
            pods.add(name, wanted[name.split()[0]])
        Random(seed).shuffle(names)
        for name in names:
            pods.delete(name)
        assert free_runs(dba) == [whole(last4), whole(first6)]
        names.sort()


def test_everything_there_is_can_be_one_pool_with_pools_inside(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    edges = [
        "0.0.0.0/32", "255.255.255.255/32", "128.0.0.0/1", "0.0.0.0/0", "0.0.0.0/1",
        "::/128", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128", "8000::/1", "::/0", "::/1",
    ]  # fmt: skip
    for cidr in edges:
        pods.add(f"pod of {cidr}", subnet(cidr, whole(cidr)))
        assert nothing_is_lost(dba)
    dba.execute("DELETE FROM reservations")
    assert nothing_is_lost(dba)
    for cidr in sorted(edges):
        dba.execute("DELETE FROM pools WHERE cidr = %s", (cidr,))
        assert nothing_is_lost(dba)
    assert free_runs(dba) == []


def test_with_one_writer_the_next_address_is_always_the_lowest(pods: Pods) -> None:
    wanted = subnet("10.0.0.0/24")
    held = {pods.add(f"pod-{i}", wanted): f"pod-{i}" for i in range(200)}
    random = Random(7)
    for step in range(60):
        for address in random.sample(sorted(held), 3):
            pods.delete(held.pop(address))
        free = (str(address) for address in ip_network("10.0.0.0/24").hosts())
        expected = next(address for address in free if address not in held)
        assert pods.add(f"new-{step}", wanted) == expected
        held[expected] = f"new-{step}"


def test_segments_are_used_in_their_order_and_never_what_lies_between(pods: Pods) -> None:
    wanted = subnet(
        "10.0.0.0/8", ("10.0.0.5", "10.0.0.6"), ("10.9.0.0", "10.9.0.1"), ("10.255.255.255",) * 2
    )
    given = [pods.add(f"pod-{i}", wanted) for i in range(5)]
    assert given == ["10.0.0.5", "10.0.0.6", "10.9.0.0", "10.9.0.1", "10.255.255.255"]
    with pytest.raises(PoolExhausted):
        pods.add("late", wanted)
    assert pods.add("outside", subnet("10.0.0.0/8", ("10.0.0.0", "10.0.0.5"))) == "10.0.0.0"


def test_a_range_of_many_holes_gives_what_is_between_them(pods: Pods) -> None:
    """1,000 excludes, so 1,001 segments, of one address each."""
    every = [str(ip_address("10.0.0.0") + 2 * i) for i in range(1001)]
    wanted = subnet("10.0.0.0/16", *((address, address) for address in every))
    assert [pods.add(f"pod-{i}", wanted) for i in range(3)] == every[:3]
    last = subnet("10.0.0.0/16", *wanted.segments, requested=every[-1])
    assert pods.add("last", last) == every[-1]


def test_usage_is_exact_for_any_size(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    for cidr in (
        "10.0.0.0/8",
        "0.0.0.0/0",
        "fd00::/66",
        "fd00::/65",
        "fd00::/64",
        "fd00::/8",
        "::/0",
    ):
        for i in range(5):
            pods.add(f"pod-{i}", subnet(cidr, network=cidr))
        pods.add("last", subnet(cidr, network=cidr, requested=hosts(cidr)[1]))
        row = dba.execute(
            "SELECT total, reserved, free FROM pool_usage WHERE network = %s", (cidr,)
        ).fetchone()
        total = ip_network(cidr).num_addresses - 2
        assert row == (total, 6, total - 6)


def test_a_drained_pool_says_how_it_gives_out_addresses_again(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    wanted = subnet("10.0.0.0/24")
    pods.add("web-0", wanted)
    dba.execute("UPDATE pools SET drained = true")
    with pytest.raises(PoolExhausted, match="is drained") as refusal:
        pods.add("web-1", wanted)
    assert "rowhouse pool undrain" in refusal.value.hint
