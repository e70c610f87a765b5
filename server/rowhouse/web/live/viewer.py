"""A viewer of a live page: an open connection and its unsent data."""

from __future__ import annotations

import contextlib
import json
import ssl
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

MAX_BACKLOG: Final = 4 * 1024 * 1024
"""Bytes. A viewer with a larger backlog is disconnected and reconnects."""

_WOULD_WAIT: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def event(name: str, data: object, mark: str) -> bytes:
    """A server-sent event (HTML standard, section 9.2.6); `mark` comes back as Last-Event-ID."""
    return f"id: {mark}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


class GoneError(Exception):
    """The viewer closed the connection or does not read fast enough."""


class Viewer:
    """One connection, taken over from the HTTP server after the response headers.

    `until`, `pinged`: values of time.monotonic().
    """

    def __init__(self, connection: socket.socket, *, until: float, now: float) -> None:
        self.connection = connection
        self.until = until
        self.pinged = now
        self._pending = bytearray()
        connection.settimeout(0)

    @property
    def is_behind(self) -> bool:
        """Whether data is waiting to be sent."""
        return bool(self._pending)

    def put(self, data: bytes) -> None:
        """Send a chunk (RFC 9112, section 7.1) as far as possible without blocking. Raises GoneError."""
        if len(self._pending) + len(data) > MAX_BACKLOG:
            raise GoneError
        self._pending += f"{len(data):x}\r\n".encode() + data + b"\r\n"
        self.flush()

    def flush(self) -> None:
        """Send waiting data as far as possible without blocking. Raises GoneError."""
        try:
            while self._pending:
                sent = self.connection.send(self._pending)
                del self._pending[:sent]
        except _WOULD_WAIT:
            pass
        except OSError as error:
            raise GoneError from error

    def listen(self) -> None:
        """Discard input: a viewer sends nothing but the end of its connection. Raises GoneError."""
        try:
            if not self.connection.recv(4096):
                raise GoneError
        except _WOULD_WAIT:
            pass
        except OSError as error:
            raise GoneError from error

    def close(self) -> None:
        """End the response if possible without blocking, then close the connection."""
        with contextlib.suppress(OSError):
            if not self._pending:
                self.connection.send(b"0\r\n\r\n")
        with contextlib.suppress(OSError):
            self.connection.close()
