"""Spans of addresses: first and last, both included."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Address = IPv4Address | IPv6Address


def joined(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Spans in order, those that touch or overlap as one."""
    out: list[tuple[int, int]] = []
    for first, last in sorted(spans):
        if out and first <= out[-1][1] + 1:
            out[-1] = (out[-1][0], max(last, out[-1][1]))
        else:
            out.append((first, last))
    return out


def span(segment: tuple[str, str]) -> tuple[Address, Address]:
    """The span of two texts."""
    return ip_address(segment[0]), ip_address(segment[1])


def clipped(
    segments: Iterable[tuple[Address, Address]], low: Address, high: Address
) -> list[tuple[Address, Address]]:
    """What of these spans is between `low` and `high`."""
    return [
        (first if int(first) > int(low) else low, last if int(last) < int(high) else high)
        for first, last in segments
        if int(first) <= int(high) and int(last) >= int(low)
    ]


def holds(segment: tuple[Address, Address], address: Address) -> bool:
    """Whether an address is in a span."""
    first, last = segment
    return first.version == address.version and int(first) <= int(address) <= int(last)
