"""A body that is not what its framing promised is its client's mistake, and no failure of the server."""

from __future__ import annotations

import json
import socket
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from fixtures.servers import WITHOUT_DATABASE, serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from fixtures.servers import Server

SECONDS = 30
BODIES = {
    "a size that is none": b"zz\r\n",
    "a size without end": b"1" * 9000,
    "an extension that is none": b"2;=\r\n{}\r\n0\r\n\r\n",
    "more than its size": b"2\r\n{}{}\r\n0\r\n\r\n",
    "a trailer that is none": b"2\r\n{}\r\n0\r\nno field\r\n\r\n",
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(tmp_path_factory.mktemp("malformed"), environment=WITHOUT_DATABASE) as running:
        yield running


def answer(server: Server, path: str, body: bytes, fields: bytes = b"") -> bytes:
    """Everything until the server closes, which it does in an orderly way."""
    address = urlsplit(server.url)
    received = b""
    with socket.create_connection((address.hostname, address.port), timeout=SECONDS) as connection:
        connection.sendall(
            f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\n".encode()
            + b"CNI-Command: STATUS\r\nContent-Type: application/json\r\n"
            + fields
            + b"Transfer-Encoding: chunked\r\n\r\n"
            + body
        )
        while piece := connection.recv(65536):
            received += piece
    return received


@pytest.mark.parametrize("path", ["/cni", "/api/v1/pools"])
@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_malformed_body_is_a_bad_request(server: Server, path: str, body: bytes) -> None:
    head, _, said = answer(server, path, body).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert json.loads(said)
    assert "Traceback" not in server.log.read_text()
    assert '"level": "error"' not in server.log.read_text() + server.output.read_text()


def test_a_client_that_keeps_sending_gets_the_answer_to_a_bad_request(server: Server) -> None:
    """What the server has not read when it closes would reset the connection, and the answer with it."""
    body = b"zz\r\n" + b"x" * 500_000
    said = answer(server, "/cni", body, b"Connection: close\r\n")
    assert said.startswith(b"HTTP/1.1 400 ")
