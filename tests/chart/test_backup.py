"""The scripts of the backup's CronJobs, as they are rendered, on a real PostgreSQL."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import psycopg
import pytest

from chart.running import QUICK, installed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from chart.helm import Helm
    from chart.running import Running


class Backup:
    """The backup of a release: its volume, and what runs on it."""

    def __init__(self, release: Running) -> None:
        self.release = release
        self.folder: Path = release.kubelet.folder / "claims" / "rowhouse-backup"

    def job(self, name: str, *, succeeds: bool = True, **more: str) -> str:
        """`kubectl create job --from=cronjob/rowhouse-NAME`."""
        (pod,) = [
            pod
            for pod in self.release.release.pods
            if pod.owner["metadata"]["name"] == f"rowhouse-{name}"
        ]
        done = self.release.kubelet.run(pod, **more)
        assert (done.returncode == 0) is succeeds, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def dumps(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    def sql(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.release.database, autocommit=True) as session:
            cursor = session.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []


@pytest.fixture(scope="module")
def migrated(helm: Helm, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """A release whose PostgreSQL runs and has its schema, for all tests here."""
    with installed(helm.template("", *QUICK), tmp_path_factory.mktemp("backup")) as running:
        running.migrate()
        yield running


@pytest.fixture
def backup(migrated: Running) -> Backup:
    """No dump yet, nothing aside, and one network."""
    made = Backup(migrated)
    shutil.rmtree(made.folder, ignore_errors=True)
    for (schema,) in made.sql(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rowhouse_before_%'"
    ):
        made.sql(f"DROP SCHEMA {schema} CASCADE")
    made.sql("DELETE FROM rowhouse.networks WHERE name <> ''")
    made.sql("INSERT INTO rowhouse.networks (name) VALUES ('first')")
    return made


def test_a_dump_is_restored_and_what_was_there_stays_aside(backup: Backup) -> None:
    assert "bytes" in backup.job("backup")
    (dump,) = backup.dumps
    assert dump.startswith("rowhouse-20")
    backup.sql("UPDATE rowhouse.networks SET name = 'changed by mistake' WHERE name = 'first'")
    backup.sql("INSERT INTO rowhouse.networks (name) VALUES ('made after the dump')")
    said = backup.job("restore")
    assert f"{dump} is restored: 0 reservations" in said
    assert ("first",) in backup.sql("SELECT name FROM rowhouse.networks")
    assert ("made after the dump",) not in backup.sql("SELECT name FROM rowhouse.networks")
    assert backup.sql("SELECT * FROM rowhouse.integrity_problems") == []
    (aside,) = [word.rstrip(":") for word in said.split() if word.startswith("rowhouse_before_")][
        :1
    ]
    assert ("made after the dump",) in backup.sql(f"SELECT name FROM {aside}.networks")
    backup.sql(f"DROP SCHEMA {aside} CASCADE")

    # Whole, with its rights: the server works on it, under the role that it has.
    done = backup.release.kubelet.run(backup.release.release.pod("server").only("wait-for-schema"))
    assert done.returncode == 0, done.stderr
    url = backup.release.database
    login = backup.release.release.one("Secret", "rowhouse-database")["stringData"]
    url = url.replace("rowhouse_migrate", "rowhouse_app")
    url = url.replace(url.split(":")[2].split("@")[0], login["server-password"])
    with psycopg.connect(url) as session:
        session.execute("SELECT * FROM rowhouse.current_reservations").fetchall()
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("DELETE FROM rowhouse.tenures")


def test_a_restore_begins_only_when_the_database_is_not_in_use(backup: Backup) -> None:
    backup.job("backup")
    with psycopg.connect(backup.release.database, application_name="rowhouse"):
        said = backup.job("restore", succeeds=False)
    assert "1 connections of servers or controllers: scale them to 0 first" in said
    assert ("first",) in backup.sql("SELECT name FROM rowhouse.networks")


def test_a_restore_that_fails_changes_nothing(backup: Backup) -> None:
    backup.job("backup")
    (dump,) = backup.dumps
    whole = (backup.folder / dump).read_bytes()
    (backup.folder / dump).write_bytes(whole[: len(whole) // 2])
    backup.job("restore", succeeds=False)
    schemas = backup.sql("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'rowhouse%'")
    assert schemas == [("rowhouse",)]
    assert ("first",) in backup.sql("SELECT name FROM rowhouse.networks")
    assert "no dump" in backup.job("restore", succeeds=False, BACKUP_DIR=str(backup.folder / ".."))


def test_the_oldest_dumps_go_and_a_failed_one_leaves_nothing(backup: Backup) -> None:
    for day in range(1, 10):
        (backup.folder).mkdir(parents=True, exist_ok=True)
        (backup.folder / f"rowhouse-2020010{day}T000000Z.dump").write_text("old")
    backup.job("backup")
    assert len(backup.dumps) == 7
    assert backup.dumps[0] == "rowhouse-20200104T000000Z.dump"
    backup.job("backup", succeeds=False, PGPASSWORD="wrong")
    assert len(backup.dumps) == 7


def test_one_of_several_dumps_can_be_chosen(backup: Backup) -> None:
    backup.job("backup")
    (dump,) = backup.dumps
    (backup.folder / dump).rename(backup.folder / "rowhouse-20200101T000000Z.dump")
    backup.sql("INSERT INTO rowhouse.networks (name) VALUES ('second')")
    backup.job("backup")
    backup.job("restore", RESTORE_FILE="rowhouse-20200101T000000Z.dump")
    assert ("second",) not in backup.sql("SELECT name FROM rowhouse.networks")
