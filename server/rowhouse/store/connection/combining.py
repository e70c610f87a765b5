"""Concurrent calls with one batch key share a round trip and a commit.

A commit waits for the disk, and each statement has a fixed cost. Under load, many requests do the same thing at the
same time, and a batch pays these costs once ("flat combining": Hendler, Incze, Shavit and Tzafrir, 2010). Without load,
a call runs alone and immediately, at no extra cost.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, Final, Generic, Literal, TypeAlias, TypeVar

from rowhouse.domain.errors import RowhouseError, TryAgain

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Sequence

Call = TypeVar("Call")
Answer = TypeVar("Answer")

MAX_BATCH: Final = 64
"""Maximum number of calls in a batch. A larger batch saves hardly more, and would delay the commit."""

MAX_QUEUE_WAIT: Final = 0.5
"""Seconds that a call waits for its turn before it runs on its own: the batch in front may be waiting for a lock
that this call does not need."""


class LeftOut(Enum):
    """Why a batch left out one of its calls."""

    ALONE = "it has to be served alone"
    AGAIN = "the next batch may serve it: this one served others"


Outcome: TypeAlias = Answer | Literal[LeftOut.ALONE, LeftOut.AGAIN]


class CombiningQueue(Generic[Call, Answer]):
    """Runs single calls immediately, and concurrent calls with the same batch key as a batch.

    Calls with different keys never wait for each other. Safe to share between threads.

    Args:
        one: serves a call alone.
        max_alone: calls of a key that are served alone at the same time, so that a key whose calls wait for a lock
            does not take every connection. The others wait MAX_QUEUE_WAIT and then are refused (TryAgain); new
            ones are refused at once for as long again.
        many: serves several calls of a key; says which it left out. It says AGAIN only if it served another one, so
            that the queue advances. If it fails, all of them are served alone.
    """

    def __init__(
        self,
        one: Callable[[Call], Answer],
        many: Callable[[Sequence[Call]], Sequence[Outcome[Answer]]],
        *,
        max_alone: int = 8,
    ) -> None:
        self._one = one
        self._many = many
        self._max_alone = max_alone
        self._guard = threading.Lock()
        # A key is in it while one of its calls is being served.
        self._waiting: dict[Hashable, deque[_PendingCall[Call, Answer]]] = {}
        # A key is in it while its calls are served alone.
        self._limiters: dict[Hashable, _FallbackLimiter] = {}

    def serve(self, batch_key: Hashable, call: Call) -> Answer:
        """The answer to `call`. Errors are those of `one`, and TryAgain where its calls wait for a lock."""
        if self._limiters and (limiter := self._limiters.get(batch_key)) is not None:
            limiter.check()
        pending = _PendingCall[Call, Answer](call)
        with self._guard:
            waiting = self._waiting.get(batch_key)
            if waiting is None:
                self._waiting[batch_key] = deque()
            else:
                waiting.append(pending)
        if waiting is None:
            try:
                return self._one(call)
            finally:
                self._next(batch_key)
        until = time.monotonic() + MAX_QUEUE_WAIT
        while pending.outcome is LeftOut.AGAIN:
            seconds_left = max(0, until - time.monotonic())
            if not pending.turn.acquire(timeout=seconds_left) and self._left(waiting, pending):
                break
            if pending.batch:
                self._lead(batch_key, pending.batch)
        return (
            self._alone(batch_key, call)
            if isinstance(pending.outcome, LeftOut)
            else pending.outcome
        )

    def _alone(self, batch_key: Hashable, call: Call) -> Answer:
        """Serve a call that was left out, unless too many of them are running."""
        with self._guard:
            limiter = self._limiters.setdefault(batch_key, _FallbackLimiter(self._max_alone))
            limiter.users += 1
        try:
            with limiter:
                return self._one(call)
        finally:
            with self._guard:
                limiter.users -= 1
                if not limiter.users:
                    self._limiters.pop(batch_key, None)

    def _left(
        self, waiting: deque[_PendingCall[Call, Answer]], pending: _PendingCall[Call, Answer]
    ) -> bool:
        """Leave the queue. False if a batch has already taken the call; then the caller waits for it."""
        with self._guard:
            if pending in waiting:
                waiting.remove(pending)
                return True
        pending.turn.acquire()
        return False

    def _lead(self, batch_key: Hashable, batch: list[_PendingCall[Call, Answer]]) -> None:
        """Serve a batch, start the next one, and wake the threads that wait for this one."""
        outcomes: Sequence[Outcome[Answer]] = [LeftOut.ALONE] * len(batch)
        try:
            if len(batch) > 1:
                outcomes = self._many([pending.call for pending in batch])
        except RowhouseError:
            pass  # each call finds out for itself
        finally:
            batch[0].batch = []
            told: list[_PendingCall[Call, Answer]] = []
            again: list[_PendingCall[Call, Answer]] = []
            for pending, outcome in zip(batch, outcomes, strict=True):
                (again if outcome is LeftOut.AGAIN else told).append(pending)
                pending.outcome = outcome
            self._next(batch_key, again)
            for pending in told:
                if pending is not batch[0]:
                    pending.turn.release()

    def _next(self, batch_key: Hashable, again: Sequence[_PendingCall[Call, Answer]] = ()) -> None:
        """Form a batch of the waiting calls; the thread of the first one runs it."""
        with self._guard:
            waiting = self._waiting[batch_key]
            waiting.extendleft(reversed(again))
            batch = [waiting.popleft() for _ in range(min(len(waiting), MAX_BATCH))]
            if not batch:
                del self._waiting[batch_key]
                return
            batch[0].batch = batch
        batch[0].turn.release()


class _FallbackLimiter:
    """Limits how many calls of a key are served alone. After one waited in vain, refuses all for a while."""

    def __init__(self, places: int) -> None:
        self.users = 0
        self._places = threading.Semaphore(places)
        self._refuses_until = 0.0

    def check(self) -> None:
        """Raises TryAgain while it refuses calls."""
        if time.monotonic() < self._refuses_until:
            raise TryAgain(
                "the range is busy: its calls wait for a lock",
                hint="Repeat the call. PostgreSQL's view pg_locks shows the lock's holder.",
            )

    def __enter__(self) -> None:
        if not self._places.acquire(timeout=MAX_QUEUE_WAIT):
            self._refuses_until = time.monotonic() + MAX_QUEUE_WAIT
            self.check()

    def __exit__(self, *_error: object) -> None:
        self._places.release()


class _PendingCall(Generic[Call, Answer]):
    """A call that waits for its answer, or for its turn to run a batch."""

    __slots__ = ("batch", "call", "outcome", "turn")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.outcome: Outcome[Answer] = LeftOut.AGAIN
        self.batch: list[_PendingCall[Call, Answer]] = []
        self.turn = threading.Lock()
        self.turn.acquire()
