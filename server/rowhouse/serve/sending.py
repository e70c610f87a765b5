"""Sends answers from one thread, as fast as their clients read them.

A thread that writes to a socket blocks until the client reads. So a request thread only gives the kernel what it takes
at once. The selector sends the rest, and the application produces more of a long answer only when most of it is read.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from gunicorn.http.errors import NoMoreData

from rowhouse.metrics import UNREAD
from rowhouse.serve.buffering import BufferingWorker
from rowhouse.serve.connection import ClosedError, Connection
from rowhouse.serve.framing import RefusedError
from rowhouse.serve.response import CutOffError, begin
from rowhouse.serve.threads import Threads

if TYPE_CHECKING:
    from collections.abc import Callable

_LOW_WATER: Final = 16 * 1024
"""Bytes in the buffer of a connection at which more of its answer is produced."""

_MAX_UNREAD: Final = 64 * 1024 * 1024
"""Total bytes of all answers that wait for their clients; above this, the client that has not read for the longest time
is disconnected."""

_PRODUCING_THREADS: Final = 2
"""Threads that produce the rest of long answers, so that these do not occupy the others."""

_STOPPING_SECONDS: Final = 5.0
"""How long a stopping server waits for a client that does not read."""

_BEFORE_THE_END_SECONDS: Final = 3.0
"""A stopping server gives up answers this long before it would be killed."""

UNFINISHED: Final = "unfinished"
SUSPENDED: Final = "suspended"


class SendingWorker(BufferingWorker):
    """Sends answers without a thread that waits for the client."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._sending: dict[
            Connection, None
        ] = {}  # the one that has not read for the longest time first
        self._unread = 0
        self._stopped_at: float | None = None
        self._seconds = 0.0

    def init_process(self) -> None:
        """Run in the worker process, until the server stops."""
        self._seconds = self.app.settings.answer_timeout  # type: ignore[attr-defined]  # ours, see serve()
        self._producing = Threads(_PRODUCING_THREADS, self._produce_more)
        super().init_process()

    def handle(self, conn: Any) -> Any:
        """Serve a request if it is complete, and begin to send its answer. Runs in a request thread."""
        try:
            if not conn.gather():
                return UNFINISHED
        except RefusedError as error:
            conn.refuse(error.status)
            return False
        except (ClosedError, OSError) as error:
            self.log.debug("Closing connection. %s", error)
            return False
        except Exception:  # the thread must survive
            self.log.exception("Error reading a request")
            return False
        return self._guarded(conn, self._handle_request)

    def _guarded(self, conn: Any, work: Callable[[Any], Any]) -> Any:
        """Run a step of a request. Return whether the connection stays open, or SUSPENDED."""
        try:
            return work(conn)
        except (StopIteration, NoMoreData, CutOffError) as error:
            self.log.debug("Closing connection. %s", error)
        except OSError:  # of the application: nothing is sent here
            self.log.exception("Error handling request")
        except Exception as error:  # noqa: BLE001 - the thread must survive
            self.handle_error(conn.parser.mesg, conn.out, conn.client, error)
        return False

    def _handle_request(self, conn: Any) -> Any:
        """Serve a request.

        Like gunicorn's method, without HTTP/2, hooks and access log, which we do not use. If the body was too large to
        be read, the connection ends, because the rest of the body cannot be skipped.
        """
        req = next(conn.parser)
        crowded = len(self.idle) >= self.max_keepalived
        close = not self.alive or crowded or conn.oversized
        conn.begin_answer(self._seconds)
        conn.answer = begin(self.wsgi, req, conn, self.cfg, close=close)
        return self._produce(conn)

    def _produce(self, conn: Any) -> Any:
        """Produce an answer until the buffer is full or the answer is complete."""
        answer = conn.answer
        if not answer.produce(conn.out):
            return SUSPENDED
        conn.answer = None
        req = conn.parser.mesg
        # More of a malformed body may follow.
        skips_nothing = not conn.oversized and not req.body.failed
        conn.is_done = req.should_close() and skips_nothing
        return answer.keeps and bool(conn.parser.finish_body())

    def _produce_more(self, conn: Any) -> None:
        """Produce more of an answer. Runs in one of the threads for that."""
        self.answered(conn, self._guarded(conn, self._produce))

    def answered(self, conn: Any, kept: Any) -> None:
        """Send what a thread has produced. Runs in that thread."""
        if kept is UNFINISHED:
            if conn.received or not self.alive:
                self.method_queue.defer(self.wait_for_request, conn)
            else:
                self.wait_for_handshake(conn)
            return
        if kept is False:
            conn.answer = None  # it failed, and is closed
        conn.keeps = kept is True
        try:
            waits = conn.out.flush(conn.sock)
        except OSError:
            conn.keeps = False
            conn.drop_answer()
            waits = 0
        if waits or conn.answer is not None:
            self.method_queue.defer(self._wait_for_reader, conn)
        else:
            self.sent(conn)

    def sent(self, conn: Any) -> None:
        """Keep or close a connection whose answer has been sent. Runs in any thread."""
        raise NotImplementedError

    def _wait_for_reader(self, conn: Connection) -> None:
        """Send the rest of an answer when the client reads."""
        self._sending[conn] = None
        conn.counted = conn.held()
        self._unread += conn.counted
        conn.begin_waiting()
        self._send_more(conn, None)
        while self._unread > _MAX_UNREAD and len(self._sending) > 1:
            self._give_up(next(iter(self._sending)))

    def _send_more(self, conn: Connection, _socket: Any) -> None:
        if conn not in self._sending:  # it may have been closed a moment ago to make room
            return
        before = conn.out.taken
        try:
            wanted = conn.send_more(self._most_seconds())
        except (OSError, ValueError):
            self.close(conn)
            return
        self._count(conn)
        if conn.out.taken > before:
            del self._sending[conn]  # to the end of the line
            self._sending[conn] = None
        if not wanted or (conn.answer is not None and conn.out.size <= _LOW_WATER):
            self.forget(conn)
            conn.end_waiting()
            if conn.answer is not None:
                self._producing.put(conn)
            else:
                self.sent(conn)
            return
        self.watch(conn, wanted, partial(self._send_more, conn))

    def _count(self, conn: Connection) -> None:
        held = conn.held()
        self._unread += held - conn.counted
        conn.counted = held

    def _most_seconds(self) -> float:
        return self._seconds if self.alive else min(self._seconds, _STOPPING_SECONDS)

    def forget(self, conn: Connection) -> None:
        """Wait for nothing on a connection."""
        if conn in self._sending:
            del self._sending[conn]
            self._unread -= conn.counted
        super().forget(conn)

    def check(self, now: float) -> None:
        """Close connections past their deadline. When the server stops, all answers have one."""
        super().check(now)
        end = float("inf")
        if not self.alive:
            self._stopped_at = self._stopped_at or now
            end = self._stopped_at + self.cfg.graceful_timeout - _BEFORE_THE_END_SECONDS
        most = now + self._most_seconds()
        for conn in list(self._sending):
            conn.deadline = min(conn.deadline or most, most, end)
            if conn.deadline <= now:
                self._give_up(conn)

    def make_room(self) -> bool:
        """Close the connection that is missed least: not one whose answer waits, unless there is no other."""
        if super().make_room():
            return True
        if self._sending:
            self._give_up(next(iter(self._sending)))
            return True
        return False

    def _give_up(self, conn: Connection) -> None:
        UNREAD.inc()
        self.log.debug("Closing connection. The client does not read its answer.")
        conn.reset_on_close()
        self.close(conn)
