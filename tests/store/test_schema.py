"""Migrations: up and down, by every privileged user, one at a time."""

from __future__ import annotations

import os
import re
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

    from fixtures.databases import Database, PostgresServer

# Migrations take a minute each while many other tests run.
pytestmark = pytest.mark.timeout(300)

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


@pytest.mark.one_postgresql
def test_upgrades_at_the_same_moment_all_succeed_and_run_once(empty_database: Database) -> None:
    """Three processes, as in a roll-out of three replicas."""
    command = [sys.executable, "-m", "rowhouse", "db", "upgrade"]
    environment = os.environ | {"ROWHOUSE_DATABASE_URL": empty_database.url}
    running = [subprocess.Popen(command, env=environment) for _ in range(3)]
    assert [process.wait(timeout=240) for process in running] == [0, 0, 0]
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
    empty_database: Database, postgres: PostgresServer, admin: psycopg.Connection[TupleRow]
) -> None:
    schema.upgrade(empty_database.url)
    with postgres.database() as by_hand:
        psql = postgres.server.bindir / "psql"
        subprocess.run(
            [psql, "-X", "-q", "-v", "ON_ERROR_STOP=1", by_hand.conninfo],
            input=schema.sql(),
            text=True,
            check=True,
            timeout=240,
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
def owners(postgres: PostgresServer, empty_database: Database) -> Iterator[list[str]]:
    """Two logins of rowhouse_owner, which is there as the other roles are."""
    names = [f"owner_{empty_database.name}_{number}" for number in (1, 2)]
    with psycopg.connect(postgres.server.conninfo(), autocommit=True) as admin:
        admin.execute(MAKE_ROLES)
        for name in names:
            admin.execute(
                sql.SQL("CREATE ROLE {} LOGIN IN ROLE rowhouse_owner").format(sql.Identifier(name))
            )
        yield names
        for name in names:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(sql.Identifier(name)))


MAKE_ROLES = """
DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['rowhouse_owner', 'rowhouse_server', 'rowhouse_auditor'] LOOP
        IF to_regrole(wanted) IS NULL THEN EXECUTE format('CREATE ROLE %I NOLOGIN', wanted); END IF;
    END LOOP;
END $$"""
OWNERS = """
SELECT DISTINCT owner::regrole::text
  FROM (SELECT nspowner FROM pg_namespace WHERE nspname = 'rowhouse'
        UNION ALL SELECT relowner FROM pg_class WHERE relnamespace = 'rowhouse'::regnamespace
        -- The functions of a range type belong to the bootstrap superuser, whichever user creates the type.
        UNION ALL SELECT proowner FROM pg_proc p WHERE pronamespace = 'rowhouse'::regnamespace AND NOT EXISTS (
            SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'i')
        UNION ALL SELECT typowner FROM pg_type WHERE typnamespace = 'rowhouse'::regnamespace) AS owned (owner)"""


def test_everything_belongs_to_the_role_so_that_another_login_of_it_migrates(
    empty_database: Database, admin: psycopg.Connection[TupleRow], owners: list[str]
) -> None:
    first, second = (as_user(empty_database, name) for name in owners)
    admin.execute(f"GRANT CREATE ON DATABASE {empty_database.name} TO {owners[0]}")
    schema.upgrade(first)
    assert admin.execute(OWNERS).fetchall() == [("rowhouse_owner",)]
    assert schema.statements_for_roles(first) == []
    before = catalogue(admin)
    schema.downgrade(second, "base")
    schema.upgrade(second)
    assert catalogue(admin) == before
    assert admin.execute(OWNERS).fetchall() == [("rowhouse_owner",)]
    with databases.store(empty_database) as store:
        assert Pods(store).add("web-0", subnet("10.0.0.0/24")) == "10.0.0.1"


def test_an_upgrade_hands_over_what_a_login_owns(
    empty_database: Database, admin: psycopg.Connection[TupleRow], owners: list[str]
) -> None:
    """As after a restore without owners, which leaves everything to the login that restores."""
    admin.execute(f"GRANT CREATE ON DATABASE {empty_database.name} TO {owners[0]}")
    schema.upgrade(as_user(empty_database, owners[0]))
    admin.execute(f"ALTER SCHEMA rowhouse OWNER TO {owners[0]}")
    admin.execute(f"ALTER TABLE pools OWNER TO {owners[0]}")
    admin.execute(f"ALTER FUNCTION serves_code_of OWNER TO {owners[0]}")
    schema.upgrade(as_user(empty_database, owners[0]))
    assert admin.execute(OWNERS).fetchall() == [("rowhouse_owner",)]


@pytest.fixture
def plain_user(postgres: PostgresServer, empty_database: Database) -> Iterator[str]:
    """A user who is not a superuser and may not create roles, as on a managed PostgreSQL."""
    name = f"plain_{empty_database.name}"
    with psycopg.connect(postgres.server.conninfo(), autocommit=True) as admin:
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


@pytest.fixture
def no_roles(admin: psycopg.Connection[TupleRow], empty_database: Database) -> Iterator[None]:
    """The roles belong to the whole cluster: they are renamed, out of sight, for a moment."""
    existing = admin.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(ROLES),)
    ).fetchall()
    hidden = {name: f"{name}_{empty_database.name}" for (name,) in existing}
    for name, other in hidden.items():
        admin.execute(f"ALTER ROLE {name} RENAME TO {other}")
    yield
    for (name,) in admin.execute(
        "SELECT rolname FROM pg_roles WHERE rolname = ANY(%s)", (list(ROLES),)
    ).fetchall():
        admin.execute(f"REASSIGN OWNED BY {name} TO postgres")
        admin.execute(f"DROP OWNED BY {name}")
        admin.execute(f"DROP ROLE {name}")
    for name, other in hidden.items():
        admin.execute(f"ALTER ROLE {other} RENAME TO {name}")


@pytest.mark.usefixtures("no_roles")
def test_without_the_right_to_create_roles_an_upgrade_says_what_to_run_and_the_next_one_grants(
    empty_database: Database, admin: psycopg.Connection[TupleRow], plain_user: str
) -> None:
    """As on a managed PostgreSQL."""
    admin.execute(f"GRANT CREATE ON DATABASE {empty_database.name} TO {plain_user}")
    command = [sys.executable, "-m", "rowhouse", "db", "upgrade"]
    environment = os.environ | {"ROWHOUSE_DATABASE_URL": as_user(empty_database, plain_user)}

    def upgraded() -> str:
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=240, check=True
        )
        assert "up to date" in done.stdout
        return done.stderr

    told = upgraded()
    wanted = [f"CREATE ROLE {role} NOLOGIN;" for role in ROLES]
    wanted.append(f"GRANT rowhouse_owner TO {plain_user};")
    assert re.findall(r"^  (.*;)$", told, re.MULTILINE) == wanted
    with databases.store(empty_database) as store:
        assert Pods(store).add("web-0", subnet("10.0.0.0/24")) == "10.0.0.1"
    for statement in wanted:
        admin.execute(statement.encode())
    assert upgraded() == ""
    assert admin.execute(OWNERS).fetchall() == [("rowhouse_owner",)]
    for role, may in (
        ("rowhouse_server", "rowhouse.reservations"),
        ("rowhouse_auditor", "rowhouse.pool_usage"),
    ):
        found = admin.execute("SELECT has_table_privilege(%s, %s, 'SELECT')", (role, may))
        assert found.fetchone() == (True,)
