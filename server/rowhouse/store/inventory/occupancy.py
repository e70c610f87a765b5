"""Pools with the numbers of addresses in use, quarantined, excluded and free.

The stored function pool_counts counts; API, metrics and command line read it here, DBAs in the view pool_usage. Pages
that show many pools need less of it, so they read what it reads: window_counts.
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
FILL: Final = statement(__name__, "fill_of_pools")
RESERVED: Final = statement(__name__, "reserved_of_networks")


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFill:
    """A pool, and the addresses of its window counted by state.

    `total` counts the window without its known gateways. Each of `total` is used (by any pool), quarantined, excluded
    or free.
    """

    id: int
    network_id: int
    network: str
    isolated: str | None
    cidr: str
    name: str | None
    drained: bool
    total: int
    used: int
    quarantined: int
    excluded: int
    free: int
    trends: tuple[Trend, Trend]
    """Over a day, and over a week."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy(PoolFill):
    """A pool with all its counts.

    `first` and `last` are its window. `reserved` counts the pool's own reservations, including `attached` and `sticky`
    ones; `reserved_by_overlaps` counts those of other pools in its CIDR.
    """

    gateway: str | None
    first: str
    last: str
    reserved: int
    reserved_by_overlaps: int
    attached: int
    sticky: int
    on_request: int
    """Of `excluded`: addresses that a call gets if it requests one of them."""
    percent_used: float | None
    """To one decimal; None: the pool has no address to assign."""


def of_pools(database: Database, pool_ids: Collection[int] | None = None) -> list[Occupancy]:
    """Return these pools (None: all), by network and CIDR, without those that do not exist."""
    wanted = None if pool_ids is None else list(pool_ids)
    return [occupancy_of(row) for row in database.call(OCCUPANCY, {"pools": wanted})]


def of_pool(database: Database, pool_id: int) -> Occupancy | None:
    """Return one pool; None if there is none with this id."""
    found = of_pools(database, [pool_id])
    return found[0] if found else None


def fill_of_pools(
    database: Database, pool_ids: Collection[int] | None = None, *, network_id: int | None = None
) -> list[PoolFill]:
    """Return these pools (None: all), of one network (None: of all), in the order of `of_pools`.

    In half the time of `of_pools`, for pages that show many pools.
    """
    wanted = {"pools": None if pool_ids is None else list(pool_ids), "network": network_id}
    return [
        PoolFill(
            id=pool_id,
            network_id=of_network,
            network=network,
            isolated=isolated,
            cidr=cidr,
            name=name,
            drained=drained,
            total=int(total),
            used=used,
            quarantined=quarantined,
            excluded=int(excluded),
            free=int(free),
            trends=(Trend(day_slope, day_fit), Trend(week_slope, week_fit)),
        )
        for (
            pool_id, of_network, network, isolated, cidr, name, drained, total, used, quarantined,
            excluded, free, day_slope, day_fit, week_slope, week_fit,
        ) in database.call(FILL, wanted)
    ]  # fmt: skip


def reserved_of_networks(database: Database, network_id: int | None = None) -> dict[int, int]:
    """Return the number of reservations by the id of their network (None: of all networks)."""
    return dict(database.call(RESERVED, {"network": network_id}))


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
