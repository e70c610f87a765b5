"""Write an inventory into the database, batch by batch, whichever importer made it.

Each batch is one transaction, and each address is checked before it is imported. So an import can be killed at any
point, repeated, and run beside an active server.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final, cast

from rowhouse.domain.errors import NotReady, RowhouseError, TryAgain
from rowhouse.domain.importing import Finding
from rowhouse.store.allocation import importing

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from datetime import datetime

    from rowhouse.domain.administration import Actor
    from rowhouse.domain.importing import Inventory, KnownAddress, KnownPool, Outcome
    from rowhouse.store.connection.database import Database

BATCH: Final = 500
"""Addresses per transaction, which then holds its locks for about ten milliseconds."""
_LOOKS: Final = 5


class Import:
    """One import of an inventory.

    Args:
        store: the database.
        actor: the actor for history and audit.
        cluster: the cluster's name in its nodes' settings.
        dry_run: change nothing.
        release_gone: release addresses that were imported earlier and are no longer in the inventory's pools.
        running_at: the inventory lists the running pods, at that time or later. Missing addresses are not
            reported, and addresses of running pods that an ended pod still holds are released.
    """

    def __init__(
        self,
        store: Database,
        actor: Actor,
        cluster: str,
        inventory: Inventory,
        *,
        dry_run: bool = False,
        release_gone: bool = False,
        running_at: datetime | None = None,
        batch: int = BATCH,
    ) -> None:
        self._store = store
        self._actor = actor
        self._cluster = cluster
        self._inventory = inventory
        self._dry_run = dry_run
        self._release_gone = release_gone
        self._running_at = running_at
        self._batch = batch

    def findings(self) -> Generator[Finding]:
        """Import pool by pool, and yield the findings; the import proceeds as the iterator is consumed.

        Raises TryAgain, NotReady: everything yielded before that is committed.
        """
        by_pool = {
            pool: list(found) for pool, found in groupby(self._inventory.addresses, _pool_of)
        }
        for pool in self._inventory.pools:
            known = by_pool.get(pool, [])
            yield from self._pool(pool)
            yield from self._gateways(pool)
            gone: set[str] = set()
            for finding in self._gone(pool, known):
                gone.add(finding.address)
                yield finding
            freed = gone if self._release_gone and self._dry_run else set[str]()
            for start in range(0, len(known), self._batch):
                yield from self._addresses(known[start : start + self._batch], freed)
            if self._running_at is not None and not self._dry_run:
                importing.mark_read(self._store, pool)

    def record(self, source: str, facts: dict[str, object]) -> None:
        """Record the import in the audit log. Raises TryAgain, NotReady."""
        importing.record(self._store, self._actor, source, facts)

    def _pool(self, pool: KnownPool) -> Iterator[Finding]:
        slices = [one for one in self._inventory.slices if one.pool == pool]
        for n, outcome, detail in importing.take_pool(
            self._store, self._actor, self._cluster, pool, slices, dry_run=self._dry_run
        ):
            what = f"slice {slices[n - 1].slice} of node {slices[n - 1].node}" if n else "pool"
            yield Finding(outcome=cast("Outcome", outcome), pool=pool, what=what, detail=detail)

    def _gateways(self, pool: KnownPool) -> Iterator[Finding]:
        """Record the gateways that the database did not know: no pod gets their addresses from now on."""
        by_network: dict[str, list[str]] = {}
        for hop in self._inventory.gateways:
            if hop.pool == pool:
                by_network.setdefault(hop.cni_network, []).append(hop.address)
        for cni_network, addresses in by_network.items():
            for address in importing.take_gateways(
                self._store, self._actor, pool, cni_network, addresses, dry_run=self._dry_run
            ):
                what = f"gateway of CNI network {cni_network}"
                yield Finding(outcome="new", pool=pool, what=what, address=address)

    def _gone(self, pool: KnownPool, known: Sequence[KnownAddress]) -> Iterator[Finding]:
        """Find addresses that were imported, are unchanged since, and are no longer in use by the same owner."""
        if self._running_at is not None:
            return
        now = {(one.address, one.namespace, one.name) for one in known}
        gone = [
            one
            for one in importing.imported(self._store, self._cluster, pool)
            if (one[0], one[1], one[2]) not in now
        ]
        for start in range(0, len(gone), self._batch):
            part = gone[start : start + self._batch]
            if self._release_gone and not self._dry_run:
                released = importing.release(self._store, self._actor, pool, part)
                part = [one for one in part if one[0] in released]
            for address, namespace, name, interface in part:
                yield Finding(
                    outcome="gone",
                    pool=pool,
                    what="address",
                    address=address,
                    owner=f"{namespace}/{name}" if namespace else name,
                    interface=interface,
                    detail="" if self._release_gone else "kept; use --release-gone to release it",
                )

    def _stale(self, batch: Sequence[KnownAddress]) -> Iterator[Finding]:
        """Release addresses of running pods that ended pods hold. Two running pods with one address do not count."""
        sure = [one for one in batch if not one.notes]
        if self._running_at is None or not sure:
            return
        owners = {one.address: one.owner for one in sure}
        for address, namespace, name, interface in importing.release_stale(
            self._store,
            self._actor,
            self._cluster,
            sure,
            self._running_at,
            dry_run=self._dry_run,
        ):
            yield Finding(
                outcome="gone",
                pool=sure[0].pool,
                what="address",
                address=address,
                owner=f"{namespace}/{name}",
                interface=interface,
                detail=f"released: {owners[address]} has it now",
            )

    def _addresses(self, batch: Sequence[KnownAddress], freed: set[str]) -> Iterator[Finding]:
        try:
            outcomes = self._take(batch)
        except (TryAgain, NotReady):
            raise
        except RowhouseError as error:
            # Addresses of ended pods count against their namespace's quota.
            stale = list(self._stale(batch))
            yield from stale
            if stale and not self._dry_run:
                yield from self._addresses(batch, freed)
            elif len(batch) == 1:
                yield _finding(batch[0], "refused", error.message)
            else:
                # One address that the database refuses (a quota) must not block the others.
                middle = len(batch) // 2
                yield from self._addresses(batch[:middle], freed)
                yield from self._addresses(batch[middle:], freed)
            return
        # Conflicts are rare, so the import only then checks whether an ended pod holds the address.
        conflicts = [batch[n] for n, (outcome, _) in outcomes.items() if outcome == "conflict"]
        stale = list(self._stale(conflicts))
        yield from stale
        left = {one.address for one in stale}
        again = [] if self._dry_run else [one for one in conflicts if one.address in left]
        for n, one in enumerate(batch):
            outcome, detail = outcomes[n]
            if outcome == "conflict" and (one.address in freed or one.address in left):
                outcome, detail = "new", "after earlier imports are released"
            if not again or one.address not in left:
                yield _finding(one, outcome, detail)
        if again:
            yield from self._addresses(again, freed)

    def _take(self, batch: Sequence[KnownAddress]) -> dict[int, tuple[str, str]]:
        told: dict[int, tuple[str, str]] = {}
        for _ in range(_LOOKS):
            missing = [n for n in range(len(batch)) if n not in told]
            if not missing:
                return told
            answer = importing.take_addresses(
                self._store,
                self._actor,
                self._cluster,
                [batch[n] for n in missing],
                dry_run=self._dry_run,
                are_running=self._running_at is not None,
            )
            told |= {missing[n]: outcome for n, outcome in answer.items()}
        missing = [n for n in range(len(batch)) if n not in told]
        return told | dict.fromkeys(
            missing, ("refused", "other owners kept taking and releasing it")
        )


def _pool_of(one: KnownAddress) -> KnownPool:
    return one.pool


def _finding(one: KnownAddress, outcome: str, detail: str) -> Finding:
    return Finding(
        outcome=cast("Outcome", outcome),
        pool=one.pool,
        what="address",
        address=one.address,
        owner=one.owner,
        interface=one.interface,
        detail=detail,
        source=one.source,
        notes=one.notes,
    )
