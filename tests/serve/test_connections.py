"""A plugin's call is a connection of its own: it wakes no thread in vain, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import threading
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from fixtures.servers import WITHOUT_DATABASE, serving
from rowhouse.serve.descriptors import OTHER_FILES
from rowhouse.serve.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.servers import Server

LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
KEPT = LIVEZ.replace(b"Connection: close\r\n", b"")
SECONDS = 30
MAX_CONNECTIONS = 100
# Of a server that may have few files: connections, and of them those to the database.
FEW_CONNECTIONS, POOL = 10, 8


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("connections")
    environment = WITHOUT_DATABASE | {"ROWHOUSE_MAX_CONNECTIONS": str(MAX_CONNECTIONS)}
    with serving(folder, arguments=["--threads", "2"], environment=environment) as running:
        yield running


def connect(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=SECONDS)


def test_head_and_body_come_together(server: Server) -> None:
    with connect(server) as connection:
        connection.sendall(LIVEZ)
        head, end, body = connection.recv(65536).partition(b"\r\n\r\n")
        assert end
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        assert len(body) == length > 0
        assert connection.recv(65536) == b""


@pytest.mark.parametrize("path", ["/livez", "/no/such/page", "/assets/any/base.css"])
def test_a_head_has_no_body_and_leaves_the_connection_usable(server: Server, path: str) -> None:
    address = urlsplit(server.url)
    connection = http.client.HTTPConnection(address.netloc, timeout=SECONDS)
    for method in ("HEAD", "GET", "HEAD", "GET"):
        connection.request(method, path)
        answer = connection.getresponse()
        assert (len(answer.read()) > 0) == (method == "GET")
    connection.close()


def test_connections_that_are_over_take_no_place(server: Server) -> None:
    for _ in range(MAX_CONNECTIONS + 10):
        with connect(server) as connection:
            connection.sendall(LIVEZ)
            assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    # One that has begun would have had to make room for them.
    with connect(server) as unfinished:
        unfinished.sendall(LIVEZ[:-2])
        with connect(server) as other:
            other.sendall(LIVEZ)
            assert other.recv(65536).startswith(b"HTTP/1.1 200")
        unfinished.sendall(LIVEZ[-2:])
        assert unfinished.recv(65536).startswith(b"HTTP/1.1 200")


def test_who_has_to_make_room_may_have_something_to_say_at_that_moment(tmp_path: Path) -> None:
    few = ["sh", "-c", 'ulimit -n "$0"; exec "$@"', str(FEW_CONNECTIONS + OTHER_FILES + POOL)]
    environment = {**WITHOUT_DATABASE, "ROWHOUSE_POOL_SIZE": str(POOL)}
    with (
        serving(tmp_path, arguments=["--threads", "1"], environment=environment, within=few) as one,
        contextlib.ExitStack() as stack,
    ):
        kept = [stack.enter_context(connect(one)) for _ in range(FEW_CONNECTIONS - 1)]
        for connection in kept:
            connection.sendall(KEPT)
            assert b"keep-alive" in connection.recv(65536)
        (worker,) = children(one.process.pid)
        os.kill(worker, signal.SIGSTOP)  # so that it hears of all that follows at once
        while Path(f"/proc/{worker}/stat").read_text().rpartition(") ")[2][0] != "T":
            pass
        newcomer = stack.enter_context(connect(one))
        newcomer.sendall(LIVEZ)
        for connection in kept:
            connection.sendall(KEPT)
        os.kill(worker, signal.SIGCONT)
        assert newcomer.recv(65536).startswith(b"HTTP/1.1 200")
        served = 0
        for connection in kept:
            with contextlib.suppress(ConnectionResetError):  # closed to make room
                served += connection.recv(65536).startswith(b"HTTP/1.1 200")
        assert served == len(kept) - 1
        assert children(one.process.pid) == [worker]


def children(pid: int) -> list[int]:
    """Its child processes."""
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_an_idle_connection_blocks_no_other_client(server: Server) -> None:
    silent = [connect(server) for _ in range(20)]
    with connect(server) as connection:
        connection.sendall(LIVEZ)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")
    for one in silent:
        one.sendall(LIVEZ)
        assert one.recv(65536).startswith(b"HTTP/1.1 200")
        one.close()


def test_each_of_many_connections_is_answered_once_and_all_before_the_end() -> None:
    answered: list[int] = []
    done = threading.Semaphore(0)

    def answer(number: int) -> None:
        answered.append(number)
        done.release()

    threads = Threads(4, answer)
    for number in range(1000):
        threads.put(number)
    threads.shutdown(wait=False)
    for _ in range(1000):
        assert done.acquire(timeout=SECONDS)
    assert sorted(answered) == list(range(1000))
    assert threads.waiting() == 0
