"""gunicorn's threaded worker, with less work between two requests and a quicker end.

In gunicorn's own every request passes the main thread twice and takes a future, a callback, a pipe and a
condition of its own: two fifths of the time that a server process spent on a request. Here the thread that
answered a request hands its connection back to the poller itself, and what it fetches its next one from is
a queue of connections.

The queue is bounded: whoever would have to wait too long is told at once to come again. Who only asks how the
server is does not wait behind those that want something.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections import deque
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any, Final

from rowhouse.serve.handover import Claims
from rowhouse.serve.patience import PatientWorker
from rowhouse.serve.processor import stay_on_one
from rowhouse.store.deadline import arrival
from rowhouse.telemetry import TURNED_AWAY

if TYPE_CHECKING:
    from collections.abc import Callable

_QUEUED_PER_THREAD: Final = 8
"""Requests that wait for a thread at most, for each thread: a second's work or less."""

_QUEUED_AT_LEAST: Final = 128
"""So many in any case: some of them are not whole yet, and take no time."""

_FOR_QUESTIONS: Final = 2
"""Threads for probes and metrics while all others are busy."""

_QUESTIONS: Final = (b"GET /livez ", b"GET /readyz ", b"GET /metrics ")
_LONGEST_QUESTION: Final = 16

_BODY: Final = (
    b'{"cniVersion": "1.0.0", "code": 11, "msg": "the server is overloaded",'
    b' "details": "too many requests wait already; nothing was done, the call may be repeated"}\n'
)
_COME_AGAIN: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)

_STACK_BYTES: Final = 512 * 1024
"""Of a thread's stack: our deepest call needs a tenth of it, and there may be hundreds of threads."""


class Worker(PatientWorker):
    """Serves requests in threads, and stops listening as soon as it stops accepting.

    gunicorn's own keeps the socket open until the last request has ended: a connection made meanwhile
    would wait for nobody, up to the whole grace period.
    """

    tpool: Threads  # type: ignore[assignment]  # gunicorn only ever makes it, and shuts it down

    def load_wsgi(self) -> None:
        """Load the application, which may claim connections for itself."""
        super().load_wsgi()
        self._claims = Claims()
        self.wsgi = self._claims.offering(self.wsgi)

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
        super().init_process()

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
        self._let_go(conn)

    def _answer(self, conn: Any) -> None:
        """Answer one request, in a thread."""
        arrival.set(conn.queued_at)
        kept = self.handle(conn)
        if kept is True and self.alive and not conn.parser.unreader.buf.getvalue():
            conn.sock.setblocking(False)  # noqa: FBT003 - the standard library's signature
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            # (epoll is told from any thread, and what the main thread looks up is there before.)
            self.poller.register(
                conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn)
            )
        else:
            done: Future[Any] = Future()
            done.set_result(kept)
            self.method_queue.defer(self.finish_request, conn, done)

    def set_accept_enabled(self, enabled: bool | None) -> None:  # noqa: FBT001 - gunicorn's signature
        """Begin or stop to accept connections; who is in the queue already is served."""
        super().set_accept_enabled(enabled)
        if self.alive:
            return
        for listener in self.sockets:
            before = -1
            while before != self.nr_conns:
                before = self.nr_conns
                self.accept(listener)
            listener.close()

    def _cap_keepalive(self, deadline: float) -> None:
        """Let idle connections go by `deadline`; threads may still add to them while we look."""
        for conn in list(self.keepalived_conns):
            conn.timeout = min(conn.timeout or deadline, deadline)


class Threads:
    """Threads that take connections from one queue until `shutdown`."""

    def __init__(self, number: int, answer: Callable[[Any], None]) -> None:
        self._number = number
        self._answer = answer
        self._connections: SimpleQueue[Any] = SimpleQueue()
        self._idle: deque[None] = deque()  # one for each thread that waits; atomic, unlike a number
        before = threading.stack_size(_STACK_BYTES)
        for _ in range(number):
            threading.Thread(target=self._run, daemon=True, name="request").start()
        threading.stack_size(before)

    def put(self, connection: Any) -> None:
        """Have it answered."""
        self._connections.put(connection)

    def is_idle(self) -> bool:
        """Whether a thread would take the next connection at once."""
        return len(self._idle) > self._connections.qsize()

    def waiting(self) -> int:
        """Connections for which no thread was free."""
        return self._connections.qsize()

    def shutdown(self, *, wait: bool) -> None:
        """End the threads when the queue is empty; nobody waits for them."""
        del wait
        for _ in range(self._number):
            self._connections.put(None)

    def _run(self) -> None:
        while True:
            self._idle.append(None)
            connection = self._connections.get()
            self._idle.pop()
            if connection is None:
                return
            self._answer(connection)


def _is_question(conn: Any) -> bool:
    """Whether a probe or a scraper asks; not to be seen through TLS."""
    try:
        conn.sock.settimeout(0)  # as whoever reads the request will do, too
        coming = conn.sock.recv(_LONGEST_QUESTION, socket.MSG_PEEK)
    except (OSError, ValueError):  # (a TLS socket can not be peeked at)
        return False
    return bool((bytes(conn.received[:_LONGEST_QUESTION]) + coming).startswith(_QUESTIONS))
