"""`rowhouse doctor` prints every check, and its exit code tells how it went."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

from cli.conftest import Rowhouse
from fixtures.shared import closed_port
from rowhouse.doctor.examination import CHECKS
from rowhouse.store.cluster.leader_election import LeaderElection

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.databases import Database


@pytest.fixture(autouse=True)
def _no_cluster(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("KUBECONFIG", "KUBERNETES_SERVICE_HOST", "ROWHOUSE_NODE_SERVER"):
        monkeypatch.delenv(name, raising=False)


def test_every_check_is_shown_also_where_it_does_not_apply() -> None:
    items = Rowhouse().json("doctor")["items"]
    assert list(dict.fromkeys(item["check"] for item in items)) == [check.name for check in CHECKS]
    assert {item["state"] for item in items} == {"skipped"}
    assert all(item["found"] for item in items)


def test_a_failure_is_told_with_its_remedy_and_the_code_is_4() -> None:
    url = f"postgresql://127.0.0.1:{closed_port()}/gone"
    done = Rowhouse({"ROWHOUSE_DATABASE_URL": url})("doctor", code=4)
    table, _, remedies = done.stdout.partition("\n\n")
    assert table.startswith("CHECK")
    assert len(table.splitlines()) == len(CHECKS) + 1
    assert remedies.startswith("failed: database: ")
    assert "Check that PostgreSQL is running" in remedies


def test_warnings_alone_are_code_6_and_nothing_is_code_0(
    direct: Rowhouse, database: Database
) -> None:
    done = direct("doctor", "-o", "yaml", code=6)
    states = {item["check"]: item["state"] for item in yaml.safe_load(done.stdout)["items"]}
    assert states["database"] == states["schema"] == states["grants"] == "ok"
    assert [check for check, state in states.items() if state == "warning"] == ["leader"]
    with LeaderElection(database.url, "") as election:
        assert election.is_leader()
        assert "has a leading controller" in direct("doctor").stdout
