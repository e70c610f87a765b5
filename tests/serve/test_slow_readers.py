"""A client that does not read its answer occupies no thread, and one that reads slowly gets all of it."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme

from fixtures.servers import WITHOUT_DATABASE, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.servers import Server

THREADS = 2
MANY = 64
ANSWER_SECONDS = 5
BIG = "/openapi.json"
ESTABLISHED = 1  # linux/tcp_states.h


def request(path: str, *, last: bool = True) -> bytes:
    closing = "Connection: close\r\n" if last else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{closing}\r\n".encode()


@pytest.fixture(scope="module", params=["plain", "tls"])
def server(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp(request.param)
    arguments = ["--threads", str(THREADS)]
    if request.param == "tls":
        certificate = folder / "server.pem"
        issued = trustme.CA().issue_cert("127.0.0.1")
        issued.private_key_and_cert_chain_pem.write_to_path(certificate)
        arguments += ["--tls-cert", str(certificate)]
    environment = WITHOUT_DATABASE | {"ROWHOUSE_ANSWER_TIMEOUT": str(ANSWER_SECONDS)}
    with serving(folder, arguments=arguments, environment=environment) as running:
        yield running


@pytest.fixture
def whole(server: Server) -> bytes:
    with urllib.request.urlopen(server.url + BIG, context=trusting(server)) as found:
        content: bytes = found.read()
    assert len(content) > 100_000
    return content


def trusting(server: Server) -> ssl.SSLContext | None:
    return ssl._create_unverified_context() if server.url.startswith("https") else None


def connect(server: Server, *, hello: bool = True) -> socket.socket:
    """A connection with small windows: otherwise the buffers of loopback take the whole answer."""
    address = urlsplit(server.url)
    assert address.hostname
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    sock.settimeout(60)
    sock.connect((address.hostname, address.port))
    context = trusting(server)
    return context.wrap_socket(sock) if context and hello else sock


def read_all(connection: socket.socket, piece: int = 65536) -> bytes:
    received = b""
    with contextlib.suppress(ConnectionResetError, ssl.SSLEOFError):
        while got := connection.recv(piece):
            received += got
    return received


def body_of(answer: bytes) -> bytes:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    return body


def is_open(connection: socket.socket) -> bool:
    """Whether the server still waits for this client."""
    state: int = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
    return state == ESTABLISHED


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
