"""A slow, silent, endless or rude client occupies no thread and blocks no other client."""

from __future__ import annotations

import contextlib
import socket
import ssl
import time
import urllib.request
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
import trustme

from fixtures.servers import WITHOUT_DATABASE, serving
from rowhouse.serve.connection import REQUEST_SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fixtures.servers import Server

THREADS = 2
MANY = 20
"""Rude clients at once: as much as ten times the threads."""

HEAD = b"POST /cni HTTP/1.1\r\nHost: localhost\r\n"
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
CLOSING = LIVEZ.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("plain")
    arguments = ["--threads", str(THREADS)]
    with serving(folder, arguments=arguments, environment=WITHOUT_DATABASE) as running:
        yield running


def connect(server: Server) -> socket.socket:
    address = urlsplit(server.url)
    return socket.create_connection((address.hostname, address.port), timeout=120)


def answer(connection: socket.socket) -> bytes:
    """Everything until the server closes."""
    received = b""
    with contextlib.suppress(ConnectionResetError):
        while piece := connection.recv(65536):
            received += piece
    return received


def is_served(server: Server) -> bool:
    """Whether another client is answered in less than the time that a slow client has, by no thread for probes."""
    context = ssl._create_unverified_context() if server.url.startswith("https") else None
    with urllib.request.urlopen(
        server.url + "/openapi.json", timeout=REQUEST_SECONDS / 2, context=context
    ) as found:
        return bool(found.status == 200)


BEGINNINGS = {
    "nothing": b"",
    "half a line": b"GET /li",
    "half a head": HEAD,
    "half a body": HEAD + b"CNI-Command: ADD\r\nContent-Length: 100\r\n\r\n{",
    "half a chunk": HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\n{",
    "a length with many zeros": HEAD + b"Content-Length: " + b"0" * 20 + b"5\r\n\r\n{",
    "a chunk with many zeros": HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + b"0" * 20 + b"5\r\n{",
    "a body that nobody will read": HEAD + b"Content-Length: 5000000\r\n\r\n{",
    "one request and half of the next": LIVEZ + HEAD,
}


@pytest.mark.slow
def test_unfinished_requests_block_no_other_client_and_time_out(plain: Server) -> None:
    with contextlib.ExitStack() as stack:
        begun = time.monotonic()
        slow = []
        for beginning in BEGINNINGS.values():
            for _ in range(MANY):
                slow.append((beginning, stack.enter_context(connect(plain))))
                slow[-1][1].sendall(beginning)
            assert is_served(plain), beginning
        for beginning, connection in slow:
            said = answer(connection)
            if beginning in {b"", BEGINNINGS["one request and half of the next"]}:
                continue
            wanted = b"HTTP/1.1 413" if b"5000000" in beginning else b"HTTP/1.1 408"
            assert said.startswith(wanted), (beginning, said)
        assert time.monotonic() - begun < 3 * REQUEST_SECONDS
    assert is_served(plain)


def test_clients_that_do_not_close_delay_no_other_client(plain: Server) -> None:
    """gunicorn waits two seconds for each of them, in the thread that accepts all connections."""
    with contextlib.ExitStack() as stack:
        begun = time.monotonic()
        for _ in range(MANY):
            connection = stack.enter_context(connect(plain))
            connection.sendall(CLOSING)
            assert answer(connection).startswith(b"HTTP/1.1 200")
        assert time.monotonic() - begun < MANY * 1.0
        assert is_served(plain)


def test_silence_instead_of_a_tls_handshake_blocks_no_other_client(
    tmp_path: Path,
) -> None:
    issued = trustme.CA().issue_cert("127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "tls.pem"))
    arguments = ["--threads", str(THREADS), "--tls-cert", str(tmp_path / "tls.pem")]
    with (
        serving(tmp_path, arguments=arguments, environment=WITHOUT_DATABASE) as server,
        contextlib.ExitStack() as stack,
    ):
        for beginning in (b"", b"\x16", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\r\n"):
            for _ in range(MANY):
                stack.enter_context(connect(server)).sendall(beginning)
            assert is_served(server), beginning


def test_https_at_a_port_of_http_is_refused_at_once(plain: Server) -> None:
    """A client used to wait for our half of a handshake as long as its timeout."""
    address = urlsplit(plain.url)
    context = ssl.create_default_context()
    begun = time.monotonic()
    with connect(plain) as connection, pytest.raises(ssl.SSLError, match="WRONG_VERSION_NUMBER"):
        context.wrap_socket(connection, server_hostname=address.hostname)
    assert time.monotonic() - begun < REQUEST_SECONDS / 2
    with connect(plain) as connection:
        connection.sendall(b"\x16")
        assert answer(connection).startswith(b"HTTP/1.1 400 This port serves http")


def test_a_request_that_comes_byte_by_byte_is_served(plain: Server) -> None:
    with connect(plain) as connection:
        for byte in CLOSING:
            connection.sendall(bytes([byte]))
        assert answer(connection).startswith(b"HTTP/1.1 200")


def test_requests_sent_together_are_answered_in_turn(plain: Server) -> None:
    with connect(plain) as connection:
        connection.sendall(LIVEZ * 3 + CLOSING)
        assert answer(connection).count(b"HTTP/1.1 200") == 4


def test_a_chunked_request_is_served(plain: Server) -> None:
    with connect(plain) as connection:
        connection.sendall(
            HEAD + b"CNI-Command: VERSION\r\nConnection: close\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n"
        )
        assert answer(connection).startswith(b"HTTP/1.1 200")


def test_a_client_that_expects_100_continue_gets_it_once(plain: Server) -> None:
    with connect(plain) as connection:
        connection.sendall(
            HEAD + b"CNI-Command: VERSION\r\nConnection: close\r\n"
            b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
        )
        assert connection.recv(100).startswith(b"HTTP/1.1 100")
        connection.sendall(b"{}")
        assert answer(connection).startswith(b"HTTP/1.1 200")


def test_no_100_continue_is_sent_for_a_body_that_is_too_large(plain: Server) -> None:
    with connect(plain) as connection:
        connection.sendall(
            HEAD + b"CNI-Command: ADD\r\nExpect: 100-continue\r\nContent-Length: 3000000\r\n\r\n"
        )
        assert answer(connection).startswith(b"HTTP/1.1 413")


def test_a_body_that_is_too_large_is_refused_in_words(plain: Server) -> None:
    with connect(plain) as connection:
        connection.sendall(HEAD + b"CNI-Command: ADD\r\nContent-Length: 3000000\r\n\r\n")
        with contextlib.suppress(OSError):
            connection.sendall(b"x" * 3_000_000)
        assert answer(connection).startswith(b"HTTP/1.1 413")


@pytest.mark.parametrize(
    "fields",
    [
        b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        b"Content-Length: 2\r\nContent-Length: 3\r\n",
        b"Content-Length: 2, 3\r\n",
        b"Content-Length: +2\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Host: elsewhere\r\n",
        b"X: a\nCNI-Command: DEL\r\n",
        b"X: a\rCNI-Command: DEL\r\n",
        b"X: a\0b\r\n",
        b" folded: x\r\n",
        b"no colon\r\n",
    ],
)
def test_a_request_that_two_readers_could_read_differently_is_refused(
    plain: Server, fields: bytes
) -> None:
    with connect(plain) as connection:
        connection.sendall(HEAD + fields + b"\r\n{}" + LIVEZ)
        said = answer(connection)
    assert said.startswith((b"HTTP/1.1 400", b"HTTP/1.1 501")), said
    assert b"HTTP/1.1 200" not in said


@pytest.mark.parametrize("name", [b"CNI_Command", b"Rowhouse_Node"])
def test_a_header_with_an_underscore_is_not_taken_for_one_with_a_dash(
    plain: Server, name: bytes
) -> None:
    with connect(plain) as connection:
        connection.sendall(HEAD + name + b": VERSION\r\nConnection: close\r\n\r\n")
        assert answer(connection).startswith(b"HTTP/1.1 400")
