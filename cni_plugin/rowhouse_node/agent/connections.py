"""Kept connections to the servers.

A server may close an idle connection at any time, even while a request is in transit. So if a kept connection ends
before any byte of the answer, the request is repeated once, on a fresh connection; every CNI call can be repeated.
"""

import _ssl
import errno
import select
import threading
import time
from _socket import (
    IPPROTO_TCP,
    SO_KEEPALIVE,
    SOL_SOCKET,
    TCP_KEEPCNT,
    TCP_KEEPIDLE,
    TCP_KEEPINTVL,
    TCP_USER_TIMEOUT,
)
from collections.abc import Callable

from rowhouse_cni.answer import Answer, NoAnswerError
from rowhouse_cni.exchange import SocketConnection, connect, converse
from rowhouse_cni.http_answer import Connection
from rowhouse_cni.server_url import Server
from rowhouse_cni.tls import TlsConnection

MAX_KEPT = 16  # for each server: as many as there are threads
MAX_IDLE_SECONDS = 60.0
MAX_UNACKNOWLEDGED_MILLISECONDS = 3000  # as long as the plugin waits for a connection


class CallGoneError(Exception):
    """The plugin has stopped waiting for the answer: nothing was sent."""


class KeptConnection(Connection):
    """A connection for one request after another."""

    def __init__(self, inner: SocketConnection | TlsConnection) -> None:
        self.inner = inner
        self.is_answered = False  # whether any byte of the current answer came
        self.idle_since = 0.0
        # A resumed session can be resumed again.
        self.is_session_wanted = (
            isinstance(inner, TlsConnection) and not inner.channel.session_reused
        )
        self._poll = select.poll()
        self._poll.register(inner.sock, select.POLLIN | select.POLLRDHUP)
        sock = inner.sock
        # A silently dead path is detected while the plugin still waits.
        sock.setsockopt(IPPROTO_TCP, TCP_USER_TIMEOUT, MAX_UNACKNOWLEDGED_MILLISECONDS)
        sock.setsockopt(SOL_SOCKET, SO_KEEPALIVE, 1)
        sock.setsockopt(IPPROTO_TCP, TCP_KEEPIDLE, 2)
        sock.setsockopt(IPPROTO_TCP, TCP_KEEPINTVL, 1)
        sock.setsockopt(IPPROTO_TCP, TCP_KEEPCNT, 2)

    def begin(self, deadline: float) -> None:
        """The next request has this deadline."""
        self.inner.deadline = deadline
        self.is_answered = False

    def send(self, request: bytes) -> None:
        """Send all of it before the deadline."""
        self.inner.send(request)

    def receive(self) -> bytes:
        """The next bytes, if any come before the deadline."""
        received = self.inner.receive()
        if received:
            self.is_answered = True
        return received

    def is_usable(self) -> bool:
        """Whether an idle connection is still open: received data, too, means that it is not."""
        return not self._poll.poll(0)

    def close(self) -> None:
        """Close the socket."""
        self.inner.sock.close()


class Connections:
    """The idle connections of one agent. Threads share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: dict[str, list[KeptConnection]] = {}
        self._sessions: dict[str, object] = {}
        self._context: _ssl._SSLContext | None = None
        self.opened = 0

    def trust(self, context: _ssl._SSLContext | None) -> None:
        """Verify all further connections with this context; close those of the previous one."""
        with self._lock:
            self._context = context
            doomed, self._idle = self._idle, {}
            self._sessions.clear()
        for connections in doomed.values():
            for connection in connections:
                connection.close()

    def post(
        self, server: Server, request: bytes, deadline: float, is_wanted: Callable[[], bool]
    ) -> Answer:
        """Send a request. Raise NoAnswerError, OSError or CallGoneError."""
        if (connection := self._take(server)) is not None:
            try:
                return self._exchange(server, connection, request, deadline, is_wanted)
            except (NoAnswerError, OSError) as failure:
                # Without an error number it is the timeout, and there is no time left to repeat.
                is_late = isinstance(failure, TimeoutError) and failure.errno != errno.ETIMEDOUT
                if connection.is_answered or is_late:
                    raise
        fresh = self._open(server, deadline)
        return self._exchange(server, fresh, request, deadline, is_wanted)

    def close_idle(self, longer: float = MAX_IDLE_SECONDS) -> None:
        """Close connections that have been idle for this many seconds, or that the server has closed."""
        since = time.monotonic() - longer
        doomed = []
        with self._lock:
            for connections in self._idle.values():
                doomed += [c for c in connections if c.idle_since < since or not c.is_usable()]
                connections[:] = [c for c in connections if c not in doomed]
        for connection in doomed:
            connection.close()

    def _exchange(
        self,
        server: Server,
        connection: KeptConnection,
        request: bytes,
        deadline: float,
        is_wanted: Callable[[], bool],
    ) -> Answer:
        connection.begin(deadline)
        if not is_wanted():
            self._keep(server, connection)
            raise CallGoneError
        try:
            answer = converse(connection, request)
        except BaseException:
            connection.close()
            raise
        if answer.is_last:
            connection.close()
        else:
            self._keep(server, connection)
        return answer

    def _take(self, server: Server) -> KeptConnection | None:
        while True:
            with self._lock:
                connections = self._idle.get(server.url)
                if not connections:
                    return None
                connection = connections.pop()
            if connection.is_usable():
                return connection
            connection.close()

    def _keep(self, server: Server, connection: KeptConnection) -> None:
        connection.idle_since = time.monotonic()
        inner = connection.inner
        with self._lock:
            connections = self._idle.setdefault(server.url, [])
            is_kept = len(connections) < MAX_KEPT
            if isinstance(inner, TlsConnection):
                is_kept = is_kept and inner.context is self._context
                if is_kept and connection.is_answered and connection.is_session_wanted:
                    # Once: CPython leaks 6 KiB whenever a session is read.
                    connection.is_session_wanted = False
                    if (session := inner.channel.session) is not None:
                        self._sessions[server.url] = session
            if is_kept:
                connections.append(connection)
        if not is_kept:
            connection.close()

    def _open(self, server: Server, deadline: float) -> KeptConnection:
        self.opened += 1
        context = self._context
        if server.tls and context is None:
            raise NoAnswerError("there are no certificate authorities: see ca_file")
        sock = connect(server, deadline)
        try:
            if not server.tls or context is None:
                return KeptConnection(SocketConnection(sock, deadline))
            session = self._sessions.get(server.url)
            try:
                return KeptConnection(
                    TlsConnection(sock, server.tls_name, context, deadline, session)
                )
            except ValueError:  # the session of a previous context
                raise NoAnswerError("the certificate authorities have just changed") from None
        except BaseException:
            sock.close()
            raise
