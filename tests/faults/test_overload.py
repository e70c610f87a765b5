"""Too much is refused soon and politely; what is not in its way goes on."""

from __future__ import annotations

import http.client
import json
import resource
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from faults.pools import Pool
from faults.service import workers_of
from fixtures import databases
from fixtures.servers import serving

if TYPE_CHECKING:
    import contextlib
    from collections.abc import Iterator
    from concurrent.futures import Future
    from pathlib import Path

    import psycopg
    from psycopg.rows import TupleRow

    from fixtures.databases import Database
    from fixtures.servers import Server

HOT = Pool(name="hot", cidrs=("10.1.0.0/24",))
COLD = Pool(name="cold", cidrs=("10.2.0.0/24",))


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    retry_after: str | None
    seconds: float

    @property
    def code(self) -> int:
        code: int = json.loads(self.body)["code"]
        return code


def ask(server: Server, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
    began = time.monotonic()
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=120)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named | {"Connection": "close"})
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    seconds = time.monotonic() - began
    return Answer(answer.status, content, answer.headers["Retry-After"], seconds)


def add(server: Server, pool: Pool, pod: str, timeout: str = "10") -> Answer:
    return ask(
        server, "POST", "/cni", pool.netconf(),
        CNI_Command="ADD", CNI_ContainerID=pod, CNI_IfName="net1", CNI_NetNS="/run/netns/x",
        CNI_Args=f"K8S_POD_NAMESPACE={pool.name};K8S_POD_NAME={pod}", Rowhouse_Node="node1",
        Rowhouse_Timeout=timeout, Content_Type="application/json",
    )  # fmt: skip


@pytest.fixture
def lock(database: Database) -> Iterator[psycopg.Connection[TupleRow]]:
    """A separate transaction that keeps its locks until it is rolled back."""
    with databases.session(database) as connection:
        connection.autocommit = False
        yield connection


@pytest.fixture
def crowd() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(160) as threads:
        yield threads


def started(
    database: Database, folder: Path, *arguments: str, connections: int = 16
) -> contextlib.AbstractContextManager[Server]:
    environment = {"ROWHOUSE_DATABASE_URL": database.url, "ROWHOUSE_POOL_SIZE": str(connections)}
    return serving(folder, arguments=arguments, environment=environment)


def lock_the_hot_pool(server: Server, lock: psycopg.Connection[TupleRow]) -> None:
    assert add(server, HOT, "first").status == 200
    assert add(server, COLD, "first").status == 200
    lock.execute("SELECT FROM free_ranges WHERE first <<= '10.1.0.0/24' FOR UPDATE")


def wait_for_locks(database: Database, number: int) -> None:
    """Returns when so many statements of the server wait for a lock."""
    with databases.session(database) as connection:
        query = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        while connection.execute(query).fetchone() < (number,):  # type: ignore[operator]
            time.sleep(0.01)


@pytest.mark.slow
def test_while_one_pool_is_stuck_others_reads_and_probes_are_served(
    database: Database,
    tmp_path: Path,
    lock: psycopg.Connection[TupleRow],
    crowd: ThreadPoolExecutor,
) -> None:
    """60 calls wait for a lock of one pool, and there are 16 connections to the database."""
    with started(database, tmp_path) as server:
        lock_the_hot_pool(server, lock)
        calls = [crowd.submit(add, server, HOT, f"hot-{n}") for n in range(60)]
        wait_for_locks(database, 1)
        for number in range(10):
            assert add(server, COLD, f"cold-{number}").status == 200
            assert ask(server, "GET", "/api/v1/pools").status == 200
            assert ask(server, "GET", "/readyz").status == 200
        refused = [call.result() for call in calls]
        assert {(answer.status, answer.code) for answer in refused} == {(503, 11)}
        assert {answer.retry_after for answer in refused} == {"1"}
        lock.rollback()
        assert add(server, HOT, "after").status == 200


def test_requests_that_would_wait_too_long_are_refused_and_probes_are_answered(
    database: Database,
    tmp_path: Path,
    lock: psycopg.Connection[TupleRow],
    crowd: ThreadPoolExecutor,
) -> None:
    """The only thread is stuck, and 128 requests may wait behind it."""
    with started(database, tmp_path, "--threads", "1") as server:
        lock_the_hot_pool(server, lock)
        calls: list[Future[Answer]] = [crowd.submit(add, server, HOT, "stuck")]
        wait_for_locks(database, 1)
        calls += [crowd.submit(add, server, COLD, f"cold-{n}") for n in range(150)]
        turned_away = 0
        while turned_away < 10:
            for path in ("/livez", "/readyz"):
                assert ask(server, "GET", path).status == 200
            metrics = ask(server, "GET", "/metrics").body
            [line] = [
                x
                for x in metrics.splitlines()
                if x.startswith(b"rowhouse_requests_turned_away_total ")
            ]
            turned_away = int(float(line.split()[1]))
        lock.rollback()
        answers = [call.result() for call in calls]
    away = [answer for answer in answers if answer.status != 200]
    assert len(away) >= 10
    assert {(answer.status, answer.code, answer.retry_after) for answer in away} == {(503, 11, "1")}
    assert sum(answer.status == 200 for answer in answers) > 100


def test_what_its_caller_has_given_up_on_while_it_waited_is_not_begun(
    database: Database,
    tmp_path: Path,
    lock: psycopg.Connection[TupleRow],
    crowd: ThreadPoolExecutor,
) -> None:
    with started(database, tmp_path, "--threads", "1") as server:
        lock_the_hot_pool(server, lock)
        stuck = crowd.submit(add, server, HOT, "stuck")
        wait_for_locks(database, 1)
        late = add(server, COLD, "late", timeout="0.2")
        assert (late.status, late.code) == (503, 11)
        assert b"stopped waiting" in late.body
        stuck.result()
    lock.rollback()
    held = lock.execute("SELECT FROM reservations WHERE owner_name = 'late'").fetchall()
    assert held == []


def test_a_server_without_file_descriptors_goes_on_when_it_has_some(
    database: Database, tmp_path: Path
) -> None:
    with started(database, tmp_path) as server:
        assert add(server, COLD, "before").status == 200
        [worker] = workers_of(server)
        _, hard = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (60, hard))
        address = (urlsplit(server.url).hostname or "", urlsplit(server.url).port or 0)
        idle = [socket.create_connection(address) for _ in range(100)]
        for connection in idle:
            connection.close()
        assert add(server, COLD, "after").status == 200
        assert workers_of(server) == [worker]
