"""The mirror's loop: changes in the database, and foreign edits, become writes to the API server.

A changed pool is read as a whole and compared with its observed objects. So many changes become one patch, and a failed
write needs no state of its own. migrations/schema/tables/mirror_changes.sql explains how changes are recorded without
a cost to the writers.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import structlog

from rowhouse import metrics
from rowhouse.domain.checks import Checks
from rowhouse.domain.defaults import MIRROR_RESYNC_SECONDS, MIRROR_WRITES_PER_SECOND
from rowhouse.domain.errors import TryAgain
from rowhouse.k8s.failures import KubernetesFailure
from rowhouse.k8s.mirror.desired import Problem
from rowhouse.k8s.mirror.observed import KINDS, POOLS, RESERVATIONS, ObservedObjects
from rowhouse.k8s.mirror.pending import Pending
from rowhouse.k8s.mirror.plan import Planner
from rowhouse.k8s.mirror.queue import WriteQueue
from rowhouse.k8s.mirror.writes import Result

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable

    from rowhouse.k8s.client import KubernetesClient
    from rowhouse.k8s.mirror.writes import Change, Outcome
    from rowhouse.store.cluster.mirror import MirrorStore

_log = structlog.get_logger(__name__)
_SHOWN: Final = 50
REASONS: Final = ("size", "key", "name", "unknown", "foreign", "refused", "absent")
"""Why something in the database is not in the cluster, or vice versa."""
_TRIES: Final = 5
_REPEAT: Final = "Completed writes stay. Run the command again."


@dataclass(frozen=True, slots=True, kw_only=True)
class Pacing:
    """`rate`: writes per second; `resync`: seconds between full resyncs; `window`: see `Pending`."""

    rate: float = MIRROR_WRITES_PER_SECOND
    resync: float = MIRROR_RESYNC_SECONDS
    window: float = 5.0


@dataclass(slots=True)
class _Waiting:
    """Transactions that may rely on marks that were taken, and the pools of these marks."""

    writers: frozenset[str]
    pools: set[int]


@dataclass(slots=True)
class Tally:
    """The result of a round."""

    planning: float = 0.0
    """Duration of reading and comparing, in seconds."""
    written: int = 0
    failed: int = 0


class Mirror:
    """Mirrors while it has the store's lock. Used by one thread, except for the writes.

    Args:
        store: the database, whose lock we hold.
        client: of the cluster.
        namespace: where the objects are.
        stop: ends watches and writes.
        pacing: how fast.
        checks: receives the state of each watch.
        watch: also watch for edits of others. False: read the objects once.
        overwrite: see `Planner`.
        clock: monotonic time in seconds.
    """

    def __init__(  # noqa: PLR0913 - what a mirror needs
        self,
        store: MirrorStore,
        client: KubernetesClient,
        namespace: str,
        stop: threading.Event,
        pacing: Pacing | None = None,
        *,
        watch: bool = True,
        checks: Checks | None = None,
        overwrite: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._stop = stop
        self._pacing = pacing or Pacing()
        self._watch = watch
        self._clock = clock
        self._queue = WriteQueue(client, namespace, stop, rate=self._pacing.rate, clock=clock)
        self._observed = ObservedObjects(client, namespace, stop, checks or Checks())
        self._planner = Planner(store, self._observed, overwrite=overwrite)
        self._pending = Pending(self._pacing.window, clock)
        self._again: set[str] = set(KINDS)
        """Kinds that must be listed."""
        self._waiting: list[_Waiting] = []
        self._refused: dict[tuple[str, str], Problem] = {}
        self._writing_since: float | None = None
        self._resync_due = 0.0
        self._resynced: datetime | None = None

    @property
    def pause(self) -> float:
        """Seconds until the next round is due, unless a change comes first."""
        if self._queue.backoff.left:
            return self._queue.backoff.left
        if self._queue or self._again:
            return 0.0
        pause = 0.2 if self._waiting else max(0.0, self._resync_due - self._clock())
        left = self._pending.left
        return pause if left is None else min(pause, left)

    @property
    def trouble(self) -> str:
        """Why the last write or list failed; "" if it did not."""
        return self._queue.trouble

    @property
    def has_edits(self) -> bool:
        """Whether others changed an object."""
        return self._observed.has_edits

    @property
    def problems(self) -> list[Problem]:
        """What is in the database but not in the cluster, and why."""
        found = [one for some in self._planner.problems.values() for one in some]
        return found + list(self._refused.values())

    def round(self) -> Tally:
        """Compare what changed, or everything if that is due, and write. Raises TryAgain, NotReady.

        TryAgain may come from the API server; the next call of `store` shows whether it came from the database.
        """
        self._take_changes()
        self._take_edits()
        if self._queue.backoff.left:
            return Tally()
        began = self._clock()
        whole = began >= self._resync_due
        if whole:
            self._again = set(KINDS)
        try:
            self._list_again()
        except KubernetesFailure as error:
            self._queue.failed(error.message, error.failure.retry_after)
            metrics.MIRROR_FAILURES.labels("list").inc()
            raise
        if whole:
            self._pending.hurry(pool.id for pool in self._store.pools())
            self._pending.hurry(self._planner.known_pools())
            self._refused.clear()
        self._plan(whole=whole)
        if whole:
            self._resync_due = self._clock() + self._pacing.resync
            self._resynced = datetime.now(UTC)
            metrics.MIRROR_LAST_RESYNC.set_to_current_time()
        tally = Tally(planning=self._clock() - began)
        self._write(tally)
        self._measure()
        return tally

    def plan(self) -> list[Change]:
        """Return what a full resync would write, without writing. Raises TryAgain, NotReady."""
        self._list_again()
        changes = list(self._planner.changes(pool.id for pool in self._store.pools()))
        return changes + list(self._planner.orphans())

    def once(self) -> Tally:
        """Do a full resync, without the outbox and so without its lock. Raises TryAgain, NotReady.

        If a controller mirrors at the same time, it writes the same.
        """
        self._list_again()
        self._pending.hurry(pool.id for pool in self._store.pools())
        tally, whole, failed = Tally(), True, 0
        while self._pending or self._queue:
            self._plan(whole=whole)
            whole = False
            before = tally.failed
            self._write(tally)
            failed = failed + 1 if tally.failed > before else 0
            if failed > _TRIES:
                raise TryAgain(
                    f"the API server did not accept it: {self._queue.trouble}", hint=_REPEAT
                )
            self._stop.wait(self._queue.backoff.left)
        return tally

    def resync(self) -> None:
        """Do a full resync in the next round."""
        self._resync_due = 0.0

    def report(self) -> dict[str, Any]:
        """Return the report that `rowhouse mirror status` shows."""
        problems = self.problems
        return {
            "ippools": len(self._observed.objects[POOLS]),
            "reservations": len(self._observed.objects[RESERVATIONS]),
            "pools_waiting": len(self._pending),
            "writes_waiting": len(self._queue),
            "lag_seconds": round(self._lag(), 1),
            "resynced_at": self._resynced.isoformat(timespec="seconds") if self._resynced else None,
            "trouble": self._queue.trouble,
            "problem_count": len(problems),
            "problems": [
                {"reason": one.reason, "object": one.object, "text": one.text}
                for one in problems[:_SHOWN]
            ],
        }

    def _take_changes(self) -> None:
        changes = self._store.changes()
        if changes.everything:
            self.resync()
        if changes.pools:
            self._pending.changed(changes.pools, changes.age)
            if writers := self._store.writers():
                self._waiting.append(_Waiting(writers, changes.pools))
        elif self._waiting:
            writers = self._store.writers()
            for one in list(self._waiting):
                if not one.writers & writers:
                    self._waiting.remove(one)
                    self._pending.changed(one.pools)

    def _take_edits(self) -> None:
        changed, behind = self._observed.edits()
        self._again |= set(behind)
        for kind, name in changed:
            pool = self._planner.pool_of(kind, name)
            if pool is not None:
                metrics.MIRROR_FOREIGN_EDITS.labels(kind).inc()
                self._pending.hurry([pool])

    def _list_again(self) -> None:
        for kind in sorted(self._again):
            self._observed.read(kind, watch=self._watch)
            self._again.discard(kind)
            self._pending.hurry(self._planner.known_pools())

    def _plan(self, *, whole: bool) -> None:
        before = {one.object for one in self.problems}
        dirty = self._pending.take()
        try:
            changes = list(self._planner.changes(dirty))
            if whole:
                changes += self._planner.orphans()
        except BaseException:
            self._pending.hurry(dirty)
            raise
        if dirty and self._writing_since is None:
            self._writing_since = min(dirty.values())
        self._queue.put(
            changes,
            still=lambda name: not whole and self._planner.pool_of(*name) not in dirty,
            without=self._refused,
        )
        for problem in self.problems:
            if problem.object not in before:
                _log.warning(
                    "not_mirrored", object=problem.object, reason=problem.reason, text=problem.text
                )

    def _write(self, tally: Tally) -> None:
        """Write what is due, for a few seconds."""
        for outcome in self._queue.write():
            self._ended(outcome, tally)
        if not (self._queue.trouble or self._queue):
            self._writing_since = None

    def _ended(self, outcome: Outcome, tally: Tally) -> None:
        change, result = outcome.change, outcome.result
        metrics.MIRROR_WRITES.labels(change.kind, change.verb, result.name.lower()).inc()
        if result is Result.FAILED:
            tally.failed += 1
            return  # it stays due
        pool = self._planner.pool_of(change.kind, change.name)
        if result is Result.DONE:
            tally.written += 1
            self._observed.learn(change.kind, change.name, outcome.observed, by_us=True)
            if change.desired is None:
                self._planner.forget(change)
        elif result is Result.TOO_LARGE and pool is not None:
            self._planner.shrink(pool)
            self._pending.hurry([pool])
        else:
            self._observed.learn(change.kind, change.name, outcome.observed)
            if result is Result.CONFLICT and pool is not None:
                self._pending.hurry([pool])
            elif result is Result.CONFLICT:
                self.resync()
            else:
                self._refuse(change, outcome.message)

    def _refuse(self, change: Change, why: str) -> None:
        """Record a write that the API server will not accept; the next full resync tries again."""
        name = f"{change.kind}/{change.name}"
        self._refused[change.kind, change.name] = Problem(reason="refused", object=name, text=why)
        _log.warning("not_mirrored", object=name, reason="refused", text=why)

    def _lag(self) -> float:
        since = [at for at in (self._writing_since, self._pending.oldest) if at is not None]
        return self._clock() - min(since) if since else 0.0

    def _measure(self) -> None:
        metrics.MIRROR_LAG.set(self._lag())
        metrics.MIRROR_WAITING.set(len(self._queue))
        for kind, objects in self._observed.objects.items():
            metrics.MIRROR_OBJECTS.labels(kind).set(len(objects))
        counts = dict.fromkeys(REASONS, 0)
        for one in self.problems:
            counts[one.reason] += 1
        for reason, number in counts.items():
            metrics.MIRROR_PROBLEMS.labels(reason).set(number)
