"""One connection, which collects a request and sends its answer without blocking."""

from __future__ import annotations

import contextlib
import socket
import ssl
import struct
import time
from selectors import EVENT_READ, EVENT_WRITE
from typing import TYPE_CHECKING, Any, Final

from gunicorn.http import get_parser
from gunicorn.sock import ssl_context
from gunicorn.workers.gthread import TConn

from rowhouse.serve.framing import MAX_REQUEST, Framing
from rowhouse.serve.outgoing import Outgoing

if TYPE_CHECKING:
    from rowhouse.serve.response import Answer

REQUEST_SECONDS: Final = 10.0
"""Maximum time from the connection, or from a request's first byte, to the complete request."""

_MIN_BYTES_PER_SECOND: Final = 4096
"""A client that reads its answer at this rate is not disconnected."""

_PIECE: Final = 64 * 1024
_PRODUCED: Final = 64 * 1024


class ClosedError(Exception):
    """The client has closed the connection."""


class Connection(TConn):
    """A connection whose socket never blocks.

    `deadline` is a value of time.monotonic(), `received` has the bytes received so far. `oversized`: the body is too
    large to be read. `is_done`: the request was answered, and the client announced that it will not send another.
    `answer`: the rest of an answer that the application has not produced yet. `keeps`: whether the connection stays
    open after it. `events`: what the poller waits for, if `is_watched`.
    """

    def __init__(self, cfg: Any, client: socket.socket, peer: Any, server: Any) -> None:
        super().__init__(cfg, client, peer, server)
        self.parser: Any = None
        self.received = bytearray()
        self.counted = 0
        self.deadline: float | None = time.monotonic() + REQUEST_SECONDS
        self.oversized = False
        self.is_done = False
        self.queued_at = 0.0
        self.events = EVENT_READ
        self.is_watched = False
        self.out = Outgoing()
        self.answer: Answer | None = None
        self.keeps = False
        self._seconds_left = 0.0
        self._framing = Framing()
        self._has_tls = not cfg.is_ssl
        self._is_ended = False

    def gather(self) -> bool:
        """Receive what has arrived; return whether a request is complete, which then goes to gunicorn's parser.

        If it is not, `events` says what to wait for. Raises ClosedError, RefusedError, OSError.
        """
        if self.deadline is None:
            self.deadline = time.monotonic() + REQUEST_SECONDS
        if self.parser is not None:
            self.received += self.parser.unreader.take_buffered()
        self.events = EVENT_READ
        try:
            if not self._has_tls:
                self._shake_hands()
            while not self._framing.is_whole(self.received):
                self._take()
            # Data that the TLS layer has buffered would not make the socket readable again.
            while isinstance(self.sock, ssl.SSLSocket) and self.sock.pending():
                self._take()
        except ssl.SSLWantWriteError:
            self.events = EVENT_WRITE
        except (BlockingIOError, ssl.SSLWantReadError):
            if self.out.size:
                self.events = EVENT_READ | self.out.flush(self.sock)
        if not self._framing.is_whole(self.received):
            return False
        self._hand_over()
        return True

    def _shake_hands(self) -> None:
        if not isinstance(self.sock, ssl.SSLSocket):
            self.sock = ssl_context(self.cfg).wrap_socket(
                self.sock, server_side=True, do_handshake_on_connect=False
            )
        self.sock.do_handshake()
        self._has_tls = True

    def _take(self) -> None:
        if self._framing.expects_continue:
            self._framing.expects_continue = False
            self.out.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            self.out.flush(self.sock)
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

    def rest(self) -> None:
        """Drop the request, because thousands of idle connections would add up, and start the time of idleness."""
        self.parser.mesg = None
        self.set_timeout()

    def begin_answer(self, seconds: float) -> None:
        """Start the clock of an answer: `seconds` is how long the server waits for the client to read."""
        self._seconds_left = seconds

    def held(self) -> int:
        """Return about how many bytes the answer takes. The application still holds what it has produced last."""
        return self.out.size + (_PRODUCED if self.answer is not None else 0)

    def begin_waiting(self) -> None:
        """Wait for the client to read; `deadline` says until when."""
        self.deadline = time.monotonic() + self._seconds_left

    def end_waiting(self) -> None:
        """Do not count the time until the next `begin_waiting`, because the server needs it."""
        if self.deadline is not None:
            self._seconds_left = max(0.0, self.deadline - time.monotonic())
        self.deadline = None

    def send_more(self, most_seconds: float) -> int:
        """Send what the client takes, and give it more time for that; return the event to wait for, 0 for none.

        The deadline is never more than `most_seconds` away. Raises OSError.
        """
        before = self.out.taken
        wanted = self.out.flush(self.sock)
        earned = (self.out.taken - before) / _MIN_BYTES_PER_SECOND
        if self.deadline is not None:
            self.deadline = min(self.deadline + earned, time.monotonic() + most_seconds)
        return wanted

    def end(self) -> None:
        """Announce the end of the connection, in TLS as well (RFC 8446, section 6.1), without blocking.

        Raises BlockingIOError if this must be repeated when the socket is writable, OSError.
        """
        if self._is_ended:
            return
        self.end_tls()
        self.sock.shutdown(socket.SHUT_WR)
        self._is_ended = True

    def end_tls(self) -> None:
        """Announce the end within TLS, if there is TLS. Raises BlockingIOError if this must be repeated."""
        if isinstance(self.sock, ssl.SSLSocket) and self._has_tls:
            try:
                self.sock.unwrap()
            except ssl.SSLWantWriteError as error:
                raise BlockingIOError from error
            except (OSError, ValueError):  # our close_notify was sent: the client's is not awaited
                pass

    def reset_on_close(self) -> None:
        """Close with a reset: otherwise the kernel keeps what it holds for the client, for minutes."""
        with contextlib.suppress(OSError):
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def drop_answer(self) -> None:
        """Give up the rest of an answer."""
        self.out.clear()
        answer, self.answer = self.answer, None
        if answer is not None:
            answer.close()

    def refuse(self, status: bytes) -> None:
        """Send the reason for closing the connection, if this does not block."""
        self.say(b"HTTP/1.1 " + status + b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")

    def say(self, answer: bytes) -> None:
        """Send a short answer, if this does not block and is possible without a TLS handshake."""
        if self._has_tls:
            with contextlib.suppress(OSError):
                self.sock.send(answer)
