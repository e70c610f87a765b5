"""Pools with the numbers of addresses in use, quarantined, excluded and free.

The stored function pool_counts counts; pages, API, metrics and command line read it here, DBAs in the view pool_usage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlalchemy import select

from rowhouse.domain.forecast import Trend
from rowhouse.store.connection.models import Pool
from rowhouse.store.connection.reads import rows
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from collections.abc import Collection

    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

OCCUPANCY: Final = statement(__name__, "occupancy")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """A pool, and its addresses counted by state.

    `first` and `last` are its window; `total` counts the window without its known gateways. Each of `total` is used (by
    any pool), quarantined, excluded or free. `reserved` counts the pool's own reservations, including `attached` and
    `sticky` ones; `reserved_by_overlaps` counts those of other pools in its CIDR.
    """

    id: int
    network_id: int
    network: str
    isolated: str | None
    cidr: str
    name: str | None
    gateway: str | None
    first: str
    last: str
    drained: bool
    total: int
    reserved: int
    reserved_by_overlaps: int
    attached: int
    sticky: int
    used: int
    quarantined: int
    excluded: int
    free: int
    on_request: int
    """Of `excluded`: addresses that a call gets if it requests one of them."""
    percent_used: float | None
    """To one decimal; None: the pool has no address to assign."""
    trends: tuple[Trend, Trend]
    """Over a day, and over a week."""


def of_pools(database: Database, pool_ids: Collection[int] | None = None) -> list[Occupancy]:
    """Return these pools (None: all), by network and CIDR, without those that do not exist."""
    wanted = None if pool_ids is None else list(pool_ids)
    return [occupancy_of(row) for row in database.call(OCCUPANCY, {"pools": wanted})]


def of_pool(database: Database, pool_id: int) -> Occupancy | None:
    """Return one pool; None if there is none with this id."""
    found = of_pools(database, [pool_id])
    return found[0] if found else None


def occupancy_of(row: TupleRow) -> Occupancy:
    """Convert a row of OCCUPANCY."""
    (
        pool_id, network_id, network, isolated, cidr, name, gateway, first, last, drained,
        total, reserved, reserved_by_overlaps, attached, sticky, used, quarantined, excluded, free,
        on_request, percent_used, day_slope, day_fit, week_slope, week_fit,
    ) = row  # fmt: skip
    return Occupancy(
        id=pool_id,
        network_id=network_id,
        network=network,
        isolated=isolated,
        cidr=cidr,
        name=name,
        gateway=gateway,
        first=first,
        last=last,
        drained=drained,
        total=int(total),
        reserved=reserved,
        reserved_by_overlaps=reserved_by_overlaps,
        attached=attached,
        sticky=sticky,
        used=used,
        quarantined=quarantined,
        excluded=int(excluded),
        free=int(free),
        on_request=int(on_request),
        percent_used=None if percent_used is None else float(percent_used),
        trends=(Trend(day_slope, day_fit), Trend(week_slope, week_fit)),
    )


def labels(database: Database, label: str) -> dict[int, str]:
    """Return the value of a label by pool, for the pools that have it."""
    value = Pool.labels.op("->>")(label)
    found = rows(database, select(Pool.id, value.label("value")).where(value.is_not(None)))
    return {row.id: row.value for row in found}
