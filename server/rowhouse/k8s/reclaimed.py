"""Summarize many reclaimed addresses in few events, per namespace and per node instead of per pod."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from rowhouse.ipam.reconcile import Finding

_MAX_SHOWN: Final = 10


class Budget:
    """A token bucket: a burst of `size`, then `per_second`."""

    def __init__(self, size: int, per_second: float, clock: Callable[[], float]) -> None:
        self._size = size
        self._per_second = per_second
        self._clock = clock
        self._left = float(size)
        self._at = clock()

    @property
    def left(self) -> int:
        """Return how many tokens are available now."""
        now = self._clock()
        self._left = min(self._size, self._left + (now - self._at) * self._per_second)
        self._at = now
        return int(self._left)

    def take(self) -> bool:
        """Take a token, if there is one."""
        if self.left < 1:
            return False
        self._left -= 1
        return True


@dataclass(slots=True)
class Tally:
    """The addresses of several pods that are free again."""

    pods: int = 0
    addresses: int = 0
    networks: Counter[str] = field(default_factory=Counter)
    first: list[str] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """One more pod."""
        self.pods += 1
        self.addresses += len(finding.released)
        self.networks[finding.held.network] += len(finding.released)
        self.first += finding.released[: max(0, _MAX_SHOWN - len(self.first))]

    def text(self, where: str) -> str:
        """Return the text of an event; `where` says which pods."""
        more = self.addresses - len(self.first)
        listed = ", ".join(self.first) + (f" and {more} more" if more else "")
        if len(self.networks) > 1 or "" not in self.networks:
            of = ", ".join(
                f"{number} of network {name}" if name else f"{number} of the default network"
                for name, number in self.networks.most_common(_MAX_SHOWN)
            )
            listed = f"{listed} ({of})"
        return f"{self.addresses} addresses of pods {where} that are gone are free again: {listed}"


@dataclass(slots=True)
class Backlog:
    """Pending summaries, by namespace and by node."""

    namespaces: dict[str, Tally] = field(default_factory=dict)
    nodes: dict[str, Tally] = field(default_factory=dict)

    def add(self, finding: Finding, *, of_pod: bool) -> None:
        """Add a pod; `of_pod`: it has its own event."""
        if not of_pod:
            self.namespaces.setdefault(finding.held.namespace, Tally()).add(finding)
        if finding.held.node:
            self.nodes.setdefault(finding.held.node, Tally()).add(finding)
