"""Each thing that can be wrong with a database is named, with what to do about it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from psycopg import sql

from doctor.conftest import Doctor
from fixtures import migrations
from fixtures.shared import closed_port
from rowhouse.domain.version import VERSION
from rowhouse.store.cluster.leader_election import LeaderElection
from rowhouse.store.cluster.mirror import MirrorStore

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database

    Session = psycopg.Connection[TupleRow]


@pytest.fixture
def doctor(database: Database) -> Doctor:
    return Doctor(environment={"ROWHOUSE_DATABASE_URL": database.url})


def test_a_database_that_serves(doctor: Doctor) -> None:
    for name in ("database", "schema", "grants", "clock of the database"):
        assert doctor.one(name).state == "ok", doctor.one(name)
    assert "PostgreSQL" in doctor.one("database").found


def test_a_database_that_is_not_there() -> None:
    port = closed_port()
    doctor = Doctor(environment={"ROWHOUSE_DATABASE_URL": f"postgresql://127.0.0.1:{port}/gone"})
    found = doctor.one("database")
    assert found.state == "failed"
    assert "ROWHOUSE_DATABASE_URL" in found.remedy
    for name in ("schema", "grants", "clock of the database", "leader", "mirror"):
        found = doctor.one(name)
        assert (found.state, "failed" in found.found) == ("skipped", True), name


def test_without_settings_the_checks_say_where_to_run_them() -> None:
    for name in ("database", "schema", "grants", "tokens", "leader", "mirror"):
        found = Doctor().one(name)
        assert found.state == "skipped"
        assert "neither ROWHOUSE_DATABASE_URL nor" in found.found
        assert "kubectl exec" in found.remedy


def test_settings_that_are_wrong_are_named() -> None:
    doctor = Doctor(environment={"ROWHOUSE_DATABASE_URL": "mysql://x"})
    assert "ROWHOUSE_DATABASE_URL" in doctor.one("database").found
    assert "settings.md" in doctor.one("tokens").remedy


def test_a_schema_that_is_behind(doctor: Doctor, tmp_path: Path) -> None:
    with migrations.used(migrations.with_a_later_revision(tmp_path)):
        found = doctor.one("schema")
    assert found.state == "failed"
    assert migrations.newest() in found.found
    assert "rowhouse db upgrade" in found.remedy


def test_a_database_without_a_schema(empty_database: Database) -> None:
    found = Doctor(environment={"ROWHOUSE_DATABASE_URL": empty_database.url}).one("schema")
    assert found.state == "failed"
    assert "rowhouse db upgrade" in found.remedy


def as_role(database: Database, role: str) -> Doctor:
    return Doctor(environment={"ROWHOUSE_DATABASE_URL": f"{database.url}&user={role}"})


def test_a_login_role_without_grants(database: Database, dba: Session) -> None:
    role = f"bare_{database.name}"
    dba.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    # Without USAGE even the revision cannot be read: that is said, and nothing of a stack trace.
    found = as_role(database, role).one("schema")
    assert found.found == "the database refuses: permission denied for schema rowhouse"
    assert "rowhouse_server" in found.remedy
    grant = sql.SQL("GRANT rowhouse_server TO {}").format(sql.Identifier(role))
    dba.execute(grant)
    assert as_role(database, role).one("grants").state == "ok"


def test_a_function_that_the_server_may_not_call(database: Database, dba: Session) -> None:
    role = f"nearly_{database.name}"
    dba.execute(
        sql.SQL("CREATE ROLE {} LOGIN IN ROLE rowhouse_server").format(sql.Identifier(role))
    )
    dba.execute("REVOKE EXECUTE ON FUNCTION detach_many_v1 FROM rowhouse_server")
    found = as_role(database, role).one("grants")
    assert found.state == "failed"
    assert "EXECUTE on rowhouse.detach_many_v1" in found.found
    assert f'GRANT rowhouse_server TO "{role}"' in found.remedy


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, "ok"), (5, "warning"), (-5, "warning"), (60, "failed")]
)
def test_a_clock_that_differs_from_the_databases(
    doctor: Doctor, seconds: float, state: str
) -> None:
    found = doctor.one("clock of the database", clock=lambda: time.time() - seconds)
    assert found.state == state
    if seconds:
        assert ("ahead of" if seconds > 0 else "behind") in found.found
        assert "chrony" in found.remedy


def test_whether_a_controller_leads(doctor: Doctor, database: Database) -> None:
    found = doctor.one("leader", cluster="prod")
    assert found.state == "warning"
    assert "'prod'" in found.found
    with LeaderElection(database.url, "prod") as election:
        assert election.is_leader()
        assert doctor.one("leader", cluster="prod").state == "ok"
        assert doctor.one("leader", cluster="other").state == "warning"


def test_a_mirror_is_judged_by_what_its_controller_says(
    doctor: Doctor, database: Database, dba: Session
) -> None:
    assert doctor.one("mirror").state == "skipped"
    with MirrorStore(database.url, "prod") as store:
        store.turn_on("kube-system")
        assert "never reported" in doctor.one("mirror", "prod").found
        store.report({"lag_seconds": 3.0})
        assert doctor.one("mirror", "prod").state == "ok"
        store.report({"lag_seconds": 3.0, "problem_count": 2})
        assert doctor.one("mirror", "prod").state == "warning"
        store.report({"lag_seconds": 400.0})
        assert "400 s behind" in doctor.one("mirror", "prod").found
        store.report({"trouble": "Kubernetes refused a list"})
        assert doctor.one("mirror", "prod").found == "Kubernetes refused a list"
    dba.execute("UPDATE mirrors SET reported_at = reported_at - interval '5 minutes'")
    found = doctor.one("mirror", "prod")
    assert found.state == "failed"
    assert "watch is stuck" in found.found


def test_nodes_are_judged_by_their_reports(doctor: Doctor, dba: Session) -> None:
    assert doctor.one("reports of nodes").state == "skipped"
    report = "SELECT report_node_v1('prod', %s, %s, '', %s, 0, now())"
    for number in range(7):
        dba.execute(report, (f"n{number}", VERSION, 0))
    assert doctor.one("reports of nodes", "prod").state == "ok"
    dba.execute("UPDATE nodes SET last_seen = last_seen - interval '6 min' WHERE node <> 'n0'")
    dba.execute(report, ("n0", "0.0.1", 3))
    found = doctor.check("reports of nodes")
    assert [one.state for one in found] == ["warning"] * 3
    assert "6 of 7 nodes" in found[0].found
    assert "n1, n2, n3, n4, n5 and 1 more" in found[0].found
    assert "3 DELs" in found[1].found
    assert f"0.0.1, {VERSION}" in found[2].found
    dba.execute("UPDATE nodes SET last_seen = last_seen - interval '1 day'")
    assert doctor.one("reports of nodes").state == "skipped"
