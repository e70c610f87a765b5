"""The service as it runs in production: `rowhouse serve` in front of a PostgreSQL, each a process."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

from faults.callers import OverHttp
from faults.postgres import DATABASE, PORT
from fixtures import servers
from rowhouse.store.connection import schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from random import Random

    from faults.postgres import Installation, Postgres
    from fixtures.servers import Server

SECONDS = 10.0
"""After so long a client takes no answer for an unknown outcome; the plugin's default."""


def url_of(*hosts: str, port: int = PORT, name: str = DATABASE, user: str = "postgres") -> str:
    """The database's URL for the server; of several hosts it takes the one that accepts writes."""
    ports = ",".join(str(port) for _ in hosts)
    return f"postgresql://{user}@/{name}?host={','.join(hosts)}&port={ports}"


def new_database(installed: Installation, name: str = "template") -> Postgres:
    """A stopped cluster whose database has the schema, to be copied for each experiment."""
    postgres = installed.initialise(name)
    postgres.start({"fsync": "off"})
    try:
        postgres.query(f"CREATE DATABASE {DATABASE}")
        schema.upgrade(url_of(postgres.host))
        postgres.query("CREATE ROLE crowd LOGIN IN ROLE rowhouse_server")
    finally:
        postgres.stop()
    return postgres


@contextlib.contextmanager
def serving(
    folder: Path,
    url: str,
    *,
    workers: int = 1,
    environment: dict[str, str] | None = None,
    bind: str = "127.0.0.1:0",
    within: Sequence[str] = (),
) -> Iterator[Server]:
    """`rowhouse serve` on a database; `within` as for `servers.serving`."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {"ROWHOUSE_DATABASE_URL": url, "ROWHOUSE_LOG_LEVEL": "WARNING"}
    settings |= {"ROWHOUSE_POOL_SIZE": "8", "ROWHOUSE_NODE_RATE": "0", "ROWHOUSE_CALLER_RATE": "0"}
    arguments = ["--workers", str(workers), "--threads", "12", "--bind", bind, "--insecure"]
    with servers.serving(
        folder,
        arguments=arguments,
        environment=settings | (environment or {}),
        within=within,
    ) as running:
        yield running


@contextlib.contextmanager
def reserved_port() -> Iterator[int]:
    """A port of the loopback for one server after another: it is bound meanwhile, so no other program takes it."""
    with socket.socket() as bound:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(("127.0.0.1", 0))
        yield bound.getsockname()[1]


def clients_of(url: str, *, seconds: float = SECONDS) -> _Clients:
    """Makes the callers of an experiment, each on a node of its own."""
    return _Clients([url], seconds)


class _Clients:
    def __init__(self, urls: Sequence[str], seconds: float) -> None:
        self._urls = urls
        self._seconds = seconds

    def __call__(self, number: int) -> OverHttp:
        """The caller of a client."""
        return OverHttp(lambda: self._urls, f"node{number}", seconds=self._seconds)


def workers_of(server: Server) -> list[int]:
    """The process ids of a server's workers."""
    pid = server.process.pid
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def kill_a_worker(server: Server, dice: Random, *, seconds: float = 240.0) -> None:
    """kill -9 of one worker; returns when another one has taken its place.

    Raises TimeoutError when none does.
    """
    before = workers_of(server)
    os.kill(dice.choice(before), signal.SIGKILL)
    deadline = time.monotonic() + seconds
    while len(now := workers_of(server)) < len(before) or set(now) == set(before):
        if time.monotonic() > deadline:
            raise TimeoutError("the worker was not replaced")
        time.sleep(0.01)


def kill(pid: int) -> None:
    """kill -9 of a process that may be gone."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def stop(server: Server) -> None:
    """Stop a server in order: every request under way has been answered when this returns."""
    server.process.terminate()
    server.process.wait(120)
