"""Many plain ADDs and DELs in one call of the database: as many single ones."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import RowhouseError
from rowhouse.domain.requests import Owner
from rowhouse.store.allocation.allocator import _Attach, _attach_many, _Detach, _detach_many
from rowhouse.store.connection.combining import LeftOut

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.domain.requests import RangeRequest

POOL = subnet("10.0.0.0/24")


@pytest.fixture(autouse=True)
def integrity(dba: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Whatever a test does, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []


def batch(pods: Pods, names: list[str], wanted: RangeRequest = POOL) -> list[str | None]:
    """The address of each pod; None where it was left out, "again" where it may come with the next batch."""
    calls = [
        _Attach(
            Owner(cluster=pods.cluster, namespace="default", name=name, interface="net1"),
            pods.sandbox(name),
            [wanted],
            strict=False,
        )
        for name in names
    ]
    return [
        None if given is LeftOut.ALONE else "again" if given is LeftOut.AGAIN else given[0].address
        for given in _attach_many(pods.store, calls)
    ]


def leave(pods: Pods, containers: list[str], only_node: str | None = None) -> list[list[bool]]:
    """For each container, whether each of its addresses was released."""
    calls = [_Detach(pods.sandbox(name), "DEL", only_node) for name in containers]
    return [[one.released for one in ended] for ended in _detach_many(pods.store, calls)]


def ordered(dba: psycopg.Connection[TupleRow]) -> list[str]:
    rows = dba.execute("SELECT host(address) FROM reservations ORDER BY address").fetchall()
    return [address for (address,) in rows]


def test_a_batch_gets_the_lowest_addresses_in_its_order(pods: Pods) -> None:
    assert pods.add("first", POOL) == "10.0.0.1"
    given = batch(pods, [f"web-{i}" for i in range(40)])
    assert given == [f"10.0.0.{i}" for i in range(2, 42)]
    assert pods.add("last", POOL) == "10.0.0.42"


def test_each_of_it_is_attached_and_in_the_history(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("first", POOL)
    batch(pods, [f"web-{i}" for i in range(20)])
    assert dba.execute("SELECT count(*) FROM attachments").fetchone() == (21,)
    rows = dba.execute(
        "SELECT owner_name, container_id, start_reason, upper_inf(during) FROM tenures WHERE owner_name <> 'first'"
    ).fetchall()
    assert sorted(rows) == sorted((f"web-{i}", f"web-{i}", "ADD", True) for i in range(20))


def test_holes_are_filled_first(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    for i in range(20):
        pods.add(f"old-{i}", POOL)
    for i in (2, 3, 7, 15):
        pods.delete(f"old-{i}")
    assert batch(pods, ["a", "b", "c", "d", "e", "f"]) == [
        *("10.0.0.3", "10.0.0.4", "10.0.0.8", "10.0.0.16", "10.0.0.21", "10.0.0.22")
    ]
    assert len(ordered(dba)) == 22


def test_windows_and_excludes_are_kept(pods: Pods) -> None:
    wanted = subnet("10.0.0.0/24", ("10.0.0.4", "10.0.0.5"), ("10.0.0.9", "10.0.0.9"))
    pods.add("first", wanted)
    given = batch(pods, ["a", "b", "c", "d"], wanted)
    assert given == ["10.0.0.5", "10.0.0.9", "again", "again"]
    assert batch(pods, ["c", "d"], wanted) == [None, None]


@pytest.mark.parametrize("cidr", ["fd00::/64", "2001:db8::/32", "10.0.0.0/8", "10.0.0.0/29"])
def test_of_any_size(pods: Pods, cidr: str) -> None:
    wanted = subnet(cidr)
    pods.add("first", wanted)
    given = batch(pods, [f"web-{i}" for i in range(5)], wanted)
    assert len({*given} - {None, "again"}) == 5


def test_to_the_last_address_there_is(pods: Pods) -> None:
    """Where a sum would leave the family: nothing is given wrongly, alone it is served."""
    wanted = subnet("255.255.255.252/30", ("255.255.255.252", "255.255.255.255"))
    names = ["a", "b", "c", "d"]
    given = [pods.add(name, wanted) for name in names]
    assert given == [f"255.255.255.{i}" for i in range(252, 256)]


def test_an_owner_with_an_address_is_left_to_the_slow_path(pods: Pods) -> None:
    held = pods.add("web-0", POOL)
    assert batch(pods, ["web-0", "web-1"]) == [None, "10.0.0.2"]
    assert pods.add("web-0", POOL) == held


def test_one_pod_twice_in_a_batch_has_one_address(pods: Pods) -> None:
    pods.add("first", POOL)
    given = batch(pods, ["web-0", "web-0"])
    assert sorted(given, key=str) == ["10.0.0.2", None]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pools SET drained = true",
        "UPDATE pools SET reuse_delay = '1 microsecond'; DELETE FROM reservations; SELECT pg_sleep(0.001)",
        "UPDATE reservations SET sticky = true, expires_at = now(); DELETE FROM attachments",
    ],
)
def test_pools_that_need_a_closer_look_are_left_to_the_usual_way(
    pods: Pods, dba: psycopg.Connection[TupleRow], statement: str
) -> None:
    pods.add("first", POOL)
    dba.execute(statement.encode())
    assert batch(pods, ["a", "b"]) == [None, None]


def test_a_pool_that_is_new_is_left_to_the_usual_way(pods: Pods) -> None:
    assert batch(pods, ["a"]) == [None]


def test_a_quota_fails_the_batch_and_then_those_beyond_it(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("first", POOL)
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('default', 2)")

    with pytest.raises(RowhouseError, match="may hold 2 addresses"):
        batch(pods, ["a", "b"])
    assert ordered(dba) == ["10.0.0.1"]
    assert batch(pods, ["a"]) == ["10.0.0.2"]


def test_a_batch_of_dels(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    names = [f"web-{i}" for i in range(30)]
    pods.add("first", POOL)
    batch(pods, names)
    assert leave(pods, [*names[:20], "nobody"]) == [[True]] * 20 + [[]]
    assert ordered(dba) == ["10.0.0.1", *(f"10.0.0.{i}" for i in range(22, 32))]
    rows = dba.execute(
        "SELECT count(*) FROM tenures WHERE NOT upper_inf(during) AND end_reason = 'DEL'"
    )
    assert rows.fetchone() == (20,)
    assert batch(pods, ["a", "b"]) == ["10.0.0.2", "10.0.0.3"]


def test_dels_of_another_node_are_left_alone(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    pods.add("a", POOL, node="node1")
    pods.add("b", POOL, node="node2")
    assert leave(pods, ["a", "b"], only_node="node2") == [[], [True]]
    assert ordered(dba) == ["10.0.0.1"]


def test_sticky_and_shared_addresses_stay(pods: Pods, dba: psycopg.Connection[TupleRow]) -> None:
    pods.add("plain", POOL)
    pods.add("sticky", POOL, sticky=True, ttl=3600)
    pods.add("moving", POOL, container="source", node="node1")
    pods.add("moving", POOL, container="target", node="node2")
    assert leave(pods, ["plain", "sticky", "source"]) == [[True], [False], [False]]
    rows = dba.execute(
        "SELECT owner_name, container_id, expires_at IS NOT NULL FROM reservations ORDER BY address"
    ).fetchall()
    assert rows == [("sticky", "", True), ("moving", "target", False)]


def test_both_sandboxes_of_one_address_in_a_batch(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("moving", POOL, container="source", node="node1")
    pods.add("moving", POOL, container="target", node="node2")
    assert leave(pods, ["source", "target", "target"]) == [[False], [True], []]
    assert ordered(dba) == []


def test_only_plain_calls_join_a_batch(pods: Pods) -> None:
    """What attach_many_v1() does not know goes the usual way, whatever else is under way."""
    wishes = [
        subnet("10.0.0.0/24", requested="10.0.0.77"),
        subnet("10.0.0.0/24", slot=1),
        subnet("10.0.0.0/24", slice_size=28),
    ]
    for i, wish in enumerate(wishes):
        pods.add(f"web-{i}", wish)
    pods.add("sticky", POOL, sticky=True)
    pods.add_all("both", POOL, subnet("10.1.0.0/24"))
    assert "attach" not in pods.store._queues


def test_a_batch_that_finds_everything_locked_waits_for_the_first_run(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    """Alone, each of them would lock a run for the next batch to skip, and no batch would ever be whole again."""
    pods.add("first", POOL)
    with ThreadPoolExecutor(1) as other, dba.transaction():
        dba.execute("SELECT * FROM free_ranges FOR UPDATE")
        waiting = other.submit(batch, pods, ["a", "b", "c"])
        while not dba.execute("SELECT FROM pg_locks WHERE NOT granted").rowcount:
            pass
        dba.execute("DELETE FROM reservations")
    # What was freed meanwhile counts as well.
    assert sorted(map(str, waiting.result())) == ["10.0.0.1", "10.0.0.2", "10.0.0.3"]


def test_a_call_that_finds_only_locked_runs_joins_the_next_batch(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("first", POOL)
    pods.add("second", POOL)  # which cuts a block off the run
    with dba.transaction():
        dba.execute("SELECT * FROM free_ranges WHERE last > '10.0.0.64' FOR UPDATE")
        given = batch(pods, [f"web-{i}" for i in range(63)])
    assert given == [*(f"10.0.0.{i}" for i in range(3, 64)), "again", "again"]
