"""The queue of due writes: several threads write for a few seconds at a time, within the rate limit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.k8s.mirror.observed import POOLS
from rowhouse.k8s.mirror.rate import Backoff, Rate
from rowhouse.k8s.mirror.writes import Outcome, Result, write

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable, Iterator

    from lightkube import Client

    from rowhouse.k8s.mirror.writes import Change

    Name = tuple[str, str]
    """The kind of an object, and its name."""

_log = structlog.get_logger(__name__)
_WRITERS: Final = 8
_SLICE: Final = 3.0
"""Duration of a turn in seconds; then the owner checks for changes."""
_MAX_WRITES: Final = 1000


class WriteQueue:
    """One write per object. `trouble` says why the last turn was aborted; `backoff`, when the next one may start.

    Args:
        client: of the cluster.
        namespace: where the objects are.
        stop: ends a turn.
        rate: writes per second.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        client: Client,
        namespace: str,
        stop: threading.Event,
        *,
        rate: float,
        clock: Callable[[], float],
    ) -> None:
        self._client = client
        self._namespace = namespace
        self._stop = stop
        self._several = min(_MAX_WRITES, max(1, int(rate * _SLICE)))
        self._rate = Rate(rate, clock=clock)
        self._due: dict[Name, Change] = {}
        self.backoff = Backoff(clock=clock)
        self.trouble = ""

    def __len__(self) -> int:
        """Return the number of due writes."""
        return len(self._due)

    def put(
        self,
        changes: Iterable[Change],
        *,
        still: Callable[[Name], bool],
        without: Iterable[Name],
    ) -> None:
        """Add writes.

        Args:
            changes: they go first, and pools before the many reservations.
            still: whether writes that are due and not begun stay due.
            without: objects whose writes are dropped.
        """
        before = {name: change for name, change in self._due.items() if still(name)}
        fresh = {(one.kind, one.name): one for one in changes}
        pools = {name: one for name, one in fresh.items() if name[0] == POOLS}
        self._due = pools | fresh | before
        for name in without:
            self._due.pop(name, None)

    def failed(self, why: str, asked: float = 0.0) -> None:
        """Report that the API server failed; `asked`: seconds in Retry-After."""
        self.trouble = why
        self.backoff.failed(asked)

    def write(self) -> Iterator[Outcome]:
        """Write for a few seconds; return the results. Failed writes stay due."""
        broken: list[Outcome] = []

        def turn(change: Change) -> Outcome | None:
            # After one write without an answer, do not try the others in vain.
            if broken or self._stop.is_set() or self._stop.wait(self._rate.wait_time()):
                return None
            outcome = write(self._client, self._namespace, change)
            if outcome.result is Result.FAILED:
                broken.append(outcome)
            return outcome

        if changes := list(islice(self._due.values(), self._several)):
            with ThreadPoolExecutor(_WRITERS, thread_name_prefix="mirror-write") as threads:
                for outcome in threads.map(turn, changes):
                    if outcome is None:
                        continue
                    if outcome.result is not Result.FAILED:
                        del self._due[outcome.change.kind, outcome.change.name]
                    yield outcome
        if broken:
            self.failed(broken[0].message, max(one.retry_after for one in broken))
            _log.warning("mirror_write_failed", change=str(broken[0].change), reason=self.trouble)
        else:
            self.trouble = ""
            self.backoff.worked()
