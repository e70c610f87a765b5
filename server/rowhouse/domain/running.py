"""Pods that run and the networks that they are attached to, whatever IPAM assigned their addresses. Pure."""

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

_NO_RANGE: Final = "outside every range of its network: change the network or the pod"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPod:
    """A pod that runs. `uid` is the one that its runtime tells a CNI plugin, of a static pod its kubelet's."""

    namespace: str
    name: str
    uid: str
    node: str
    created_at: datetime
    interfaces: tuple[AttachedInterface, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningPods:
    """All of a cluster; `listed_at` is a moment at which the list was not made yet, or just."""

    pods: tuple[RunningPod, ...]
    listed_at: datetime
    not_taken: tuple[NotTaken, ...] = ()


def inventory_of(
    running: RunningPods,
    ranges: Mapping[str, KnownRanges],
    unusable: Mapping[str, str],
) -> Inventory:
    """What the running pods come to: every address once, everything else with a reason.

    Args:
        running: the pods.
        ranges: by NAMESPACE/NAME of a NAD: its ranges and gateways.
        unusable: by NAMESPACE/NAME of a NAD whose addresses are none of ours, or that cannot be read: why.
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
        return NotTaken(source=source, reason=f"{text}: there is no such NAD any more")
    try:
        address = parse_address(text.partition("/")[0])
    except ValueError as error:
        return NotTaken(source=source, reason=f"{text} is no address: {error}")
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
    """The older pod, so that no third one gets the address; each other one is told of."""
    pod, first = claimed[0]
    others = [
        (p, one) for p, one in claimed[1:] if (p.namespace, p.name) != (pod.namespace, pod.name)
    ]
    if not others:
        return first, []
    names = ", ".join(f"{p.namespace}/{p.name} on node {p.node}" for p, _ in others)
    note = f"{first.address} is also that of {names}: delete one of them"
    losers = [
        NotTaken(
            source=one.source,
            reason=f"{one.address} is also that of {pod.namespace}/{pod.name} on node {pod.node}, which has it here",
        )
        for _, one in others
    ]
    return replace(first, notes=(*first.notes, note)), losers
