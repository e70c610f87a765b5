"""A database for a crowd."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from fixtures import databases
from fixtures.crowds import answers, at_once
from fixtures.pods import Pods
from rowhouse.store.connection import combining

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database

CONNECTIONS = 32


@pytest.fixture
def crowd(
    database: Database, dba: psycopg.Connection[TupleRow], monkeypatch: pytest.MonkeyPatch
) -> Iterator[Pods]:
    """Pods with 32 open connections to `database`; a deadlock would be found at once.

    No call is refused because the machine is slow.
    """
    monkeypatch.setattr(combining, "MAX_QUEUE_WAIT", 60)
    dba.execute(f"ALTER DATABASE {database.name} SET deadlock_timeout = '50ms'")
    with databases.store(database, connections=CONNECTIONS, lock_wait=60) as store:
        answers(at_once([lambda: store.call("SELECT pg_sleep(0.001)")] * CONNECTIONS))
        yield Pods(store)


@pytest.fixture(autouse=True)
def integrity(dba: psycopg.Connection[TupleRow]) -> Iterator[None]:
    """Whatever the race, the database finds no problem afterwards."""
    yield
    assert dba.execute("SELECT * FROM integrity_problems").fetchall() == []
