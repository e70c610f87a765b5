"""Calls that meet share one round trip and one commit.

A commit waits for the disk, and a statement costs its start, however little it does. Under load many
requests want the same thing at the same moment; together they pay once ("flat combining": Hendler,
Incze, Shavit and Tzafrir, 2010). Without load a call goes ahead at once, alone, and pays nothing for it.
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

MOST: Final = 64
"""Calls in a party at most: what they share is nearly all won by then, and a commit stays short."""

PATIENCE: Final = 0.5
"""Seconds that a call waits for its turn before it goes ahead on its own: whoever is in front of it
may be waiting for a lock that is none of its business."""


class LeftOut(Enum):
    """What a party could not do for one of its calls."""

    ALONE = "it has to be served alone"
    AGAIN = "the next party may serve it: this one served others"


Outcome: TypeAlias = Answer | Literal[LeftOut.ALONE, LeftOut.AGAIN]


class CombiningQueue(Generic[Call, Answer]):
    """Runs calls one by one where they come one by one, and together where they meet.

    One lane is one line of waiting calls: those of one lane may be served together, and those of
    another lane never wait for them. Safe to share between threads.

    Args:
        one: serves a call alone.
        most_alone: calls of a lane that have to be served alone at the same time; a lane whose calls wait for
            a lock must not take every connection there is. The others wait for their turn, half a second
            at most, and then are refused (TryAgain); so are new ones, at once, for as long again.
        many: serves several calls of a lane; says which it left out. It says AGAIN only if it served
            another one, so that the line goes on. An error of its own is nobody's: all of them are then
            served alone.
    """

    def __init__(
        self,
        one: Callable[[Call], Answer],
        many: Callable[[Sequence[Call]], Sequence[Outcome[Answer]]],
        *,
        most_alone: int = 8,
    ) -> None:
        self._one = one
        self._many = many
        self._most_alone = most_alone
        self._guard = threading.Lock()
        # A lane is there while somebody is being served in it.
        self._lanes: dict[Hashable, deque[_Ticket[Call, Answer]]] = {}
        # A door is there while calls of its lane are served alone.
        self._doors: dict[Hashable, _Door] = {}

    def serve(self, lane: Hashable, call: Call) -> Answer:
        """The answer to `call`. Errors are those of `one`, and TryAgain where a lane is stuck."""
        if self._doors and (door := self._doors.get(lane)) is not None:
            door.look()
        ticket = _Ticket[Call, Answer](call)
        with self._guard:
            waiting = self._lanes.get(lane)
            if waiting is None:
                self._lanes[lane] = deque()
            else:
                waiting.append(ticket)
        if waiting is None:
            try:
                return self._one(call)
            finally:
                self._next(lane)
        until = time.monotonic() + PATIENCE
        while ticket.outcome is LeftOut.AGAIN:
            patience = max(0, until - time.monotonic())
            if not ticket.turn.acquire(timeout=patience) and self._left(waiting, ticket):
                break
            if ticket.party:
                self._lead(lane, ticket.party)
        return self._alone(lane, call) if isinstance(ticket.outcome, LeftOut) else ticket.outcome

    def _alone(self, lane: Hashable, call: Call) -> Answer:
        """Serve a call that could not be served with others, if not too many of them are under way."""
        with self._guard:
            door = self._doors.setdefault(lane, _Door(self._most_alone))
            door.users += 1
        try:
            with door:
                return self._one(call)
        finally:
            with self._guard:
                door.users -= 1
                if not door.users:
                    self._doors.pop(lane, None)

    def _left(self, waiting: deque[_Ticket[Call, Answer]], ticket: _Ticket[Call, Answer]) -> bool:
        """Leave the line, unless it is our turn by now: then that is waited for."""
        with self._guard:
            if ticket in waiting:
                waiting.remove(ticket)
                return True
        ticket.turn.acquire()
        return False

    def _lead(self, lane: Hashable, party: list[_Ticket[Call, Answer]]) -> None:
        """Serve a party, let the next one begin, and tell everybody."""
        outcomes: Sequence[Outcome[Answer]] = [LeftOut.ALONE] * len(party)
        try:
            if len(party) > 1:
                outcomes = self._many([ticket.call for ticket in party])
        except RowhouseError:
            pass  # each of them finds out for itself
        finally:
            party[0].party = []
            told: list[_Ticket[Call, Answer]] = []
            again: list[_Ticket[Call, Answer]] = []
            for ticket, outcome in zip(party, outcomes, strict=True):
                (again if outcome is LeftOut.AGAIN else told).append(ticket)
                ticket.outcome = outcome
            self._next(lane, again)
            for ticket in told:
                if ticket is not party[0]:
                    ticket.turn.release()

    def _next(self, lane: Hashable, again: Sequence[_Ticket[Call, Answer]] = ()) -> None:
        """Give the lane to the first of those who wait, with all that may come along."""
        with self._guard:
            waiting = self._lanes[lane]
            waiting.extendleft(reversed(again))
            party = [waiting.popleft() for _ in range(min(len(waiting), MOST))]
            if not party:
                del self._lanes[lane]
                return
            party[0].party = party
        party[0].turn.release()


class _Door:
    """Lets a number of calls in; shut for a while after one has waited in vain."""

    def __init__(self, places: int) -> None:
        self.users = 0
        self._places = threading.Semaphore(places)
        self._shut_until = 0.0

    def look(self) -> None:
        """Raises TryAgain if it is shut."""
        if time.monotonic() < self._shut_until:
            raise TryAgain(
                "the range is busy: its calls wait for a lock",
                hint="Repeat the call. Who holds the lock: the view pg_locks of PostgreSQL.",
            )

    def __enter__(self) -> None:
        if not self._places.acquire(timeout=PATIENCE):
            self._shut_until = time.monotonic() + PATIENCE
            self.look()

    def __exit__(self, *_error: object) -> None:
        self._places.release()


class _Ticket(Generic[Call, Answer]):
    """A call that waits: until it is answered, or until it is its turn to lead a party."""

    __slots__ = ("call", "outcome", "party", "turn")

    def __init__(self, call: Call) -> None:
        self.call = call
        self.outcome: Outcome[Answer] = LeftOut.AGAIN
        self.party: list[_Ticket[Call, Answer]] = []
        self.turn = threading.Lock()
        self.turn.acquire()
