"""Until when the caller of a request waits: work for one that has gone is not begun.

The plugin says how long it still waits; `begin` keeps that for the thread of the request. Nothing under way is ever
broken off by it: a commit that waits for its synchronous standby must not be, since it would become visible
without being safe.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from typing import Final

from rowhouse.domain.errors import TryAgain

MAX_SECONDS: Final = 3600.0
"""Seconds: whoever says that it waits for longer says nothing."""

_until: ContextVar[float | None] = ContextVar("until", default=None)


def begin(seconds: str | None, *, arrived_at: float | None = None) -> None:
    """A request begins whose caller waits for `seconds` (a number as text) from its arrival on.

    None, and what is no such number: for as long as it takes. `arrived_at` is a reading of time.monotonic(), from
    before the request waited for a thread; None: now.
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
    """How long the caller still waits, `most` at most.

    Raises TryAgain if it has gone: nobody may hear of it, and whoever does may repeat the call.
    """
    until = _until.get()
    if until is None:
        return most
    left = until - time.monotonic()
    if left <= 0.0:
        raise TryAgain(
            "the caller has stopped waiting before its turn came",
            hint="The server is overloaded; the call may be repeated.",
        )
    return min(left, most)
