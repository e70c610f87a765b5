"""The threads that serve requests. A connection wakes one thread: the one that has been idle for the shortest time.

With the standard library's queue, each item also wakes a thread that finds the queue empty, and every such thread
contends for the interpreter's lock. The thread that was active last still has its stack in the processor's caches.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Final

import structlog

if TYPE_CHECKING:
    from collections.abc import Callable

_STACK_BYTES: Final = 512 * 1024
"""Stack size of a thread. The deepest call needs a tenth of it; there may be hundreds of threads."""

_log = structlog.get_logger(__name__)


class _WaitSlot:
    """Where one idle thread waits for its next connection."""

    def __init__(self) -> None:
        self._given = threading.Lock()
        self._given.acquire()
        self._connection: Any = None

    def give(self, connection: Any) -> None:
        self._connection = connection
        self._given.release()

    def take(self) -> Any:
        self._given.acquire()
        return self._connection


class Threads:
    """A fixed number of threads, each of which serves one connection at a time, until `shutdown`."""

    def __init__(self, number: int, answer: Callable[[Any], None]) -> None:
        self._answer = answer
        self._state = threading.Lock()
        self._idle: list[_WaitSlot] = []
        self._queued: deque[Any] = deque()
        self._ending = False
        before = threading.stack_size(_STACK_BYTES)
        for _ in range(number):
            threading.Thread(target=self._run, daemon=True, name="request").start()
        threading.stack_size(before)

    def put(self, connection: Any) -> None:
        """Give a connection to an idle thread, or queue it."""
        with self._state:
            if not self._idle:
                self._queued.append(connection)
                return
            slot = self._idle.pop()
        slot.give(connection)

    def is_idle(self) -> bool:
        """Whether a thread could serve another connection immediately."""
        return bool(self._idle)

    def waiting(self) -> int:
        """Return the number of queued connections."""
        return len(self._queued)

    def shutdown(self, *, wait: bool) -> None:
        """End the threads once the queue is empty. Does not wait for them."""
        del wait
        with self._state:
            self._ending = True
            idle, self._idle = self._idle, []
        for slot in idle:
            slot.give(None)

    def _run(self) -> None:
        slot = _WaitSlot()
        while (connection := self._next(slot)) is not None:
            try:
                self._answer(connection)
            except BaseException:  # noqa: BLE001 - a thread that ends would be missing until the next restart
                _log.exception("request_thread_failed")

    def _next(self, slot: _WaitSlot) -> Any:
        """Wait for a connection; None after shutdown."""
        with self._state:
            if self._queued:
                return self._queued.popleft()
            if self._ending:
                return None
            self._idle.append(slot)
        return slot.take()
