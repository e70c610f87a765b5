"""gunicorn's threaded worker, with less work between two requests and a quicker end.

In gunicorn's worker, every request passes through the main thread twice and needs a future, a callback, a pipe and
a condition: two fifths of the time that a server process spent on a request. Here the thread that served a request
returns its connection to the poller itself, or closes it. A new connection goes to a thread without polling,
because the kernel holds it back until data arrives.

The queue is bounded: a request that would wait too long is refused immediately with "try again". Health probes
bypass the request queue.
"""

from __future__ import annotations

import contextlib
import signal
import socket
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from rowhouse.metrics import TURNED_AWAY
from rowhouse.serve.arbiter import STOPS
from rowhouse.serve.buffering import BufferingWorker
from rowhouse.serve.gc_freeze import freeze_loaded_objects
from rowhouse.serve.handover import Claims
from rowhouse.serve.processor import stay_on_one
from rowhouse.serve.shutdown import exit_at_once
from rowhouse.serve.threads import Threads

_QUEUED_PER_THREAD: Final = 8
"""Requests that wait for a thread at most, for each thread: a second's work or less."""

_QUEUED_AT_LEAST: Final = 128
"""So many in any case: some of them are not whole yet, and take no time."""

_FOR_QUESTIONS: Final = 2
"""Threads for probes and metrics while all others are busy."""

_QUESTIONS: Final = (b"GET /livez ", b"GET /readyz ", b"GET /metrics ")
_MAX_QUESTION: Final = 16

_ALIVE_EVERY: Final = 1.0
"""Seconds between the signs of life for the arbiter, which waits for 30."""

_DATA_WITHIN: Final = 1
"""Seconds that the kernel keeps a new connection to itself until something has come of it."""

_ACCEPT_SECONDS: Final = 0.2
"""A stopping server still serves earlier connections, because their requests may be in transit."""

_BODY: Final = (
    b'{"cniVersion": "1.0.0", "code": 11, "msg": "the server is overloaded",'
    b' "details": "too many requests are waiting; nothing was done, repeat the call"}\n'
)
_COME_AGAIN: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class Worker(BufferingWorker):
    """Serves requests in threads, and stops listening as soon as it stops accepting.

    gunicorn's worker keeps the socket open until the last request has ended: a connection made meanwhile
    would wait in vain for up to the whole grace period.
    """

    tpool: Threads  # type: ignore[assignment]  # gunicorn only ever makes it, and shuts it down

    def load_wsgi(self) -> None:
        """Load the application, which may claim connections for itself."""
        super().load_wsgi()
        self._claims = Claims()
        self.wsgi = self._claims.offering(self.wsgi)
        freeze_loaded_objects()

    def finish_request(self, conn: Any, fs: Future[Any]) -> None:
        """What becomes of a connection that a thread is done with."""
        taker = self._claims.pop(conn.sock)
        if taker is None:
            super().finish_request(conn, fs)
        else:
            self.nr_conns -= 1
            taker(conn.sock)

    def get_thread_pool(self) -> Threads:  # type: ignore[override]
        """The threads that answer; each takes one connection at a time."""
        return Threads(self.cfg.threads, self._answer)

    def init_process(self) -> None:
        """In the process that serves."""
        if self.app.settings.one_processor:  # type: ignore[attr-defined]  # ours, see serve()
            stay_on_one(self.age)
        self._most_queued = max(_QUEUED_AT_LEAST, _QUEUED_PER_THREAD * self.cfg.threads)
        self._questions = Threads(_FOR_QUESTIONS, self._answer)
        self._gone: deque[None] = deque()  # one for each connection that a thread has closed
        self._told_alive = 0.0
        self._defer_accept(_DATA_WITHIN)
        super().init_process()
        exit_at_once(0)

    def init_signals(self) -> None:
        """Take signals, with our own handlers; those that came since the fork, too."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        if not self.alive:  # there is nothing to be loaded for
            exit_at_once(0)

    def notify(self) -> None:
        """Give the arbiter a sign of life; gunicorn's own does it, and lets go of the lock, with each event."""
        now = time.monotonic()
        if now - self._told_alive >= _ALIVE_EVERY:
            self._told_alive = now
            super().notify()

    def accepted(self, conn: Any) -> None:
        """Have a thread look at what has come of a new connection; at the end the kernel hands out empty ones."""
        self._count_gone()
        if self.alive:
            self.enqueue_req(conn)
        else:
            super().accepted(conn)

    def murder_pending(self) -> None:
        """Called after each event."""
        self._count_gone()
        super().murder_pending()

    def _count_gone(self) -> None:
        while self._gone:
            self._gone.pop()
            self.nr_conns -= 1

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection that has something to read to whichever thread is free."""
        conn.queued_at = time.monotonic()
        if self.tpool.is_idle():
            self.tpool.put(conn)
        elif _is_question(conn):
            self._questions.put(conn)
        elif self.tpool.waiting() < self._most_queued:
            self.tpool.put(conn)
        else:
            self._turn_away(conn)

    def _turn_away(self, conn: Any) -> None:
        """Say that it has to come again later; only close what would need a handshake first."""
        TURNED_AWAY.inc()
        with contextlib.suppress(OSError):
            conn.sock.settimeout(0)
            if not self.cfg.is_ssl:
                conn.sock.send(_COME_AGAIN)
        self._close_gracefully(conn)

    def _answer(self, conn: Any) -> None:
        """Answer one request, in a thread."""
        kept = self.handle(conn)
        if kept is True and self.alive and not conn.parser.unreader.buf.getvalue():
            conn.sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            # (epoll accepts registrations from any thread, and the entry for the main thread exists before. Another
            # thread may have closed the connection meanwhile to make room.)
            with contextlib.suppress(ValueError, OSError):
                self.poller.register(
                    conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn)
                )
        elif conn.is_done and self.alive and not self._claims.holds(conn.sock):
            conn.close()
            self._gone.append(None)
        else:
            done: Future[Any] = Future()
            done.set_result(kept)
            self.method_queue.defer(self.finish_request, conn, done)

    def set_accept_enabled(self, enabled: bool | None) -> None:  # noqa: FBT001 - gunicorn's signature
        """Start or stop accepting connections; earlier connections are still served."""
        if self.alive:
            super().set_accept_enabled(enabled)
            return
        self._defer_accept(0)
        until = time.monotonic() + _ACCEPT_SECONDS
        while (left := until - time.monotonic()) > 0:
            self.wait_for_and_dispatch_events(timeout=left)
            self.murder_pending()
        super().set_accept_enabled(enabled)
        for listener in self.sockets:
            for _ in range(self.worker_connections):  # they may come as fast as we take them
                if not self.accept_one(listener):
                    break
            listener.close()
        self._count_gone()

    def _defer_accept(self, seconds: int) -> None:
        """Have the kernel keep a new connection to itself until something has come of it, for so long."""
        for listener in self.sockets:
            with contextlib.suppress(OSError):  # a UNIX socket has no such thing
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, seconds)

    def _cap_keepalive(self, deadline: float) -> None:
        """Let idle connections go by `deadline`; threads may still add to them while we look."""
        for conn in list(self.keepalived_conns):
            conn.timeout = min(conn.timeout or deadline, deadline)


def _is_question(conn: Any) -> bool:
    """Whether a probe or a scraper asks; not to be seen through TLS."""
    try:
        conn.sock.settimeout(0)  # like the thread that reads the request
        coming = conn.sock.recv(_MAX_QUESTION, socket.MSG_PEEK)
    except (OSError, ValueError):  # (a TLS socket cannot be peeked at)
        return False
    return bool((bytes(conn.received[:_MAX_QUESTION]) + coming).startswith(_QUESTIONS))
