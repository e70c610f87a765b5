"""A cache of recently verified callers, so that not every call verifies its token."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.auth.caller import Caller

_MAX_REMEMBERED: Final = 10_000


class Verified(NamedTuple):
    """The bearer of a token, and the seconds for which this stays valid."""

    caller: Caller
    seconds: float


class VerifiedCallers:
    """A bounded cache by the digest of the token. Safe to share between threads.

    Args:
        max_remembered: number of entries; the oldest one is dropped first.
        clock: monotonic time in seconds.
    """

    def __init__(
        self, *, max_remembered: int = _MAX_REMEMBERED, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._max_remembered = max_remembered
        self._clock = clock
        self._lock = threading.Lock()
        self._entries: OrderedDict[bytes, tuple[Caller, float]] = OrderedDict()

    def get(self, digest: bytes) -> Caller | None:
        """Return the bearer of the token with this digest, if it was verified recently."""
        entry = self._entries.get(digest)
        if entry is None or entry[1] <= self._clock():
            return None
        return entry[0]

    def put(self, digest: bytes, verified: Verified) -> None:
        """Remember the bearer of a token."""
        with self._lock:
            self._entries[digest] = (verified.caller, self._clock() + verified.seconds)
            self._entries.move_to_end(digest)
            while len(self._entries) > self._max_remembered:
                self._entries.popitem(last=False)

    def forget(self, digest: bytes) -> None:
        """Forget a token, so that its next use is verified."""
        with self._lock:
            self._entries.pop(digest, None)

    def __len__(self) -> int:
        return len(self._entries)
