"""Waiting for a cluster, with a reason when it was in vain."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")


class InVainError(AssertionError):
    """What was waited for did not happen in time."""


def until(
    look: Callable[[], T | None],
    what: str,
    *,
    seconds: float,
    explain: Callable[[], str] = str,
    pause_seconds: float = 1.0,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """The first answer of `look` that is true. Raise InVainError, which tells what `explain` finds.

    The last look comes after the time is over, so a slow machine never gives up without one.
    """
    deadline = clock() + seconds
    while True:
        is_last = clock() >= deadline
        if found := look():
            return found
        if is_last:
            raise InVainError(f"not within {seconds:g} s: {what}\n{explain()}".rstrip())
        sleep(pause_seconds)
