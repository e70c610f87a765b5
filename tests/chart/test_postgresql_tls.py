"""TLS between bundled PostgreSQL and those who use it, as the chart has it by default."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
import trustme

from chart.running import installed, running
from fixtures.capabilities import postgresql_with_tls

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chart.helm import Helm
    from chart.running import Running

pytestmark = [
    pytest.mark.needs("root", "postgresql-with-tls"),
    # Programs that are started and waited for: seconds, and minutes on a machine that is busy.
    pytest.mark.timeout(400),
]


@pytest.fixture
def release(helm: Helm, tmp_path: Path) -> Iterator[Running]:
    rendered = helm.template("", "--set=backup.enabled=true", "--set=migrate.wait=5s")
    with installed(rendered, tmp_path, programs=postgresql_with_tls()) as here:
        yield here


def encrypted(release: Running) -> set[tuple[str, bool]]:
    """User and TLS of each of our connections, as the superuser sees them."""
    given = release.kubelet.variables(release.release.pod("postgresql"))
    password = given["POSTGRES_PASSWORD"]
    with psycopg.connect(release.database, user="postgres", password=password) as session:
        found = session.execute(
            "SELECT usename, ssl FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
            " WHERE usename LIKE 'rowhouse%'"
        ).fetchall()
    return {(str(user), bool(ssl)) for user, ssl in found}


@pytest.mark.slow
def test_all_clients_of_the_bundled_postgresql_use_tls(release: Running, tmp_path: Path) -> None:
    release.migrate()
    config = release.as_controller(tmp_path)
    with running(release.kubelet, "server", "controller", **config):
        assert encrypted(release) == {("rowhouse_app", True)}
    (backup,) = [
        pod for pod in release.release.pods if pod.owner["metadata"]["name"] == "rowhouse-backup"
    ]
    dumped = release.kubelet.run(backup)
    assert dumped.returncode == 0, dumped.stderr
    for pod in release.release.pods:
        url = release.kubelet.variables(pod).get("ROWHOUSE_DATABASE_URL", "sslmode=verify-full")
        assert "sslmode=verify-full" in url, pod.part


@pytest.mark.slow
def test_another_postgresql_in_its_place_is_not_taken_for_it(release: Running) -> None:
    stranger = trustme.CA().cert_pem.bytes().decode()
    certificate = dict(release.release.one("Secret", "rowhouse-postgresql-tls")["data"])
    release.kubelet.brought["Secret", "rowhouse-postgresql-tls"] = certificate | {
        "ca.crt": stranger
    }
    refused = release.kubelet.run(release.release.pod("migrate"))
    assert refused.returncode != 0
    assert "certificate verify failed" in refused.stderr
