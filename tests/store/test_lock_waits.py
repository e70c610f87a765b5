"""How long a call may wait for a lock, as the database sees it: no more than the setting, and than its caller waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures import databases
from fixtures.pods import Pods, subnet
from rowhouse.domain.administration import Actor
from rowhouse.domain.errors import TryAgain
from rowhouse.domain.requests import Owner
from rowhouse.store.allocation.allocator import _Attach, _attach_many, _Detach, _detach_many
from rowhouse.store.allocation.reservations import release
from rowhouse.store.connection import deadline
from rowhouse.store.connection.database import Database as Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database

RANGE = subnet("10.0.0.0/24")
SETTING = 7.5
# What a statement that writes reservations may wait for a lock.
WATCH = """
CREATE TABLE seen (milliseconds integer);
GRANT INSERT ON seen TO PUBLIC;
CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO rowhouse.seen SELECT setting::integer FROM pg_settings WHERE name = 'lock_timeout';
    RETURN NULL;
END $$;
CREATE TRIGGER look AFTER INSERT OR DELETE ON reservations FOR EACH STATEMENT EXECUTE FUNCTION look();
"""


@pytest.fixture
def watched(database: Database, dba: psycopg.Connection[TupleRow]) -> Iterator[Store]:
    """The server's access with a setting of its own."""
    dba.execute(WATCH)
    opened = Store(database.url, pool_size=4, wait=60, lock_wait=SETTING)
    yield opened
    deadline.begin(None)
    opened.close()


def seen(dba: psycopg.Connection[TupleRow]) -> set[int]:
    """Milliseconds."""
    return {one for (one,) in dba.execute("DELETE FROM seen RETURNING milliseconds")}


def test_a_lock_is_waited_for_as_long_as_the_setting_says(
    watched: Store, dba: psycopg.Connection[TupleRow]
) -> None:
    pods = Pods(watched)
    pods.add("a", RANGE)
    pods.add_all("b", RANGE, subnet("10.1.0.0/24"))  # not a plain call
    pods.delete("a")
    assert seen(dba) == {7500}


def test_no_lock_is_waited_for_longer_than_the_caller_waits(
    watched: Store, dba: psycopg.Connection[TupleRow]
) -> None:
    deadline.begin("5")
    Pods(watched).add("a", RANGE)
    assert all(0 < one <= 5000 for one in seen(dba))


def test_so_it_is_for_those_that_are_served_together(
    watched: Store, dba: psycopg.Connection[TupleRow]
) -> None:
    pods = Pods(watched)
    pods.add("first", RANGE)  # makes the pool
    sandboxes = [pods.sandbox(pod) for pod in ("a", "b")]
    owners = [
        Owner(cluster=pods.cluster, namespace="default", name=pod, interface="net1")
        for pod in ("a", "b")
    ]
    calls = [
        _Attach(owner, sandbox, [RANGE], strict=False)
        for owner, sandbox in zip(owners, sandboxes, strict=True)
    ]
    assert all(_attach_many(watched, calls))
    assert all(_detach_many(watched, [_Detach(one, "DEL", None) for one in sandboxes]))
    assert seen(dba) == {7500}


def test_so_it_is_for_what_people_change(watched: Store, dba: psycopg.Connection[TupleRow]) -> None:
    address = Pods(watched).add("a", RANGE)
    seen(dba)
    (network,) = dba.execute("SELECT network_id FROM reservations").fetchone() or ()
    release(watched, (network, address), Actor(name="ada"), even_attached=True)
    assert seen(dba) == {7500}


def test_the_wait_ends_when_it_is_over(database: Database) -> None:
    with databases.session(database) as somebody, somebody.transaction(force_rollback=True):
        somebody.execute("LOCK TABLE reservations IN EXCLUSIVE MODE")
        no_wait = Store(database.url, pool_size=1, lock_wait=0.01)
        with pytest.raises(TryAgain, match="timeout while waiting for its lock"):
            Pods(no_wait).add("a", RANGE)
        no_wait.close()


def test_what_a_dba_has_set_holds_again_after_a_call_by_hand(
    dba: psycopg.Connection[TupleRow],
) -> None:
    with dba.transaction():
        dba.execute("SET LOCAL lock_timeout = '42s'")
        dba.execute("SELECT * FROM detach_many_v1('{}', '{container}', '{net1}', '{NULL}', 'DEL')")
        assert dba.execute("SHOW lock_timeout").fetchone() == ("42s",)
