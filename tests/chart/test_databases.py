"""The databases that the chart does not bring itself: what the manifests and the pages say makes them fit."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Self

import psycopg
import pytest
import trustme
from psycopg import sql

from chart.kubelet import Kubelet, unprivileged
from fixtures.shared import closed_port
from image.network import pump
from rowhouse.embedded import binaries

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chart.helm import Helm
    from chart.manifests import Release

# Programs that are started and waited for: seconds, and minutes on a machine that is busy.
pytestmark = pytest.mark.timeout(400)

INSTALL = Path(__file__).parents[2] / "docs" / "install.md"


class Postgres:
    """A PostgreSQL with passwords, and with TLS that an authority of its own vouches for.

    The wheel's PostgreSQL is built without TLS, so something in front of it speaks it.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self.listener.getsockname()[1])

    def __enter__(self) -> Self:
        if os.geteuid() == 0:
            os.chown(self.folder, 65534, -1)
        self._run(
            "initdb",
            "-D",
            f"{self.folder}/data",
            "-U",
            "postgres",
            "-A",
            "trust",
            "-N",
            "-E",
            "UTF8",
        )
        (self.folder / "data/pg_hba.conf").write_text(
            "local all postgres trust\nlocal all all scram-sha-256\n"
        )
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._ctl("-w", "-l", f"{self.folder}/log", "-o", options, "start")
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.authority.issue_cert("127.0.0.1").configure_cert(self.context)
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.listener.close()
        self._ctl("-m", "immediate", "stop")

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                accepted, _ = self.listener.accept()
                threading.Thread(target=self._connect, args=(accepted,), daemon=True).start()

    def _connect(self, accepted: socket.socket) -> None:
        """The answer to SSLRequest is a letter (PostgreSQL, "Message Flow"); the rest is passed on."""
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as server:
            assert accepted.recv(8)[4:] == (80877103).to_bytes(4)
            accepted.sendall(b"S")
            with self.context.wrap_socket(accepted, server_side=True) as client:
                server.connect(str(self.folder / ".s.PGSQL.5432"))
                back = threading.Thread(target=pump, args=(server, client), daemon=True)
                back.start()
                pump(client, server)
                back.join()

    def admin(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(
            f"host={self.folder} user=postgres dbname={database}", autocommit=True
        )

    def _ctl(self, *words: str) -> None:
        self._run("pg_ctl", "-D", f"{self.folder}/data", *words)

    def _run(self, *line: str) -> None:
        done = subprocess.run(
            [*unprivileged(), *line],
            env={"PATH": f"{binaries()}:/usr/bin:/bin"},
            cwd="/",
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def postgres() -> Iterator[Postgres]:
    folder = Path(tempfile.mkdtemp(prefix="rowhouse-chart-", dir="/tmp"))
    folder.chmod(0o755)
    try:
        with Postgres(folder) as running:
            yield running
    finally:
        shutil.rmtree(folder)


def kubelet(release: Release, postgres: Postgres, folder: Path, hosts: dict[str, str]) -> Kubelet:
    ca = {"ca.crt": postgres.authority.cert_pem.bytes().decode()}
    return Kubelet(
        release,
        folder,
        node="node1",
        token=lambda *_: "token",
        places=hosts,
        brought={
            ("Secret", "rowhouse-db-ca"): ca,
            ("Secret", "rowhouse-database-ca"): ca,
            ("ConfigMap", "kube-root-ca.crt"): ca,
        },
        path=(binaries(),),
    )


def works(kubelet: Kubelet) -> None:
    """The migration runs, and what waits for it finds the schema."""
    release = kubelet.release
    migrated = kubelet.run(release.pod("migrate"))
    assert migrated.returncode == 0, migrated.stderr
    for part in ("server", "controller"):
        waited = kubelet.run(release.pod(part).only("wait-for-schema"))
        assert waited.returncode == 0, waited.stderr


@pytest.mark.slow
def test_a_database_as_a_dba_makes_it_by_several_hosts_with_tls(
    helm: Helm, postgres: Postgres, tmp_path: Path
) -> None:
    release = helm.template("external-hosts-values.yaml", "--set=migrate.wait=5s")
    here = f"127.0.0.1:{postgres.port}"
    hosts = {
        "db-1.example:5432": f"127.0.0.1:{closed_port()}",
        "db-2.example:5432": here,
        "db-3.example:5432": here,
    }
    (statements,) = re.findall(r"```sql\n(.*?)```", INSTALL.read_text(), re.DOTALL)
    passwords = kubelet(release, postgres, tmp_path, hosts).variables(release.pod("migrate"))
    with postgres.admin() as session:
        for one in filter(str.strip, statements.split(";")):
            session.execute(one.encode())
        for user, password in (
            ("rowhouse_migrate", passwords["PGPASSWORD"]),
            ("rowhouse_app", "p@ss/word"),
        ):
            # A password may hold what a URL may not.
            session.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(user), password)
            )
    assert passwords["PGPASSWORD"] == "m'igrate %41"
    running = kubelet(release, postgres, tmp_path, hosts)
    works(running)

    # The host is verified: another authority's word counts nothing.
    stranger = kubelet(release, postgres, tmp_path / "stranger", hosts)
    other = {"ca.crt": trustme.CA().cert_pem.bytes().decode()}
    stranger.brought["Secret", "rowhouse-db-ca"] = other
    refused = stranger.run(release.pod("migrate"))
    assert refused.returncode != 0
    assert "certificate verify failed" in refused.stderr


@pytest.mark.slow
def test_a_cluster_of_cloudnativepg_as_the_operator_makes_it(
    helm: Helm, postgres: Postgres, tmp_path: Path
) -> None:
    release = helm.template("cloudnativepg-values.yaml")
    cluster = release.one("Cluster", "rowhouse-database")["spec"]
    initdb = cluster["bootstrap"]["initdb"]
    hosts = {"rowhouse-database-rw.kube-system.svc:5432": f"127.0.0.1:{postgres.port}"}
    running = kubelet(release, postgres, tmp_path, hosts)

    def secret(name: str) -> dict[str, str]:
        return dict(release.one("Secret", name)["stringData"])

    # In the operator's order: the owner, the statements, the database, its statements, managed roles.
    owner = secret(initdb["secret"]["name"])
    assert owner["username"] == initdb["owner"]
    with postgres.admin() as session:
        session.execute(
            sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                sql.Identifier(initdb["owner"]), owner["password"]
            )
        )
        for statement in initdb["postInitSQL"]:
            session.execute(statement.encode())
        session.execute(
            sql.SQL("CREATE DATABASE {} OWNER {} ENCODING {}").format(
                sql.Identifier(initdb["database"]),
                sql.Identifier(initdb["owner"]),
                initdb["encoding"],
            )
        )
    with postgres.admin(initdb["database"]) as session:
        for statement in initdb["postInitApplicationSQL"]:
            session.execute(statement.encode())
        for role in cluster["managed"]["roles"]:
            password = secret(role["passwordSecret"]["name"])["password"]
            session.execute(
                sql.SQL("CREATE ROLE {} LOGIN PASSWORD {} IN ROLE {}").format(
                    sql.Identifier(role["name"]),
                    password,
                    sql.SQL(", ").join(map(sql.Identifier, role["inRoles"])),
                )
            )
    works(running)
    assert cluster["postgresql"]["synchronous"] == {
        "method": "any",
        "number": 1,
        "dataDurability": "required",
    }
