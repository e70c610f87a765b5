"""Every pool with how many of its addresses are in use, quarantined and excluded: what the overview shows.

The counts are those of the view pool_usage, in one pass over the reservations instead of one for each
pool; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress

from rowhouse.domain.forecast import Trend
from rowhouse.store.connection.statements import statement

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from rowhouse.store.connection.database import Database

OCCUPANCY: Final = statement(__name__, "occupancy")

OCCUPANCY_OF_ONE: Final = statement(__name__, "occupancy_of_pool")


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """A pool, and its addresses that can be assigned, by what became of them.

    `first` and `last` are its window; `total` is the window without the gateways known in it. `used` counts what any
    pool uses of that, `reserved` the pool's own reservations, `reserved_by_overlaps` those of other pools in its CIDR.
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
    used: int
    quarantined: int
    excluded: float
    trends: tuple[Trend, Trend]
    """Of a day, and of a week."""


def of_pools(database: Database) -> list[Occupancy]:
    """All pools, by network and CIDR."""
    return [occupancy_of(row) for row in database.call(OCCUPANCY)]


def of_pool(database: Database, pool_id: int) -> Occupancy | None:
    """One pool; None: there is none of this id."""
    found = database.call(OCCUPANCY_OF_ONE, {"pool": pool_id})
    return occupancy_of(found[0]) if found else None


def occupancy_of(row: TupleRow) -> Occupancy:
    """A row of OCCUPANCY."""
    *who, used, quarantined, excluded, day_slope, day_fit, week_slope, week_fit = row
    pool_id, network_id, network, isolated, cidr, name, gateway, first, last, drained, *counts = who
    gateways, reserved, reserved_by_overlaps = counts
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
        total=int(IPAddress(last)) - int(IPAddress(first)) + 1 - gateways,
        reserved=reserved,
        reserved_by_overlaps=reserved_by_overlaps,
        used=used,
        quarantined=quarantined,
        excluded=excluded,
        trends=(Trend(day_slope, day_fit), Trend(week_slope, week_fit)),
    )
