"""Convert the objects of a cluster to an inventory: every address once, everything else with a reason."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress

from rowhouse.domain.importing import Inventory, KnownAddress, KnownSandbox, NotTaken
from rowhouse.importers.whereabouts.allocations import Join
from rowhouse.importers.whereabouts.evidence import Evidence, readings
from rowhouse.importers.whereabouts.places import Places
from rowhouse.importers.whereabouts.pools import SourcePool, source_pool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rowhouse.domain.importing import KnownPool, KnownSlice
    from rowhouse.importers.whereabouts.allocations import Allocation
    from rowhouse.importers.whereabouts.objects import LivePod, Objects

NO_CONTAINER: Final = (
    "no container id: released by the controller when its pod is gone, not by a DEL"
)
NO_INTERFACE: Final = "its interface is unknown: the first matching ADD or DEL of the pod sets it"
NO_POD: Final = "there is no pod with this name: the controller will release it"
NO_PODREF: Final = "it names no pod: it stays reserved until it is released by hand"


def inventory(objects: Objects, *, isolated: frozenset[str] = frozenset()) -> Inventory:
    """Build the inventory. `isolated`: names or CIDRs of IPPools with their own address space."""
    places = Places()
    for obj in objects.slice_pools:
        places.add(obj)
    reservations = [(obj, readings(obj)) for obj in objects.reservations]
    evidence = Evidence(reservations, objects.pools)
    read = [source_pool(obj, places, evidence, isolated) for obj in objects.pools]
    pools = [one for one in read if isinstance(one, SourcePool)]
    slices = places.slices(pools, isolated)
    join = Join([*pools, *_empty(slices)], reservations)
    by_address: dict[tuple[str, str, str], list[Allocation]] = defaultdict(list)
    for one in join.allocations():
        pool = one.pool.pool
        space = pool.cidr if pool.isolated else ""
        by_address[pool.network, space, one.address].append(one)
    losers: list[NotTaken] = []
    addresses = [_one_owner(found, objects.pods, losers) for found in by_address.values()]
    known: dict[KnownPool, None] = dict.fromkeys(
        [*(pool.pool for pool in pools), *(one.pool for one in slices)]
    )
    return Inventory(
        pools=tuple(known),
        slices=tuple(slices),
        addresses=tuple(_in_order(addresses, list(known), objects.pods)),
        not_taken=(
            *objects.unreadable,
            *places.not_taken,
            *(one for one in read if isinstance(one, NotTaken)),
            *join.not_taken,
            *losers,
        ),
    )


def _empty(slices: Sequence[KnownSlice]) -> list[SourcePool]:
    """Return slices as empty pools, for reservations that are in no IPPool."""
    return [
        SourcePool(
            name=f"slice {one.slice} of node {one.node}",
            written=one.slice,
            pool=one.pool,
            node=one.node,
            allocations={},
        )
        for one in slices
    ]


def _one_owner(
    found: Sequence[Allocation],
    pods: dict[tuple[str, str], LivePod] | None,
    losers: list[NotTaken],
) -> KnownAddress:
    """Choose the owner of an address. Interfaces of one pod can share it; of several pods, only one gets it.

    That is the pod whose network status has the address; else the pod whose entry in a pool has a reservation.
    """

    def weight(one: Allocation) -> tuple[bool, bool, bool]:
        return _is_listed(one, pods), one.listed, one.confirmed

    winner = max(found, key=weight)
    mine = [one for one in found if one.podref == winner.podref]
    losers.extend(
        NotTaken(
            source=one.source,
            reason=f"{one.address} of {one.podref or 'no pod'} is also used by {winner.podref or 'no pod'}"
            f" ({winner.source}), which gets it",
        )
        for one in found
        if one.podref != winner.podref
    )
    mine.sort(key=lambda one: one is not winner)
    return _known(mine, pods)


def _known(mine: Sequence[Allocation], pods: dict[tuple[str, str], LivePod] | None) -> KnownAddress:
    first = mine[0]
    namespace, slash, name = first.podref.partition("/")
    notes = [note for one in mine for note in one.notes]
    if not slash or not name:
        return KnownAddress(
            pool=first.pool.pool,
            address=first.address,
            source=first.source,
            kind="static",
            name=first.podref or first.container_id or f"unknown-{first.address}",
            description=f"imported from whereabouts without a pod, container id {first.container_id or 'unknown'}",
            notes=(*notes, NO_PODREF),
        )
    pod = pods.get((namespace, name)) if pods is not None else None
    told = pod.interfaces.get(first.address, "") if pod else ""
    sandboxes = []
    for one in mine:
        interface = one.interface or told
        node = one.pool.node or (pod.node if pod else "")
        # With a colon, it can never be the id of a real container.
        container_id = one.container_id or f"imported:{one.address}"
        sandboxes.append(KnownSandbox(container_id=container_id, interface=interface, node=node))
    if not all(one.container_id for one in mine):
        notes.append(NO_CONTAINER)
    if not sandboxes[0].interface:
        notes.append(NO_INTERFACE)
    if pods is not None and pod is None:
        notes.append(NO_POD)
    return KnownAddress(
        pool=first.pool.pool,
        address=first.address,
        source=first.source,
        namespace=namespace,
        name=name,
        interface=sandboxes[0].interface,
        # Only if its network status has the address: an earlier pod of the same name may have left the entry.
        uid=pod.uid if pod and told else None,
        sandboxes=tuple(dict.fromkeys(sandboxes)),
        notes=tuple(notes),
    )


def _in_order(
    addresses: Sequence[KnownAddress],
    pools: Sequence[KnownPool],
    pods: dict[tuple[str, str], LivePod] | None,
) -> list[KnownAddress]:
    """Sort by pool, then by address. Addresses that their pods have come before those that pods only had earlier.

    An ADD gets the first address of its owner in a pool.
    """
    number = {pool: position for position, pool in enumerate(pools)}

    def key(one: KnownAddress) -> tuple[int, bool, int]:
        stale = pods is not None and one.kind == "pod" and one.uid is None
        return number[one.pool], stale, int(IPAddress(one.address))

    return sorted(addresses, key=key)


def _is_listed(one: Allocation, pods: dict[tuple[str, str], LivePod] | None) -> bool:
    namespace, _, name = one.podref.partition("/")
    pod = pods.get((namespace, name)) if pods else None
    return pod is not None and one.address in pod.interfaces
