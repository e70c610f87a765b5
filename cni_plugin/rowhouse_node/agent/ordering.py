"""Sends a DEL after the ADD before it, even if the plugin of that ADD was killed.

The runtime then sends the DEL at once, and the server may get it before the ADD that is on its way. The ADD would leave
an address that no DEL releases. So the agent holds a DEL while an ADD of the same attachment may still arrive: one that
it carries, and one that it sent without getting an answer, until the server no longer starts it.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

HOLD_SECONDS = (
    1.0  # of a DEL; then it is kept, so that it holds neither the pod's teardown nor a thread
)
MARGIN_SECONDS = 1.0  # for a request on its way: a server counts its time from when it arrived
Attachment = tuple[str, str]  # container id, interface


def is_always_wanted() -> bool:
    """Whether a call without a waiting plugin is still wanted."""
    return True


class Delivery:
    """What became of the requests of one call."""

    def __init__(self, is_wanted: Callable[[], bool] = is_always_wanted) -> None:
        self._is_wanted = is_wanted
        self._unanswered = 0

    def starts(self) -> bool:
        """Whether to send a request now. If so, it may arrive at any time until it is answered."""
        if not self._is_wanted():
            return False
        self._unanswered += 1
        return True

    def ends(self) -> None:
        """A Rowhouse server has answered a request."""
        self._unanswered -= 1

    @property
    def is_over(self) -> bool:
        """Whether no request can arrive after this moment."""
        return self._unanswered == 0


class AddsUnderWay:
    """The ADDs of one agent that may still arrive at a server. Threads share it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._carried: dict[Attachment, int] = {}
        self._unanswered: dict[Attachment, float] = {}  # until when: time.monotonic()

    @contextmanager
    def add(self, attachment: Attachment, deadline: float, delivery: Delivery) -> Iterator[None]:
        """An ADD is carried. The servers know its deadline."""
        with self._changed:
            self._carried[attachment] = self._carried.get(attachment, 0) + 1
        try:
            yield
        finally:
            with self._changed:
                left = self._carried.pop(attachment) - 1
                if left:
                    self._carried[attachment] = left
                if not delivery.is_over:
                    self._forget()
                    self._unanswered[attachment] = deadline + MARGIN_SECONDS
                self._changed.notify_all()

    def wait(self, attachment: Attachment, until: float) -> bool:
        """Wait until no ADD of this attachment is carried. False if one may arrive nevertheless."""
        with self._changed:
            seconds = until - time.monotonic()
            if not self._changed.wait_for(lambda: attachment not in self._carried, seconds):
                return False
            return self._unanswered.get(attachment, 0.0) <= time.monotonic()

    def attachments(self) -> list[Attachment]:
        """The attachments whose DEL must not be sent now."""
        with self._changed:
            self._forget()
            return [*self._carried, *self._unanswered]

    def _forget(self) -> None:
        now = time.monotonic()
        for attachment in [one for one, until in self._unanswered.items() if until <= now]:
            del self._unanswered[attachment]
