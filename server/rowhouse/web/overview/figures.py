"""The figures of the overview, computed from the occupancy of the pools."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING, Final, Literal, get_args

from rowhouse.domain.forecast import full_in
from rowhouse.web.charts import Bar
from rowhouse.web.layout.natural_order import natural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rowhouse.store.connection.reads import Record
    from rowhouse.store.inventory.occupancy import PoolFill

Level = Literal["bad", "warn", "near", ""]
"""Act now, act soon, keep an eye on it; "" for none."""

NEARLY_FULL: Final = 90
FILLING: Final = 80
"""Percent."""
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
FEW: Final = 8
"""Addresses. A large pool that is 95 % full still has room for hundreds of pods."""
TODAY: Final = timedelta(days=1)
THIS_WEEK: Final = timedelta(days=7)

MOST_ROWS: Final = 100
"""With more pools than this, a network shows only its fullest ones."""
FULLEST: Final = 6


@dataclass(slots=True)
class PoolFigures:
    """A pool as a row of the overview. `full_in` is None if the pool is not filling up."""

    pool: PoolFill
    bar: Bar
    full_in: timedelta | None
    level: Level
    day: Sequence[int | None] = field(default_factory=list)
    week: Sequence[int | None] = field(default_factory=list)

    @classmethod
    def of(cls, pool: PoolFill) -> PoolFigures:
        """Compute the row from the counts and trends of a pool."""
        bar = Bar(
            total=pool.total,
            used=pool.used,
            quarantined=pool.quarantined,
            excluded=pool.excluded,
            free=pool.free,
        )
        left = full_in(bar.free, pool.trends) if bar.free else timedelta(0)
        return cls(pool, bar, left, level_of(bar, left))

    @property
    def warning(self) -> str:
        """Why the pool is in the warnings, in words."""
        if not self.bar.free:
            return "full"
        if self.level == "bad":
            return "almost full"
        if self.full_in is not None and self.full_in < THIS_WEEK:
            return "filling up"
        return "nearly full" if self.bar.taken >= NEARLY_FULL else "getting full"

    @property
    def urgency(self) -> tuple[int, timedelta, float]:
        """A sort key: the most urgent pool sorts first."""
        return (
            LEVELS.index(self.level),
            timedelta.max if self.full_in is None else self.full_in,
            -self.bar.taken,
        )


def level_of(bar: Bar, left: timedelta | None) -> Level:
    """Return how urgent a pool is that is expected to be full in `left` (None: it is not)."""
    if not bar.is_usable:
        return ""  # nothing can run out
    soon = bar.taken >= NEARLY_FULL or (left is not None and left < TODAY)
    if not bar.free or (soon and bar.free <= FEW):
        return "bad"
    if soon:
        return "warn"
    return "near" if bar.taken >= FILLING or (left is not None and left < THIS_WEEK) else ""


@dataclass(frozen=True, slots=True)
class NetworkFigures:
    """A network and the pools that are shown; `reserved` and `pools` count all pools.

    `reserved` counts each address once, even where pools overlap.
    """

    id: int
    name: str
    isolated: str | None
    pools: int
    reserved: int
    shown: list[PoolFigures]


@dataclass(frozen=True, slots=True)
class Figures:
    """The data of the overview."""

    pools: int
    reserved: int
    warnings: list[PoolFigures]
    networks: list[NetworkFigures]

    @classmethod
    def of(
        cls, fills: Sequence[PoolFill], reserved: Mapping[int, int], *, everything: bool = False
    ) -> Figures:
        """Compute the figures of all pools; with `everything`, no pool is left out.

        `reserved` counts the reservations by the id of their network.
        """
        pools = [PoolFigures.of(pool) for pool in fills]
        few = everything or len(pools) <= MOST_ROWS
        networks = []
        for (network_id, name, isolated), found in groupby(
            sorted(pools, key=lambda row: (natural(row.pool.network), row.pool.network_id)),
            key=lambda row: (row.pool.network_id, row.pool.network, row.pool.isolated),
        ):
            rows = list(found)
            shown = rows if few else sorted(rows, key=lambda row: -row.bar.taken)[:FULLEST]
            networks.append(
                NetworkFigures(
                    network_id, name, isolated, len(rows), reserved.get(network_id, 0), shown
                )
            )
        warnings = sorted((row for row in pools if row.level), key=lambda row: row.urgency)
        return cls(len(pools), sum(network.reserved for network in networks), warnings, networks)

    def rows(self, most_warnings: int) -> list[PoolFigures]:
        """Return the rows that are shown and so need a trend."""
        shown = [row for network in self.networks for row in network.shown]
        return shown + self.warnings[:most_warnings]

    def draw(self, trends: Mapping[int, Record], most_warnings: int) -> None:
        """Add the trends to the rows that are shown."""
        for row in self.rows(most_warnings):
            if (trend := trends.get(row.pool.id)) is not None:
                row.day, row.week = trend.day, trend.week
