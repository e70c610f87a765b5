"""gunicorn's threaded worker, with less work between two requests and a quicker end.

In gunicorn's own every request passes the main thread twice and takes a future, a callback, a pipe and a
condition of its own: two fifths of the time that a server process spent on a request. Here the thread that
answered a request hands its connection back to the poller itself, and what it fetches its next one from is
a queue of connections.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future
from functools import partial
from queue import SimpleQueue
from selectors import EVENT_READ
from typing import TYPE_CHECKING, Any, Final

from rowhouse.serve.patience import PatientWorker

if TYPE_CHECKING:
    from collections.abc import Callable

_STACK_BYTES: Final = 512 * 1024
"""Of a thread's stack: our deepest call needs a tenth of it, and there may be hundreds of threads."""


class Worker(PatientWorker):
    """Serves requests in threads, and stops listening as soon as it stops accepting.

    gunicorn's own keeps the socket open until the last request has ended: a connection made meanwhile
    would wait for nobody, up to the whole grace period.
    """

    tpool: Threads  # type: ignore[assignment]  # gunicorn only ever makes it, and shuts it down

    def get_thread_pool(self) -> Threads:  # type: ignore[override]
        """The threads that answer; each takes one connection at a time."""
        return Threads(self.cfg.threads, self._answer)

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection that has something to read to whichever thread is free."""
        self.tpool.put(conn)

    def _answer(self, conn: Any) -> None:
        """Answer one request, in a thread."""
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
        before = threading.stack_size(_STACK_BYTES)
        for _ in range(number):
            threading.Thread(target=self._run, daemon=True, name="request").start()
        threading.stack_size(before)

    def put(self, connection: Any) -> None:
        """Have it answered."""
        self._connections.put(connection)

    def shutdown(self, *, wait: bool) -> None:
        """End the threads when the queue is empty; nobody waits for them."""
        del wait
        for _ in range(self._number):
            self._connections.put(None)

    def _run(self) -> None:
        while (connection := self._connections.get()) is not None:
            self._answer(connection)
