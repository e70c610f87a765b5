"""What a caller asks of the allocator, and what it gets."""

from __future__ import annotations

from dataclasses import dataclass

Segment = tuple[str, str]
"""An inclusive `first`-`last` pair of addresses as canonical text, without prefix length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """Who holds an address: a pod's interface, by names; `uid` tells a recreated pod from a restarted one.

    `sticky` keeps the reservation after the last detach, for `sticky_ttl` seconds (None: until released).
    `reuse_delay` seconds quarantine a released address (None: as its pool says). All three count when the
    reservation is made, and are not changed by a later ADD.
    """

    cluster: str
    namespace: str
    name: str
    interface: str
    uid: str | None = None
    sticky: bool = False
    sticky_ttl: float | None = None
    reuse_delay: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Which sandbox uses an address: the key of a release (CNI SPEC section 2: container id and interface).

    `network_name` is the `name` of the CNI network configuration: a GC is limited to it. It is not part of the key.
    """

    cluster: str
    node: str
    container_id: str
    interface: str
    network_name: str = ""


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """Which pod a call says that it is for (CNI_ARGS of the kubelet); empty where it does not say."""

    namespace: str = ""
    name: str = ""
    uid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeRequest:
    """One address is wanted from one range.

    Either `cidr` (canonical text, host bits masked) with the `segments` that may be assigned, in
    ascending order, disjoint, at least one; or `pool`, the name of a pool that lives in the database,
    whose own window counts. `network` is the address space (`network_name`, "" is the default one).

    `isolated` (`enable_overlapping_ranges: false`) gives the pool a space of its own.
    `requested` is the address asked for, or None. `slot` tells apart several addresses of one owner in
    one pool: 0 for the first mention of the pool in a call, 1 for the second.
    `node_slice_size` is a prefix length: each node draws from its own slice of that size.

    `gateways` are those that the network configuration has inside the CIDR. The database remembers them and
    does not assign them to any caller. None, for a pool by name without a gateway: the main plugin takes the
    first address behind the network address.
    """

    network: str = ""
    cidr: str = ""
    segments: tuple[Segment, ...] = ()
    pool: str | None = None
    isolated: bool = False
    requested: str | None = None
    slot: int = 0
    node_slice_size: int | None = None
    gateways: tuple[str | None, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """An address that was assigned.

    `address` without and `prefix_length` of the pool's CIDR; `pool_gateway` is the gateway kept in the
    database for a pool by name, None otherwise. `created` is False if the owner already held it.
    `rival` says where another pod (uid) of the owner's name uses it as well, on another node, since not long ago.
    """

    network: str
    cidr: str
    address: str
    prefix_length: int
    pool_gateway: str | None
    created: bool
    rival: str | None = None
