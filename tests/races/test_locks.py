"""Who waits for whom, for how long, and who does not."""

from __future__ import annotations

import contextlib
import time
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from fixtures import databases
from fixtures.crowds import until_waiting
from fixtures.pods import subnet
from rowhouse.domain.errors import PoolExhausted, TryAgain

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.pods import Pods

BUSY, QUIET = subnet("10.0.0.0/24"), subnet("10.1.0.0/24")
ONE = subnet("10.0.0.0/24", ("10.0.0.1", "10.0.0.1"))


@pytest.fixture
def thread() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as one:
        yield one


@contextlib.contextmanager
def locked(database: Database, query: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A session that has done `query` in a transaction that is still open; rolled back at the end."""
    with databases.session(database) as session, session.transaction(force_rollback=True):
        session.execute(query)
        yield session


def test_a_pool_whose_last_run_is_locked_is_busy_not_exhausted(
    pods: Pods, database: Database, dba: psycopg.Connection[TupleRow], thread: ThreadPoolExecutor
) -> None:
    pods.add("first", BUSY)
    pods.delete("first")
    with locked(database, "SELECT FROM free_ranges FOR UPDATE"):
        late = thread.submit(pods.add, "late", ONE)
        until_waiting(dba)
    assert late.result() == "10.0.0.1"


def test_who_waited_for_an_address_that_went_is_told_exhausted(
    pods: Pods, database: Database, dba: psycopg.Connection[TupleRow], thread: ThreadPoolExecutor
) -> None:
    pods.add("first", ONE)
    pods.delete("first")
    with databases.session(database) as rival:
        with rival.transaction():
            rival.execute(
                """INSERT INTO reservations (network_id, address, pool_id, owner_name)
                   SELECT network_id, '10.0.0.1', id, 'rival' FROM pools"""
            )
            late = thread.submit(pods.add, "late", ONE)
            until_waiting(dba)
        with pytest.raises(PoolExhausted):
            late.result()


def test_who_waited_for_what_was_split_meanwhile_gets_a_part_of_it(
    pods: Pods, database: Database, dba: psycopg.Connection[TupleRow], thread: ThreadPoolExecutor
) -> None:
    """One run of 256; the rival takes one of its middle, and two runs are left."""
    pods.add("first", BUSY)
    pods.delete("first")
    dba.execute("DELETE FROM pools")
    with databases.session(database) as rival:
        rival.execute(
            """INSERT INTO pools (network_id, network_name, cidr)
               SELECT id, name, '10.0.0.0/24' FROM networks"""
        )
        with rival.transaction():
            rival.execute(
                """INSERT INTO reservations (network_id, address, pool_id, owner_name)
                   SELECT network_id, '10.0.0.99', id, 'rival' FROM pools"""
            )
            late = thread.submit(pods.add, "late", BUSY)
            until_waiting(dba)
        assert ip_address(late.result()) in ip_network("10.0.0.0/24")


def test_a_wait_ends_after_three_seconds_and_other_pools_know_nothing_of_it(
    pods: Pods, database: Database, dba: psycopg.Connection[TupleRow], thread: ThreadPoolExecutor
) -> None:
    for pod, wanted in (("a", BUSY), ("b", QUIET)):
        pods.add(pod, wanted)
    with locked(database, "SELECT FROM free_ranges WHERE last <= '10.0.0.255' FOR UPDATE"):
        started = time.monotonic()
        late = thread.submit(pods.add, "late", BUSY)
        until_waiting(dba)
        for i in range(20):
            pods.add(f"quiet-{i}", QUIET)
            pods.delete(f"quiet-{i}")
        assert not late.done()
        with pytest.raises(TryAgain, match="busy"):
            late.result()
        assert 2.9 < time.monotonic() - started < 15


def test_a_release_never_waits_for_the_assignment_of_its_neighbors(
    pods: Pods, database: Database, dba: psycopg.Connection[TupleRow]
) -> None:
    for i in range(3):
        pods.add(f"pod-{i}", BUSY)
    pods.delete("pod-0")
    with locked(database, "SELECT FROM free_ranges FOR UPDATE") as holder:
        assert pods.delete("pod-1")[0].released
        assert pods.add("next", BUSY) == "10.0.0.2"
        holder.execute("SELECT FROM free_ranges FOR UPDATE")
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (2,)


def test_a_call_that_fails_leaves_no_lock_and_no_pool(
    pods: Pods, dba: psycopg.Connection[TupleRow]
) -> None:
    pods.add("first", ONE)
    with pytest.raises(PoolExhausted):
        pods.add_all("late", QUIET, subnet("fd00::/64"), ONE)
    assert dba.execute("SELECT count(*) FROM pools").fetchone() == (1,)
    assert dba.execute("SELECT count(*) FROM reservations").fetchone() == (1,)
    locks = """SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation
                WHERE c.relnamespace = 'rowhouse'::regnamespace"""
    assert dba.execute(locks).fetchone() == (0,)
