"""A server that does what a test tells it to, on a raw socket, connection by connection."""

from __future__ import annotations

import contextlib
import json
import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator
    from pathlib import Path

RESULT = b'{\n    "cniVersion": "0.3.1",\n    "ips": [{"version": "4"}],\n    "dns": {}\n}'
MAX_WAIT_SECONDS = 20.0  # seconds; no test comes near


@dataclass(frozen=True)
class Request:
    """A request as it came in, its head split into lines."""

    line: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def get(self, name: str) -> bytes | None:
        """The only value of a header, or None."""
        values = [v for n, v in self.headers if n.lower() == name.lower().encode()]
        assert len(values) <= 1
        return values[0] if values else None

    @property
    def command(self) -> str:
        return (self.get("CNI-Command") or b"").decode()

    @property
    def container_id(self) -> str:
        return (self.get("CNI-ContainerID") or b"").decode()


Behaviour = Callable[[socket.socket, Request], None]


@dataclass
class Scripted:
    """A listening server: its URL, and what it was asked."""

    url: str
    port: int
    requests: list[Request] = field(default_factory=list)

    @property
    def asked(self) -> list[tuple[str, str]]:
        return [(request.command, request.container_id) for request in self.requests]


def reply(status: int, body: bytes = b"", *, reason: str = "Whatever") -> Behaviour:
    """Answer as the real server does: with a Content-Length, and the number of the call."""

    def behave(connection: socket.socket, request: Request) -> None:
        call = (request.get("Rowhouse-Call") or b"").decode()
        fields = f"Rowhouse-Answer: {call}\r\nContent-Length: {len(body)}\r\n"
        raw(f"HTTP/1.1 {status} {reason}\r\n{fields}\r\n".encode() + body)(connection, request)

    return behave


def foreign(status: int, body: bytes = b"", *fields: str) -> Behaviour:
    """Answer as some other HTTP server does."""
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", *fields, "", ""]
    return raw("\r\n".join(head).encode() + body)


def refusal(status: int, code: int, msg: str = "no") -> Behaviour:
    """An error of Rowhouse's own."""
    body = json.dumps({"cniVersion": "1.0.0", "code": code, "msg": msg}).encode()
    return reply(status, body)


def good(connection: socket.socket, request: Request) -> None:
    """Do what a good server does."""
    reply(200, RESULT if request.command == "ADD" else b"")(connection, request)


def raw(content: bytes) -> Behaviour:
    """Send these bytes, then close."""
    return lambda connection, _request: connection.sendall(content)


def byte_by_byte(content: bytes) -> Behaviour:
    """Send these bytes one at a time, then close."""

    def behave(connection: socket.socket, _request: Request) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in content:
            connection.sendall(bytes([byte]))

    return behave


def reset(connection: socket.socket, _request: Request) -> None:
    """Break the connection off (RST)."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket, _request: Request) -> None:
    """Say nothing until the client gives up."""
    while connection.recv(65536):
        pass


def endless(start: bytes, more: bytes) -> Behaviour:
    """Send ``start``, then ``more`` again and again until the client gives up."""

    def behave(connection: socket.socket, _request: Request) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(more)

    return behave


def drip(content: bytes) -> Behaviour:
    """Send a byte every 50 ms."""

    def behave(connection: socket.socket, _request: Request) -> None:
        connection.settimeout(0.05)
        for byte in content:
            connection.sendall(bytes([byte]))
            with contextlib.suppress(TimeoutError):
                if not connection.recv(1):
                    return

    return behave


@contextlib.contextmanager
def serving(
    *behaviours: Behaviour,
    tls: ssl.SSLContext | None = None,
    host: str = "127.0.0.1",
    read_body: bool = True,
    at: Path | None = None,
) -> Iterator[Scripted]:
    """Listen on a free port; the first connection gets the first behaviour, and so on.

    The last behaviour serves all further connections. `at`: on this unix socket instead, as an agent does.
    """
    if at is not None:
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(at))
        listener.listen()
        port = 0
    else:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, 0), family=family)
        port = listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else host
    scripted = Scripted(f"{'https' if tls else 'http'}://{shown}:{port}", port)
    turns = iter(range(1_000_000))

    def serve(connection: socket.socket) -> None:
        behave = behaviours[min(next(turns), len(behaviours) - 1)]
        with contextlib.suppress(OSError, ValueError), connection:
            connection.settimeout(MAX_WAIT_SECONDS)
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True)
            with connection:
                request = read_request(connection, read_body=read_body)
                scripted.requests.append(request)
                behave(connection, request)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                threading.Thread(target=serve, args=[connection], daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield scripted
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(MAX_WAIT_SECONDS)


def read_request(connection: socket.socket, *, read_body: bool) -> Request:
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65536) or error("the client closed the connection")
    head, _, body = received.partition(b"\r\n\r\n")
    line, *lines = head.split(b"\r\n")
    headers = [(name, value) for name, _, value in (item.partition(b": ") for item in lines)]
    length = int(next(value for name, value in headers if name.lower() == b"content-length"))
    while read_body and len(body) < length:
        body += connection.recv(65536) or error("the body was cut short")
    return Request(line, headers, body)


def error(text: str) -> bytes:
    raise ValueError(text)


@contextlib.contextmanager
def closed_port() -> Iterator[str]:
    """A URL at which every connection is refused: bound, but not listening."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextlib.contextmanager
def unreachable() -> Iterator[str]:
    """A URL at which connecting takes forever: the queue of the listener is full."""
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(4):
            queued = stack.enter_context(socket.socket())
            queued.settimeout(0)
            queued.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
