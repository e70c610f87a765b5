"""Running pods and their networks, regardless of the IPAM that assigned their addresses. Pure."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from netaddr import IPNetwork

from rowhouse.domain.addresses import format_address, parse_address
from rowhouse.domain.importing import (
    Inventory,
    KnownAddress,
    KnownSandbox,
    NotTaken,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from rowhouse.domain.importing import KnownPool, KnownRanges
    from rowhouse.domain.network_status import AttachedInterface

_NO_RANGE: Final = "outside every range of its network; change the network or the pod"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPod:
    """A running pod. `uid` is the one that the runtime passes to CNI plugins; for a static pod, the kubelet's."""

    namespace: str
    name: str
    uid: str
    node: str
    created_at: datetime
    interfaces: tuple[AttachedInterface, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPods:
    """All running pods of a cluster; `listed_at` is no later than the time of the list."""

    pods: tuple[RunningPod, ...]
    listed_at: datetime
    not_taken: tuple[NotTaken, ...] = ()


def inventory_of(
    running: RunningPods,
    ranges: Mapping[str, KnownRanges],
    unusable: Mapping[str, str],
) -> Inventory:
    """Convert the running pods to an inventory: every address once, everything else with a reason.

    Args:
        running: the pods.
        ranges: ranges and gateways by NAMESPACE/NAME of the NAD.
        unusable: reasons by NAMESPACE/NAME of NADs that are unreadable or of another IPAM.
    """
    known_pools = dict.fromkeys(pool for one in ranges.values() for pool in one.pools)
    blocks = {pool: IPNetwork(pool.cidr) for pool in known_pools}
    not_taken = list(running.not_taken)
    claims: defaultdict[tuple[str, str, str], list[tuple[RunningPod, KnownAddress]]] = defaultdict(
        list
    )
    for pod in sorted(running.pods, key=lambda one: (one.created_at, one.namespace, one.name)):
        for one in pod.interfaces:
            if one.network in unusable:
                continue
            for text in one.addresses:
                known_ranges = ranges.get(one.network)
                pools = known_ranges.pools if known_ranges is not None else None
                found = _address(pod, one, text, pools, blocks)
                if isinstance(found, NotTaken):
                    not_taken.append(found)
                else:
                    space = found.pool.cidr if found.pool.isolated else ""
                    claims[found.pool.network, space, found.address].append((pod, found))
    known: list[KnownAddress] = []
    for claimed in claims.values():
        holder, losers = _one_owner(claimed)
        known.append(holder)
        not_taken += losers
    for network, reason in sorted(unusable.items()):
        not_taken.append(NotTaken(source=f"network {network}", reason=reason))
    places = {pool: n for n, pool in enumerate(known_pools)}
    known.sort(key=lambda one: (places[one.pool], int(parse_address(one.address))))
    gateways = dict.fromkeys(hop for one in ranges.values() for hop in one.gateways)
    return Inventory(
        pools=tuple(known_pools),
        addresses=tuple(known),
        gateways=tuple(gateways),
        not_taken=tuple(not_taken),
    )


def _address(
    pod: RunningPod,
    one: AttachedInterface,
    text: str,
    pools: Sequence[KnownPool] | None,
    blocks: Mapping[KnownPool, IPNetwork],
) -> KnownAddress | NotTaken:
    source = f"pod {pod.namespace}/{pod.name} {one.interface} ({one.network})"
    if pools is None:
        return NotTaken(source=source, reason=f"{text}: its NAD no longer exists")
    try:
        address = parse_address(text.partition("/")[0])
    except ValueError as error:
        return NotTaken(source=source, reason=f"{text} is not an address: {error}")
    pool = next((pool for pool in pools if address in blocks[pool]), None)
    if pool is None:
        return NotTaken(source=source, reason=f"{text} is {_NO_RANGE}")
    return KnownAddress(
        pool=pool,
        address=format_address(address),
        source=source,
        namespace=pod.namespace,
        name=pod.name,
        interface=one.interface,
        uid=pod.uid,
        sandboxes=(KnownSandbox(container_id="", interface=one.interface, node=pod.node),),
        description=f"MAC {one.mac}" if one.mac else "",
    )


def _one_owner(
    claimed: list[tuple[RunningPod, KnownAddress]],
) -> tuple[KnownAddress, list[NotTaken]]:
    """Choose the older pod, so that no third pod gets the address; report the others."""
    pod, first = claimed[0]
    others = [
        (p, one) for p, one in claimed[1:] if (p.namespace, p.name) != (pod.namespace, pod.name)
    ]
    if not others:
        return first, []
    names = ", ".join(f"{p.namespace}/{p.name} on node {p.node}" for p, _ in others)
    note = f"{first.address} is also used by {names}: delete one of them"
    losers = [
        NotTaken(
            source=one.source,
            reason=f"{one.address} is also used by {pod.namespace}/{pod.name} on node {pod.node}, which gets it",
        )
        for _, one in others
    ]
    return replace(first, notes=(*first.notes, note)), losers
