"""What ALTER DATABASE … SET says of a session changes nothing of what the service reads and writes."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from faults.bouncer import program
from fixtures import databases
from fixtures.odd_settings import ODD_SETTINGS
from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import RowhouseError
from rowhouse.embedded.account import Account
from rowhouse.store.connection import schema
from rowhouse.store.connection.database import Database as Store
from rowhouse.store.connection.opening import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from fixtures.databases import Database, PostgresServer

PINNED = {
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "TimeZone": "UTC",
    "client_encoding": "UTF8",
    "search_path": "pg_catalog, pg_temp",
    "default_transaction_isolation": "read committed",
    "transaction_isolation": "read committed",
    "extra_float_digits": "1",
}
SHOW = (
    "SELECT name, pg_catalog.current_setting(name) FROM pg_catalog.unnest(%s::text[]) AS t (name)"
)


def _of_the_pool(url: str) -> dict[str, str]:
    store = Store(url, pool_size=1, wait=30)
    try:
        return dict(store.call(SHOW, (list(PINNED),)))
    finally:
        store.close()


def _of_the_engine(url: str) -> dict[str, str]:
    store = Store(url, pool_size=1, wait=30)
    try:
        with store.engine.connect() as connection:
            found = connection.exec_driver_sql(SHOW, (list(PINNED),)).all()
            return {str(name): str(value) for name, value in found}
    finally:
        store.close()


def _of_a_connection(url: str) -> dict[str, str]:
    with connect(url) as connection:
        return dict(connection.execute(SHOW, (list(PINNED),)).fetchall())


@pytest.mark.parametrize("found", [_of_the_pool, _of_the_engine, _of_a_connection])
def test_every_connection_pins_what_the_code_relies_on(
    postgres: PostgresServer, empty_database: Database, found: Callable[[str], dict[str, str]]
) -> None:
    postgres.alter(empty_database.name, ODD_SETTINGS)
    with psycopg.connect(empty_database.conninfo) as plain:
        for name, value in ODD_SETTINGS.items():
            assert plain.execute("SELECT current_setting(%s)", (name,)).fetchone() == (value,)
    assert found(empty_database.url) == PINNED


@pytest.fixture
def odd(postgres: PostgresServer, empty_database: Database) -> Database:
    """A database with unusual settings, in which the schema was made under them."""
    postgres.alter(empty_database.name, ODD_SETTINGS)
    schema.upgrade(empty_database.url)
    return empty_database


def _addresses(store: Store) -> None:
    """Attach, look back, detach: times, floats and text go both ways."""
    schema.check_engine(store.engine)
    pods = Pods(store)
    wanted = subnet("10.0.0.0/28")
    assert pods.add("web-0", wanted) == "10.0.0.1"
    ((since, until, tenth, name),) = store.call(
        "SELECT lower(during), lower(during) - interval '1 day', 0.1::float8, 'Zürich 東京'"
        " FROM rowhouse.tenures WHERE upper_inf(during)"
    )
    assert (since - until).days == 1
    assert since.utcoffset().total_seconds() == 0
    assert (tenth, name) == (0.1, "Zürich 東京")
    pods.delete("web-0")
    assert store.call("SELECT count(*) FROM rowhouse.reservations") == [(0,)]


def test_addresses_are_assigned_whatever_the_settings(odd: Database) -> None:
    with databases.store(odd) as store:
        _addresses(store)


@pytest.fixture
def bouncer(postgres: PostgresServer, tmp_path: Path) -> Iterator[Path]:
    """The socket folder of a PgBouncer in transaction mode, in front of PostgreSQL."""
    account = Account.for_directory(postgres.server.directory)
    folder = postgres.server.socket_directory / "bouncer"
    folder.mkdir()
    settings = folder / "pgbouncer.ini"
    # With the default pool size: PgBouncer can leave a session with a client whose pipeline has ended until the client
    # sends its next statement (pgbouncer issue 759), and the test holds three others.
    settings.write_text(
        f"[databases]\n* = host={postgres.server.socket_directory} port=5432 user=postgres\n"
        f"[pgbouncer]\nlisten_addr =\nlisten_port = 5432\nunix_socket_dir = {folder}\n"
        "auth_type = any\npool_mode = transaction\n"
    )
    account.take_over(folder)
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            [program(), settings], stdout=log, stderr=log, **account.process_arguments()
        )
    try:
        while not (folder / ".s.PGSQL.5432").exists():
            assert process.poll() is None, (tmp_path / "log").read_text()
            os.sched_yield()
        yield folder
    finally:
        process.terminate()
        process.wait(240)
        shutil.rmtree(folder)


@pytest.mark.needs("pgbouncer")
def test_pgbouncer_in_transaction_mode_keeps_them(odd: Database, bouncer: Path) -> None:
    url = f"postgresql://postgres@/{odd.name}?host={bouncer}&port=5432"
    store = Store(url, pool_size=3, wait=30, prepare=False)
    try:
        with contextlib.ExitStack() as stack:
            _addresses(store)
            # Each holds a session of its own behind PgBouncer; the next statement runs in one that is new.
            for _ in range(3):
                held = stack.enter_context(connect(url, prepare=False))
                held.execute("SELECT 1")
                found: dict[str, str] = dict(store.call(SHOW, (list(PINNED),)))
                default = found.pop("default_transaction_isolation")
                assert default in {"read committed", "serializable"}
                assert found == {
                    name: value
                    for name, value in PINNED.items()
                    if name != "default_transaction_isolation"
                }
            _addresses(store)
    finally:
        store.close()


def test_a_database_without_an_encoding_is_refused_with_the_reason(
    postgres: PostgresServer,
) -> None:
    name = "without_an_encoding"
    with psycopg.connect(postgres.server.conninfo(), autocommit=True) as admin:
        admin.execute(
            sql.SQL("CREATE DATABASE {} ENCODING 'SQL_ASCII' LOCALE 'C' TEMPLATE template0").format(
                sql.Identifier(name)
            )
        )
        store = Store(postgres.server.url(name), wait=1)
        try:
            for refused in (
                lambda: schema.upgrade(postgres.server.url(name)),
                lambda: schema.check_engine(store.engine),
                lambda: store.call("SELECT 1"),
            ):
                with pytest.raises(RowhouseError, match="is SQL_ASCII") as told:
                    refused()
                assert "ENCODING 'UTF8'" in told.value.hint
        finally:
            store.close()
            admin.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))
