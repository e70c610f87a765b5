"""The annotations that the mirror writes if an object's name is ambiguous, and that the import reads.

`node1-10.62.0.0-28` may be a pool of the network "node1", or node1's slice in the default network; `ab-abcd--1` may be
abcd::1 of the network "ab", or ab:abcd::1. whereabouts ignores annotations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

LEFT_OUT: Final = "rowhouse/left-out"
"""On an object that omits addresses: how many, and why."""
NETWORK: Final = "rowhouse/network"
"""The network, "" for the default one."""
NODE: Final = "rowhouse/node"
"""The node whose slice an IPPool is."""
RANGE: Final = "rowhouse/range"
"""The CIDR of the pool that a slice is part of."""
ISOLATED: Final = "rowhouse/isolated"
"""Present if addresses are unique only within the pool: enable_overlapping_ranges is false."""

_KEYS: Final = frozenset({LEFT_OUT, NETWORK, NODE, RANGE, ISOLATED})


def pool_annotations(
    network: str, *, node: str = "", cidr: str = "", isolated: bool = False
) -> dict[str, str]:
    """Return the annotations of an IPPool: none for a plain pool of the default network, whose name is unambiguous."""
    if not (network or node or isolated):
        return {}
    found = {NETWORK: network}
    if node:
        found |= {NODE: node, RANGE: cidr}
    if isolated:
        found[ISOLATED] = "true"
    return found


def ours(annotations: Mapping[str, str] | None) -> dict[str, str]:
    """Return those annotations of an object that the mirror writes."""
    return {key: value for key, value in (annotations or {}).items() if key in _KEYS}
