"""Whatever clients do not read, the server assigns addresses meanwhile, in bounded memory and with free connections."""

from __future__ import annotations

import contextlib
import json
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from fixtures.servers import serving
from fixtures.slow_readers import certified, connect, is_open, read_all, request, trusting
from rowhouse.serve.sending import _MAX_UNREAD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.servers import Server

CROWD = 620
EXPORTS = 64
ENTRIES = 20_000
MEBIBYTE = 1024 * 1024
SECONDS = 60
CONFIG = {
    "cniVersion": "1.0.0",
    "name": "unread",
    "ipam": {"type": "rowhouse", "ipRanges": [{"range": "10.0.0.0/24"}]},
}
POD = {
    "CNI-Command": "ADD",
    "CNI-ContainerID": "one",
    "CNI-IfName": "net1",
    "CNI-NetNS": "/var/run/netns/one",
    "CNI-Path": "/opt/cni/bin",
    "CNI-Args": "K8S_POD_NAMESPACE=default;K8S_POD_NAME=one",
    "Rowhouse-Node": "node1",
}


@pytest.fixture(params=["plain", "tls"])
def server(request: pytest.FixtureRequest, database: Database, tmp_path: Path) -> Iterator[Server]:
    environment = {
        "ROWHOUSE_DATABASE_URL": database.url,
        "ROWHOUSE_AUTH": "off",
        "ROWHOUSE_CALLER_RATE": "0",
        "ROWHOUSE_ANSWER_TIMEOUT": "600",
    }
    arguments = ["--threads", "2"] + (certified(tmp_path) if request.param == "tls" else [])
    with serving(tmp_path, arguments=arguments, environment=environment) as running:
        yield running


def add(server: Server) -> str:
    """The result of an ADD."""
    call = urllib.request.Request(server.url + "/cni", json.dumps(CONFIG).encode(), POD)
    with urllib.request.urlopen(call, context=trusting(server), timeout=SECONDS) as answer:
        text: str = answer.read().decode()
    return text


def memory(server: Server) -> int:
    """Bytes that the worker process occupies."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children")
    (worker,) = children.read_text().split()
    return 4096 * int(Path(f"/proc/{worker}/statm").read_text().split()[1])


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline


@pytest.mark.slow
def test_an_add_is_served_while_hundreds_of_clients_do_not_read(server: Server) -> None:
    before = memory(server)
    with contextlib.ExitStack() as stack:
        stuck = [stack.enter_context(connect(server)) for _ in range(CROWD)]
        for one in stuck:
            one.sendall(request("/openapi.json"))
        for one in stuck:
            assert one.recv(1)
        assert "10.0.0.1/24" in add(server)
        # The earliest were disconnected to limit the memory, but none because of the time.
        assert sum(map(is_open, stuck)) > CROWD / 10
        assert memory(server) - before < 2 * _MAX_UNREAD


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["json", "csv"])
def test_exports_that_are_not_read_hold_neither_memory_nor_connections(
    server: Server, dba: psycopg.Connection[TupleRow], kind: str
) -> None:
    dba.execute(
        "INSERT INTO audit_log (actor, action, object)"
        " SELECT 'Lovelace', 'test', n::text FROM generate_series(1, %s) n",
        (ENTRIES,),
    )
    add(server)  # with what every server loads at its first call
    before = memory(server)
    with contextlib.ExitStack() as stack:
        stuck = [stack.enter_context(connect(server)) for _ in range(EXPORTS)]
        for one in stuck:
            one.sendall(request(f"/audit.{kind}?action=test"))
        for one in stuck:
            assert one.recv(1)
        until(lambda: states(dba) <= {"idle"})
        # All of them whole would be some hundreds of MiB.
        assert memory(server) - before < EXPORTS * MEBIBYTE
        assert "10.0.0.1/24" in add(server)
        assert all(map(is_open, stuck))
        # One that begins to read gets all of it.
        assert read_all(stuck[0]).count(b"Lovelace") == ENTRIES


def states(dba: psycopg.Connection[TupleRow]) -> set[str]:
    """What the connections of the server do."""
    found = dba.execute(
        "SELECT state FROM pg_stat_activity"
        " WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    )
    return {state for (state,) in found}
