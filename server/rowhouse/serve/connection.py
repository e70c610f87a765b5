"""One connection: gathers a request without ever waiting for it."""

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
    """A connection whose socket never blocks until its request is whole.

    `deadline` is a value of time.monotonic(); `received` has the bytes received so far; `oversized`: the
    body is too large to be read; `is_done`: the request was answered and the client has announced that it
    will send no other one, so there is nothing to wait for.
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
        """Take what has come; whether a request is whole. It then goes to gunicorn's parser.

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
            # What is left in the TLS layer would not make the socket readable again.
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
            raise ClosedError  # more requests than one, which a client has to wait with
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
        """Called by gunicorn when a thread takes over: from here on the client may be waited for."""
        self.initialized = True
        self.sock.settimeout(ANSWER_SECONDS)

    def refuse(self, status: bytes) -> None:
        """Say why the connection is closed, if that can be said without waiting."""
        with contextlib.suppress(OSError):
            self.sock.settimeout(0)
            self.sock.send(
                b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
            )
