"""Retention: remove old history, audit lines or nodes in batches, and record that in the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import structlog

from rowhouse.store.allocation import requests
from rowhouse.store.cluster import nodes
from rowhouse.store.history import retention

if TYPE_CHECKING:
    from rowhouse.domain.administration import Actor
    from rowhouse.store.allocation.requests import Session
    from rowhouse.store.connection.database import Database


_log = structlog.get_logger(__name__)
REQUESTS: Final = 1000
"""Requests removed in one transaction."""


class Pruning:
    """One run over tenures or audit lines, which may end after any step.

    `pruned` rows are removed so far, and those up to the id `last_id` are looked at; `end_id` was
    the last one when it began.
    """

    def __init__(
        self,
        store: Database,
        actor: Actor,
        *,
        kept: retention.Kept = retention.TENURES,
        seconds: float,
        after: int = 0,
    ) -> None:
        """Prepare to remove rows that ended, or were written, more than `seconds` ago, after the id `after`.

        Errors: TryAgain, NotReady, the latter also if the database user is not in rowhouse_owner.
        """
        self._store = store
        self._kept = kept
        self._age = "ended_before" if kept is retention.TENURES else "written_before"
        self._actor = actor
        self._after = after
        self._finished = False
        self._before, self.end_id = retention.bounds(store, kept, seconds)
        self.last_id = after
        self.pruned = 0
        # Recorded before any row is removed, because a killed process could not do it afterwards.
        begun: dict[str, object] = {self._age: self.before_text, "after_id": after}
        retention.record(store, kept, actor, "prune_begin", begun)

    @property
    def before_text(self) -> str:
        """The time before which a tenure must have ended, or a line been written, as RFC 3339."""
        return self._before.isoformat()

    def step(self, at_most: int) -> bool:
        """Run one small transaction; False if there is nothing left.

        Errors: TryAgain, NotReady.
        """
        pruned, last_id = retention.prune(
            self._store, self._kept, self._before, after=self.last_id, at_most=at_most
        )
        self.pruned += pruned
        if last_id is None:
            self._finished = True
            return False
        self.last_id = last_id
        return True

    def record(self) -> None:
        """Record the result in the audit log.

        Errors: TryAgain, NotReady.
        """
        facts: dict[str, object] = {
            self._age: self.before_text,
            "after_id": self._after,
            "last_id": self.last_id,
            "pruned": self.pruned,
            "finished": self._finished,
        }
        retention.record(self._store, self._kept, self._actor, "prune", facts)


class RequestRetention:
    """Removes requests of teams that ended long ago, for the controller: one batch a step, so that none takes long.

    Args:
        session: the leader's connection.
        days: how long requests that have ended stay; 0: forever.
        actor: the actor for the audit log.
    """

    def __init__(self, session: Session, *, days: int, actor: str = "controller") -> None:
        self._session = session
        self._days = days
        self._actor = actor

    def step(self) -> bool:
        """Remove a batch; False if nothing is left. Raises TryAgain, NotReady."""
        if not self._days:
            return False
        pruned = requests.prune(self._session, self._actor, days=self._days, at_most=REQUESTS)
        if pruned:
            _log.info("requests_pruned", requests=pruned, days=self._days)
        return pruned == REQUESTS


def prune_nodes(store: Database, actor: Actor, *, seconds: float, at_most: int) -> int:
    """Remove the nodes that have not reported for `seconds`, in batches; return their number.

    Errors: TryAgain, NotReady, the latter also if the database user is not in rowhouse_owner.
    """
    facts: dict[str, object] = {"unseen_seconds": seconds}
    retention.record(store, retention.NODES, actor, "prune_begin", facts)
    pruned = 0
    while removed := nodes.prune(store, seconds=seconds, at_most=at_most):
        pruned += removed
    retention.record(store, retention.NODES, actor, "prune", facts | {"pruned": pruned})
    return pruned
