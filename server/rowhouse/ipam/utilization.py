"""The utilization report: addresses held over a period by group, with limits and forecasts."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from rowhouse.domain.errors import InvalidRequest
from rowhouse.domain.forecast import full_in, trend
from rowhouse.domain.networks import as_shown
from rowhouse.store.history import utilization as history
from rowhouse.store.inventory import occupancy, quotas

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import datetime

    from rowhouse.domain.periods import Period
    from rowhouse.domain.reports import By
    from rowhouse.store.connection.database import Database
    from rowhouse.store.history.utilization import Usage
    from rowhouse.store.inventory.occupancy import PoolFill

DEFAULT_PERIOD: Final = timedelta(days=7)
MAX_QUOTAS: Final = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Utilization:
    """What one group held over a period.

    `id` is that of a network or pool. `used` counts the addresses at each moment of the period. `limit` is what the
    group may hold now: the addresses that its pools may assign, or the quota of a namespace over all pools; None: no
    limit is known.
    """

    id: int | None
    name: str
    network: str | None
    used: list[int]
    average: float
    most: int
    begun: int
    ended: int
    limit: int | None
    full_at: datetime | None

    @property
    def percent(self) -> float | None:
        """Of the limit, at the end of the period."""
        return round(100 * self.used[-1] / self.limit, 1) if self.limit else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """A report: the groups that held addresses, the largest at the end of the period first.

    `total` counts the groups, also those that are left out.
    """

    by: By
    label: str
    moments: list[datetime]
    groups: list[Utilization]
    total: int


@dataclass(frozen=True, slots=True)
class _Limit:
    """What a group may hold, and how much of it is left now."""

    addresses: int
    free: int


def report(
    store: Database,
    by: By,
    period: Period,
    *,
    label: str = "",
    network: str | None = None,
    namespaces: Collection[str] | None = None,
    most: int | None = None,
) -> Report:
    """Make a report. Forecasts need a period that ends now. `most`: how many groups it has; None: all.

    With `namespaces`, it counts their addresses only, and only a namespace has a limit: what a pool may assign is not
    theirs alone.

    Errors: TryAgain (a period too long for the history), InvalidRequest.
    """
    if (by == "label") != bool(label):
        raise InvalidRequest(
            "`label` names the label of pools to group by: give it with by=label, and only then",
            errors=[("/query/label", "required if you group by label, and only then")],
        )
    found = history.of_groups(
        store, by, period, label=label, network=network, namespaces=namespaces
    )
    total = len(found)
    if most is not None:
        found = _largest(found, most)
    pools = _pools(store, by, found)
    names = _names(by, pools)
    limits = _limits(store, by, label, pools, namespaces)
    hours = period.length.total_seconds() / 3600
    is_current = period.is_current
    groups = []
    for row in found:
        name, in_network = names.get(row.key, (_unknown(by, row.key), None))
        limit = limits.get(row.key)
        left = full_in(limit.free, [trend(row.used, hours)]) if limit and is_current else None
        groups.append(
            Utilization(
                id=int(row.key) if by in ("network", "pool") else None,
                name=name,
                network=in_network,
                used=row.used,
                average=round(row.average, 1),
                most=max(row.used),
                begun=row.begun,
                ended=row.ended,
                limit=limit.addresses if limit else None,
                full_at=None if left is None else period.until + left,
            )
        )
    groups.sort(key=lambda group: (-group.used[-1], -group.average, group.name))
    return Report(by=by, label=label, moments=period.moments, groups=groups[:most], total=total)


def _largest(found: Sequence[Usage], most: int) -> list[Usage]:
    """Return the groups that a report of `most` begins with; more of them, if the last ones are equally large."""
    ordered = sorted(found, key=_size, reverse=True)
    if most >= len(ordered):
        return ordered
    least = _size(ordered[most - 1])
    return [row for row in ordered if _size(row) >= least]


def _size(row: Usage) -> tuple[int, float]:
    return row.used[-1], round(row.average, 1)


def _pools(store: Database, by: By, found: Sequence[Usage]) -> list[PoolFill]:
    """Return the pools whose counts are the limits of these groups."""
    if by == "pool":
        return occupancy.fill_of_pools(store, [int(row.key) for row in found])
    return occupancy.fill_of_pools(store) if by in ("network", "label") else []


def _names(by: By, pools: Sequence[PoolFill]) -> dict[str, tuple[str, str | None]]:
    if by == "network":
        return {str(pool.network_id): (as_shown(pool.network), pool.network) for pool in pools}
    if by == "pool":
        return {str(pool.id): (pool.cidr, pool.network) for pool in pools}
    return {}


def _unknown(by: By, key: str) -> str:
    """Name a group that is not in the inventory: for a network or pool, it was deleted."""
    if by in ("network", "pool"):
        return f"{by} {key} (deleted)"
    return key


def _limits(
    store: Database,
    by: By,
    label: str,
    pools: Sequence[PoolFill],
    namespaces: Collection[str] | None,
) -> dict[str, _Limit]:
    if by == "namespace":
        found = quotas.over_all_pools(store, namespaces=namespaces, limit=MAX_QUOTAS)
        return {
            row.namespace: _Limit(row.addresses, max(row.addresses - row.in_use, 0))
            for row in found
        }
    if namespaces is not None:
        return {}
    totals: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    labels = occupancy.labels(store, label) if by == "label" else {}
    for pool in pools:
        key = {"network": str(pool.network_id), "pool": str(pool.id)}.get(
            by, labels.get(pool.id, "")
        )
        totals[key][0] += pool.total - pool.excluded
        totals[key][1] += pool.free
    return {key: _Limit(*total) for key, total in totals.items()}
