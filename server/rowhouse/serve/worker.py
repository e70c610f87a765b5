"""gunicorn's threaded worker, with less overhead per request and a faster shutdown.

In gunicorn's worker, every request passes through the main thread twice and needs a future, a callback, a pipe and
a condition: two fifths of the time that a server process spent on a request. Here the thread that served a request
returns its connection to the poller itself, or closes it. A new connection goes to a thread without polling,
because the kernel holds it back until data arrives.

The queue is bounded: a request that would wait too long is refused immediately with "try again". Health probes
bypass the request queue.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import time
from collections import deque
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final

from rowhouse.metrics import TURNED_AWAY
from rowhouse.serve.arbiter import STOPS
from rowhouse.serve.gc_freeze import freeze_loaded_objects
from rowhouse.serve.handover import Claims
from rowhouse.serve.heartbeats import Heartbeats
from rowhouse.serve.processor import stay_on_one
from rowhouse.serve.sending import SendingWorker
from rowhouse.serve.shutdown import exit_at_once
from rowhouse.serve.threads import Threads
from rowhouse.web import live

_QUEUED_PER_THREAD: Final = 8
"""Maximum number of queued requests for each thread: at most a second of work."""

_QUEUED_AT_LEAST: Final = 128
"""The queue always has room for this many, because some requests are incomplete and take no time."""

_PROBE_THREADS: Final = 2
"""Threads for probes and metrics while all other threads are busy."""

_PROBES: Final = (b"GET /livez ", b"GET /readyz ", b"GET /metrics ")
_MAX_PROBE: Final = 16

_HEARTBEAT_SECONDS: Final = 1.0
"""Interval between heartbeats to the arbiter, which waits for 30 s."""

_DEFER_SECONDS: Final = 1
"""How long the kernel holds back a new connection without data."""

_ACCEPT_SECONDS: Final = 0.2
"""A stopping server still serves earlier connections, because their requests may be in transit."""

_BODY: Final = (
    b'{"cniVersion": "1.0.0", "code": 11, "msg": "the server is overloaded",'
    b' "details": "too many requests are waiting; nothing was done, repeat the call"}\n'
)
_OVERLOADED: Final = (
    b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nRetry-After: 1\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(_BODY), _BODY)
)


class Worker(SendingWorker):
    """Serves requests in threads, and stops listening as soon as it stops accepting.

    gunicorn's worker keeps the socket open until the last request has ended, so a connection that arrives meanwhile
    would wait in vain for up to the whole grace period.
    """

    tpool: Threads  # type: ignore[assignment]  # gunicorn only creates it and shuts it down

    def load_wsgi(self) -> None:
        """Load the application, and let it claim connections."""
        super().load_wsgi()
        self._claims = Claims()
        self._viewers = partial(live.viewers, self.wsgi)  # type: ignore[arg-type]  # Flask
        self.wsgi.extensions["rowhouse"].liveness.add(self._heartbeats.problem)  # type: ignore[attr-defined]  # Flask
        self.wsgi = self._claims.offering(self.wsgi)
        freeze_loaded_objects()

    def is_full(self) -> bool:
        """Whether the maximum number of connections is reached; those of live pages count."""
        return self.nr_conns + self._viewers() >= self.worker_connections

    def sent(self, conn: Any) -> None:
        """Keep or close a connection whose answer has been sent. Runs in any thread, and avoids the main one."""
        if not self.alive or self._claims.holds(conn.sock):
            self.method_queue.defer(self._finish, conn)
        elif conn.keeps and not conn.parser.unreader.buf.getvalue():
            self.keep(conn)
        elif conn.is_done and self._has_ended(conn):
            conn.close()
            self._gone.append(None)
        else:
            self.method_queue.defer(self._finish, conn)

    def _has_ended(self, conn: Any) -> bool:
        """Announce the end of a connection whose client awaits nothing else; return whether that was possible now."""
        try:
            conn.end_tls()
        except BlockingIOError:
            return False
        return True

    def _finish(self, conn: Any) -> None:
        """Hand over a claimed connection; keep or close any other. Runs in the main thread."""
        taker = self._claims.pop(conn.sock)
        if taker is not None:
            self.nr_conns -= 1
            taker(conn.sock)
        elif not conn.keeps:
            self.close_gracefully(conn)
        elif conn.parser.unreader.buf.getvalue():
            self.enqueue_req(conn)  # the next request is here already
        else:
            self.keep(conn)

    def close(self, conn: Any) -> None:
        """Close a connection now, claimed or not."""
        self._claims.pop(conn.sock)
        super().close(conn)

    def get_thread_pool(self) -> Threads:  # type: ignore[override]
        """Create the request threads."""
        self._heartbeats = Heartbeats(self.cfg.threads)
        return Threads(self.cfg.threads, self._heartbeats.watching(self._answer))

    def init_process(self) -> None:
        """Run in the worker process, until the server stops."""
        if self.app.settings.one_processor:  # type: ignore[attr-defined]  # ours, see serve()
            stay_on_one(self.age)
        self._most_queued = max(_QUEUED_AT_LEAST, _QUEUED_PER_THREAD * self.cfg.threads)
        self._probe_threads = Threads(_PROBE_THREADS, self._answer)
        self._gone: deque[None] = deque()  # one for each connection that a thread has closed
        self._last_heartbeat = 0.0
        self._defer_accept(_DEFER_SECONDS)
        super().init_process()
        exit_at_once(0)

    def run(self) -> None:
        """Serve until the server stops or its arbiter is gone."""
        # Linux before 5.3 has no such descriptor; there, `is_parent_alive` notices within a second.
        with contextlib.suppress(OSError):
            arbiter = os.pidfd_open(self.ppid)
            self.poller.register(arbiter, EVENT_READ, self._end_without_arbiter)
        super().run()

    def _end_without_arbiter(self, arbiter: int) -> None:
        """Close the listener, so that the address is free for the next server, and end like after SIGTERM."""
        self.poller.unregister(arbiter)
        self.alive = False

    def is_parent_alive(self) -> bool:
        """Whether the arbiter still runs. If not, end like after SIGTERM."""
        self.alive = self.alive and super().is_parent_alive()
        return self.alive

    def init_signals(self) -> None:
        """Install the worker's signal handlers, then unblock the signals that arrived since the fork."""
        super().init_signals()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPS)
        if not self.alive:  # stopped already: do not load the application
            exit_at_once(0)

    def notify(self) -> None:
        """Send a heartbeat to the arbiter once a second.

        gunicorn does so for each event, and each time releases the interpreter's lock.
        """
        now = time.monotonic()
        if now - self._last_heartbeat >= _HEARTBEAT_SECONDS:
            self._last_heartbeat = now
            self._heartbeats.poller_runs()
            super().notify()

    def accepted(self, conn: Any) -> None:
        """Give a new connection to a thread. During a shutdown, buffer it, because it may have no data yet."""
        self._count_gone()
        if self.alive:
            self.enqueue_req(conn)
        else:
            super().accepted(conn)

    def murder_pending(self) -> None:
        """Count closed connections, and close expired ones. gunicorn calls this after each event."""
        self._count_gone()
        super().murder_pending()

    def _count_gone(self) -> None:
        while self._gone:
            self._gone.pop()
            self.nr_conns -= 1

    def enqueue_req(self, conn: Any) -> None:
        """Give a connection with data to an idle thread, queue it, or refuse it."""
        conn.queued_at = time.monotonic()
        if self.tpool.is_idle():
            self.tpool.put(conn)
        elif _is_probe(conn):
            self._probe_threads.put(conn)
        elif self.tpool.waiting() < self._most_queued:
            self.tpool.put(conn)
        else:
            self._turn_away(conn)

    def _turn_away(self, conn: Any) -> None:
        """Refuse a request with 503. A new TLS connection is only closed, because a response would need a handshake."""
        TURNED_AWAY.inc()
        conn.say(_OVERLOADED)
        self.close_gracefully(conn)

    def _answer(self, conn: Any) -> None:
        """Serve one request. Runs in a request thread."""
        self.answered(conn, self.handle(conn))

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
            for _ in range(
                self.worker_connections
            ):  # bounded: new ones may arrive as fast as they are accepted
                if not self.accept_one(listener):
                    break
            listener.close()
        self._count_gone()

    def _defer_accept(self, seconds: int) -> None:
        """Let the kernel hold back new connections until data arrives, for at most `seconds`."""
        for listener in self.sockets:
            with contextlib.suppress(OSError):  # not supported by Unix sockets
                listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, seconds)

    def _cap_keepalive(self, deadline: float) -> None:
        """Close idle connections by `deadline`. Copies the list, because threads may still add to it."""
        for conn in list(self.idle):
            conn.timeout = min(conn.timeout or deadline, deadline)


def _is_probe(conn: Any) -> bool:
    """Whether this is a probe or a scrape of metrics. Always false over TLS, which cannot be peeked at."""
    try:
        coming = conn.sock.recv(_MAX_PROBE, socket.MSG_PEEK)
    except (OSError, ValueError):  # ValueError: a TLS socket does not support MSG_PEEK
        return False
    return bool((bytes(conn.received[:_MAX_PROBE]) + coming).startswith(_PROBES))
