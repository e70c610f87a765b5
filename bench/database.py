"""A durable embedded PostgreSQL with the schema, and pgbench on it."""

from __future__ import annotations

import contextlib
import itertools
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg

from rowhouse.embedded import EmbeddedPostgres
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from collections.abc import Iterator

SQL = Path(__file__).parent / "sql"
# What PostgreSQL runs in no transaction, so not among other statements; run last.
MAINTENANCE = ("VACUUM ANALYZE;", "CHECKPOINT;")
_numbers = itertools.count(1)


class BenchDatabase:
    """A fresh database on a durable server (fsync on)."""

    def __init__(self, server: EmbeddedPostgres, name: str) -> None:
        self._server = server
        self.url = server.url(name)
        self.conninfo = server.conninfo(name)

    def execute(self, statements: str) -> list[tuple[object, ...]]:
        """Runs SQL text; the rows of the last statement."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            maintenance = [line for line in statements.splitlines() if line in MAINTENANCE]
            cursor = connection.execute(
                "\n".join(
                    line for line in statements.splitlines() if line not in MAINTENANCE
                ).encode()
            )
            for line in maintenance:
                connection.execute(line.encode())
            while cursor.nextset():
                pass
            return cursor.fetchall() if cursor.description else []

    def set_default(self, setting: str) -> None:
        """Gives new connections to the database a setting, such as "commit_delay = 5000"."""
        self.execute(
            f"DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET {setting}', current_database()); END $$"
        )

    def pgbench(self, script: str, *, clients: int = 16, seconds: int = 3) -> float:
        """Transactions a second of bench/sql/SCRIPT.sql under pgbench, prepared, `clients` connections."""
        # pgbench is a single thread for all its clients here: it shares two cores with the server.
        ran = subprocess.run(
            [
                self._server.bindir / "pgbench",
                *("-n", "-M", "prepared", "-c", str(clients), "-j", "1"),
                *("-T", str(seconds), "-f", SQL / f"{script}.sql", self.conninfo),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        found = re.search(r"^tps = ([0-9.]+)", ran.stdout, re.MULTILINE)
        if ran.returncode != 0 or found is None:
            raise RuntimeError(f"pgbench {script}: {ran.stdout}{ran.stderr}")
        return float(found[1])


@contextlib.contextmanager
def server() -> Iterator[EmbeddedPostgres]:
    """A durable server: fsync and everything else at PostgreSQL's defaults but for memory."""
    options = {"shared_buffers": "512MB", "max_wal_size": "4GB", "max_connections": "200"}
    with EmbeddedPostgres(None, options=options) as running:
        yield running


def fresh(running: EmbeddedPostgres) -> BenchDatabase:
    """A database with the schema at head."""
    name = f"bench_{next(_numbers)}"
    running.create_database(name)
    made = BenchDatabase(running, name)
    schema.upgrade(made.url)
    return made
