"""Runs of addresses, first to last inclusive."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Run = tuple[str, str]
"""First and last address."""


def joined(runs: Iterable[Run]) -> list[Run]:
    """Return runs in the order of their addresses, IPv4 first, those that touch or overlap as one.

    The allocator keeps adjacent runs apart.
    """
    found: list[Run] = []
    version, end = 0, 0
    for run in sorted(runs, key=_place):
        first, last = map(ip_address, run)
        if found and first.version == version and int(first) <= end + 1:
            if int(last) > end:
                found[-1], end = (found[-1][0], run[1]), int(last)
        else:
            found.append(run)
            version, end = last.version, int(last)
    return found


def _place(run: Run) -> tuple[int, int]:
    first = ip_address(run[0])
    return first.version, int(first)


def length(run: Run) -> int:
    """Return how many addresses a run has."""
    first, last = map(ip_address, run)
    return int(last) - int(first) + 1


def lowest(runs: Iterable[Run], count: int) -> list[str]:
    """Return the lowest `count` addresses of the runs, one by one, or all if there are fewer."""
    found: list[str] = []
    for run in runs:
        first = ip_address(run[0])
        found += [str(first + i) for i in range(min(length(run), count - len(found)))]
    return found
