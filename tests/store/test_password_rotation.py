"""A new password in the file is used by the next connection: no program has to be restarted."""

from __future__ import annotations

import os
import re
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import httpx2
import psycopg
import pytest
from psycopg import sql

from fixtures.servers import serving
from rowhouse.domain.errors import RowhouseError
from rowhouse.store.cluster.leader_election import LeaderElection
from rowhouse.store.cluster.mirror import MirrorStore
from rowhouse.store.connection import diagnosis, schema
from rowhouse.store.connection.data_source import DataSource
from rowhouse.store.connection.database import Database as Store
from rowhouse.store.connection.opening import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from fixtures.databases import Database

ROLE = "rotated"
FIRST = "f/irst @1"
SECOND = "second:%41'"


@dataclass
class Login:
    """A role with a password, and the files that programs read it from."""

    database: Database
    folder: Path

    @property
    def host(self) -> str:
        return str(psycopg.conninfo.conninfo_to_dict(self.database.conninfo)["host"])

    @property
    def url_file(self) -> Path:
        return self.folder / "url"

    @property
    def password_file(self) -> Path:
        return self.folder / "password"

    def url(self, password: str = "") -> str:
        login = f"{ROLE}:{quote(password, safe='')}" if password else ROLE
        port = psycopg.conninfo.conninfo_to_dict(self.database.conninfo)["port"]
        return f"postgresql://{login}@/{self.database.name}?host={quote(self.host, safe='')}&port={port}"

    def write(self, password: str) -> None:
        """Replaced as the kubelet does: by renaming."""
        for file, content in (
            (self.url_file, self.url(password)),
            (self.password_file, password),
        ):
            new = file.with_suffix(".new")
            new.write_text(content + "\n")
            new.replace(file)

    def alter(self, password: str) -> None:
        self._run(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(ROLE), password))

    def end_sessions(self) -> None:
        with self.superuser() as session:
            ended = session.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = %s",
                (ROLE,),
            ).fetchall()
        assert all(one for (one,) in ended)

    def _run(self, statement: sql.Composed) -> None:
        with self.superuser() as session:
            session.execute(statement)

    def superuser(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self.database.conninfo, autocommit=True)


@pytest.fixture
def login(database: Database, tmp_path: Path) -> Iterator[Login]:
    made = Login(database, tmp_path)
    with made.superuser() as session:
        session.execute(
            sql.SQL("CREATE ROLE {} LOGIN IN ROLE rowhouse_server PASSWORD {}").format(
                sql.Identifier(ROLE), FIRST
            )
        )
        (found,) = session.execute("SHOW hba_file").fetchone() or ("",)
    file = Path(str(found))
    before = file.read_text()
    try:
        file.write_text(f"local all {ROLE} scram-sha-256\n{before}")
        _reload(made)
        _await_password_rule(made)
        made.write(FIRST)
        yield made
    finally:
        file.write_text(before)
        _reload(made)
        made.end_sessions()
        with made.superuser() as session:
            session.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(ROLE)))


def _reload(login: Login) -> None:
    with login.superuser() as session:
        session.execute("SELECT pg_reload_conf()")


def _await_password_rule(login: Login) -> None:
    """Until the postmaster has read the file, a session without a password is let in."""
    for _ in range(1000):
        try:
            psycopg.connect(login.url()).close()
        except psycopg.OperationalError:
            return
    raise AssertionError("PostgreSQL did not read pg_hba.conf again")


@pytest.fixture(params=["url", "password"])
def source(request: pytest.FixtureRequest, login: Login) -> DataSource:
    if request.param == "url":
        return DataSource(url_file=login.url_file)
    return DataSource(url=login.url(), password_file=login.password_file)


def test_calls_go_on_after_a_rotation(login: Login, source: DataSource) -> None:
    store = Store(source, pool_size=2, wait=30)
    try:
        for password in (FIRST, SECOND):
            login.alter(password)
            login.write(password)
            login.end_sessions()
            assert store.call("SELECT session_user::text") == [(ROLE,)]
            schema.check_engine(store.engine)
    finally:
        store.close()


PARTS: dict[str, Callable[[DataSource], object]] = {
    "migrations": schema.check,
    "doctor": diagnosis.facts,
    "leader": lambda source: LeaderElection(source, "prod").session.close(),
    "mirror": lambda source: MirrorStore(source, "prod").__exit__(None, None, None),
    "commands": lambda source: connect(source).close(),
}


@pytest.mark.parametrize("part", PARTS)
def test_every_part_reads_the_file_for_each_connection(login: Login, part: str) -> None:
    source = DataSource(url=login.url(), password_file=login.password_file)
    PARTS[part](source)
    login.alter(SECOND)
    with pytest.raises(RowhouseError, match="password authentication failed"):
        PARTS[part](source)
    login.write(SECOND)
    PARTS[part](source)


def told_by(store: Store, reason: str) -> str:
    """What a call tells when it gives this reason. On a busy machine, the first one may end before any attempt did."""
    deadline = time.monotonic() + 240
    while True:
        with pytest.raises(RowhouseError) as told:
            store.call("SELECT 1")
        if re.search(reason, str(told.value)):
            return str(told.value)
        assert time.monotonic() < deadline, told.value


def test_the_reason_is_told_while_the_file_is_behind(login: Login, source: DataSource) -> None:
    login.alter(SECOND)
    store = Store(source, pool_size=2, wait=0.5)
    try:
        assert FIRST not in told_by(store, "password authentication failed")
        login.password_file.unlink()
        login.url_file.unlink()
        told_by(store, r"_FILE=.*: the file cannot be read: No such file")
    finally:
        store.close()
    login.write(SECOND)
    store = Store(source, pool_size=2, wait=30)
    try:
        assert store.call("SELECT 1") == [(1,)]
    finally:
        store.close()


def test_a_server_goes_on_after_a_rotation(login: Login, tmp_path: Path) -> None:
    folder = tmp_path / "server"
    folder.mkdir()
    environment = {"ROWHOUSE_DATABASE_URL_FILE": str(login.url_file)}
    with serving(folder, environment=environment) as server:
        before = server.process.pid
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        login.alter(SECOND)
        login.write(SECOND)
        login.end_sessions()
        assert httpx2.get(f"{server.url}/api/v1/pools").status_code == 200
        assert httpx2.get(f"{server.url}/readyz").status_code == 200
        os.kill(before, 0)
        for password in (FIRST, SECOND):
            assert password not in server.log.read_text()
