"""Buffers requests in one thread until they are complete.

A thread that reads from a socket blocks until the client sends. Sixteen connections with half a request each could
block a server with sixteen threads, even without a token. So one selector buffers what arrives, and a thread gets a
request only when it is complete.
"""

from __future__ import annotations

import contextlib
import errno
import time
from collections import OrderedDict
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any, Final

from gunicorn.workers.gthread import ThreadWorker

from rowhouse.serve.connection import Connection
from rowhouse.serve.framing import MAX_REQUEST

_GRACEFUL_CLOSE_SECONDS: Final = 2.0
_CHECK_SECONDS: Final = 0.5
_MAX_BUFFERED: Final = 64 * 1024 * 1024
"""Total bytes of all incomplete requests; above this, the connection with the largest one is closed."""

_NO_DESCRIPTORS: Final = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_NO_CONNECTION: Final = (errno.EAGAIN, errno.EWOULDBLOCK, errno.ECONNABORTED)


class BufferingWorker(ThreadWorker):
    """Buffers requests, keeps idle connections and closes connections, outside of the request threads.

    `idle` has the kept-alive connections, the one that has been idle longest first; `_silent` has those that have not
    begun a request and may be in their TLS handshake. Request threads add to both, so they are only used with
    operations that the interpreter's lock makes atomic. gunicorn's own list, which it searches for each request, stays
    empty.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.idle: OrderedDict[Connection, None] = OrderedDict()
        self._silent: OrderedDict[Connection, None] = OrderedDict()
        self._waiting: dict[Connection, None] = {}
        self._closing: dict[Connection, float] = {}
        self._held = 0
        self._checked_at = 0.0

    def accept(self, listener: Any) -> None:
        """Accept a connection. gunicorn calls this."""
        self.accept_one(listener)

    def accept_one(self, listener: Any) -> bool:
        """Accept a connection, if there is one. At the limit, close another one."""
        try:
            client, peer = listener.accept()
        except OSError as error:
            if error.errno in _NO_DESCRIPTORS:
                self.make_room()
            elif error.errno not in _NO_CONNECTION:
                raise
            return False
        self.nr_conns += 1
        self.accepted(Connection(self.cfg, client, peer, listener.getsockname()))
        # gunicorn would stop accepting, so an attacker could lock out all other clients.
        if self.is_full():
            self.make_room()
        return True

    def is_full(self) -> bool:
        """Whether the maximum number of connections is reached."""
        return self.nr_conns >= self.worker_connections

    def accepted(self, conn: Connection) -> None:
        """Handle a new connection."""
        self.wait_for_request(conn)

    def wait_for_request(self, conn: Connection) -> None:
        """Wait for a request, or for the rest of it."""
        if not conn.received:
            self._silent[conn] = None
        else:
            self._waiting[conn] = None
            conn.counted = len(conn.received)
            self._held += conn.counted
        self._register(conn, conn.events, partial(self._more_came, conn))
        if self._held > _MAX_BUFFERED:
            self.close(max(self._waiting, key=lambda one: len(one.received)))

    def wait_for_handshake(self, conn: Connection) -> None:
        """Wait for the client during its TLS handshake. Also called by request threads, like `keep`."""
        self._silent[conn] = None
        with contextlib.suppress(ValueError, OSError):
            self._register(conn, conn.events, partial(self._more_came, conn))

    def _register(self, conn: Connection, events: int, callback: Any) -> None:
        conn.is_watched = True
        self.poller.register(conn.sock, events, callback)

    def _more_came(self, conn: Connection, _socket: Any) -> None:
        # It may have been closed a moment ago to make room.
        if conn in self._waiting or conn in self._silent:
            self.forget(conn)
            self.enqueue_req(conn)

    def keep(self, conn: Connection) -> None:
        """Keep a connection open for its next request. Also called by request threads."""
        conn.rest()
        if not self.alive:
            conn.timeout = min(conn.timeout or 0.0, time.monotonic() + _GRACEFUL_CLOSE_SECONDS)
        self.idle[conn] = None
        # epoll accepts registrations from any thread, and the main thread's entry already exists. Another thread
        # may have closed the connection meanwhile to make room.
        with contextlib.suppress(ValueError, OSError):
            self._register(conn, EVENT_READ, partial(self.on_client_socket_readable, conn))

    def on_client_socket_readable(self, conn: Any, client: Any) -> None:
        """Handle data on an idle connection, unless it was closed a moment ago to make room."""
        if self._leaves(conn):
            conn.is_watched = False
            self.poller.unregister(client)
            self.enqueue_req(conn)

    def _leaves(self, conn: Connection) -> bool:
        """Take a connection out of the idle ones; return whether it was there."""
        try:
            self.idle.pop(conn)
        except KeyError:
            return False
        return True

    def forget(self, conn: Connection) -> None:
        """Wait for nothing on a connection."""
        self._silent.pop(conn, None)
        if conn in self._waiting:
            del self._waiting[conn]
            self._held -= conn.counted
        self._closing.pop(conn, None)
        if conn.is_watched:
            conn.is_watched = False
            with contextlib.suppress(KeyError, ValueError, OSError):
                self.poller.unregister(conn.sock)

    def close(self, conn: Connection) -> None:
        """Close a connection now."""
        self.forget(conn)
        self.nr_conns -= 1
        conn.drop_answer()
        conn.close()

    def close_gracefully(self, conn: Connection) -> None:
        """Close as in RFC 9112, section 9.6, so that the response arrives. Does not block."""
        conn.counted = 0
        self._closing[conn] = time.monotonic() + _GRACEFUL_CLOSE_SECONDS
        self._drain(conn, None)

    def _drain(self, conn: Connection, _socket: Any) -> None:
        if conn not in self._closing:
            return
        events = EVENT_READ
        try:
            try:
                conn.end()
            except BlockingIOError:
                events = EVENT_WRITE
            else:
                piece = conn.sock.recv(64 * 1024)
                conn.counted += len(piece)
                if not piece or conn.counted > 4 * MAX_REQUEST:
                    self.close(conn)
                    return
        except BlockingIOError:
            pass
        except (OSError, ValueError):
            self.close(conn)
            return
        self.watch(conn, events, partial(self._drain, conn))

    def watch(self, conn: Connection, events: int, callback: Any) -> None:
        """Have the poller call `callback` at these events, and not at others."""
        if not conn.is_watched:
            self._register(conn, events, callback)
        elif self.poller.get_key(conn.sock).events != events:
            self.poller.modify(conn.sock, events, callback)

    def murder_keepalived(self, force: bool = False) -> None:  # noqa: FBT001, FBT002 - gunicorn's signature
        """Close idle connections at the end; `murder_pending` closes the expired ones before."""
        while force and self.idle:
            self._close_longest_idle()

    def murder_pending(self) -> None:
        """Close connections past their deadline; gunicorn calls it after each event."""
        now = time.monotonic()
        if now - self._checked_at >= _CHECK_SECONDS:
            self._checked_at = now
            self.check(now)

    def check(self, now: float) -> None:
        """Close connections past their deadline."""
        if not self.alive:
            self._shorten_deadlines(now + _GRACEFUL_CLOSE_SECONDS)
        for one in list(self.idle):
            if (one.timeout or 0.0) > now:
                break
            self._close_idle(one)
        for conn in [*self._silent, *self._waiting]:
            if (conn.deadline or 0.0) <= now:
                if conn.received:
                    conn.refuse(b"408 Request Timeout")
                self.close(conn)
        for conn in [one for one, until in self._closing.items() if until <= now]:
            self.close(conn)

    def _shorten_deadlines(self, deadline: float) -> None:
        """Shorten the deadlines of connections that have not sent anything; requests in progress keep theirs."""
        for conn in list(self._silent):
            conn.deadline = min(conn.deadline or deadline, deadline)

    def make_room(self) -> bool:
        """Close the connection that is missed least; return whether there was one.

        A closing one, else the one that has been silent or idle longest, else the oldest incomplete request.
        """
        if self._closing:
            self.close(next(iter(self._closing)))
        elif self._silent:
            with contextlib.suppress(KeyError):  # a thread may be about to add one
                self.close(self._silent.popitem(last=False)[0])
        elif self.idle:
            self._close_longest_idle()
        elif self._waiting:
            self.close(min(self._waiting, key=lambda one: one.deadline or 0))
        else:
            return False
        return True

    def _close_longest_idle(self) -> None:
        with contextlib.suppress(KeyError):  # a thread may be about to add one
            conn, _ = self.idle.popitem(last=False)
            self.close(conn)

    def _close_idle(self, conn: Connection) -> None:
        if self._leaves(conn):
            self.close(conn)
