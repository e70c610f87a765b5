"""One connection, which collects a request without blocking."""

from __future__ import annotations

import contextlib
import ssl
import time
from typing import TYPE_CHECKING, Any, Final

from gunicorn.http import get_parser
from gunicorn.sock import ssl_context
from gunicorn.workers.gthread import TConn

from rowhouse.serve.framing import MAX_REQUEST, Framing

if TYPE_CHECKING:
    import socket

REQUEST_SECONDS: Final = 10.0
"""Maximum time from the connection, or from a request's first byte, to the complete request."""

ANSWER_SECONDS: Final = 10.0
"""A client that does not read its response for this time is disconnected."""

_WOULD_WAIT: Final = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_PIECE: Final = 64 * 1024


class ClosedError(Exception):
    """The client has closed the connection."""


class Connection(TConn):
    """A connection whose socket does not block until the request is complete.

    `deadline` is a value of time.monotonic(), `received` has the bytes received so far. `oversized`: the body is too
    large to be read. `is_done`: the request was answered, and the client announced that it will not send another.
    """

    def __init__(self, cfg: Any, client: socket.socket, peer: Any, server: Any) -> None:
        super().__init__(cfg, client, peer, server)
        self.parser: Any = None
        self.received = bytearray()
        self.counted = 0
        self.deadline: float | None = time.monotonic() + REQUEST_SECONDS
        self.oversized = False
        self.is_done = False
        self._framing = Framing()
        self._has_tls = not cfg.is_ssl

    def gather(self) -> bool:
        """Receive what has arrived; return whether a request is complete, which then goes to gunicorn's parser.

        Raises ClosedError, RefusedError, OSError.
        """
        if self.deadline is None:
            self.deadline = time.monotonic() + REQUEST_SECONDS
        self.sock.settimeout(0)
        if self.parser is not None:
            self.received += self.parser.unreader.take_buffered()
        try:
            self._shake_hands()
            while not self._framing.is_whole(self.received):
                self._take()
            # Data that the TLS layer has buffered would not make the socket readable again.
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                self._take()
        except _WOULD_WAIT:
            if not self._framing.is_whole(self.received):
                return False
        self._hand_over()
        return True

    def _shake_hands(self) -> None:
        if self._has_tls:
            return
        if not isinstance(self.sock, ssl.SSLSocket):
            self.sock = ssl_context(self.cfg).wrap_socket(
                self.sock, server_side=True, do_handshake_on_connect=False
            )
        self.sock.do_handshake()
        self._has_tls = True

    def _take(self) -> None:
        if self._framing.expects_continue:
            self._framing.expects_continue = False
            self.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
        if len(self.received) > MAX_REQUEST + _PIECE:
            raise ClosedError  # several requests at once: a client must wait for each response
        piece = self.sock.recv(_PIECE)
        if not piece:
            raise ClosedError
        self.received += piece

    def _hand_over(self) -> None:
        if self.parser is None:
            self.parser = get_parser(self.cfg, self.sock, self.client)
        self.parser.unreader.unread(bytes(self.received))
        self.received.clear()
        self.oversized = self._framing.oversized
        self._framing = Framing()
        self.deadline = None
        self.data_ready = True

    def init(self) -> None:
        """Let the socket block from now on. gunicorn calls this when a thread takes over."""
        self.initialized = True
        self.sock.settimeout(ANSWER_SECONDS)

    def refuse(self, status: bytes) -> None:
        """Send the reason for closing the connection, if this does not block."""
        with contextlib.suppress(OSError):
            self.sock.settimeout(0)
            self.sock.send(
                b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
