"""What a DBA does with PostgreSQL's own tools: docs/how-to/run-the-database.md, claim by claim."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql

from fixtures import databases, migrations
from fixtures.crowds import MAX_WAIT_SECONDS
from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import TryAgain
from rowhouse.embedded import EmbeddedPostgres
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer

    Dba = psycopg.Connection[TupleRow]

GUIDE = Path(__file__).parents[2] / "docs/how-to/run-the-database.md"
SUBNET = subnet("10.0.0.0/24")
TABLES = """
SELECT relname::text FROM pg_class
 WHERE relnamespace = 'rowhouse'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version' ORDER BY 1
"""
PROBLEMS = "SELECT * FROM rowhouse.integrity_problems"
FILL = """
INSERT INTO tenures (network_id, address, pool_id, during, owner_kind, owner_cluster, owner_namespace, owner_name,
                     owner_interface, node, container_id, started_by, start_reason, ended_by, end_reason)
SELECT 1, '10.0.0.0'::inet + i %% 1000, 1, tstzrange(t.began, t.began + interval '1 s'),
       'pod', '', 'devops', 'web-' || i, 'net1', 'node1', 'c' || i, 'server', 'ADD', 'server', 'DEL'
  FROM generate_series(%s::int, %s::int) i
 CROSS JOIN LATERAL (SELECT '2020-01-01'::timestamptz + i * interval '1 minute' AS began) AS t
"""


def tool(postgres: PostgresServer, name: str, *arguments: str | Path, **environment: str) -> None:
    """One of PostgreSQL's programs, which must succeed."""
    ran = subprocess.run(
        [postgres.server.bindir / name, *arguments],
        env=os.environ | environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr


def contents(session: Dba) -> dict[str, list[TupleRow]]:
    """Every row of every table, as text."""
    tables = [name for (name,) in session.execute(TABLES)]
    query = sql.SQL("SELECT to_jsonb(t)::text FROM rowhouse.{} AS t ORDER BY 1")
    return {name: session.execute(query.format(sql.Identifier(name))).fetchall() for name in tables}


@pytest.fixture
def past(pods: Pods, dba: Dba) -> Dba:
    """A database in which something happened; a cluster mirrors it."""
    pods.add("web-0", SUBNET)
    pods.add("web-1", subnet("fd00::/64", slice_size=80))
    pods.add("web-2", SUBNET)
    pods.delete("web-0")
    dba.execute(
        "UPDATE pools SET reuse_delay = '1 hour', gateway = '10.0.0.1' WHERE cidr = '10.0.0.0/24'"
    )
    pods.delete("web-2")
    dba.execute("INSERT INTO quotas (namespace, addresses) VALUES ('shop', 5)")
    dba.execute(
        "INSERT INTO exclusions (network_id, first, last) SELECT network_id, '10.0.0.9', '10.0.0.12' FROM pools LIMIT 1"
    )
    dba.execute("SELECT mirror_on_v1('prod-a', 'kube-system')")
    return dba


@pytest.fixture
def archive(postgres: PostgresServer, database: Database, past: Dba, tmp_path: Path) -> Path:
    """A dump of the data alone, as the guide says."""
    assert past.execute(PROBLEMS).fetchall() == []
    file = tmp_path / "data.dump"
    what = ("--data-only", "--schema=rowhouse", "--exclude-table=rowhouse.alembic_version")
    tool(postgres, "pg_dump", "--format=custom", *what, "--file", file, database.conninfo)
    return file


def test_data_alone_comes_back_into_a_fresh_schema(
    postgres: PostgresServer, past: Dba, archive: Path, empty_database: Database
) -> None:
    schema.upgrade(empty_database.url)
    restore = ("--data-only", "--single-transaction", "--exit-on-error")
    tool(
        postgres, "pg_restore", *restore, "--dbname", empty_database.conninfo, archive,
        PGOPTIONS="-c session_replication_role=replica",
    )  # fmt: skip
    with databases.session(empty_database) as dba:
        dba.execute("SELECT switch_mirror_triggers()")
        assert contents(dba) == contents(past)
        assert dba.execute(PROBLEMS).fetchall() == []
        enabled = """SELECT tgname, tgenabled FROM pg_trigger
                      WHERE tgrelid = 'rowhouse.reservations'::regclass AND NOT tgisinternal ORDER BY 1"""
        assert dba.execute(enabled).fetchall() == past.execute(enabled).fetchall()
        with databases.store(empty_database) as store:
            pods = Pods(store)
            assert pods.add("web-7", SUBNET) == "10.0.0.3"
            assert len(pods.delete("web-1")) == 1
        assert dba.execute(PROBLEMS).fetchall() == []


def test_data_alone_is_refused_as_a_whole_while_triggers_are_at_work(
    postgres: PostgresServer, archive: Path, empty_database: Database
) -> None:
    schema.upgrade(empty_database.url)
    with databases.session(empty_database) as dba:
        before = contents(dba)
        restore = ("--data-only", "--single-transaction", "--exit-on-error")
        with pytest.raises(AssertionError, match="ERROR"):
            tool(postgres, "pg_restore", *restore, "--dbname", empty_database.conninfo, archive)
        assert contents(dba) == before


def test_the_owner_may_restore_data_with_one_grant_of_a_superuser(
    postgres: PostgresServer, archive: Path, empty_database: Database
) -> None:
    schema.upgrade(empty_database.url)
    user = f"restorer_{empty_database.name}"
    with databases.session(empty_database) as dba:
        dba.execute(f"CREATE ROLE {user} LOGIN IN ROLE rowhouse_owner".encode())
        try:
            dba.execute(f"GRANT SET ON PARAMETER session_replication_role TO {user}".encode())
            theirs = empty_database.conninfo.replace("//postgres@", f"//{user}@")
            restore = ("--data-only", "--single-transaction", "--exit-on-error")
            tool(
                postgres, "pg_restore", *restore, "--dbname", theirs, archive,
                PGOPTIONS="-c session_replication_role=replica",
            )  # fmt: skip
            assert dba.execute(PROBLEMS).fetchall() == []
        finally:
            dba.execute(f"DROP OWNED BY {user}".encode())
            dba.execute(f"DROP ROLE {user}".encode())


@contextlib.contextmanager
def dumping(postgres: PostgresServer, database: Database) -> Iterator[None]:
    """A real pg_dump that holds its locks: what it writes is not read."""
    command: list[str | Path] = [
        postgres.server.bindir / "pg_dump",
        "--schema=rowhouse",
        database.conninfo,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as dump:
        assert dump.stdout
        assert dump.stdout.read(1)
        yield
        dump.stdout.read()
    assert dump.returncode == 0


def test_an_upgrade_of_functions_goes_on_during_a_long_dump(
    postgres: PostgresServer, database: Database, tmp_path: Path
) -> None:
    later = migrations.with_a_later_revision(tmp_path)
    with migrations.used(later), dumping(postgres, database):
        schema.upgrade(database.url)
        schema.check(database.url)


def test_an_upgrade_that_alters_a_table_gives_up_and_names_the_dump(
    postgres: PostgresServer, database: Database, dba: Dba, tmp_path: Path
) -> None:
    later = migrations.with_a_later_revision(tmp_path)
    step = later / "migrations/versions" / migrations.newest(later) / "pre.sql"
    step.write_text(f"{step.read_text()}\nALTER TABLE pools ADD COLUMN color text;\n")
    with migrations.used(later):
        with (
            dumping(postgres, database),
            pytest.raises(TryAgain, match="no lock within 50ms") as told,
        ):
            schema.upgrade(database.url, lock_timeout="50ms")
        assert "pg_dump" in told.value.hint
        assert dba.execute("SELECT version_num FROM alembic_version").fetchall() == [
            (migrations.newest(),)
        ]
        schema.upgrade(database.url)


def size(dba: Dba, what: str) -> int:
    [(found,)] = dba.execute(f"SELECT {what}('rowhouse.tenures')".encode()).fetchall()
    return int(found)


def test_history_reuses_what_pruning_freed_and_vacuum_full_gives_it_back(dba: Dba) -> None:
    dba.execute(FILL, (1, 20_000))
    full = size(dba, "pg_relation_size")
    dba.execute("SELECT * FROM prune_v1('2020-01-12', 0, 1000000)")
    [(left,)] = dba.execute("SELECT count(*) FROM tenures").fetchall()
    assert left < 20_000 / 4
    dba.execute("VACUUM tenures")
    assert size(dba, "pg_relation_size") == full, "plain VACUUM keeps the room"
    dba.execute(FILL, (20_001, 30_000))
    assert size(dba, "pg_relation_size") == full, "new history fills it"
    dba.execute("SELECT * FROM prune_v1('infinity', 0, 1000000)")
    dba.execute(FILL, (30_001, 31_000))
    before = size(dba, "pg_total_relation_size")
    dba.execute("VACUUM FULL tenures")
    assert size(dba, "pg_total_relation_size") < before / 5


def test_the_indexes_of_the_promise_cannot_be_rebuilt_concurrently(dba: Dba) -> None:
    dba.execute("REINDEX INDEX CONCURRENTLY tenures_owner")
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="exclusion constraint"):
        dba.execute("REINDEX INDEX CONCURRENTLY tenures_one_owner_at_a_time_ipv4")
    dba.execute("REINDEX INDEX tenures_one_owner_at_a_time_ipv4")


def test_the_guide_gives_the_reason_of_each_storage_setting(dba: Dba) -> None:
    settings = """SELECT relname, unnest(reloptions) FROM pg_class
                   WHERE relnamespace = 'rowhouse'::regnamespace AND relkind = 'r'"""
    rows = [line for line in GUIDE.read_text().splitlines() if line.startswith("| `")]
    untold = [
        (table, setting)
        for table, setting in dba.execute(settings)
        if not any(line.startswith(f"| `{table}` ") and f"`{setting}`" in line for line in rows)
    ]
    assert untold == []


def test_what_is_done_without_triggers_is_found_and_repaired(pods: Pods, dba: Dba) -> None:
    pods.add("web-0", SUBNET)
    dba.execute("SET session_replication_role = replica")
    dba.execute("DELETE FROM reservations")
    dba.execute("RESET session_replication_role")
    assert dba.execute(
        "SELECT count(*) FROM audit_log WHERE action LIKE 'reservation.%'"
    ).fetchone() == (0,)
    assert {problem for problem, *_ in dba.execute(PROBLEMS)} == {
        "open tenure without a reservation",
        "pool address neither free nor reserved",
    }
    dba.execute("SELECT * FROM repair_v1('dba', '')")
    assert dba.execute(PROBLEMS).fetchall() == []


def test_a_publication_of_all_tables_breaks_nothing(pods: Pods, dba: Dba) -> None:
    """Each table has a replica identity: else PostgreSQL would refuse to change or delete its rows."""
    dba.execute("CREATE PUBLICATION everything FOR ALL TABLES")
    dba.execute("SELECT mirror_on_v1('prod-a', 'kube-system')")
    pods.add("web-0", SUBNET)
    pods.delete("web-0")
    assert dba.execute("DELETE FROM mirror_changes").rowcount > 0
    dba.execute("SELECT mirror_off_v1('prod-a')")


@pytest.fixture
def pair(postgres: PostgresServer) -> Iterator[tuple[EmbeddedPostgres, EmbeddedPostgres]]:
    """A server to publish from and one to report on."""
    options = {"fsync": "off", "logging_collector": "off", "shared_buffers": "16MB"}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(dir="/tmp")))
        folder.chmod(0o755)
        yield (
            stack.enter_context(
                EmbeddedPostgres(
                    folder / "a",
                    bindir=postgres.server.bindir,
                    options=options | {"wal_level": "logical"},
                )
            ),
            stack.enter_context(
                EmbeddedPostgres(folder / "b", bindir=postgres.server.bindir, options=options)
            ),
        )


def statements(heading: str) -> list[str]:
    """The SQL blocks of a section of the guide."""
    section = GUIDE.read_text().partition(f"## {heading}\n")[2].partition("\n## ")[0]
    return [block.partition("```")[0] for block in section.split("```sql\n")[1:]]


def test_a_reporting_server_has_the_same_rows_and_answers(
    pair: tuple[EmbeddedPostgres, EmbeddedPostgres],
) -> None:
    publisher, _ = pair
    made = [databases.Database("postgres", one.url(), one.conninfo()) for one in pair]
    for one in made:
        schema.upgrade(one.url)
    publish, subscribe = statements("Report on another server")[:2]
    with (
        databases.session(made[0]) as source,
        databases.session(made[1]) as copy,
        databases.store(made[0]) as store,
    ):
        pods = Pods(store)
        pods.add("web-0", SUBNET)
        source.execute(publish.encode())
        there = f"host={publisher.socket_directory} port=5432 user=postgres dbname=postgres"
        assert "host=primary" in subscribe
        copy.execute(
            subscribe.replace("host=primary user=replicator dbname=rowhouse", there).encode()
        )
        pods.add("web-1", SUBNET)
        source.execute("UPDATE pools SET drained = true")
        source.execute("SELECT mirror_on_v1('prod-a', 'kube-system')")
        pods.delete("web-0")
        source.execute("SELECT mirror_off_v1('prod-a')")
        published = [
            name for (name,) in source.execute("SELECT tablename FROM pg_publication_tables")
        ]
        assert not {"tokens", "sessions", "idempotency_keys"} & set(published)
        wanted = contents(source)
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while any(contents(copy)[name] != wanted[name] for name in published):
            assert time.monotonic() < deadline
        assert copy.execute(PROBLEMS).fetchall() == []
        assert copy.execute("SELECT name FROM who_had('10.0.0.2')").fetchall() == [("web-1",)]
        copy.execute("DROP SUBSCRIPTION rowhouse_reporting")
