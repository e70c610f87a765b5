"""A client that does not read its answer occupies no thread, and one that reads slowly gets all of it."""

from __future__ import annotations

import contextlib
import select
import urllib.request
from typing import TYPE_CHECKING

import pytest

from fixtures.servers import WITHOUT_DATABASE, serving
from fixtures.slow_readers import certified, connect, is_open, read_all, request, trusting
from rowhouse.serve import _GRACE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.servers import Server

THREADS = 2
MANY = 64
ANSWER_SECONDS = 5
BIG = "/openapi.json"


@pytest.fixture(scope="module", params=["plain", "tls"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    arguments = ["--threads", str(THREADS)]
    if request.param == "tls":
        arguments += certified(folder)
    environment = WITHOUT_DATABASE | {"ROWHOUSE_ANSWER_TIMEOUT": str(ANSWER_SECONDS)}
    with serving(folder, arguments=arguments, environment=environment) as running:
        yield running


@pytest.fixture
def whole(server: Server) -> bytes:
    with urllib.request.urlopen(server.url + BIG, context=trusting(server)) as found:
        content: bytes = found.read()
    assert len(content) > 100_000
    return content


def body_of(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    return body


def test_clients_that_do_not_read_delay_no_other_client(server: Server, whole: bytes) -> None:
    with contextlib.ExitStack() as stack:
        stuck = [stack.enter_context(connect(server)) for _ in range(MANY)]
        for one in stuck:
            one.sendall(request(BIG))
        for one in stuck:  # all of them have the beginning of their answers
            assert one.recv(1)
        with urllib.request.urlopen(server.url + BIG, context=trusting(server)) as found:
            assert found.read() == whole
        # It was served while all of them still waited, not after they were disconnected.
        assert all(map(is_open, stuck))


def test_a_client_that_reads_slowly_gets_the_whole_answer(server: Server, whole: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(request(BIG))
        received = read_all(connection, piece=256)
    assert body_of(received) == whole


def test_the_connection_serves_further_requests_after_it(server: Server, whole: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(request(BIG, last=False) + request(BIG, last=False) + request("/livez"))
        received = read_all(connection)
    assert received.count(b"HTTP/1.1 200") == 3
    assert received.count(whole) == 2


def test_a_client_that_never_reads_is_disconnected(server: Server, whole: bytes) -> None:
    with connect(server) as connection:
        connection.sendall(request(BIG))
        gone = select.poll()
        gone.register(connection, 0)  # only that the connection was reset
        assert gone.poll(20 * ANSWER_SECONDS * 1000)
        received = b""
        with contextlib.suppress(OSError):
            received = read_all(connection)
    assert whole not in received


def test_stalled_handshakes_delay_no_other_client(server: Server, whole: bytes) -> None:
    with contextlib.ExitStack() as stack:
        stalled = [stack.enter_context(connect(server, hello=False)) for _ in range(MANY)]
        for one in stalled:
            one.sendall(b"\x16\x03\x01\x02\x00\x01\x00")  # the beginning of a ClientHello
        with urllib.request.urlopen(server.url + BIG, context=trusting(server)) as found:
            assert found.read() == whole
        if server.url.startswith("https"):
            assert all(map(is_open, stalled))


@pytest.mark.parametrize("kind", ["plain", "tls"])
def test_a_server_stops_in_time_though_clients_do_not_read(tmp_path: Path, kind: str) -> None:
    arguments = certified(tmp_path) if kind == "tls" else []
    with (
        serving(tmp_path, arguments=arguments, environment=WITHOUT_DATABASE) as stopping,
        contextlib.ExitStack() as stack,
    ):
        stuck = [stack.enter_context(connect(stopping)) for _ in range(MANY)]
        for one in stuck:
            one.sendall(request(BIG))
        for one in stuck:
            assert one.recv(1)
        reading = stack.enter_context(connect(stopping))
        reading.sendall(request(BIG))
        stopping.process.terminate()
        # One that reads still gets all of it.
        assert read_all(reading).endswith(b"}\n")
        assert stopping.process.wait(timeout=_GRACE_SECONDS) == 0
        for one in stuck:
            read_all(one)  # ends
            assert not is_open(one)
