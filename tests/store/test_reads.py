"""Reads: their time limit, which ends with their transaction, and the round trips that they need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event, func, select, text

from rowhouse.domain.errors import RowhouseError
from rowhouse.store.connection.reads import rows

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database as Store

SETTING = select(func.current_setting("statement_timeout"))


def test_the_limit_ends_with_the_read(store: Store) -> None:
    for _ in range(3):
        assert rows(store, SETTING)[0][0] == "10s"
        with store.engine.connect() as same:
            assert same.execute(SETTING).scalar() == "0"


def test_a_read_takes_four_round_trips(store: Store, tmp_path: Path) -> None:
    with (tmp_path / "trace").open("w+") as trace:

        @event.listens_for(store.engine, "checkout")
        def listen(raw: psycopg.Connection[TupleRow], *_: Any) -> None:
            raw.pgconn.trace(trace.fileno())

        for _ in range(8):  # until the read is prepared
            rows(store, SETTING)
        before = len((tmp_path / "trace").read_text().splitlines())
        rows(store, SETTING)
        sent = [
            line.split("\t")
            for line in (tmp_path / "trace").read_text().splitlines()[before:]
            if "\tF\t" in line
        ]
        trips = [parts for parts in sent if parts[3] in {"Query", "Sync"}]
        # The pool's ping, BEGIN with the limit, the read, ROLLBACK.
        assert len(trips) == 4, sent


@pytest.mark.parametrize("how", ["ended", "shut"])
def test_a_lost_connection_is_replaced(
    store: Store, dba: psycopg.Connection[TupleRow], how: str
) -> None:
    rows(store, SETTING)

    @event.listens_for(store.engine, "checkout")
    def lose(raw: psycopg.Connection[TupleRow], *_: Any) -> None:
        """After the pool's ping, before the read."""
        if how == "ended":
            dba.execute("SELECT pg_terminate_backend(%s, 5000)", (raw.info.backend_pid,))
        else:
            raw.pgconn.finish()

    with pytest.raises(RowhouseError) as refused:
        rows(store, SETTING)
    assert refused.value.http_status == 503
    event.remove(store.engine, "checkout", lose)
    assert rows(store, SETTING)[0][0] == "10s"


def test_a_read_that_is_wrong_leaves_the_connection_usable(store: Store) -> None:
    for _ in range(3):
        with pytest.raises(RowhouseError):
            rows(store, text("SELECT 1 / 0"))
        assert rows(store, SETTING)[0][0] == "10s"
