"""The prefixes of a network as a tree: pools, the prefixes above them, and what is free between them.

A network may have thousands of pools, and a page shows some of its lines: addresses are numbers until they are shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_network, summarize_address_range
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rowhouse.store.connection.reads import Record

SHORTEST: Final = {4: 8, 6: 32}
"""The shortest prefix that stands above pools: a shorter one would only say that they are far apart."""

MAX_DEPTH: Final = 6
_BITS: Final = {4: 32, 6: 128}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line: a pool (`pool` is its row), a prefix above pools, or a gap, from the number `first` to `last`."""

    kind: Literal["pool", "above", "gap"]
    depth: int
    version: int
    first: int
    last: int
    pool: Record | None = None

    @property
    def addresses(self) -> int:
        """How many addresses it has."""
        return self.last - self.first + 1

    @property
    def cidr(self) -> str:
        """The prefix; of a gap, the largest prefix that is free in it."""
        parts = summarize_address_range(*self._ends())
        return str(max(parts, key=lambda one: one.num_addresses))

    @property
    def text(self) -> str:
        """The prefix, or both ends of a gap that is not one prefix."""
        if not self.addresses & (self.addresses - 1) and self.first % self.addresses == 0:
            return self.cidr
        first, last = self._ends()
        return f"{first} to {last}"

    def _ends(self) -> tuple[IPv4Address, IPv4Address] | tuple[IPv6Address, IPv6Address]:
        if self.version == 4:  # noqa: PLR2004 - IPv4
            return IPv4Address(self.first), IPv4Address(self.last)
        return IPv6Address(self.first), IPv6Address(self.last)


@dataclass(slots=True)
class _Node:
    first: int
    last: int
    pool: Record | None = None
    below: list[_Node] = field(default_factory=list)


def lines(pools: Sequence[Record]) -> list[Line]:
    """Return the pools of one network as lines, from the lowest address; a pool comes before those in it."""
    nodes: dict[int, list[_Node]] = {4: [], 6: []}
    for pool in pools:
        version, first, last = _ends_of(pool.cidr)
        nodes[version].append(_Node(first, last, pool))
    found: list[Line] = []
    for version, of_version in nodes.items():
        of_version.sort(key=lambda node: (node.first, -node.last))
        for root in _above(_nested(of_version), version):
            found += _lines(root, version, 0)
    return found


@lru_cache(maxsize=4096)
def _ends_of(cidr: str) -> tuple[int, int, int]:
    prefix = ip_network(cidr)
    return prefix.version, int(prefix.network_address), int(prefix.broadcast_address)


def _nested(nodes: Sequence[_Node]) -> list[_Node]:
    """Put each prefix below the smallest one that contains it. CIDRs nest or are disjoint."""
    roots: list[_Node] = []
    path: list[_Node] = []
    for node in nodes:
        while path and path[-1].last < node.first:
            path.pop()
        (path[-1].below if path else roots).append(node)
        path.append(node)
    return roots


def _above(roots: Sequence[_Node], version: int) -> Iterator[_Node]:
    """Put the roots below the smallest prefixes that contain several of them."""
    groups: dict[int, list[_Node]] = {}
    shift = _BITS[version] - SHORTEST[version]
    for root in roots:
        groups.setdefault(root.first >> shift, []).append(root)
    for group in groups.values():
        if len(group) == 1:
            yield group[0]
            continue
        bits = (group[0].first ^ group[-1].last).bit_length()
        first = group[0].first >> bits << bits
        yield _Node(first, first + (1 << bits) - 1, None, group)


def _lines(node: _Node, version: int, depth: int) -> Iterator[Line]:
    yield Line(
        kind="above" if node.pool is None else "pool",
        depth=min(depth, MAX_DEPTH),
        version=version,
        first=node.first,
        last=node.last,
        pool=node.pool,
    )
    if not node.below:
        return
    begins = node.first
    for below in node.below:
        yield from _gap(begins, below.first - 1, version, depth + 1)
        yield from _lines(below, version, depth + 1)
        begins = below.last + 1
    yield from _gap(begins, node.last, version, depth + 1)


def _gap(first: int, last: int, version: int, depth: int) -> Iterator[Line]:
    if first <= last:
        yield Line(kind="gap", depth=min(depth, MAX_DEPTH), version=version, first=first, last=last)
