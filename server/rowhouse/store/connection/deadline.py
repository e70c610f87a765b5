"""The deadline of a request: no work begins for a caller that has stopped waiting.

The plugin sends how long it still waits; `begin` stores that for the thread of the request. The deadline never
interrupts running work: interrupting a commit that waits for its synchronous standby would make it visible before
it is durable.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Final

from rowhouse.domain.errors import TryAgain

MAX_SECONDS: Final = 3600.0
"""The longest deadline in seconds; longer ones are ignored."""

_until: ContextVar[float | None] = ContextVar("until", default=None)


def begin(seconds: str | None, *, arrived_at: float | None = None) -> None:
    """Begin a request whose caller waits for `seconds` (a number as text) from its arrival.

    None or an invalid number: no deadline. `arrived_at` is a value of time.monotonic(), from before the request
    waited for a thread; None: now.
    """
    if seconds is None:
        _until.set(None)
        return
    try:
        left = float(seconds)
    except ValueError:
        left = MAX_SECONDS
    since = time.monotonic() if arrived_at is None else arrived_at
    _until.set(since + left if left < MAX_SECONDS else None)


def seconds_left(most: float) -> float:
    """Return how long the caller still waits, at most `most`.

    Raises TryAgain if the deadline has passed; a caller that still reads the response may repeat the call.
    """
    until = _until.get()
    if until is None:
        return most
    left = until - time.monotonic()
    if left <= 0.0:
        raise TryAgain(
            "the caller stopped waiting before the call was served",
            hint="The server is overloaded. Repeat the call.",
        )
    return min(left, most)
