"""A login that lacks a privilege is told so in one line, wherever it first matters."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx2
import pytest

from fixtures import databases
from fixtures.servers import serving
from rowhouse.domain.errors import NotReady
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database

REVOKED = {
    "the role": ("REVOKE rowhouse_server FROM {user}", "permission denied for schema rowhouse"),
    "a function": (
        "REVOKE EXECUTE ON FUNCTION attach_v1 FROM rowhouse_server",
        "lacks EXECUTE on rowhouse.attach_v1(",
    ),
    "a table": (
        "REVOKE SELECT ON pools FROM rowhouse_server",
        "lacks SELECT on rowhouse.pools",
    ),
    "what login needs": (
        "REVOKE INSERT ON sessions FROM rowhouse_server",
        "lacks INSERT on rowhouse.sessions",
    ),
}


@pytest.fixture
def login(database: Database, dba: psycopg.Connection[TupleRow]) -> Iterator[str]:
    """A login with the role of the server; its URL."""
    user = f"server_of_{database.name}"
    dba.execute(f"CREATE ROLE {user} LOGIN IN ROLE rowhouse_server")
    yield database.url.replace("//postgres@", f"//{user}@")
    dba.execute(f"DROP ROLE {user}")


def _revoke(dba: psycopg.Connection[TupleRow], login: str, what: str) -> str:
    statement, told = REVOKED[what]
    user = login.split("//")[1].split("@", maxsplit=1)[0]
    dba.execute(statement.format(user=user).encode())
    return told


@pytest.mark.parametrize("what", REVOKED)
def test_the_check_names_what_is_missing(
    dba: psycopg.Connection[TupleRow], login: str, what: str
) -> None:
    schema.check(login)
    told = _revoke(dba, login, what)
    command = [sys.executable, "-m", "rowhouse", "db", "check"]
    done = subprocess.run(
        command,
        env=os.environ | {"ROWHOUSE_DATABASE_URL": login},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 4
    assert told in done.stderr
    assert (
        "GRANT rowhouse_server TO" in done.stderr or "Grant the role rowhouse_server" in done.stderr
    )
    assert "Traceback" not in done.stderr


@pytest.mark.one_postgresql
@pytest.mark.parametrize("what", REVOKED)
def test_a_running_server_is_not_ready_and_says_why(
    dba: psycopg.Connection[TupleRow], login: str, what: str, tmp_path: Path
) -> None:
    with serving(tmp_path, environment={"ROWHOUSE_DATABASE_URL": login}) as server:
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        told = _revoke(dba, login, what)
        answer = httpx2.get(f"{server.url}/readyz")
        assert answer.status_code == 503
        assert told in answer.json()["reason"]
        assert "rowhouse_server" in answer.json()["hint"]
        for path in ("/api/v1/pools", "/"):
            assert httpx2.get(f"{server.url}{path}").status_code != 500
        assert "Traceback" not in server.log.read_text()


@pytest.mark.one_postgresql
@pytest.mark.parametrize("what", ["the role", "a function"])
def test_a_server_that_starts_without_them_says_so(
    dba: psycopg.Connection[TupleRow], login: str, what: str, tmp_path: Path
) -> None:
    told = _revoke(dba, login, what)
    with serving(tmp_path, environment={"ROWHOUSE_DATABASE_URL": login}) as server:
        (line,) = [one for one in server.log.read_text().splitlines() if "not ready" in one]
        assert told in line
        assert "Traceback" not in server.log.read_text()


def test_an_upgrade_grants_again_what_was_revoked(
    database: Database, dba: psycopg.Connection[TupleRow], login: str
) -> None:
    _revoke(dba, login, "a function")
    with pytest.raises(NotReady, match="lacks EXECUTE"):
        schema.check(login)
    schema.upgrade(database.url)
    schema.check(login)
    with databases.store(database) as store:
        schema.check_engine(store.engine)
