"""Compute the writes from the changes in the database and the observed objects.

Nothing is removed from the cluster on a guess. Until this process has observed an object in its desired state, an
entry that the history does not know may belong to a running pod: whereabouts was not imported completely, or was in use
for a while. Such an object is left unchanged and reported.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from rowhouse.domain.addresses import AddressSyntaxError, MappedAddressError
from rowhouse.k8s.mirror.desired import (
    SIZE_LIMIT,
    DesiredObjects,
    DesiredPool,
    Problem,
    Reserved,
    desired_objects,
    smaller,
)
from rowhouse.k8s.mirror.observed import (
    POOLS,
    RESERVATIONS,
    SLICE_POOLS,
    ObservedPool,
    ObservedReservation,
    ObservedSlicePool,
)
from rowhouse.k8s.mirror.slices import DesiredSlicePool, slice_pool_names
from rowhouse.k8s.mirror.writes import Change, Target, change_of
from rowhouse.k8s.whereabouts.annotations import NETWORK
from rowhouse.k8s.whereabouts.names import readings_of_reservation
from rowhouse.k8s.whereabouts.offsets import BadKey, address_at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rowhouse.k8s.mirror.observed import ObservedObjects
    from rowhouse.store.cluster.mirror import MirrorStore, Pool, Slice

Name: TypeAlias = tuple[str, str]
"""Kind and name of an object."""
_SHOWN: Final = 3
IMPORT_FIRST: Final = (
    "import them (`rowhouse import whereabouts`), or let `rowhouse mirror resync --overwrite`"
    " remove them"
)


@dataclass(slots=True)
class Planner:
    """Knows which objects belong to which pool.

    Args:
        store: the database.
        observed: the objects in the cluster.
        overwrite: also remove entries that the history does not know.
    """

    store: MirrorStore
    observed: ObservedObjects
    overwrite: bool = False
    problems: dict[int, list[Problem]] = field(default_factory=dict)
    """By pool; 0: of no pool."""
    _names: dict[int, set[Name]] = field(default_factory=dict)
    _owner: dict[Name, int] = field(default_factory=dict)
    _withheld: dict[Name, int] = field(default_factory=dict)
    """Objects that we must not change yet, and the pool that needs them."""
    _settled: set[int] = field(default_factory=set)
    _limits: dict[int, int] = field(default_factory=dict)

    def pool_of(self, kind: str, name: str) -> int | None:
        """Return the pool that an object belongs to, or should belong to."""
        return self._owner.get((kind, name), self._withheld.get((kind, name)))

    def known_pools(self) -> set[int]:
        """Return the pools that have objects."""
        return set(self._names)

    def shrink(self, pool: int) -> None:
        """Record that an object of this pool was too large, to make it smaller the next time."""
        self._limits[pool] = smaller(self._limits.get(pool, SIZE_LIMIT))

    def forget(self, change: Change) -> None:
        """Record that an object was deleted."""
        name = (change.kind, change.name)
        owner = self._owner.pop(name, None)
        if owner in self._names:
            self._names[owner].discard(name)
            if not self._names[owner]:
                del self._names[owner]

    def changes(self, dirty: Iterable[int]) -> Iterator[Change]:
        """Return the writes for some pools. Raises TryAgain, NotReady."""
        pools = {pool.id: pool for pool in self.store.pools()}
        slices: defaultdict[int, list[Slice]] = defaultdict(list)
        for one in self.store.slices():
            slices[one.pool_id].append(one)
        mine: dict[int, set[Name]] = {}
        for number in sorted(dirty):
            pool = pools.get(number)
            for name in [name for name, wanting in self._withheld.items() if wanting == number]:
                del self._withheld[name]
            if pool is None:
                found = DesiredObjects()
            else:
                held = self.store.addresses(number)
                limit = self._limits.get(number, SIZE_LIMIT)
                called = self._slice_pool_names(pool, slices[number], pools)
                found = desired_objects(pool, slices[number], held, slice_pools=called, limit=limit)
            mine[number] = set()
            yield from self._claimed(number, found, pools, mine[number])
            self._note(number, found.problems)
        # Last, because an address that one pool lost may have moved to another pool.
        for number, names in mine.items():
            yield from self._given_up(number, names)

    def _claimed(
        self, number: int, found: DesiredObjects, pools: dict[int, Pool], mine: set[Name]
    ) -> Iterator[Change]:
        """Return the writes for the desired objects of a pool; add their names to `mine`."""
        objects: dict[Name, Target] = {(POOLS, name): pool for name, pool in found.pools.items()}
        objects |= {(RESERVATIONS, name): one for name, one in found.reservations.items()}
        if found.slice_pools and SLICE_POOLS in self.observed.is_unknown:
            found.problems.append(_without_kind(next(iter(found.slice_pools))))
        else:
            objects |= {(SLICE_POOLS, name): one for name, one in found.slice_pools.items()}
        for name, target in objects.items():
            owner = self._owner.get(name, number)
            other = pools.get(owner) if owner != number else None
            # An address may move between pools of one network; that is not a name conflict.
            if other is not None and (
                name[0] != RESERVATIONS or other.network != pools[number].network
            ):
                found.problems.append(_clash(name, other))
                continue
            change = change_of(*name, target, self.observed.get(*name))
            unknown = self._unknown_in(change) if change and not self._is_settled(number) else []
            if unknown:
                self._withheld[name] = number
                found.problems.append(_unknown(name, unknown))
                continue
            if owner != number and owner in self._names:
                self._names[owner].discard(name)
            self._owner[name] = number
            mine.add(name)
            if change is not None:
                yield change

    def _slice_pool_names(
        self, pool: Pool, slices: list[Slice], pools: dict[int, Pool]
    ) -> set[str]:
        if not any(one.is_own for one in slices):
            return set()
        networks = {one.network for one in pools.values()}
        observed = {
            name: (one.content.range, one.annotations.get(NETWORK))
            for name, one in self.observed.objects[SLICE_POOLS].items()
            if isinstance(one, ObservedSlicePool) and name not in networks
        }
        return slice_pool_names(pool, self.store.cni_networks(pool.id), observed)

    def _given_up(self, number: int, mine: set[Name]) -> Iterator[Change]:
        """Return the deletions of the pool's objects that are not in `mine`."""
        for name in self._names.get(number, set()) - mine:
            if self._owner.get(name) != number:
                continue
            change = change_of(*name, None, self.observed.get(*name))
            if change is None:
                del self._owner[name]
            else:
                mine.add(name)  # until it is gone
                yield change
        if mine:
            self._names[number] = mine
        else:
            self._names.pop(number, None)

    def _note(self, number: int, problems: list[Problem]) -> None:
        if any(one.reason == "unknown" for one in problems):
            self._settled.discard(number)
        else:
            self._settled.add(number)
        if problems:
            self.problems[number] = problems
        else:
            self.problems.pop(number, None)

    def orphans(self) -> Iterator[Change]:
        """Return the deletions of objects without a pool, after all pools were compared. Raises TryAgain, NotReady."""
        problems: list[Problem] = []
        for kind in (POOLS, SLICE_POOLS):
            for name, observed in self.observed.objects[kind].items():
                if self.pool_of(kind, name) is not None:
                    continue
                # A NodeSlicePool holds no address, so one that we wrote can go with its pool.
                is_ours = (
                    isinstance(observed, ObservedSlicePool) and NETWORK in observed.annotations
                )
                if self.overwrite or is_ours:
                    yield Change(kind, name, observed, None)
                else:
                    text = "it belongs to no pool of the database and is left as it is; import it or delete it"
                    problems.append(Problem(reason="foreign", object=f"{kind}/{name}", text=text))
        ours, foreign = self._orphaned_reservations()
        for name in ours + (foreign if self.overwrite else []):
            yield Change(RESERVATIONS, name, self.observed.get(RESERVATIONS, name), None)
        if foreign and not self.overwrite:
            text = f"was never in the database, like {len(foreign) - 1} more; they are left as they are; {IMPORT_FIRST}"
            problems.append(
                Problem(reason="foreign", object=f"{RESERVATIONS}/{foreign[0]}", text=text)
            )
        self.problems[0] = problems
        if not problems:
            del self.problems[0]

    def _orphaned_reservations(self) -> tuple[list[str], list[str]]:
        """Return the names of those that the history knows, and of the others."""
        asked: defaultdict[str, dict[tuple[str, str], str]] = defaultdict(dict)
        orphaned: set[str] = set()
        for name, observed in self.observed.objects[RESERVATIONS].items():
            if self.pool_of(RESERVATIONS, name) is not None or not isinstance(
                observed, ObservedReservation
            ):
                continue
            orphaned.add(name)
            for network, address in readings_of_reservation(name):
                asked[network][address, observed.content.podref] = name
        known: set[str] = set()
        for network, holders in asked.items():
            unknown = set(self.store.unknown(network, list(holders)))
            known |= {name for holder, name in holders.items() if holder not in unknown}
        return sorted(known), sorted(orphaned - known)

    def _is_settled(self, number: int) -> bool:
        return self.overwrite or number in self._settled

    def _unknown_in(self, change: Change) -> list[tuple[str, str]]:
        """Return (address, podref) of entries that a change would remove and the history does not know."""
        observed, target = change.observed, change.desired
        if isinstance(observed, ObservedPool) and isinstance(target, DesiredPool):
            return self._unknown_holders(observed, target)
        if isinstance(observed, ObservedReservation) and isinstance(target, Reserved):
            return self._unknown_owner(change.name, observed, target)
        if isinstance(observed, ObservedSlicePool) and isinstance(target, DesiredSlicePool):
            is_ours = NETWORK in observed.annotations
            lost = observed.content.taken() - target.content.taken()
            return [] if is_ours else [(part, node) for node, part in sorted(lost)]
        return []

    def _unknown_holders(
        self, observed: ObservedPool, target: DesiredPool
    ) -> list[tuple[str, str]]:
        lost = {
            key: holder
            for key, holder in observed.allocations.items()
            if (known := target.allocations.get(key)) is None or known.podref != holder.podref
        }
        holders = []
        for key, holder in lost.items():
            try:
                holders.append((address_at(observed.range, key), holder.podref))
            except (BadKey, AddressSyntaxError, MappedAddressError):
                continue  # upstream ignores such a key as well
        return self.store.unknown(target.network, holders) if holders else []

    def _unknown_owner(
        self, name: str, observed: ObservedReservation, target: Reserved
    ) -> list[tuple[str, str]]:
        podref = observed.content.podref
        if podref == target.podref:
            return []
        for network, address in readings_of_reservation(name):
            if not self.store.unknown(network, [(address, podref)]):
                return []
        return [(name, podref)]


def _clash(name: Name, other: Pool) -> Problem:
    return Problem(
        reason="name",
        object="/".join(name),
        text=f"not mirrored: pool {other.cidr} of network {other.network!r} has an object of the same name",
    )


def _without_kind(name: str) -> Problem:
    return Problem(
        reason="absent",
        object=f"{SLICE_POOLS}/{name}",
        text="not mirrored: the cluster has no CRD NodeSlicePool, which whereabouts has since v0.8",
    )


def _unknown(name: Name, unknown: list[tuple[str, str]]) -> Problem:
    some = ", ".join(f"{address} of {podref or 'no pod'}" for address, podref in unknown[:_SHOWN])
    more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
    return Problem(
        reason="unknown",
        object="/".join(name),
        text=f"left as it is: it contains {some}{more}, which the database never had; {IMPORT_FIRST}",
    )
