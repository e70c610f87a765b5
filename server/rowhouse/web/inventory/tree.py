"""The prefixes of a network as a tree: pools, the prefixes above them, and what is free between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network, summarize_address_range
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.web.overview.figures import PoolFigures

Prefix: TypeAlias = IPv4Network | IPv6Network

SHORTEST: Final = {4: 8, 6: 32}
"""The shortest prefix that stands above pools: a shorter one would only say that they are far apart."""

MAX_DEPTH: Final = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line: a pool, a prefix above pools, or a gap (`cidr` is the largest prefix that is free in it)."""

    kind: Literal["pool", "above", "gap"]
    depth: int
    cidr: str
    text: str
    addresses: int
    figures: PoolFigures | None = None


@dataclass(slots=True)
class _Node:
    prefix: Prefix
    figures: PoolFigures | None = None
    below: list[_Node] = field(default_factory=list)


def lines(pools: Sequence[PoolFigures]) -> list[Line]:
    """Return the pools of one network as lines, from the lowest address; a pool comes before those in it."""
    found: list[Line] = []
    for version in (4, 6):
        nodes = sorted(
            (
                _Node(prefix, one)
                for one in pools
                if (prefix := ip_network(one.pool.cidr)).version == version
            ),
            key=lambda node: (int(node.prefix.network_address), node.prefix.prefixlen),
        )
        for root in _above(_nested(nodes), version):
            found += _lines(root, 0)
    return found


def _nested(nodes: Sequence[_Node]) -> list[_Node]:
    """Put each prefix below the smallest one that contains it. CIDRs nest or are disjoint."""
    roots: list[_Node] = []
    path: list[_Node] = []
    for node in nodes:
        while path and int(path[-1].prefix.broadcast_address) < int(node.prefix.network_address):
            path.pop()
        (path[-1].below if path else roots).append(node)
        path.append(node)
    return roots


def _above(roots: Sequence[_Node], version: int) -> Iterator[_Node]:
    """Put the roots below the smallest prefixes that contain several of them."""
    groups: dict[int, list[_Node]] = {}
    shift = (32 if version == 4 else 128) - SHORTEST[version]  # noqa: PLR2004 - IPv4
    for root in roots:
        groups.setdefault(int(root.prefix.network_address) >> shift, []).append(root)
    for group in groups.values():
        if len(group) == 1:
            yield group[0]
            continue
        low = int(group[0].prefix.network_address)
        bits = (low ^ int(group[-1].prefix.broadcast_address)).bit_length()
        prefix = ip_network((low >> bits << bits, group[0].prefix.max_prefixlen - bits))
        yield _Node(prefix, None, group)


def _lines(node: _Node, depth: int) -> Iterator[Line]:
    prefix = node.prefix
    yield Line(
        kind="above" if node.figures is None else "pool",
        depth=min(depth, MAX_DEPTH),
        cidr=str(prefix),
        text=str(prefix),
        addresses=prefix.num_addresses,
        figures=node.figures,
    )
    if not node.below:
        return
    begins = int(prefix.network_address)
    for below in node.below:
        yield from _gap(begins, int(below.prefix.network_address) - 1, prefix, depth + 1)
        yield from _lines(below, depth + 1)
        begins = int(below.prefix.broadcast_address) + 1
    yield from _gap(begins, int(prefix.broadcast_address), prefix, depth + 1)


def _gap(low: int, high: int, within: Prefix, depth: int) -> Iterator[Line]:
    if low > high:
        return
    kind = type(within.network_address)
    first, last = kind(low), kind(high)
    parts: list[Prefix] = [*summarize_address_range(first, last)]
    free = max(parts, key=lambda one: one.num_addresses)
    whole = free.num_addresses == high - low + 1
    yield Line(
        kind="gap",
        depth=min(depth, MAX_DEPTH),
        cidr=str(free),
        text=str(free) if whole else f"{first} to {last}",
        addresses=high - low + 1,
    )
