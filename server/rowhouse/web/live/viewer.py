"""Somebody who looks at a page: an open connection, and what has still to be sent on it."""

from __future__ import annotations

import contextlib
import json
import ssl
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

MAX_BACKLOG: Final = 4 * 1024 * 1024
"""Bytes. Whoever is further behind is cut off, and comes again."""

_WOULD_WAIT: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


def event(name: str, data: object, mark: str) -> bytes:
    """A server-sent event (HTML standard, section 9.2.6); `mark` comes back as Last-Event-ID."""
    return f"id: {mark}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


class GoneError(Exception):
    """The viewer has closed the connection, or does not take what is sent."""


class Viewer:
    """One connection, which was taken over from the HTTP server behind the answer's head.

    `until`, `pinged`: readings of time.monotonic().
    """

    def __init__(self, connection: socket.socket, *, until: float, now: float) -> None:
        self.connection = connection
        self.until = until
        self.pinged = now
        self._pending = bytearray()
        connection.settimeout(0)

    @property
    def is_behind(self) -> bool:
        """Whether something waits to be sent."""
        return bool(self._pending)

    def put(self, data: bytes) -> None:
        """Send, as a chunk (RFC 9112, section 7.1), as much as goes without waiting. Raises GoneError."""
        if len(self._pending) + len(data) > MAX_BACKLOG:
            raise GoneError
        self._pending += f"{len(data):x}\r\n".encode() + data + b"\r\n"
        self.flush()

    def flush(self) -> None:
        """Send what waits, as far as it goes. Raises GoneError."""
        try:
            while self._pending:
                sent = self.connection.send(self._pending)
                del self._pending[:sent]
        except _WOULD_WAIT:
            pass
        except OSError as error:
            raise GoneError from error

    def listen(self) -> None:
        """A viewer says nothing: whatever can be read is its end. Raises GoneError."""
        try:
            if not self.connection.recv(4096):
                raise GoneError
        except _WOULD_WAIT:
            pass
        except OSError as error:
            raise GoneError from error

    def close(self) -> None:
        """End the answer, if that goes without waiting, and the connection."""
        with contextlib.suppress(OSError):
            if not self._pending:
                self.connection.send(b"0\r\n\r\n")
        with contextlib.suppress(OSError):
            self.connection.close()
