"""A rehearsal works on the real tables, and leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import InTheWay, PoolExhausted, TryAgain
from rowhouse.store.connection.rehearsal import rehearse

if TYPE_CHECKING:
    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

    Dba = psycopg.Connection[TupleRow]

RANGE = subnet("10.0.0.0/30")
COUNT = "SELECT count(*) FROM rowhouse.reservations"


def test_calls_see_each_other_and_vanish(store: Database, dba: Dba) -> None:
    with rehearse(store) as tried:
        pods = Pods(tried)
        assert [pods.add(f"pod-{i}", RANGE) for i in (0, 1)] == ["10.0.0.1", "10.0.0.2"]
        with pytest.raises(PoolExhausted):
            pods.add("pod-2", RANGE)
        assert tried.call(COUNT) == [(2,)]
        assert store.call(COUNT) == [(0,)]
    assert dba.execute("SELECT * FROM networks").fetchall() == []
    assert Pods(store).add("real", RANGE) == "10.0.0.1"


def test_what_fails_on_the_way_ends_the_rehearsal(store: Database, dba: Dba) -> None:
    def work() -> None:
        with rehearse(store) as tried:
            Pods(tried).add("pod", RANGE)
            raise InTheWay("stop")

    with pytest.raises(InTheWay, match="stop"):
        work()
    assert dba.execute("SELECT * FROM pools").fetchall() == []
    idle = dba.execute(
        "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in%'"
    ).fetchone()
    assert idle == (0,)


def test_the_database_ends_a_rehearsal_whose_server_has_stopped(store: Database, dba: Dba) -> None:
    def work() -> None:
        with rehearse(store) as tried:
            Pods(tried).add("pod", RANGE)
            tried.call("SELECT set_config('idle_in_transaction_session_timeout', '1ms', true)")
            with dba.transaction():  # waits for the rehearsal
                dba.execute("LOCK TABLE reservations IN ACCESS EXCLUSIVE MODE")
            tried.call(COUNT)

    with pytest.raises(TryAgain):
        work()
    assert store.call(COUNT) == [(0,)]


def test_a_rehearsal_ends_after_two_idle_seconds_at_most(store: Database) -> None:
    with rehearse(store) as tried:
        assert tried.call("SHOW idle_in_transaction_session_timeout") == [("2s",)]
