"""Compute the desired objects: pools and addresses in, IPPools and reservations out. Pure.

Format and names are those of whereabouts v0.9. What it cannot express is omitted and reported.
"""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from rowhouse.k8s.mirror.slices import DesiredSlicePool, desired_slice_pool
from rowhouse.k8s.whereabouts.annotations import LEFT_OUT, NETWORK, pool_annotations
from rowhouse.k8s.whereabouts.names import ip_pool_name, reservation_name, why_no_name
from rowhouse.k8s.whereabouts.offsets import LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rowhouse.store.cluster.mirror import Held, Pool, Slice

SIZE_LIMIT: Final = 1_572_864 - 16_384
"""Maximum bytes: etcd's default limit for a request, minus the rest of the object."""

_SMALLEST: Final = 65_536
_ENTRY: Final = len('"":{"id":"","ifname":"","podref":""},')


class Holder(NamedTuple):
    """The holder of an address; "" for unknown fields. No `podref`: not a pod of this cluster."""

    id: str
    podref: str
    ifname: str

    def spec(self) -> dict[str, str]:
        """Its form in an IPPool."""
        spec = {"id": self.id, "podref": self.podref}
        return spec | {"ifname": self.ifname} if self.ifname else spec


class Reserved(NamedTuple):
    """The content of an OverlappingRangeIPReservation; `network` None: its name can be read one way only."""

    podref: str
    ifname: str
    network: str | None = None

    def spec(self) -> dict[str, str]:
        """Its form in the object."""
        return (
            {"podref": self.podref, "ifname": self.ifname}
            if self.ifname
            else {"podref": self.podref}
        )

    def annotations(self) -> dict[str, str]:
        """The annotations that the mirror writes."""
        return {} if self.network is None else {NETWORK: self.network}


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in the database that is not mirrored. `reason` is the label for metrics."""

    reason: str
    object: str
    text: str


@dataclass(slots=True, kw_only=True)
class DesiredPool:
    """An IPPool: key → holder. `left_out` says what it omits, "" if nothing; `places`: where it belongs."""

    network: str
    range: str
    places: dict[str, str] = field(default_factory=dict)
    allocations: dict[str, Holder] = field(default_factory=dict)
    left_out: str = ""

    def spec(self) -> dict[str, Any]:
        """Its form in the object."""
        allocations = {key: holder.spec() for key, holder in self.allocations.items()}
        return {"range": self.range, "allocations": allocations}

    def annotations(self) -> dict[str, str]:
        """The annotations that the mirror writes."""
        return self.places | {LEFT_OUT: self.left_out} if self.left_out else dict(self.places)


@dataclass(slots=True)
class DesiredObjects:
    """The objects for one pool, by name, and what is not mirrored."""

    pools: dict[str, DesiredPool] = field(default_factory=dict)
    reservations: dict[str, Reserved] = field(default_factory=dict)
    slice_pools: dict[str, DesiredSlicePool] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class _Filling:
    """An IPPool under construction, and its size."""

    name: str
    pool: DesiredPool
    base: int
    end: int
    size: int = 0
    too_far: int = 0
    too_many: int = 0


def desired_objects(
    pool: Pool,
    slices: Iterable[Slice],
    held: Iterable[Held],
    *,
    slice_pools: Iterable[str] = (),
    limit: int = SIZE_LIMIT,
) -> DesiredObjects:
    """Return the objects for a pool.

    Args:
        pool: the pool.
        slices: the slices of this pool. Each slice of this cluster becomes an IPPool, as upstream does it. The pool
            itself then becomes one only if an address is outside all slices.
        held: the addresses in use, lowest first.
        slice_pools: the names of the pool's NodeSlicePools, if nodes of this cluster have slices.
        limit: maximum size of an IPPool in bytes.
    """
    out = DesiredObjects()
    whole = _filling(pool, pool.cidr, "")
    slices = list(slices)
    parts = sorted(
        (_filling(pool, one.cidr, one.node) for one in slices if one.is_own),
        key=lambda one: one.base,
    )
    if parts:
        out.slice_pools = dict.fromkeys(slice_pools, desired_slice_pool(pool, slices))
    at = 0
    used_whole = not parts
    for one in held:
        number = int(ipaddress.ip_address(one.address))
        while at < len(parts) and parts[at].end < number:
            at += 1
        inside = at < len(parts) and parts[at].base <= number
        used_whole = used_whole or not inside
        podref = f"{one.namespace}/{one.name}" if one.own else ""
        _put(
            parts[at] if inside else whole,
            number,
            Holder(one.container_id, podref, one.interface),
            limit,
        )
        if not pool.isolated:
            # (PostgreSQL writes some IPv6 addresses with an IPv4 address at their end, Go does not)
            text = str(ipaddress.IPv6Address(number)) if ":" in one.address else one.address
            name = reservation_name(text, network=pool.network)
            # (an IPv6 address is all dashes in a name)
            network = pool.network if ":" in text else None
            out.reservations[name] = Reserved(podref, one.interface, network)
    for filling in [*parts, whole] if used_whole else parts:
        _finish(out, filling)
    _check_names(out)
    return out


def _filling(pool: Pool, cidr: str, node: str) -> _Filling:
    block = ipaddress.ip_network(cidr)
    return _Filling(
        name=ip_pool_name(str(block), network=pool.network, node=node),
        pool=DesiredPool(
            network=pool.network,
            range=str(block),
            places=pool_annotations(
                pool.network, node=node, cidr=pool.cidr, isolated=pool.isolated
            ),
        ),
        base=int(block.network_address),
        end=int(block.broadcast_address),
    )


def _put(filling: _Filling, number: int, holder: Holder, limit: int) -> None:
    offset = number - filling.base
    if offset >= LIMIT:
        filling.too_far += 1
        return
    key = str(offset)
    size = _ENTRY + len(key) + len(holder.id) + len(holder.podref) + len(holder.ifname)
    if filling.too_many or filling.size + size > limit:
        filling.too_many += 1
        return
    filling.size += size
    filling.pool.allocations[key] = holder


def _finish(out: DesiredObjects, filling: _Filling) -> None:
    lacks = (
        ("size", filling.too_many, "the object would be too large"),
        ("key", filling.too_far, "their keys would be 2^63 or more"),
    )
    said = [(reason, f"{number} addresses: {why}") for reason, number, why in lacks if number]
    filling.pool.left_out = "; ".join(text for _, text in said)
    out.pools[filling.name] = filling.pool
    out.problems += (
        Problem(reason=reason, object=f"ippools/{filling.name}", text=f"left out: {text}")
        for reason, text in said
    )


def _check_names(out: DesiredObjects) -> None:
    """Omit what Kubernetes would refuse, and report it, once for all reservations of a pool."""
    for name, one in list(out.slice_pools.items()):
        why = why_no_name(name)
        if why:
            del out.slice_pools[name]
        if why or one.left_out:
            out.problems.append(
                Problem(
                    reason="name" if why else "size",
                    object=f"nodeslicepools/{name}",
                    text=f"not mirrored: {why}" if why else f"left out: {one.left_out}",
                )
            )
    for name in [name for name in out.pools if why_no_name(name)]:
        del out.pools[name]
        out.problems.append(
            Problem(
                reason="name", object=f"ippools/{name}", text=f"not mirrored: {why_no_name(name)}"
            )
        )
    bad = [name for name in out.reservations if why_no_name(name)]
    for name in bad:
        del out.reservations[name]
    if bad:
        out.problems.append(
            Problem(
                reason="name",
                object=f"overlappingrangeipreservations/{bad[0]}",
                text=f"not mirrored, with {len(bad) - 1} more of its pool: {why_no_name(bad[0])}",
            )
        )


def smaller(limit: int) -> int:
    """Return the next limit to try after an object was too large."""
    return max(limit * 4 // 5, _SMALLEST)
