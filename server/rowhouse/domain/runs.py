"""Runs of addresses, first to last inclusive."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

Run = tuple[str, str]
"""First and last address."""


def joined(runs: Iterable[Run]) -> list[Run]:
    """Join adjacent runs, which the allocator keeps apart; they come in the order of their addresses."""
    found: list[Run] = []
    for first, last in runs:
        if found and int(ip_address(found[-1][1])) + 1 == int(ip_address(first)):
            found[-1] = found[-1][0], last
        else:
            found.append((first, last))
    return found


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
