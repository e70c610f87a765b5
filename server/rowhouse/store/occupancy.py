"""Every pool with how many of its addresses are in use, quarantined and excluded: what the overview shows.

The counts are those of the view pool_usage, in one pass over the reservations instead of one for each
pool; a test compares them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from netaddr import IPAddress

from rowhouse.domain.forecast import Trend

if TYPE_CHECKING:
    from psycopg.rows import TupleRow

    from rowhouse.store.database import Database

# Where pools overlap, an address counts in each of them, whichever gave it out. What lies outside of a
# pool's window, and its gateway, is not among what it can give out. What is counted becomes one object by the
# pool's id each, since PostgreSQL takes such a join of a thousand pools for one of a few, and makes it a million steps.
OCCUPANCY: Final = """
WITH bounds AS MATERIALIZED (
    SELECT p.id, p.network_id, p.network_name, p.cidr, p.name, p.drained,
           rowhouse.first_address(p.cidr) AS low, rowhouse.last_address(p.cidr) AS high,
           coalesce(p.window_first, rowhouse.first_usable(p.cidr)) AS first,
           coalesce(p.window_last, rowhouse.last_usable(p.cidr)) AS last, host(p.gateway)::inet AS gateway
      FROM rowhouse.pools p),
nested AS MATERIALIZED (
    SELECT larger.id AS outer_id, b.id AS inner_id, b.network_id, b.low, b.high
      FROM bounds b JOIN rowhouse.pools larger ON larger.network_id = b.network_id AND larger.cidr >> b.cidr),
given AS MATERIALIZED (
    SELECT r.pool_id, count(*) AS reserved FROM rowhouse.reservations r GROUP BY r.pool_id),
reserved AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(id, addresses), '{}') AS counts FROM (
    SELECT id, sum(reserved) AS addresses
      FROM (SELECT pool_id AS id, reserved FROM given
            UNION ALL
            SELECT n.outer_id, g.reserved FROM nested n JOIN given g ON g.pool_id = n.inner_id
            UNION ALL
            SELECT n.inner_id, (SELECT count(*) FROM rowhouse.reservations r
                                 WHERE r.network_id = n.network_id AND r.pool_id = n.outer_id
                                   AND r.address BETWEEN n.low AND n.high)
              FROM nested n) AS parts
     GROUP BY id) AS pools),
quarantined AS MATERIALIZED (
    -- A quarantined run is one address: the index finds the pools that hold it.
    SELECT coalesce(jsonb_object_agg(id, addresses), '{}') AS counts FROM (
    SELECT p.id, count(*) AS addresses
      FROM rowhouse.free_ranges f
      JOIN rowhouse.pools p ON p.network_id = f.network_id AND p.cidr >>= f.first
      JOIN bounds b ON b.id = p.id AND f.first BETWEEN b.first AND b.last AND f.first IS DISTINCT FROM b.gateway
     WHERE f.quarantined
     GROUP BY p.id) AS pools),
excluded AS MATERIALIZED (
    SELECT coalesce(jsonb_object_agg(id, addresses), '{}') AS counts FROM (
    SELECT b.id, sum(rowhouse.address_number(least(e.last, b.last))
                     - rowhouse.address_number(greatest(e.first, b.first)) + 1
                     - (b.gateway BETWEEN greatest(e.first, b.first) AND least(e.last, b.last)
                        AND b.gateway IS NOT NULL)::integer
                     - (SELECT count(*) FROM rowhouse.reservations r
                         WHERE r.network_id = b.network_id AND r.address IS DISTINCT FROM b.gateway
                           AND r.address BETWEEN greatest(e.first, b.first) AND least(e.last, b.last))) AS addresses
      FROM rowhouse.exclusions e
      JOIN bounds b ON b.network_id = e.network_id AND e.last >= b.first AND e.first <= b.last
     GROUP BY b.id) AS pools)
SELECT b.id, b.network_id, b.network_name, s.isolated::text, b.cidr::text, b.name, host(b.gateway), host(b.first),
       host(b.last), b.drained,
       coalesce((r.counts->>b.id::text)::bigint, 0)
       - (SELECT count(*) FROM rowhouse.reservations r
           WHERE r.network_id = b.network_id AND r.address >= b.low AND r.address < b.first)
       - (SELECT count(*) FROM rowhouse.reservations r
           WHERE r.network_id = b.network_id AND r.address > b.last AND r.address <= b.high)
       - (SELECT count(*) FROM rowhouse.reservations r
           WHERE r.network_id = b.network_id AND r.address = b.gateway AND b.gateway BETWEEN b.first AND b.last),
       coalesce((q.counts->>b.id::text)::bigint, 0), coalesce((e.counts->>b.id::text)::float8, 0),
       t.day_slope, t.day_fit, t.week_slope, t.week_fit
  FROM bounds b
  JOIN rowhouse.networks s ON s.id = b.network_id
  LEFT JOIN rowhouse.pool_trends t ON t.pool_id = b.id
 CROSS JOIN reserved r
 CROSS JOIN quarantined q
 CROSS JOIN excluded e
 ORDER BY b.network_name, b.network_id, b.cidr
"""

# The same row of one pool, which reads nothing of others.
OCCUPANCY_OF_ONE: Final = """
WITH bounds AS MATERIALIZED (
    SELECT p.*, coalesce(p.window_first, rowhouse.first_usable(p.cidr)) AS first,
           coalesce(p.window_last, rowhouse.last_usable(p.cidr)) AS last, host(p.gateway)::inet AS way_out
      FROM rowhouse.pools p WHERE p.id = %s)
SELECT b.id, b.network_id, b.network_name, s.isolated::text, b.cidr::text, b.name, host(b.gateway), host(b.first),
       host(b.last), b.drained,
       (SELECT count(*) FROM rowhouse.reservations r
         WHERE r.network_id = b.network_id AND r.address BETWEEN b.first AND b.last)
       - (SELECT count(*) FROM rowhouse.reservations r
           WHERE r.network_id = b.network_id AND r.address = b.way_out AND b.way_out BETWEEN b.first AND b.last),
       (SELECT count(*) FROM rowhouse.free_ranges f
         WHERE f.network_id = b.network_id AND f.quarantined AND f.last BETWEEN b.first AND b.last
           AND f.first IS DISTINCT FROM b.way_out),
       coalesce((SELECT sum(rowhouse.address_number(least(e.last, b.last))
                            - rowhouse.address_number(greatest(e.first, b.first)) + 1
                            - (b.way_out BETWEEN greatest(e.first, b.first) AND least(e.last, b.last)
                               AND b.way_out IS NOT NULL)::integer
                            - (SELECT count(*) FROM rowhouse.reservations r
                                WHERE r.network_id = b.network_id AND r.address IS DISTINCT FROM b.way_out
                                  AND r.address BETWEEN greatest(e.first, b.first) AND least(e.last, b.last)))
                   FROM rowhouse.exclusions e
                  WHERE e.network_id = b.network_id AND e.last >= b.first AND e.first <= b.last), 0)::float8,
       t.day_slope, t.day_fit, t.week_slope, t.week_fit
  FROM bounds b
  JOIN rowhouse.networks s ON s.id = b.network_id
  LEFT JOIN rowhouse.pool_trends t ON t.pool_id = b.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Occupancy:
    """A pool, and its addresses that can be given out, by what became of them.

    `first` and `last` are its window; `total` is the window without the gateway.
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
    used: int
    quarantined: int
    excluded: float
    trends: tuple[Trend, Trend]
    """Of a day, and of a week."""


def of_pools(database: Database) -> list[Occupancy]:
    """All pools, by network and CIDR."""
    return [_occupancy(row) for row in database.call(OCCUPANCY)]


def of_pool(database: Database, pool_id: int) -> Occupancy | None:
    """One pool; None: there is none of this id."""
    found = database.call(OCCUPANCY_OF_ONE, (pool_id,))
    return _occupancy(found[0]) if found else None


def _occupancy(row: TupleRow) -> Occupancy:
    *who, used, quarantined, excluded, day_slope, day_fit, week_slope, week_fit = row
    pool_id, network_id, network, isolated, cidr, name, gateway, first, last, drained = who
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
        total=_size(first, last, gateway),
        used=used,
        quarantined=quarantined,
        excluded=excluded,
        trends=(Trend(day_slope, day_fit), Trend(week_slope, week_fit)),
    )


def _size(first: str, last: str, gateway: str | None) -> int:
    low, high = int(IPAddress(first)), int(IPAddress(last))
    return high - low + 1 - (gateway is not None and low <= int(IPAddress(gateway)) <= high)
