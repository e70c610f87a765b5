"""Migrations: there and back, by anybody who may, one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from fixtures import databases
from fixtures.crowds import answers, at_once, until_waiting
from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import NotReady, TryAgain
from rowhouse.store.connection import schema
from store.catalogue import catalogue

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from fixtures.databases import Cluster, Database

MIGRATION_LOCK = 0x526F77686F757365
ROLES = ("rowhouse_owner", "rowhouse_server", "rowhouse_auditor")


@pytest.fixture
def admin(empty_database: Database) -> Iterator[psycopg.Connection[TupleRow]]:
    """The superuser's session in the database without a schema."""
    with databases.session(empty_database) as session:
        yield session


def as_user(database: Database, user: str) -> str:
    """The URL of another user, who has no password."""
    return database.url.replace("//postgres@", f"//{user}@")


def test_what_is_taken_back_is_gone_and_comes_again_the_same(
    empty_database: Database, admin: psycopg.Connection[TupleRow]
) -> None:
    nothing = catalogue(admin)
    schema.upgrade(empty_database.url)
    first = catalogue(admin)
    with databases.store(empty_database) as store:
        Pods(store).add("web-0", subnet("10.0.0.0/24"))
    schema.downgrade(empty_database.url, "base")
    left = catalogue(admin)
    del left["schema rowhouse"]
    assert left == nothing
    schema.upgrade(empty_database.url)
    assert catalogue(admin) == first
    assert admin.execute("SELECT * FROM reservations").fetchall() == []


def test_a_second_upgrade_changes_nothing(
    empty_database: Database, admin: psycopg.Connection[TupleRow]
) -> None:
    schema.upgrade(empty_database.url)
    before = admin.execute("SELECT max(oid) FROM pg_class").fetchone()
    schema.upgrade(empty_database.url)
    assert admin.execute("SELECT max(oid) FROM pg_class").fetchone() == before


def test_upgrades_at_the_same_moment_all_succeed_and_run_once(empty_database: Database) -> None:
    """Three processes, as in a roll-out of three replicas."""
    command = [sys.executable, "-m", "rowhouse", "db", "upgrade"]
    environment = os.environ | {"ROWHOUSE_DATABASE_URL": empty_database.url}
    running = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait(timeout=60) for process in running] == [0, 0, 0]
    answers(at_once([partial(schema.upgrade, empty_database.url)] * 3))
    schema.check(empty_database.url)


def test_an_upgrade_that_waits_too_long_gives_up_and_leaves_nothing(
    empty_database: Database, admin: psycopg.Connection[TupleRow]
) -> None:
    schema.upgrade(empty_database.url)
    before = catalogue(admin)
    with databases.session(empty_database) as holder, holder.transaction():
        holder.execute("SELECT * FROM reservations")
        with pytest.raises(TryAgain, match="no lock within 50ms"):
            schema.downgrade(empty_database.url, "base", lock_timeout="50ms")
    assert catalogue(admin) == before
    schema.check(empty_database.url)


def test_an_upgrade_waits_for_the_one_under_way(
    empty_database: Database, admin: psycopg.Connection[TupleRow]
) -> None:
    with ThreadPoolExecutor(1) as thread:
        with databases.session(empty_database) as first, first.transaction():
            first.execute("SELECT pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
            second = thread.submit(schema.upgrade, empty_database.url)
            until_waiting(admin)
            assert catalogue(admin) == {}
        second.result()
    schema.check(empty_database.url)


def test_the_printed_ddl_makes_the_same_schema(
    empty_database: Database, cluster: Cluster, admin: psycopg.Connection[TupleRow]
) -> None:
    schema.upgrade(empty_database.url)
    with cluster.database() as by_hand:
        psql = cluster.server.bindir / "psql"
        subprocess.run(
            [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", by_hand.conninfo],
            input=schema.sql(),
            text=True,
            check=True,
            timeout=60,
        )
        with databases.session(by_hand) as session:
            assert catalogue(session) == catalogue(admin)
        schema.check(by_hand.url)


def test_the_check_tells_what_is_missing(empty_database: Database) -> None:
    with pytest.raises(NotReady, match="no Rowhouse schema"):
        schema.check(empty_database.url)
    schema.upgrade(empty_database.url)
    schema.check(empty_database.url)
    with databases.session(empty_database) as admin:
        admin.execute("UPDATE alembic_version SET version_num = 'r9999'")
        schema.check(empty_database.url)  # a later schema that says that it serves this code
        schema.upgrade(empty_database.url)  # and that code, rolled back to, leaves it alone
        assert admin.execute("SELECT version_num FROM alembic_version").fetchall() == [("r9999",)]
        admin.execute(
            """CREATE OR REPLACE FUNCTION serves_code_of(revision text) RETURNS boolean
               LANGUAGE sql IMMUTABLE RETURN revision = 'r9999'"""
        )
    with pytest.raises(NotReady, match="is at revision r9999, this code needs"):
        schema.check(empty_database.url)
    with pytest.raises(TryAgain):
        schema.check("postgresql://127.0.0.1:1/nowhere")


@pytest.fixture
def plain_user(cluster: Cluster, empty_database: Database) -> Iterator[str]:
    """Somebody who is no superuser and may create no role, as on a managed PostgreSQL."""
    name = f"plain_{empty_database.name}"
    with psycopg.connect(cluster.server.conninfo(), autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(name)))
        yield name
        admin.execute(sql.SQL("REASSIGN OWNED BY {} TO postgres").format(sql.Identifier(name)))


def test_no_superuser_is_needed(
    empty_database: Database, admin: psycopg.Connection[TupleRow], plain_user: str
) -> None:
    admin.execute(f"GRANT CREATE ON DATABASE {empty_database.name} TO {plain_user}")
    schema.upgrade(as_user(empty_database, plain_user))
    with databases.store(empty_database) as store:
        assert Pods(store).add("web-0", subnet("10.0.0.0/24")) == "10.0.0.1"
    schema.downgrade(as_user(empty_database, plain_user), "base")


def test_a_schema_that_a_dba_has_made_is_enough(
    empty_database: Database, admin: psycopg.Connection[TupleRow], plain_user: str
) -> None:
    admin.execute(f"CREATE SCHEMA rowhouse AUTHORIZATION {plain_user}")
    url = as_user(empty_database, plain_user)
    schema.upgrade(url)
    schema.upgrade(url)
    schema.check(url)


def test_without_the_right_to_create_roles_the_schema_comes_without_grants(
    empty_database: Database, admin: psycopg.Connection[TupleRow], plain_user: str
) -> None:
    """The roles belong to the whole cluster: they are renamed, out of sight, for a moment."""
    admin.execute(f"GRANT CREATE ON DATABASE {empty_database.name} TO {plain_user}")
    with admin.transaction(force_rollback=True):
        existing = admin.execute(
            "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(ROLES),)
        )
        names = [name for (name,) in existing]
    hidden = {name: f"{name}_{empty_database.name}" for name in names}
    for name, other in hidden.items():
        admin.execute(f"ALTER ROLE {name} RENAME TO {other}")
    try:
        schema.upgrade(as_user(empty_database, plain_user))
        found = admin.execute(
            "SELECT count(*) FROM pg_roles WHERE rolname = ANY(%s)", (list(ROLES),)
        )
        assert found.fetchone() == (0,)
    finally:
        for name, other in hidden.items():
            admin.execute(f"ALTER ROLE {other} RENAME TO {name}")
    with databases.store(empty_database) as store:
        assert Pods(store).add("web-0", subnet("10.0.0.0/24")) == "10.0.0.1"
