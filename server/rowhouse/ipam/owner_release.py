"""Release the addresses of owners whose Kubernetes object is gone: virtual machines, StatefulSets, claims.

Each check looks for all objects again, so a missed deletion is found by the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import structlog

from rowhouse.domain.errors import RowhouseError, TryAgain
from rowhouse.store.cluster import owners

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from rowhouse.domain.lasting_owners import Existence, KeptOwner, ObjectName
    from rowhouse.store.cluster.owners import Session

_log = structlog.get_logger(__name__)


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
    """

    def __init__(
        self, session: Session, cluster: str, objects: ObjectSource, *, actor: str = "controller"
    ) -> None:
        self._session = session
        self._cluster = cluster
        self._objects = objects
        self._actor = actor
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
        for exist, objects in ((True, found.exist), (False, found.unseen)):
            some = [one for one in idle if one.object in objects]
            if some:
                owners.renew(self._session, self._actor, self._cluster, some, exist=exist)
        return sum(self._release(one) for one in idle if one.object in found.gone)

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

    def _release(self, owner: KeptOwner) -> int:
        try:
            released = owners.release(self._session, self._actor, self._cluster, owner)
        except RowhouseError as error:
            # A failed release must not delay the others; the next check retries it.
            if self._session.closed:
                raise
            _log.warning("owner_not_released", owner=owner.name, reason=error.message)
            return 0
        if released:
            _log.info(
                "owner_released",
                addresses=released,
                owner=f"{owner.namespace}/{owner.name}",
                reason=f"there is no {owner.object_kind} {owner.namespace}/{owner.object_name}",
            )
        return len(released)
