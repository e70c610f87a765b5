"""The requests to the allocator, and its answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Segment = tuple[str, str]
"""An inclusive `first`-`last` pair of addresses as canonical text, without prefix length."""


LastingKind: TypeAlias = Literal["claim", "virtual_machine", "workload"]
"""Owners that outlive a pod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastingOwner:
    """An owner that outlives the pod which uses its address. It keeps the address until it is released.

    A virtual machine may have several sandboxes at once (a live migration), and so may a claim if the pod is one of a
    machine (`may_share`); a workload may have one.
    `object_kind` and `object_name` name the Kubernetes object whose existence keeps the address ("": none, so the
    address stays for `sticky_ttl` after the last detach). An object of the same name with another `object_uid` does not
    inherit the address ("": the name alone counts). `interface` is "" for a claim, which is for one network.
    `is_observed`: the uid comes from a watch, which may be late. `requests` are the addresses that the object asks for,
    as CIDRs or addresses.
    """

    kind: LastingKind
    name: str
    interface: str
    object_kind: str = ""
    object_name: str = ""
    object_uid: str = ""
    is_observed: bool = False
    requests: tuple[str, ...] = ()
    may_share: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """The owner of an address: an interface of a pod, by names; `uid` tells a recreated pod from a restarted one.

    With `lasting`, the owner is that one, and the names are those of the pod that uses the address.

    `sticky` keeps the reservation after the last detach, for `sticky_ttl` seconds (None: until released).
    `reuse_delay` is the quarantine of a released address in seconds (None: the pool's value). All three are
    fixed when the reservation is made; a later ADD does not change them.
    """

    cluster: str
    namespace: str
    name: str
    interface: str
    uid: str | None = None
    sticky: bool = False
    sticky_ttl: float | None = None
    reuse_delay: float | None = None
    lasting: LastingOwner | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The sandbox that uses an address: the key of a release (CNI SPEC section 2: container id and interface).

    `network_name` is the `name` of the CNI network configuration, to which a GC is limited. `mac` is the MAC address
    that the runtime requests for the interface, None if it requests none. Neither is part of the key.
    """

    cluster: str
    node: str
    container_id: str
    interface: str
    network_name: str = ""
    mac: str | None = None


@dataclass(frozen=True, slots=True)
class PodIdentity:
    """The pod in the call's CNI_ARGS, from the kubelet; empty if absent."""

    namespace: str = ""
    name: str = ""
    uid: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeRequest:
    """A request for one address from one range.

    Either `cidr` (canonical text, host bits masked) with the `segments` that may be assigned, in
    ascending order, disjoint, at least one; or `pool`, the name of a pool that lives in the database,
    whose own window counts. `network` is the address space (`network_name`, "" is the default one).

    `isolated` (`enable_overlapping_ranges: false`) gives the pool its own address space.
    `requested` is the requested address, or None. `slot` distinguishes several addresses of one owner in
    one pool: 0 for the first mention of the pool in a call, 1 for the second.
    `node_slice_size` is a prefix length: each node gets addresses from its own slice of that size.

    `has_candidates`: the segments are candidates, any of which will do. A pool by name assigns those in its window.
    With `candidate_names`, the candidates are the addresses of the segments that are in ranges for requests of one of
    these names.

    `gateways` are those that the network configuration has inside the CIDR. The database records them and
    does not assign them to any caller. None, for a pool by name without a gateway: the main plugin takes the
    first address after the network address.
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
    has_candidates: bool = False
    candidate_names: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """An address that was assigned.

    `address` without and `prefix_length` of the pool's CIDR; `pool_gateway` is the gateway kept in the
    database for a pool by name, None otherwise. `created` is False if the owner already held it.
    `rival` describes another pod (uid) with the owner's name that recently attached it on another node.
    """

    network: str
    cidr: str
    address: str
    prefix_length: int
    pool_gateway: str | None
    created: bool
    rival: str | None = None
