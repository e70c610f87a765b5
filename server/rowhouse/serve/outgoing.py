"""The bytes of an answer that the client has not taken yet."""

from __future__ import annotations

import ssl
from collections import deque
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import socket

_JOINED_BYTES: Final = 64 * 1024
"""Small pieces are sent together, up to about this size."""

_RECORD_BYTES: Final = 16 * 1024
"""The most that a TLS record carries (RFC 8446, section 5.1). OpenSSL wants an unsent one again, unchanged."""


class Outgoing:
    """A buffer in front of a socket that does not block.

    `size`: bytes that wait. `taken`: bytes that the socket has taken since the start.
    """

    def __init__(self) -> None:
        self.size = 0
        self.taken = 0
        self._front: bytes | memoryview = b""
        self._pieces: deque[bytes] = deque()

    def sendall(self, data: bytes) -> None:
        """Append data. gunicorn's response calls this, as it would call a socket."""
        if data:
            self._pieces.append(data)
            self.size += len(data)

    def gettimeout(self) -> float:
        """Say that writing does not block. gunicorn asks before it writes an error."""
        return 0.0

    def clear(self) -> None:
        """Drop what waits."""
        self._front = b""
        self._pieces.clear()
        self.size = 0

    def flush(self, sock: socket.socket) -> int:
        """Send as much as the socket takes; return the selector's event to wait for, 0 if nothing is left.

        Raises OSError if the client is gone.
        """
        has_tls = isinstance(sock, ssl.SSLSocket)
        try:
            while self.size:
                if not self._front:
                    self._front = self._next()
                front = self._front
                if has_tls and len(front) > _RECORD_BYTES:
                    front = memoryview(front)[:_RECORD_BYTES]
                sent = sock.send(front)
                self.size -= sent
                self.taken += sent
                if sent == len(self._front):
                    self._front = b""
                else:
                    self._front = memoryview(self._front)[sent:]
        except (BlockingIOError, ssl.SSLWantWriteError):
            return EVENT_WRITE
        except ssl.SSLWantReadError:
            return EVENT_READ
        return 0

    def _next(self) -> bytes:
        first = self._pieces.popleft()
        if not self._pieces or len(first) >= _JOINED_BYTES:
            return first
        joined = bytearray(first)
        while self._pieces and len(joined) + len(self._pieces[0]) <= _JOINED_BYTES:
            joined += self._pieces.popleft()
        return bytes(joined)
