"""NodeSlicePools: which nodes have which slices of a pool, as whereabouts' node-slice controller writes it. Pure."""

from __future__ import annotations

import ipaddress
from collections import Counter
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from rowhouse.k8s.whereabouts.annotations import LEFT_OUT, NETWORK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from rowhouse.store.cluster.mirror import Pool, Slice

    Block: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

MAX_SLICES: Final = 10_000
"""Maximum per object: each takes about 70 bytes, and an object has at most 1.5 MiB (whereabouts 497)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePool:
    """The content of a NodeSlicePool: its range, the size as "/28", and (node, slice), "" for no node."""

    range: str
    size: str
    slices: tuple[tuple[str, str], ...]

    def spec(self) -> dict[str, Any]:
        """Its form in the object."""
        return {"range": self.range, "sliceSize": self.size}

    def status(self) -> dict[str, Any]:
        """Its form in the object, whose CRD has no status subresource."""
        return {
            "allocations": [{"nodeName": node, "sliceRange": part} for node, part in self.slices]
        }

    def taken(self) -> set[tuple[str, str]]:
        """Return (node, slice) of the assigned slices."""
        return {(node, part) for node, part in self.slices if node}


@dataclass(frozen=True, slots=True, kw_only=True)
class DesiredSlicePool:
    """A desired NodeSlicePool. `left_out` says what it omits, "" if nothing."""

    network: str
    content: SlicePool
    left_out: str = ""

    def annotations(self) -> dict[str, str]:
        """The annotations that the mirror writes."""
        found = {NETWORK: self.network}
        return found | {LEFT_OUT: self.left_out} if self.left_out else found


def desired_slice_pool(pool: Pool, slices: Sequence[Slice]) -> DesiredSlicePool:
    """Return the NodeSlicePool of a pool: the slices of this cluster's nodes, and the free ones.

    It omits the slices of other clusters' nodes, because this cluster must not assign them.
    """
    whole = ipaddress.ip_network(pool.cidr)
    sizes = Counter(ipaddress.ip_network(one.cidr).prefixlen for one in slices)
    length = max(sizes, key=lambda one: (sizes[one], one))
    mine = {ipaddress.ip_network(one.cidr): one.node for one in slices if one.is_own}
    taken = sorted((ipaddress.ip_network(one.cidr) for one in slices), key=_first)
    room = max(0, MAX_SLICES - len(mine))
    free = list(islice(_free(whole, length, taken), room + 1))
    left_out = ""
    if len(free) > room:
        free = free[:room]
        left_out = "free slices: the object would be too large"
    blocks: dict[Block, str] = dict.fromkeys(free, "") | mine
    return DesiredSlicePool(
        network=pool.network,
        content=SlicePool(
            range=str(whole),
            size=f"/{length}",
            slices=tuple((blocks[one], str(one)) for one in sorted(blocks, key=_first)),
        ),
        left_out=left_out,
    )


def slice_pool_names(
    pool: Pool, cni_networks: Iterable[str], observed: Mapping[str, tuple[str, str | None]]
) -> set[str]:
    """Return the names of a pool's NodeSlicePools. whereabouts names them after the network or the CNI network.

    In the default network, each CNI network (each NAD) has its own. Existing ones stay while no pod uses them. Without
    any of these names, the pool's CIDR is the name.

    Args:
        pool: the pool.
        cni_networks: the CNI networks of the sandboxes that use it now.
        observed: the existing objects: name → (range, network in our annotation, None without one).
    """
    if pool.network:
        return {pool.network}
    fallback = pool.cidr.replace(":", "-").replace("/", "-")
    there = {
        name
        for name, (cidr, network) in observed.items()
        if _masked(cidr) == pool.cidr and network in {"", None} and name != fallback
    }
    return {*cni_networks, *there} or {fallback}


def _free(whole: Block, length: int, taken: Sequence[Block]) -> Iterator[Block]:
    """Yield the slices of a size that overlap none of `taken`, which is sorted; lowest first."""
    at, end = int(whole.network_address), int(whole.broadcast_address)
    step = 1 << (whole.max_prefixlen - length)
    position = 0
    kind = type(whole)
    while at + step - 1 <= end:
        while position < len(taken) and int(taken[position].broadcast_address) < at:
            position += 1
        if position < len(taken) and int(taken[position].network_address) < at + step:
            last = int(taken[position].broadcast_address)
            at += step * (max(1, -(-(last + 1 - at) // step)))
            continue
        yield kind((at, length))
        at += step


def _masked(text: str) -> str:
    # "first-last/length" is also a range; its CIDR is that of the last part.
    try:
        return str(ipaddress.ip_network(text.rpartition("-")[2].strip(), strict=False))
    except ValueError:
        return ""


def _first(block: Block) -> int:
    return int(block.network_address)
