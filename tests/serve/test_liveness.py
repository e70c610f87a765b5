"""/livez fails when the process can no longer do its work, and only then."""

from __future__ import annotations

import contextlib
import socket
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from fixtures.servers import serving
from rowhouse.serve.heartbeats import MAX_BUSY_SECONDS, Heartbeats
from rowhouse.serve.threads import Threads

if TYPE_CHECKING:
    from pathlib import Path

    from fixtures.databases import Database
    from fixtures.servers import Server

READ = b"GET /api/v1/networks HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
THREADS = 2
SHORT_BOUND = """
import rowhouse.serve.heartbeats
rowhouse.serve.heartbeats.MAX_BUSY_SECONDS = 0.5
"""


class Clock:
    """A clock that only its owner moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def livez(server: Server) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"{server.url}/livez", timeout=240) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_fails_while_all_threads_are_stuck(database: Database, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(SHORT_BOUND)
    environment = {
        "ROWHOUSE_DATABASE_URL": database.url,
        "ROWHOUSE_LOCK_TIMEOUT": "60",
        "PYTHONPATH": str(tmp_path),
    }
    arguments = ["--threads", str(THREADS)]
    with serving(tmp_path, arguments=arguments, environment=environment) as server:
        assert livez(server)[0] == 200
        address = urlsplit(server.url)
        with psycopg.connect(database.conninfo) as dba, contextlib.ExitStack() as clients:
            dba.execute("LOCK TABLE rowhouse.networks IN ACCESS EXCLUSIVE MODE")
            readers = [
                clients.enter_context(
                    socket.create_connection((address.hostname, address.port), timeout=240)
                )
                for _ in range(THREADS)
            ]
            for reader in readers:
                reader.sendall(READ)
            while (answer := livez(server))[0] == 200:
                pass
            assert answer[0] == 503
            assert b"all 2 threads have been stuck for more than" in answer[1]
            dba.rollback()
            for reader in readers:
                assert reader.recv(12) == b"HTTP/1.1 200"
        while livez(server)[0] != 200:
            pass


def test_one_thread_that_goes_on_is_enough() -> None:
    clock = Clock()
    beats = Heartbeats(2, clock=clock)
    begun, released = threading.Barrier(3), threading.Event()

    def stuck(_connection: object) -> None:
        begun.wait()
        released.wait()

    threads = [threading.Thread(target=beats.watching(stuck), args=(None,)) for _ in range(2)]
    for thread in threads:
        thread.start()
    begun.wait()
    clock.now = MAX_BUSY_SECONDS
    beats.poller_runs()
    assert beats.problem() is None
    clock.now += 1
    assert "all 2 threads" in (beats.problem() or "")
    released.set()
    for thread in threads:
        thread.join()
    assert beats.problem() is None
    beats.watching(lambda _connection: None)(None)
    clock.now += MAX_BUSY_SECONDS
    assert "the poller" in (beats.problem() or "")


@pytest.mark.parametrize("error", [OSError("no socket"), MemoryError(), SystemExit(1)])
def test_an_error_ends_no_thread(error: BaseException) -> None:
    beats = Heartbeats(1)
    served = threading.Semaphore(0)

    def fail(_connection: object) -> None:
        served.release()
        raise error

    threads = Threads(1, beats.watching(fail))
    for number in range(2):
        threads.put(number)
        assert served.acquire(timeout=240)
    threads.shutdown(wait=False)
    assert beats.problem() is None
