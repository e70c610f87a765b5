"""Runs of free addresses, for `rowhouse address free`."""

from __future__ import annotations

from ipaddress import ip_address
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rowhouse.cli.client.client import Document

MAX_FREE: Final = 65536
"""Maximum number of addresses to list one by one."""


def joined(runs: Iterable[Document]) -> list[Document]:
    """Join adjacent runs, which the allocator keeps apart; they come in the order of their addresses."""
    found: list[Document] = []
    for run in runs:
        if found and ip_address(found[-1]["last"]) + 1 == ip_address(run["first"]):
            total = found[-1]["addresses"] + run["addresses"]
            found[-1] = {**found[-1], "last": run["last"], "addresses": total}
        else:
            found.append(run)
    return found


def lowest(runs: Sequence[Document], count: int) -> list[Document]:
    """Return the lowest addresses of the runs, one by one."""
    found: list[Document] = []
    for run in runs:
        first = ip_address(run["first"])
        wanted = min(run["addresses"], count - len(found))
        found += [{"address": str(first + i)} for i in range(wanted)]
    return found
