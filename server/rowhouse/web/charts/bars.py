"""How full a pool is, as the parts of a bar."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a bar 100 wide: where it begins, its width, and its class."""

    x: float
    width: float
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """Addresses that a pool can assign, by what became of them; their sum is `total`."""

    total: int
    used: int
    quarantined: int
    excluded: int
    free: int

    @property
    def taken(self) -> float:
        """The share that cannot be assigned now, in percent; 0 if nothing could be assigned anyway."""
        return 100 * (self.total - self.free) / self.total if self.total else 0.0

    @property
    def is_usable(self) -> bool:
        """Whether there is anything to assign: not all of it is excluded."""
        return self.total > self.excluded

    def segments(self) -> list[Segment]:
        """The parts from left to right; whatever there is at all can be seen."""
        found: list[Segment] = []
        x = 0.0
        for kind, count in (
            ("used", self.used),
            ("quarantined", self.quarantined),
            ("excluded", self.excluded),
        ):
            if count <= 0 or not self.total:
                continue
            width = min(max(100 * count / self.total, 0.6), 100 - x)
            found.append(Segment(round(x, 2), round(width, 2), kind))
            x += width
        return found
