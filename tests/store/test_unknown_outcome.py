"""What happens to a statement whose connection dies while it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from rowhouse.domain.errors import TryAgain
from rowhouse.store.connection.data_source import resolve
from rowhouse.store.connection.database import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures import databases


@pytest.fixture
def store(database: databases.Database) -> Iterator[Database]:
    opened = Database(database.url, pool_size=2)
    yield opened
    opened.close()


def kill(store: Database) -> None:
    with psycopg.connect(resolve(store.source), autocommit=True) as killer:
        killer.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_a_change_that_may_have_happened_is_not_repeated(store: Database) -> None:
    runs = []

    def work(connection: psycopg.Connection[tuple[object, ...]]) -> None:
        runs.append(connection)
        connection.execute("INSERT INTO rowhouse.networks (name) VALUES ('storage')")
        kill(store)
        connection.execute("SELECT 1")

    with pytest.raises(TryAgain, match="terminating connection"):
        store.run(work, idempotent=False)
    assert len(runs) == 1


def test_a_change_on_a_connection_that_died_while_idle_is_repeated(store: Database) -> None:
    store.call("SELECT 1")
    kill(store)
    assert store.change("SELECT 2", actor="alice") == [(2,)]


def test_an_idempotent_call_outlives_a_restart_of_the_database(store: Database) -> None:
    store.call("SELECT 1")
    kill(store)
    assert store.call("SELECT 2") == [(2,)]


def test_a_connection_to_what_has_become_a_standby_is_given_up(store: Database) -> None:
    store.call("SELECT set_config('default_transaction_read_only', 'on', false)")
    made = store.call("INSERT INTO rowhouse.networks (name) VALUES ('storage') RETURNING name")
    assert made == [("storage",)]


def test_a_call_after_the_end_is_told_so(store: Database) -> None:
    """Threads that write in the background may outlive the application."""
    store.call("SELECT 1")
    store.close()
    with pytest.raises(TryAgain, match="the server is stopping"):
        store.call("SELECT 1")
