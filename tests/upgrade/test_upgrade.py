"""Every release's database is upgraded with its rows intact, and its server serves on later schemas."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from fixtures import databases, migrations, servers
from fixtures.pods import Pods, subnet
from rowhouse.store.connection import schema
from store.catalogue import catalogue, differences
from upgrade.populate import DERIVED, dump, made, tables
from upgrade.releases import RELEASES, TODAY, Release

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database, PostgresServer

    Session = psycopg.Connection[TupleRow]

EVERY_RELEASE = pytest.mark.parametrize(
    "release",
    [
        *(pytest.param(one, id=one.version) for one in RELEASES),
        pytest.param(TODAY, id=TODAY.version, marks=pytest.mark.one_postgresql),
    ],
)
HELD = {"web-1": "10.1.0.3/24"}
LATER_CALLS = (
    ("ADD", "c-store-0", "store-0", {"range": "10.2.0.0/28", "network_name": "storage"}),
    ("CHECK", "c-web-1", "web-1", {"pool": "web"}),
    ("DEL", "c-web-1", "web-1", {"pool": "web"}),
    ("ADD", "c-new-0", "new-0", {"pool": "web"}),
    ("DEL", "c-new-0", "new-0", {"pool": "web"}),
    ("STATUS", "", "", {"pool": "web"}),
)


@pytest.fixture(scope="module")
def dumped_today(postgres: PostgresServer) -> bytes:
    """What `make freeze` would keep."""
    with postgres.database() as database:
        return made(postgres.server, database.url, database.conninfo).encode()


@pytest.fixture
def restored(
    migrated: Database,  # noqa: ARG001 - makes the roles that a dump names
    postgres: PostgresServer,
    release: Release,
    request: pytest.FixtureRequest,
) -> Iterator[Database]:
    """A database made from the dump of a release."""
    kept: bytes = (
        request.getfixturevalue("dumped_today") if release is TODAY else release.dump.read_bytes()
    )
    with postgres.database() as database:
        with databases.session(database) as session:
            session.execute(kept)
        yield database


def rows(session: Session, named: dict[str, list[str]]) -> dict[str, list[str]]:
    """The rows of each table, by the columns that a release had."""
    return {
        table: sorted(
            row[0]
            for row in session.execute(
                f"SELECT ROW({', '.join(columns)})::text FROM {table}".encode()
            )
        )
        for table, columns in named.items()
    }


def columns(session: Session) -> dict[str, list[str]]:
    """Of each table, but those whose rows follow from others."""
    found = session.execute(
        """SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum)
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            WHERE c.relnamespace = 'rowhouse'::regnamespace AND c.relkind = 'r' AND c.relname <> 'alembic_version'
            GROUP BY 1"""
    )
    return {table: named for table, named in found if table not in DERIVED}


@EVERY_RELEASE
def test_the_dump_has_rows_in_every_table(restored: Database) -> None:
    with databases.session(restored) as session:
        assert set(tables(session)) - DERIVED == {
            table for table, found in rows(session, columns(session)).items() if found
        } | {"alembic_version"}
        assert session.execute("SELECT * FROM integrity_problems").fetchall() == []


@EVERY_RELEASE
@pytest.mark.parametrize("later", [False, True], ids=["to head", "to a later revision"])
def test_an_upgrade_keeps_every_row_and_makes_the_schema_of_an_empty_database(
    restored: Database, postgres: PostgresServer, tmp_path: Path, *, later: bool
) -> None:
    root = migrations.with_a_later_revision(tmp_path) if later else migrations.ROOT
    with databases.session(restored) as session, migrations.used(root):
        named = columns(session)
        before = rows(session, named)
        schema.upgrade(restored.url)
        assert rows(session, named) == before
        assert session.execute("SELECT * FROM integrity_problems").fetchall() == []
        # A mirror enables triggers.
        assert session.execute("SELECT mirror_off_v1('prod-a')").fetchone() == (True,)
        with postgres.database() as empty:
            schema.upgrade(empty.url)
            found, wanted = (_restored_catalogue(postgres, one) for one in (restored, empty))
            assert not (wrong := differences(found, wanted)), wrong


def _restored_catalogue(postgres: PostgresServer, database: Database) -> dict[str, str]:
    """The objects after a dump and its restore, which spell an expression as PostgreSQL does."""
    made = dump(postgres.server.bindir, database.conninfo, "--schema-only")
    with postgres.database() as copy, databases.session(copy) as session:
        session.execute(made.encode())
        session.execute("SET search_path = rowhouse")
        return catalogue(session)


@EVERY_RELEASE
def test_what_it_held_goes_on_after_the_upgrade(restored: Database) -> None:
    schema.upgrade(restored.url)
    with databases.store(restored) as store, databases.session(restored) as session:
        pods = Pods(store)
        session.execute("SELECT resume_v1('a test', '')")
        taken = session.execute("SELECT host(address) FROM reservations").fetchall()
        assert (pods.add("new-0", subnet("10.1.0.0/24")),) not in taken
        held = session.execute("SELECT DISTINCT container_id, interface FROM attachments")
        for container, interface in held.fetchall():
            pods.delete(container, interface=interface)
        left = session.execute(
            "SELECT owner_name FROM reservations WHERE NOT sticky AND policy_source = 'nad' AND owner_name <> 'old-0'"
        )
        assert left.fetchall() == []
        assert session.execute("SELECT * FROM integrity_problems").fetchall() == []


@pytest.fixture
def code(release: Release, tmp_path: Path) -> Path:
    """The repository as it was at the release."""
    if release is TODAY:
        return migrations.ROOT
    git = shutil.which("git")
    if git is None or not (migrations.ROOT / ".git").exists():
        pytest.skip("the code of a release comes from git, which has no repository here")
    archived = subprocess.run(
        [git, "-C", migrations.ROOT, "archive", "--format=zip", release.commit],
        capture_output=True,
        check=False,
    )
    if archived.returncode != 0:
        pytest.skip(
            f"the repository has not the history of {release.version}: git fetch --unshallow"
        )
    folder = tmp_path / "code"
    with zipfile.ZipFile(io.BytesIO(archived.stdout)) as files:
        files.extractall(folder)
    return folder


@pytest.fixture
def login(restored: Database) -> Iterator[str]:
    """The URL of a login that has the server's role and no other."""
    user = f"server_of_{restored.name}"
    with databases.session(restored) as session:
        session.execute(f"CREATE ROLE {user} LOGIN IN ROLE rowhouse_server".encode())
        yield restored.url.replace("//postgres@", f"//{user}@")
        session.execute(f"DROP ROLE {user}".encode())


@EVERY_RELEASE
def test_its_server_serves_on_a_later_schema(
    restored: Database, login: str, code: Path, tmp_path: Path
) -> None:
    (tmp_path / "later").mkdir()
    with migrations.used(migrations.with_a_later_revision(tmp_path / "later")):
        schema.upgrade(restored.url)
    path = {"PYTHONPATH": str(code / "server")}
    where = subprocess.run(
        [sys.executable, "-c", "import rowhouse; print(rowhouse.__file__)"],
        env=path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert Path(where.strip()).is_relative_to(code)
    settings = path | {"ROWHOUSE_DATABASE_URL": login}
    with databases.session(restored) as session:
        session.execute("SELECT resume_v1('a test', '')")
    with servers.serving(tmp_path, environment=settings) as server:
        for command, container, pod, ipam in LATER_CALLS:
            status, said = _call(server.url, command, container, pod, ipam)
            assert status == 200, (command, pod, said)
        for route in (
            "readyz",
            "api/v1/pools?usage=true",
            "api/v1/reservations",
            "metrics",
            "",
        ):
            request = urllib.request.Request(
                f"{server.url}/{route}", headers={"Authorization": "Bearer rh_team"}
            )
            with urllib.request.urlopen(request) as answer:
                assert answer.status == 200, route
    with databases.session(restored) as session:
        assert session.execute("SELECT * FROM integrity_problems").fetchall() == []


@EVERY_RELEASE
def test_its_server_refuses_a_role_that_a_later_release_adds(
    restored: Database, login: str, code: Path, release: Release, tmp_path: Path
) -> None:
    """An unknown role must not pass as another one."""
    schema.upgrade(restored.url)
    role, namespaces = ("auditor", None) if release is TODAY else ("team", ["shop"])
    with databases.session(restored) as session:
        session.execute("SELECT resume_v1('a test', '')")
        if release is TODAY:
            session.execute("ALTER TABLE tokens DROP CONSTRAINT tokens_role_check")
        session.execute(
            """INSERT INTO tokens (name, role, namespaces, digest)
               VALUES ('later', %s, %s, sha256('rh_later'))""",
            (role, namespaces),
        )
    bearer = {"Authorization": "Bearer rh_later"}
    pool = json.dumps({"cidr": "10.99.0.0/24"}).encode()
    environment = {"PYTHONPATH": str(code / "server"), "ROWHOUSE_DATABASE_URL": login}
    with servers.serving(tmp_path, environment=environment) as server:
        for route, body in (
            ("api/v1/pools", None),
            ("api/v1/reservations", None),
            ("", None),
            ("api/v1/pools", pool),
        ):
            headers = bearer | {"Content-Type": "application/json"}
            request = urllib.request.Request(f"{server.url}/{route}", body, headers)
            with pytest.raises(urllib.error.HTTPError) as refusal:
                urllib.request.urlopen(request)
            with refusal.value as answer:
                text = answer.read().decode()
            if release is TODAY:
                assert answer.code == 403, route
                assert "does not know the role" in text
        command, container, pod, ipam = LATER_CALLS[0]
        status, _ = _call(server.url, command, container, pod, ipam, token="rh_later")
        assert status in {403, 500}


def _call(
    url: str,
    command: str,
    container: str,
    pod: str,
    ipam: dict[str, Any],
    *,
    token: str = "rh_node1",
) -> tuple[int, str]:
    document = {"cniVersion": "1.1.0", "name": "lan", "ipam": {"type": "rowhouse", **ipam}}
    if command == "CHECK":
        document["prevResult"] = {"cniVersion": "1.1.0", "ips": [{"address": HELD[pod]}]}
    headers = {
        "CNI-Command": command,
        "CNI-ContainerID": container,
        "CNI-NetNS": "/ns",
        "CNI-IfName": "net1",
        "CNI-Args": f"IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME={pod}",
        "Rowhouse-Node": "node1",
        "Rowhouse-Cluster": "prod-a",
        "Authorization": f"Bearer {token}",
    }
    request = urllib.request.Request(
        f"{url}/cni", data=json.dumps(document).encode(), headers=headers
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, ""
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()
