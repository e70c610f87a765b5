"""Release the addresses of owners whose Kubernetes object is gone: virtual machines, StatefulSets, claims.

Each check looks for all objects again, so a missed deletion is found by the next one.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, Protocol

import structlog

from rowhouse.domain.errors import RowhouseError, TryAgain
from rowhouse.store.cluster import owners

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from collections.abc import Set as AbstractSet

    from rowhouse.domain.lasting_owners import Existence, KeptOwner, ObjectName
    from rowhouse.store.cluster.owners import Session

_log = structlog.get_logger(__name__)
_BATCH: Final = 200
"""Owners released in one transaction, which keeps their rows locked: an ADD of one of them waits that long."""
_RELEASE_SECONDS: Final = 2.0
"""How long one look releases."""


class ObjectSource(Protocol):
    """Looks for objects in a cluster."""

    def existence(self, kind: str, wanted: AbstractSet[ObjectName]) -> Existence:
        """Look for objects of one kind. Raises TryAgain."""


class OwnerRelease:
    """Repeatedly looks for the objects of the owners whose addresses no sandbox uses.

    Args:
        session: the leader's connection.
        cluster: the cluster; other clusters have their own controllers.
        objects: looks for the objects.
        actor: the actor for the history.
        clock: monotonic time in seconds.
    """

    def __init__(
        self,
        session: Session,
        cluster: str,
        objects: ObjectSource,
        *,
        actor: str = "controller",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._session = session
        self._cluster = cluster
        self._objects = objects
        self._actor = actor
        self._clock = clock
        self._unseen: dict[str, str] = {}
        self.is_unfinished = False
        """Whether the last look left objects for the next one, which should then come soon."""

    def look(self) -> int:
        """Check all idle owners once; return how many addresses are free again. Raises TryAgain, NotReady.

        A cluster that does not answer for one kind does not delay the others.
        """
        by_kind: dict[str, list[KeptOwner]] = {}
        for owner in owners.idle_owners(self._session, self._cluster):
            by_kind.setdefault(owner.object_kind, []).append(owner)
        self.is_unfinished = False
        return sum(self._look_at(kind, idle) for kind, idle in sorted(by_kind.items()))

    def _look_at(self, kind: str, idle: list[KeptOwner]) -> int:
        try:
            found = self._objects.existence(kind, {one.object for one in idle})
        except TryAgain as error:
            _log.warning("owners_not_looked_at", kind=kind, reason=error.message)
            return 0
        self.is_unfinished |= not found.is_whole
        self._note_unseen(kind, found.reason)
        kept = [one for one in idle if found.keeps(one)]
        unseen = [one for one in idle if one.object in found.unseen]
        for exist, some in ((True, kept), (False, unseen)):
            if some:
                owners.renew(self._session, self._actor, self._cluster, some, exist=exist)
        return self._release_all([one for one in idle if found.is_gone(one)])

    def _release_all(self, gone: list[KeptOwner]) -> int:
        """Release in batches; what does not fit into one look is left to the next one, which checks it again."""
        released, ends = 0, self._clock() + _RELEASE_SECONDS
        for start in range(0, len(gone), _BATCH):
            if self._clock() > ends:
                self.is_unfinished = True
                break
            released += self._release(gone[start : start + _BATCH])
        return released

    def _note_unseen(self, kind: str, reason: str) -> None:
        if self._unseen.get(kind, "") == reason:
            return
        self._unseen[kind] = reason
        if reason:
            _log.warning(
                "owners_unseen",
                kind=kind,
                reason=reason,
                hint="Their unused addresses expire after sticky_ttl; without one, release them manually.",
            )

    def _release(self, batch: Sequence[KeptOwner]) -> int:
        try:
            released = owners.release(self._session, self._actor, self._cluster, batch)
        except RowhouseError as error:
            if self._session.closed:
                raise
            if len(batch) > 1:  # one of them, perhaps locked, must not delay the others
                return sum(self._release([one]) for one in batch)
            # The next check retries it.
            _log.warning("owner_not_released", owner=batch[0].name, reason=error.message)
            return 0
        for owner, addresses in released.items():
            _log.info(
                "owner_released",
                addresses=addresses,
                owner=f"{owner.namespace}/{owner.name}",
                reason=f"there is no {owner.object_kind} {owner.namespace}/{owner.object_name}",
            )
        return sum(map(len, released.values()))
