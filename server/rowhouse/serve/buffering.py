"""Buffers requests in one thread until they are complete.

A thread that reads from a socket blocks until the client sends. Sixteen connections with half a request each could
block a server with sixteen threads, even without a token. So one selector buffers what arrives, and a thread gets a
request only when it is complete.
"""

from __future__ import annotations

import contextlib
import errno
import selectors
import socket
import time
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from gunicorn.workers.gthread import ThreadWorker

from rowhouse.serve.connection import ClosedError, Connection
from rowhouse.serve.framing import MAX_REQUEST, RefusedError
from rowhouse.serve.response import answer

if TYPE_CHECKING:
    from concurrent.futures import Future

_UNFINISHED: Final = object()
_GRACEFUL_CLOSE_SECONDS: Final = 2.0
_CHECK_SECONDS: Final = 0.5
_MAX_BUFFERED: Final = 64 * 1024 * 1024
"""Total bytes of all incomplete requests; above this, the connection with the largest one is closed."""

_NO_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NO_CONNECTION: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class BufferingWorker(ThreadWorker):
    """Buffers requests and closes connections gracefully, outside of the request threads."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting: dict[Connection, None] = {}
        self._closing: dict[Connection, float] = {}
        self._held = 0
        self._checked_at = 0.0

    def accept(self, listener: Any) -> None:
        """Accept a connection. gunicorn calls this."""
        self.accept_one(listener)

    def accept_one(self, listener: Any) -> bool:
        """Accept a connection, if there is one. At the limit, close the connection that has been idle longest."""
        try:
            client, peer = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self._make_room()
            elif error.errno not in _NO_CONNECTION:
                raise
            return False
        self.nr_conns += 1
        self.accepted(Connection(self.cfg, client, peer, listener.getsockname()))
        # gunicorn would stop accepting, so an attacker could lock out all other clients.
        if self.nr_conns >= self.worker_connections:
            self._make_room()
        return True

    def accepted(self, conn: Connection) -> None:
        """Handle a new connection."""
        self._await(conn)

    def handle(self, conn: Any) -> Any:
        """Serve a request if it is complete. Runs in a request thread."""
        try:
            if not conn.gather():
                return _UNFINISHED
        except RefusedError as error:
            conn.refuse(error.status)
            return False
        except (ClosedError, OSError) as error:
            self.log.debug("Closing connection. %s", error)
            return False
        except Exception:  # the thread must survive
            self.log.exception("Error reading a request")
            return False
        return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> bool:
        """Serve a request; return whether the connection stays open for another one.

        Like gunicorn's method, without hooks and access log, which we do not use. If the body was too large to be read,
        the connection ends, because the rest of the body cannot be skipped.
        """
        is_last = req.should_close() and not conn.oversized and not self.cfg.is_ssl
        crowded = len(self.keepalived_conns) >= self.max_keepalived
        close = not self.alive or crowded or conn.oversized
        kept = answer(self.wsgi, req, conn, self.cfg, close=close)
        conn.is_done = is_last and not req.body.failed  # more of a malformed body may follow
        return kept

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """Keep, buffer or close a connection after a thread is done with it."""
        failed = fs.cancelled() or fs.exception() is not None
        if not failed and fs.result() is _UNFINISHED:
            self._await(conn)
        elif not failed and fs.result():
            super().finish_request(conn, fs)
        else:
            self._close_gracefully(conn)

    def _await(self, conn: Connection) -> None:
        """Wait for the rest of a request."""
        self._waiting[conn] = None
        conn.counted = len(conn.received)
        self._held += conn.counted
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._more_came, conn))
        if self._held > _MAX_BUFFERED:
            self._close(max(self._waiting, key=lambda one: len(one.received)))

    def _more_came(self, conn: Connection, _socket: Any) -> None:
        if conn in self._waiting:  # it may have been closed a moment ago to make room
            self._forget(conn)
            self.enqueue_req(conn)

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Handle data on an idle connection, unless it was closed a moment ago to make room."""
        if client.fileno() >= 0:
            super().on_client_socket_readable(conn, client)

    def _forget(self, conn: Connection) -> None:
        if conn in self._waiting:
            del self._waiting[conn]
            self._held -= conn.counted
        self._closing.pop(conn, None)
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)

    def _close(self, conn: Connection) -> None:
        self._forget(conn)
        self.nr_conns -= 1
        conn.close()

    def _close_gracefully(self, conn: Connection) -> None:
        """Close as in RFC 9112, section 9.6, so that the response arrives. Does not block."""
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            conn.sock.settimeout(0)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError, KeyError):
            self._close(conn)
            return
        conn.counted = 0
        self._closing[conn] = time.monotonic() + _GRACEFUL_CLOSE_SECONDS
        self._drain(conn, None)

    def _drain(self, conn: Connection, _socket: Any) -> None:
        if conn not in self._closing:
            return
        try:
            piece = conn.sock.recv(64 * 1024)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        conn.counted += len(piece)
        if not piece or conn.counted > 4 * MAX_REQUEST:
            self._close(conn)

    def murder_pending(self) -> None:
        """Close connections past their deadline; gunicorn calls it after each event."""
        now = time.monotonic()
        if now - self._checked_at < _CHECK_SECONDS:
            return
        self._checked_at = now
        if not self.alive:
            self._shorten_deadlines(now + _GRACEFUL_CLOSE_SECONDS)
        for conn in [one for one in self._waiting if (one.deadline or 0.0) <= now]:
            if conn.received:
                conn.refuse(b"408 Request Timeout")
            self._close(conn)
        for conn in [one for one, until in self._closing.items() if until <= now]:
            self._close(conn)

    def _shorten_deadlines(self, deadline: float) -> None:
        """Shorten the deadlines of connections that have not sent anything; requests in progress keep theirs."""
        for conn in self._waiting:
            if not conn.received:
                conn.deadline = min(conn.deadline or deadline, deadline)

    def _make_room(self) -> None:
        """Close one connection: a closing one, else the oldest without data, else the oldest incomplete or idle one."""
        if self._closing:
            self._close(next(iter(self._closing)))
        elif self._waiting:
            self._close(min(self._waiting, key=lambda one: (bool(one.received), one.deadline or 0)))
        elif self.keepalived_conns:
            self.keepalived_conns[0].timeout = 0.0
            self.murder_keepalived()
