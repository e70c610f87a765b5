"""Pools and slices that are made, and go, while others do the same."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import psycopg
import pytest

from fixtures import databases
from fixtures.crowds import answers, at_once, until_waiting
from fixtures.pods import subnet
from rowhouse.domain.errors import PoolExhausted, RowhouseError
from rowhouse.domain.requests import RangeRequest
from rowhouse.store.connection.errors import Refusal

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.pods import Pods

NETWORK = "INSERT INTO networks (name) VALUES ('n')"
POOL = "INSERT INTO pools (network_id, network_name, cidr) SELECT id, name, %s FROM networks"
NO_POOL = "DELETE FROM pools WHERE cidr = %s"
ORPHANS = """
SELECT * FROM reservations r WHERE NOT EXISTS (SELECT FROM pools p WHERE p.id = r.pool_id)
"""


def test_a_pool_that_20_pods_are_the_first_to_want_is_made_once(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    for cidr, isolated in itertools.product(("10.0.0.0/24", "fd00::/64"), (False, True)):
        network = f"{cidr} {isolated}"
        wanted = subnet(cidr, network=network, isolated=isolated)
        given = answers(at_once(partial(crowd.add, f"{network} {i}", wanted) for i in range(20)))
        assert len(set(given)) == 20
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (4,)
    assert dba.execute("SELECT count(*) FROM networks").fetchone() == (4,)


def test_nested_pools_made_at_once_give_every_address_once(
    crowd: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    cidrs = [f"10.0.{i}.0/24" for i in range(4)] + [f"10.0.{i}.128/25" for i in range(4)]
    cidrs += ["10.0.0.0/8", "10.0.0.0/22", "10.0.2.0/23", "10.0.1.192/26"] * 2
    given = answers(
        at_once(partial(crowd.add, f"pod-{i}", subnet(cidr)) for i, cidr in enumerate(cidrs))
    )
    assert len(set(given)) == len(cidrs)
    row = dba.execute("SELECT min(first), max(last) FROM free_ranges").fetchone()
    assert row == (ip_address("10.0.0.0"), ip_address("10.255.255.255"))


def test_pools_made_by_hand_at_once_do_not_lock_each_other_out(
    database: Database, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute(NETWORK)

    def make(i: int) -> None:
        with databases.session(database) as session:
            session.execute(POOL, (f"10.0.{i}.0/24",))
            session.execute(POOL, (f"10.{i}.0.0/16",))

    answers(at_once(partial(make, i) for i in range(12)))
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (24,)


@pytest.mark.parametrize("larger", [None, "10.0.0.0/16"])
def test_a_pool_that_goes_while_pods_come_leaves_no_address_behind(
    crowd: Pods, dba: psycopg.Connection[TupleRow], database: Database, larger: str | None
) -> None:
    """Either it stays since it holds addresses, or it is deleted and the pods create it again."""
    dba.execute(NETWORK)
    if larger:
        dba.execute(POOL, (larger,))
    wanted = subnet("10.0.0.0/24", network="n")

    def come_and_go(worker: int) -> None:
        for i in range(12):
            try:
                crowd.add(f"pod-{worker}-{i}", wanted)
            except RowhouseError:
                continue
            crowd.delete(f"pod-{worker}-{i}")

    def remove(_: int) -> None:
        with databases.session(database) as session:
            for _ in range(12):
                try:
                    session.execute(NO_POOL, (wanted.cidr,))
                except psycopg.errors.DeadlockDetected:
                    continue
                except psycopg.Error as error:
                    assert error.sqlstate == Refusal.IN_THE_WAY, error  # noqa: PT017 - it may also succeed

    answers(at_once([partial(come_and_go, i) for i in range(6)] + [partial(remove, 0)] * 2))
    assert dba.execute(ORPHANS).fetchall() == []
    crowd.add("last", wanted)


def test_a_pod_that_met_a_pool_on_its_way_out_is_not_left_in_it(
    crowd: Pods, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    """The ADD has read the pool and waits for an address; the pool waits for the ADD, and stays."""
    dba.execute(NETWORK)
    for cidr in ("10.0.0.0/16", "10.0.0.0/24"):
        dba.execute(POOL, (cidr,))
    with ThreadPoolExecutor(2) as threads, databases.session(database) as remover:
        with databases.session(database) as blocker, blocker.transaction():
            blocker.execute("SELECT FROM free_ranges FOR UPDATE")
            late = threads.submit(crowd.add, "late", subnet("10.0.0.0/24", network="n"))
            until_waiting(dba)
            removal = threads.submit(remover.execute, NO_POOL, ("10.0.0.0/24",))
            until_waiting(dba, sessions=2)
        assert late.result() == "10.0.0.1"
        with pytest.raises(psycopg.DatabaseError, match="still holds 1 reservations"):
            removal.result()
    assert dba.execute(ORPHANS).fetchall() == []


def test_nodes_that_are_new_at_once_get_slices_of_their_own(crowd: Pods) -> None:
    for cidr, size in (("10.0.0.0/20", 24), ("fd00::/64", 120)):
        wanted = subnet(cidr, slice_size=size)
        given = answers(
            at_once(
                partial(crowd.add, f"{cidr} {i}", wanted, node=f"node{i % 16}") for i in range(48)
            )
        )
        assert len(set(given)) == 48
        slices = [{ip_network((a, size), strict=False) for a in given[n::16]} for n in range(16)]
        assert all(len(one) == 1 for one in slices)
        assert len(set.union(*slices)) == 16
    with pytest.raises(PoolExhausted):
        crowd.add("late", subnet("10.0.0.0/20", slice_size=24), node="node16")


def test_a_del_releases_what_moves_to_the_shared_space_meanwhile(
    crowd: Pods, database: Database, dba: psycopg.Connection[TupleRow]
) -> None:
    address = crowd.add("web-0", subnet("10.0.0.0/29", isolated=True))
    with databases.session(database) as joining, ThreadPoolExecutor(1) as thread:
        with joining.transaction():
            joining.execute("SELECT join_shared_space_v1('', '10.0.0.0/29')")
            released = thread.submit(crowd.delete, "web-0")
            until_waiting(dba)
        assert [one.address for one in released.result()] == [address]
    assert dba.execute("SELECT address FROM reservations").fetchall() == []


def test_a_pool_that_is_renamed_while_pods_come_by_each_name_refuses_none(
    crowd: Pods, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    crowd.add("first", subnet("10.0.0.0/24"))
    dba.execute("UPDATE pools SET name = 'a'")
    dba.execute("UPDATE pools SET name = 'b'")

    def come_and_go(worker: int) -> int:
        for i in range(30):
            wanted = RangeRequest(pool="ab"[(worker + i) % 2])
            crowd.add(f"pod-{worker}-{i}", wanted)
            crowd.delete(f"pod-{worker}-{i}")
        return 0

    def rename(worker: int) -> int:
        with databases.session(database) as session:
            for i in range(40):
                session.execute("UPDATE pools SET name = %s", ("ab"[(worker + i) % 2],))
                session.execute(
                    "UPDATE pool_names SET last_used_at = NULL WHERE alias_since < now()"
                )
        return 0

    answers(
        at_once([partial(come_and_go, i) for i in range(6)] + [partial(rename, i) for i in (0, 1)])
    )
    names = dba.execute("SELECT name, alias_since IS NULL FROM pool_names ORDER BY 2, 1").fetchall()
    assert sorted(name for name, _ in names) == ["a", "b"]
    assert dba.execute("SELECT name FROM pools").fetchone() == (names[-1][0],)


def test_a_renaming_does_not_wait_for_running_adds(
    crowd: Pods, dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    crowd.add("first", subnet("10.0.0.0/24"))
    dba.execute("UPDATE pools SET name = 'a'")
    with ThreadPoolExecutor(1) as threads:
        with databases.session(database) as blocker, blocker.transaction():
            blocker.execute("SELECT FROM free_ranges FOR UPDATE")
            late = threads.submit(crowd.add, "late", RangeRequest(pool="a"))
            until_waiting(dba)
            dba.execute("SET lock_timeout = '1s'")
            dba.execute("UPDATE pools SET name = 'b'")
        assert late.result() == "10.0.0.2"


def test_two_pools_never_get_the_same_name(
    dba: psycopg.Connection[TupleRow], database: Database
) -> None:
    dba.execute(NETWORK)
    for i in range(4):
        dba.execute(POOL, (f"10.0.{i}.0/24",))

    def rename(worker: int) -> int:
        refused = 0
        with databases.session(database) as session:
            for i in range(25):
                name = f"n{(worker + i) % 5}"
                try:
                    session.execute(
                        "UPDATE pools SET name = %s WHERE cidr = %s", (name, f"10.0.{worker}.0/24")
                    )
                except (psycopg.errors.UniqueViolation, psycopg.errors.DeadlockDetected):
                    refused += 1
                except psycopg.Error as error:
                    assert error.sqlstate == Refusal.IN_THE_WAY, error  # noqa: PT017 - it may also succeed
                    refused += 1
        return refused

    assert sum(answers(at_once(partial(rename, i) for i in range(4)))) > 0
    assert (
        dba.execute(
            "SELECT cidr FROM pools p WHERE p.name IS NOT NULL AND NOT EXISTS (SELECT FROM pool_names n"
            " WHERE n.name = p.name AND n.pool_id = p.id AND n.alias_since IS NULL)"
        ).fetchall()
        == []
    )
