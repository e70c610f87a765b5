"""The revisions lead to what schema/ says, and those that a release has carried stay as they are."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pytest

from fixtures import databases, migrations
from fixtures.migrations import edit, revise
from fixtures.pods import Pods, subnet
from rowhouse.domain.errors import NotReady
from rowhouse.store.connection import schema
from store.catalogue import catalogue, differences

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer

# Alembic makes its own table before the first revision runs.
ALEMBICS = """CREATE SCHEMA rowhouse;
CREATE TABLE rowhouse.alembic_version
    (version_num varchar(32) NOT NULL, CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num));"""


_REMEDY = (
    "migrations/schema differs from the revisions: `make revision NAME=…` writes the next one"
    " (before the first release: `make baseline`); docs/how-to/change-the-schema.md"
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the migrations that a test may change."""
    return migrations.copied(tmp_path)


def made_by_schema(postgres: PostgresServer, root: Path = migrations.ROOT) -> dict[str, str]:
    """The objects that schema/ makes in an empty database."""
    with postgres.database() as database, databases.session(database) as session:
        session.execute(ALEMBICS)
        with session.transaction():
            session.execute("SET LOCAL search_path = rowhouse, pg_temp")
            session.execute(revise.Migrations(root / "migrations").whole().encode())
        return catalogue(session)


def found_in(database: Database) -> dict[str, str]:
    with databases.session(database) as session:
        return catalogue(session)


def test_the_newest_revision_was_written_after_the_last_change_of_schema() -> None:
    changed, gone = revise.Migrations().changed_since(migrations.newest())
    assert not [*changed, *gone], _REMEDY


def test_the_revisions_make_what_schema_says(
    postgres: PostgresServer, empty_database: Database
) -> None:
    schema.upgrade(empty_database.url)
    wanted = made_by_schema(postgres)
    assert len(wanted) > 500
    wrong = differences(found_in(empty_database), wanted)
    assert not wrong, f"{wrong}\n{_REMEDY}"


@pytest.mark.one_postgresql
@pytest.mark.parametrize(
    ("path", "old", "new", "differ"),
    [
        ("allocation/choose_run.sql", "ORDER BY f.last LIMIT 1 FOR UPDATE OF f SKIP LOCKED",
         "ORDER BY f.last DESC LIMIT 1 FOR UPDATE OF f SKIP LOCKED",
         ["function choose_run(integer,inet,inet,inet)"]),
        ("tables/pools.sql", "false,\n    version", "true,\n    version", ["column pools.isolated"]),
        ("tables/allocation_failures.sql", "TABLE allocation_failures IS '", "TABLE allocation_failures IS 'All ",
         ["table allocation_failures"]),
        ("tables/mirrors.sql", "fillfactor = 50", "fillfactor = 60", ["table mirrors"]),
        ("tables/sessions.sql", "sessions_expiry ON sessions (expires_at)",
         "sessions_expiry ON sessions (expires_at DESC)", ["index sessions_expiry"]),
        ("tables/quotas.sql", "addresses >= 0", "addresses >= 1", ["constraint quotas.quotas_addresses_check"]),
        ("roles/rowhouse_server.sql", "INSERT, DELETE ON sessions", "INSERT ON sessions", ["table sessions"]),
        ("roles/rowhouse_auditor.sql", "held_by, who_had,", "held_by,",
         ["function who_had(inet,timestamp with time zone)"]),
        ("mirror/mirrored_reservation_changed.sql", "DO $$ BEGIN PERFORM switch_mirror_triggers(); END $$;", "",
         ["trigger reservations.reservations_mirror_update"]),
        ("history/stamp_audit.sql", "BEFORE INSERT ON audit_log", "BEFORE UPDATE ON audit_log",
         ["trigger audit_log.audit_log_stamp"]),
    ],
)  # fmt: skip
def test_a_change_of_schema_without_a_revision_is_found(
    postgres: PostgresServer, database: Database, root: Path, *, path: str, old: str, new: str, differ: list[str]
) -> None:  # fmt: skip
    edit(root, f"schema/{path}", old, new)
    found, wanted = found_in(database), made_by_schema(postgres, root)
    assert [name for name in wanted if wanted[name] != found.get(name)] == differ
    report = differences(found, wanted)
    for name in differ:
        assert name in report
        assert found[name] in report
        assert wanted[name] in report


def test_a_revision_replaces_whole_objects_and_can_be_taken_back(
    postgres: PostgresServer, empty_database: Database, root: Path
) -> None:
    edit(root, migrations.HOT, "-- Free addresses of", "-- The free addresses of")
    edit(root, "schema/tables/pools.sql", "    labels ", "    color        text,\n    labels ")
    edit(root, "schema/order.txt", "history/record_v1.sql\n", "history/record_v2.sql\n")
    old = root / "migrations/schema/history/record_v1.sql"
    old.rename(old.with_name("record_v2.sql"))
    edit(root, "schema/history/record_v2.sql", "record_v1", "record_v2")
    made = revise.Migrations(root / "migrations")
    before = migrations.newest(root)
    assert made.make_revision("colors") == migrations.newest(root) != before
    assert "CREATE OR REPLACE FUNCTION claim_addresses" in pre(root)
    assert "GRANT EXECUTE" in pre(root)
    with migrations.used(root):
        # What is not mechanical stops an upgrade until it is written.
        with pytest.raises(Exception, match=r"pre\.sql is not written yet: tables/pools\.sql"):
            schema.upgrade(empty_database.url)
        write(root, "pre.sql", "ALTER TABLE pools ADD COLUMN color text;")
        write(root, "downgrade.sql", "ALTER TABLE pools DROP COLUMN color;")
        schema.upgrade(empty_database.url, before)
        first = found_in(empty_database)
        schema.upgrade(empty_database.url)
        wrong = differences(found_in(empty_database), made_by_schema(postgres, root))
        assert not wrong
        schema.downgrade(empty_database.url, before)
        assert not (wrong := differences(found_in(empty_database), first)), wrong
        assert "CREATE OR REPLACE FUNCTION" in schema.sql(before)
    with pytest.raises(revise.Refused, match=f"schema/ is as {migrations.newest(root)} left it"):
        made.make_revision("again")
    with pytest.raises(revise.Refused, match="make revision"):
        made.make_baseline()
    edit(root, "schema/tables/pools.sql", "color  ", "colour ")
    made.make_revision("colours")
    assert "not written yet: tables/pools.sql" in step(root, "downgrade.sql").read_text("utf-8")


def test_an_unreleased_revision_is_written_again_from_schema(root: Path) -> None:
    made = revise.Migrations(root / "migrations")
    assert made.update_revision() == [], "nothing changed"
    edit(root, migrations.HOT, "-- Free addresses of", "-- The free addresses of")
    edit(root, "schema/tables/pools.sql", "    labels ", "    color        text,\n    labels ")
    edit(
        root,
        "schema/order.txt",
        "controller/note_event.sql\n",
        "controller/note_event.sql\nhistory/now_utc.sql\n",
    )
    (root / "migrations/schema/history/now_utc.sql").write_text(
        "CREATE FUNCTION now_utc() RETURNS timestamp LANGUAGE sql RETURN now() AT TIME ZONE 'UTC';\n"
        "COMMENT ON FUNCTION now_utc IS 'Now.';\n"
    )
    digests = step(root, "schema.sha256").read_text("utf-8")
    assert made.update_revision() == ["tables/pools.sql"]
    assert step(root, "schema.sha256").read_text("utf-8") != digests
    assert pre(root).count("-- The free addresses of") == 1
    note_event, now_utc, later = (
        pre(root).index(f"-- schema/{path}.sql\n")
        for path in (
            "controller/note_event",
            "history/now_utc",
            "controller/take_allocation_failures_v1",
        )
    )
    assert note_event < now_utc < later
    back = step(root, "downgrade.sql").read_text("utf-8")
    assert back.count("DROP FUNCTION now_utc;") == 1
    once = pre(root), back
    made.update_revision()
    assert (pre(root), step(root, "downgrade.sql").read_text("utf-8")) == once
    made.freeze()
    with pytest.raises(revise.Refused, match="released"):
        made.update_revision()


def test_what_uses_a_new_function_may_be_older(empty_database: Database, root: Path) -> None:
    """PostgreSQL looks up what a function with a parsed body uses when it makes it."""
    edit(root, "schema/history/pool_fill.sql", "greatest(steps, 1)", "at_least_one(steps)")
    edit(
        root,
        "schema/order.txt",
        "history/pool_fill.sql\n",
        "history/at_least_one.sql\nhistory/pool_fill.sql\n",
    )
    (root / "migrations/schema/history/at_least_one.sql").write_text(
        "CREATE FUNCTION at_least_one(n integer) RETURNS integer LANGUAGE sql RETURN greatest(n, 1);\n"
        "COMMENT ON FUNCTION at_least_one IS 'The number, or 1 if it is less.';\n"
    )
    assert revise.Migrations(root / "migrations").update_revision() == []
    with migrations.used(root):
        schema.upgrade(empty_database.url)
        schema.downgrade(empty_database.url, "r0001")


def pre(root: Path) -> str:
    return step(root, "pre.sql").read_text(encoding="utf-8")


def step(root: Path, name: str) -> Path:
    """A file of the newest revision."""
    return root / "migrations/versions" / migrations.newest(root) / name


def write(root: Path, name: str, statement: str) -> None:
    """Puts a statement where the new revision's file asks for one."""
    file = step(root, name)
    lines = file.read_text(encoding="utf-8").splitlines()
    written = [statement if "is not written yet" in line else line for line in lines]
    assert written != lines
    file.write_text("\n".join(written) + "\n", encoding="utf-8")


def test_the_code_before_works_on_the_schema_of_the_next_revision(
    empty_database: Database, tmp_path: Path
) -> None:
    schema.upgrade(empty_database.url)
    later = migrations.with_a_later_revision(tmp_path)
    at, needs = migrations.newest(), migrations.newest(later)
    with migrations.used(later):
        with pytest.raises(NotReady, match=f"is at revision {at}, this code needs {needs}"):
            schema.check(empty_database.url)
        schema.upgrade(empty_database.url)
        schema.check(empty_database.url)
    schema.check(empty_database.url)
    with databases.store(empty_database) as store:
        assert Pods(store).add("web-0", subnet("10.0.0.0/24")) == "10.0.0.1"


def test_a_mirror_goes_on_while_a_revision_replaces_its_triggers(
    empty_database: Database, tmp_path: Path
) -> None:
    schema.upgrade(empty_database.url)
    later = migrations.with_a_later_revision(tmp_path)
    with databases.session(empty_database) as dba:
        dba.execute("SELECT mirror_on_v1('prod', 'kube-system')")
        before = catalogue(dba)
        with migrations.used(later):
            schema.upgrade(empty_database.url)
        assert not (wrong := differences(catalogue(dba), before)), wrong


def test_released_revisions_are_frozen(root: Path) -> None:
    changed = revise.Migrations().changed_since_release()
    assert not changed, "restore these files of a released revision, then `make revision NAME=…`"
    copy = revise.Migrations(root / "migrations")
    copy.freeze()
    assert not copy.freeze()
    assert not copy.changed_since_release()
    with pytest.raises(revise.Refused, match="released"):
        copy.make_baseline()
    baseline = "versions/r0001/baseline.sql"
    edit(root, baseline, "LIMIT 1", "LIMIT 2")
    (root / "migrations/versions/r0001/post.sql").write_text("SELECT 1;\n")
    (root / "migrations/versions/r0001_baseline.py").unlink()
    assert copy.changed_since_release() == [
        baseline,
        "versions/r0001/post.sql",
        "versions/r0001_baseline.py",
    ]


def test_the_order_names_every_file_once(root: Path) -> None:
    copy = revise.Migrations(root / "migrations")
    assert len(copy.paths()) > 100
    edit(root, "schema/order.txt", "allocation/has_free.sql\n", "")
    with pytest.raises(revise.Refused, match=r"allocation/has_free\.sql"):
        copy.paths()


@pytest.mark.parametrize("revision", ["0001", "0007"])
def test_a_schema_of_before_the_first_release_is_told_apart(
    database: Database, dba: psycopg.Connection[TupleRow], revision: str
) -> None:
    dba.execute("UPDATE alembic_version SET version_num = %s", (revision,))
    dba.execute(
        "CREATE OR REPLACE FUNCTION serves_code_of(revision text) RETURNS boolean"
        " LANGUAGE sql RETURN revision BETWEEN '0001' AND '0007'"
    )
    for step in (
        partial(schema.upgrade, database.url),
        partial(schema.check, database.url),
        partial(schema.downgrade, database.url, "base"),
    ):
        with pytest.raises(
            NotReady, match=f"at revision {revision}, which is not part of a release"
        ) as told:
            step()
        assert "Create a new database" in told.value.hint


def test_a_schema_that_serves_only_later_code_is_left_alone(
    database: Database, dba: psycopg.Connection[TupleRow]
) -> None:
    dba.execute("UPDATE alembic_version SET version_num = 'r9999'")
    dba.execute(
        "CREATE OR REPLACE FUNCTION serves_code_of(revision text) RETURNS boolean"
        " LANGUAGE sql RETURN revision = 'r9999'"
    )
    with pytest.raises(NotReady, match="at revision r9999, which this version does not know"):
        schema.upgrade(database.url)
    with pytest.raises(NotReady, match="at revision r9999, which this version does not know"):
        schema.downgrade(database.url, "base")
