"""A password of the database that changes in its Secret reaches servers and controllers while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from chart.manifests import environment
from chart.running import eventually, probe, running

if TYPE_CHECKING:
    from pathlib import Path

    from chart.helm import Helm
    from chart.running import Running


@pytest.mark.slow
@pytest.mark.timeout(400)
def test_a_rotated_secret_needs_no_restart(release: Running, tmp_path: Path) -> None:
    release.migrate()
    kubelet, parts = release.kubelet, release.release
    secret = dict(parts.one("Secret", "rowhouse-database")["stringData"])
    login = make_conninfo(release.database, user="rowhouse_app", password=secret["server-password"])
    with running(kubelet, "server", "controller", **release.as_controller(tmp_path)):
        with psycopg.connect(login, autocommit=True) as session:
            session.execute("ALTER ROLE rowhouse_app PASSWORD 'another'")
            kubelet.brought["Secret", "rowhouse-database"] = secret | {"server-password": "another"}
            for part in ("server", "controller"):
                kubelet.mounts(parts.pod(part))
            session.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
                " WHERE usename = current_user AND pid <> pg_backend_pid()"
            )
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(login)
        for part in ("server", "controller"):
            pod = parts.pod(part)
            eventually(lambda pod=pod: probe(kubelet, pod, "readinessProbe") == 200, part)  # type: ignore[misc]


def test_urls_of_a_secret_are_files_where_programs_run_for_long(helm: Helm) -> None:
    release = helm.template("external-values.yaml", "--set=externalDatabase.directUrl=true")
    for part, key in (("server", "server-url"), ("controller", "direct-url")):
        pod = release.pod(part)
        (mount,) = [one for one in pod.main["volumeMounts"] if one["name"] == "database-login"]
        named = environment(pod.main)["ROWHOUSE_DATABASE_URL_FILE"]["value"]
        assert named == f"{mount['mountPath']}/{key}"
        assert "subPath" not in mount  # such a file would never change
        items = pod.volumes["database-login"]["secret"]["items"]
        assert {item["key"]: item["path"] for item in items} == {
            "server-url": "server-url",
            "direct-url": "direct-url",
        }
