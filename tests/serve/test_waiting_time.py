"""What a request has waited for a thread counts against the time that its caller waits."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from fixtures.servers import serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.databases import Database
    from fixtures.servers import Server

READ = b"GET /api/v1/networks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
BODY = b'{"cniVersion": "1.0.0", "name": "storage", "ipam": {"type": "whereabouts", "range": "10.0.0.0/24"}}'
DEL = (
    b"POST /cni HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: %d\r\n"
    b"CNI-Command: DEL\r\nCNI-ContainerID: c\r\nCNI-NetNS: /n\r\nCNI-IfName: net1\r\nRowhouse-Node: n\r\n"
    b"CNI-Args: K8S_POD_NAMESPACE=default;K8S_POD_NAME=web\r\nRowhouse-Timeout: %s\r\n\r\n%s"
)
WAITING = """
SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def server(database: Database, tmp_path: Path) -> Iterator[Server]:
    environment = {"ROWHOUSE_DATABASE_URL": database.url}
    with serving(tmp_path, arguments=["--threads", "1"], environment=environment) as running:
        yield running


@pytest.mark.parametrize(("seconds", "status"), [(b"0.05", b"503"), (b"60", b"200")])
def test_a_request_whose_caller_left_while_it_waited_for_a_thread_is_refused(
    server: Server, database: Database, seconds: bytes, status: bytes
) -> None:
    address = urlsplit(server.url)
    where = address.hostname, address.port
    with (
        psycopg.connect(database.conninfo) as dba,
        psycopg.connect(database.conninfo, autocommit=True) as watcher,
        socket.create_connection(where, timeout=240) as reader,
        socket.create_connection(where, timeout=240) as caller,
    ):
        with dba.transaction():
            dba.execute("LOCK TABLE rowhouse.networks IN ACCESS EXCLUSIVE MODE")
            reader.sendall(READ)
            while not watcher.execute(WAITING).fetchall():
                pass
            caller.sendall(DEL % (len(BODY), seconds, BODY))
            dba.execute("SELECT pg_sleep(1)")
        with caller.makefile("rb") as answer:
            assert answer.readline().startswith(b"HTTP/1.1 " + status)
