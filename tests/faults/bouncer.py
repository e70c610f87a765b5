"""PgBouncer in transaction mode: each transaction may run on another connection to the database."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Final

import psycopg

from faults.postgres import GUARDIAN, MAX_WAIT_SECONDS, PORT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from faults.postgres import Installation, Postgres

_CONFIGURATION: Final = """\
[databases]
* = host={database} port={port} user=postgres
[pgbouncer]
listen_addr =
listen_port = {port}
unix_socket_dir = {folder}
pidfile = {folder}/pid
auth_type = any
pool_mode = transaction
default_pool_size = 6
max_client_conn = 100
server_login_retry = 0.1
"""


class Bouncer:
    """One PgBouncer in front of one database; `folder` is what libpq calls its host."""

    def __init__(self, installed: Installation, database: Postgres) -> None:
        self._installed = installed
        self.folder = installed.make(f"bouncer{time.monotonic_ns()}")
        self._settings = self.folder / "pgbouncer.ini"
        self._settings.write_text(
            _CONFIGURATION.format(database=database.host, port=PORT, folder=self.folder)
        )
        self._settings.chmod(0o644)
        self._process: subprocess.Popen[bytes] | None = None

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """It runs, and is started again after each `kill`."""
        self.start()
        try:
            yield
        finally:
            self.kill()
            shutil.rmtree(self.folder)

    def start(self) -> None:
        """Start, and wait until it passes a connection on."""
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                ["/bin/sh", "-c", GUARDIAN, "guardian", program(), self._settings],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._installed.account.process_arguments(),
            )
        deadline = time.monotonic() + MAX_WAIT_SECONDS
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(
                    f"host={self.folder} port={PORT} user=postgres dbname=postgres"
                ).close()
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f"PgBouncer: {(self.folder / 'log').read_text()}")
            time.sleep(0.02)

    def kill(self) -> None:
        """kill -9; every client's connection breaks off."""
        assert self._process is not None
        assert self._process.stdin is not None
        os.kill(int((self.folder / "pid").read_text()), signal.SIGKILL)
        self._process.wait(MAX_WAIT_SECONDS)
        self._process.stdin.close()
        for left in (self.folder / "pid", self.folder / f".s.PGSQL.{PORT}"):
            left.unlink(missing_ok=True)


def program() -> str:
    """The program, which Debian keeps from the search path of users."""
    return shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
